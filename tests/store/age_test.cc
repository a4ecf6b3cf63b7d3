// When tokens were obtained: what the wallet keeps of it, for how long, and what spending is told.
#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

constexpr std::uint64_t kAnHour = 60 * 60, kSpending = kStart + kDay + 7;

/// A wallet with so many more tokens, accepted at now.
void Obtain(const Group& group, Wallet& wallet, std::size_t count, std::uint64_t now,
            const std::string& name) {
  Admin admin = group.OpenAdmin();
  bool is_new = false;
  const auto request = wallet.Request(LenderKey(0), count, false, kStart, SourceOf(name));
  wallet.Accept(admin.Issue(request->sealed, kStart, SourceOf("i"), is_new).value(), now).value();
}

Table Kept(const Group& group) {
  return Query(group.WalletFile(), "SELECT number, at FROM obtained");
}

Table At(std::uint64_t time) {
  return {{"1", std::to_string(time)}};
}

// The newest time counts, up to the next full hour, also if the clock has been set back in between;
// and it is of the epoch, not of the token.
TEST(Obtained, NewestOfTheEpoch) {
  const Group group(10);
  Wallet wallet = group.OpenWallet();
  EXPECT_EQ(Kept(group), Table{});
  const std::uint64_t full = kStart / kAnHour * kAnHour + 2 * kAnHour;
  Obtain(group, wallet, 2, full, "first");
  EXPECT_EQ(Kept(group), At(full));
  Obtain(group, wallet, 2, full + 1, "second");
  EXPECT_EQ(Kept(group), At(full + kAnHour));
  Obtain(group, wallet, 2, full - 5, "third");
  EXPECT_EQ(Kept(group), At(full + kAnHour));
  for (const char* request : {"a", "b", "c", "d", "e", "f", "a"})
    EXPECT_EQ(wallet.Spend(LenderKey(0), Ascii(request), kSpending, SourceOf("any"))->obtained,
              full + kAnHour);
}

// Nothing finer than an hour is in the rows; a time beyond all reason is no reason to fail.
TEST(Obtained, IsCoarse) {
  const Group group(10);
  Wallet wallet = group.OpenWallet();
  Obtain(group, wallet, 1, kStart + 1234, "a");
  EXPECT_EQ(std::stoull(Kept(group)[0][1]) % kAnHour, 0u);
  Obtain(group, wallet, 1, UINT64_MAX, "b");
  EXPECT_GT(wallet.Spend(std::nullopt, Ascii("r"), kSpending, SourceOf("any"))->obtained,
            kSpending);
}

// As long as a token is left, and no longer: spent, or expired. What was burnt at once was not
// obtained.
TEST(Obtained, GoesWithTheLastToken) {
  const Group group(10);
  Wallet wallet = group.OpenWallet();
  Obtain(group, wallet, 2, kStart, "a");
  for (const char* request : {"a", "b"}) {
    EXPECT_EQ(Kept(group).size(), 1u);
    const Bytes borrow =
        wallet.Spend(std::nullopt, Ascii(request), kSpending, SourceOf("any"))->sealed;
    ASSERT_EQ(Outcome(wallet.End(borrow, false)), "ok");
    EXPECT_EQ(Kept(group).size(), 1u);
    const Bytes again =
        wallet.Spend(std::nullopt, Ascii(request), kSpending, SourceOf("any"))->sealed;
    ASSERT_EQ(Outcome(wallet.End(again, true)), "ok");
  }
  EXPECT_EQ(Kept(group), Table{});
  Obtain(group, wallet, 2, kStart, "c");
  EXPECT_EQ(Kept(group).size(), 1u);
  EXPECT_EQ(wallet.Expire(kStart + kDay).value(), 0u);
  EXPECT_EQ(Kept(group).size(), 1u);
  EXPECT_EQ(wallet.Expire(kStart + 2 * kDay).value(), 2u);
  EXPECT_EQ(Kept(group), Table{});

  const auto request = wallet.Request(LenderKey(0), 1, false, kStart, SourceOf("d"));
  const Bytes response = SignedAnswer(group.admin_seed(), Key(2048), request->sealed,
                                      [](Batch& batch) { batch.values[0] = ZZ{2}; });
  EXPECT_EQ(wallet.Accept(response, kStart)->burnt, 1u);
  EXPECT_EQ(Kept(group), Table{});
}

// A wallet that lacks the time of a token it holds is damaged, and says so before anything is
// reserved.
TEST(Obtained, LackingIsDamage) {
  const Group group(10);
  Wallet wallet = group.OpenWallet();
  Obtain(group, wallet, 1, kStart, "a");
  Query(group.WalletFile(), "DELETE FROM obtained");
  EXPECT_EQ(Outcome(wallet.Spend(std::nullopt, Ascii("r"), kSpending, SourceOf("any"))),
            "unusable");
  EXPECT_EQ(Query(group.WalletFile(), "SELECT state FROM token"), (Table{{"held"}}));
}

}  // namespace
}  // namespace blindlend::test
