# blindlend_bench: ref/, the libraries under it, and the same protocol on OpenSSL, in one program.
find_package(benchmark REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# What is written into every result, so that compare can refuse unlike builds.
string(TOUPPER "${CMAKE_BUILD_TYPE}" BENCH_BUILD_TYPE)
set(BENCH_FLAGS "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${BENCH_BUILD_TYPE}}")
if(BLINDLEND_SANITIZE)
  string(APPEND BENCH_FLAGS " -fsanitize=${BLINDLEND_SANITIZE}")
endif()
if(BLINDLEND_COVERAGE)
  string(APPEND BENCH_FLAGS " -fprofile-instr-generate -fcoverage-mapping")
endif()
string(STRIP "${BENCH_FLAGS}" BENCH_FLAGS)
configure_file(build_info.h.in build_info.h @ONLY)

add_executable(blindlend_bench main.cc fixture.cc self_test.cc context.cc primitives.cc protocol.cc
               issuance_fixture.cc issuance.cc peers/openssl_blind.cc)
target_include_directories(blindlend_bench PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
target_link_libraries(blindlend_bench PRIVATE blindlend_ref benchmark::benchmark OpenSSL::Crypto)
# RSA_private_encrypt and its like are deprecated in OpenSSL 3, and what implementers still call.
target_compile_definitions(blindlend_bench PRIVATE OPENSSL_SUPPRESS_DEPRECATED)

add_test(NAME bench.peer_interoperates COMMAND blindlend_bench --self-test)
add_test(NAME bench.compare COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/compare_test)

# The databases of app/store.
if(BLINDLEND_APP)
  foreach(NAME store redeem)
    add_executable(blindlend_${NAME}_bench ${NAME}_bench.cc database_support.cc context.cc fixture.cc
                   peers/openssl_blind.cc)
    target_include_directories(blindlend_${NAME}_bench PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
    target_link_libraries(blindlend_${NAME}_bench PRIVATE blindlend_store benchmark::benchmark
                          OpenSSL::Crypto)
    target_compile_definitions(blindlend_${NAME}_bench PRIVATE OPENSSL_SUPPRESS_DEPRECATED)
  endforeach()
endif()
