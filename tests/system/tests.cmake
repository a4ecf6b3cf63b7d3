# The command line as its users meet it: processes and files.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# What only a malicious admin can do.
add_executable(malicious_admin ${CMAKE_CURRENT_SOURCE_DIR}/system/malicious_admin.cc)
target_link_libraries(malicious_admin PRIVATE blindlend_store)

# Ends a process at a chosen change to its files. Not sanitized: it comes before their libraries.
add_library(kill_at MODULE ${CMAKE_CURRENT_SOURCE_DIR}/system/kill_at.cc)
target_link_libraries(kill_at PRIVATE ${CMAKE_DL_LIBS})

# The TIMEOUTs leave room for two busy cores, and a sanitizer's processes start slowly.
set(SYSTEM_TIMEOUT_FACTOR 1)
if(BLINDLEND_SANITIZE)
  set(SYSTEM_TIMEOUT_FACTOR 5)
endif()
foreach(row "cli 240" "group 120" "group_crash 180" "relay 600"
        "proxy 600" "issue 300" "sdk 300")
  separate_arguments(row)
  list(GET row 0 name)
  list(GET row 1 seconds)
  math(EXPR seconds "${seconds} * ${SYSTEM_TIMEOUT_FACTOR}")
  add_test(NAME system.${name}
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/${name}_test.py)
  set(environment
      "BLINDLEND=$<TARGET_FILE:blindlend>"
      "MALICIOUS_ADMIN=$<TARGET_FILE:malicious_admin>"
      "KILL_AT_LIBRARY=$<TARGET_FILE:kill_at>"
      "BLINDLEND_SANITIZE=${BLINDLEND_SANITIZE}"
      PYTHONDONTWRITEBYTECODE=1)
  set_tests_properties(system.${name} PROPERTIES TIMEOUT ${seconds} ENVIRONMENT "${environment}")
endforeach()

# What does not depend on the build: once is enough.
if(NOT BLINDLEND_SANITIZE)
  add_test(NAME repo.rules COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/repo_test.py)
  add_test(NAME repo.trace COMMAND ${CMAKE_SOURCE_DIR}/tools/trace)
  add_test(NAME repo.trace_test COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/trace_test)
  set_tests_properties(repo.rules repo.trace_test PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()
