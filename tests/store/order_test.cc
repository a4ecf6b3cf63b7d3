// What is durable before what: the debit before a signature, a wallet's entries before the request,
// everything before a function returns.
#include "app/store/refusal.h"
#include "tests/store/faulty_files.h"
#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

using Names = std::vector<std::string>;

// Issue draws its first randomness when it begins to sign: by then another connection sees the debit,
// and nothing that was written waits for its sync.
TEST(Order, DebitBeforeSignature) {
  const FaultyFiles files;
  const Group group;
  Admin admin = group.OpenAdmin();
  Wallet wallet = group.OpenWallet();
  const auto outgoing = wallet.Request(LenderKey(0), 3, false, kStart, SourceOf("request"));
  ASSERT_EQ(Outcome(outgoing), "ok");
  ASSERT_TRUE(Query(group.AdminFile(), "SELECT 1 FROM debit").empty());
  const std::string id = AsText(*RequestId(VerifyRequest(outgoing->sealed).value()));

  int draws = 0;
  Table debits, used;
  Names unsynced;
  const ByteSource source = [&, endless = SourceOf("issue")](std::span<std::uint8_t> bytes) {
    if (draws++ == 0) {
      unsynced = files.Unsynced();
      debits = Query(group.AdminFile(), "SELECT number, request_id FROM debit");
      used = Query(group.AdminFile(), "SELECT number, member, count FROM used");
    }
    return endless(bytes);
  };
  bool is_new = false;
  ASSERT_EQ(Outcome(admin.Issue(outgoing->sealed, kStart, source, is_new)), "ok");
  EXPECT_TRUE(is_new);
  EXPECT_GE(draws, 3);
  EXPECT_EQ(debits, (Table{{"1", id}}));
  EXPECT_EQ(used, (Table{{"1", AsText(wallet.key()), "3"}}));
  EXPECT_EQ(unsynced, Names{});
}

// A source that ends while Issue signs, wherever it does: nothing is released, the debit stays, and
// the same request is answered later without a second one, with the bytes that were due at first.
TEST(Order, SourceExhausted) {
  const Group group;
  Admin admin = group.OpenAdmin();
  Wallet wallet = group.OpenWallet();
  const auto outgoing = wallet.Request(LenderKey(0), 3, false, kStart, SourceOf("request"));
  ASSERT_EQ(Outcome(outgoing), "ok");
  for (int limit = 0; limit < 3; ++limit) {
    int draws = 0;
    const ByteSource source = [&, endless = SourceOf("issue")](std::span<std::uint8_t> bytes) {
      return draws++ < limit && endless(bytes);
    };
    bool is_new = limit != 0;
    EXPECT_EQ(Outcome(admin.Issue(outgoing->sealed, kStart, source, is_new)), "Issue.2");
    EXPECT_EQ(is_new, limit == 0);
    EXPECT_EQ(admin.Members()->at(0).used, (std::map<std::uint32_t, std::uint64_t>{{1, 3}}));
  }
  // Also when the window has closed and the member is off the roster.
  ASSERT_EQ(Outcome(admin.Remove("wallet0")), "ok");
  bool is_new = true;
  const auto response = admin.Issue(outgoing->sealed, kStart + 9 * kDay, SourceOf("later"), is_new);
  ASSERT_EQ(Outcome(response), "ok");
  EXPECT_FALSE(is_new);
  EXPECT_EQ(*response, SignedAnswer(group.admin_seed(), Key(2048), outgoing->sealed));
  EXPECT_EQ(admin.Members()->at(0).used, (std::map<std::uint32_t, std::uint64_t>{{1, 3}}));
  EXPECT_EQ(Query(group.AdminFile(), "SELECT 1 FROM debit").size(), 1u);
  EXPECT_EQ(wallet.Accept(*response, kStart)->held, 3u);
}

// The wallet's source ends: no request leaves, nothing is stored.
TEST(Order, WalletSourceExhausted) {
  const Group group;
  Wallet wallet = group.OpenWallet();
  for (int limit = 0; limit < 5; ++limit) {
    int draws = 0;
    const ByteSource source = [&, endless = SourceOf("request")](std::span<std::uint8_t> bytes) {
      return draws++ < limit && endless(bytes);
    };
    const std::string step = limit < 2   ? "RequestTokens.4"
                             : limit < 4 ? "RequestTokens.5"
                                         : "RequestTokens.6";
    EXPECT_EQ(Outcome(wallet.Request(LenderKey(0), 2, false, kStart, source)), step) << limit;
    EXPECT_TRUE(wallet.Look(kStart)->requests.empty());
    EXPECT_EQ(wallet.Look(kStart)->left, 4u);
  }
  EXPECT_TRUE(Query(group.WalletFile(), "SELECT 1 FROM entry").empty());
}

// Before Spend returns, another connection sees for which request the token is reserved, and it has been
// synced; the same request gets the same borrow from a wallet that was opened behind it.
TEST(Order, ReservedBeforeBorrow) {
  const FaultyFiles files;
  const Group group;
  {
    Wallet wallet = group.OpenWallet();
    const Bytes sealed =
        wallet.Request(LenderKey(0), 2, false, kStart, SourceOf("request"))->sealed;
    const Bytes response = SignedAnswer(group.admin_seed(), Key(2048), sealed);
    ASSERT_EQ(wallet.Accept(response, kStart)->held, 2u);
  }
  Wallet wallet = group.OpenWallet();
  const auto borrow = wallet.Spend(LenderKey(0), Ascii("request"), kStart + kDay, SourceOf("any"));
  ASSERT_EQ(Outcome(borrow), "ok");
  EXPECT_TRUE(borrow->is_new);
  EXPECT_EQ(files.Unsynced(), Names{});
  const Borrow parsed = ParseBorrow(View(borrow->sealed).first(borrow->sealed.size() - 64)).value();
  EXPECT_EQ(Query(group.WalletFile(), "SELECT id, digest FROM token WHERE state = 'spending'"),
            (Table{{AsText(TokenId(parsed.token).value()), AsText(parsed.digest)}}));
  const auto again =
      group.OpenWallet().Spend(LenderKey(0), Ascii("request"), kStart + kDay, SourceOf("any"));
  EXPECT_EQ(again->sealed, borrow->sealed);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(Query(group.WalletFile(), "SELECT 1 FROM token WHERE state = 'spending'").size(), 1u);
}

// Before Request returns, another connection sees all that its tokens need, and it has been synced.
TEST(Order, EntriesBeforeRequest) {
  const FaultyFiles files;
  const Group group;
  Wallet wallet = group.OpenWallet();
  const auto outgoing = wallet.Request(LenderKey(0), 2, false, kStart, SourceOf("request"));
  ASSERT_EQ(Outcome(outgoing), "ok");
  EXPECT_EQ(files.Unsynced(), Names{});
  EXPECT_EQ(Query(group.WalletFile(), "SELECT hash, number, audience, state, sealed FROM request"),
            (Table{{AsText(outgoing->hash), "1", AsText(LenderKey(0)), "prepared",
                    AsText(outgoing->sealed)}}));
  const Batch batch = VerifyRequest(outgoing->sealed)->batch;
  const Table entries =
      Query(group.WalletFile(), "SELECT seed, msg, r_inv FROM entry ORDER BY position");
  ASSERT_EQ(entries.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Bytes msg = AsBytes(entries[i][1]);
    EXPECT_EQ(entries[i][1].substr(66), AsText(PublicOf(AsBytes(entries[i][0]))));
    const auto sig = Finalize(Key(2048), msg, PowerMod(batch.values[i], Key(2048).d, Key(2048).n),
                              OS2IP(AsBytes(entries[i][2])));
    EXPECT_EQ(Step(sig), "") << "the inverse belongs to the blinded value";
  }
}

// Whatever changes a store has reached the disk when it returns.
TEST(Order, EverythingIsDurable) {
  const FaultyFiles files;
  const Group group;
  EXPECT_EQ(files.Unsynced(), Names{}) << "Init, AddEpoch, Join, Enroll";
  Admin admin = group.OpenAdmin();
  Wallet wallet = group.OpenWallet();
  const auto durable = [&](const std::string& what, const std::string& outcome) {
    EXPECT_EQ(outcome, "ok") << what;
    EXPECT_EQ(files.Unsynced(), Names{}) << what;
  };
  bool is_new = false;
  const auto first = wallet.Request(LenderKey(0), 2, false, kStart, SourceOf("1"));
  durable("Request", Outcome(first));
  durable("Sent", Outcome(wallet.Sent(first->hash)));
  const auto response = admin.Issue(first->sealed, kStart, SourceOf("issue"), is_new);
  durable("Issue", Outcome(response));
  durable("Accept", Outcome(wallet.Accept(*response, kStart)));
  for (const bool served : {false, true}) {
    const auto borrow =
        wallet.Spend(LenderKey(0), Ascii("request"), kStart + kDay, SourceOf("any"));
    durable("Spend", Outcome(borrow));
    durable(served ? "End, served" : "End, released", Outcome(wallet.End(borrow->sealed, served)));
  }
  const auto second = wallet.Request(LenderKey(0), 1, false, kStart, SourceOf("2"));
  durable("Request", Outcome(second));
  durable("Cancel", Outcome(wallet.Cancel(second->sealed)));
  durable("Expire", Outcome(wallet.Expire(kStart + 5 * kDay)));
  durable("Enroll", Outcome(admin.Enroll(Bytes(32, 1), "somebody")));
  durable("Remove", Outcome(admin.Remove("somebody")));
  durable("AddEpoch",
          Outcome(admin.AddEpoch({1, 1, {}, LenderKeys()}, Key(2048, 1), 0, SourceOf("e"))));
  const auto revocation = admin.Revoke();
  durable("Revoke", Outcome(revocation));
  durable("Join", Outcome(wallet.Join(group.admin_key(), admin.Chain()->at(1).sealed)));
  bool made = false;
  durable("Init", Outcome(Lender::Init(group.directory() / "lender", SourceOf("l"), made)));
}

}  // namespace
}  // namespace blindlend::test
