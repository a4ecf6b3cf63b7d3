// The ledger and the wallets against a plain model of their accounts, over random sequences of what can
// happen to them. After each step everything that can be seen is compared.
#include <rapidcheck/state.h>

#include <filesystem>
#include <ostream>

#include "app/store/refusal.h"
#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

constexpr std::size_t kMembers = 3, kEpochs = 3;
constexpr std::uint32_t kFirstQuota = 4;

/// How often each outcome of each command was seen.
std::map<std::string, int> seen;

// The model: numbers only, no keys and no bytes.
struct ModelEpoch {
  std::uint64_t issue_from, issue_until, spend_until;
  std::uint32_t quota;
};
struct ModelRequest {
  std::size_t member, number, lender, count;
  TokenState state;  // prepared or requested; kHeld: accepted, kBurnt: cancelled or expired
  bool is_debited = false;
};
struct ModelMember {
  bool is_known = false, is_enrolled = false;
  std::map<std::uint32_t, std::uint64_t> used;
  std::size_t joined = 0;                   // links of the chain
  std::map<std::size_t, std::size_t> held;  // by epoch
  std::size_t burnt = 0;
};
struct Model {
  std::uint64_t now = kStart;
  std::vector<ModelEpoch> epochs;
  bool is_revoked = false;
  std::vector<ModelMember> members;
  std::vector<ModelRequest> requests;

  std::size_t links() const { return epochs.size() + (is_revoked ? 1 : 0); }
  bool KnowsRevocation(const ModelMember& member) const {
    return is_revoked && member.joined == links();
  }
  /// Whether a member knows that an epoch's tokens can no longer be spent.
  bool IsOver(const ModelMember& member, std::size_t number) const {
    return KnowsRevocation(member) || now >= epochs[number - 1].spend_until;
  }
  bool IsOpen(std::size_t number) const {
    return epochs[number - 1].issue_from <= now && now < epochs[number - 1].issue_until;
  }
  /// The epoch's number that counts for a member's requests: the open one, or its newest.
  std::size_t Current(const ModelMember& member) const {
    for (std::size_t number = 1; number <= std::min(member.joined, epochs.size()); ++number)
      if (IsOpen(number)) return number;
    return std::min(member.joined, epochs.size());
  }
  std::size_t Asked(std::size_t who, std::size_t number) const {
    std::size_t asked = 0;
    for (const ModelRequest& request : requests)
      if (request.member == who && request.number == number) asked += request.count;
    return asked;
  }
};

bool IsOpenRequest(const ModelRequest& request) {
  return request.state == TokenState::kPrepared || request.state == TokenState::kRequested;
}

/// What the model starts from: one epoch, two members who have joined it, one of them enrolled.
Model FirstModel() {
  Model model;
  model.epochs.push_back({kStart, kStart + kDay, kStart + 2 * kDay, kFirstQuota});
  model.members.resize(kMembers);
  model.members[0].is_known = model.members[0].is_enrolled = true;
  model.members[0].joined = model.members[1].joined = 1;
  return model;
}

/// The stores that it starts from, made once and copied.
const TempDirectory& FirstStores() {
  static const TempDirectory directory;
  static const bool filled = [] {
    bool made;
    auto admin = Admin::Init(directory / "admin", "a group", 2048, SourceOf("admin"), made).value();
    const auto link =
        admin.AddEpoch({kFirstQuota, 2, 1, LenderKeys()}, Key(2048), kStart, SourceOf("epoch"));
    for (std::size_t i = 0; i < kMembers; ++i) {
      const std::string name = "wallet" + std::to_string(i);
      auto wallet = Wallet::Init(directory / name, SourceOf(name), made).value();
      if (i < 2) wallet.Join(admin.key(), link->sealed).value();
      if (i == 0) admin.Enroll(wallet.key(), name).value();
    }
    return true;
  }();
  (void)filled;
  return directory;
}

/// The stores under test, and the bytes that went between them.
struct Stores {
  struct Sent {
    Outgoing outgoing;
    Bytes response;
  };
  TempDirectory directory;
  const Bytes admin_seed = IdentityOf("admin");
  std::vector<SealedLink> chain;
  std::optional<Admin> admin;
  std::vector<std::optional<Wallet>> wallets = std::vector<std::optional<Wallet>>(kMembers);
  std::vector<Sent> requests;
  ByteSource source = SourceOf("model");

  Stores() {
    for (const char* name : {"admin", "wallet0", "wallet1", "wallet2"})
      CopyDirectory(FirstStores() / name, directory / name);
    OpenAdmin();
    for (std::size_t i = 0; i < kMembers; ++i) OpenWallet(i);
    chain = admin->Chain().value();
  }
  std::string WalletDirectory(std::size_t i) const {
    return directory / ("wallet" + std::to_string(i));
  }
  void OpenAdmin() {
    admin.reset();
    admin = Admin::Open(directory / "admin").value();
  }
  void OpenWallet(std::size_t i) {
    wallets[i].reset();
    wallets[i].emplace(Wallet::Open(WalletDirectory(i)).value());
  }
};

/// What the admin sees of a member, as text.
std::string MemberText(const std::string& key, bool is_enrolled,
                       const std::map<std::uint32_t, std::uint64_t>& used) {
  std::string text = key + (is_enrolled ? " enrolled" : " removed");
  for (const auto& [number, count] : used)
    text += " " + std::to_string(number) + ":" + std::to_string(count);
  return text;
}

/// Everything that can be seen of the stores is what the model says.
void Compare(const Model& model, Stores& stores) {
  std::map<std::string, std::string> expected, actual;
  for (std::size_t i = 0; i < kMembers; ++i) {
    const ModelMember& member = model.members[i];
    const std::string key = Hex(stores.wallets[i]->key());
    if (member.is_known) expected[key] = MemberText(key, member.is_enrolled, member.used);
  }
  const auto members = stores.admin->Members();
  for (const MemberStatus& member : *members)
    actual[Hex(member.key)] = MemberText(Hex(member.key), member.enrolled, member.used);
  RC_ASSERT(actual == expected);

  const auto chain = stores.admin->Chain();
  RC_ASSERT(chain->size() == model.links());
  for (std::size_t i = 0; i < chain->size(); ++i) {
    RC_ASSERT((*chain)[i].sealed == stores.chain[i].sealed);
    RC_ASSERT((*chain)[i].link.epoch.has_value() == (i < model.epochs.size()));
  }

  for (std::size_t i = 0; i < kMembers; ++i) {
    const ModelMember& member = model.members[i];
    const auto balance = stores.wallets[i]->Look(model.now);
    std::map<TokenState, std::size_t> tokens;
    std::set<std::string> open, actually_open;
    std::size_t expired = 0;
    for (std::size_t at = 0; at < model.requests.size(); ++at) {
      const ModelRequest& request = model.requests[at];
      if (request.member != i || !IsOpenRequest(request)) continue;
      tokens[request.state] += request.count;
      open.insert(Hex(stores.requests[at].outgoing.hash) + " " + std::to_string(request.number) +
                  " " + Hex(LenderKey(request.lender)) + " " + std::to_string(request.count) + " " +
                  StateName(request.state));
      if (model.IsOver(member, request.number)) expired += request.count;
    }
    for (const auto& [number, count] : member.held) {
      tokens[TokenState::kHeld] += count;
      if (model.IsOver(member, number)) expired += count;
    }
    tokens[TokenState::kBurnt] = member.burnt;
    for (const auto& [state, count] : balance->tokens) RC_ASSERT(count == tokens[state]);
    RC_ASSERT(balance->tokens.size() == 6u);
    RC_ASSERT(balance->expired == expired);
    for (const OpenRequest& request : balance->requests)
      actually_open.insert(Hex(request.hash) + " " + std::to_string(request.number) + " " +
                           Hex(request.audience) + " " + std::to_string(request.count) + " " +
                           StateName(request.state));
    RC_ASSERT(actually_open == open);
    RC_ASSERT(balance->link.has_value() == (member.joined > 0));
    if (member.joined == 0) continue;
    if (model.KnowsRevocation(member)) {
      RC_ASSERT(!balance->link->epoch);
      RC_ASSERT(balance->left == 0u);
    } else {
      const std::size_t number = model.Current(member), asked = model.Asked(i, number);
      const std::size_t quota = model.epochs[number - 1].quota;
      RC_ASSERT(balance->link->number == number);
      RC_ASSERT(balance->left == quota - std::min(quota, asked));
    }
  }
}

/// One thing that happens. Do says what the model expects of it, and changes the model; Act does it to
/// the stores and says what came of it.
struct Step : rc::state::Command<Model, Stores> {
  explicit Step(std::string the_name) : name(std::move(the_name)) {
    // At random, some of the stores are closed and opened again afterwards.
    reopen = OneIn(3) ? Uniform<std::size_t>(0, kMembers + 1) : kMembers + 1;
  }
  virtual std::string Do(Model& model) const = 0;
  virtual std::string Act(const Model& before, Stores& stores) const = 0;

  void apply(Model& model) const override { Do(model); }
  void run(const Model& before, Stores& stores) const override {
    Model after = before;
    const std::string expected = Do(after), actual = Act(before, stores);
    RC_ASSERT(actual == expected);
    ++seen[name + ": " + expected];
    if (reopen == kMembers) stores.OpenAdmin();
    if (reopen < kMembers) stores.OpenWallet(reopen);
    Compare(after, stores);
  }
  void show(std::ostream& os) const override {
    os << name;
    for (const auto& [what, value] : shown) os << " " << what << "=" << value;
  }

  std::string name;
  std::size_t reopen;
  std::map<std::string, std::size_t> shown;
};

std::size_t SomeMember() {
  return *rc::gen::weightedElement<std::size_t>({{6, 0}, {3, 1}, {1, 2}});
}

struct Enroll : Step {
  std::size_t member = SomeMember();
  bool takes_name = OneIn(4);  // another's
  explicit Enroll(const Model&) : Step("enroll") { shown = {{"member", member}}; }
  std::size_t Other() const { return (member + 1) % kMembers; }
  std::string Do(Model& model) const override {
    if (takes_name && model.members[Other()].is_enrolled) return "unusable";
    // A name nobody has at the moment stays with the member in the model by its number only.
    model.members[member].is_known = model.members[member].is_enrolled = true;
    return "ok";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    const std::size_t whose = takes_name && before.members[Other()].is_enrolled ? Other() : member;
    return Outcome(
        stores.admin->Enroll(stores.wallets[member]->key(), "wallet" + std::to_string(whose)));
  }
};

struct Remove : Step {
  std::size_t member = SomeMember();
  bool by_key = OneIn(2);
  explicit Remove(const Model&) : Step("remove") {
    RC_PRE(OneIn(2));
    shown = {{"member", member}};
  }
  std::string Do(Model& model) const override {
    if (!model.members[member].is_enrolled) return "unusable";
    model.members[member].is_enrolled = false;
    return "ok";
  }
  std::string Act(const Model&, Stores& stores) const override {
    const Bytes key = stores.wallets[member]->key();
    const auto removed =
        stores.admin->Remove(by_key ? Hex(key) : "wallet" + std::to_string(member));
    if (removed) RC_ASSERT(*removed == key);
    return Outcome(removed);
  }
};

struct AskFor : Step {
  std::size_t member = SomeMember();
  std::size_t count = *rc::gen::weightedElement<std::size_t>({{8, 1}, {8, 2}, {5, 3}, {1, 0}});
  std::size_t lender = *rc::gen::weightedElement<std::size_t>({{8, 0}, {8, 1}, {1, 2}});
  bool force = OneIn(2);
  explicit AskFor(const Model&) : Step("request") {
    shown = {{"member", member}, {"count", count}, {"lender", lender}, {"force", force}};
  }
  /// The request that the member has prepared for the same, or none.
  std::optional<std::size_t> Same(const Model& model) const {
    const ModelMember& who = model.members[member];
    if (model.KnowsRevocation(who) || !model.IsOpen(model.Current(who))) return std::nullopt;
    for (std::size_t i = 0; i < model.requests.size(); ++i) {
      const ModelRequest& request = model.requests[i];
      if (request.member == member && request.state == TokenState::kPrepared &&
          request.number == model.Current(who) && request.lender == lender &&
          request.count == count)
        return i;
    }
    return std::nullopt;
  }
  std::string Do(Model& model) const override {
    if (model.members[member].joined == 0) return "unusable";
    if (Same(model)) return "the same again";
    if (model.KnowsRevocation(model.members[member])) return "RequestTokens.1";
    const std::size_t number = model.Current(model.members[member]);
    if (!model.IsOpen(number)) return "RequestTokens.1";
    if (!force && model.Asked(member, number) + count > model.epochs[number - 1].quota)
      return "refused";
    if (lender == 2) return "RequestTokens.2";
    if (count == 0) return "RequestTokens.3";
    model.requests.push_back({member, number, lender, count, TokenState::kPrepared});
    return "ok";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    const auto outgoing =
        stores.wallets[member]->Request(LenderKey(lender), count, force, before.now, stores.source);
    if (!outgoing) return Outcome(outgoing);
    if (const auto same = Same(before)) {
      RC_ASSERT(outgoing->resent);
      RC_ASSERT(outgoing->sealed == stores.requests[*same].outgoing.sealed);
      return "the same again";
    }
    RC_ASSERT(!outgoing->resent);
    for (const auto& other : stores.requests) RC_ASSERT(other.outgoing.sealed != outgoing->sealed);
    const auto request = VerifyRequest(outgoing->sealed);
    RC_ASSERT(request.has_value());
    RC_ASSERT(request->member == stores.wallets[member]->key());
    RC_ASSERT(request->batch.values.size() == count);
    stores.requests.push_back({*outgoing, {}});
    return "ok";
  }
};

/// Something that happens to a request.
struct OfRequest : Step {
  std::size_t at;
  /// preferred: one of those, mostly, if there is any.
  OfRequest(const std::string& the_name, const Model& model,
            const std::function<bool(const ModelRequest&)>& preferred = IsOpenRequest)
      : Step(the_name) {
    RC_PRE(!model.requests.empty());
    at = Uniform<std::size_t>(0, model.requests.size());
    for (int tries = 0; tries < 6 && !preferred(model.requests[at]); ++tries)
      at = Uniform<std::size_t>(0, model.requests.size());
    shown = {{"request", at}};
  }
  void checkPreconditions(const Model& model) const override { RC_PRE(at < model.requests.size()); }
};

struct Send : OfRequest {
  explicit Send(const Model& model) : OfRequest("sent", model) {}
  std::string Do(Model& model) const override {
    TokenState& state = model.requests[at].state;
    if (state == TokenState::kPrepared) state = TokenState::kRequested;
    return "ok";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    return Outcome(
        stores.wallets[before.requests[at].member]->Sent(stores.requests[at].outgoing.hash));
  }
};

struct Resend : OfRequest {
  bool by_name = !OneIn(3);
  explicit Resend(const Model& model) : OfRequest("resend", model) {}
  std::string Do(Model& model) const override {
    const ModelRequest& request = model.requests[at];
    std::size_t open = 0;
    for (const ModelRequest& each : model.requests)
      if (each.member == request.member && IsOpenRequest(each)) ++open;
    if (by_name) return IsOpenRequest(request) ? "ok" : "unusable";
    return open != 1 ? "unusable" : IsOpenRequest(request) ? "ok" : "another";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    const Outgoing& first = stores.requests[at].outgoing;
    const auto outgoing = stores.wallets[before.requests[at].member]->Resend(
        by_name ? Hex(first.hash).substr(0, 32) : "");
    if (!outgoing) return Outcome(outgoing);
    RC_ASSERT(outgoing->resent);
    return outgoing->sealed == first.sealed && outgoing->hash == first.hash ? "ok" : "another";
  }
};

struct Issue : OfRequest {
  explicit Issue(const Model& model)
      : OfRequest("issue", model, [&](const ModelRequest& request) {
          return !request.is_debited && model.members[request.member].is_enrolled;
        }) {}
  std::string Do(Model& model) const override {
    ModelRequest& request = model.requests[at];
    ModelMember& member = model.members[request.member];
    const auto number = static_cast<std::uint32_t>(request.number);
    if (model.is_revoked) return "Debit.1";
    if (request.is_debited) return "the same again";
    if (!member.is_enrolled) return "Debit.4";
    if (!model.IsOpen(number)) return "Debit.5";
    const auto used = member.used.find(number);
    if ((used == member.used.end() ? 0 : used->second) + request.count >
        model.epochs[number - 1].quota)
      return "Debit.7";
    member.used[number] += request.count;
    request.is_debited = true;
    return "ok";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    auto& [outgoing, first] = stores.requests[at];
    bool is_new = false;
    const auto response = stores.admin->Issue(outgoing.sealed, before.now, stores.source, is_new);
    if (!response) return Outcome(response);
    if (!first.empty()) {
      RC_ASSERT(!is_new);
      RC_ASSERT(*response == first);
      return "the same again";
    }
    RC_ASSERT(is_new);
    const int key = static_cast<int>(before.requests[at].number) - 1;
    RC_ASSERT(*response == SignedAnswer(stores.admin_seed, Key(2048, key), outgoing.sealed));
    first = *response;
    return "ok";
  }
};

/// A response reaches a wallet, as it was given or in another form.
struct Accept : OfRequest {
  enum Form { kHonest, kWrongValue, kDuplicate, kMissing, kTooMany, kWidth, kUnsigned, kForeign };
  static Form SomeForm() {
    return *rc::gen::weightedElement<Form>({{12, kHonest},
                                            {2, kWrongValue},
                                            {2, kDuplicate},
                                            {2, kMissing},
                                            {2, kTooMany},
                                            {2, kWidth},
                                            {2, kUnsigned},
                                            {2, kForeign}});
  }
  Form form;
  std::size_t which = Uniform<std::size_t>(0, 6);
  explicit Accept(const Model& model) : Accept(model, SomeForm()) {}
  Accept(const Model& model, Form the_form)
      : OfRequest("accept", model,
                  [the_form](const ModelRequest& request) {
                    return IsOpenRequest(request) && (the_form != kHonest || request.is_debited);
                  }),
        form(the_form) {
    // Honest answers are to what has been debited; a dishonest admin asks nobody.
    RC_PRE(form != kHonest || model.requests[at].is_debited);
    shown["form"] = form;
  }
  void checkPreconditions(const Model& model) const override {
    OfRequest::checkPreconditions(model);
    RC_PRE(form != kHonest || model.requests[at].is_debited);
    RC_PRE((form != kDuplicate && form != kMissing) || model.requests[at].count > 1);
  }
  std::size_t Taker(const Model& model) const {
    return form == kForeign ? 1 - std::min<std::size_t>(model.requests[at].member, 1)
                            : model.requests[at].member;
  }
  std::string Do(Model& model) const override {
    ModelRequest& request = model.requests[at];
    ModelMember& member = model.members[request.member];
    if (form == kUnsigned) return "Accept.1";
    if (form == kForeign || !IsOpenRequest(request)) return "Accept.3";
    if (form == kMissing || form == kTooMany || form == kWidth) return "Accept.4 with evidence";
    const std::size_t burnt = form == kHonest ? 0 : 1;
    request.state = TokenState::kHeld;
    member.held[request.number] += request.count - burnt;
    member.burnt += burnt;
    return burnt == 0 ? "all held" : "one burnt, the others held";
  }
  Bytes Response(const Model& before, const Stores& stores) const {
    const auto& [outgoing, honest] = stores.requests[at];
    const std::size_t count = before.requests[at].count, i = which % count;
    const SecretKey& sk = Key(2048, static_cast<int>(before.requests[at].number) - 1);
    if (form == kHonest) return honest;
    const Bytes answer = SignedAnswer(stores.admin_seed, sk, outgoing.sealed, [&](Batch& batch) {
      if (form == kWrongValue) batch.values[i] = MulMod(batch.values[i], 2, sk.n);
      if (form == kDuplicate) batch.values[i] = batch.values[(i + 1) % count];
      if (form == kMissing)
        batch.values.erase(batch.values.begin() + static_cast<std::ptrdiff_t>(i));
      if (form == kTooMany) batch.values.push_back(batch.values[i]);
      if (form == kWidth) ++batch.width;
    });
    if (form != kUnsigned) return answer;
    return FlipBit(answer, 8 * answer.size() / 6 * which + 3);
  }
  std::string Act(const Model& before, Stores& stores) const override {
    const std::size_t taker = Taker(before);
    const std::string directory = stores.WalletDirectory(taker);
    const Bytes response = Response(before, stores);
    for (const std::string& file : FilesIn(directory, "evidence"))
      std::filesystem::remove(directory + "/" + file);
    const auto accepted = stores.wallets[taker]->Accept(response, kStart);
    const auto evidence = FilesIn(directory, "evidence");
    RC_ASSERT(FilesIn(directory, ".").empty());
    if (!evidence.empty()) {
      RC_ASSERT(evidence.size() == 1u);
      const auto parts = EvidenceParts(directory + "/" + evidence[0]);
      RC_ASSERT(parts.size() == 3u);
      RC_ASSERT(parts[1] == stores.requests[at].outgoing.sealed);
      RC_ASSERT(parts[2] == response);
      RC_ASSERT(CheckMisissue(stores.admin->key(), parts[0], parts[1], parts[2]).has_value());
    }
    if (!accepted) {
      if (!evidence.empty())
        RC_ASSERT(accepted.error().line.find(evidence[0]) != std::string::npos);
      return Outcome(accepted) + (evidence.empty() ? "" : " with evidence");
    }
    RC_ASSERT(accepted->held + accepted->burnt == before.requests[at].count);
    RC_ASSERT((accepted->burnt > 0) == !evidence.empty());
    if (!evidence.empty()) RC_ASSERT(accepted->evidence == directory + "/" + evidence[0]);
    return accepted->burnt == 0   ? "all held"
           : accepted->burnt == 1 ? "one burnt, the others held"
                                  : "many burnt";
  }
};

struct Cancel : OfRequest {
  bool elsewhere = OneIn(8);  // in another's wallet
  explicit Cancel(const Model& model) : OfRequest("cancel", model) {}
  std::string Do(Model& model) const override {
    ModelRequest& request = model.requests[at];
    if (elsewhere || !IsOpenRequest(request)) return "unusable";
    request.state = TokenState::kBurnt;
    model.members[request.member].burnt += request.count;
    return "ok";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    const std::size_t member = (before.requests[at].member + (elsewhere ? 1 : 0)) % kMembers;
    const auto burnt = stores.wallets[member]->Cancel(stores.requests[at].outgoing.sealed);
    if (burnt) RC_ASSERT(*burnt == before.requests[at].count);
    return Outcome(burnt);
  }
};

struct Expire : Step {
  std::size_t member = SomeMember();
  explicit Expire(const Model& model) : Step("expire") {
    const auto has_any = [&](std::size_t who) {
      return std::ranges::any_of(model.members[who].held,
                                 [](const auto& held) { return held.second > 0; }) ||
             std::ranges::any_of(model.requests, [&](const ModelRequest& each) {
               return each.member == who && IsOpenRequest(each);
             });
    };
    // Now and then when there is nothing; mostly of one who has something.
    for (std::size_t i = 0; i < kMembers && !has_any(member); ++i) member = i;
    RC_PRE(OneIn(4) || (has_any(member) && model.now >= kStart + 2 * kDay));
    shown = {{"member", member}};
  }
  std::string Do(Model& model) const override {
    ModelMember& who = model.members[member];
    std::size_t count = 0;
    bool any_held = false, any_asked_for = false;
    for (auto& [number, held] : who.held)
      if (held > 0 && model.IsOver(who, number)) {
        count += held;
        held = 0;
        any_held = true;
      }
    for (ModelRequest& request : model.requests)
      if (request.member == member && IsOpenRequest(request) && model.IsOver(who, request.number)) {
        count += request.count;
        request.state = TokenState::kBurnt;
        any_asked_for = true;
      }
    who.burnt += count;
    return any_held && any_asked_for ? "held and asked for"
           : any_held                ? "held"
           : any_asked_for           ? "asked for"
                                     : "none";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    Model after = before;
    const std::string expected = Do(after);
    const auto count = stores.wallets[member]->Expire(before.now);
    RC_ASSERT(count.has_value());
    RC_ASSERT(*count == after.members[member].burnt - before.members[member].burnt);
    return expected;
  }
};

struct JoinLink : Step {
  std::size_t member = SomeMember();
  std::size_t link;
  explicit JoinLink(const Model& model) : Step("join") {
    link = OneIn(2) ? std::min(model.members[member].joined, model.links() - 1)
                    : Uniform<std::size_t>(0, model.links());
    shown = {{"member", member}, {"link", link + 1}};
  }
  void checkPreconditions(const Model& model) const override { RC_PRE(link < model.links()); }
  std::string Do(Model& model) const override {
    std::size_t& joined = model.members[member].joined;
    if (link < joined) return "known";
    // Nobody begins in the middle here, so that the model's chain is a beginning of the admin's.
    if (joined == 0 && link > 0) return "not tried";
    if (link > joined) return "Extend.3";
    ++joined;
    return "new";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    if (before.members[member].joined == 0 && link > 0) return "not tried";
    const auto joined =
        stores.wallets[member]->Join(stores.admin->key(), stores.chain[link].sealed);
    return joined ? joined->is_new ? "new" : "known" : Outcome(joined);
  }
};

struct NewEpoch : Step {
  std::uint32_t quota = Uniform<std::uint32_t>(2, 6);
  bool with_windows = OneIn(2);
  explicit NewEpoch(const Model&) : Step("new epoch") {}
  void checkPreconditions(const Model& model) const override {
    RC_PRE(model.epochs.size() < kEpochs);
  }
  std::string Do(Model& model) const override {
    if (model.is_revoked) return "unusable";
    const std::uint64_t from = std::max(model.now, model.epochs.back().issue_until);
    model.epochs.push_back({from, from + (with_windows ? 1 : 2) * kDay, from + 2 * kDay, quota});
    return "ok";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    EpochPlan plan{quota, 2, {}, LenderKeys()};
    if (with_windows) plan.issue_days = 1;
    const auto link = stores.admin->AddEpoch(
        plan, Key(2048, static_cast<int>(before.epochs.size())), before.now, stores.source);
    if (link) stores.chain.push_back(*link);
    return Outcome(link);
  }
};

struct Revoke : Step {
  explicit Revoke(const Model& model) : Step("revoke") { RC_PRE(OneIn(model.is_revoked ? 2 : 6)); }
  std::string Do(Model& model) const override {
    if (model.is_revoked) return "the same again";
    model.is_revoked = true;
    return "ok";
  }
  std::string Act(const Model& before, Stores& stores) const override {
    const auto link = stores.admin->Revoke();
    if (link && before.is_revoked) {
      RC_ASSERT(link->sealed == stores.chain.back().sealed);
      return "the same again";
    }
    if (link) stores.chain.push_back(*link);
    return Outcome(link);
  }
};

struct Wait : Step {
  std::uint64_t hours = *rc::gen::weightedElement<std::uint64_t>({{4, 6}, {3, 12}, {3, 36}});
  explicit Wait(const Model&) : Step("wait") { shown = {{"hours", hours}}; }
  std::string Do(Model& model) const override {
    model.now += hours * 60 * 60;
    return "ok";
  }
  std::string Act(const Model&, Stores&) const override { return "ok"; }
};

/// At the end: every held token is good at its lender and can be spent with its seed, none is there
/// twice, and the ledger's rows are the debited requests.
void CheckTokens(const Stores& stores) {
  std::set<std::string> ids;
  for (std::size_t i = 0; i < kMembers; ++i)
    for (const auto& row : Query(stores.WalletDirectory(i) + "/wallet.db",
                                 "SELECT id, number, seed, token FROM token")) {
      const Token token = ParseToken(AsBytes(row[3])).value();
      const PublicKey& pk = stores.chain[std::stoul(row[1]) - 1].link.epoch->pk;
      RC_ASSERT(token.audience == LenderKey(0) || token.audience == LenderKey(1));
      RC_ASSERT(VerifyToken(pk, token.audience, token).has_value());
      RC_ASSERT(token.spend_key == PublicOf(AsBytes(row[2])));
      RC_ASSERT(AsText(*TokenId(token)) == row[0]);
      RC_ASSERT(ids.insert(row[0]).second);
    }
  std::set<std::string> debited, in_ledger;
  for (const auto& each : stores.requests)
    if (!each.response.empty())
      debited.insert(AsText(*RequestId(*VerifyRequest(each.outgoing.sealed))));
  for (const auto& row : Query(stores.directory / "admin/admin.db", "SELECT request_id FROM debit"))
    RC_ASSERT(in_ledger.insert(row[0]).second);
  RC_ASSERT(in_ledger == debited);
}

TEST(Model, AccountsAndWallets) {
  seen.clear();
  CheckProperty(
      [] {
        Stores stores;
        // Often what leads somewhere, seldom what ends everything.
        rc::state::check(
            FirstModel(), stores,
            rc::state::gen::execOneOfWithArgs<
                Enroll, Enroll, Remove, AskFor, AskFor, AskFor, AskFor, AskFor, Send, Send, Resend,
                Resend, Issue, Issue, Issue, Issue, Accept, Accept, Accept, Accept, Accept, Cancel,
                Expire, JoinLink, JoinLink, NewEpoch, Revoke, Wait>());
        CheckTokens(stores);
      },
      2);
  int steps = 0;
  for (const auto& [what, count] : seen) {
    std::cout << what << ": " << count << "\n";
    steps += count;
  }
  std::cout << steps << " steps" << std::endl;
  ReportLabels(seen);
  // Each is seen so often that a sound generator misses it in fewer than 2^-40 of all runs.
  for (const char* what : {"accept: Accept.1",
                           "accept: Accept.3",
                           "accept: Accept.4 with evidence",
                           "accept: all held",
                           "accept: one burnt, the others held",
                           "cancel: ok",
                           "cancel: unusable",
                           "enroll: ok",
                           "expire: none",
                           "issue: Debit.1",
                           "issue: Debit.4",
                           "issue: Debit.5",
                           "issue: Debit.7",
                           "issue: ok",
                           "issue: the same again",
                           "join: known",
                           "join: new",
                           "new epoch: ok",
                           "remove: ok",
                           "remove: unusable",
                           "request: RequestTokens.1",
                           "request: RequestTokens.2",
                           "request: ok",
                           "request: refused",
                           "request: the same again",
                           "request: unusable",
                           "resend: ok",
                           "resend: unusable",
                           "sent: ok"})
    EXPECT_GE(seen[what], 1) << what;
}

}  // namespace
}  // namespace blindlend::test
