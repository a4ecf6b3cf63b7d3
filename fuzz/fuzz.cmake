# The libFuzzer harnesses, and their tests: every harness over its committed corpus, the runner, mutators,
# and the build for OSS-Fuzz.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "BLINDLEND_FUZZ needs clang, for libFuzzer")
endif()
find_package(OpenSSL REQUIRED COMPONENTS Crypto)

add_library(fuzz_support STATIC harness.cc oracle.cc)
target_link_libraries(fuzz_support PUBLIC blindlend_ref blindlend_binding OpenSSL::Crypto)
# Coverage of the oracles would only steer mutation away from the code under test, and slow it down.
if(BLINDLEND_FUZZ_ENGINE)
  separate_arguments(ENGINE UNIX_COMMAND "${BLINDLEND_FUZZ_ENGINE}")
  set(UNINSTRUMENTED -fsanitize-coverage-ignorelist=${CMAKE_CURRENT_SOURCE_DIR}/ignorelist)
else()
  set(ENGINE -fsanitize=fuzzer)
  set(UNINSTRUMENTED -fno-sanitize=fuzzer-no-link)
endif()
set_source_files_properties(harness.cc oracle.cc PROPERTIES COMPILE_OPTIONS ${UNINSTRUMENTED})

function(blindlend_harness name source)
  add_executable(fuzz_${name} ${source} ${ARGN})
  set_target_properties(fuzz_${name} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(fuzz_${name} PRIVATE fuzz_support)
  target_link_libraries(fuzz_${name} PRIVATE ${ENGINE})
endfunction()

set(HARNESSES decode_base64 decode_text parse_public_key parse_secret_key parse_batch parse_state
    parse_signature parse_identity parse_link parse_token parse_request parse_borrow
    parse_attestation parse_file validate_keys verify
    finalize raw_rsa open verify_key_proof verify_link chain verify_token verify_request debit_issue
    accept_misissue verify_borrow check_attestation lender
    parse_authorization filter_headers filter_body split_events read_socks_reply)
# A structure-aware mutator for each of these; fuzz/mutators/measure says what it is worth.
add_custom_target(plain_harnesses)
set(MUTATOR_decode_text text.cc)
set(MUTATOR_parse_file text.cc)
set(MUTATOR_parse_authorization authorization.cc)
set(MUTATOR_validate_keys secret_key.cc big.cc)
foreach(HARNESS IN LISTS HARNESSES)
  set(MUTATOR ${MUTATOR_${HARNESS}})
  if(MUTATOR)
    list(APPEND MUTATOR mutator.cc)
    list(TRANSFORM MUTATOR PREPEND mutators/)
    set_source_files_properties(${MUTATOR} PROPERTIES COMPILE_OPTIONS "${UNINSTRUMENTED}")
    if(NOT BLINDLEND_FUZZ_ENGINE)
      # AFL++ takes it as a library of its own, into a program without sanitizers.
      add_library(fuzz_${HARNESS}_mutator MODULE ${MUTATOR} mutators/afl.cc)
      set_target_properties(fuzz_${HARNESS}_mutator PROPERTIES PREFIX "" OUTPUT_NAME ${HARNESS}_mutator)
      target_include_directories(fuzz_${HARNESS}_mutator PRIVATE ${CMAKE_SOURCE_DIR})
      target_link_libraries(fuzz_${HARNESS}_mutator PRIVATE OpenSSL::Crypto)
    endif()
    # The same harness without, for the measurement.
    blindlend_harness(${HARNESS}_plain ${HARNESS}.cc)
    set_target_properties(fuzz_${HARNESS}_plain PROPERTIES EXCLUDE_FROM_ALL ON)
    add_dependencies(plain_harnesses fuzz_${HARNESS}_plain)
  endif()
  blindlend_harness(${HARNESS} ${HARNESS}.cc ${MUTATOR})
endforeach()
# Breaks on purpose, for the runner's own tests.
blindlend_harness(crash_on_purpose selftest/crash_on_purpose.cc)

if(BLINDLEND_FUZZ_ENGINE)
  return()  # the tests are of libFuzzer's binaries
endif()
foreach(HARNESS IN LISTS HARNESSES)
  add_test(NAME fuzz.replay.${HARNESS}
           COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/replay --build ${CMAKE_BINARY_DIR} ${HARNESS})
endforeach()
add_test(NAME fuzz.seeds_are_current COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/make_seeds --check)

add_test(NAME fuzz.crash_is_reported
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/selftest/crash_is_reported --build ${CMAKE_BINARY_DIR})
add_test(NAME fuzz.mutators
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mutators/mutators_test --build ${CMAKE_BINARY_DIR})
add_test(NAME fuzz.run_test
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/run_test --build ${CMAKE_BINARY_DIR})
add_test(NAME fuzz.run_smoke
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/run --build ${CMAKE_BINARY_DIR} --budget 3s --jobs 4)
set_tests_properties(fuzz.run_smoke PROPERTIES PROCESSORS 2)
# As OSS-Fuzz builds, by both engines, one harness each; build_test --all takes them all.
add_test(NAME fuzz.oss_fuzz
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/oss-fuzz/build_test --harness raw_rsa
                 --scratch ${CMAKE_BINARY_DIR}/oss-fuzz)
set_tests_properties(fuzz.oss_fuzz PROPERTIES PROCESSORS 2)
