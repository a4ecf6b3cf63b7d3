# Properties and their counts: by itself, for tests that compare ref/ with somebody else.
find_package(nlohmann_json REQUIRED)
add_library(blindlend_property STATIC ${CMAKE_CURRENT_LIST_DIR}/property.cc)
target_link_libraries(blindlend_property PUBLIC blindlend_flags GTest::gtest rapidcheck
                      PRIVATE nlohmann_json::nlohmann_json)

add_library(blindlend_test_support STATIC ${CMAKE_CURRENT_LIST_DIR}/support.cc)
target_link_libraries(blindlend_test_support PUBLIC blindlend_ref blindlend_vectors blindlend_property)
