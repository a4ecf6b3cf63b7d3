# Where the protection ends: each Limit of spec/A-security.md as an experiment on the shipped code.
if(BLINDLEND_APP)
  add_executable(adversary_limits)
  foreach(source small_group who_test lender_test content_test machine_test)
    target_sources(adversary_limits PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${source}.cc)
  endforeach()
  foreach(source store_support spent_support faulty_files)
    target_sources(adversary_limits PRIVATE ${CMAKE_SOURCE_DIR}/tests/store/${source}.cc)
  endforeach()
  target_link_libraries(adversary_limits PRIVATE blindlend_store blindlend_simulate
                        blindlend_test_support GTest::gtest_main)
  gtest_discover_tests(adversary_limits TEST_PREFIX adversary. PROPERTIES TIMEOUT 120)
endif()
