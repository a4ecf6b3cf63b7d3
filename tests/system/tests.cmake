# The command line as its users meet it: processes and files.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME system.cli COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/cli_test.py)
set_tests_properties(
  system.cli
  PROPERTIES
    ENVIRONMENT
    "BLINDLEND=$<TARGET_FILE:blindlend>;BLINDLEND_SANITIZE=${BLINDLEND_SANITIZE};PYTHONDONTWRITEBYTECODE=1"
)

# What does not depend on the build: once is enough.
if(NOT BLINDLEND_SANITIZE)
  add_test(NAME repo.rules COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/repo_test.py)
  add_test(NAME repo.trace COMMAND ${CMAKE_SOURCE_DIR}/tools/trace)
  add_test(NAME repo.trace_test COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/trace_test)
  set_tests_properties(repo.rules repo.trace_test PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()
