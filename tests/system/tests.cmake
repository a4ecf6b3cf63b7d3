# The command line as its users meet it: processes and files.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME system.cli COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/cli_test.py)
set_tests_properties(
  system.cli
  PROPERTIES
    ENVIRONMENT
    "BLINDLEND=$<TARGET_FILE:blindlend>;BLINDLEND_SANITIZE=${BLINDLEND_SANITIZE};PYTHONDONTWRITEBYTECODE=1"
)
