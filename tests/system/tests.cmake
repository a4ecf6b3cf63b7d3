# The command line as its users meet it: processes and files.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# What only a malicious admin can do.
add_executable(malicious_admin ${CMAKE_CURRENT_SOURCE_DIR}/system/malicious_admin.cc)
target_link_libraries(malicious_admin PRIVATE blindlend_store)

# Preloaded: one ends a process at a chosen change to its files, one draws the same in every run. Not
# sanitized: they come before the sanitizers' libraries.
foreach(library kill_at same_random)
  add_library(${library} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/system/${library}.cc)
  target_link_libraries(${library} PRIVATE ${CMAKE_DL_LIBS})
endforeach()

# The TIMEOUTs leave room for two busy cores, and a sanitizer's processes start slowly.
set(SYSTEM_TIMEOUT_FACTOR 1)
if(BLINDLEND_SANITIZE)
  set(SYSTEM_TIMEOUT_FACTOR 5)
endif()
foreach(row "cli 240" "group 120" "group_crash 400" "borrow 240" "borrow_crash 400")
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
      "SAME_RANDOM_LIBRARY=$<TARGET_FILE:same_random>"
      "BLINDLEND_SANITIZE=${BLINDLEND_SANITIZE}"
      PYTHONDONTWRITEBYTECODE=1)
  set_tests_properties(system.${name} PROPERTIES TIMEOUT ${seconds} ENVIRONMENT "${environment}")
endforeach()

# What does not depend on the build: once is enough.
if(NOT BLINDLEND_SANITIZE)
  add_test(NAME system.readme
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/readme_test.py)
  set_tests_properties(system.readme PROPERTIES TIMEOUT 240 ENVIRONMENT
                       "BLINDLEND=$<TARGET_FILE:blindlend>;PYTHONDONTWRITEBYTECODE=1")
  add_test(NAME repo.rules COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/repo_test.py)
  add_test(NAME repo.trace COMMAND ${CMAKE_SOURCE_DIR}/tools/trace)
  add_test(NAME repo.trace_test COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/trace_test)
  set_tests_properties(repo.rules repo.trace_test PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()
