# Published vectors; they are not part of the repository. Where they lie: --vectors DIR, or the
# environment's BLINDLEND_EXTERNAL_VECTORS, or next to the source directory.
find_package(nlohmann_json REQUIRED)
add_executable(external_vectors_test ${CMAKE_CURRENT_LIST_DIR}/external_test.cc)
target_link_libraries(external_vectors_test PRIVATE blindlend_ref GTest::gtest
                      nlohmann_json::nlohmann_json)
target_compile_definitions(external_vectors_test PRIVATE
    BLINDLEND_EXTERNAL_VECTORS_DEFAULT="${CMAKE_SOURCE_DIR}/../shared/vectors")
gtest_discover_tests(external_vectors_test PROPERTIES TIMEOUT 120)

include(${CMAKE_CURRENT_LIST_DIR}/../differential/tests.cmake)

# Our own.
add_executable(vectors_test ${CMAKE_CURRENT_LIST_DIR}/own_test.cc)
target_link_libraries(vectors_test PRIVATE blindlend_vectors GTest::gtest_main)
target_compile_definitions(vectors_test PRIVATE BLINDLEND_VECTORS="${CMAKE_SOURCE_DIR}/vectors")
gtest_discover_tests(vectors_test TEST_PREFIX vectors. TEST_FILTER -Each/* PROPERTIES TIMEOUT 300)
# A test for each file, in one process.
add_test(NAME vectors.Each COMMAND vectors_test --gtest_filter=Each/*)
set_tests_properties(vectors.Each PROPERTIES TIMEOUT 300)

# Debian's interpreter: it is the one that sees Debian's python3-jsonschema.
find_program(DEBIAN_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
add_test(NAME vectors.schema COMMAND ${DEBIAN_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/schema_test.py)
