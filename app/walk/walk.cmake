# One borrow as each party sees it, for the auditor's page.
add_library(blindlend_walk STATIC walk/walk.cc)
target_link_libraries(blindlend_walk PUBLIC blindlend_vectors)
