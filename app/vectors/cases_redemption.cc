#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

using enum SpentEntry::State;

constexpr std::string_view kTag = "blindlend v1 borrow";
constexpr std::uint64_t kNow = 1800;  // in the spend window of MakeEpoch
constexpr std::uint64_t kLastTime = ~std::uint64_t{0};

Bytes Asked() {
  return Ascii("a question");
}

Bytes OtherSeed() {
  return SHA256(Ascii("another spend key"));
}

// n = 51, e = 3.
const SecretKey& OtherToy() {
  static const SecretKey key = *KeyFromPrimes(ZZ{3}, ZZ{17}, ZZ{3});
  return key;
}

Borrow BorrowOf(const Token& token, const Bytes& request = Asked()) {
  return {RequestDigest(*TokenId(token), request), token};
}

Bytes SealBorrow(const Borrow& borrow) {
  return Seal(SpendSeed(), kTag, *EncodeBorrow(borrow));
}

// The good borrow under the toy key, changed and sealed.
template <class Change>
Bytes Changed(Change change) {
  Borrow borrow = BorrowOf(MakeToken(Toy()));
  change(borrow);
  return SealBorrow(borrow);
}

// ---- the borrow

void RequestDigestCases(List& list) {
  const auto valid = [&](const char* why, Flags flags, const Bytes& id, const Bytes& request) {
    list.Valid(why, std::move(flags), {{"id", ToJson(id)}, {"request", ToJson(request)}});
  };
  const Bytes id = *TokenId(MakeToken(Small()));
  valid("a request", {"Normal"}, id, Asked());
  valid("the same request, another token", {"Normal"}, *TokenId(MakeToken(OtherSmall())), Asked());
  valid("an empty request", {"EdgeCase"}, id, {});
  valid("a zero byte", {"EdgeCase"}, id, {0});
  valid("bytes of every value", {"EdgeCase"}, id, [] {
    Bytes all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<std::uint8_t>(byte));
    return all;
  }());
  valid("1,000 bytes", {"Normal"}, id, Start("long request", 1000));
}

void EncodeBorrowCases(List& list) {
  const auto in = [](const Borrow& borrow) { return Json{{"borrow", ToJson(borrow)}}; };
  const Borrow good = BorrowOf(MakeToken(Small()));
  const auto with = [&](const Bytes& digest) { return in({digest, good.token}); };
  list.Valid("512 bits", {"Normal"}, in(good));
  list.Valid("by hand", {"Toy"}, in(BorrowOf(MakeToken(Toy()))));
  list.Valid("a digest that no request has: form only", {"EdgeCase"}, with(Repeat(32, 0)));
  list.Invalid("EncodeBorrow.1", "no digest", {"Length"}, with({}));
  list.Invalid("EncodeBorrow.1", "a digest of 31 bytes", {"Length"}, with(Repeat(31, 1)));
  list.Invalid("EncodeBorrow.1", "a digest of 33 bytes", {"Length"}, with(Repeat(33, 1)));
  for (const auto& [why, token] : UnencodableTokens())
    list.Invalid("EncodeBorrow.1", why, {"Length"}, in({good.digest, token}));
}

void ParseBorrowCases(List& list) {
  const auto in = [](const Bytes& body) { return Json{{"body", ToJson(body)}}; };
  const Bytes good = *EncodeBorrow(BorrowOf(MakeToken(Small())));
  const auto start = [&](long size) { return Bytes(good.begin(), good.begin() + size); };
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& body) {
    list.Invalid(step, why, std::move(flags), in(body));
  };
  list.Valid("512 bits", {"Normal"}, in(good));
  list.Valid("by hand", {"Toy"}, in(*EncodeBorrow(BorrowOf(MakeToken(Toy())))));
  list.Valid("a digest that no request has: form only", {"EdgeCase"},
             in(*EncodeBorrow({Repeat(32, 255), MakeToken(Toy())})));
  MalformedCases(list, good, "ParseBorrow.1", "ParseBorrow.2", "ParseBorrow.2", Json::object(),
                 "body");
  bad("ParseBorrow.1", "kind 13", {"Malformed"}, With(good, 1, 13));
  bad("ParseBorrow.1", "kind 15", {"Malformed"}, With(good, 1, 15));
  bad("ParseBorrow.1", "a token alone", {"Malformed"}, *EncodeToken(MakeToken(Small())));
  bad("ParseBorrow.1", "cut off in the digest", {"Length"}, start(33));
  bad("ParseBorrow.1", "version 2, and no token", {"Order"}, With(start(34), 0, 2));
  bad("ParseBorrow.2", "no token", {"Length"}, start(34));
  bad("ParseBorrow.2", "cut off in the token's message", {"Length"}, start(100));
  bad("ParseBorrow.2", "version 2 of a token", {"Malformed"}, With(good, 34, 2));
  bad("ParseBorrow.2", "a borrow in the token's place", {"Malformed"}, With(good, 35, 14));
  bad("ParseBorrow.2", "a signature of width 0", {"Range"}, With(With(good, 132, 0), 133, 0));
}

void MakeBorrowCases(List& list) {
  const auto in = [](const Token& token, const Bytes& seed, const Bytes& request) {
    return Json{{"token", ToJson(token)}, {"seed", ToJson(seed)}, {"request", ToJson(request)}};
  };
  const Token token = MakeToken(Small());
  list.Valid("512 bits", {"Normal"}, in(token, SpendSeed(), Asked()));
  list.Valid("another request", {"Normal"}, in(token, SpendSeed(), Ascii("another question")));
  list.Valid("by hand", {"Toy"}, in(MakeToken(Toy()), SpendSeed(), Asked()));
  list.Valid("an empty request", {"EdgeCase"}, in(token, SpendSeed(), {}));
  Token unsigned_token = token;
  unsigned_token.sig = {0};
  list.Valid("a token that nobody has signed: the lender's business", {"EdgeCase"},
             in(unsigned_token, SpendSeed(), Asked()));
  for (const auto& [why, bad] : UnencodableTokens())
    list.Invalid("MakeBorrow.1", why, {"Length"}, in(bad, SpendSeed(), Asked()));
  list.Invalid("MakeBorrow.1", "another token's seed", {"OtherKey"},
               in(token, OtherSeed(), Asked()));
  list.Invalid("MakeBorrow.1", "the spend key for its seed", {"OtherKey"},
               in(token, token.spend_key, Asked()));
}

Json VerifyInputs(const std::vector<Link>& chain, const Bytes& lender, std::uint64_t now,
                  const Bytes& request, const Bytes& sealed) {
  return {{"chain", ToJson(chain)},
          {"lender", ToJson(lender)},
          {"now", U64ToJson(now)},
          {"request", ToJson(request)},
          {"sealed", ToJson(sealed)}};
}

// Under the toy keys: two epochs, of which the second has one lender only.
std::vector<Link> TwoEpochs() {
  Link link = FirstLink(MakeEpoch(Toy()));
  Epoch second = MakeEpoch(OtherToy(), 2);
  second.lenders.erase(second.lenders.begin());
  return {link, NextLink(link, second)};
}

void ValidBorrowCases(List& list) {
  const auto valid = [&](const char* why, Flags flags, const std::vector<Link>& chain,
                         std::uint64_t now, const Bytes& request, const Token& token) {
    list.Valid(
        why, std::move(flags),
        VerifyInputs(chain, token.audience, now, request, SealBorrow(BorrowOf(token, request))));
  };
  const std::vector<Link> one = {FirstLink(MakeEpoch(Toy()))}, two = TwoEpochs();
  const Token toy = MakeToken(Toy());
  Token other = toy, second = MakeToken(OtherToy());
  other.audience = second.audience = Lenders()[1];
  other = Signed(Toy(), other);
  second = Signed(OtherToy(), second);
  valid("512 bits", {"Normal"}, {FirstLink(MakeEpoch(Small()))}, kNow, Asked(), MakeToken(Small()));
  valid("2048 bits", {"Normal"}, {FirstLink(MakeEpoch(Real()))}, kNow, Asked(), MakeToken(Real()));
  valid("by hand", {"Toy"}, one, kNow, Asked(), toy);
  valid("at the other lender", {"Toy"}, one, kNow, Asked(), other);
  valid("an empty request", {"EdgeCase"}, one, kNow, {}, toy);
  valid("the first second", {"EdgeCase"}, one, 1500, Asked(), toy);
  valid("the last second", {"EdgeCase"}, one, 2999, Asked(), toy);
  valid("the second of two epochs", {"Normal"}, two, 2600, Asked(), second);
  valid("the first of two epochs; its lender is none of the second", {"EdgeCase"}, two, 2600,
        Asked(), toy);
  std::vector<Link> endless = one;
  endless[0].epoch->spend_until = kLastTime;
  valid("the last second that can be in a window", {"EdgeCase"}, endless, kLastTime - 1, Asked(),
        toy);
  list.Invalid("VerifyBorrow.5", "the second after it", {"Clock"},
               VerifyInputs(endless, Lenders()[0], kLastTime, Asked(), SealBorrow(BorrowOf(toy))));
}

void VerifyBorrowCases(List& list) {
  ValidBorrowCases(list);
  const std::vector<Link> one = {FirstLink(MakeEpoch(Toy()))}, two = TwoEpochs();
  const Bytes lender = Lenders()[0];
  const Bytes stranger = PublicOf(SHA256(Ascii("lender 3")));
  const Token toy = MakeToken(Toy());
  const Bytes good = SealBorrow(BorrowOf(toy));
  const Bytes body = *EncodeBorrow(BorrowOf(toy));
  // Most cases: another borrow, and all else as it should be.
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& sealed) {
    list.Invalid(step, why, std::move(flags), VerifyInputs(one, lender, kNow, Asked(), sealed));
  };
  const auto in = [&](const std::vector<Link>& chain, std::uint64_t now, const Bytes& sealed) {
    return VerifyInputs(chain, lender, now, Asked(), sealed);
  };
  // A borrow whose token has this key_id.
  const auto of_key = [&](const Bytes& key_id) {
    Token token = toy;
    token.key_id = key_id;
    return SealBorrow(BorrowOf(Signed(Toy(), token)));
  };

  bad("VerifyBorrow.1", "nothing at all", {"Length"}, {});
  bad("VerifyBorrow.1", "63 bytes", {"Length"}, Bytes(good.end() - 63, good.end()));
  bad("VerifyBorrow.1", "64 bytes: an empty body", {"Length"}, Bytes(good.end() - 64, good.end()));
  bad("VerifyBorrow.1", "the signature is missing", {"Length"}, body);
  bad("VerifyBorrow.1", "the last byte is missing", {"Length"},
      Bytes(good.begin(), good.end() - 1));
  bad("VerifyBorrow.1", "another kind of object", {"Malformed"},
      Seal(SpendSeed(), kTag, With(body, 1, 13)));
  bad("VerifyBorrow.1", "a byte behind the borrow", {"Malformed"},
      Seal(SpendSeed(), kTag, Join({body, Bytes{0}})));
  list.Invalid("VerifyBorrow.1", "no borrow, and no chain", {"Order"}, in({}, kNow, {}));
  list.Invalid("VerifyBorrow.1", "version 2, and of another request", {"Order"},
               VerifyInputs(one, lender, kNow, Ascii("another question"),
                            Seal(SpendSeed(), kTag, With(body, 0, 2))));

  list.Invalid("VerifyBorrow.2", "another request", {"Malformed"},
               VerifyInputs(one, lender, kNow, Ascii("another question"), good));
  list.Invalid("VerifyBorrow.2", "a request that goes on", {"Malformed"},
               VerifyInputs(one, lender, kNow, Ascii("a question."), good));
  list.Invalid("VerifyBorrow.2", "no request", {"Length"},
               VerifyInputs(one, lender, kNow, {}, good));
  bad("VerifyBorrow.2", "the same request of another token", {"Malformed"},
      Changed([](Borrow& borrow) {
        borrow.digest = RequestDigest(*TokenId(MakeToken(Small())), Asked());
      }));
  bad("VerifyBorrow.2", "the digest of the request alone", {"Malformed"},
      Changed([](Borrow& borrow) { borrow.digest = SHA256(Asked()); }));
  bad("VerifyBorrow.2", "a bit of the digest flipped", {"Forgery"}, FlipBit(good, 8 * 34 - 1));
  bad("VerifyBorrow.2", "a bit of the spend key flipped: another token", {"Forgery"},
      FlipBit(good, 8 * 120));
  list.Invalid("VerifyBorrow.2", "another request, and no chain", {"Order"},
               VerifyInputs({}, lender, kNow, {}, good));

  const std::vector<Link> revoked = {one[0], NextLink(one[0], {})};
  list.Invalid("VerifyBorrow.3", "no chain", {"Malformed"}, in({}, kNow, good));
  list.Invalid("VerifyBorrow.3", "revoked", {"Clock"}, in(revoked, kNow, good));
  list.Invalid("VerifyBorrow.3", "nothing but a revocation", {"Clock"},
               in({FirstLink({})}, kNow, good));
  list.Invalid("VerifyBorrow.3", "revoked, and another key's", {"Order"},
               in(revoked, kNow, of_key(*KeyId(OtherToy()))));

  bad("VerifyBorrow.4", "another key's", {"OtherKey"}, of_key(*KeyId(OtherSmall())));
  bad("VerifyBorrow.4", "the key of an epoch that the lender has not heard of", {"OtherKey"},
      of_key(*KeyId(OtherToy())));
  bad("VerifyBorrow.4", "the same n, another e", {"OtherKey"}, of_key(*KeyId({ZZ{33}, ZZ{3}})));
  bad("VerifyBorrow.4", "a key id of zeros", {"OtherKey"}, of_key(Repeat(32, 0)));
  list.Invalid("VerifyBorrow.4", "another key's, and a revocation where none can be", {"OtherKey"},
               in({FirstLink({}), one[0]}, kNow, of_key(*KeyId(OtherSmall()))));
  list.Invalid("VerifyBorrow.4", "another key's, at time 0, at no lender of any epoch",
               {"OtherKey", "Order"},
               VerifyInputs(two, stranger, 0, Asked(), of_key(*KeyId(OtherSmall()))));

  list.Invalid("VerifyBorrow.5", "a second too early", {"Clock"}, in(one, 1499, good));
  list.Invalid("VerifyBorrow.5", "a second too late", {"Clock"}, in(one, 3000, good));
  list.Invalid("VerifyBorrow.5", "time 0", {"Clock"}, in(one, 0, good));
  list.Invalid("VerifyBorrow.5", "the last time", {"Clock"}, in(one, kLastTime, good));
  list.Invalid("VerifyBorrow.5", "in the spend window of the next epoch only", {"Clock"},
               in(two, 3500, good));
  list.Invalid("VerifyBorrow.5", "in the spend window of the epoch before only", {"Clock"},
               VerifyInputs(two, Lenders()[1], kNow, Asked(), of_key(*KeyId(OtherToy()))));
  list.Invalid("VerifyBorrow.5", "too late, and at no lender of this epoch", {"Clock", "Order"},
               VerifyInputs(one, stranger, 3000, Asked(), good));

  list.Invalid("VerifyBorrow.6", "no lender of this epoch", {"Malformed"},
               VerifyInputs(one, stranger, kNow, Asked(), good));
  Token second = MakeToken(OtherToy());
  list.Invalid("VerifyBorrow.6", "a lender of the epoch before only", {"Malformed"},
               in(two, 2600, SealBorrow(BorrowOf(second))));
  list.Invalid("VerifyBorrow.6", "no bytes for a lender", {"Length"},
               VerifyInputs(one, {}, kNow, Asked(), good));
  list.Invalid("VerifyBorrow.6", "a lender's key cut off", {"Length"},
               VerifyInputs(one, Bytes(lender.begin(), lender.end() - 1), kNow, Asked(), good));
  list.Invalid("VerifyBorrow.6", "no lender of this epoch, and not signed", {"Order"},
               VerifyInputs(one, stranger, kNow, Asked(), FlipBit(good, 8 * good.size() - 1)));

  bad("VerifyBorrow.7", "signed with another spend key", {"OtherKey"},
      Seal(OtherSeed(), kTag, body));
  bad("VerifyBorrow.7", "signed as a token request", {"Forgery"},
      Seal(SpendSeed(), "blindlend v1 request", body));
  bad("VerifyBorrow.7", "a bit of the spend signature flipped", {"Forgery"},
      FlipBit(good, 8 * (good.size() - 64)));
  bad("VerifyBorrow.7", "a bit of the token's signature flipped", {"Forgery", "Order"},
      FlipBit(good, 8 * (body.size() - 1)));
  bad("VerifyBorrow.7", "a signature of zeros", {"Forgery"}, Join({body, Repeat(64, 0)}));
  Token no_point = toy;
  no_point.spend_key = With(Repeat(32, 0), 0, 2);
  bad("VerifyBorrow.7", "a spend key that is no point", {"Malformed"},
      SealBorrow(BorrowOf(Signed(Toy(), no_point))));
  // Under the neutral element R = S B holds for every message.
  Token neutral = toy;
  neutral.spend_key = With(Repeat(32, 0), 0, 1);
  neutral = Signed(Toy(), neutral);
  bad("VerifyBorrow.7", "the neutral element as spend key, R the same and S 0", {"Strict"},
      Join({*EncodeBorrow(BorrowOf(neutral)), With(Repeat(64, 0), 0, 1)}));

  list.Invalid("VerifyBorrow.8", "another lender's token, all signatures right", {"Malformed"},
               VerifyInputs(one, Lenders()[1], kNow, Asked(), good));
  bad("VerifyBorrow.8", "the token is not signed", {"Forgery"},
      Changed([](Borrow& borrow) { borrow.token.sig = {0}; }));
  bad("VerifyBorrow.8", "another token's signature", {"Forgery"}, Changed([](Borrow& borrow) {
        borrow.token.sig[0] = static_cast<std::uint8_t>(borrow.token.sig[0] ^ 1);
      }));
  bad("VerifyBorrow.8", "a zero byte in front of the token's signature", {"Length"},
      Changed([](Borrow& borrow) { borrow.token.sig.insert(borrow.token.sig.begin(), 0); }));
  Token small = MakeToken(Small());
  small.sig = SignatureOf(OtherSmall(), Msg());
  list.Invalid("VerifyBorrow.8", "512 bits, and signed by another key", {"OtherKey"},
               in({FirstLink(MakeEpoch(Small()))}, kNow, SealBorrow(BorrowOf(small))));

  // Before the request has come.
  const auto shown = [&](const std::vector<Link>& chain, std::uint64_t now, const Bytes& sealed) {
    Json json = in(chain, now, sealed);
    json["request"] = nullptr;
    return json;
  };
  list.Valid("before its request has come", {"Normal"}, shown(one, kNow, good));
  list.Valid("before its request has come, of a digest that none has", {"EdgeCase"},
             shown(one, kNow, Changed([](Borrow& borrow) { borrow.digest = Bytes(32); })));
  list.Invalid("VerifyBorrow.1", "before its request has come: nothing", {"Length"},
               shown(one, kNow, {}));
  list.Invalid("VerifyBorrow.3", "before its request has come: revoked", {"Clock"},
               shown(revoked, kNow, good));
  list.Invalid("VerifyBorrow.4", "before its request has come: another key's", {"OtherKey"},
               shown(one, kNow, of_key(*KeyId(OtherToy()))));
  list.Invalid("VerifyBorrow.5", "before its request has come: a second too late", {"Clock"},
               shown(one, 3000, good));
  list.Invalid("VerifyBorrow.7", "before its request has come: a bit of the digest flipped",
               {"Forgery"}, shown(one, kNow, FlipBit(good, 8 * 34 - 1)));
  list.Invalid("VerifyBorrow.8", "before its request has come: an audience of another", {"Forgery"},
               shown(one, kNow, Changed([](Borrow& borrow) { borrow.token.sig[0] ^= 1; })));
}

// ---- the spent-set

// A token of these cases: under Small(), or under OtherSmall() if number is odd.
Token TokenOf(long number) {
  const SecretKey& sk = number % 2 == 0 ? Small() : OtherSmall();
  return {*KeyId(sk), Lenders()[0], PublicOf(SHA256(Int(ZZ{number}, 8))), {0}};
}

Bytes IdOf(long number) {
  return *TokenId(TokenOf(number));
}

Bytes DigestOf(long number, const Bytes& request = Asked()) {
  return RequestDigest(IdOf(number), request);
}

const Bytes& ClaimId() {
  static const Bytes id = Start("claim", 16);
  return id;
}

SpentEntry Entry(long number, SpentEntry::State state, int refunds = 0) {
  if (state != kClaimed) return {state, TokenOf(number).key_id, refunds, {}, {}};
  return {state, TokenOf(number).key_id, refunds, DigestOf(number), ClaimId()};
}

SpentSet Only(SpentEntry::State state, int refunds = 0) {
  return {{{IdOf(0), Entry(0, state, refunds)}}, {}};
}

// Entries of others in every state, of both keys, and a third key closed. No entry of token 0.
SpentSet Others() {
  SpentSet spent{{}, {*KeyId(Toy())}};
  for (long number = 1; number <= 6; ++number) {
    const auto state = static_cast<SpentEntry::State>(number / 2 % 3);
    SpentEntry entry = Entry(number, state, static_cast<int>(number % 3));
    if (state == kClaimed) entry.claim_id = Start("claim of another", 16);
    spent.entries[IdOf(number)] = entry;
  }
  return spent;
}

// spent with an entry of token 0, and with one more closed epoch.
SpentSet With(SpentSet spent, const SpentEntry& entry) {
  spent.entries[IdOf(0)] = entry;
  return spent;
}

SpentSet Closed(SpentSet spent, const Bytes& key_id) {
  spent.closed.insert(key_id);
  return spent;
}

void ClaimCases(List& list) {
  const auto in = [](const SpentSet& spent, const Bytes& digest, bool owner_lives,
                     const Json& tape) {
    return Json{{"spent", ToJson(spent)},
                {"id", ToJson(IdOf(0))},
                {"key_id", ToJson(TokenOf(0).key_id)},
                {"digest", ToJson(digest)},
                {"owner_lives", owner_lives},
                {"source", tape}};
  };
  const Json tape = Seed("new claim");
  const Bytes same = DigestOf(0), another = DigestOf(0, Ascii("another question"));
  // Every row and column of the table. Where a claim is made, refunds stay as they were.
  for (const bool lives : {true, false}) {
    const std::string owner = lives ? "; the owner may live" : "; the owner is dead";
    for (const bool equal : {true, false}) {
      const Bytes& digest = equal ? same : another;
      const std::string asked = (equal ? ", the same digest" : ", another digest") + owner;
      list.Valid("no entry" + asked, {"Normal"}, in({}, digest, lives, tape));
      for (const int refunds : {0, 1, 2}) {
        const std::string after = std::to_string(refunds) + " refunds" + asked;
        list.Valid("claimed, " + after, {"Normal"},
                   in(Only(kClaimed, refunds), digest, lives, tape));
        list.Valid("served, " + after, {"Normal"}, in(Only(kServed, refunds), digest, lives, tape));
        if (refunds > 0)
          list.Valid("released, " + after, {"Normal"},
                     in(Only(kReleased, refunds), digest, lives, tape));
      }
    }
  }
  list.Valid("entries of others stay as they are", {"Normal"}, in(Others(), same, true, tape));
  list.Valid("entries of others stay as they are: a retry", {"Normal"},
             in(With(Others(), Entry(0, kClaimed)), same, false, tape));
  list.Valid("another epoch is closed", {"Normal"},
             in(Closed({}, TokenOf(1).key_id), same, true, tape));
  list.Valid("exactly enough bytes", {"EdgeCase"}, in({}, same, true, TapeOf(Repeat(16, 3))));
  list.Valid("a digest that differs in its last bit", {"EdgeCase"},
             in(Only(kClaimed), FlipBit(same, 8 * 31), false, tape));
  list.Valid("a digest that differs in its first bit", {"EdgeCase"},
             in(Only(kClaimed), FlipBit(same, 7), true, tape));
  list.Valid("busy needs no bytes", {"Order"}, in(Only(kClaimed), same, true, TapeOf({})));
  list.Valid("served needs no bytes", {"Order"}, in(Only(kServed), same, false, TapeOf({})));
  list.Valid("a double spend needs no bytes", {"Order"},
             in(Only(kClaimed), another, false, TapeOf({})));

  const Bytes& key_id = TokenOf(0).key_id;
  const auto bad = [&](const char* step, const char* why, Flags flags, const SpentSet& spent,
                       const Bytes& digest, bool lives, const Json& source) {
    list.Invalid(step, why, std::move(flags), in(spent, digest, lives, source));
  };
  bad("Claim.1", "the epoch is closed", {"Clock"}, Closed({}, key_id), same, true, tape);
  bad("Claim.1", "three epochs are closed", {"Clock"},
      Closed(Closed(Others(), key_id), TokenOf(1).key_id), same, false, tape);
  // No such entry is left after Close.
  bad("Claim.1", "closed, and served", {"Order"}, Closed(Only(kServed), key_id), same, true, tape);
  bad("Claim.1", "closed, and claimed for another request", {"Order"},
      Closed(Only(kClaimed), key_id), another, true, tape);
  bad("Claim.1", "closed, and claimed by one who may live", {"Order"},
      Closed(Only(kClaimed), key_id), same, true, tape);
  bad("Claim.1", "closed, and no bytes", {"Order"}, Closed({}, key_id), same, true, TapeOf({}));
  bad("Claim.5", "an empty tape", {"Exhausted"}, {}, same, true, TapeOf({}));
  bad("Claim.5", "a byte too few", {"Exhausted"}, {}, same, true, TapeOf(Repeat(15, 3)));
  bad("Claim.5", "a byte too few for a retry", {"Exhausted"}, Only(kClaimed), same, false,
      TapeOf(Repeat(15, 3)));
  bad("Claim.5", "no byte after a refund", {"Exhausted"}, Only(kReleased, 1), same, true,
      TapeOf({}));
}

// What Settle and Release have in common.
void EndCases(List& list, const std::string& step) {
  const auto in = [](const SpentSet& spent, const Bytes& claim_id, long number = 0) {
    return Json{
        {"spent", ToJson(spent)}, {"id", ToJson(IdOf(number))}, {"claim_id", ToJson(claim_id)}};
  };
  const auto bad = [&](const std::string& why, Flags flags, const SpentSet& spent,
                       const Bytes& claim_id) {
    list.Invalid(step, why, std::move(flags), in(spent, claim_id));
  };
  list.Valid("claimed", {"Normal"}, in(Only(kClaimed), ClaimId()));
  list.Valid("claimed after a refund", {"Normal"}, in(Only(kClaimed, 1), ClaimId()));
  list.Valid("entries of others stay as they are", {"Normal"},
             in(With(Others(), Entry(0, kClaimed)), ClaimId()));
  const SpentSet twins{{{IdOf(0), Entry(0, kClaimed)}, {IdOf(2), Entry(2, kClaimed)}}, {}};
  list.Valid("two claims of one name: the token decides", {"EdgeCase"}, in(twins, ClaimId(), 2));

  bad("no entry", {"Malformed"}, {}, ClaimId());
  bad("no entry, an empty claim", {"Length"}, {}, {});
  bad("another token is claimed with it", {"Malformed"}, {{{IdOf(2), Entry(2, kClaimed)}}, {}},
      ClaimId());
  for (const int refunds : {0, 1, 2}) {
    const std::string after = ", " + std::to_string(refunds) + " refunds";
    bad("served" + after, {"Malformed"}, Only(kServed, refunds), ClaimId());
    bad("served, an empty claim" + after, {"Length"}, Only(kServed, refunds), {});
    bad("a claim that is over" + after, {"Forgery"}, Only(kClaimed, refunds),
        Start("an old claim", 16));
    if (refunds == 0) continue;
    bad("released" + after, {"Malformed"}, Only(kReleased, refunds), ClaimId());
    bad("released, an empty claim" + after, {"Length"}, Only(kReleased, refunds), {});
  }
  bad("a claim of 15 bytes", {"Length"}, Only(kClaimed),
      Bytes(ClaimId().begin(), ClaimId().end() - 1));
  bad("a claim of 17 bytes", {"Length"}, Only(kClaimed), Join({ClaimId(), Bytes{0}}));
  bad("claimed, an empty claim", {"Length"}, Only(kClaimed), {});
  bad("the first bit flipped", {"Forgery"}, Only(kClaimed), FlipBit(ClaimId(), 7));
  bad("the last bit flipped", {"Forgery"}, Only(kClaimed), FlipBit(ClaimId(), 8 * 15));
  bad("the claim of another token", {"Malformed"}, With(Others(), Entry(0, kClaimed)),
      Start("claim of another", 16));
}

void SettleCases(List& list) {
  EndCases(list, "Settle.1");
  list.Valid("claimed after two refunds", {"EdgeCase"},
             {{"spent", ToJson(Only(kClaimed, 2))},
              {"id", ToJson(IdOf(0))},
              {"claim_id", ToJson(ClaimId())}});
}

void ReleaseCases(List& list) {
  EndCases(list, "Release.1");
  list.Invalid("Release.2", "a third refund", {"Range"},
               {{"spent", ToJson(Only(kClaimed, 2))},
                {"id", ToJson(IdOf(0))},
                {"claim_id", ToJson(ClaimId())}});
}

void CloseCases(List& list) {
  const auto valid = [&](const char* why, Flags flags, const SpentSet& spent, const Bytes& key_id) {
    list.Valid(why, std::move(flags), {{"spent", ToJson(spent)}, {"key_id", ToJson(key_id)}});
  };
  const Bytes even = TokenOf(0).key_id, odd = TokenOf(1).key_id;
  valid("an empty spent-set", {"Normal"}, {}, even);
  valid("entries of two epochs", {"Normal"}, Others(), even);
  valid("entries of the other of two epochs", {"Normal"}, Others(), odd);
  valid("the only entry, claimed", {"Normal"}, Only(kClaimed), even);
  valid("no entry of this epoch", {"EdgeCase"}, Only(kServed), odd);
  valid("closed before: unchanged", {"EdgeCase"}, Closed(Only(kServed), odd), odd);
  valid("closed before, and an entry is there all the same", {"EdgeCase"},
        Closed(Only(kServed), even), even);
  valid("the last of three epochs", {"Normal"}, Closed(Closed({}, *KeyId(Toy())), even), odd);
}

}  // namespace

Makers RedemptionMakers() {
  return {{"RequestDigest", RequestDigestCases},
          {"EncodeBorrow", EncodeBorrowCases},
          {"ParseBorrow", ParseBorrowCases},
          {"MakeBorrow", MakeBorrowCases},
          {"VerifyBorrow", VerifyBorrowCases},
          {"Claim", ClaimCases},
          {"Settle", SettleCases},
          {"Release", ReleaseCases},
          {"Close", CloseCases}};
}

}  // namespace blindlend::vectors
