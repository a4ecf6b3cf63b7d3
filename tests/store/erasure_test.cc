// What the wallet erases is gone from its files, and nobody else may read them.
#include <sys/stat.h>

#include <unordered_set>

#include "app/store/refusal.h"
#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

/// Bytes to be looked for, under what they are.
using Secrets = std::vector<std::pair<std::string, Bytes>>;

constexpr std::size_t kPiece = 16;

/// Every piece of 16 bytes that the files of a directory hold, wherever it begins. A large value is
/// not in one piece: the database's pages cut it.
class Haystack {
 public:
  explicit Haystack(const std::string& directory) : files_(Contents(directory)) {
    for (const auto& [name, content] : files_)
      for (std::size_t at = 0; at + kPiece <= content.size(); ++at)
        pieces_.insert(std::string_view(content).substr(at, kPiece));
  }

  /// Whether any piece of bytes is there.
  bool Has(const Bytes& bytes) const {
    const std::string text = AsText(bytes);
    for (std::size_t at = 0; at + kPiece <= text.size(); ++at)
      if (pieces_.contains(std::string_view(text).substr(at, kPiece))) return true;
    return false;
  }

 private:
  std::map<std::string, std::string> files_;
  std::unordered_set<std::string_view> pieces_;
};

/// A short one could be found by chance.
void Add(Secrets& secrets, const std::string& what, const Bytes& bytes) {
  ASSERT_GE(bytes.size(), kPiece);
  secrets.emplace_back(what, bytes);
}

void ExpectAll(const Group& group, const Secrets& secrets) {
  const Haystack files(group.WalletDirectory());
  for (const auto& [what, bytes] : secrets) ASSERT_TRUE(files.Has(bytes)) << what;
}

void ExpectNone(const Group& group, const Secrets& secrets) {
  const Haystack files(group.WalletDirectory());
  std::map<std::string, int> found;
  for (const auto& [what, bytes] : secrets)
    if (files.Has(bytes)) ++found[what];
  for (const auto& [what, count] : found) ADD_FAILURE() << what << ": " << count << " still there";
}

/// The last 32 bytes of a message: the spend key. Its beginning is the epoch's and the lender's.
Bytes SpendKey(const std::string& msg) {
  return AsBytes(msg.substr(msg.size() - 32));
}

Table EntriesOf(const Group& group, const Outgoing& outgoing, const std::string& columns) {
  return Query(group.WalletFile(), "SELECT " + columns + " FROM entry WHERE hash = x'" +
                                       Hex(outgoing.hash) + "' ORDER BY position");
}

/// What leads from an open request to its tokens: the inverses and the blinded values.
Secrets BlindingOf(const Group& group, const Outgoing& outgoing) {
  Secrets secrets;
  for (const auto& row : EntriesOf(group, outgoing, "r_inv"))
    Add(secrets, "r_inv", AsBytes(row[0]));
  const Batch batch = VerifyRequest(outgoing.sealed)->batch;
  for (const ZZ& value : batch.values) Add(secrets, "blinded value", *I2OSP(value, batch.width));
  Add(secrets, "nonce", VerifyRequest(outgoing.sealed)->nonce);
  return secrets;
}

/// What a prepared token is.
Secrets SerialsOf(const Group& group, const Outgoing& outgoing) {
  Secrets secrets;
  for (const auto& row : EntriesOf(group, outgoing, "seed, msg")) {
    Add(secrets, "seed", AsBytes(row[0]));
    Add(secrets, "spend key", SpendKey(row[1]));
  }
  return secrets;
}

Secrets AllOf(const Group& group, const Outgoing& outgoing) {
  Secrets all = BlindingOf(group, outgoing);
  for (const auto& each : SerialsOf(group, outgoing)) all.push_back(each);
  return all;
}

/// What a held token is.
Secrets TokensOf(const Group& group, const std::string& where = "1") {
  Secrets secrets;
  for (const auto& row :
       Query(group.WalletFile(), "SELECT id, seed, token FROM token WHERE " + where)) {
    const Token token = ParseToken(AsBytes(row[2])).value();
    Add(secrets, "token id", AsBytes(row[0]));
    Add(secrets, "seed", AsBytes(row[1]));
    Add(secrets, "spend key", token.spend_key);
    Add(secrets, "signature", token.sig);
  }
  return secrets;
}

// Small requests stay on one page of the database; large ones make it divide pages, which leaves
// copies of rows behind unless care is taken.
class Erasure : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Tokens, Erasure, testing::Values(1, 3, 11, 60));

// Claim.WalletForgets
// After Accept neither the inverses nor the blinded values are in any file, but the tokens are; after
// Expire they are not either. One token is burnt, and gone with its seed at once.
TEST_P(Erasure, AcceptAndExpire) {
  const Group group(100);
  Admin admin = group.OpenAdmin();
  std::optional<Wallet> wallet = group.OpenWallet();
  // In the middle of others, so that its rows have neighbours.
  const auto before = wallet->Request(LenderKey(1), 2, false, kStart, SourceOf("before"));
  ASSERT_EQ(Outcome(before), "ok");
  const Secrets kept = SerialsOf(group, *before);
  ASSERT_EQ(Outcome(wallet->Cancel(before->sealed)), "ok");
  ExpectNone(group, kept);

  const auto outgoing =
      wallet->Request(LenderKey(0), GetParam(), false, kStart, SourceOf("request"));
  ASSERT_EQ(Outcome(outgoing), "ok");
  const Secrets blinding = BlindingOf(group, *outgoing), serials = SerialsOf(group, *outgoing);
  ASSERT_EQ(blinding.size(), 2 * GetParam() + 1);
  ASSERT_EQ(serials.size(), 2 * GetParam());
  ExpectAll(group, blinding);
  ExpectAll(group, serials);

  bool is_new = false;
  ASSERT_EQ(Outcome(admin.Issue(outgoing->sealed, kStart, SourceOf("issue"), is_new)), "ok");
  const Bytes response = SignedAnswer(group.admin_seed(), Key(2048), outgoing->sealed,
                                      [](Batch& batch) { batch.values[0] = ZZ{2}; });
  ASSERT_EQ(Outcome(wallet->Accept(response, kStart)), "ok");
  ExpectNone(group, blinding);
  ExpectNone(group, Secrets(serials.begin(), serials.begin() + 2));  // burnt
  ExpectAll(group, Secrets(serials.begin() + 2, serials.end()));
  const Secrets tokens = TokensOf(group);
  ASSERT_EQ(tokens.size(), 4 * (GetParam() - 1));
  ExpectAll(group, tokens);

  ASSERT_EQ(wallet->Expire(kStart + 2 * kDay).value(), GetParam() - 1);
  ExpectNone(group, tokens);
  ExpectNone(group, serials);
  wallet.reset();
  EXPECT_EQ(FilesIn(group.WalletDirectory(), "wallet"), std::vector<std::string>{"wallet.db"});
  ExpectNone(group, blinding);
  ExpectNone(group, tokens);
  ExpectNone(group, serials);
}

// Cancel: nothing of the request is left, while another one stays whole.
TEST_P(Erasure, Cancel) {
  const Group group(100);
  std::optional<Wallet> wallet = group.OpenWallet();
  const auto other = wallet->Request(LenderKey(1), 5, false, kStart, SourceOf("other"));
  ASSERT_EQ(Outcome(other), "ok");
  const Secrets kept = AllOf(group, *other);
  const auto outgoing =
      wallet->Request(LenderKey(0), GetParam(), false, kStart, SourceOf("request"));
  ASSERT_EQ(Outcome(outgoing), "ok");
  const Secrets gone = AllOf(group, *outgoing);
  ASSERT_EQ(gone.size(), 4 * GetParam() + 1);
  ExpectAll(group, gone);
  ASSERT_EQ(wallet->Cancel(outgoing->sealed).value(), GetParam());
  ExpectNone(group, gone);
  ExpectAll(group, kept);
  wallet.reset();
  ExpectNone(group, gone);
  ASSERT_EQ(group.OpenWallet().Cancel(other->sealed).value(), 5u);
  ExpectNone(group, kept);
}

// Expire: of what was asked for and never answered nothing is left either, and it counts as burnt.
TEST_P(Erasure, ExpireWhatIsAskedFor) {
  const Group group(100);
  std::optional<Wallet> wallet = group.OpenWallet();
  const auto prepared = wallet->Request(LenderKey(1), 5, false, kStart, SourceOf("prepared"));
  const auto sent = wallet->Request(LenderKey(0), GetParam(), false, kStart, SourceOf("sent"));
  ASSERT_EQ(Outcome(prepared), "ok");
  ASSERT_EQ(Outcome(sent), "ok");
  ASSERT_EQ(Outcome(wallet->Sent(sent->hash)), "ok");
  const Secrets first = AllOf(group, *prepared), second = AllOf(group, *sent);
  EXPECT_EQ(wallet->Expire(kStart + 2 * kDay - 1).value(), 0u);
  EXPECT_EQ(wallet->Look(kStart + 2 * kDay - 1)->expired, 0u);
  ExpectAll(group, first);
  ExpectAll(group, second);
  EXPECT_EQ(wallet->Look(kStart + 2 * kDay)->expired, 5 + GetParam());
  ASSERT_EQ(wallet->Expire(kStart + 2 * kDay).value(), 5 + GetParam());
  ExpectNone(group, first);
  ExpectNone(group, second);
  auto balance = wallet->Look(kStart + 2 * kDay);
  EXPECT_EQ(balance->tokens[TokenState::kBurnt], 5 + GetParam());
  EXPECT_TRUE(balance->requests.empty());
  EXPECT_EQ(Outcome(wallet->Cancel(sent->sealed)), "unusable") << "it has ended already";
  EXPECT_EQ(wallet->Expire(kStart + 2 * kDay).value(), 0u);
}

// Of a request that has ended only its hash is kept: not for which lender it was.
TEST(ErasureOfRequests, TheLenderIsForgotten) {
  const Group group(100);
  Admin admin = group.OpenAdmin();
  Wallet wallet = group.OpenWallet();
  const auto open = [&] {
    return Query(group.WalletFile(), "SELECT count(audience), count(*) FROM request")[0];
  };
  std::vector<Outgoing> requests;
  for (const char* name : {"accepted", "cancelled", "expired"}) {
    requests.push_back(wallet.Request(LenderKey(0), 3, false, kStart, SourceOf(name)).value());
    ASSERT_EQ(Outcome(wallet.Sent(requests.back().hash)), "ok");
  }
  EXPECT_EQ(open(), (std::vector<std::string>{"3", "3"}));
  bool is_new = false;
  const auto response = admin.Issue(requests[0].sealed, kStart, SourceOf("issue"), is_new);
  ASSERT_EQ(Outcome(wallet.Accept(response.value(), kStart)), "ok");
  EXPECT_EQ(open(), (std::vector<std::string>{"2", "3"}));
  ASSERT_EQ(Outcome(wallet.Cancel(requests[1].sealed)), "ok");
  EXPECT_EQ(open(), (std::vector<std::string>{"1", "3"}));
  ASSERT_EQ(Outcome(wallet.Expire(kStart + 2 * kDay)), "ok");
  EXPECT_EQ(open(), (std::vector<std::string>{"0", "3"}));
}

// Many requests at once, ended in another order than they were made.
TEST(ErasureInAnyOrder, OthersStay) {
  const Group group(1000);
  Wallet wallet = group.OpenWallet();
  std::vector<Outgoing> requests;
  std::vector<Secrets> secrets;
  for (std::size_t i = 0; i < 9; ++i) {
    requests.push_back(wallet
                           .Request(LenderKey(i % 2), 1 + (i * 5) % 13, false, kStart,
                                    SourceOf("request " + std::to_string(i)))
                           .value());
    secrets.push_back(AllOf(group, requests[i]));
    ASSERT_EQ(Outcome(wallet.Sent(requests[i].hash)), "ok");
  }
  for (const std::size_t i : {4u, 0u, 8u, 3u, 5u, 1u, 7u, 2u, 6u}) {
    ASSERT_EQ(Outcome(wallet.Cancel(requests[i].sealed)), "ok");
    ExpectNone(group, secrets[i]);
    secrets[i].clear();
    for (const Secrets& rest : secrets) ExpectAll(group, rest);
  }
}

// Tokens of two epochs lie among each other, so that their pages divide and join; one epoch ends.
TEST(ErasureInAnyOrder, TheOtherEpochStays) {
  const Group group(1000);
  Admin admin = group.OpenAdmin();
  Wallet wallet = group.OpenWallet();
  const auto link =
      admin.AddEpoch({1000, 2, 1, LenderKeys()}, Key(2048, 1), kStart, SourceOf("epoch 2"));
  ASSERT_EQ(Outcome(link), "ok");
  ASSERT_EQ(Outcome(wallet.Join(group.admin_key(), link->sealed)), "ok");
  std::vector<Outgoing> requests;
  for (std::size_t i = 0; i < 8; ++i)
    requests.push_back(wallet
                           .Request(LenderKey(0), 5 + 3 * i, false, kStart + (i % 2) * kDay,
                                    SourceOf("request " + std::to_string(i)))
                           .value());
  for (const std::size_t i : {3u, 0u, 7u, 4u, 2u, 1u, 6u, 5u}) {
    const Secrets blinding = BlindingOf(group, requests[i]);
    bool is_new = false;
    const auto response =
        admin.Issue(requests[i].sealed, kStart + (i % 2) * kDay, SourceOf("issue"), is_new);
    ASSERT_EQ(Outcome(response), "ok");
    ASSERT_EQ(Outcome(wallet.Accept(*response, kStart)), "ok");
    ASSERT_EQ(blinding.size(), 2 * (5 + 3 * i) + 1);
    ExpectNone(group, blinding);
  }
  const Secrets ended = TokensOf(group, "number = 1"), stay = TokensOf(group, "number = 2");
  ASSERT_EQ(ended.size(), 4u * (5 + 11 + 17 + 23));
  ASSERT_EQ(stay.size(), 4u * (8 + 14 + 20 + 26));
  ExpectAll(group, ended);
  ExpectAll(group, stay);
  ASSERT_EQ(wallet.Expire(kStart + 2 * kDay).value(), ended.size() / 4);
  ExpectNone(group, ended);
  ExpectAll(group, stay);
  ASSERT_EQ(wallet.Expire(kStart + 3 * kDay).value(), stay.size() / 4);
  ExpectNone(group, stay);
}

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

// The databases and what SQLite keeps beside them are for their owner alone, whatever the umask.
TEST(Modes, ForTheOwnerAlone) {
  const mode_t umask_before = umask(0);
  const Group group;
  const std::string lender_directory = group.directory() / "lender";
  bool made = false;
  auto lender = Lender::Init(lender_directory, SourceOf("lender"), made);
  ASSERT_EQ(Outcome(lender), "ok");
  ASSERT_EQ(Outcome((*lender)->Join(group.admin_key(), group.link())), "ok");
  Admin admin = group.OpenAdmin();
  ASSERT_EQ(Outcome(admin.Enroll(Bytes(32, 1), "somebody")), "ok");
  Wallet wallet = group.OpenWallet();
  ASSERT_EQ(Outcome(wallet.Request(LenderKey(0), 1, false, kStart, SourceOf("r"))), "ok");
  umask(umask_before);
  const std::vector<std::pair<std::string, std::string>> stores = {
      {group.AdminDirectory(), "admin"},
      {group.WalletDirectory(), "wallet"},
      {lender_directory, "lender"}};
  for (const auto& [directory, name] : stores) {
    EXPECT_EQ(ModeOf(directory), 0700u);
    EXPECT_EQ(FilesIn(directory), (std::vector{name + ".db", name + ".db-shm", name + ".db-wal"}));
    for (const std::string& file : FilesIn(directory))
      EXPECT_EQ(ModeOf(directory + "/" + file), 0600u) << file;
  }
}

}  // namespace
}  // namespace blindlend::test
