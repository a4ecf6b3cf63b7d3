// Targets: Compatible, Extend, CheckFork, LinkId, ParseLink
//
// An admin, honest or not, makes links, eight bytes of input for each; two holders see those that it
// shows to them. Small keys: whether a key may be relied on is verify_link's business.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

constexpr std::size_t kMostLinks = 7;

// A link as the admin means it, and as everybody sees it.
struct Made {
  oracle::LinkParts parts;
  std::size_t modulus;
  Bytes id;
  Bytes sealed;
  Link link;
};

Bytes IdOf(View body) {
  return oracle::Digest(Join({oracle::Prefixed(oracle::AsView("blindlend v1 link id")), body}));
}

// The numbers of a link are those of its parent's honest successor but where the input moves them.
Made MakeLink(const std::vector<Made>& before, Arguments& arguments) {
  const std::uint8_t choice = arguments.Byte();
  const std::uint8_t parent = arguments.Byte();
  const std::uint8_t number = arguments.Byte();
  const std::uint8_t from = arguments.Byte();
  const std::uint8_t length = arguments.Byte();
  const std::uint8_t modulus = arguments.Byte();
  const std::uint8_t other = arguments.Byte();
  oracle::LinkParts parts;
  parts.is_revocation = (choice & 1) != 0;
  if ((choice & 2) != 0) parts.group = "writers";
  std::size_t begin = 1000;
  if (!before.empty()) {
    const Made& last = before[before.size() - 1 - parent % before.size()];
    parts.number = last.parts.number + 1 + number;
    begin = last.parts.is_revocation ? begin : last.parts.times[1];
    parts.predecessor = last.id;
    if ((choice & 4) != 0) parts.predecessor = before[other % before.size()].id;
    if ((choice & 8) != 0) parts.predecessor[other % 32U] ^= 1;
  }
  if (parts.number == 1 || (choice & 16) != 0) {
    parts.number = 1;
    parts.predecessor = Bytes(32);
  }
  constexpr std::size_t last_number = 4294967295;
  if ((choice & 128) != 0) parts.number = last_number - number % 4U;
  parts.number = std::min(parts.number, last_number);
  begin = (choice & 32) != 0 ? begin - from : begin + from;
  const std::size_t until = begin + length;
  parts.times = {begin, until, (choice & 64) != 0 ? begin : until, until + 100};
  parts.quota = 1 + other;
  parts.lenders = {oracle::Named("lender")};
  const std::size_t n = 515 + 2U * modulus;
  const oracle::Key key{oracle::Number(n), oracle::Number(3), {}, {}};
  parts.key = oracle::EncodedKey(key);
  parts.width = 2;
  parts.roots = std::vector<oracle::Number>(8, oracle::Number(1));
  const Bytes body = oracle::LinkBody(parts);
  auto link = ParseLink(body);
  Require(link.has_value(), "what the admin makes has the form of a link");
  return {parts, n, IdOf(body), oracle::Sealed(oracle::Named("admin"), "blindlend v1 link", body),
          *link};
}

// 6-epoch, Compatible, read a second time.
std::string_view CompatibleStep(const Made& a, const Made& b) {
  if (a.parts.group != b.parts.group) return "Compatible.1";
  if (a.id == b.id) return "";
  if (a.parts.number == b.parts.number) return "Compatible.4";
  const auto& [older, newer] = a.parts.number < b.parts.number ? std::tie(a, b) : std::tie(b, a);
  const bool is_next = newer.parts.number - older.parts.number == 1;
  if (is_next && newer.parts.predecessor != older.id) return "Compatible.5";
  if (older.parts.is_revocation) return "Compatible.6";
  if (newer.parts.is_revocation) return "";
  if (newer.parts.times[0] < older.parts.times[1]) return "Compatible.8";
  return older.modulus == newer.modulus ? "Compatible.9" : "";
}

// 6-epoch, VerifyLink.4: a holder takes no link whose windows are out of order.
bool HasWindows(const Made& made) {
  const auto& times = made.parts.times;
  return made.parts.is_revocation || (times[0] < times[1] && times[2] < times[3] &&
                                      times[0] <= times[2] && times[1] <= times[3]);
}

// What one holder has: by ref/, and which of the made links these are.
class Holder {
 public:
  void Show(const std::vector<Made>& all, std::size_t shown) {
    const Made& made = all[shown];
    if (!HasWindows(made)) return;
    std::string_view expected;
    bool is_known = false;
    for (const std::size_t known : mine_) {
      if (!CompatibleStep(all[known], made).empty()) expected = "Extend.1";
      is_known = is_known || all[known].id == made.id;
    }
    const bool follows = mine_.empty() || made.parts.number == all[mine_.back()].parts.number + 1;
    if (expected.empty() && !is_known && !follows) expected = "Extend.3";
    const auto longer = Extend(chain_, made.link);
    RequireStep(StepOf(longer), expected);
    if (!longer) return;
    if (!is_known) mine_.push_back(shown);
    chain_ = *longer;
    Require(chain_.size() == mine_.size(), "a chain grows by one link or not at all");
    for (std::size_t i = 0; i < mine_.size(); ++i)
      Require(LinkId(chain_[i]) == all[mine_[i]].id, "a chain keeps what it has");
    RequireOneOpen();
  }

  const std::vector<std::size_t>& Mine() const { return mine_; }

 private:
  // Property.NeverTwoOpen. It is enough to look when a window begins.
  void RequireOneOpen() const {
    for (const Link& at : chain_) {
      if (!at.epoch) continue;
      const std::uint64_t now = at.epoch->issue_from;
      const auto open = std::ranges::count_if(chain_, [now](const Link& link) {
        return link.epoch && link.epoch->issue_from <= now && now < link.epoch->issue_until;
      });
      Require(open == 1, "no two epochs are open for issue");
    }
  }

  std::vector<Link> chain_;
  std::vector<std::size_t> mine_;
};

View Admin() {
  static const Bytes admin = oracle::PublicKeyOf(oracle::Named("admin"));
  return admin;
}

bool Convicts(const Made& a, const Made& b) {
  const auto verdict = CheckFork(Admin(), a.sealed, b.sealed);
  if (!verdict) RequireStep(StepOf(verdict), "CheckFork.3");
  return verdict.has_value();
}

// Property.ChainOne, for holders whose chains begin with the same link.
void RequireOneChain(const std::vector<Made>& all, const Holder& a, const Holder& b) {
  if (a.Mine().empty() || b.Mine().empty()) return;
  if (all[a.Mine()[0]].id != all[b.Mine()[0]].id) return;
  for (std::size_t i = 1; i < std::min(a.Mine().size(), b.Mine().size()); ++i) {
    const Made& mine = all[a.Mine()[i]];
    const Made& theirs = all[b.Mine()[i]];
    if (mine.id == theirs.id) continue;
    Require(Convicts(mine, theirs), "chains that part hold two links that convict the admin");
    return;
  }
}

// Links that are not the admin's convict nobody.
void CheckForged(const Made& made, std::uint8_t choice) {
  Bytes forged = made.sealed;
  forged[choice % forged.size()] ^= 1;
  RequireStep(StepOf(CheckFork(Admin(), forged, made.sealed)), "CheckFork.1");
  RequireStep(StepOf(CheckFork(Admin(), made.sealed, forged)), "CheckFork.2");
  const Bytes seed = oracle::Named("admin");
  const Bytes no_link = oracle::Sealed(seed, "blindlend v1 link", Bytes(choice));
  RequireStep(StepOf(CheckFork(Admin(), no_link, made.sealed)), "CheckFork.1");
  RequireStep(StepOf(CheckFork(Admin(), made.sealed, no_link)), "CheckFork.2");
}

void Check(View input) {
  Arguments arguments(input);
  std::vector<Made> all;
  std::array<Holder, 2> holders;
  const std::uint8_t forged = arguments.Byte();
  while (all.size() < kMostLinks) {
    const View record = arguments.Take(8);
    if (record.empty()) break;
    Arguments fields(record);
    all.push_back(MakeLink(all, fields));
    const std::uint8_t shown = fields.Byte();
    for (std::size_t i = 0; i < holders.size(); ++i)
      if ((shown >> i & 1) == 0) holders[i].Show(all, all.size() - 1);
    // Again what was shown before, to the other one perhaps.
    for (std::size_t i = 0; i < holders.size(); ++i)
      if ((shown >> i & 4) != 0) holders[i].Show(all, shown / 16U % all.size());
  }
  if (all.empty()) return;
  for (const Made& a : all)
    for (const Made& b : all) RequireStep(StepOf(Compatible(a.link, b.link)), CompatibleStep(a, b));
  // Property.ForkConvicts, for the last link and each.
  for (const Made& a : all) {
    const bool is_fork = !CompatibleStep(a, all.back()).empty();
    Require(Convicts(a, all.back()) == is_fork, "exactly a contradiction convicts");
    Require(Convicts(all.back(), a) == is_fork, "in either order");
  }
  RequireOneChain(all, holders[0], holders[1]);
  CheckForged(all.back(), forged);
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
