// The lender against ref/'s spent-set in memory, and the wallet's spending against a plain model, over
// random sequences of what can happen to them. After each step everything stored is compared.
#include <rapidcheck/state.h>

#include <ostream>

#include "app/store/refusal.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

/// How often each outcome of each command was seen.
std::map<std::string, int> seen;

void PrintSeen() {
  int steps = 0;
  for (const auto& [what, count] : seen) {
    std::cout << what << ": " << count << "\n";
    steps += count;
  }
  std::cout << steps << " steps" << std::endl;
  ReportLabels(seen);
}

/// One thing that happens. Do says what the model expects of it, and changes the model; Act does it to
/// the store and says what came of it.
template <class Model, class Store>
struct StepOf : rc::state::Command<Model, Store> {
  explicit StepOf(std::string the_name) : name(std::move(the_name)) {}
  virtual std::string Do(Model& model) const = 0;
  virtual std::string Act(const Model& before, Store& store) const = 0;

  void apply(Model& model) const override { Do(model); }
  void run(const Model& before, Store& store) const override {
    Model after = before;
    const std::string expected = Do(after), actual = Act(before, store);
    RC_ASSERT(actual == expected);
    ++seen[name + ": " + expected];
    Compare(after, store);
  }
  void show(std::ostream& os) const override {
    os << name;
    for (const auto& [what, value] : shown) os << " " << what << "=" << value;
  }

  std::string name;
  std::map<std::string, std::uint64_t> shown;
};

// ---- The lender ----

constexpr std::size_t kTokens = 5, kRequests = 3;

/// Two tokens of the first epoch are asked for often, one less often; two of the second; and one of
/// another lender.
const Held& TokenAt(std::size_t token) {
  if (token == kTokens) return HeldElsewhere();
  return token < 3 ? HeldToken(0, token) : HeldToken(1, token - 3);
}

std::string RequestAt(std::size_t request) {
  return "request " + std::to_string(request);
}

/// The claim id that is drawn after so many others.
Bytes ClaimIdAt(int drawn) {
  Bytes id = SHA256(Ascii("claim " + std::to_string(drawn)));
  id.resize(16);
  return id;
}

struct LenderModel {
  std::uint64_t now = kSpendNow;
  std::size_t epochs = 1;
  bool is_revoked = false;
  SpentSet spent;
  int drawn = 0;
  /// Claims, endings and closings.
  int events = 0;
  /// Tokens and the claim ids that they were claimed with, ever.
  std::vector<std::pair<Bytes, Bytes>> given;
};

struct LenderStore {
  TempDirectory directory;
  std::unique_ptr<Lender> lender;
  int drawn = 0;

  LenderStore() {
    CopyDirectory(LenderDirectory(1), directory / "lender");
    lender = OpenLender(directory / "lender");
  }
  std::string File() const { return directory / "lender/lender.db"; }
};

/// VerifyBorrow has no memory: asked once for the same.
std::expected<Borrow, Failure> Verified(const LenderModel& model, std::size_t token,
                                        std::size_t made_for, std::size_t shown_for) {
  static std::map<std::vector<std::uint64_t>, std::expected<Borrow, Failure>> known;
  const std::vector<std::uint64_t> key = {model.now, model.epochs, model.is_revoked,
                                          token,     made_for,     shown_for};
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  const auto verified =
      VerifyBorrow(SpentChain(model.epochs, model.is_revoked), SpentLender(), model.now,
                   Ascii(RequestAt(shown_for)), TokenAt(token).Borrow(RequestAt(made_for)));
  known.emplace(key, verified);
  return verified;
}

void Compare(const LenderModel& model, LenderStore& store) {
  RC_ASSERT(SpentRows(store.File()) == SpentRows(model.spent));
  Table closed;
  for (const Bytes& key_id : model.spent.closed) closed.push_back({AsText(key_id)});
  RC_ASSERT(Query(store.File(), "SELECT key_id FROM closed ORDER BY key_id") == closed);
  RC_ASSERT(Query(store.File(), "SELECT events FROM counter") ==
            (Table{{std::to_string(model.events)}}));
}

using LenderStep = StepOf<LenderModel, LenderStore>;

struct Redeem : LenderStep {
  std::size_t token =
      *rc::gen::weightedElement<std::size_t>({{9, 0}, {9, 1}, {4, 2}, {4, 3}, {3, 4}, {1, 5}});
  std::size_t request = *rc::gen::weightedElement<std::size_t>({{12, 0}, {2, 1}, {1, 2}});
  std::size_t shown_for = OneIn(15) ? Uniform<std::size_t>(0, kRequests) : request;
  bool owner_lives = OneIn(2), is_exhausted = OneIn(10);
  explicit Redeem(const LenderModel&) : LenderStep("redeem") {
    shown = {{"token", token},
             {"request", request},
             {"shown_for", shown_for},
             {"owner_lives", owner_lives},
             {"is_exhausted", is_exhausted}};
  }
  std::string Do(LenderModel& model) const override {
    const auto borrow = Verified(model, token, request, shown_for);
    if (!borrow) return std::string(borrow.error().step);
    const Bytes id = TokenAt(token).Id(), claim_id = ClaimIdAt(model.drawn);
    const auto claimed = Claim(model.spent, id, borrow->token.key_id, borrow->digest, owner_lives,
                               [&](std::span<std::uint8_t> bytes) {
                                 std::ranges::copy(claim_id, bytes.begin());
                                 return !is_exhausted;
                               });
    if (!claimed) return std::string(claimed.error().step);
    if (claimed->claim_id.empty()) return VerdictName(claimed->verdict);
    ++model.drawn;
    ++model.events;
    model.given.emplace_back(id, claimed->claim_id);
    return VerdictName(claimed->verdict) + " " + Hex(claimed->claim_id);
  }
  std::string Act(const LenderModel&, LenderStore& store) const override {
    const ByteSource source = [&](std::span<std::uint8_t> bytes) {
      if (is_exhausted) return false;
      RC_ASSERT(bytes.size() == 16u);
      std::ranges::copy(ClaimIdAt(store.drawn++), bytes.begin());
      return true;
    };
    const auto claimed =
        store.lender->Redeem(TokenAt(token).Borrow(RequestAt(request)), Ascii(RequestAt(shown_for)),
                             now, owner_lives, source);
    if (!claimed || claimed->claim_id.empty()) return VerdictOf(claimed);
    return VerdictName(claimed->verdict) + " " + Hex(claimed->claim_id);
  }
  void run(const LenderModel& before, LenderStore& store) const override {
    // As StepOf, but without the claim id in what is counted.
    now = before.now;
    LenderModel after = before;
    const std::string expected = Do(after), actual = Act(before, store);
    RC_ASSERT(actual == expected);
    ++seen[name + ": " + expected.substr(0, expected.find(' '))];
    Compare(after, store);
  }
  mutable std::uint64_t now = 0;
};

/// Settle and Release: mostly with the newest claim ids, sometimes with any that ever was, sometimes
/// with none of them.
struct End : LenderStep {
  bool settles;
  std::size_t back = 0;
  bool is_random = OneIn(20);
  Bytes random = Random(OneIn(2) ? 16 : Uniform<std::size_t>(0, 20));
  End(const std::string& the_name, bool the_settles, const LenderModel& model)
      : LenderStep(the_name), settles(the_settles) {
    const auto newest = std::max<std::size_t>(model.given.size(), 1);
    back = OneIn(2) ? 0 : Uniform<std::size_t>(0, OneIn(2) ? 3 : newest);
    shown = {{"back", back}, {"is_random", is_random}};
  }
  Bytes ClaimId(const LenderModel& model) const {
    if (is_random || back >= model.given.size()) return random;
    return model.given[model.given.size() - 1 - back].second;
  }
  std::string Do(LenderModel& model) const override {
    const Bytes claim_id = ClaimId(model);
    // The store has to find out by itself whose claim it is.
    Bytes id(32);
    for (const auto& [token, given] : model.given)
      if (given == claim_id) id = token;
    const auto ended = settles ? blindlend::Settle(model.spent, id, claim_id)
                               : blindlend::Release(model.spent, id, claim_id);
    if (!ended) return std::string(ended.error().step);
    ++model.events;
    return "ok";
  }
  std::string Act(const LenderModel& before, LenderStore& store) const override {
    const Bytes claim_id = ClaimId(before);
    return Outcome(settles ? store.lender->Settle(claim_id) : store.lender->Release(claim_id));
  }
};
struct Settle : End {
  explicit Settle(const LenderModel& model) : End("settle", true, model) {}
};
struct Release : End {
  explicit Release(const LenderModel& model) : End("release", false, model) {}
};

/// By a clock of its own: where it runs ahead, it is set back afterwards.
struct CloseEpochs : LenderStep {
  std::uint64_t at =
      kStart + *rc::gen::weightedElement<std::uint64_t>(
                   {{2, 2 * kDay - 1}, {4, 2 * kDay}, {1, 3 * kDay - 1}, {1, 3 * kDay}});
  explicit CloseEpochs(const LenderModel&) : LenderStep("close") {
    RC_PRE(OneIn(4));
    shown = {{"at", at}};
  }
  std::string Do(LenderModel& model) const override {
    std::string closed = "closed";
    for (const Link& link : SpentChain(model.epochs)) {
      if (at < link.epoch->spend_until) continue;
      const Bytes key_id = *KeyId(link.epoch->pk);
      model.events += model.spent.closed.contains(key_id) ? 0 : 1;
      Close(model.spent, key_id);
      closed += " " + std::to_string(link.number);
    }
    return closed;
  }
  std::string Act(const LenderModel&, LenderStore& store) const override {
    std::string closed = "closed";
    const auto numbers = store.lender->CloseEpochs(at);
    RC_ASSERT(numbers.has_value());
    for (const std::uint32_t number : *numbers) closed += " " + std::to_string(number);
    return closed;
  }
};

/// The second epoch, or, seldom, the revocation that ends everything.
struct JoinNext : LenderStep {
  bool revokes = OneIn(12);
  explicit JoinNext(const LenderModel&) : LenderStep("join") { shown = {{"revokes", revokes}}; }
  void checkPreconditions(const LenderModel& model) const override {
    RC_PRE(!model.is_revoked && (revokes || model.epochs == 1));
  }
  std::string Do(LenderModel& model) const override {
    if (revokes) {
      model.is_revoked = true;
      return "revocation";
    }
    ++model.epochs;
    return "epoch";
  }
  std::string Act(const LenderModel& before, LenderStore& store) const override {
    const Bytes sealed = SealedNewest(before.epochs + (revokes ? 0 : 1), revokes);
    const auto joined = store.lender->Join(PublicOf(IdentityOf("admin")), sealed);
    RC_ASSERT(Outcome(joined) == "ok");
    RC_ASSERT(joined->is_new);
    return joined->link.epoch ? "epoch" : "revocation";
  }
};

struct Reopen : LenderStep {
  explicit Reopen(const LenderModel&) : LenderStep("reopen") {}
  std::string Do(LenderModel&) const override { return "ok"; }
  std::string Act(const LenderModel& before, LenderStore& store) const override {
    store.lender.reset();
    auto lender = Lender::Open(store.directory / "lender");
    RC_ASSERT(Outcome(lender) == "ok");
    store.lender = std::move(*lender);
    RC_ASSERT(store.lender->Audit().value().empty());
    const auto counts = store.lender->Count();
    RC_ASSERT(counts->size() == before.epochs);
    for (const SpentCount& count : *counts) {
      const Bytes key_id = *KeyId(Key(2048, static_cast<int>(count.number) - 1));
      std::map<SpentEntry::State, std::size_t> expected;
      for (const auto& [id, entry] : before.spent.entries)
        if (entry.key_id == key_id) ++expected[entry.state];
      RC_ASSERT(count.closed == before.spent.closed.contains(key_id));
      RC_ASSERT(count.claimed == expected[SpentEntry::State::kClaimed]);
      RC_ASSERT(count.released == expected[SpentEntry::State::kReleased]);
      RC_ASSERT(count.served == expected[SpentEntry::State::kServed]);
    }
    return "ok";
  }
};

struct CompactIt : LenderStep {
  bool only_mark = OneIn(3);
  explicit CompactIt(const LenderModel&) : LenderStep("compact") {
    shown = {{"only_mark", only_mark}};
  }
  std::string Do(LenderModel&) const override { return "ok"; }
  std::string Act(const LenderModel& before, LenderStore& store) const override {
    RC_ASSERT((only_mark ? Outcome(store.lender->WriteMark()) : Outcome(store.lender->Compact())) ==
              "ok");
    RC_ASSERT(ReadAll(store.directory / "lender/lender.mark") ==
              std::to_string(before.events) + "\n");
    return "ok";
  }
};

/// The clock stands anywhere from before the first spend window to behind the last, also back again.
struct SetClock : LenderStep {
  std::uint64_t quarters = *rc::gen::weightedElement<std::uint64_t>(
      {{6, 4}, {9, 6}, {9, 7}, {2, 8}, {2, 11}, {1, 1}, {1, 12}});
  explicit SetClock(const LenderModel&) : LenderStep("clock") {
    RC_PRE(OneIn(2));
    shown = {{"quarters of a day", quarters}};
  }
  std::string Do(LenderModel& model) const override {
    model.now = kStart + quarters * kDay / 4;
    return "ok";
  }
  std::string Act(const LenderModel&, LenderStore&) const override { return "ok"; }
};

// Claim.SpentOnce
TEST(SpentModel, LenderIsTheSpentSet) {
  seen.clear();
  CheckProperty(
      [] {
        LenderStore store;
        rc::state::check(
            LenderModel{}, store,
            rc::state::gen::execOneOfWithArgs<Redeem, Redeem, Redeem, Redeem, Redeem, Redeem,
                                              Redeem, Redeem, Redeem, Redeem, Settle, Release,
                                              Release, Release, Release, CloseEpochs, JoinNext,
                                              Reopen, CompactIt, SetClock>());
      },
      4);
  PrintSeen();
  // Each is seen so often that a sound generator misses it in fewer than 2^-40 of all runs.
  for (const char* what : {"redeem: fresh",
                           "redeem: retry",
                           "redeem: busy",
                           "redeem: served",
                           "redeem: double-spend",
                           "redeem: Claim.1",
                           "redeem: Claim.5",
                           "redeem: VerifyBorrow.2",
                           "redeem: VerifyBorrow.3",
                           "redeem: VerifyBorrow.4",
                           "redeem: VerifyBorrow.5",
                           "redeem: VerifyBorrow.8",
                           "settle: ok",
                           "settle: Settle.1",
                           "release: ok",
                           "release: Release.1",
                           "release: Release.2",
                           "close: closed",
                           "close: closed 1",
                           "join: epoch",
                           "join: revocation",
                           "reopen: ok",
                           "compact: ok"})
    EXPECT_GE(seen[what], 1) << what;
}

// ---- The wallet ----

/// A wallet with tokens of two epochs for two lenders, made once and copied.
struct FirstWallet {
  Group group{20};
  Bytes second, revocation;
  struct WalletToken {
    Bytes id, seed;
    Token token;
    std::size_t number;
  };
  std::vector<WalletToken> tokens;  // by epoch, then by id

  FirstWallet() {
    Admin admin = group.OpenAdmin();
    Wallet wallet = group.OpenWallet();
    second =
        admin.AddEpoch({20, 2, 1, LenderKeys()}, Key(2048, 1), kStart, SourceOf("epoch 2"))->sealed;
    wallet.Join(group.admin_key(), second).value();
    int i = 0;
    for (const std::uint64_t now : {kStart, kStart + kDay})
      for (const std::size_t lender : {0u, 1u}) {
        bool is_new = false;
        const auto request =
            wallet.Request(LenderKey(lender), 2, false, now, SourceOf(std::to_string(++i)));
        wallet.Accept(admin.Issue(request->sealed, now, SourceOf("i"), is_new).value(), now)
            .value();
      }
    for (const auto& row :
         Query(group.WalletFile(), "SELECT id, seed, token, number FROM token ORDER BY number, id"))
      tokens.push_back({AsBytes(row[0]), AsBytes(row[1]), ParseToken(AsBytes(row[2])).value(),
                        std::stoul(row[3])});
    revocation = admin.Revoke()->sealed;
  }
  static const FirstWallet& Get() {
    static const FirstWallet first;
    return first;
  }
};

enum class Fate { kHeld, kSpending, kSpent, kBurnt };
struct WalletModel {
  std::uint64_t now = kStart + kDay + kDay / 2;
  bool is_revoked = false;
  /// By token: what became of it, and of which request it was reserved for.
  std::vector<std::pair<Fate, std::size_t>> tokens =
      std::vector<std::pair<Fate, std::size_t>>(FirstWallet::Get().tokens.size());
  /// What left: tokens and requests.
  std::vector<std::pair<std::size_t, std::size_t>> borrows;

  bool WasReserved(std::size_t i) const {
    return std::ranges::any_of(borrows, [i](const auto& each) { return each.first == i; });
  }
};

struct WalletStore {
  TempDirectory directory;
  std::optional<Wallet> wallet;
  WalletStore() {
    CopyDirectory(FirstWallet::Get().group.WalletDirectory(), directory / "wallet");
    OpenIt();
  }
  void OpenIt() {
    wallet.reset();
    wallet.emplace(Wallet::Open(directory / "wallet").value());
  }
};

const FirstWallet::WalletToken& WalletTokenAt(std::size_t i) {
  return FirstWallet::Get().tokens[i];
}

/// Whether a piece of bytes is in the files. Pages cut what is long, not what is as short as a piece.
bool HoldsPieceOf(const std::map<std::string, std::string>& files, const Bytes& bytes) {
  for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16)
    for (const auto& [name, content] : files)
      if (content.find(AsText(View(bytes).subspan(at, 16))) != std::string::npos) return true;
  return false;
}

void Compare(const WalletModel& model, WalletStore& store) {
  std::map<std::string, std::vector<std::string>> expected, actual;
  std::map<TokenState, std::size_t> counts;
  std::size_t expired = 0;
  const auto files = Contents(store.directory / "wallet");
  for (std::size_t i = 0; i < model.tokens.size(); ++i) {
    const auto& [fate, request] = model.tokens[i];
    const auto& token = WalletTokenAt(i);
    const Bytes digest = RequestDigest(token.id, Ascii(RequestAt(request)));
    if (fate == Fate::kHeld || fate == Fate::kSpending) {
      const bool is_held = fate == Fate::kHeld;
      expected[AsText(token.id)] = {is_held ? "held" : "spending", is_held ? "" : AsText(digest),
                                    model.WasReserved(i) ? "1" : "0"};
      ++counts[is_held ? TokenState::kHeld : TokenState::kSpending];
      if (model.is_revoked || model.now >= kStart + (token.number + 1) * kDay) ++expired;
    } else {
      ++counts[fate == Fate::kSpent ? TokenState::kSpent : TokenState::kBurnt];
      // Served or burnt: only a count is left.
      for (const Bytes& secret : {token.id, token.seed, token.token.spend_key, token.token.sig})
        RC_ASSERT(!HoldsPieceOf(files, secret));
    }
    // Digests are there as long as the token is reserved for that request.
    for (std::size_t each = 0; each < kRequests; ++each) {
      const bool is_there = HoldsPieceOf(files, RequestDigest(token.id, Ascii(RequestAt(each))));
      RC_ASSERT(is_there == (fate == Fate::kSpending && each == request));
    }
  }
  for (const auto& row : Query(store.directory / "wallet/wallet.db",
                               "SELECT id, state, digest, digest IS NOT NULL FROM token"))
    actual[row[0]] = {row[1], row[2], row[3]};
  RC_ASSERT(actual == expected);
  const auto balance = store.wallet->Look(model.now);
  for (const auto& [state, count] : balance->tokens) RC_ASSERT(count == counts[state]);
  RC_ASSERT(balance->expired == expired);
}

using WalletStep = StepOf<WalletModel, WalletStore>;

struct Spend : WalletStep {
  /// 0 and 1: a lender; 2: one that no token is for; 3: any.
  std::size_t lender = *rc::gen::weightedElement<std::size_t>({{4, 0}, {4, 1}, {1, 2}, {4, 3}});
  std::size_t request = Uniform<std::size_t>(0, kRequests);
  std::size_t seed = Uniform<std::size_t>(0, 1000);
  explicit Spend(const WalletModel&) : WalletStep("spend") {
    shown = {{"lender", lender}, {"request", request}, {"seed", seed}};
  }
  ByteSource Source() const { return SourceOf("which " + std::to_string(seed)); }
  bool Fits(std::size_t i) const {
    return lender == 3 || WalletTokenAt(i).token.audience == LenderKey(lender);
  }
  /// Which token it will be, and whether it is reserved now.
  std::optional<std::pair<std::size_t, bool>> Choose(const WalletModel& model) const {
    std::optional<std::size_t> same;
    for (std::size_t i = 0; i < model.tokens.size(); ++i)
      if (model.tokens[i] == std::pair(Fate::kSpending, request) && Fits(i) &&
          (!same || WalletTokenAt(i).id < WalletTokenAt(*same).id))
        same = i;
    if (same) return std::pair(*same, false);
    // The windows of these epochs do not overlap.
    for (const bool was_reserved : {false, true}) {
      std::vector<std::size_t> some;
      for (std::size_t i = 0; i < model.tokens.size(); ++i) {
        const std::uint64_t from = kStart + WalletTokenAt(i).number * kDay;
        if (model.tokens[i].first == Fate::kHeld && Fits(i) && model.now >= from &&
            model.now < from + kDay && model.WasReserved(i) == was_reserved)
          some.push_back(i);
      }
      if (!some.empty()) return std::pair(some[*DrawIndex(some.size(), Source())], true);
    }
    return std::nullopt;
  }
  std::string Do(WalletModel& model) const override {
    if (model.is_revoked) return "unusable";
    const auto chosen = Choose(model);
    if (!chosen) return "refused";
    model.tokens[chosen->first] = {Fate::kSpending, request};
    if (!chosen->second) return "the same again";
    const bool was_reserved = model.WasReserved(chosen->first);
    model.borrows.emplace_back(chosen->first, request);
    return was_reserved ? "one that was shown" : "ok";
  }
  std::string Act(const WalletModel& before, WalletStore& store) const override {
    std::optional<Bytes> audience;
    if (lender < 3) audience = LenderKey(lender);
    const auto spent =
        store.wallet->Spend(audience, Ascii(RequestAt(request)), before.now, Source());
    if (!spent) return Outcome(spent);
    const auto chosen = Choose(before);
    RC_ASSERT(chosen.has_value());
    const auto& token = WalletTokenAt(chosen->first);
    RC_ASSERT(spent->is_new == chosen->second);
    RC_ASSERT(spent->audience == token.token.audience);
    RC_ASSERT(spent->sealed == *MakeBorrow(token.token, token.seed, Ascii(RequestAt(request))));
    if (!spent->is_new) return "the same again";
    return before.WasReserved(chosen->first) ? "one that was shown" : "ok";
  }
};

struct EndSpending : WalletStep {
  bool served = OneIn(2), is_cut = OneIn(10);
  std::size_t at = 0;
  explicit EndSpending(const WalletModel& model) : WalletStep("end") {
    RC_PRE(!model.borrows.empty());
    at = OneIn(3) ? Uniform<std::size_t>(0, model.borrows.size()) : model.borrows.size() - 1;
    shown = {{"borrow", at}, {"served", served}, {"is_cut", is_cut}};
  }
  void checkPreconditions(const WalletModel& model) const override {
    RC_PRE(at < model.borrows.size());
  }
  std::string Do(WalletModel& model) const override {
    if (is_cut) return "ParseBorrow.1";
    auto& [fate, request] = model.tokens[model.borrows[at].first];
    if (fate != Fate::kSpending || request != model.borrows[at].second) return "unusable";
    fate = served ? Fate::kSpent : Fate::kHeld;
    return served ? "served" : "released";
  }
  std::string Act(const WalletModel& before, WalletStore& store) const override {
    const auto& [i, request] = before.borrows[at];
    Bytes sealed =
        *MakeBorrow(WalletTokenAt(i).token, WalletTokenAt(i).seed, Ascii(RequestAt(request)));
    if (is_cut) sealed.resize(80);
    const auto ended = store.wallet->End(sealed, served);
    return !ended ? Outcome(ended) : served ? "served" : "released";
  }
};

struct ExpireTokens : WalletStep {
  explicit ExpireTokens(const WalletModel&) : WalletStep("expire") { RC_PRE(OneIn(3)); }
  std::string Do(WalletModel& model) const override {
    std::size_t count = 0;
    for (std::size_t i = 0; i < model.tokens.size(); ++i) {
      Fate& fate = model.tokens[i].first;
      if ((fate != Fate::kHeld && fate != Fate::kSpending) ||
          (!model.is_revoked && model.now < kStart + (WalletTokenAt(i).number + 1) * kDay))
        continue;
      fate = Fate::kBurnt;
      ++count;
    }
    return count == 0 ? "none" : "some";
  }
  std::string Act(const WalletModel& before, WalletStore& store) const override {
    const auto count = store.wallet->Expire(before.now);
    return !count ? Outcome(count) : *count == 0 ? "none" : "some";
  }
};

struct RevokeIt : WalletStep {
  explicit RevokeIt(const WalletModel& model) : WalletStep("revoke") {
    RC_PRE(!model.is_revoked && OneIn(10));
  }
  void checkPreconditions(const WalletModel& model) const override { RC_PRE(!model.is_revoked); }
  std::string Do(WalletModel& model) const override {
    model.is_revoked = true;
    return "ok";
  }
  std::string Act(const WalletModel&, WalletStore& store) const override {
    const FirstWallet& first = FirstWallet::Get();
    return Outcome(store.wallet->Join(first.group.admin_key(), first.revocation));
  }
};

struct ReopenWallet : WalletStep {
  explicit ReopenWallet(const WalletModel&) : WalletStep("reopen") {}
  std::string Do(WalletModel&) const override { return "ok"; }
  std::string Act(const WalletModel&, WalletStore& store) const override {
    store.OpenIt();
    return "ok";
  }
};

/// To the edges of the spend windows, which are [1 d, 2 d) and [2 d, 3 d).
struct SetWalletClock : WalletStep {
  std::uint64_t now = kStart + *rc::gen::weightedElement<std::uint64_t>({{3, kDay},
                                                                         {1, kDay - 1},
                                                                         {3, 2 * kDay - 1},
                                                                         {3, 2 * kDay},
                                                                         {2, 3 * kDay - 1},
                                                                         {1, 3 * kDay}});
  explicit SetWalletClock(const WalletModel&) : WalletStep("clock") { shown = {{"now", now}}; }
  std::string Do(WalletModel& model) const override {
    model.now = now;
    return "ok";
  }
  std::string Act(const WalletModel&, WalletStore&) const override { return "ok"; }
};

TEST(SpentModel, WalletSpends) {
  seen.clear();
  CheckProperty(
      [] {
        WalletStore store;
        rc::state::check(
            WalletModel{}, store,
            rc::state::gen::execOneOfWithArgs<Spend, Spend, Spend, Spend, Spend, EndSpending,
                                              EndSpending, EndSpending, ExpireTokens, RevokeIt,
                                              ReopenWallet, SetWalletClock>());
      },
      3);
  PrintSeen();
  for (const char* what :
       {"spend: ok", "spend: the same again", "spend: one that was shown", "spend: refused",
        "spend: unusable", "end: served", "end: released", "end: unusable", "end: ParseBorrow.1",
        "expire: some", "revoke: ok", "reopen: ok"})
    EXPECT_GE(seen[what], 1) << what;
}

}  // namespace
}  // namespace blindlend::test
