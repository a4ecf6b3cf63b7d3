// Properties of spec chapter 9-redemption.
#include "ref/redemption.h"

#include <rapidcheck/state.h>

#include <array>
#include <map>
#include <set>

#include "tests/support/group.h"
#include "tests/support/plain_tape.h"

namespace blindlend::test {
namespace {

using enum SpentEntry::State;

constexpr std::uint64_t kNever = ~std::uint64_t{0};

Bytes LenderOf(int number) {
  return PublicOf(SeedOf("lender " + std::to_string(number)));
}

// Epoch number i under Key(512, i). All spend windows overlap in [200, 300), so that a token's key
// can be looked for in an epoch of the same time.
const Link& EpochOf(int i) {
  static std::map<int, Link> links;
  const auto found = links.find(i);
  if (found != links.end()) return found->second;
  return links[i] = EpochLink(Key(512, i), static_cast<std::uint32_t>(i) + 1,
                              i == 0 ? Bytes(32) : *LinkId(EpochOf(i - 1)));
}

Link Revocation() {
  return {Ascii("a group"), 9, Bytes(32, 1), std::nullopt};
}

struct Owned {
  Token token;
  Bytes seed;
};

// A token of epoch i for a lender, signed with the private exponent.
Owned TokenOf(int epoch, const Bytes& audience, std::uint64_t tape_seed) {
  Tape tape = TapeFrom(tape_seed);
  const Minted minted = *MintToken(*KeyId(Key(512, epoch)), audience, tape.Source());
  return {Token{*KeyId(Key(512, epoch)), audience, PublicOf(minted.seed),
                SignatureOf(Key(512, epoch), minted.msg)},
          minted.seed};
}

bool Same(const Borrow& a, const Borrow& b) {
  return a.digest == b.digest && *EncodeToken(a.token) == *EncodeToken(b.token);
}

// What this borrow says, sealed by whoever has this seed.
Bytes SealBorrow(const Bytes& seed, const Borrow& borrow) {
  return Seal(seed, "blindlend v1 borrow", *EncodeBorrow(borrow));
}

// The token's honest digest in a borrow of it, sealed by whoever has this seed.
Bytes Reborrow(const Bytes& seed, const Token& token, View request) {
  return SealBorrow(seed, {RequestDigest(*TokenId(token), request), token});
}

// A length in eight bytes.
Bytes Length(std::size_t length) {
  return *I2OSP(NTL::conv<ZZ>(length), 8);
}

// ---------------------------------------------------------------------------------------- The borrow

// Property.BorrowRoundTrip
TEST(Redemption, BorrowRoundTrip) {
  const auto distribution = CheckProperty(
      [] {
        const auto width = *rc::gen::element<std::size_t>(1, 2, 64, 255, 256, 511, 512);
        const Borrow borrow{Random(32), {Random(32), Random(32), Random(32), Random(width)}};
        const Bytes bytes = *EncodeBorrow(borrow);
        RC_ASSERT(bytes == Join({Bytes{1, 14}, borrow.digest, *EncodeToken(borrow.token)}));
        RC_ASSERT(Same(*ParseBorrow(bytes), borrow));
        // In the header, or up to the two bytes of the width.
        Bytes bad = *rc::gen::element(Edited(bytes, 2), Edited(bytes, 36), Edited(bytes, 136));
        if (bad.size() == bytes.size() && OneIn(3))
          bad = FlipBit(bytes, 8 * 132 + Uniform<std::size_t>(0, 16));
        const auto parsed = ParseBorrow(bad);
        if (parsed) RC_ASSERT(*EncodeBorrow(*parsed) == bad);
        RC_TAG(parsed ? "accepted" : Step(parsed));
      },
      10);
  for (const char* tag : {"accepted", "ParseBorrow.1", "ParseBorrow.2"})
    EXPECT_GE(distribution.Share(tag), 0.05) << tag;
}

// Property.BorrowRoundTrip at the limits: every length, every value of the first two bytes, each
// field too short and too long.
TEST(Redemption, Limits) {
  const Owned owned = TokenOf(0, LenderOf(1), 1);
  const Borrow borrow{Bytes(32, 7), owned.token};
  const Bytes bytes = *EncodeBorrow(borrow);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    ASSERT_EQ(Step(ParseBorrow(View(bytes).first(length))),
              length < 34 ? "ParseBorrow.1" : "ParseBorrow.2");
  EXPECT_EQ(Step(ParseBorrow(Join({bytes, Bytes(1)}))), "ParseBorrow.2");
  for (std::size_t at = 0; at < 2; ++at)
    for (unsigned value = 0; value < 256; ++value) {
      Bytes edited = bytes;
      edited[at] = static_cast<std::uint8_t>(value);
      ASSERT_EQ(Step(ParseBorrow(edited)), edited == bytes ? "" : "ParseBorrow.1") << value;
    }
  for (const std::size_t length : {0u, 31u, 33u}) {
    Borrow wrong = borrow;
    wrong.digest.resize(length);
    EXPECT_EQ(Step(EncodeBorrow(wrong)), "EncodeBorrow.1") << length;
    for (Bytes Token::* const field : {&Token::key_id, &Token::audience, &Token::spend_key}) {
      wrong = borrow;
      (wrong.token.*field).resize(length);
      EXPECT_EQ(Step(EncodeBorrow(wrong)), "EncodeBorrow.1") << length;
      EXPECT_EQ(Step(MakeBorrow(wrong.token, owned.seed, {})), "MakeBorrow.1") << length;
    }
  }
  Borrow wrong = borrow;
  wrong.token.sig.resize(513);
  EXPECT_EQ(Step(EncodeBorrow(wrong)), "EncodeBorrow.1");
  EXPECT_EQ(Step(MakeBorrow(wrong.token, owned.seed, {})), "MakeBorrow.1");
}

// What MakeBorrow makes: a function of token, seed and request, which VerifyBorrow takes.
TEST(Redemption, BorrowWorks) {
  const auto distribution = CheckProperty(
      [](std::uint64_t tape_seed) {
        const int epoch = Uniform(0, 3);
        const Bytes audience = LenderOf(Uniform(1, 3));
        const auto [token, seed] = TokenOf(epoch, audience, tape_seed);
        const Bytes request = Random(Uniform<std::size_t>(0, 300)), id = *TokenId(token);
        const Bytes digest = RequestDigest(id, request);
        RC_ASSERT(digest == SHA256(Join({Length(27), Ascii("blindlend v1 request digest"),
                                         Length(32), id, Length(request.size()), request})));
        const auto sealed = MakeBorrow(token, seed, request);
        RC_ASSERT(Step(sealed).empty());
        RC_ASSERT(*sealed == SealBorrow(seed, {digest, token}));
        RC_ASSERT(*MakeBorrow(token, seed, request) == *sealed);
        const auto now =
            *rc::gen::element(Uniform(kSpendFrom, kSpendUntil), kSpendFrom, kSpendUntil - 1);
        const auto borrow =
            VerifyBorrow({EpochOf(0), EpochOf(1), EpochOf(2)}, audience, now, request, *sealed);
        RC_ASSERT(Step(borrow).empty());
        RC_ASSERT(Same(*borrow, {digest, token}));

        // Equal requests do not show as equal, and nobody else can make the borrow.
        const Owned other = TokenOf(epoch, audience, tape_seed + 1);
        RC_ASSERT(RequestDigest(*TokenId(other.token), request) != digest);
        RC_ASSERT(RequestDigest(id, Join({request, Bytes(1)})) != digest);
        RC_ASSERT(RequestDigest(Join({id, Bytes{1}}), request) !=
                  RequestDigest(id, Join({Bytes{1}, request})));
        RC_ASSERT(Step(MakeBorrow(token, other.seed, request)) == "MakeBorrow.1");
        RC_TAG(now == kSpendFrom        ? "in the first second"
               : now == kSpendUntil - 1 ? "in the last second"
                                        : "in between");
      },
      2);
  for (const char* tag : {"in the first second", "in the last second", "in between"})
    EXPECT_GE(distribution.Share(tag), 0.05) << tag;
}

// Property.BorrowBinds: every bit of a sealed borrow, at the step that looks at it.
TEST(Redemption, EverySingleBitEditFails) {
  const Bytes lender = LenderOf(1), request = Ascii("GET /works/1");
  const auto [token, seed] = TokenOf(0, lender, 1);
  const Bytes sealed = *MakeBorrow(token, seed, request);
  const std::vector<Link> chain = {EpochOf(0)};
  const auto step = [&](View bytes) {
    return Step(VerifyBorrow(chain, lender, kSpendFrom, request, bytes));
  };
  ASSERT_EQ(sealed.size(), 2u + 32 + 100 + 64 + 64);
  ASSERT_EQ(step(sealed), "");
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    const std::size_t at = bit / 8;
    const bool is_form = at < 2 || at == 34 || at == 35 || at == 132 || at == 133;
    ASSERT_EQ(step(FlipBit(sealed, bit)), is_form    ? "VerifyBorrow.1"
                                          : at < 132 ? "VerifyBorrow.2"
                                                     : "VerifyBorrow.7")
        << bit;
  }
  for (std::size_t length = 0; length < sealed.size(); ++length)
    ASSERT_EQ(step(View(sealed).first(length)), "VerifyBorrow.1") << length;
  // The owner of the spend key can sign any of these edits; then the next check finds them.
  for (std::size_t bit = 8 * 2; bit < 8 * (sealed.size() - 64); ++bit) {
    const Bytes edited = FlipBit(sealed, bit);
    const auto borrow = ParseBorrow(View(edited).first(edited.size() - 64));
    const std::size_t at = bit / 8;
    if (!borrow) continue;
    ASSERT_EQ(step(SealBorrow(seed, *borrow)), at < 132 ? "VerifyBorrow.2" : "VerifyBorrow.8")
        << bit;
    const std::string again = step(Reborrow(seed, borrow->token, request));
    ASSERT_EQ(again, at < 34    ? ""
                     : at < 68  ? "VerifyBorrow.4"
                     : at < 100 ? "VerifyBorrow.8"
                     : at < 132 ? "VerifyBorrow.7"
                                : "VerifyBorrow.8")
        << bit;
  }
}

// Claim.BorrowBound
// Property.BorrowBinds: another request, another lender, another epoch's key, another token's parts.
TEST(Redemption, BorrowBinds) {
  const auto distribution = CheckProperty(
      [](std::uint64_t tape_seed) {
        const int epoch = Uniform(0, 3), other_epoch = (epoch + Uniform(1, 3)) % 3;
        const Bytes lender = LenderOf(1), other_lender = LenderOf(2);
        const auto [token, seed] = TokenOf(epoch, lender, tape_seed);
        const Bytes request = Random(Uniform<std::size_t>(0, 40));
        const std::vector<Link> chain = {EpochOf(0), EpochOf(1), EpochOf(2)};
        const Bytes sealed = *MakeBorrow(token, seed, request);
        const auto now = Uniform(kSpendFrom, kSpendUntil);
        const auto step = [&](const Bytes& at, const Bytes& asked, const Bytes& bytes) {
          return Step(VerifyBorrow(chain, at, now, asked, bytes));
        };
        RC_ASSERT(step(lender, request, sealed).empty());
        Bytes edited = Join({request, Bytes(1)});
        RC_ASSERT(step(lender, edited, sealed) == "VerifyBorrow.2");
        if (!request.empty()) {
          edited = FlipBit(request, Uniform<std::size_t>(0, 8 * request.size()));
          RC_ASSERT(step(lender, edited, sealed) == "VerifyBorrow.2");
          RC_ASSERT(step(lender, {}, sealed) == "VerifyBorrow.2");
        }
        // Before the request has come: all but what binds it.
        const auto shown = [&](const Bytes& at, const Bytes& bytes) {
          return Step(VerifyBorrow(chain, at, now, std::nullopt, bytes));
        };
        RC_ASSERT(shown(lender, sealed).empty());
        RC_ASSERT(shown(lender, Bytes(64)) == "VerifyBorrow.1");
        RC_ASSERT(shown(other_lender, sealed) == "VerifyBorrow.8");
        RC_ASSERT(shown(LenderOf(3), sealed) == "VerifyBorrow.6");
        edited = FlipBit(sealed, 8 * 3);  // of the digest
        RC_ASSERT(shown(lender, edited) == "VerifyBorrow.7");
        RC_ASSERT(step(other_lender, request, sealed) == "VerifyBorrow.8");
        RC_ASSERT(step(LenderOf(3), request, sealed) == "VerifyBorrow.6");
        RC_ASSERT(step({}, request, sealed) == "VerifyBorrow.6");
        // Another epoch's key: in the chain instead of this one, or named instead of it.
        RC_ASSERT(Step(VerifyBorrow({EpochOf(other_epoch)}, lender, now, request, sealed)) ==
                  "VerifyBorrow.4");
        Token moved = token;
        moved.key_id = *KeyId(Key(512, other_epoch));
        RC_ASSERT(step(lender, request, Reborrow(seed, moved, request)) == "VerifyBorrow.8");
        moved = token;
        moved.audience = other_lender;
        RC_ASSERT(step(other_lender, request, Reborrow(seed, moved, request)) == "VerifyBorrow.8");
        // Another token's digest, spend key or signature, and another tag.
        const Owned other = TokenOf(epoch, lender, tape_seed + 1);
        RC_ASSERT(step(lender, request,
                       SealBorrow(seed, {RequestDigest(*TokenId(other.token), request), token})) ==
                  "VerifyBorrow.2");
        RC_ASSERT(step(lender, request, Reborrow(other.seed, token, request)) == "VerifyBorrow.7");
        moved = token;
        moved.spend_key = other.token.spend_key;
        RC_ASSERT(step(lender, request, Reborrow(other.seed, moved, request)) == "VerifyBorrow.8");
        moved = token;
        moved.sig = other.token.sig;
        RC_ASSERT(step(lender, request, Reborrow(seed, moved, request)) == "VerifyBorrow.8");
        RC_ASSERT(step(lender, request,
                       Seal(seed, "blindlend v1 request",
                            View(sealed).first(sealed.size() - 64))) == "VerifyBorrow.7");
        RC_TAG(request.empty() ? "empty request" : "request");
      },
      2);
  EXPECT_GE(distribution.Share("request"), 0.5);
}

// The windows and chains of VerifyBorrow at their limits.
TEST(Redemption, VerifyBorrowFails) {
  const Bytes lender = LenderOf(1), request = Ascii("GET /works/1");
  const auto [token, seed] = TokenOf(1, lender, 1);
  const Bytes sealed = *MakeBorrow(token, seed, request);
  const auto step = [&](const std::vector<Link>& chain, std::uint64_t now) {
    return Step(VerifyBorrow(chain, lender, now, request, sealed));
  };
  const std::vector<Link> chain = {EpochOf(0), EpochOf(1), EpochOf(2)};
  EXPECT_EQ(step(chain, kSpendFrom), "");
  EXPECT_EQ(step(chain, kSpendUntil - 1), "");
  for (const std::uint64_t now : {std::uint64_t{0}, kSpendFrom - 1, kSpendUntil, kNever})
    EXPECT_EQ(step(chain, now), "VerifyBorrow.5") << now;
  EXPECT_EQ(step({}, kSpendFrom), "VerifyBorrow.3");
  EXPECT_EQ(step({Revocation()}, kSpendFrom), "VerifyBorrow.3");
  EXPECT_EQ(step({EpochOf(0), EpochOf(1), Revocation()}, kSpendFrom), "VerifyBorrow.3");
  EXPECT_EQ(step({EpochOf(0), EpochOf(2)}, kSpendFrom), "VerifyBorrow.4");
  // No chain of Extend's has this; a revocation that is not the last is no epoch all the same.
  EXPECT_EQ(step({Revocation(), EpochOf(1)}, kSpendFrom), "");
  EXPECT_EQ(step({Revocation(), EpochOf(2)}, kSpendFrom), "VerifyBorrow.4");
  // The window and the lenders are those of the token's epoch, not of another.
  Link late = EpochOf(2), elsewhere = EpochOf(0);
  late.epoch->spend_from = 250;
  late.epoch->spend_until = 400;
  elsewhere.epoch->lenders = {LenderOf(3)};
  EXPECT_EQ(step({elsewhere, EpochOf(1), late}, kSpendFrom), "");
  EXPECT_EQ(step({elsewhere, EpochOf(1), late}, kSpendUntil), "VerifyBorrow.5");
  Link without = EpochOf(1);
  without.epoch->lenders = {LenderOf(2)};
  EXPECT_EQ(step({EpochOf(0), without, EpochOf(2)}, kSpendFrom), "VerifyBorrow.6");
}

// The first step whose condition holds is the one that fails, whatever else is wrong.
TEST(Redemption, VerifyBorrowInOrder) {
  const auto distribution = CheckProperty(
      [](std::uint64_t tape_seed) {
        // More of the late steps, which show alone only where all before them hold.
        const int first = Uniform(1, 10);
        const auto wrong = [&](int step) { return step == first || (step > first && OneIn(3)); };
        const Bytes lender = LenderOf(1), request = Random(20);
        auto [token, seed] = TokenOf(0, lender, tape_seed);
        std::vector<Link> chain = {EpochOf(1), EpochOf(0), EpochOf(2)};
        if (wrong(8)) token.sig = FlipBit(token.sig, Uniform<std::size_t>(0, 512));
        const Bytes sealer = wrong(7) ? Random(32) : seed;
        const Bytes at = wrong(6) ? LenderOf(3) : lender;
        const std::uint64_t now = wrong(5) ? *rc::gen::element(kSpendFrom - 1, kSpendUntil, kNever)
                                           : Uniform(kSpendFrom, kSpendUntil);
        if (wrong(4)) chain.erase(chain.begin() + 1);
        if (wrong(3)) {
          if (OneIn(2))
            chain.clear();
          else
            chain.push_back(Revocation());
        }
        const Bytes asked = wrong(2) ? Random(20) : request;
        Bytes sealed = Reborrow(sealer, token, request);
        if (wrong(1)) {
          if (OneIn(2))
            sealed.resize(Uniform<std::size_t>(0, sealed.size()));
          else
            sealed = FlipBit(sealed, Uniform<std::size_t>(0, 16));
        }
        const auto step = Step(VerifyBorrow(chain, at, now, asked, sealed));
        RC_ASSERT(step == (first == 9 ? "" : "VerifyBorrow." + std::to_string(first)));
        RC_TAG(step.empty() ? "verified" : step);
      },
      6);
  for (int step = 1; step <= 8; ++step)
    EXPECT_GE(distribution.Share("VerifyBorrow." + std::to_string(step)), 0.02) << step;
  EXPECT_GE(distribution.Share("verified"), 0.02);
}

// ------------------------------------------------------------------------------------- The spent-set

bool Same(const SpentEntry& a, const SpentEntry& b) {
  // Five fields and no other: what would tell members apart has no place.
  const auto& [state, key_id, refunds, digest, claim_id] = a;
  return state == b.state && key_id == b.key_id && refunds == b.refunds && digest == b.digest &&
         claim_id == b.claim_id;
}

bool Same(const SpentSet& a, const SpentSet& b) {
  const auto& [entries, closed] = a;
  return closed == b.closed &&
         std::ranges::equal(entries, b.entries, [](const auto& one, const auto& other) {
           return one.first == other.first && Same(one.second, other.second);
         });
}

// What is kept of an entry that is not claimed is nothing but its state.
void RequireErased(const SpentSet& spent) {
  for (const auto& [id, entry] : spent.entries) {
    const bool is_claimed = entry.state == kClaimed;
    RC_ASSERT(entry.digest.size() == (is_claimed ? 32u : 0u));
    RC_ASSERT(entry.claim_id.size() == (is_claimed ? 16u : 0u));
    RC_ASSERT(entry.refunds >= 0 && entry.refunds <= 2);
    RC_ASSERT(!spent.closed.contains(entry.key_id));
  }
}

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFresh:
      return "fresh";
    case Verdict::kRetry:
      return "retry";
    case Verdict::kBusy:
      return "busy";
    case Verdict::kServed:
      return "served";
    case Verdict::kDoubleSpend:
      return "double-spend";
  }
  return "";
}

const Bytes kId(32, 1), kOtherId(32, 2), kThirdId(32, 3);
const Bytes kKey(32, 4), kOtherKey(32, 5), kClosedKey(32, 6);
const Bytes kDigest(32, 7), kOtherDigest(32, 8);
const Bytes kCurrent(16, 9), kStale(16, 10), kNext(16, 11);

// Property.SpentTable: the table of the chapter, cell by cell, with whatever else the spent-set holds
// as a witness that nothing else changes.
class SpentTable : public testing::Test {
 protected:
  // State: '-' no entry, 'c' claimed, 'r' released, 's' served.
  static SpentSet Before(char state, int refunds, const Bytes& key_id = kKey) {
    SpentSet spent;
    spent.closed = {kClosedKey};
    spent.entries[kOtherId] = {kClaimed, kKey, 1, kDigest, kCurrent};
    spent.entries[kThirdId] = {kServed, kOtherKey, 0, {}, {}};
    if (state != '-') spent.entries[kId] = Entry(state, refunds, key_id, kDigest, kCurrent);
    return spent;
  }

  static SpentEntry Entry(char state, int refunds, const Bytes& key_id, const Bytes& digest,
                          const Bytes& claim_id) {
    if (state == 'c') return {kClaimed, key_id, refunds, digest, claim_id};
    return {state == 'r' ? kReleased : kServed, key_id, refunds, {}, {}};
  }

  // Before, but for the entry of kId.
  static SpentSet After(SpentSet before, const SpentEntry& entry) {
    before.entries[kId] = entry;
    return before;
  }
};

TEST_F(SpentTable, Claim) {
  // By state and whether the owner lives: for the same digest, for another.
  const std::map<std::pair<char, bool>, std::pair<Verdict, Verdict>> table = {
      {{'-', false}, {Verdict::kFresh, Verdict::kFresh}},
      {{'-', true}, {Verdict::kFresh, Verdict::kFresh}},
      {{'c', true}, {Verdict::kBusy, Verdict::kDoubleSpend}},
      {{'c', false}, {Verdict::kRetry, Verdict::kDoubleSpend}},
      {{'r', false}, {Verdict::kFresh, Verdict::kFresh}},
      {{'r', true}, {Verdict::kFresh, Verdict::kFresh}},
      {{'s', false}, {Verdict::kServed, Verdict::kServed}},
      {{'s', true}, {Verdict::kServed, Verdict::kServed}},
  };
  int cells = 0;
  for (const auto& [row, verdicts] : table)
    for (int refunds = 0; refunds <= (row.first == '-' ? 0 : 2); ++refunds)
      for (const bool is_same : {true, false})
        for (const bool has_source : {true, false}) {
          ++cells;
          const auto [state, owner_lives] = row;
          SCOPED_TRACE(std::string(1, state) + std::to_string(refunds) + (is_same ? "=" : "/") +
                       (owner_lives ? "lives" : "dead") + (has_source ? "" : " no source"));
          const Verdict expected = is_same ? verdicts.first : verdicts.second;
          const Bytes& digest = is_same ? kDigest : kOtherDigest;
          const SpentSet before = Before(state, refunds);
          SpentSet spent = before;
          // One byte too few where there is no source, one too many where there is.
          Tape tape = Tape::Of(has_source ? Join({kNext, Bytes(1)}) : Bytes(15, 11));
          const auto claimed = Claim(spent, kId, kKey, digest, owner_lives, tape.Source());
          const bool moves = expected == Verdict::kFresh || expected == Verdict::kRetry;
          if (moves && !has_source) {
            EXPECT_EQ(Step(claimed), "Claim.5");
            EXPECT_TRUE(Same(spent, before));
            continue;
          }
          ASSERT_EQ(Step(claimed), "");
          EXPECT_STREQ(Name(claimed->verdict), Name(expected));
          EXPECT_EQ(claimed->claim_id, moves ? kNext : Bytes{});
          EXPECT_EQ(tape.used(), moves ? 16u : 0u);
          EXPECT_TRUE(Same(
              spent, moves ? After(before, {kClaimed, kKey, refunds, digest, kNext}) : before));
        }
  EXPECT_EQ(cells, (1 + 3 * 3) * 2 * 4);
}

TEST_F(SpentTable, SettleAndRelease) {
  for (const char state : {'-', 'c', 'r', 's'})
    for (int refunds = 0; refunds <= (state == '-' ? 0 : 2); ++refunds)
      // The current one, an earlier one, and what is left of it where there is none.
      for (const Bytes& claim_id : {kCurrent, kStale, Bytes{}, Bytes(15, 9), Bytes(17, 9)}) {
        SCOPED_TRACE(std::string(1, state) + std::to_string(refunds) + " " +
                     std::to_string(claim_id.size()));
        const bool is_current = state == 'c' && claim_id == kCurrent;
        const SpentSet before = Before(state, refunds);
        SpentSet spent = before;
        EXPECT_EQ(Step(Settle(spent, kId, claim_id)), is_current ? "" : "Settle.1");
        EXPECT_TRUE(
            Same(spent, is_current ? After(before, {kServed, kKey, refunds, {}, {}}) : before));
        spent = before;
        EXPECT_EQ(Step(Release(spent, kId, claim_id)), !is_current    ? "Release.1"
                                                       : refunds == 2 ? "Release.2"
                                                                      : "");
        EXPECT_TRUE(Same(spent, is_current && refunds < 2
                                    ? After(before, {kReleased, kKey, refunds + 1, {}, {}})
                                    : before));
      }
}

// The end of an empty map, taken for an entry, would read as claimed with an empty claim id here.
TEST_F(SpentTable, NoEntryIsNoEntry) {
  struct {
    SpentSet spent;
    std::array<std::uint8_t, 256> zeros = {};
  } padded;
  EXPECT_EQ(Step(Settle(padded.spent, kId, {})), "Settle.1");
  EXPECT_EQ(Step(Release(padded.spent, kId, {})), "Release.1");
  EXPECT_TRUE(Same(padded.spent, SpentSet{}));
}

TEST_F(SpentTable, Close) {
  for (const char state : {'-', 'c', 'r', 's'})
    for (const Bytes& key_id : {kKey, kOtherKey}) {
      const SpentSet before = Before(state, 1, key_id);
      for (const Bytes& closing : {kKey, kOtherKey, kClosedKey, Bytes(32, 99)}) {
        SpentSet spent = before, expected = before;
        expected.closed.insert(closing);
        if (closing == kKey) expected.entries.erase(kOtherId);
        if (closing == kOtherKey) expected.entries.erase(kThirdId);
        if (closing == key_id) expected.entries.erase(kId);
        Close(spent, closing);
        EXPECT_TRUE(Same(spent, expected));
        Close(spent, closing);
        EXPECT_TRUE(Same(spent, expected)) << "once and for all";
        // In every state and before all else: no Claim under its key, and nothing is drawn.
        for (const bool owner_lives : {true, false})
          for (const Bytes& digest : {kDigest, kOtherDigest}) {
            Tape tape = Tape::Of(kNext);
            EXPECT_EQ(Step(Claim(spent, kId, closing, digest, owner_lives, tape.Source())),
                      "Claim.1");
            EXPECT_EQ(tape.used(), 0u);
            EXPECT_TRUE(Same(spent, expected));
          }
      }
    }
  // Even where an entry is left under a key that is closed.
  for (const char state : {'c', 'r', 's'}) {
    const SpentSet before = Before(state, 0, kClosedKey);
    SpentSet spent = before;
    Tape tape = Tape::Of(kNext);
    EXPECT_EQ(Step(Claim(spent, kId, kClosedKey, kDigest, false, tape.Source())), "Claim.1");
    EXPECT_TRUE(Same(spent, before));
  }
}

constexpr std::size_t kTokens = 4, kKeys = 2;

// A lender's account as plain as it can be: one letter for each token ('-', 'c', 'r', 's', and 'x'
// when its epoch is over), and the number of the attempt that holds it.
struct Account {
  struct Entry {
    char letter = '-';
    int refunds = 0;
    std::size_t digest = 0, holder = 0;
  };
  std::array<Entry, kTokens> entries;
  std::size_t attempts = 0;  // granted so far, numbered from 1
};

std::size_t KeyOf(std::size_t token) {
  return token % kKeys;
}

// The spent-set as it is, and what has been granted.
struct Lender {
  SpentSet spent;
  Tape tape;
  std::vector<Bytes> claim_ids = {Bytes(16)};  // by attempt; nobody has number 0
  std::array<int, kTokens> settled = {}, released = {}, fresh = {};
  std::set<std::string> seen;

  static Bytes Id(std::size_t token) { return SHA256(Ascii("token " + std::to_string(token))); }
  static Bytes KeyName(std::size_t key) { return SHA256(Ascii("key " + std::to_string(key))); }
  static Bytes Digest(std::size_t digest) {
    return SHA256(Ascii("digest " + std::to_string(digest)));
  }

  void Check(const Account& account) {
    RequireErased(spent);
    std::size_t entries = 0;
    for (std::size_t i = 0; i < kTokens; ++i) {
      const auto& [letter, refunds, digest, holder] = account.entries[i];
      const auto at = spent.entries.find(Id(i));
      const bool is_there = letter != '-' && letter != 'x';
      RC_ASSERT((at != spent.entries.end()) == is_there);
      RC_ASSERT(spent.closed.contains(KeyName(KeyOf(i))) == (letter == 'x'));
      // Property.SpentOnce and Property.RefundsBounded
      RC_ASSERT(settled[i] <= 1);
      RC_ASSERT(released[i] <= 2);
      RC_ASSERT(fresh[i] <= 3);
      if (!is_there) continue;
      ++entries;
      const SpentEntry& entry = at->second;
      RC_ASSERT(entry.state == (letter == 'c' ? kClaimed : letter == 'r' ? kReleased : kServed));
      RC_ASSERT(entry.key_id == KeyName(KeyOf(i)));
      RC_ASSERT(entry.refunds == refunds && refunds == released[i]);
      RC_ASSERT((letter == 's') == (settled[i] == 1));
      if (letter != 'c') continue;
      RC_ASSERT(entry.digest == Digest(digest));
      RC_ASSERT(entry.claim_id == claim_ids[holder]);
    }
    RC_ASSERT(spent.entries.size() == entries);
  }
};

struct Operation : rc::state::Command<Account, Lender> {
  std::string what;
  std::size_t token, digest, attempt;
  bool owner_lives;

  explicit Operation(const Account& account) {
    token = Uniform<std::size_t>(0, kTokens);
    digest = Uniform<std::size_t>(0, 2);
    owner_lives = OneIn(2);
    what = *rc::gen::weightedElement<std::string>(
        {{12, "claim"}, {4, "settle"}, {7, "release"}, {1, "close"}, {1, "exhausted"}});
    // Mostly the attempt that holds the token, else any there has been: an earlier one, another's.
    attempt =
        OneIn(2) ? account.entries[token].holder : Uniform<std::size_t>(0, account.attempts + 1);
    if (what == "close") token = OneIn(2) ? 0 : token;
  }

  std::string Expected(const Account& account) const {
    const auto& [letter, refunds, held, holder] = account.entries[token];
    const bool is_holder = letter == 'c' && attempt == holder;
    if (what == "close") return "";
    if (what == "settle") return is_holder ? "" : "Settle.1";
    if (what == "release") return !is_holder ? "Release.1" : refunds == 2 ? "Release.2" : "";
    if (letter == 'x') return "Claim.1";
    if (letter == 's') return "served";
    if (letter == 'c' && digest != held) return "double-spend";
    if (letter == 'c' && owner_lives) return "busy";
    if (what == "exhausted") return "Claim.5";
    return letter == 'c' ? "retry" : "fresh";
  }

  void checkPreconditions(const Account& account) const override {
    RC_PRE(attempt <= account.attempts);
  }

  void apply(Account& account) const override {
    const std::string result = Expected(account);
    auto& entry = account.entries[token];
    if (what == "close") {
      for (std::size_t i = 0; i < kTokens; ++i)
        if (KeyOf(i) == KeyOf(token)) account.entries[i].letter = 'x';
    } else if (result == "fresh" || result == "retry") {
      entry = {'c', entry.refunds, digest, ++account.attempts};
    } else if (result.empty()) {
      entry = {what == "settle" ? 's' : 'r', entry.refunds + (what == "release" ? 1 : 0), 0, 0};
    }
  }

  std::string Do(Lender& lender) const {
    SpentSet& spent = lender.spent;
    const Bytes id = Lender::Id(token), key_id = Lender::KeyName(KeyOf(token));
    if (what == "close") {
      Close(spent, key_id);
      return "";
    }
    if (what == "settle") {
      const std::string step = Step(Settle(spent, id, lender.claim_ids[attempt]));
      if (step.empty()) ++lender.settled[token];
      return step;
    }
    if (what == "release") {
      const std::string step = Step(Release(spent, id, lender.claim_ids[attempt]));
      if (step.empty()) ++lender.released[token];
      return step;
    }
    const auto claimed = Claim(spent, id, key_id, Lender::Digest(digest), owner_lives,
                               what == "claim" ? lender.tape.Source() : ByteSource(NoSource));
    if (!claimed) return Step(claimed);
    const bool is_granted =
        claimed->verdict == Verdict::kFresh || claimed->verdict == Verdict::kRetry;
    RC_ASSERT(claimed->claim_id.size() == (is_granted ? 16u : 0u));
    if (claimed->verdict == Verdict::kFresh) ++lender.fresh[token];
    if (is_granted) lender.claim_ids.push_back(claimed->claim_id);
    return Name(claimed->verdict);
  }

  void run(const Account& account, Lender& lender) const override {
    const SpentSet before = lender.spent;
    const int settled = lender.settled[token];
    const std::string expected = Expected(account), result = Do(lender);
    RC_ASSERT(result == expected);
    const bool moves = result.empty() || result == "fresh" || result == "retry";
    // Property.StaleChangesNothing, and whatever else is refused.
    if (!moves) RC_ASSERT(Same(lender.spent, before));
    const bool is_claim = what == "claim" || what == "exhausted";
    // Property.SpentOnce and Property.ClosedStaysClosed
    if (is_claim && before.closed.contains(Lender::KeyName(KeyOf(token))))
      RC_ASSERT(result == "Claim.1");
    else if (is_claim && settled == 1)
      RC_ASSERT(result == "served");
    lender.Check(nextState(account));
    lender.seen.insert(result.empty() ? what : result);
    if (what == "settle" && !result.empty() && account.entries[token].letter == 'c')
      lender.seen.insert("stale settle");
    if (what == "release" && !result.empty() && account.entries[token].letter == 'c')
      lender.seen.insert("stale release");
    if (result == "fresh" && account.entries[token].refunds == 2) lender.seen.insert("third fresh");
    if (result == "Claim.1" && settled == 1) lender.seen.insert("closed after it was served");
  }

  void show(std::ostream& os) const override {
    os << what << " token " << token << " digest " << digest << " attempt " << attempt
       << (owner_lives ? " lives" : " dead");
  }
};

// Claim.SpentOnce
// Property.SpentOnce, Property.StaleChangesNothing, Property.RefundsBounded and
// Property.ClosedStaysClosed over sequences of whatever can happen: several tokens under two keys,
// attempts that come back late, sources that are exhausted, closing at any time.
TEST(SpentSet, SpentOnce) {
  const auto distribution = CheckProperty(
      [](std::uint64_t tape_seed) {
        Lender lender{.spent = {}, .tape = TapeFrom(tape_seed), .seen = {}};
        // Sequences as long as they get; RapidCheck's own are short at first.
        const auto commands = *rc::gen::resize(
            rc::kNominalSize,
            rc::state::gen::commands(Account{}, rc::state::gen::execOneOfWithArgs<Operation>()));
        rc::state::runAll(commands, Account{}, lender);
        for (const std::string& tag : lender.seen) RC_TAG(tag);
      },
      4);
  for (const char* tag : {"fresh", "retry", "busy", "double-spend", "served", "Claim.1", "Claim.5",
                          "settle", "Settle.1", "stale settle", "release", "Release.1", "Release.2",
                          "stale release", "third fresh", "closed after it was served", "close"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

// Claim.SpentOnce
// Property.RefundsBounded and Property.SpentOnce: one that tries for ever gets three fresh claims,
// and only one that is dead can be tried again. Each turn releases with probability 1/2 what is claimed,
// so that 20 turns stop short of the bounds in fewer than one case in 10,000.
TEST(SpentSet, RefundsBounded) {
  const auto distribution = CheckProperty([](std::uint64_t tape_seed) {
    Tape tape = TapeFrom(tape_seed);
    SpentSet spent;
    int fresh = 0, released = 0;
    Bytes claim_id;
    for (int turn = 0; turn < 20; ++turn) {
      const Bytes digest = Random(32);
      const auto claimed = Claim(spent, kId, kKey, digest, OneIn(2), tape.Source());
      if (claimed->verdict == Verdict::kFresh) {
        ++fresh;
        claim_id = claimed->claim_id;
      }
      if (OneIn(2) && Release(spent, kId, claim_id)) ++released;
    }
    RC_ASSERT(released <= 2);
    RC_ASSERT(fresh <= 3);
    RC_ASSERT(fresh == released + (spent.entries.at(kId).state == kClaimed ? 1 : 0));
    RC_TAG(std::to_string(fresh) + " fresh, " + std::to_string(released) + " released");
  });
  EXPECT_GE(distribution.Share("3 fresh, 2 released"), 0.5);
}

// Claim.SpentSetNeutral
// Property.SpentOrderFree: some operations on each of several tokens, merged in two ways; the claim
// ids are each token's own.
TEST(SpentSet, SpentOrderFree) {
  const auto distribution = CheckProperty(
      [](std::uint64_t tape_seed) {
        struct Done {
          std::string what;
          bool is_same, owner_lives, is_current;
        };
        std::vector<std::vector<Done>> scripts(kTokens);
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < kTokens; ++i)
          for (auto count = Uniform(0, 8); count > 0; --count) {
            scripts[i].push_back({*rc::gen::weightedElement<std::string>(
                                      {{3, "claim"}, {1, "settle"}, {2, "release"}}),
                                  !OneIn(3), OneIn(2), !OneIn(4)});
            order.push_back(i);
          }
        struct Run {
          SpentSet spent;
          std::vector<std::string> results = std::vector<std::string>(kTokens);
        };
        const auto run = [&](const std::vector<std::size_t>& merged) {
          Run made;
          std::vector<Tape> tapes;
          for (std::size_t i = 0; i < kTokens; ++i) tapes.push_back(TapeFrom(tape_seed + i));
          std::vector<std::size_t> next(kTokens);
          std::vector<Bytes> claim_ids(kTokens, Bytes(16)), stale = claim_ids;
          for (const std::size_t i : merged) {
            const auto& [what, is_same, owner_lives, is_current] = scripts[i][next[i]++];
            const Bytes id = Lender::Id(i), &claim_id = is_current ? claim_ids[i] : stale[i];
            std::string& results = made.results[i];
            if (what == "claim") {
              const auto claimed =
                  Claim(made.spent, id, Lender::KeyName(KeyOf(i)), Lender::Digest(is_same ? 0 : 1),
                        owner_lives, tapes[i].Source());
              if (!claimed->claim_id.empty())
                stale[i] = std::exchange(claim_ids[i], claimed->claim_id);
              results += Name(claimed->verdict);
            } else if (what == "settle") {
              results += Step(Settle(made.spent, id, claim_id));
            } else {
              results += Step(Release(made.spent, id, claim_id));
            }
            results += ",";
          }
          return made;
        };
        const auto shuffled = [&] {
          std::vector<std::size_t> merged = order;
          for (std::size_t i = merged.size(); i > 1; --i)
            std::swap(merged[i - 1], merged[Uniform<std::size_t>(0, i)]);
          return merged;
        };
        const auto one = shuffled(), two = shuffled();
        const Run a = run(one), b = run(two), plain = run(order);
        RC_ASSERT(Same(a.spent, b.spent));
        RC_ASSERT(a.results == b.results);
        RC_ASSERT(Same(a.spent, plain.spent));
        RC_ASSERT(a.results == plain.results);
        RequireErased(a.spent);
        // And so when their epochs end, in whatever order.
        SpentSet first = a.spent, second = b.spent;
        Close(first, Lender::KeyName(0));
        Close(first, Lender::KeyName(1));
        Close(second, Lender::KeyName(1));
        Close(second, Lender::KeyName(0));
        RC_ASSERT(Same(first, second));
        RC_ASSERT(first.entries.empty());
        if (one != two) RC_TAG("two orders");
        if (a.spent.entries.size() >= 2) RC_TAG("several");
      },
      3);
  EXPECT_GE(distribution.Share("several"), 0.2);
  EXPECT_GE(distribution.Share("two orders"), 0.2);
}

// ---------------------------------------------------------------------------------- The lender's view

// Claim.TokenNeutral, Claim.SpentSetNeutral
// Two worlds, in which another member gets its tokens and borrows, at other times; what the members
// and the lender draw is the same. Then what the lender receives and keeps is the same: nothing in it
// can tell who it was.
TEST(SpentSet, LenderSeesNoMember) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed) {
        struct Act {
          std::size_t token, request;
          std::string then;
          bool owner_lives;
        };
        const auto count = Uniform<std::size_t>(1, 4);
        std::vector<Act> acts;
        for (auto left = Uniform(1, 9); left > 0; --left)
          acts.push_back({Uniform<std::size_t>(0, count), Uniform<std::size_t>(0, 2),
                          *rc::gen::element<std::string>("settle", "release", "crash"), OneIn(2)});
        const Bytes lender = LenderOf(1);
        const SecretKey& sk = Key(512);
        const Link& link = EpochOf(0);
        const Bytes admin_seed = SeedOf("admin");
        struct World {
          SpentSet spent;
          std::vector<Bytes> received;
          std::string results;
        };
        const auto run = [&](const std::string& name) {
          World world;
          const Bytes member_seed = SeedOf(name), member = PublicOf(member_seed);
          Tape mine = TapeFrom(seed), admins = TapeFrom(Uniform<std::uint64_t>(0, 1000)),
               lenders = TapeFrom(seed + 1);
          const auto asked =
              *RequestTokens(link, member_seed, lender, count, kIssueFrom, mine.Source());
          const auto request = *VerifyRequest(asked.sealed);
          const auto ledger = *Debit({}, link, {member, Random(32)}, kIssueFrom, request);
          const Bytes answer = *Issue(sk, admin_seed, ledger, request, admins.Source());
          const auto sigs = *Accept(sk, PublicOf(admin_seed), asked.state, answer);
          for (const auto& [token, wanted, then, owner_lives] : acts) {
            const Bytes& msg = asked.state.entries[token].msg;
            const Token held = *ParseToken(
                Join({msg, *I2OSP(NTL::conv<ZZ>(sigs[token]->size()), 2), *sigs[token]}));
            const Bytes plain = Ascii("GET /works/" + std::to_string(wanted));
            world.received.push_back(*MakeBorrow(held, asked.seeds[token], plain));
            const auto borrow = VerifyBorrow({link}, lender, Uniform(kSpendFrom, kSpendUntil),
                                             plain, world.received.back());
            RC_ASSERT(Step(borrow).empty());
            const Bytes id = *TokenId(borrow->token);
            const auto claimed = *Claim(world.spent, id, borrow->token.key_id, borrow->digest,
                                        owner_lives, lenders.Source());
            world.results += std::string(Name(claimed.verdict)) + ",";
            if (then == "settle") world.results += Step(Settle(world.spent, id, claimed.claim_id));
            if (then == "release")
              world.results += Step(Release(world.spent, id, claimed.claim_id));
          }
          return world;
        };
        const World a = run("member A"), b = run("member B");
        RC_ASSERT(a.received == b.received);
        RC_ASSERT(Same(a.spent, b.spent));
        RC_ASSERT(a.results == b.results);
        RequireErased(a.spent);
        for (const char* verdict : {"fresh", "retry", "busy", "double-spend", "served"})
          if (a.results.find(verdict) != std::string::npos) RC_TAG(verdict);
      },
      2);
  for (const char* tag : {"fresh", "retry", "busy", "double-spend", "served"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

}  // namespace
}  // namespace blindlend::test
