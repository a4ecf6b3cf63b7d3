# spec/models with SPIN: what must hold holds, and the designs that must fail fail. It does not depend on
# the build: once is enough.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
if(BLINDLEND_SANITIZE)
  return()
endif()
foreach(CASE one_delivery calls_bounded served_is_final stale_changes_nothing nothing_vanishes live
        check_then_insert relay_then_claim gossiped_copies deliver_then_settle no_claim_id)
  add_test(NAME models.${CASE}
           COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/spec/models/check ${CASE})
  set_tests_properties(models.${CASE} PROPERTIES TIMEOUT 300)
endforeach()
