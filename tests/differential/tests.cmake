# ref/ against OpenSSL's own arithmetic.
add_executable(openssl_differential_test ${CMAKE_CURRENT_LIST_DIR}/openssl_test.cc)
target_link_libraries(openssl_differential_test PRIVATE blindlend_ref blindlend_property GTest::gtest_main
                      OpenSSL::Crypto)
gtest_discover_tests(openssl_differential_test PROPERTIES TIMEOUT 120)
