# The command `blindlend`.
add_executable(blindlend cli/main.cc cli/options.cc cli/common.cc cli/commands.cc
               cli/group_commands.cc cli/spend_commands.cc cli/serve_commands.cc cli/doctor.cc
               cli/simulate_command.cc cli/walk_command.cc cli/objects.cc)
set_target_properties(blindlend PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_compile_definitions(blindlend PRIVATE BLINDLEND_VERSION="${PROJECT_VERSION}")
target_link_libraries(blindlend PRIVATE blindlend_store blindlend_http blindlend_simulate blindlend_vectors blindlend_walk CLI11::CLI11
                      OpenSSL::Crypto)
