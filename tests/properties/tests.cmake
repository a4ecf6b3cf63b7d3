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
