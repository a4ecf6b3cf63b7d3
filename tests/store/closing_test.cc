// What is durable before what at a lender: a claim before it is told, Settle before the reply, the
// end of an epoch before its entries go. And what a failing disk leaves.
#include <thread>

#include "app/store/refusal.h"
#include "tests/store/faulty_files.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

using Names = std::vector<std::string>;

/// A lender in a directory of its own.
struct Place {
  TempDirectory directory;
  explicit Place(std::size_t epochs = 1) { CopyDirectory(LenderDirectory(epochs), Path()); }
  std::string Path() const { return directory / "lender"; }
  std::string File() const { return Path() + "/lender.db"; }
};

std::expected<Claimed, Stop> RedeemAt(Lender& lender, std::size_t token, std::uint64_t now,
                                      bool owner_lives = true, std::size_t epoch = 0) {
  return lender.Redeem(HeldToken(epoch, token).Borrow("request"), Ascii("request"), now,
                       owner_lives,
                       SourceOf("claim " + std::to_string(token) + " " + std::to_string(epoch)));
}

/// The state of a token as another connection sees it.
std::string StateIn(const std::string& path, std::size_t token) {
  const auto rows = Query(
      path, "SELECT state, refunds FROM spent WHERE id = x'" + Hex(HeldToken(0, token).Id()) + "'");
  return rows.empty() ? "none" : rows[0][0] + rows[0][1];
}

// Whatever returns is durable: nothing waits for its sync, and other connections see it. So the request
// goes upstream behind a durable claim, and the reply to the member behind a durable Settle.
TEST(LenderOrder, DurableWhenItReturns) {
  const FaultyFiles files;
  const Place place;
  const auto lender = OpenLender(place.Path());
  const auto first = RedeemAt(*lender, 0, kSpendNow);
  EXPECT_EQ(files.Unsynced(), Names{});
  EXPECT_EQ(StateIn(place.File(), 0), "claimed0");
  const auto retried = RedeemAt(*lender, 0, kSpendNow, false);
  ASSERT_EQ(VerdictOf(retried), "retry");
  EXPECT_EQ(files.Unsynced(), Names{});
  EXPECT_EQ(Outcome(lender->Settle(retried->claim_id)), "ok");
  EXPECT_EQ(files.Unsynced(), Names{});
  EXPECT_EQ(StateIn(place.File(), 0), "served0");
  const auto other = RedeemAt(*lender, 1, kSpendNow);
  EXPECT_EQ(Outcome(lender->Release(other->claim_id)), "ok");
  EXPECT_EQ(files.Unsynced(), Names{});
  EXPECT_EQ(StateIn(place.File(), 1), "released1");
  ASSERT_TRUE(lender->CloseEpochs(kStart + 2 * kDay).has_value());
  EXPECT_EQ(files.Unsynced(), Names{});
  EXPECT_EQ(StateIn(place.File(), 0), "none");
}

// A claim id is drawn inside the transaction: what other connections see then is still the old state,
// and nobody else can write.
TEST(LenderOrder, ClaimIsOneStep) {
  const Place place;
  const auto lender = OpenLender(place.Path());
  std::string seen;
  bool could_write = true;
  const auto claimed = lender->Redeem(HeldToken(0, 0).Borrow("request"), Ascii("request"),
                                      kSpendNow, true, [&](std::span<std::uint8_t> bytes) {
                                        seen = StateIn(place.File(), 0);
                                        sqlite3* other = nullptr;
                                        sqlite3_open(place.File().c_str(), &other);
                                        could_write =
                                            sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr,
                                                         nullptr) == SQLITE_OK;
                                        sqlite3_close_v2(other);
                                        return SourceOf("claim")(bytes);
                                      });
  EXPECT_EQ(VerdictOf(claimed), "fresh");
  EXPECT_EQ(seen, "none");
  EXPECT_FALSE(could_write);
}

// Closing an epoch fails at each write, once and from there on for good: its entries are there as long
// as it is not recorded as closed. However the clock is set back, nothing opens again.
TEST(Closing, RecordedBeforeItIsDropped) {
  FaultyFiles files;
  std::set<std::string> left;
  for (const bool for_good : {false, true}) {
    int at = 1;
    for (bool has_failed = true; has_failed; ++at) {
      const Place place;
      {
        const auto lender = OpenLender(place.Path());
        ASSERT_EQ(Outcome(lender->Settle(RedeemAt(*lender, 0, kSpendNow)->claim_id)), "ok");
        ASSERT_EQ(VerdictOf(RedeemAt(*lender, 1, kSpendNow)), "fresh");
        files.FailAt(at, for_good);
        const auto closed = lender->CloseEpochs(kStart + 2 * kDay);
        has_failed = files.has_failed();
        EXPECT_TRUE(closed || has_failed);
        // A checkpoint that fails is only warned of.
        if (closed) {
          files.FailAt(0, false);
          EXPECT_EQ(VerdictOf(RedeemAt(*lender, 2, kSpendNow)), "Claim.1");
          files.FailAt(for_good && has_failed ? 1 : 0, for_good);
        }
      }
      files.FailAt(0, false);
      const bool is_closed = !Query(place.File(), "SELECT 1 FROM closed").empty();
      const std::size_t entries = SpentRows(place.File()).size();
      left.insert((is_closed ? "closed " : "open ") + std::to_string(entries));
      EXPECT_TRUE(is_closed ? entries == 0 || entries == 2 : entries == 2) << at;
      const auto lender = OpenLender(place.Path());
      EXPECT_EQ(VerdictOf(RedeemAt(*lender, 0, kSpendNow)), is_closed ? "Claim.1" : "served");
      EXPECT_EQ(VerdictOf(RedeemAt(*lender, 2, kSpendNow)), is_closed ? "Claim.1" : "fresh");
      // Closing again ends what was begun.
      EXPECT_EQ(lender->CloseEpochs(kStart + 2 * kDay).value(), std::vector<std::uint32_t>{1});
      EXPECT_EQ(SpentRows(place.File()), Table{});
      EXPECT_EQ(VerdictOf(RedeemAt(*lender, 0, kSpendNow)), "Claim.1");
    }
    EXPECT_GE(at, 4) << "so many that could fail";
  }
  EXPECT_EQ(left, (std::set<std::string>{"open 2", "closed 2", "closed 0"}));
}

// To the second: an epoch is closed when its last moment to spend has passed, and others are not.
TEST(Closing, ToTheSecond) {
  const Place place(2);
  auto lender = OpenLender(place.Path());
  const auto first = RedeemAt(*lender, 0, kStart + 2 * kDay - 1);
  ASSERT_EQ(VerdictOf(first), "fresh");
  const auto second = RedeemAt(*lender, 0, kStart + 2 * kDay - 1, true, 1);
  ASSERT_EQ(VerdictOf(second), "fresh");
  EXPECT_EQ(lender->CloseEpochs(kStart + 2 * kDay - 1).value(), std::vector<std::uint32_t>{});
  EXPECT_EQ(SpentRows(place.File()).size(), 2u);
  EXPECT_EQ(lender->CloseEpochs(kStart + 2 * kDay).value(), std::vector<std::uint32_t>{1});
  EXPECT_EQ(SpentRows(place.File()).size(), 1u);
  // An attempt that was under way comes back too late.
  EXPECT_EQ(Outcome(lender->Settle(first->claim_id)), "Settle.1");
  EXPECT_EQ(Outcome(lender->Release(first->claim_id)), "Release.1");
  // The clock is set back, and the lender opened again: the first epoch stays closed.
  lender.reset();
  lender = OpenLender(place.Path());
  EXPECT_EQ(lender->CloseEpochs(kSpendNow).value(), std::vector<std::uint32_t>{});
  for (const std::size_t token : {0u, 1u})
    EXPECT_EQ(VerdictOf(RedeemAt(*lender, token, kSpendNow)), "Claim.1");
  EXPECT_EQ(VerdictOf(RedeemAt(*lender, 0, kStart + 2 * kDay, true, 1)), "busy");
  EXPECT_EQ(Outcome(lender->Settle(second->claim_id)), "ok");
  EXPECT_EQ(Outcome(lender->Compact()), "ok");
  EXPECT_EQ(VerdictOf(RedeemAt(*lender, 0, kSpendNow)), "Claim.1");
}

// What was verified before a link came in is not claimed behind it: looked at again first. A
// revocation in between, also by another process, so lets nothing through.
TEST(LenderOrder, LinkInBetween) {
  const Place place;
  const auto lender = OpenLender(place.Path());
  const Borrow borrow{RequestDigest(HeldToken(0, 0).Id(), Ascii("request")), HeldToken(0, 0).token};
  const Bytes admin = PublicOf(IdentityOf("admin"));
  ASSERT_EQ(Outcome(OpenLender(place.Path())->Join(admin, SealedNewest(2))), "ok");
  const auto stale = lender->ClaimVerified(borrow, 1, true, SourceOf("c"));
  ASSERT_TRUE(stale.has_value());
  EXPECT_FALSE(stale->has_value());
  EXPECT_EQ(SpentRows(place.File()), Table{});
  EXPECT_EQ(VerdictOf(RedeemAt(*lender, 0, kSpendNow)), "fresh");
  ASSERT_EQ(Outcome(OpenLender(place.Path())->Join(admin, SealedNewest(2, true))), "ok");
  EXPECT_FALSE(lender->ClaimVerified(borrow, 2, true, SourceOf("c"))->has_value());
  EXPECT_EQ(VerdictOf(RedeemAt(*lender, 1, kSpendNow)), "VerifyBorrow.3");
  // The chain that was read anew is in memory too.
  EXPECT_EQ(VerdictOf(RedeemAt(*lender, 0, kSpendNow)), "VerifyBorrow.3");
}

// Several threads share a transaction and the disk fails: who was told that it was done finds it done,
// and at most the last write of a disk that is gone for good may have happened without being told.
TEST(GroupCommitFails, WhoWasToldFindsIt) {
  FaultyFiles files;
  constexpr std::size_t kThreads = 4;
  for (std::size_t i = 0; i < kThreads; ++i) HeldToken(0, i);
  int failures = 0;
  for (const bool for_good : {false, true}) {
    int at = 1;
    for (bool has_failed = true; has_failed; ++at) {
      const Place place;
      std::array<std::vector<std::string>, kThreads> told;
      {
        const auto lender = OpenLender(place.Path());
        files.FailAt(at, for_good);
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < kThreads; ++i)
          threads.emplace_back([&, i] {
            const auto claimed = RedeemAt(*lender, i, kSpendNow);
            told[i].push_back(VerdictOf(claimed));
            if (claimed) told[i].push_back(Outcome(lender->Settle(claimed->claim_id)));
          });
        threads.clear();
        has_failed = files.has_failed();
      }
      files.FailAt(0, false);
      for (std::size_t i = 0; i < kThreads; ++i) {
        const std::string state = StateIn(place.File(), i);
        const std::string expected = told[i] == Names{"fresh", "ok"}         ? "served0"
                                     : told[i] == Names{"fresh", "unusable"} ? "claimed0"
                                                                             : "none";
        if (expected != "served0") ++failures;
        EXPECT_TRUE(state == expected || (for_good && expected == "none" && state == "claimed0") ||
                    (for_good && expected == "claimed0" && state == "served0"))
            << "told " << testing::PrintToString(told[i]) << ", is " << state << ", write " << at;
        EXPECT_TRUE(has_failed || expected == "served0");
      }
      EXPECT_EQ(OpenLender(place.Path())->Audit().value(), Names{});
    }
  }
  EXPECT_GE(failures, 8);
}

}  // namespace
}  // namespace blindlend::test
