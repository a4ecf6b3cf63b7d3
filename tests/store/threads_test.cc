// All that several threads may call at once, on one lender and on one wallet. That the counts are right is the
// lesser half: built with ThreadSanitizer, a race ends the test.
#include <atomic>
#include <latch>
#include <thread>

#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

constexpr std::size_t kThreads = 6, kEach = 8;

/// Runs work in so many threads that begin together, and beside them care until they have ended.
void Together(const std::function<void(std::size_t)>& work, const std::function<void()>& care) {
  std::atomic<bool> is_over = false;
  std::latch begin(kThreads + 1);
  std::jthread caring([&] {
    begin.arrive_and_wait();
    while (!is_over) care();
  });
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      begin.arrive_and_wait();
      work(i);
    });
  threads.clear();
  is_over = true;
}

/// Tokens at a lender in that directory, while it compacts its database and another process brings in a link.
void Lend(const std::string& path) {
  // Of both epochs' spend windows.
  constexpr std::uint64_t kNow = kStart + kDay + 18 * kHour;
  const Bytes admin = PublicOf(IdentityOf("admin")), second = SealedNewest(2);
  const auto lender = OpenLender(path), other = OpenLender(path);
  Together(
      [&](std::size_t worker) {
        const ByteSource source = SourceOf("worker " + std::to_string(worker));
        for (std::size_t i = 0; i < kEach; ++i) {
          const Bytes sealed = HeldToken(0, worker * kEach + i).Borrow("request");
          auto shown = lender->Look(sealed, kNow, false);
          for (int again = 0; again < 4; ++again) shown = lender->Look(sealed, kNow, false);
          ASSERT_EQ(shown->verdict, Verdict::kFresh);
          // Of an epoch that is not known at first: then the chain is read anew.
          if (worker == 1) {
            const auto later = lender->Look(HeldToken(1, 0).Borrow("request"), kNow, false);
            EXPECT_TRUE(later || later.error().step == "VerifyBorrow.4");
          }
          if (worker == 0 && i == kEach / 2) {
            EXPECT_EQ(Outcome(other->Join(admin, second)), "ok");
          }
          auto claimed = lender->ClaimVerified(shown->borrow, shown->newest, false, source).value();
          if (!claimed)
            claimed = lender->Redeem(sealed, Ascii("request"), kNow, false, source).value();
          ASSERT_EQ(claimed->verdict, Verdict::kFresh);
          EXPECT_TRUE(lender->LinkForSpend(kNow).has_value());
          EXPECT_EQ(Outcome(lender->WriteMark()), "ok");
          EXPECT_EQ(Outcome(i % 4 == 0 ? lender->Release(claimed->claim_id)
                                       : lender->Settle(claimed->claim_id)),
                    "ok");
        }
      },
      [&] {
        // Where the other one is writing it is not done this time.
        static_cast<void>(lender->Compact(false));
      });
  EXPECT_EQ(lender->LinkForSpend(kNow)->number, 2u);
  EXPECT_TRUE(lender->Compact().value());
  const SpentCount count = lender->Count().value()[0];
  EXPECT_EQ(count.released, kThreads * kEach / 4);
  EXPECT_EQ(count.served, kThreads * kEach * 3 / 4);
  EXPECT_EQ(ReadAll(path + "/lender.mark"), std::to_string(2 * kThreads * kEach) + "\n");
  EXPECT_EQ(lender->Audit().value(), std::vector<std::string>{});
}

// As a relay does it. Several times: what SQLite locks for itself puts threads in an order by chance, in which
// nobody sees a race.
TEST(Threads, OfOneLender) {
  for (std::size_t i = 0; i < kThreads * kEach; ++i) HeldToken(0, i);
  HeldToken(1, 0);
  for (int round = 0; round < 8 && !HasFailure(); ++round) {
    const TempDirectory directory;
    CopyDirectory(LenderDirectory(1), directory / "lender");
    Lend(directory / "lender");
  }
}

// As a proxy does it, while what has ended is erased from the log.
TEST(Threads, OfOneWallet) {
  constexpr std::uint64_t kNow = kStart + kDay + kHour;
  const Group group(kThreads * kEach);
  Wallet wallet = group.OpenWallet();
  Admin admin = group.OpenAdmin();
  bool is_new = false;
  const auto request =
      wallet.Request(LenderKey(0), kThreads * kEach, false, kStart, SourceOf("request"));
  const Bytes answer = admin.Issue(request->sealed, kStart, SourceOf("i"), is_new).value();
  ASSERT_EQ(Outcome(wallet.Accept(answer, kStart)), "ok");
  Together(
      [&](std::size_t worker) {
        for (std::size_t i = 0; i < kEach; ++i) {
          const auto borrowing =
              wallet.Spend(LenderKey(0), Ascii("request " + std::to_string(worker)), kNow,
                           SourceOf("any"), true);
          ASSERT_EQ(Outcome(borrowing), "ok");
          EXPECT_EQ(Outcome(wallet.End(borrowing->sealed, i % 4 != 0, i % 2 == 0)), "ok");
        }
      },
      [&] { EXPECT_EQ(Outcome(wallet.EraseEnded(false)), "ok"); });
  const auto tokens = wallet.Look(kNow)->tokens;
  EXPECT_EQ(tokens.at(TokenState::kHeld), kThreads * kEach / 4);
  EXPECT_EQ(tokens.at(TokenState::kSpent), kThreads * kEach * 3 / 4);
}

}  // namespace
}  // namespace blindlend::test
