// Targets: Debit, Issue, RequestId
//
// The input is a sequence of what can happen to an admin: requests, debits, answers, and changes of
// roster, clock and link. Beside ref/'s ledger there is a plain model of it. A toy key: nothing here
// depends on its size.
#include <map>
#include <set>

#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

constexpr std::size_t kMostRequests = 8;
constexpr std::array<std::string_view, 3> kMembers = {"alice", "bob", "carol"};

const oracle::Key& TheKey() {
  return oracle::Keys()[1];
}

// A request, and what the model has to know of it.
struct Asked {
  Request request;
  std::size_t member;
  std::vector<Number> values;
  Bytes body;
  bool is_for_the_key;
  Bytes answer;  // once there is one
};

// 2-rsa: what BlindSign takes.
bool CanBeSigned(const Number& value) {
  const Number& n = TheKey().n;
  return value > Number(1) && value < n - Number(1) && Gcd(value, n) == Number(1);
}

class Admin {
 public:
  Admin() {
    link_.group = Ascii("readers");
    link_.number = 1;
    link_.predecessor = Bytes(32);
    Renew(TheKey().sk);
  }

  void Step(Arguments& arguments) {
    const std::uint8_t choice = arguments.Byte();
    const std::uint8_t what = arguments.Byte();
    switch (choice % 8) {
      case 0:
        return Ask(choice / 8U, what, arguments);
      case 1:
        return DebitOne(what);
      case 2:
        return IssueOne(what, choice / 8U);
      case 3:
        return Enrol(what % kMembers.size(), (what & 128) == 0);
      case 4:
        now_ = what;
        return;
      case 5:
        if (what % 4 == 0) return link_.epoch.reset();
        return Renew(what % 4 == 1 ? oracle::Keys()[2].sk : TheKey().sk);
      case 6:
        quota_ = 1 + what;
        if (link_.epoch) link_.epoch->quota = quota_;
        is_quota_one_ = false;
        return;
      default:
        // A ledger as no sequence of debits makes it: more is used than can be counted on with.
        used_[what % kMembers.size()] = ~std::uint64_t{0} - what / 16U;
        ledger_.used[Name(what % kMembers.size())] = ~std::uint64_t{0} - what / 16U;
        is_quota_one_ = false;
    }
  }

  // Property.QuotaKept, where one link was in force all the time.
  void RequireQuota() const {
    if (!is_quota_one_) return;
    std::array<std::size_t, kMembers.size()> sums = {};
    for (const Asked& asked : asked_)
      if (is_first_with(asked) && debited_.contains(IdOf(asked)))
        sums[asked.member] += asked.values.size();
    for (std::size_t i = 0; i < kMembers.size(); ++i)
      Require(sums[i] == used_[i] && used_[i] <= quota_, "no member has more than the quota");
  }

 private:
  static Bytes Name(std::size_t member) { return oracle::Named(kMembers[member]); }

  static Bytes IdOf(const Asked& asked) {
    return oracle::Digest(
        Join({oracle::Prefixed(oracle::AsView("blindlend v1 request id")), asked.body}));
  }

  // Whether no earlier request consists of the same bytes.
  bool is_first_with(const Asked& asked) const {
    return &*std::ranges::find(asked_, asked.body, &Asked::body) == &asked;
  }

  void Renew(const PublicKey& pk) {
    link_.epoch =
        Epoch{pk, std::vector<ZZ>(8, ZZ{1}), 100, 200, 100, 200, quota_, {oracle::Named("lender")}};
  }

  void Enrol(std::size_t member, bool is_enrolled) {
    if (is_enrolled)
      roster_.insert(Name(member));
    else
      roster_.erase(Name(member));
    enrolled_[member] = is_enrolled;
  }

  void Ask(std::uint8_t shape, std::uint8_t what, Arguments& arguments) {
    if (asked_.size() == kMostRequests) return;
    const std::size_t width = shape % 8 == 1 ? 3 : 2;
    Asked asked;
    asked.member = what % kMembers.size();
    const Bytes nonce(16, what / 64U);
    for (std::size_t count = 1 + what / 4 % 4U; count > 0; --count)
      asked.values.push_back(Number(arguments.Take(2)) % Number(4096));
    asked.is_for_the_key = width == 2 && shape % 8 != 2;
    const Bytes id = shape % 8 == 2 ? oracle::Named("key") : oracle::Id(TheKey());
    const Bytes batch = oracle::BatchBody(kRequest, id, asked.values, width);
    asked.body = oracle::RequestBody(Name(asked.member), nonce, batch);
    asked.request = {Name(asked.member), nonce, {id, width, {}}};
    for (const Number& value : asked.values) asked.request.batch.values.push_back(value.ToZZ());
    Require(RequestId(asked.request) == IdOf(asked), "the id is the hash of the layout");
    asked_.push_back(asked);
  }

  std::string_view DebitStep(const Asked& asked) const {
    if (!link_.epoch) return "Debit.1";
    if (!asked.is_for_the_key || link_.epoch->pk.n != TheKey().sk.n) return "Debit.2";
    if (debited_.contains(IdOf(asked))) return "";
    if (!enrolled_[asked.member]) return "Debit.4";
    if (now_ < 100 || now_ >= 200) return "Debit.5";
    if (!std::ranges::all_of(asked.values, CanBeSigned)) return "Debit.6";
    const std::uint64_t used = used_[asked.member];
    const bool is_over = used > quota_ || quota_ - used < asked.values.size();
    return is_over ? "Debit.7" : "";
  }

  void DebitOne(std::size_t which) {
    if (asked_.empty()) return;
    const Asked& asked = asked_[which % asked_.size()];
    const auto after = Debit(ledger_, link_, roster_, now_, asked.request);
    const std::string_view expected = DebitStep(asked);
    RequireStep(StepOf(after), expected);
    if (!after) return;
    if (debited_.insert(IdOf(asked)).second) used_[asked.member] += asked.values.size();
    ledger_ = *after;
    Require(ledger_.debited == debited_, "the ledger has what was debited");
    for (std::size_t i = 0; i < kMembers.size(); ++i) {
      const auto used = ledger_.used.find(Name(i));
      Require((used == ledger_.used.end() ? 0 : used->second) == used_[i],
              "the ledger counts what was debited, once");
    }
  }

  // Property.DebitFirst, and Property.AnswerSame for every answer of this request.
  void IssueOne(std::size_t which, std::uint8_t how) {
    if (asked_.empty()) return;
    Asked& asked = asked_[which % asked_.size()];
    const bool has_tape = how % 8 != 1;
    const bool is_key_right = how % 8 != 2;
    oracle::Tape tape(Bytes(1, how), has_tape);
    const auto sealed =
        Issue(is_key_right ? TheKey().sk : oracle::Keys()[2].sk, Seed(), ledger_, asked.request,
              [&](std::span<std::uint8_t> out) { return tape.Read(out); });
    if (!debited_.contains(IdOf(asked))) {
      RequireStep(StepOf(sealed), "Issue.1");
      return;
    }
    RequireStep(StepOf(sealed), has_tape && is_key_right ? "" : "Issue.2");
    if (!sealed) return;
    if (asked.answer.empty()) asked.answer = Answer(asked);
    Require(*sealed == asked.answer, "a request has one answer");
  }

  static Bytes Seed() { return oracle::Named("admin"); }

  static Bytes Answer(const Asked& asked) {
    std::vector<Number> roots;
    for (const Number& value : asked.values) roots.push_back(ModExp(value, TheKey().d, TheKey().n));
    const Bytes id = oracle::Digest(View(asked.body).subspan(50));
    return oracle::Sealed(Seed(), "blindlend v1 response",
                          oracle::BatchBody(kResponse, id, roots, 2));
  }

  Link link_;
  std::uint32_t quota_ = 5;
  bool is_quota_one_ = true;
  std::uint64_t now_ = 150;
  std::set<Bytes> roster_;
  std::array<bool, kMembers.size()> enrolled_ = {};
  Ledger ledger_;
  std::set<Bytes> debited_;
  std::array<std::uint64_t, kMembers.size()> used_ = {};
  std::vector<Asked> asked_;
};

void Check(View input) {
  // Long sequences say nothing that several short ones do not.
  Arguments arguments(input.first(std::min<std::size_t>(input.size(), 128)));
  Admin admin;
  for (std::size_t turn = 0; turn < 32; ++turn) {
    admin.Step(arguments);
    admin.RequireQuota();
  }
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
