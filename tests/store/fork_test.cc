// Joining: what a dishonest admin signs to members and lenders, and what is merely missing.
#include <filesystem>

#include "app/store/refusal.h"
#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

/// An epoch of the group, issued in [100 n, 100 n + 100) and spent from its middle on.
Link Epoch(int key, std::uint32_t number, const Bytes& predecessor,
           const std::string& group = "a group") {
  const SecretKey& sk = Key(2048, key);
  std::vector<Bytes> lenders = LenderKeys();
  std::ranges::sort(lenders);
  const std::uint64_t from = 100 * number;
  return {Ascii(group), number, predecessor,
          blindlend::Epoch{sk, CachedRoots(sk, group), from, from + 100, from + 50, from + 200, 10,
                           lenders}};
}

Link Revocation(std::uint32_t number, const Bytes& predecessor) {
  return {Ascii("a group"), number, predecessor, std::nullopt};
}

Bytes AfterOf(const Link& link) {
  return LinkId(link).value();
}

/// Members and lenders join by the same rules.
template <class Store>
class Fork : public testing::Test {
 protected:
  Fork() { Open(); }

  void Open() {
    bool made = false;
    store_.reset();
    auto store = Store::Init(Place(), SourceOf("store"), made).value();
    if constexpr (std::is_same_v<Store, Wallet>)
      store_.emplace(std::move(store));
    else
      store_ = std::move(store);
  }
  std::string Place() const { return directory_ / "store"; }
  Table Chain() const {
    return Query(Place() + (std::is_same_v<Store, Wallet> ? "/wallet.db" : "/lender.db"),
                 "SELECT number, sealed FROM link ORDER BY number");
  }
  auto Join(const Bytes& sealed) { return store_->Join(admin_, sealed); }

  void JoinAll(const std::vector<Link>& links) {
    for (const Link& link : links) {
      const auto joined = Join(SealLink(seed_, link));
      ASSERT_EQ(Outcome(joined), "ok");
      ASSERT_TRUE(joined->is_new);
    }
  }

  /// Refused with evidence that convicts the admin by two links, `known` and the new one.
  void ExpectFork(const Link& link, const Link& known, const std::string& what) {
    const Bytes sealed = SealLink(seed_, link);
    const Table before = Chain();
    for (int times = 0; times < 2; ++times) {  // and again when it is shown again
      const auto joined = Join(sealed);
      ASSERT_EQ(Outcome(joined), "Extend.1") << what;
      ASSERT_EQ(Chain(), before) << what;
      const auto files = FilesIn(Place(), "evidence-fork-");
      ASSERT_EQ(files.size(), 1u) << what;
      ASSERT_NE(joined.error().line.find(files[0]), std::string::npos) << what;
      const auto parts = EvidenceParts(Place() + "/" + files[0]);
      ASSERT_EQ(parts.size(), 2u) << what;
      ASSERT_EQ(parts[0], SealLink(seed_, known)) << what;
      ASSERT_EQ(parts[1], sealed) << what;
      ASSERT_EQ(Step(CheckFork(admin_, parts[0], parts[1])), "") << what;
      if (times == 1) std::filesystem::remove(Place() + "/" + files[0]);
      Open();  // what is not in the file does not count
    }
  }

  /// Refused without a trace.
  void ExpectRefused(const Bytes& sealed, const std::string& outcome, const std::string& what) {
    const Table before = Chain();
    ASSERT_EQ(Outcome(Join(sealed)), outcome) << what;
    ASSERT_EQ(Chain(), before) << what;
    ASSERT_TRUE(FilesIn(Place(), "evidence").empty()) << what;
    ASSERT_TRUE(FilesIn(Place(), ".").empty()) << what;
  }

  TempDirectory directory_;
  const Bytes seed_ = SeedOf("the admin"), admin_ = PublicOf(seed_);
  // A Wallet as a value, a Lender behind a pointer: both are reached by ->.
  std::conditional_t<std::is_same_v<Store, Wallet>, std::optional<Store>, std::unique_ptr<Store>>
      store_;
};

using Stores = testing::Types<Wallet, Lender>;
TYPED_TEST_SUITE(Fork, Stores);

// Claim.OneKeyForAll
// Every link that contradicts the chain, one part at a time.
TYPED_TEST(Fork, ContradictionIsKeptAsEvidence) {
  const Link first = Epoch(0, 1, Bytes(32)), second = Epoch(1, 2, AfterOf(first));
  const Link third = Epoch(2, 3, AfterOf(second));
  this->JoinAll({first, second});
  this->ExpectFork(Epoch(2, 2, AfterOf(first)), second, "another key for the newest number");
  this->ExpectFork(Epoch(2, 1, Bytes(32)), first, "another key for an older number");
  this->ExpectFork(Epoch(2, 3, AfterOf(first)), second, "a predecessor that is not ours");
  this->ExpectFork(Epoch(2, 3, Bytes(32)), second, "no predecessor");
  this->ExpectFork(Epoch(0, 3, AfterOf(second)), first, "the first key again");
  this->ExpectFork(Epoch(1, 3, AfterOf(second)), second, "the second key again");
  this->ExpectFork(Epoch(1, 9, SeedOf("unseen")), second, "a known key behind a gap");
  this->ExpectFork(Epoch(2, 3, AfterOf(second), "another group"), first, "another group");
  this->ExpectFork(Epoch(2, 1, Bytes(32), "another group"), first, "another group's beginning");
  this->ExpectFork(Revocation(2, AfterOf(first)), second, "a revocation in the place of an epoch");
  this->ExpectFork(Revocation(3, SeedOf("unseen")), second, "a revocation of another chain");
  Link changed = third;
  changed.epoch->issue_from = second.epoch->issue_until - 1;
  this->ExpectFork(changed, second, "issue windows that overlap by a second");
  changed = Epoch(2, 9, SeedOf("unseen"));
  changed.epoch->issue_from = first.epoch->issue_until - 1;
  this->ExpectFork(changed, first, "issue windows that overlap behind a gap");
  changed = second;
  ++changed.epoch->quota;
  this->ExpectFork(changed, second, "another quota");
  changed = second;
  changed.epoch->lenders.pop_back();
  this->ExpectFork(changed, second, "other lenders");
  // Issue windows that touch are an honest successor's.
  this->JoinAll({third});
}

// It does not take a good key, good windows or a good certificate to convict.
TYPED_TEST(Fork, AlsoWhatIsRefusedByItself) {
  const Link first = Epoch(0, 1, Bytes(32)), second = Epoch(1, 2, AfterOf(first));
  this->JoinAll({first, second});
  Link small = Epoch(2, 2, AfterOf(first));
  small.epoch->pk = Key(512);
  small.epoch->roots = std::vector<ZZ>(8, ZZ{1});
  this->ExpectFork(small, second, "a key of 512 bits");
  Link uncertified = Epoch(2, 2, AfterOf(first));
  uncertified.epoch->roots[7] += 1;
  this->ExpectFork(uncertified, second, "a bad certificate");
  Link backwards = Epoch(2, 2, AfterOf(first));
  std::swap(backwards.epoch->issue_from, backwards.epoch->issue_until);
  this->ExpectFork(backwards, second, "windows out of order");

  // Without a contradiction it is merely refused.
  small.number = uncertified.number = backwards.number = 3;
  small.predecessor = uncertified.predecessor = backwards.predecessor = AfterOf(second);
  for (Link* link : {&small, &uncertified, &backwards}) {
    link->epoch->issue_from += 100;
    link->epoch->issue_until += 100;
    link->epoch->spend_from += 100;
    link->epoch->spend_until += 100;
  }
  this->ExpectRefused(SealLink(this->seed_, small), "VerifyLink.5", "a key of 512 bits");
  this->ExpectRefused(SealLink(this->seed_, uncertified), "VerifyLink.6", "a bad certificate");
  this->ExpectRefused(SealLink(this->seed_, backwards), "VerifyLink.4", "windows");
}

// A revocation ends the chain; what comes after it convicts.
TYPED_TEST(Fork, NothingAfterARevocation) {
  const Link first = Epoch(0, 1, Bytes(32)), revocation = Revocation(2, AfterOf(first));
  this->JoinAll({first, revocation});
  this->ExpectFork(Epoch(1, 3, AfterOf(revocation)), revocation, "an epoch after it");
  this->ExpectFork(Revocation(3, AfterOf(revocation)), revocation, "another revocation after it");
  this->ExpectFork(Epoch(1, 2, AfterOf(first)), revocation, "an epoch in its place");
  this->ExpectFork(Epoch(1, 9, SeedOf("unseen")), revocation, "an epoch behind a gap");
  const auto again = this->Join(SealLink(this->seed_, revocation));
  ASSERT_EQ(Outcome(again), "ok");
  EXPECT_FALSE(again->is_new);
}

// A number that is missing accuses nobody; when it has been joined, the later one is.
TYPED_TEST(Fork, GapsAreNoEvidence) {
  const Link first = Epoch(0, 1, Bytes(32)), second = Epoch(1, 2, AfterOf(first));
  const Link third = Epoch(2, 3, AfterOf(second)), end = Revocation(4, AfterOf(third));
  this->JoinAll({first});
  this->ExpectRefused(SealLink(this->seed_, third), "Extend.3", "the second is missing");
  this->ExpectRefused(SealLink(this->seed_, end), "Extend.3", "two are missing");
  this->JoinAll({second});
  this->ExpectRefused(SealLink(this->seed_, end), "Extend.3", "the third is missing");
  this->JoinAll({third, end});
  EXPECT_EQ(this->Chain().size(), 4u);
  for (const Link& link : {first, second, third, end})
    EXPECT_FALSE(this->Join(SealLink(this->seed_, link))->is_new) << "known already";
}

// Who joined later does not take what is older than its chain, and the older does not convict.
TYPED_TEST(Fork, OlderThanTheChain) {
  const Link first = Epoch(0, 1, Bytes(32)), second = Epoch(1, 2, AfterOf(first));
  const Link third = Epoch(2, 3, AfterOf(second));
  this->JoinAll({second});
  this->ExpectRefused(SealLink(this->seed_, first), "Extend.3", "older");
  this->JoinAll({third});
  this->ExpectRefused(SealLink(this->seed_, first), "Extend.3", "older");
  this->ExpectFork(Epoch(0, 1, Bytes(32), "another group"), second, "another group");
  this->ExpectFork(Epoch(3, 1, Bytes(32)), second, "an older one that is not its predecessor");
}

// Nobody else's signature counts, neither as a link nor as evidence.
TYPED_TEST(Fork, AnotherAdmin) {
  const Bytes other_seed = SeedOf("another admin"), other = PublicOf(other_seed);
  const Link first = Epoch(0, 1, Bytes(32)), twin = Epoch(1, 1, Bytes(32));
  const Bytes sealed = SealLink(this->seed_, first);
  this->ExpectRefused(SealLink(other_seed, first), "VerifyLink.1", "before the first link");
  this->JoinAll({first});
  this->ExpectRefused(SealLink(other_seed, twin), "VerifyLink.1", "signed by another");
  for (const std::size_t bit : {std::size_t{0}, 8 * sealed.size() / 2, 8 * sealed.size() - 1})
    this->ExpectRefused(FlipBit(sealed, bit), "VerifyLink.1", "a bit changed");
  this->ExpectRefused(Bytes(View(sealed).begin(), View(sealed).end() - 1), "VerifyLink.1", "cut");
  for (const std::size_t length : {0u, 1u, 63u, 64u, 65u})
    this->ExpectRefused(Bytes(length), "VerifyLink.1", "too short");
  this->ExpectRefused(Seal(this->seed_, "blindlend v1 link", Ascii("no link")), "VerifyLink.2",
                      "not a link");
  this->ExpectRefused(Seal(this->seed_, "blindlend v1 response", *EncodeLink(twin)), "VerifyLink.1",
                      "another tag");
  const Table before = this->Chain();
  EXPECT_EQ(Outcome(this->store_->Join(other, SealLink(other_seed, first))), "unusable");
  EXPECT_EQ(Outcome(this->store_->Join(other, SealLink(other_seed, twin))), "unusable");
  EXPECT_EQ(Outcome(this->store_->Join(View(this->admin_).first(31), sealed)), "unusable");
  EXPECT_EQ(this->Chain(), before);
  EXPECT_TRUE(FilesIn(this->Place(), "evidence").empty());
}

// Where the evidence cannot be written, the contradiction is still refused and nothing has changed.
TYPED_TEST(Fork, EvidenceThatCannotBeWritten) {
  const Link first = Epoch(0, 1, Bytes(32)), twin = Epoch(1, 1, Bytes(32));
  this->JoinAll({first});
  // A directory is in its place.
  const std::string name = "/evidence-fork-" + Hex(LinkId(twin).value()).substr(0, 16) + ".txt";
  std::filesystem::create_directory(this->Place() + name);
  const Table before = this->Chain();
  EXPECT_EQ(Outcome(this->Join(SealLink(this->seed_, twin))), "unusable");
  EXPECT_EQ(this->Chain(), before);
  EXPECT_TRUE(FilesIn(this->Place(), ".").empty()) << "nothing is left beside it";
  std::filesystem::remove(this->Place() + name);
  this->ExpectFork(twin, first, "later");
}

// What the admin itself will not sign: its own store keeps it from contradicting itself.
TEST(AdminChain, RefusesToContradictItself) {
  const Group group;
  Admin admin = group.OpenAdmin();
  const auto add = [&](int key, const EpochPlan& plan, std::uint64_t now) {
    return admin.AddEpoch(plan, Key(2048, key), now, SourceOf("epoch"));
  };
  EXPECT_EQ(Outcome(add(0, {4, 2, 1, LenderKeys()}, kStart)), "Compatible.9") << "the key again";
  EXPECT_EQ(Outcome(add(1, {4, 2, 2, LenderKeys()}, kStart)), "VerifyLink.4") << "never spent";
  EXPECT_EQ(Outcome(add(1, {4, 0, {}, LenderKeys()}, kStart)), "VerifyLink.4") << "no days";
  EXPECT_EQ(Outcome(add(1, {0, 2, 1, LenderKeys()}, kStart)), "EncodeLink.4") << "no quota";
  EXPECT_EQ(Outcome(add(1, {4, 2, 1, {}}, kStart)), "EncodeLink.4") << "no lender";
  EXPECT_EQ(Outcome(add(1, {4, 2, 1, {LenderKey(0), LenderKey(0)}}, kStart)), "EncodeLink.4");
  EXPECT_EQ(Outcome(admin.AddEpoch({4, 2, 1, LenderKeys()}, Key(512), kStart, SourceOf("e"))),
            "VerifyLink.5");
  EXPECT_EQ(admin.Chain()->size(), 1u);
  const auto early = add(1, {4, 2, {}, LenderKeys()}, kStart - 9 * kDay);
  ASSERT_EQ(Outcome(early), "ok");
  EXPECT_EQ(early->link.epoch->issue_from, kStart + kDay) << "when the one before is over";
  EXPECT_EQ(early->link.epoch->spend_from, kStart + kDay);
  EXPECT_EQ(early->link.epoch->issue_until, kStart + 3 * kDay);
  const auto revocation = admin.Revoke();
  ASSERT_EQ(Outcome(revocation), "ok");
  EXPECT_EQ(admin.Revoke()->sealed, revocation->sealed) << "the same one";
  EXPECT_EQ(Outcome(add(2, {4, 2, 1, LenderKeys()}, kStart)), "unusable");
  // Everybody takes what it has signed.
  bool made = false;
  auto lender = Lender::Init(group.directory() / "lender", SourceOf("lender"), made).value();
  const auto chain = admin.Chain();
  ASSERT_EQ(chain->size(), 3u);
  for (const SealedLink& link : *chain)
    EXPECT_EQ(Outcome(lender->Join(admin.key(), link.sealed)), "ok");
}

}  // namespace
}  // namespace blindlend::test
