// Cases that pin what the other lists leave open: which of two steps comes first, limits from below, lengths
// and counts of more than one byte, and numbers on which a nearly right test of a key goes wrong.
#include "app/vectors/cases_pinned.h"

namespace blindlend::vectors {

namespace {

// n = 77, e = 7, lcm(p-1, q-1) = 30.
const SecretKey& Hand() {
  static const SecretKey key = *KeyFromPrimes(ZZ{11}, ZZ{7}, ZZ{7});
  return key;
}

Json Pk(const ZZ& n, const ZZ& e) {
  return ToJson(PublicKey{n, e});
}

// The Moebius function.
int Moebius(long number) {
  int value = 1;
  for (long p = 2; number > 1; ++p) {
    if (number % p != 0) continue;
    number /= p;
    if (number % p == 0) return 0;
    value = -value;
  }
  return value;
}

// The cyclotomic polynomial Phi_m at x. Let m be odd and n = Phi_m(2) share no factor with m. Modulo every
// prime of n the order of 2 is m; so each of them, and n with them, is 1 mod m, m divides the odd part t of
// n - 1, and 2^t mod n = 1: if n is composite, it is a strong pseudoprime to base 2, as long as one likes.
// Phi_2m(2) is one too, by 2^t mod n = n - 1 (if n mod 4 = 3); their product Phi_m(4) is a Fermat pseudoprime
// only.
ZZ Cyclotomic(long m, long x) {
  ZZ above{1}, below{1};
  for (long d = 1; d <= m; ++d) {
    if (m % d != 0) continue;
    const int power = Moebius(m / d);
    if (power == 1) above *= NTL::power(ZZ{x}, d) - 1;
    if (power == -1) below *= NTL::power(ZZ{x}, d) - 1;
  }
  return above / below;
}

// The greatest prime x with bits(x^b) = bits, to the power b.
ZZ PrimePower(long b, long bits) {
  ZZ low{1}, high = NTL::power2_ZZ(bits / b + 1);
  while (low + 1 < high) {
    const ZZ middle = (low + high) / 2;
    (NTL::NumBits(NTL::power(middle, b)) <= bits ? low : high) = middle;
  }
  while (!ProbablyPrime(low)) --low;
  return NTL::power(low, b);
}

// ---- 2-rsa

void ValidatePublicKeyCases(List& list) {
  const auto in = [](const ZZ& n, long e = 65537) { return Json{{"pk", Pk(n, ZZ{e})}}; };
  const auto bad = [&](const char* step, const std::string& why, Flags flags, const Json& inputs) {
    list.Invalid(step, why, std::move(flags), inputs);
  };
  bad("ValidatePublicKey.5",
      "Phi_4369(2), 4096 bits: composite, but a strong pseudoprime to base 2",
      {"KnownLimit", "RareBranch"}, in(Cyclotomic(4369, 2)));
  bad("ValidatePublicKey.5",
      "Phi_3845(2), 3072 bits: composite, but a strong pseudoprime to base 2",
      {"KnownLimit", "RareBranch"}, in(Cyclotomic(3845, 2)));
  bad("ValidatePublicKey.4", "Phi_7710(2), such a pseudoprime too, but 23131 divides it",
      {"RareBranch", "Order"}, in(Cyclotomic(7710, 2)));
  list.Valid("Phi_1285(4), 2048 bits: a Fermat pseudoprime to base 2, but no strong one: passes",
             {"RareBranch"}, in(Cyclotomic(1285, 4)));
  using Powers = std::initializer_list<std::pair<long, long>>;
  for (const auto& [b, bits] : Powers{{5, 2048}, {7, 3072}, {113, 2048}, {127, 2048}, {251, 4096}})
    bad("ValidatePublicKey.6",
        "a prime to the power " + std::to_string(b) + ", " + std::to_string(bits) + " bits",
        {"KnownLimit"}, in(PrimePower(b, bits)));
  bad("ValidatePublicKey.1", "2047 bits, and e = 3", {"Order"}, in(NTL::power2_ZZ(2046) + 1, 3));
  bad("ValidatePublicKey.2", "e = 3, and n even", {"Order"}, in(NTL::power2_ZZ(2047), 3));
}

void RawPublicCases(List& list) {
  list.Valid("x = 1", {"Toy", "EdgeCase"}, {{"pk", ToJson(PublicKey{Hand()})}, {"x", "1"}});
}

void RawPrivateCases(List& list) {
  const auto in = [](long c, const Bytes& tape) {
    return Json{{"sk", ToJson(Hand())}, {"c", ToJson(ZZ{c})}, {"source", TapeOf(tape)}};
  };
  list.Valid("c = 1", {"Toy", "EdgeCase"}, in(1, {2}));
  list.Valid("c = n - 1", {"Toy", "EdgeCase"}, in(76, {2}));
  list.Invalid("RawPrivate.1", "c = 0, and an empty tape", {"Toy", "Order"}, in(0, {}));
}

void DrawBaseCases(List& list) {
  list.Valid("255 refused, and the last one that is allowed", {"Toy", "RareBranch"},
             {{"w", "5"}, {"source", TapeOf(Join({Repeat(255, 0), Bytes{2}}))}});
}

// A candidate, and bases of its length for 64 rounds: 2, 3, ..., 65.
Bytes Bases(std::size_t width) {
  Bytes all;
  for (long base = 2; base < 66; ++base) all = Join({all, Int(ZZ{base}, width)});
  return all;
}

void GeneratePrimeCases(List& list) {
  const auto in = [](long len, const Bytes& tape) {
    return Json{{"len", len}, {"e", "3"}, {"source", TapeOf(tape)}};
  };
  // 0000 stands for c001 = 13 * 19 * 199; c011 is prime.
  list.Valid("1023 refused, and the last candidate that is allowed", {"RareBranch"},
             in(16, Join({Repeat(2 * 1023, 0), Bytes{0xc0, 0x11}, Bases(2)})));
  // 23 bits: candidates of two prime factors, the smaller of them on either side of 2^11. What follows the
  // first is a candidate, what follows the second a base.
  const auto is_open = [](long w) { return w >> 21 == 3 && (w - 1) % 3 != 0; };
  long prime = 0x61bb3f;
  while (!is_open(prime) || !ProbablyPrime(ZZ{prime})) prime += 2;
  for (const long factor : {2039L, 2053L}) {
    long other = factor;
    while (!is_open(factor * other) || !ProbablyPrime(ZZ{other})) other += 2;
    const Bytes again = Int(ZZ{prime}, 3);
    list.Valid("no candidate has a factor below 2048: the least factor of the first is " +
                   std::to_string(factor),
               {"EdgeCase"},
               in(23, Join({Int(ZZ{factor * other}, 3), again, again, Bases(3), Bases(3)})));
  }
}

void KeyFromPrimesCases(List& list) {
  list.Invalid("KeyFromPrimes.2", "e divides p - 1, and p = q", {"Toy", "Order"},
               {{"p", "b"}, {"q", "b"}, {"e", "5"}});
}

void ValidateSecretKeyCases(List& list) {
  const auto bad = [&](const char* step, const char* why, Flags flags, auto change) {
    SecretKey sk = Hand();
    change(sk);
    list.Invalid(step, why, std::move(flags), {{"sk", ToJson(sk)}});
  };
  bad("ValidateSecretKey.2", "n is not p*q, and p is not prime", {"Toy", "Order"},
      [](SecretKey& sk) { sk.p = 9, sk.dp = 1, sk.qinv = 1; });
  bad("ValidateSecretKey.4", "d is the least common multiple itself, and no inverse",
      {"Toy", "EdgeCase", "Order"}, [](SecretKey& sk) { sk.d = 30; });
  bad("ValidateSecretKey.4", "d above the least common multiple, and no inverse", {"Toy", "Order"},
      [](SecretKey& sk) { sk.d = 31; });
  bad("ValidateSecretKey.6", "dp and qinv wrong", {"Toy", "Order"}, [](SecretKey& sk) {
    sk.dp = sk.dp % 10 + 1;
    sk.qinv = sk.qinv % 10 + 1;
  });
}

// n of 17 bits: a byte more than 16, and one more in each half.
const SecretKey& Bits17() {
  static const SecretKey key = *KeyFromPrimes(ZZ{257}, ZZ{263}, ZZ{65537});
  return key;
}

void EncodeSecretKeyCases(List& list) {
  SecretKey zeros = *KeyFromPrimes(ZZ{3}, ZZ{7}, ZZ{5});
  zeros.d = zeros.p = zeros.q = zeros.dp = zeros.dq = zeros.qinv = 0;
  list.Valid("all but n and e is 0: form only", {"Toy", "EdgeCase"}, {{"sk", ToJson(zeros)}});
  list.Valid("17 bits: three bytes, and two for each half", {"EdgeCase"},
             {{"sk", ToJson(Bits17())}});
}

void ParseSecretKeyCases(List& list) {
  list.Valid("17 bits: three bytes, and two for each half", {"EdgeCase"},
             {{"bytes", ToJson(*EncodeSecretKey(Bits17()))}});
}

// ---- 4-blind-signature

void BlindSignCases(List& list) {
  list.Invalid("BlindSign.1", "blinded = 0, which shares all of n", {"Toy", "Order"},
               {{"sk", ToJson(Hand())}, {"blinded", "0"}, {"source", TapeOf({})}});
}

void VerifyCases(List& list) {
  list.Invalid("Verify.2", "sig is 0, and the key has no encoding", {"Toy", "Order"},
               {{"pk", Pk(ZZ{77}, ZZ{0})}, {"msg", ""}, {"sig", "00"}});
}

void FinalizeCases(List& list) {
  const auto in = [](long blind_sig, long r_inv) {
    return Json{{"pk", ToJson(PublicKey{Hand()})},
                {"msg", ""},
                {"blind_sig", ToJson(ZZ{blind_sig})},
                {"r_inv", ToJson(ZZ{r_inv})}};
  };
  list.Invalid("Finalize.1", "blind_sig and r_inv are 0", {"Toy", "Order"}, in(0, 0));
  list.Invalid("Finalize.4", "blind_sig and r_inv are n - 1: in range, and not the signature",
               {"Toy", "EdgeCase"}, in(76, 76));
}

void BlindBatchCases(List& list) {
  list.Invalid("BlindBatch.2", "a message twice, and an empty tape", {"Toy", "Order"},
               {{"pk", ToJson(PublicKey{Hand()})}, {"msgs", Json{"", ""}}, {"source", TapeOf({})}});
}

void BlindSignBatchCases(List& list) {
  list.Invalid("BlindSignBatch.1", "another key's request, and no value", {"Toy", "Order"},
               {{"sk", ToJson(Hand())},
                {"request", ToJson(Batch{Repeat(32, 0), 1, {}})},
                {"source", TapeOf({})}});
}

State StateOf(std::size_t count, const Bytes& msg) {
  State state{Repeat(32, 0), Repeat(32, 0), 1, {}};
  for (std::size_t i = 0; i < count; ++i)
    state.entries.push_back({ZZ{static_cast<long>(i % 256)}, msg});
  return state;
}

void FinalizeBatchCases(List& list) {
  State state = StateOf(1, {});
  state.key_id = *KeyId(Hand());
  list.Invalid("FinalizeBatch.2", "to another request, and a byte wider", {"Toy", "Order"},
               {{"pk", ToJson(PublicKey{Hand()})},
                {"state", ToJson(state)},
                {"response", ToJson(Batch{Repeat(32, 1), 2, {ZZ{1}}})}});
}

Batch Values256() {
  Batch batch{Repeat(32, 0), 1, {}};
  for (long value = 0; value < 256; ++value) batch.values.push_back(ZZ{value});
  return batch;
}

void EncodeBatchCases(List& list) {
  list.Valid("256 values: both bytes of the count", {"EdgeCase"},
             {{"kind", kRequest}, {"batch", ToJson(Values256())}});
}

void ParseBatchCases(List& list) {
  const auto in = [](std::uint8_t kind, const Batch& batch) {
    return Json{{"kind", kind}, {"bytes", ToJson(*EncodeBatch(kind, batch))}};
  };
  list.Valid("256 values: both bytes of the count", {"EdgeCase"}, in(kResponse, Values256()));
  list.Valid("the greatest width", {"EdgeCase"}, in(kRequest, {Repeat(32, 0), 512, {ZZ{0}}}));
}

void EncodeStateCases(List& list) {
  const auto valid = [&](const char* why, const State& state) {
    list.Valid(why, {"EdgeCase"}, {{"state", ToJson(state)}});
  };
  valid("256 entries: both bytes of the count", StateOf(256, {}));
  valid("a message of 258 bytes: two bytes of its length", StateOf(1, Repeat(258, 0)));
  valid("a message of 65,537 bytes: three bytes of its length", StateOf(1, Repeat(65537, 0)));
}

void ParseStateCases(List& list) {
  const auto valid = [&](const char* why, const State& state) {
    list.Valid(why, {"EdgeCase"}, {{"bytes", ToJson(*EncodeState(state))}});
  };
  valid("256 entries: both bytes of the count", StateOf(256, {}));
  valid("a message of 258 bytes: two bytes of its length", StateOf(1, Repeat(258, 0)));
  State wide = StateOf(1, {});
  wide.width = 512;
  valid("the greatest width", wide);
}

void ParseSignatureCases(List& list) {
  list.Invalid("ParseSignature.2", "width 0, and a byte too many", {"Order"},
               {{"bytes", ToJson(Bytes{1, 6, 0, 0, 0})}});
}

// ---- 5-key-certificate

void VerifyKeyProofCases(List& list) {
  list.Invalid("VerifyKeyProof.5", "roots n - 1: in range, and no roots", {"Toy", "EdgeCase"},
               {{"pk", ToJson(PublicKey{Hand()})},
                {"group", ""},
                {"roots", ToJson(std::vector<ZZ>(8, ZZ{76}))}});
}

// ---- 6-epoch

void ParseLinkCases(List& list) {
  Epoch epoch = MakeEpoch(Toy());
  epoch.lenders.clear();
  for (long lender = 0; lender < 256; ++lender) epoch.lenders.push_back(Int(ZZ{lender}, 32));
  list.Valid("256 lenders: both bytes of the count", {"Toy", "EdgeCase"},
             {{"body", ToJson(*EncodeLink(FirstLink(epoch)))}});
  epoch = MakeEpoch(Toy());
  epoch.pk = {ZZ{257}, ZZ{3}};
  list.Valid("9 bits: two bytes", {"Toy", "EdgeCase"},
             {{"body", ToJson(*EncodeLink(FirstLink(epoch)))}});
}

void CompatibleCases(List& list) {
  Epoch first = MakeEpoch(Toy()), second = MakeEpoch(Hand(), 2);
  first.spend_from = 5000, first.spend_until = 9000;
  const Link before = FirstLink(first);
  list.Valid("spend windows that run backwards: each link says when its tokens are spent",
             {"Toy", "EdgeCase"}, {{"a", ToJson(before)}, {"b", ToJson(NextLink(before, second))}});
}

// ---- 7-token

void VerifyTokenCases(List& list) {
  Token token = MakeToken(Toy());
  token.sig.clear();
  list.Invalid(
      "VerifyToken.1", "no signature, and a key without encoding", {"Toy", "Order"},
      {{"pk", Pk(ZZ{33}, ZZ{0})}, {"audience", ToJson(token.audience)}, {"token", ToJson(token)}});
}

// ---- 8-issuance and 9-redemption. No window ends at 0 in a link that passes VerifyLink; but an end at 0
// must not become the last second of time.

void RequestTokensCases(List& list) {
  Epoch epoch = MakeEpoch(Toy());
  epoch.issue_from = epoch.issue_until = 0;
  list.Invalid("RequestTokens.1", "issue until 0", {"Toy", "Clock"},
               {{"link", ToJson(FirstLink(epoch))},
                {"member_seed", ToJson(MemberSeed())},
                {"audience", ToJson(Lenders()[0])},
                {"count", 1},
                {"now", "5"},
                {"source", Seed("request")}});
}

void DebitCases(List& list) {
  Epoch epoch = MakeEpoch(Toy());
  epoch.issue_from = epoch.issue_until = 0;
  const Bytes member = PublicOf(MemberSeed());
  list.Invalid(
      "Debit.5", "issue until 0", {"Toy", "Clock"},
      {{"ledger", ToJson(Ledger{})},
       {"link", ToJson(FirstLink(epoch))},
       {"roster", ToJson(std::set<Bytes>{member})},
       {"now", "5"},
       {"request", ToJson(Request{member, Start("nonce", 16), {*KeyId(Toy()), 1, {ZZ{2}}}})}});
}

void CheckMisissueCases(List& list) {
  const Bytes revocation = SealLink(NextLink(FirstLink(MakeEpoch(Toy())), {}));
  list.Invalid("CheckMisissue.1", "a revocation, and no request", {"Toy", "Order"},
               {{"admin", ToJson(PublicOf(AdminSeed()))},
                {"link", ToJson(revocation)},
                {"request", ""},
                {"response", ""}});
}

void VerifyBorrowCases(List& list) {
  Epoch epoch = MakeEpoch(Toy());
  epoch.spend_from = epoch.spend_until = 0;
  const Bytes asked = Ascii("a question");
  list.Invalid("VerifyBorrow.5", "spend until 0", {"Toy", "Clock"},
               {{"chain", ToJson(std::vector<Link>{FirstLink(epoch)})},
                {"lender", ToJson(Lenders()[0])},
                {"now", "5"},
                {"request", ToJson(asked)},
                {"sealed", ToJson(*MakeBorrow(MakeToken(Toy()), SpendSeed(), asked))}});
}

}  // namespace

Makers PinnedMakers() {
  return {
      {"ValidatePublicKey", ValidatePublicKeyCases},
      {"RawPublic", RawPublicCases},
      {"RawPrivate", RawPrivateCases},
      {"DrawBase", DrawBaseCases},
      {"GeneratePrime", GeneratePrimeCases},
      {"KeyFromPrimes", KeyFromPrimesCases},
      {"ValidateSecretKey", ValidateSecretKeyCases},
      {"EncodeSecretKey", EncodeSecretKeyCases},
      {"ParseSecretKey", ParseSecretKeyCases},
      {"BlindSign", BlindSignCases},
      {"Verify", VerifyCases},
      {"Finalize", FinalizeCases},
      {"BlindBatch", BlindBatchCases},
      {"BlindSignBatch", BlindSignBatchCases},
      {"FinalizeBatch", FinalizeBatchCases},
      {"EncodeBatch", EncodeBatchCases},
      {"ParseBatch", ParseBatchCases},
      {"EncodeState", EncodeStateCases},
      {"ParseState", ParseStateCases},
      {"ParseSignature", ParseSignatureCases},
      {"VerifyKeyProof", VerifyKeyProofCases},
      {"ParseLink", ParseLinkCases},
      {"Compatible", CompatibleCases},
      {"VerifyToken", VerifyTokenCases},
      {"RequestTokens", RequestTokensCases},
      {"Debit", DebitCases},
      {"CheckMisissue", CheckMisissueCases},
      {"VerifyBorrow", VerifyBorrowCases},
  };
}

}  // namespace blindlend::vectors
