foreach(chapter encoding rsa fdh blind_signature key_certificate epoch token issuance redemption
                attestation http)
  add_executable(${chapter}_properties ${CMAKE_CURRENT_LIST_DIR}/${chapter}_test.cc)
  target_link_libraries(${chapter}_properties PRIVATE blindlend_test_support GTest::gtest_main)
  gtest_discover_tests(${chapter}_properties TEST_PREFIX properties. PROPERTIES TIMEOUT 300)
endforeach()
target_link_libraries(http_properties PRIVATE blindlend_binding)
# HMAC is compared with OpenSSL's.
target_link_libraries(attestation_properties PRIVATE OpenSSL::Crypto)
add_executable(wipe_test ${CMAKE_CURRENT_LIST_DIR}/wipe_test.cc)
target_link_libraries(wipe_test PRIVATE blindlend_ref GTest::gtest_main)
gtest_discover_tests(wipe_test TEST_PREFIX properties.)

# The campaigns, tests/properties/run, on a stub that stands apart from the test programs.
if(NOT BLINDLEND_SANITIZE)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_executable(property_stub ${CMAKE_CURRENT_LIST_DIR}/stub.cc)
  target_link_libraries(property_stub PRIVATE blindlend_property GTest::gtest_main)
  set_target_properties(property_stub PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                        ${CMAKE_CURRENT_BINARY_DIR}/property_stub/tests)
  add_test(NAME properties.run COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/run_test.py)
  set_tests_properties(properties.run PROPERTIES TIMEOUT 300 ENVIRONMENT
      "PROPERTY_STUB=$<TARGET_FILE:property_stub>;PROPERTY_BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
endif()
