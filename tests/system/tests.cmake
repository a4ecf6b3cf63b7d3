# The command line as its users meet it: processes and files.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# What only a malicious admin can do.
add_executable(malicious_admin ${CMAKE_CURRENT_SOURCE_DIR}/system/malicious_admin.cc)
target_link_libraries(malicious_admin PRIVATE blindlend_store)

# Preloaded: one ends a process at a chosen change to its files, one draws the same in every run, one writes
# down whom a process connects to, one makes writing fail. Not sanitized: they come before the sanitizers' libraries.
foreach(library kill_at same_random watch_net fail_writes)
  add_library(${library} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/system/${library}.cc)
  target_link_libraries(${library} PRIVATE ${CMAKE_DL_LIBS})
endforeach()

# The TIMEOUTs leave room for two busy cores, and a sanitizer's processes start slowly.
set(SYSTEM_TIMEOUT_FACTOR 1)
if(BLINDLEND_SANITIZE)
  set(SYSTEM_TIMEOUT_FACTOR 5)
endif()
foreach(row "cli 400" "group 400" "group_crash 400" "borrow 400" "borrow_crash 400" "simulate 200" "walk 200"
        "relay 600" "proxy 600" "issue 300" "via 300")
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
      "WATCH_NET_LIBRARY=$<TARGET_FILE:watch_net>"
      "FAIL_WRITES_LIBRARY=$<TARGET_FILE:fail_writes>"
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
  add_test(NAME system.limits
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/limits_test.py)
  set_tests_properties(system.limits PROPERTIES TIMEOUT 120 ENVIRONMENT "${environment}")
  add_test(NAME system.sdk COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/sdk_test.py)
  set_tests_properties(system.sdk PROPERTIES TIMEOUT 400 ENVIRONMENT "${environment}")
  add_test(NAME system.wire COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/wire_test.py)
  set_tests_properties(system.wire PROPERTIES TIMEOUT 300 ENVIRONMENT "${environment}")
  add_test(NAME repo.rules COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/system/repo_test.py)
  add_test(NAME repo.trace COMMAND ${CMAKE_SOURCE_DIR}/tools/trace)
  add_test(NAME repo.trace_test COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/trace_test)
  set_tests_properties(repo.rules repo.trace_test PROPERTIES ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()

# Mutants of the steps: a sample of them, on this build's own test programs.
if(NOT BLINDLEND_SANITIZE AND NOT BLINDLEND_COVERAGE AND CMAKE_GENERATOR STREQUAL "Ninja")
  add_test(NAME repo.mutate COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/mutate
           --build ${CMAKE_BINARY_DIR} --sample 60 --jobs 1)
  add_test(NAME repo.mutate_test COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/mutate_test)
  add_test(NAME repo.coverage_test COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/coverage_test)
  add_test(NAME repo.evidence_test COMMAND ${CMAKE_SOURCE_DIR}/tools/evidence_test)
  add_test(NAME repo.verify_test COMMAND ${CMAKE_SOURCE_DIR}/tools/verify_test)
  set_tests_properties(repo.mutate repo.mutate_test repo.coverage_test repo.evidence_test repo.verify_test
                       PROPERTIES TIMEOUT 600
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()
