# The traffic simulation against exact enumeration, and its picture.
if(BLINDLEND_APP)
  add_executable(simulate_test ${CMAKE_CURRENT_LIST_DIR}/simulation_test.cc
                 ${CMAKE_CURRENT_LIST_DIR}/drawing_test.cc)
  target_link_libraries(simulate_test PRIVATE blindlend_simulate blindlend_test_support
                        GTest::gtest_main)
  gtest_discover_tests(simulate_test TEST_PREFIX simulate. PROPERTIES TIMEOUT 120)
endif()
