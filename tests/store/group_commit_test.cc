// GroupCommit: one transaction for several threads, which fails for all of them or for none.
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>

#include "app/store/lender.h"
#include "tests/store/store_support.h"

namespace blindlend::test {

namespace {

const DatabaseKind kKind = {"test", 0x424c7473 /* BLts */, 1,
                            "CREATE TABLE mark (x INTEGER PRIMARY KEY) STRICT;"};

class GroupCommitTest : public testing::Test {
 protected:
  GroupCommitTest() {
    Database::Make(kKind, path_, [](Database&) {});
    database_.emplace(kKind, path_);
    commits_.emplace(*database_);
  }

  void Add(std::int64_t x) { database_->Run("INSERT INTO mark VALUES (?1)", {x}); }
  /// How many marks everybody else sees.
  std::size_t Committed() { return Database(kKind, path_).Run("SELECT x FROM mark").size(); }
  /// Whether it became durable.
  bool Run(const std::function<void()>& work) {
    try {
      commits_->Run(work);
      return true;
    } catch (const StoreError&) {
      return false;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  /// One thread's work, and another thread that comes while it is done. Returns what they were told.
  std::pair<bool, bool> Together(const std::function<void()>& first,
                                 const std::function<void()>& second) {
    std::atomic<bool> has_begun = false, comes = false;
    bool first_done = false, second_done = false;
    {
      std::jthread one([&] {
        first_done = Run([&] {
          has_begun = true;
          has_begun.notify_one();
          comes.wait(false);
          // Until it waits: nothing tells, so it is given time, and the caller tries again.
          std::this_thread::sleep_for(std::chrono::milliseconds(wait_));
          first();
        });
      });
      std::jthread other([&] {
        has_begun.wait(false);
        comes = true;
        comes.notify_one();
        second_done = Run(second);
      });
    }
    wait_ *= 2;
    return {first_done, second_done};
  }

  TempDirectory directory_;
  std::string path_ = directory_ / "test.db";
  std::optional<Database> database_;
  std::optional<GroupCommit> commits_;
  int wait_ = 1;
};

// Whatever is thrown, memory's end too: the group is told, and the next one writes.
TEST_F(GroupCommitTest, WantOfMemoryStopsNobodyElse) {
  EXPECT_FALSE(Run([&] {
    Add(1);
    throw std::bad_alloc();
  }));
  EXPECT_THROW(commits_->Alone([] { throw std::bad_alloc(); }), std::bad_alloc);
  EXPECT_TRUE(Run([&] { Add(2); }));
  EXPECT_EQ(Committed(), 1u);
  Together([] { throw std::bad_alloc(); }, [&] { Add(3); });
  EXPECT_TRUE(Run([&] { Add(4); }));
}

TEST_F(GroupCommitTest, WhoComesMeanwhileIsTakenAlong) {
  bool taken_along = false;
  std::int64_t x = 0;
  for (int tries = 0; tries < 12 && !taken_along; ++tries) {
    const std::size_t before = Committed();
    EXPECT_EQ(Together([&] { Add(x++); },
                       [&] {
                         taken_along = Committed() == before;  // the first is not durable yet
                         Add(x++);
                       }),
              std::pair(true, true));
    EXPECT_EQ(Committed(), before + 2);
  }
  EXPECT_TRUE(taken_along);
}

TEST_F(GroupCommitTest, AFailureIsToldToTheWholeGroupAndNothingStays) {
  bool together = false;
  std::int64_t x = 0;
  for (int tries = 0; tries < 12 && !together; ++tries) {
    const std::size_t before = Committed();
    const auto [first, second] = Together(
        [&] { Add(x++); }, [&]() -> void { throw StoreError{Unusable("here", "fails").error()}; });
    EXPECT_FALSE(second);
    EXPECT_EQ(Committed(), before + (first ? 1 : 0));
    together = !first;
  }
  EXPECT_TRUE(together);
  // And the next one is none the worse.
  EXPECT_TRUE(Run([&] { Add(1'000); }));
}

TEST_F(GroupCommitTest, WhereNoTransactionBeginsEverybodyIsTold) {
  database_->Run("BEGIN");  // in which no other can begin
  constexpr std::size_t kThreads = 8;
  std::atomic<std::size_t> told = 0, worked = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        if (!Run([&] { ++worked; })) ++told;
      });
  }
  EXPECT_EQ(told, kThreads);
  EXPECT_EQ(worked, 0u);
  database_->Run("ROLLBACK");
  EXPECT_TRUE(Run([&] { Add(1); }));
  EXPECT_EQ(Committed(), 1u);
}

/// Many come, each several times: each is told, and all that was told is there.
TEST_F(GroupCommitTest, NobodyIsForgotten) {
  constexpr std::int64_t kThreads = 12, kEach = 40;
  std::atomic<std::size_t> durable = 0;
  {
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < kThreads; ++i)
      threads.emplace_back([&, i] {
        for (std::int64_t j = 0; j < kEach; ++j)
          if (Run([&] { Add(i * kEach + j); })) ++durable;
      });
  }
  EXPECT_EQ(durable, static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(Committed(), durable);
}

/// Others come all the time: who is alone is so, does not wait for them to stop, and they go on.
TEST_F(GroupCommitTest, WhoIsAloneIsAlone) {
  constexpr std::int64_t kThreads = 4, kEach = 60;
  std::atomic<std::size_t> durable = 0, alone = 0;
  std::atomic<bool> is_alone = false, is_disturbed = false;
  {
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < kThreads; ++i)
      threads.emplace_back([&, i] {
        for (std::int64_t j = 0; j < kEach; ++j)
          if (Run([&] {
                if (is_alone) is_disturbed = true;
                Add(i * kEach + j);
              }))
            ++durable;
      });
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 10; ++j)
          commits_->Alone([&] {
            if (is_alone.exchange(true)) is_disturbed = true;
            database_->Run("VACUUM");  // which fails within a transaction
            ++alone;
            is_alone = false;
          });
      });
  }
  EXPECT_FALSE(is_disturbed);
  EXPECT_EQ(alone, 20u);
  EXPECT_EQ(durable, static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(Committed(), durable);
  // What fails is told, and the next one is none the worse.
  EXPECT_THROW(commits_->Alone([]() -> void { throw StoreError{Unusable("here", "no").error()}; }),
               StoreError);
  EXPECT_TRUE(Run([&] { Add(1'000); }));
}

}  // namespace

}  // namespace blindlend::test
