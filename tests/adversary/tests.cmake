include(${CMAKE_CURRENT_LIST_DIR}/limits/limits.cmake OPTIONAL)
