# app/store/ on real database files.
if(BLINDLEND_APP)
  add_executable(store_test)
  foreach(source store_support faulty_files model_test fork_test erasure_test order_test damage_test processes_test)
    target_sources(store_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${source}.cc)
  endforeach()
  target_link_libraries(store_test PRIVATE blindlend_store blindlend_test_support GTest::gtest_main)
  gtest_discover_tests(store_test TEST_PREFIX store. PROPERTIES TIMEOUT 300)
endif()
