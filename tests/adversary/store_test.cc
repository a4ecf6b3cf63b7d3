// The same experiments on what a lender, a member and an asker really run: the databases of app/store.
#include "app/store/replay.h"
#include "tests/adversary/battery.h"
#include "tests/adversary/world.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

// A lender's database as a spent-set. Contents: the file, compacted, without the counters in its header that
// count how often it was written (tests/store/view_test.cc says which and why).
class LenderBook : public SpentBook {
 public:
  LenderBook() {
    CopyDirectory(LenderDirectory(1), directory_ / "lender");
    lender_ = OpenLender(directory_ / "lender");
  }
  Claimed Claim(const Borrow& borrow, bool owner_lives, const ByteSource& source) override {
    return lender_->ClaimVerified(borrow, 1, owner_lives, source).value().value();
  }
  bool Settle(const Borrow&, View claim_id) override {
    return lender_->Settle(claim_id).has_value();
  }
  bool Release(const Borrow&, View claim_id) override {
    return lender_->Release(claim_id).has_value();
  }
  std::string Contents() override {
    EXPECT_TRUE(lender_->Compact());
    std::string content = ReadAll(directory_ / "lender/lender.db");
    for (const std::size_t at : {24u, 40u, 92u}) content.replace(at, 4, "----");
    return content;
  }
  std::size_t Room() const override { return 200; }

 private:
  TempDirectory directory_;
  std::unique_ptr<Lender> lender_;
};

// The file of nonces.
class FileChecker : public Checker {
 public:
  bool Check(View key, View instance, View lender, std::uint64_t now, View bytes) override {
    return CheckOnce(directory_ / "seen.db", key, instance, lender, NonceIn(bytes), now, bytes)
        .has_value();
  }

 private:
  TempDirectory directory_;
};

// Claim.SpentOnce, Claim.SpentSetNeutral, Claim.AttestationOnce: everything that the battery asks of a
// spent-set and of a memory of nonces.
TEST(Store, PassesTheBattery) {
  const Subject subject{"app/store",
                        [](const Bytes&) {
                          Parties parties = Shipped();
                          parties.open_book = [] { return std::make_unique<LenderBook>(); };
                          parties.open_checker = [] { return std::make_unique<FileChecker>(); };
                          return parties;
                        },
                        {Part::kBook, Part::kChecker}};
  int ran = 0;
  for (const Experiment& experiment : Battery()) {
    if (!LooksAt(experiment, subject.parts)) continue;
    const Finding finding = experiment.run(subject);
    EXPECT_FALSE(finding.caught) << experiment.name << ": " << finding.how;
    ++ran;
  }
  EXPECT_EQ(ran, 8);
}

// Claim.AbortsTellNothing for the wallet: the serials of a request that was answered wrongly are neither
// asked for again nor shown. The tape is known here, so the burnt serials can be computed.
TEST(Store, AWalletNeverUsesAFailedSerialAgain) {
  Group group(8);
  Wallet wallet = group.OpenWallet();
  const SecretKey& sk = Key(2048);
  const auto first = wallet.Request(LenderKey(0), 3, false, kStart, SourceOf("first")).value();
  const ByteSource again = SourceOf("first");
  std::set<Bytes> burnt;
  for (int i = 0; i < 3; ++i)
    burnt.insert(PublicOf(MintToken(*KeyId(sk), LenderKey(0), again)->seed));
  const auto accepted = wallet.Accept(SignedAnswer(group.admin_seed(), sk, first.sealed,
                                                   [](Batch& response) {
                                                     for (ZZ& value : response.values) value = 2;
                                                   }),
                                      kStart);
  ASSERT_EQ(Outcome(accepted), "ok");
  EXPECT_EQ(accepted->burnt, 3u);
  EXPECT_FALSE(accepted->evidence.empty());
  for (const Bytes& serial : burnt) EXPECT_FALSE(Holds(group.WalletDirectory(), serial));

  const auto second = wallet.Request(LenderKey(0), 3, false, kStart, SourceOf("second")).value();
  const Request one = *VerifyRequest(first.sealed), two = *VerifyRequest(second.sealed);
  for (const ZZ& value : two.batch.values)
    EXPECT_EQ(std::ranges::find(one.batch.values, value), one.batch.values.end());
  ASSERT_EQ(Outcome(wallet.Accept(SignedAnswer(group.admin_seed(), sk, second.sealed), kStart)),
            "ok");
  for (int i = 0; i < 3; ++i) {
    const auto borrow = wallet.Spend(LenderKey(0), Ascii("request " + std::to_string(i)),
                                     kStart + kDay, SourceOf("any"));
    ASSERT_EQ(Outcome(borrow), "ok");
    const View body = View(borrow->sealed).first(borrow->sealed.size() - 64);
    EXPECT_FALSE(burnt.contains(ParseBorrow(body)->token.spend_key));
  }
}

}  // namespace
}  // namespace blindlend::test
