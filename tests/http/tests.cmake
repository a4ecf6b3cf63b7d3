# What app/http/ reads of its user: addresses, and the file with the credential.
if(BLINDLEND_APP)
  add_executable(url_test ${CMAKE_CURRENT_LIST_DIR}/url_test.cc)
  target_link_libraries(url_test PRIVATE blindlend_http GTest::gtest_main)
  gtest_discover_tests(url_test TEST_PREFIX http. PROPERTIES TIMEOUT 60)
endif()
