# The model of a group's traffic, pure, and its picture.
add_library(blindlend_simulate STATIC simulate/simulation.cc simulate/drawing.cc)
target_link_libraries(blindlend_simulate PUBLIC blindlend_ref)
