// Targets: Claim, Settle, Release, Close
//
// The input is a sequence of what can happen to a lender's spent-set, two bytes each: claims of a few
// tokens under two keys, settles and releases by any attempt there has been, sources that are exhausted,
// the end of an epoch. Beside ref/'s spent-set there is an account written from the chapter's table.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

constexpr std::size_t kTokens = 4, kKeys = 2, kDigests = 3;

// The rows of the table.
enum class Row { kNone, kClaimed, kReleased, kServed };

struct Line {
  Row row = Row::kNone;
  int refunds = 0;
  std::size_t digest = 0, attempt = 0;  // where it is claimed; attempts are numbered from 1
};

Bytes Name(std::string_view what, std::size_t number) {
  return oracle::Digest(Join({oracle::AsView(what), Bytes{static_cast<std::uint8_t>(number)}}));
}

std::size_t KeyOf(std::size_t token) {
  return token % kKeys;
}

class Lender {
 public:
  void Step(Arguments& arguments) {
    const std::uint8_t choice = arguments.Byte();
    const std::uint8_t what = arguments.Byte();
    const std::size_t token = choice / 8U % kTokens;
    const SpentSet before = spent_;
    switch (choice % 8) {
      case 0:
      case 1:
      case 2:
      case 3:
        // The fourth without a source.
        ClaimOne(token, what % kDigests, (what & 128) != 0, choice % 8 != 3);
        break;
      case 4:
        SettleOne(token, AttemptFor(token, what));
        break;
      case 5:
      case 6:
        ReleaseOne(token, AttemptFor(token, what));
        break;
      default:
        // Seldom, as nothing happens to its tokens after that.
        if (what % 8 != 0) break;
        Close(spent_, Name("key", KeyOf(token)));
        is_closed_[KeyOf(token)] = true;
        for (std::size_t i = 0; i < kTokens; ++i)
          if (KeyOf(i) == KeyOf(token)) lines_[i] = {};
        moved_ = true;
    }
    if (!moved_) RequireSame(before);
    moved_ = false;
    RequireAccount();
  }

 private:
  // 0 is the one that holds the token, if one does.
  std::size_t AttemptFor(std::size_t token, std::size_t what) const {
    return what == 0 ? lines_[token].attempt : what % claim_ids_.size();
  }

  void ClaimOne(std::size_t token, std::size_t digest, bool owner_lives, bool has_source) {
    const Line line = lines_[token];
    // The number of the next attempt and nothing else.
    Bytes next(16, static_cast<std::uint8_t>(claim_ids_.size()));
    next[0] = 1;
    bool is_drawn = false;
    const ByteSource source = [&](std::span<std::uint8_t> out) {
      is_drawn = true;
      if (!has_source || out.size() != next.size()) return false;
      std::ranges::copy(next, out.begin());
      return true;
    };
    const auto claimed = Claim(spent_, Name("token", token), Name("key", KeyOf(token)),
                               Name("digest", digest), owner_lives, source);
    const bool is_taken = line.row == Row::kClaimed;
    if (is_closed_[KeyOf(token)]) {
      RequireStep(StepOf(claimed), "Claim.1");
      Require(!is_drawn, "nothing is drawn in vain");
      return;
    }
    Verdict verdict = Verdict::kFresh;
    if (line.row == Row::kServed) verdict = Verdict::kServed;
    if (is_taken) verdict = owner_lives ? Verdict::kBusy : Verdict::kRetry;
    if (is_taken && line.digest != digest) verdict = Verdict::kDoubleSpend;
    const bool is_granted = verdict == Verdict::kFresh || verdict == Verdict::kRetry;
    Require(is_drawn == is_granted, "bytes are drawn for a claim that is granted");
    RequireStep(StepOf(claimed), is_granted && !has_source ? "Claim.5" : "");
    if (!claimed) return;
    Require(claimed->verdict == verdict, "the verdict is that of the table");
    Require(claimed->claim_id == (is_granted ? next : Bytes{}), "the claim id is from the source");
    if (!is_granted) return;
    if (verdict == Verdict::kFresh) Require(++fresh_[token] <= 3, "three claims are fresh at most");
    lines_[token] = {Row::kClaimed, line.refunds, digest, claim_ids_.size()};
    claim_ids_.push_back(next);
    moved_ = true;
  }

  bool Holds(std::size_t token, std::size_t attempt) const {
    return lines_[token].row == Row::kClaimed && lines_[token].attempt == attempt;
  }

  void SettleOne(std::size_t token, std::size_t attempt) {
    const auto settled = Settle(spent_, Name("token", token), claim_ids_[attempt]);
    RequireStep(StepOf(settled), Holds(token, attempt) ? "" : "Settle.1");
    if (!settled) return;
    Require(++settled_[token] == 1, "a token is settled once");
    lines_[token] = {Row::kServed, lines_[token].refunds, 0, 0};
    moved_ = true;
  }

  void ReleaseOne(std::size_t token, std::size_t attempt) {
    const auto released = Release(spent_, Name("token", token), claim_ids_[attempt]);
    if (!Holds(token, attempt)) return RequireStep(StepOf(released), "Release.1");
    const int refunds = lines_[token].refunds;
    RequireStep(StepOf(released), refunds == 2 ? "Release.2" : "");
    if (!released) return;
    lines_[token] = {Row::kReleased, refunds + 1, 0, 0};
    moved_ = true;
  }

  void RequireSame(const SpentSet& before) const {
    Require(spent_.closed == before.closed, "what fails closes nothing");
    Require(std::ranges::equal(spent_.entries, before.entries,
                               [](const auto& a, const auto& b) {
                                 const SpentEntry &one = a.second, &other = b.second;
                                 return a.first == b.first && one.state == other.state &&
                                        one.key_id == other.key_id &&
                                        one.refunds == other.refunds &&
                                        one.digest == other.digest &&
                                        one.claim_id == other.claim_id;
                               }),
            "what fails changes nothing");
  }

  void RequireAccount() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < kTokens; ++i) {
      const Line& line = lines_[i];
      const auto at = spent_.entries.find(Name("token", i));
      Require((at == spent_.entries.end()) == (line.row == Row::kNone),
              "there is an entry for what has been claimed, and no other");
      if (line.row == Row::kNone) continue;
      ++count;
      using enum SpentEntry::State;
      const SpentEntry& entry = at->second;
      const bool is_claimed = line.row == Row::kClaimed;
      Require(entry.state == (is_claimed                   ? kClaimed
                              : line.row == Row::kReleased ? kReleased
                                                           : kServed),
              "the state is that of the table");
      Require(entry.refunds == line.refunds && line.refunds <= 2, "the refunds are counted");
      Require(entry.key_id == Name("key", KeyOf(i)), "the entry is of its epoch");
      Require(entry.digest == (is_claimed ? Name("digest", line.digest) : Bytes{}),
              "the digest is there while it is claimed");
      Require(entry.claim_id == (is_claimed ? claim_ids_[line.attempt] : Bytes{}),
              "the claim id is there while it is claimed");
    }
    Require(spent_.entries.size() == count, "nothing else is kept");
    for (std::size_t key = 0; key < kKeys; ++key)
      Require(spent_.closed.contains(Name("key", key)) == is_closed_[key],
              "an epoch that is closed stays closed");
  }

  SpentSet spent_;
  bool moved_ = false;
  std::array<Line, kTokens> lines_;
  std::array<bool, kKeys> is_closed_ = {};
  // By attempt; number 0 is nobody's, and what is left of a claim id that has been erased.
  std::vector<Bytes> claim_ids_ = {Bytes{}};
  std::array<int, kTokens> fresh_ = {}, settled_ = {};
};

void Check(View input) {
  // Long sequences say nothing that several short ones do not.
  Arguments arguments(input.first(std::min<std::size_t>(input.size(), 96)));
  Lender lender;
  for (std::size_t turn = 0; turn < (input.size() + 1) / 2 && turn < 48; ++turn)
    lender.Step(arguments);
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
