# Files and databases: the admin's ledger, the member's wallet, the lender's chain.
find_package(SQLite3 REQUIRED)
add_library(blindlend_store STATIC store/files.cc store/refusal.cc store/database.cc store/chain.cc
            store/group_commit.cc store/admin.cc store/wallet.cc store/lender.cc store/replay.cc)
find_package(Threads REQUIRED)
target_link_libraries(blindlend_store PUBLIC blindlend_ref SQLite::SQLite3 Threads::Threads)
