add_library(blindlend_test_support STATIC ${CMAKE_CURRENT_LIST_DIR}/support.cc)
target_link_libraries(blindlend_test_support PUBLIC blindlend_ref blindlend_vectors GTest::gtest
                      rapidcheck)
