# spec/proofs with Coq: every proof complete, without axioms, of the theorems that are listed; and spec/proofs/check refuses what
# is not. It does not depend on the build: once is enough. Exit code 77: Coq is not installed, nothing was checked.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
if(NOT BLINDLEND_SANITIZE)
  add_test(NAME proofs.hold COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/spec/proofs/check)
  add_test(NAME proofs.broken
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/proofs/broken_test.py)
  set_tests_properties(proofs.hold proofs.broken PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77
                       ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endif()
