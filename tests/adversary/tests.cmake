# The adversary's moves, on the shipped code through its public interface; the cheats that they must catch.
add_library(blindlend_adversary STATIC)
foreach(source parties world sessions bad_key battery battery_linking battery_client battery_signature
               battery_lender group_game cheats/cheats cheats/blinding cheats/hashing cheats/minting cheats/signing
               cheats/verifying cheats/spending cheats/attesting)
  target_sources(blindlend_adversary PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${source}.cc)
endforeach()
target_link_libraries(blindlend_adversary PUBLIC blindlend_test_support)
if(BLINDLEND_SANITIZE)
  target_compile_definitions(blindlend_adversary PUBLIC BLINDLEND_SANITIZED)
endif()

foreach(subject cheats linking blindness interference members aborts)
  add_executable(adversary_${subject} ${CMAKE_CURRENT_LIST_DIR}/${subject}_test.cc)
  target_link_libraries(adversary_${subject} PRIVATE blindlend_adversary GTest::gtest_main)
  gtest_discover_tests(adversary_${subject} TEST_PREFIX adversary. PROPERTIES TIMEOUT 300)
endforeach()

if(BLINDLEND_APP)
  add_executable(adversary_store ${CMAKE_CURRENT_LIST_DIR}/store_test.cc)
  foreach(source store_support faulty_files spent_support)
    target_sources(adversary_store PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../store/${source}.cc)
  endforeach()
  target_link_libraries(adversary_store PRIVATE blindlend_adversary blindlend_store GTest::gtest_main)
  gtest_discover_tests(adversary_store TEST_PREFIX adversary. PROPERTIES TIMEOUT 300)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/limits/limits.cmake OPTIONAL)
