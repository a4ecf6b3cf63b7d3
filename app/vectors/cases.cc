#include "app/vectors/cases.h"

#include "app/vectors/cases_pinned.h"

namespace blindlend::vectors {

namespace {

// The first message with an odd number, of four bytes, that has no hash under FewUnits.
Bytes MessageWithoutHash() {
  return Int(ZZ{468095}, 4);
}

// The first messages of four bytes whose candidates under FewUnits are units for the first time at
// counter 255, the last that counts, and at counter 256, where nobody looks any more.
Bytes MessageWithLastCounter() {
  return Int(ZZ{1000822}, 4);
}
Bytes MessageBehindLastCounter() {
  return Int(ZZ{1144903}, 4);
}

// ---- 1-encoding

void I2ospCases(List& list) {
  const auto in = [](const ZZ& x, std::size_t len) { return Json{{"x", ToJson(x)}, {"len", len}}; };
  const ZZ big = NTL::power2_ZZ(64);
  list.Valid("zero in no bytes", {"EdgeCase"}, in(ZZ{0}, 0));
  list.Valid("zero in one byte", {"EdgeCase"}, in(ZZ{0}, 1));
  list.Valid("most significant byte first", {"Normal"}, in(ZZ{0x010203}, 3));
  list.Valid("padded in front", {"Normal"}, in(ZZ{0x0102}, 4));
  list.Valid("the largest for one byte", {"EdgeCase"}, in(ZZ{255}, 1));
  list.Valid("the largest for eight bytes", {"EdgeCase"}, in(big - 1, 8));
  list.Invalid("I2OSP.1", "one too large for one byte", {"Range"}, in(ZZ{256}, 1));
  list.Invalid("I2OSP.1", "one too large for eight bytes", {"Range"}, in(big, 8));
  list.Invalid("I2OSP.1", "one in no bytes", {"Range"}, in(ZZ{1}, 0));
  list.Invalid("I2OSP.1", "negative", {"Range"}, in(ZZ{-1}, 4));
}

void Os2ipCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  list.Valid("no bytes are 0", {"EdgeCase"}, in({}));
  list.Valid("most significant byte first", {"Normal"}, in({1, 2, 3}));
  list.Valid("leading zeros are allowed", {"EdgeCase"}, in({0, 0, 1}));
  list.Valid("all ones", {"EdgeCase"}, in(Repeat(16, 255)));
}

void PrefixCases(List& list) {
  for (const std::size_t size : {0u, 1u, 255u, 300u})
    list.Valid(std::to_string(size) + " bytes", {size == 0 ? "EdgeCase" : "Normal"},
               {{"bytes", ToJson(Repeat(size, 0xaa))}});
}

void Sha256Cases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  list.Valid("no bytes", {"EdgeCase"}, in({}));
  list.Valid("FIPS 180-4's one-block example", {"Published"}, in(Ascii("abc")));
  list.Valid("55 bytes: the longest that needs one block", {"EdgeCase"}, in(Repeat(55, 'a')));
  list.Valid("56 bytes: the shortest that needs two", {"EdgeCase"}, in(Repeat(56, 'a')));
  list.Valid("64 bytes", {"EdgeCase"}, in(Repeat(64, 'a')));
}

constexpr std::string_view kRfc4648[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};

void EncodeBase64Cases(List& list) {
  for (const std::string_view text : kRfc4648)
    list.Valid("RFC 4648 section 10", {"Published"}, {{"bytes", ToJson(Ascii(text))}});
  list.Valid("the digits + and /", {"EdgeCase"}, {{"bytes", ToJson(Bytes{0xfb, 0xef, 0xff})}});
}

void DecodeBase64Cases(List& list) {
  const auto in = [](std::string_view text) { return Json{{"text", ToJson(Ascii(text))}}; };
  for (const std::string_view text : kRfc4648)
    list.Valid("RFC 4648 section 10", {"Published"}, {{"text", ToJson(EncodeBase64(Ascii(text)))}});
  list.Valid("the digits + and /", {"EdgeCase"}, in("++//"));
  const std::pair<std::string_view, std::string_view> bad[] = {
      {"Zg", "padding left out"},
      {"Zg=", "half of the padding left out"},
      {"Zm8", "padding left out after three characters"},
      {"Z", "one character"},
      {"Zh==", "unused bits not zero, four of them"},
      {"Zm9=", "unused bits not zero, two of them"},
      {"Zg==Zg==", "padding in the middle"},
      {"Zm9v====", "padding that stands for nothing"},
      {"====", "padding alone"},
      {"=", "one padding character"},
      {"Z===", "three padding characters"},
      {"Zg= =", "a space in the padding"},
      {" Zm9v", "a space in front"},
      {"Zm9v\n", "a line feed behind"},
      {"Zm\n9v", "a line feed inside"},
      {"Zm9-", "the digit - of the URL alphabet"},
      {"Zm9_", "the digit _ of the URL alphabet"},
      {"Zm9v!", "a character of no alphabet"},
  };
  for (const auto& [text, why] : bad)
    list.Invalid("DecodeBase64.1", std::string(why), {"Canonical"}, in(text));
  list.Invalid("DecodeBase64.1", "a byte above 127, which libsodium 1.0.18 takes for a digit",
               {"Canonical"}, {{"text", ToJson(Join({Ascii("Zm9"), Bytes{0xff}}))}});
  list.Invalid("DecodeBase64.1", "a zero byte behind", {"Canonical"},
               {{"text", ToJson(Join({Ascii("Zm9v"), Bytes{0}}))}});
}

constexpr std::size_t kLineSizes[] = {0, 1, 47, 48, 49, 96, 100};

void EncodeTextCases(List& list) {
  for (const std::size_t size : kLineSizes)
    list.Valid(std::to_string(size) + " bytes; 48 fill a line", {"EdgeCase"},
               {{"label", "SIGNATURE"}, {"bytes", ToJson(Repeat(size, 0x5a))}});
}

void DecodeTextCases(List& list) {
  const auto in = [](const Bytes& text) {
    return Json{{"label", "SIGNATURE"}, {"text", ToJson(text)}};
  };
  const auto text = [](std::string_view body) {
    return Join({Ascii("-----BEGIN BLINDLEND SIGNATURE-----\n"), Ascii(body),
                 Ascii("-----END BLINDLEND SIGNATURE-----\n")});
  };
  for (const std::size_t size : kLineSizes)
    list.Valid(std::to_string(size) + " bytes", {"Normal"},
               in(EncodeText("SIGNATURE", Repeat(size, 0x5a))));
  const Bytes good = text("Zm9v\n");
  const std::string line(64, 'A');
  const auto bad = [&](const char* step, const char* why, const Bytes& what) {
    list.Invalid(step, why, {"Canonical"}, in(what));
  };
  bad("DecodeText.1", "nothing at all", {});
  bad("DecodeText.1", "another kind of object", EncodeText("PUBLIC KEY", Ascii("foo")));
  bad("DecodeText.1", "a line feed in front", Join({Ascii("\n"), good}));
  bad("DecodeText.1", "CR LF behind the first line",
      Ascii("-----BEGIN BLINDLEND SIGNATURE-----\r\nZm9v\n-----END BLINDLEND SIGNATURE-----\n"));
  bad("DecodeText.1", "a label that is not ours",
      Ascii("-----BEGIN SIGNATURE-----\nZm9v\n-----END SIGNATURE-----\n"));
  bad("DecodeText.2", "the first line alone", Ascii("-----BEGIN BLINDLEND SIGNATURE-----\n"));
  bad("DecodeText.2", "the last line feed is missing", Bytes(good.begin(), good.end() - 1));
  bad("DecodeText.2", "an empty line behind the end", Join({good, Ascii("\n")}));
  bad("DecodeText.2", "a second object behind the first",
      Join({good, EncodeText("PUBLIC KEY", Ascii("foo"))}));
  bad("DecodeText.2", "the last line names another label",
      Ascii("-----BEGIN BLINDLEND SIGNATURE-----\nZm9v\n-----END BLINDLEND PUBLIC KEY-----\n"));
  bad("DecodeText.3", "no line feed before the end", text("Zm9v"));
  bad("DecodeText.3", "an empty line and nothing else", text("\n"));
  bad("DecodeText.3", "one character without a line feed", text("A"));
  bad("DecodeText.3", "an empty line behind a full one", text(line + "\n\n"));
  bad("DecodeText.3", "one character without a line feed behind a full line", text(line + "\nA"));
  bad("DecodeText.3", "a first line of 60 characters",
      text(line.substr(4) + "\n" + line.substr(60) + "\n"));
  bad("DecodeText.3", "a line of 68 characters", text(line + "AAAA\n"));
  bad("DecodeText.3", "CR LF behind a full line", text(line + "\r\n"));
  bad("DecodeText.4", "CR in a short line", text("Zm9v\r\n"));
  bad("DecodeText.4", "a space behind a short line", text("Zm9v \n"));
  bad("DecodeText.4", "unused bits not zero", text("Zh==\n"));
  bad("DecodeText.4", "a header line, as in RFC 1421", text("Comment: none\n"));
}

void FingerprintCases(List& list) {
  const auto in = [](const Bytes& digest) { return Json{{"digest", ToJson(digest)}}; };
  list.Valid("all zero", {"EdgeCase"}, in(Repeat(32, 0)));
  list.Valid("all ones", {"EdgeCase"}, in(Repeat(32, 255)));
  list.Valid("leading zeros, most significant byte first", {"Normal"}, in(Int(ZZ{0x0102}, 32)));
  list.Valid("the digest of nothing", {"Normal"}, in(SHA256({})));
}

// ---- 2-rsa

void UnitFromBytesCases(List& list) {
  const auto in = [](const ZZ& n, const Bytes& bytes) {
    return Json{{"n", ToJson(n)}, {"bytes", ToJson(bytes)}};
  };
  const ZZ n{33};
  const ZZ big = Small().n;
  list.Valid("a unit", {"Toy"}, in(n, {5}));
  list.Valid("1", {"Toy", "EdgeCase"}, in(n, {1}));
  list.Valid("n-1", {"Toy", "EdgeCase"}, in(n, {32}));
  list.Valid("both bits above n's length are cleared", {"Toy", "EdgeCase"}, in(n, {0xc5}));
  list.Valid("n = 2 has one unit", {"Toy", "EdgeCase"}, in(ZZ{2}, {1}));
  list.Valid("512 bits, n-1: the top bit stays", {"EdgeCase"}, in(big, Int(big - 1, 64)));
  list.Valid("512 bits", {"Normal"}, in(big, Int(big / 3, 64)));
  list.Invalid("UnitFromBytes.1", "no bytes", {"Toy", "Length"}, in(n, {}));
  list.Invalid("UnitFromBytes.1", "a byte too many, a zero in front", {"Toy", "Length"},
               in(n, {0, 5}));
  list.Invalid("UnitFromBytes.1", "a byte too few", {"Length"}, in(big, Repeat(63, 1)));
  list.Invalid("UnitFromBytes.3", "0", {"Toy", "Range"}, in(n, {0}));
  list.Invalid("UnitFromBytes.3", "0 when the bits above n's length are cleared", {"Toy", "Range"},
               in(n, {0x40}));
  list.Invalid("UnitFromBytes.3", "n", {"Toy", "Range"}, in(n, {33}));
  list.Invalid("UnitFromBytes.3", "n + 1 is not reduced to 1", {"Toy", "Range"}, in(n, {34}));
  list.Invalid("UnitFromBytes.3", "512 bits, n", {"Range"}, in(big, Int(big, 64)));
  list.Invalid("UnitFromBytes.3", "n = 1 has no unit", {"Toy", "Range"}, in(ZZ{1}, {1}));
  list.Invalid("UnitFromBytes.3", "n = 0 has no unit", {"Toy", "Range"}, in(ZZ{0}, {}));
  list.Invalid("UnitFromBytes.4", "shares 3 with n", {"Toy", "Gcd"}, in(n, {6}));
  list.Invalid("UnitFromBytes.4", "shares 11 with n", {"Toy", "Gcd"}, in(n, {22}));
  list.Invalid("UnitFromBytes.4", "p", {"Gcd"}, in(big, Int(Small().p, 64)));
}

void DrawUnitCases(List& list) {
  const auto in = [](const ZZ& n, const Json& tape) {
    return Json{{"n", ToJson(n)}, {"source", tape}};
  };
  const ZZ n{33};
  list.Valid("the first candidate", {"Toy"}, in(n, TapeOf({5, 7})));
  list.Valid("0, n and a multiple of 3 are refused, the fourth is taken", {"Toy"},
             in(n, TapeOf({0, 33, 3, 7})));
  list.Valid("the 256th candidate", {"Toy", "RareBranch"},
             in(n, TapeOf(Join({Repeat(255, 0), Bytes{5}}))));
  list.Valid("512 bits", {"Normal"}, in(Small().n, Seed("draw")));
  list.Valid("2048 bits", {"Normal"}, in(Real().n, Seed("draw")));
  list.Invalid("DrawUnit.2", "an empty tape", {"Toy", "Exhausted"}, in(n, TapeOf({})));
  list.Invalid("DrawUnit.2", "exhausted after a refused candidate", {"Toy", "Exhausted"},
               in(n, TapeOf({0})));
  list.Invalid("DrawUnit.2", "one byte too few for a candidate", {"Exhausted"},
               in(Small().n, TapeOf(Repeat(63, 1))));
  list.Invalid("DrawUnit.4", "256 refused candidates, then a good one", {"Toy", "RareBranch"},
               in(n, TapeOf(Join({Repeat(256, 0), Bytes{5}}))));
}

void ModInverseCases(List& list) {
  const auto in = [](const ZZ& a, const ZZ& n) { return Json{{"a", ToJson(a)}, {"n", ToJson(n)}}; };
  const ZZ n = Small().n;
  // The Fibonacci neighbours: of all numbers of their size they take the most divisions.
  ZZ small{1}, large{2};
  while (NumBits(large) < 512) {
    small += large;
    small.swap(large);
  }
  list.Valid("1", {"EdgeCase"}, in(ZZ{1}, n));
  list.Valid("n-1 is its own inverse", {"EdgeCase"}, in(n - 1, n));
  list.Valid("the smallest pair that needs step 5", {"Toy", "RareBranch"}, in(ZZ{2}, ZZ{3}));
  list.Valid("n = 2", {"Toy", "EdgeCase"}, in(ZZ{1}, ZZ{2}));
  list.Valid("the pair of its size that takes the most divisions", {"EdgeCase"}, in(small, large));
  list.Valid("512 bits", {"Normal"}, in(n / 3, n));
  list.Valid("2048 bits", {"Normal"}, in(Real().n / 5, Real().n));
  list.Invalid("ModInverse.1", "0", {"Range"}, in(ZZ{0}, n));
  list.Invalid("ModInverse.1", "n", {"Range"}, in(n, n));
  list.Invalid("ModInverse.1", "n + 1", {"Range"}, in(n + 1, n));
  list.Invalid("ModInverse.1", "negative", {"Range"}, in(ZZ{-1}, n));
  list.Invalid("ModInverse.1", "n = 1", {"Toy", "Range"}, in(ZZ{0}, ZZ{1}));
  list.Invalid("ModInverse.1", "n = 0", {"Toy", "Range"}, in(ZZ{0}, ZZ{0}));
  list.Invalid("ModInverse.1", "n negative", {"Toy", "Range"}, in(ZZ{2}, ZZ{-3}));
  list.Invalid("ModInverse.4", "shares 3 with n", {"Toy", "Gcd"}, in(ZZ{6}, ZZ{33}));
  list.Invalid("ModInverse.4", "p", {"Gcd"}, in(Small().p, n));
}

void RawPublicCases(List& list) {
  const auto in = [](const PublicKey& pk, const ZZ& x) {
    return Json{{"pk", ToJson(pk)}, {"x", ToJson(x)}};
  };
  const PublicKey pk = Small();
  list.Valid("by hand: 2^7 mod 33 = 29", {"Toy"}, in(Toy(), ZZ{2}));
  list.Valid("1", {"EdgeCase"}, in(pk, ZZ{1}));
  list.Valid("n-1", {"EdgeCase"}, in(pk, pk.n - 1));
  list.Valid("shares a factor with n: allowed here", {"EdgeCase"}, in(pk, Small().p));
  list.Valid("512 bits", {"Normal"}, in(pk, pk.n / 3));
  list.Valid("2048 bits", {"Normal"}, in(Real(), Real().n / 3));
  list.Invalid("RawPublic.1", "0", {"Range"}, in(pk, ZZ{0}));
  list.Invalid("RawPublic.1", "n", {"Range"}, in(pk, pk.n));
  list.Invalid("RawPublic.1", "negative", {"Range"}, in(pk, ZZ{-1}));
  list.Invalid("RawPublic.1", "n = 1", {"Toy", "Range"}, in({ZZ{1}, ZZ{3}}, ZZ{1}));
}

void RawPrivateCases(List& list) {
  const auto in = [](const SecretKey& sk, const ZZ& c, const Json& tape) {
    return Json{{"sk", ToJson(sk)}, {"c", ToJson(c)}, {"source", tape}};
  };
  const SecretKey sk = Small();
  list.Valid("by hand: 29^3 mod 33 = 2", {"Toy"}, in(Toy(), ZZ{29}, TapeOf({5})));
  list.Valid("the base blinding is 1", {"Toy", "EdgeCase"}, in(Toy(), ZZ{29}, TapeOf({1})));
  list.Valid("1, the smallest value: its own root", {"Toy", "EdgeCase"},
             in(Toy(), ZZ{1}, TapeOf({5})));
  list.Valid("shares a factor with n: allowed here", {"EdgeCase"}, in(sk, sk.p, Seed("a")));
  list.Valid("512 bits", {"Normal"}, in(sk, sk.n / 3, Seed("a")));
  list.Valid("512 bits, another base blinding, the same result", {"Normal"},
             in(sk, sk.n / 3, Seed("b")));
  list.Valid("2048 bits", {"Normal"}, in(Real(), Real().n / 3, Seed("a")));
  list.Invalid("RawPrivate.1", "0", {"Range"}, in(sk, ZZ{0}, Seed("a")));
  list.Invalid("RawPrivate.1", "n", {"Range"}, in(sk, sk.n, Seed("a")));
  list.Invalid("RawPrivate.2", "no byte for the base blinding", {"Exhausted"},
               in(sk, sk.n / 3, TapeOf({})));
  SecretKey faulty = sk;
  faulty.dp += 1;
  list.Invalid("RawPrivate.8", "dp is wrong by one", {"Fault"}, in(faulty, sk.n / 3, Seed("a")));
  faulty = sk;
  faulty.dq -= 1;
  list.Invalid("RawPrivate.8", "dq is wrong by one", {"Fault"}, in(faulty, sk.n / 3, Seed("a")));
  faulty = sk;
  faulty.qinv += 1;
  list.Invalid("RawPrivate.8", "qinv is wrong by one", {"Fault"}, in(faulty, sk.n / 3, Seed("a")));
}

void DrawBaseCases(List& list) {
  const auto in = [](const ZZ& w, const Json& tape) {
    return Json{{"w", ToJson(w)}, {"source", tape}};
  };
  list.Valid("2, the smallest base", {"Toy", "EdgeCase"}, in(ZZ{35}, TapeOf({2})));
  list.Valid("w-2, the largest base", {"Toy", "EdgeCase"}, in(ZZ{35}, TapeOf({33})));
  list.Valid("0, 1, w-1 and w are refused", {"Toy"}, in(ZZ{35}, TapeOf({0, 1, 34, 35, 3})));
  list.Valid("both bits above w's length are cleared", {"Toy"}, in(ZZ{35}, TapeOf({0xc3})));
  list.Valid("shares a factor with w: a base all the same", {"Toy"}, in(ZZ{35}, TapeOf({7})));
  list.Valid("256 bits", {"Normal"}, in(Small().p, Seed("base")));
  list.Valid("255 refused candidates, then a base", {"RareBranch"},
             in(ZZ{35}, TapeOf(Join({Repeat(255, 1), Bytes{2}}))));
  list.Invalid("DrawBase.2", "an empty tape", {"Exhausted"}, in(ZZ{35}, TapeOf({})));
  list.Invalid("DrawBase.4", "256 refused candidates", {"RareBranch"},
               in(ZZ{35}, TapeOf(Join({Repeat(256, 1), Bytes{2}}))));
}

void MillerRabinCases(List& list) {
  const auto in = [](const ZZ& w, int rounds, const Json& tape) {
    return Json{{"w", ToJson(w)}, {"rounds", rounds}, {"source", tape}};
  };
  list.Valid("5, the smallest", {"Toy", "EdgeCase"}, in(ZZ{5}, 2, TapeOf({2, 3})));
  list.Valid("2047 = 23 * 89 passes to base 2", {"Toy", "KnownLimit"},
             in(ZZ{2047}, 1, TapeOf({0, 2})));
  list.Valid("and fails to base 3, after base 2", {"Toy"}, in(ZZ{2047}, 2, TapeOf({0, 2, 0, 3})));
  list.Valid("no rounds show nothing", {"Toy", "EdgeCase"}, in(ZZ{9}, 0, TapeOf({})));
  list.Valid("561, a Carmichael number", {"Toy"}, in(ZZ{561}, 1, TapeOf({0, 2})));
  list.Valid("25 passes to base 7", {"Toy", "KnownLimit"}, in(ZZ{25}, 1, TapeOf({7})));
  list.Valid("2^127 - 1, a prime", {"Normal"}, in(NTL::power2_ZZ(127) - 1, 64, Seed("mr")));
  list.Valid("2^128 + 1, a composite", {"Normal"}, in(NTL::power2_ZZ(128) + 1, 64, Seed("mr")));
  list.Valid("a prime of 1024 bits", {"Normal"}, in(Real().p, 4, Seed("mr")));
  list.Valid("the product of two primes", {"Normal"}, in(Small().n, 64, Seed("mr")));
  list.Invalid("MillerRabin.1", "3", {"Range"}, in(ZZ{3}, 1, Seed("mr")));
  list.Invalid("MillerRabin.1", "4", {"Range"}, in(ZZ{4}, 1, Seed("mr")));
  list.Invalid("MillerRabin.1", "an even number", {"Range"}, in(ZZ{100}, 1, Seed("mr")));
  list.Invalid("MillerRabin.1", "negative", {"Range"}, in(ZZ{-7}, 1, Seed("mr")));
  list.Invalid("MillerRabin.3", "the tape ends before the second base", {"Exhausted"},
               in(ZZ{2047}, 2, TapeOf({0, 2, 0})));
}

// The bytes that make GeneratePrime take w: w itself and 64 bases, whatever they are.
Bytes PrimeTape(const ZZ& w) {
  const auto size = static_cast<std::size_t>(NumBytes(w));
  Bytes bytes = Int(w, size);
  for (int i = 0; i < 64; ++i) bytes = Join({bytes, Int(ZZ{i + 2}, size)});
  return bytes;
}

// The largest prime up to from that is 1 mod 3.
ZZ OneModThreeBelow(ZZ from) {
  while (from % 3 != 1 || !ProbablyPrime(from)) --from;
  return from;
}

// The bytes that make GeneratePrime take a * b, the product of two primes that are 1 mod 3: 64 times a base of
// order 3 mod a that is 1 mod b. It is no witness, as 3 divides a * b - 1.
Bytes CompositeTape(const ZZ& a, const ZZ& b) {
  ZZ root{1};
  for (long i = 2; root == 1; ++i) root = PowerMod(ZZ{i}, (a - 1) / 3, a);
  const ZZ base = 1 + b * MulMod(*ModInverse(b % a, a), root - 1, a);
  const auto size = static_cast<std::size_t>(NumBytes(a * b));
  Bytes bytes = Int(a * b, size);
  for (int i = 0; i < 64; ++i) bytes = Join({bytes, Int(base, size)});
  return bytes;
}

void GeneratePrimeCases(List& list) {
  const auto in = [](long len, long e, const Json& tape) {
    return Json{{"len", len}, {"e", ToJson(ZZ{e})}, {"source", tape}};
  };
  const ZZ one_mod_three{49171};  // a prime, 49171 - 1 = 2 * 3 * 5 * 11 * 149
  const ZZ two_mod_three{49169};  // a prime, 49169 - 1 = 2^4 * 7 * 439
  list.Valid("16 bits", {"EdgeCase"}, in(16, 3, Seed("prime")));
  list.Valid("17 bits: seven bits of the first byte are cleared", {"EdgeCase"},
             in(17, 65537, Seed("prime")));
  list.Valid("256 bits", {"Normal"}, in(256, 65537, Seed("prime")));
  list.Valid("1024 bits", {"Normal"}, in(1024, 65537, Seed("prime")));
  list.Valid("the first candidate", {"Normal"}, in(16, 3, TapeOf(PrimeTape(two_mod_three))));
  list.Valid("a candidate that e divides minus one is passed over, without a base drawn",
             {"RareBranch"},
             in(16, 3, TapeOf(Join({Int(one_mod_three, 2), PrimeTape(two_mod_three)}))));
  list.Valid("a candidate with a factor below 2^11 is passed over, without a base drawn",
             {"Normal"}, in(16, 3, TapeOf(Join({Int(ZZ{49153}, 2), PrimeTape(two_mod_three)}))));
  list.Valid(
      "the top bits and the lowest are set in the candidate", {"EdgeCase"},
      in(16, 3,
         TapeOf(Join({Int(two_mod_three - 49153, 2), View(PrimeTape(two_mod_three)).subspan(2)}))));
  list.Valid(
      "2887 * 2903 has no factor below 2^11: a base shows that it is composite", {"RareBranch"},
      in(23, 3, TapeOf(Join({Int(ZZ{2887 * 2903}, 3), Bytes{0, 0, 2}, Start("rest", 8192)}))));
  // Which bytes are a candidate and which a base depends on the bound of the trial division: with
  // another bound 6300011, a prime, would be a candidate in the first and a base in the second.
  list.Valid(
      "least factor 2887, above 2^11: what follows is a base", {"EdgeCase"},
      in(23, 3, TapeOf(Join({Int(ZZ{2887 * 2903}, 3), Int(ZZ{6300011}, 3), Start("rest", 8192)}))));
  list.Valid(
      "least factor 1031, below 2^11: what follows is a candidate", {"EdgeCase"},
      in(23, 3, TapeOf(Join({Int(ZZ{1031 * 6121}, 3), Int(ZZ{6300011}, 3), Start("rest", 8192)}))));
  list.Valid("1,023 times 49153 = 13 * 19 * 199, then a prime", {"RareBranch"},
             in(16, 3, TapeOf(Join({Repeat(2046, 0), PrimeTape(two_mod_three)}))));
  list.Invalid("GeneratePrime.1", "15 bits", {"Length"}, in(15, 3, Seed("prime")));
  list.Invalid("GeneratePrime.1", "0 bits", {"Length"}, in(0, 3, Seed("prime")));
  list.Invalid("GeneratePrime.3", "an empty tape", {"Exhausted"}, in(16, 3, TapeOf({})));
  list.Invalid("GeneratePrime.3", "exhausted after a refused candidate", {"Exhausted"},
               in(16, 3, TapeOf({0, 0, 0})));
  list.Invalid("GeneratePrime.7", "exhausted while drawing bases", {"Exhausted"},
               in(16, 3, TapeOf(Int(two_mod_three, 2))));
  list.Invalid("GeneratePrime.8", "1,024 times 49153 = 13 * 19 * 199, then a prime", {"RareBranch"},
               in(16, 3, TapeOf(Join({Repeat(2048, 0), PrimeTape(two_mod_three)}))));
}

void KeyFromPrimesCases(List& list) {
  const auto in = [](const ZZ& p, const ZZ& q, const ZZ& e) {
    return Json{{"p", ToJson(p)}, {"q", ToJson(q)}, {"e", ToJson(e)}};
  };
  list.Valid("by hand", {"Toy"}, in(ZZ{3}, ZZ{11}, ZZ{7}));
  list.Valid("p and q in the other order", {"Toy"}, in(ZZ{11}, ZZ{3}, ZZ{7}));
  list.Valid("e above the least common multiple", {"Toy", "EdgeCase"},
             in(ZZ{11}, ZZ{23}, ZZ{65537}));
  list.Valid("p-1 and q-1 share more than 2: d is the inverse mod lcm, not mod phi", {"Toy"},
             in(ZZ{13}, ZZ{37}, ZZ{5}));
  list.Valid("512 bits", {"Normal"}, in(Small().p, Small().q, ZZ{65537}));
  list.Invalid("KeyFromPrimes.1", "p = 2", {"Toy", "Range"}, in(ZZ{2}, ZZ{11}, ZZ{3}));
  list.Invalid("KeyFromPrimes.1", "q = 2", {"Toy", "Range"}, in(ZZ{11}, ZZ{2}, ZZ{3}));
  list.Invalid("KeyFromPrimes.1", "p negative", {"Toy", "Range"}, in(ZZ{-11}, ZZ{3}, ZZ{7}));
  list.Invalid("KeyFromPrimes.2", "e divides p - 1", {"Toy", "Gcd"}, in(ZZ{7}, ZZ{11}, ZZ{3}));
  list.Invalid("KeyFromPrimes.2", "e = 0", {"Toy", "Range"}, in(ZZ{3}, ZZ{11}, ZZ{0}));
  list.Invalid("KeyFromPrimes.4", "p = q", {"Toy", "Gcd"}, in(ZZ{11}, ZZ{11}, ZZ{3}));
}

// Two primes of 256 bits that differ by less than 2^156, as GeneratePrime would take them.
Bytes ClosePrimesTape() {
  const ZZ p = Small().p;
  ZZ q = p + 2;
  while (!ProbablyPrime(q) || (q - 1) % 65537 == 0) q += 2;
  return Join({PrimeTape(p), PrimeTape(q)});
}

// A prime, and so is p + 2^156: found by trying odd numbers upwards.
ZZ LowerOfPair() {
  return NTL::conv<ZZ>(
      "87497310643772031218508239210620842755619832621290961291630144088363920963891");
}

void GenerateKeyCases(List& list) {
  const auto in = [](long bits, const Json& tape) {
    return Json{{"bits", bits}, {"source", tape}};
  };
  list.Valid("512 bits", {"Normal"}, in(512, Seed("small key")));
  list.Valid("528 bits", {"EdgeCase"}, in(528, Seed("key")));
  list.Valid("2048 bits", {"Normal"}, in(2048, Seed("real key")));
  list.Valid("3072 bits", {"Normal"}, in(3072, Seed("default key")));
  list.Valid("p and q differ by 2^156 + 54, hardly more than they must", {"EdgeCase"},
             in(512, TapeOf(Join({PrimeTape(LowerOfPair()),
                                  PrimeTape(LowerOfPair() + NTL::power2_ZZ(156) + 54)}))));
  list.Invalid("GenerateKey.1", "496 bits", {"Length"}, in(496, Seed("key")));
  list.Invalid("GenerateKey.1", "520 bits", {"Length"}, in(520, Seed("key")));
  list.Invalid("GenerateKey.1", "4112 bits", {"Length"}, in(4112, Seed("key")));
  list.Invalid("GenerateKey.1", "0 bits", {"Length"}, in(0, Seed("key")));
  list.Invalid("GenerateKey.2", "an empty tape", {"Exhausted"}, in(512, TapeOf({})));
  list.Invalid("GenerateKey.3", "the tape ends with the first prime", {"Exhausted"},
               in(512, TapeOf(PrimeTape(Small().p))));
  list.Invalid("GenerateKey.4", "the next prime after p", {"RareBranch"},
               in(512, TapeOf(ClosePrimesTape())));
  list.Invalid("GenerateKey.4", "the same prime twice", {"RareBranch"},
               in(512, TapeOf(Join({PrimeTape(Small().p), PrimeTape(Small().p)}))));
  list.Invalid(
      "GenerateKey.4", "p and q differ by exactly 2^156", {"EdgeCase"},
      in(512,
         TapeOf(Join({PrimeTape(LowerOfPair()), PrimeTape(LowerOfPair() + NTL::power2_ZZ(156))}))));
  const ZZ a = OneModThreeBelow(NTL::power2_ZZ(128));
  list.Invalid(
      "GenerateKey.5", "p and q are composites with a common factor, whose bases are chosen",
      {"RareBranch"},
      in(512, TapeOf(Join({CompositeTape(a, OneModThreeBelow(a - 1)),
                           CompositeTape(a, OneModThreeBelow(a - NTL::power2_ZZ(100)))}))));
}

void ProbablyPrimeCases(List& list) {
  const auto in = [&](std::string comment, Flags flags, const char* decimal) {
    list.Valid(std::move(comment), std::move(flags), {{"w", ToJson(NTL::conv<ZZ>(decimal))}});
  };
  in("negative", {"EdgeCase"}, "-7");
  in("0", {"EdgeCase"}, "0");
  in("1", {"EdgeCase"}, "1");
  in("2", {"EdgeCase"}, "2");
  in("41, the last base", {"EdgeCase"}, "41");
  in("43, the first prime behind the bases", {"EdgeCase"}, "43");
  in("41 squared", {"EdgeCase"}, "1681");
  in("43 squared", {"EdgeCase"}, "1849");
  in("53 * 61, no base divides it", {"Normal"}, "3233");
  in("a strong pseudoprime to 2, 3, 5 and 7", {"Published"}, "3215031751");
  in("a strong pseudoprime to all bases up to 17", {"Published"}, "341550071728321");
  in("a strong pseudoprime to all bases up to 37", {"Published"}, "318665857834031151167461");
  in("a strong pseudoprime to all 13 bases: the test's limit", {"Published", "KnownLimit"},
     "3317044064679887385961981");
  in("a strong pseudoprime to all of them but 2", {"RareBranch"},
     "21175709658817302906508069688610811");
  list.Valid("2^127 - 1", {"Normal"}, {{"w", ToJson(ZZ{NTL::power2_ZZ(127) - 1})}});
  list.Valid("a prime of 1024 bits", {"Normal"}, {{"w", ToJson(Real().p)}});
  list.Valid("the product of two primes", {"Normal"}, {{"w", ToJson(Small().n)}});
}

// p and 2p - 1 are primes, and base 3 takes their product for one: found by trying.
ZZ LowerOfPseudoprime() {
  return NTL::conv<ZZ>(
      "105094231509590812098347650452318329989412972390017171533335044605023500918140335061"
      "889864019827886102430835881517980648483394553731993290576563561483490631553368025306"
      "245805824330491161774828821046638741807240323484970826288376186430652822964836708476"
      "914384768406299533824447769661326073997418525439795895467");
}

void ValidatePublicKeyCases(List& list) {
  const auto in = [](const ZZ& n, long e) { return Json{{"pk", ToJson(PublicKey{n, ZZ{e}})}}; };
  const ZZ n = Real().n;
  // These two were found by trying odd numbers upwards.
  const ZZ prime = NTL::power2_ZZ(2047) + 1919;
  const ZZ half = 3 * NTL::power2_ZZ(1022) + 1037;
  const ZZ third = 3 * NTL::power2_ZZ(681) + 155;
  // Moduli with one small prime factor: the cofactor is no multiple of any other.
  const auto with_factor = [](long factor, long bits = 2048) {
    ZZ cofactor = NTL::power2_ZZ(bits - 1) / factor + 1;
    NTL::PrimeSeq primes;
    for (long small = primes.next(); small < 65536; small = primes.next())
      if (divide(cofactor, small)) {
        cofactor += 1;
        primes.reset(0);
      }
    return ZZ{cofactor * factor};
  };
  list.Valid("2048 bits", {"Normal"}, in(n, 65537));
  list.Valid("3072 bits", {"Normal"}, in(MakeKey(3072, "default key").n, 65537));
  list.Valid("4096 bits", {"EdgeCase"}, in(with_factor(65537, 4096), 65537));
  list.Valid("base 3 takes it for a prime, base 2 does not", {"RareBranch"},
             in(LowerOfPseudoprime() * (2 * LowerOfPseudoprime() - 1), 65537));
  list.Valid("a prime factor of 65537: just above the bound", {"EdgeCase"},
             in(with_factor(65537), 65537));
  list.Invalid("ValidatePublicKey.1", "512 bits", {"Length"}, in(Small().n, 65537));
  list.Invalid("ValidatePublicKey.1", "2047 bits", {"Length"}, in(n / 2, 65537));
  list.Invalid("ValidatePublicKey.1", "2049 bits", {"Length"}, in(n * 2, 65537));
  list.Invalid("ValidatePublicKey.1", "1", {"Length"}, in(ZZ{1}, 65537));
  list.Invalid("ValidatePublicKey.1", "0", {"Length"}, in(ZZ{0}, 65537));
  list.Invalid("ValidatePublicKey.1", "negative", {"Range"}, in(-n, 65537));
  list.Invalid("ValidatePublicKey.2", "e = 3", {"Malformed"}, in(n, 3));
  list.Invalid("ValidatePublicKey.2", "e = 1: every signature would be the hash itself",
               {"Malformed"}, in(n, 1));
  list.Invalid("ValidatePublicKey.2", "e = 65539", {"Malformed"}, in(n, 65539));
  list.Invalid("ValidatePublicKey.3", "even", {"Malformed"}, in(n + 1, 65537));
  list.Invalid("ValidatePublicKey.4", "a prime factor of 3", {"Malformed"},
               in(with_factor(3), 65537));
  list.Invalid("ValidatePublicKey.4", "a prime factor of 65521: the largest below the bound",
               {"Malformed"}, in(with_factor(65521), 65537));
  list.Invalid("ValidatePublicKey.5", "a prime", {"Malformed"}, in(prime, 65537));
  list.Invalid("ValidatePublicKey.6", "the square of a prime", {"Malformed"},
               in(half * half, 65537));
  list.Invalid("ValidatePublicKey.6", "the cube of a prime", {"Malformed"},
               in(third * third * third, 65537));
}

void ValidateSecretKeyCases(List& list) {
  const SecretKey sk = Small();
  const auto in = [](const SecretKey& key) { return Json{{"sk", ToJson(key)}}; };
  const auto with = [&](ZZ SecretKey::* part, const ZZ& value) {
    SecretKey key = sk;
    key.*part = value;
    return in(key);
  };
  const auto with_public = [&](ZZ PublicKey::* part, const ZZ& value) {
    SecretKey key = sk;
    key.*part = value;
    return in(key);
  };
  const auto range = [&](std::string comment, ZZ SecretKey::* part, const ZZ& value) {
    list.Invalid("ValidateSecretKey.1", std::move(comment), {"Range"}, with(part, value));
  };
  list.Valid("by hand", {"Toy"}, in(Toy()));
  list.Valid("512 bits", {"Normal"}, in(sk));
  list.Valid("2048 bits", {"Normal"}, in(Real()));
  const SecretKey tiny{{ZZ{8}, ZZ{3}}, ZZ{1}, ZZ{3}, ZZ{3}, ZZ{1}, ZZ{1}, ZZ{1}};
  list.Invalid("ValidateSecretKey.1", "n = 8", {"Toy", "Range"}, in(tiny));
  list.Invalid("ValidateSecretKey.1", "n = 0", {"Range"}, with_public(&PublicKey::n, ZZ{0}));
  range("p = 2", &SecretKey::p, ZZ{2});
  range("p = 1", &SecretKey::p, ZZ{1});
  range("p = n", &SecretKey::p, sk.n);
  range("q = 2", &SecretKey::q, ZZ{2});
  range("q = 0", &SecretKey::q, ZZ{0});
  range("q = n", &SecretKey::q, sk.n);
  range("d = 0", &SecretKey::d, ZZ{0});
  range("d = n", &SecretKey::d, sk.n);
  range("dp = 0", &SecretKey::dp, ZZ{0});
  range("dp = p", &SecretKey::dp, sk.p);
  range("dq = 0", &SecretKey::dq, ZZ{0});
  range("dq = q", &SecretKey::dq, sk.q);
  range("qinv = 0", &SecretKey::qinv, ZZ{0});
  range("qinv + p", &SecretKey::qinv, sk.qinv + sk.p);
  range("qinv = p", &SecretKey::qinv, sk.p);
  // With 2 for a prime everything else is made to fit, so that nothing later says the same.
  const SecretKey p_two{{ZZ{22}, ZZ{3}}, ZZ{7}, ZZ{2}, ZZ{11}, ZZ{1}, ZZ{7}, ZZ{1}};
  list.Invalid("ValidateSecretKey.1", "p = 2 and all else fits", {"Toy", "Range"}, in(p_two));
  const SecretKey q_two{{ZZ{22}, ZZ{3}}, ZZ{7}, ZZ{11}, ZZ{2}, ZZ{7}, ZZ{1}, ZZ{6}};
  list.Invalid("ValidateSecretKey.1", "q = 2 and all else fits", {"Toy", "Range"}, in(q_two));
  list.Invalid("ValidateSecretKey.1", "e = 2", {"Range"}, with_public(&PublicKey::e, ZZ{2}));
  list.Invalid("ValidateSecretKey.2", "n is another key's", {"Malformed"},
               with_public(&PublicKey::n, OtherSmall().n));
  list.Invalid("ValidateSecretKey.2", "p is another key's", {"Malformed"},
               with(&SecretKey::p, OtherSmall().p));
  // With composite "primes" everything else is made to fit, so that only step 3 can see it.
  const SecretKey p_composite = *KeyFromPrimes(ZZ{35}, ZZ{11}, ZZ{3});
  list.Invalid("ValidateSecretKey.3", "p = 5 * 7", {"Toy", "Malformed"}, in(p_composite));
  const SecretKey q_composite = *KeyFromPrimes(ZZ{11}, ZZ{35}, ZZ{3});
  list.Invalid("ValidateSecretKey.3", "q = 5 * 7", {"Toy", "Malformed"}, in(q_composite));
  const ZZ L = (sk.p - 1) * (sk.q - 1) / GCD(sk.p - 1, sk.q - 1);
  list.Invalid("ValidateSecretKey.4", "d + lcm(p-1, q-1)", {"Canonical"},
               with(&SecretKey::d, sk.d + L));
  list.Invalid("ValidateSecretKey.4", "d = lcm(p-1, q-1)", {"EdgeCase"}, with(&SecretKey::d, L));
  list.Invalid("ValidateSecretKey.5", "d + 1", {"Malformed"}, with(&SecretKey::d, sk.d + 1));
  list.Invalid("ValidateSecretKey.5", "e = 3", {"Malformed"}, with_public(&PublicKey::e, ZZ{3}));
  list.Invalid("ValidateSecretKey.6", "dp + 1", {"Malformed"}, with(&SecretKey::dp, sk.dp + 1));
  list.Invalid("ValidateSecretKey.6", "dq + 1", {"Malformed"}, with(&SecretKey::dq, sk.dq + 1));
  list.Invalid("ValidateSecretKey.7", "qinv + 1", {"Malformed"},
               with(&SecretKey::qinv, sk.qinv + 1));
  const SecretKey square{{ZZ{121}, ZZ{7}}, ZZ{3}, ZZ{11}, ZZ{11}, ZZ{3}, ZZ{3}, ZZ{1}};
  list.Invalid("ValidateSecretKey.7", "p = q", {"Toy", "Malformed"}, in(square));
  const SecretKey least{{ZZ{9}, ZZ{3}}, ZZ{1}, ZZ{3}, ZZ{3}, ZZ{1}, ZZ{1}, ZZ{1}};
  list.Invalid("ValidateSecretKey.7", "n = 9: all parts are the smallest in range",
               {"Toy", "EdgeCase"}, in(least));
}

void EncodePublicKeyCases(List& list) {
  const auto in = [](const ZZ& n, const ZZ& e) { return Json{{"pk", ToJson(PublicKey{n, e})}}; };
  const ZZ top = NTL::power2_ZZ(32);
  list.Valid("the smallest n and e", {"Toy", "EdgeCase"}, in(ZZ{2}, ZZ{1}));
  list.Valid("the largest e", {"Toy", "EdgeCase"}, in(ZZ{33}, top - 1));
  list.Valid("9 bits take two bytes", {"Toy", "EdgeCase"}, in(ZZ{257}, ZZ{3}));
  list.Valid("the largest n", {"EdgeCase"}, in(NTL::power2_ZZ(4096) - 1, ZZ{65537}));
  list.Valid("512 bits", {"Normal"}, in(Small().n, ZZ{65537}));
  list.Invalid("EncodePublicKey.1", "n = 1", {"Range"}, in(ZZ{1}, ZZ{3}));
  list.Invalid("EncodePublicKey.1", "n negative", {"Range"}, in(ZZ{-33}, ZZ{3}));
  list.Invalid("EncodePublicKey.1", "4097 bits", {"Range"}, in(NTL::power2_ZZ(4096), ZZ{3}));
  list.Invalid("EncodePublicKey.1", "e = 0", {"Range"}, in(ZZ{33}, ZZ{0}));
  list.Invalid("EncodePublicKey.1", "e negative", {"Range"}, in(ZZ{33}, ZZ{-3}));
  list.Invalid("EncodePublicKey.1", "e = 2^32", {"Range"}, in(ZZ{33}, top));
}

void ParsePublicKeyCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const Bytes good = *EncodePublicKey(Small());
  list.Valid("the smallest n and e", {"Toy", "EdgeCase"}, in(*EncodePublicKey({ZZ{2}, ZZ{1}})));
  list.Valid("512 bits", {"Normal"}, in(good));
  list.Valid("2048 bits", {"Normal"}, in(*EncodePublicKey(Real())));
  list.Valid("the largest n and e", {"EdgeCase"},
             in(*EncodePublicKey({NTL::power2_ZZ(4096) - 1, NTL::power2_ZZ(32) - 1})));
  MalformedCases(list, good, "ParsePublicKey.1", "ParsePublicKey.3", "ParsePublicKey.3",
                 Json::object());
  list.Invalid("ParsePublicKey.1", "three bytes", {"Length"}, in({1, 1, 2}));
  list.Invalid("ParsePublicKey.1", "a secret key", {"Malformed"}, in(*EncodeSecretKey(Toy())));
  list.Invalid("ParsePublicKey.2", "0 bits", {"Range"}, in({1, 1, 0, 0, 0, 0, 0, 3}));
  list.Invalid("ParsePublicKey.2", "1 bit", {"Range"}, in({1, 1, 0, 1, 1, 0, 0, 0, 3}));
  list.Invalid("ParsePublicKey.2", "4097 bits", {"Range"},
               in(Join({Bytes{1, 1, 0x10, 0x01, 1}, Repeat(512, 1), Bytes{0, 0, 0, 3}})));
  list.Invalid("ParsePublicKey.2", "65535 bits and nothing behind", {"Range"},
               in({1, 1, 255, 255}));
  list.Invalid("ParsePublicKey.3", "the header alone", {"Length"}, in({1, 1, 2, 0}));
  list.Invalid("ParsePublicKey.4", "n is one bit shorter than it says", {"Canonical"},
               in({1, 1, 0, 6, 17, 0, 0, 0, 3}));
  list.Invalid("ParsePublicKey.4", "n is one bit longer than it says", {"Canonical"},
               in({1, 1, 0, 6, 65, 0, 0, 0, 3}));
  list.Invalid("ParsePublicKey.4", "n has a leading zero byte", {"Canonical"},
               in({1, 1, 0, 9, 0, 33, 0, 0, 0, 3}));
  list.Invalid("ParsePublicKey.5", "e = 0", {"Range"}, in({1, 1, 0, 6, 33, 0, 0, 0, 0}));
}

// The smallest and largest n and e that have an encoding, and widths that are no multiple of 8 and 16
// bits. Form only.
std::vector<std::pair<std::string, SecretKey>> SecretKeysAtLimits() {
  const auto key = [](const ZZ& n, const ZZ& e) {
    return SecretKey{{n, e}, ZZ{1}, ZZ{2}, ZZ{3}, ZZ{4}, ZZ{5}, ZZ{6}};
  };
  return {{"the smallest n and e", key(ZZ{2}, ZZ{1})},
          {"17 bits: d takes three bytes, the others two", key(NTL::power2_ZZ(16), ZZ{3})},
          {"the largest n and e", key(NTL::power2_ZZ(4096) - 1, NTL::power2_ZZ(32) - 1)}};
}

void EncodeSecretKeyCases(List& list) {
  const auto in = [](const SecretKey& sk) { return Json{{"sk", ToJson(sk)}}; };
  const auto bad = [&](const char* step, const char* why, const SecretKey& sk) {
    list.Invalid(step, why, {"Range"}, in(sk));
  };
  SecretKey sk = Toy();
  list.Valid("by hand", {"Toy"}, in(sk));
  list.Valid("512 bits", {"Normal"}, in(Small()));
  for (const auto& [comment, limit] : SecretKeysAtLimits())
    list.Valid(comment, {"EdgeCase"}, in(limit));
  sk.n = 1;
  bad("EncodeSecretKey.1", "n = 1", sk);
  sk.n = NTL::power2_ZZ(4096);
  bad("EncodeSecretKey.1", "4097 bits", sk);
  sk = Toy();
  sk.e = 0;
  bad("EncodeSecretKey.1", "e = 0", sk);
  sk.e = NTL::power2_ZZ(32);
  bad("EncodeSecretKey.1", "e = 2^32", sk);
  for (ZZ SecretKey::* part : {&SecretKey::d, &SecretKey::p, &SecretKey::q, &SecretKey::dp,
                               &SecretKey::dq, &SecretKey::qinv}) {
    sk = Toy();
    sk.*part = 256;
    bad("EncodeSecretKey.2", "a part too long for its width", sk);
    sk.*part = -1;
    bad("EncodeSecretKey.2", "a negative part", sk);
  }
}

void ParseSecretKeyCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const Bytes toy = *EncodeSecretKey(Toy());
  const Bytes good = *EncodeSecretKey(Small());
  list.Valid("by hand", {"Toy"}, in(toy));
  list.Valid("512 bits", {"Normal"}, in(good));
  for (const auto& [comment, limit] : SecretKeysAtLimits())
    list.Valid(comment, {"EdgeCase"}, in(*EncodeSecretKey(limit)));
  list.Valid("parts that do not fit together: form only", {"Toy", "EdgeCase"},
             in(With(toy, 9, 255)));
  MalformedCases(list, good, "ParseSecretKey.1", "ParseSecretKey.3", "ParseSecretKey.3",
                 Json::object());
  list.Invalid("ParseSecretKey.1", "a public key", {"Malformed"}, in(*EncodePublicKey(Toy())));
  list.Invalid("ParseSecretKey.1", "three bytes", {"Length"}, in({1, 2, 2}));
  list.Invalid("ParseSecretKey.2", "1 bit", {"Range"}, in(With(toy, 3, 1)));
  list.Invalid("ParseSecretKey.2", "4097 bits", {"Range"}, in(With(With(toy, 2, 16), 3, 1)));
  list.Invalid("ParseSecretKey.3", "the header alone", {"Length"}, in({1, 2, 2, 0}));
  list.Invalid("ParseSecretKey.4", "n is one bit shorter than it says", {"Canonical"},
               in(With(toy, 4, 17)));
  list.Invalid("ParseSecretKey.4", "n is one bit longer than it says", {"Canonical"},
               in(With(toy, 4, 65)));
  list.Invalid("ParseSecretKey.5", "e = 0", {"Range"}, in(With(toy, 8, 0)));
}

void KeyIdCases(List& list) {
  const auto in = [](const PublicKey& pk) { return Json{{"pk", ToJson(pk)}}; };
  list.Valid("by hand", {"Toy"}, in(Toy()));
  list.Valid("the same n with another e", {"Toy"}, in({Toy().n, ZZ{3}}));
  list.Valid("512 bits", {"Normal"}, in(Small()));
  list.Valid("2048 bits", {"Normal"}, in(Real()));
  list.Invalid("KeyId.1", "n = 1", {"Range"}, in({ZZ{1}, ZZ{3}}));
}

// ---- 3-fdh

void Mgf1Cases(List& list) {
  const auto in = [](const Bytes& seed, std::uint64_t len) {
    return Json{{"seed", ToJson(seed)}, {"len", len}};
  };
  for (const std::uint64_t len : {0u, 1u, 31u, 32u, 33u, 64u, 100u})
    list.Valid(std::to_string(len) + " bytes", {len == 100 ? "Normal" : "EdgeCase"},
               in(Ascii("seed"), len));
  list.Valid("an empty seed", {"EdgeCase"}, in({}, 40));
  list.Valid("more than 256 blocks", {"EdgeCase"}, in(Ascii("seed"), 257 * 32));
  list.Invalid("MGF1.1", "one byte too many", {"Length"},
               in(Ascii("seed"), (std::uint64_t{1} << 37) + 1));
  list.Invalid("MGF1.1", "far too many", {"Length"}, in(Ascii("seed"), std::uint64_t{1} << 52));
}

void FdhCases(List& list) {
  const auto in = [](std::string_view tag, const PublicKey& pk, const Bytes& msg) {
    return Json{{"tag", tag}, {"pk", ToJson(pk)}, {"msg", ToJson(msg)}};
  };
  const PublicKey pk = Small();
  list.Valid("a token", {"Normal"}, in("blindlend v1 token", pk, Msg()));
  list.Valid("another tag", {"Normal"}, in("blindlend v1 key certificate", pk, Msg()));
  list.Valid("another key", {"Normal"}, in("blindlend v1 token", OtherSmall(), Msg()));
  list.Valid("an empty message", {"EdgeCase"}, in("blindlend v1 token", pk, {}));
  list.Valid("an empty tag", {"EdgeCase"}, in("", pk, Msg()));
  list.Valid("the tag's last letter moved into the message: another hash", {"Normal"},
             in("blindlend v1 toke", pk, Ascii("na token")));
  list.Valid("a long message", {"Normal"}, in("blindlend v1 token", pk, Repeat(1000, 'm')));
  list.Valid("2048 bits", {"Normal"}, in("blindlend v1 token", Real(), Msg()));
  for (long i = 0; i < 4; ++i)
    list.Valid("two of five candidates are units", {"Toy"},
               in("blindlend v1 token", Toy(), Int(ZZ{i}, 1)));
  list.Invalid("FDH.1", "the key has no encoding", {"Range"},
               in("blindlend v1 token", {ZZ{1}, ZZ{3}}, Msg()));
  list.Invalid("FDH.6", "256 refused candidates", {"RareBranch"},
               in("blindlend v1 token", FewUnits(), MessageWithoutHash()));
  list.Valid("the last candidate is the first unit", {"RareBranch"},
             in("blindlend v1 token", FewUnits(), MessageWithLastCounter()));
  list.Invalid("FDH.6", "the first unit comes behind the last candidate", {"RareBranch"},
               in("blindlend v1 token", FewUnits(), MessageBehindLastCounter()));
}

// ---- 4-blind-signature

void BlindCases(List& list) {
  const auto in = [](const PublicKey& pk, const Bytes& msg, const Json& tape) {
    return Json{{"pk", ToJson(pk)}, {"msg", ToJson(msg)}, {"source", tape}};
  };
  const PublicKey pk = Small();
  list.Valid("by hand", {"Toy"}, in(Toy(), Msg(), TapeOf({5})));
  list.Valid("r = 1", {"Toy", "EdgeCase"}, in(Toy(), Msg(), TapeOf({1})));
  list.Valid("refused candidates", {"Toy"}, in(Toy(), Msg(), TapeOf({0, 33, 3, 11, 7})));
  list.Valid("512 bits", {"Normal"}, in(pk, Msg(), Seed("r")));
  list.Valid("an empty message", {"EdgeCase"}, in(pk, {}, Seed("r")));
  list.Valid("r = n-1: the top bit is set", {"EdgeCase"}, in(pk, Msg(), TapeOf(Int(pk.n - 1, 64))));
  list.Valid("2048 bits", {"Normal"}, in(Real(), Msg(), Seed("r")));
  list.Invalid("Blind.1", "the key has no encoding", {"Range"},
               in({ZZ{1}, ZZ{3}}, Msg(), Seed("r")));
  list.Invalid("Blind.1", "a message without a hash", {"RareBranch"},
               in(FewUnits(), MessageWithoutHash(), Seed("r")));
  list.Invalid("Blind.2", "no byte for r", {"Exhausted"}, in(pk, Msg(), TapeOf({})));
  list.Invalid("Blind.2", "256 refused candidates", {"Toy", "RareBranch"},
               in(Toy(), Msg(), TapeOf(Repeat(257, 0))));
}

void BlindSignCases(List& list) {
  const auto in = [](const SecretKey& sk, const ZZ& blinded, const Json& tape) {
    return Json{{"sk", ToJson(sk)}, {"blinded", ToJson(blinded)}, {"source", tape}};
  };
  const SecretKey sk = Small();
  const auto seed = Seed("base");
  Tape tape = Tape::FromSeed(Ascii("r"));
  list.Valid("by hand", {"Toy"}, in(Toy(), ZZ{29}, TapeOf({5})));
  list.Valid("2, the smallest", {"EdgeCase"}, in(sk, ZZ{2}, seed));
  list.Valid("n-2, the largest", {"EdgeCase"}, in(sk, sk.n - 2, seed));
  list.Valid("what Blind made of a token", {"Normal"},
             in(sk, Blind(sk, Msg(), tape.Source())->blinded, seed));
  list.Valid("2048 bits", {"Normal"}, in(Real(), Real().n / 7, seed));
  list.Invalid("BlindSign.1", "0", {"Range"}, in(sk, ZZ{0}, seed));
  list.Invalid("BlindSign.1", "1", {"Range"}, in(sk, ZZ{1}, seed));
  list.Invalid("BlindSign.1", "n-1", {"Range"}, in(sk, sk.n - 1, seed));
  list.Invalid("BlindSign.1", "n", {"Range"}, in(sk, sk.n, seed));
  list.Invalid("BlindSign.1", "n + 2", {"Range"}, in(sk, sk.n + 2, seed));
  list.Invalid("BlindSign.1", "negative", {"Range"}, in(sk, ZZ{-2}, seed));
  list.Invalid("BlindSign.2", "shares 3 with n", {"Toy", "Gcd"}, in(Toy(), ZZ{6}, TapeOf({5})));
  list.Invalid("BlindSign.2", "p", {"Gcd"}, in(sk, sk.p, seed));
  list.Invalid("BlindSign.2", "a multiple of q", {"Gcd"}, in(sk, 2 * sk.q, seed));
  list.Invalid("BlindSign.3", "no byte for the base blinding", {"Exhausted"},
               in(sk, ZZ{2}, TapeOf({})));
  SecretKey faulty = sk;
  faulty.dp += 1;
  list.Invalid("BlindSign.3", "dp is wrong by one", {"Fault"}, in(faulty, ZZ{2}, seed));
}

void VerifyCases(List& list) {
  const auto in = [](const PublicKey& pk, const Bytes& msg, const Bytes& sig) {
    return Json{{"pk", ToJson(pk)}, {"msg", ToJson(msg)}, {"sig", ToJson(sig)}};
  };
  const SecretKey sk = Small();
  const std::size_t k = Width(sk);
  const Bytes sig = SignatureOf(sk, Msg());
  const Bytes other = Ascii("another token");
  const ZZ s = OS2IP(sig);
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& what) {
    list.Invalid(step, why, std::move(flags), in(sk, Msg(), what));
  };
  list.Valid("a token", {"Normal"}, in(sk, Msg(), sig));
  list.Valid("an empty message", {"EdgeCase"}, in(sk, {}, SignatureOf(sk, {})));
  list.Valid("by hand", {"Toy"}, in(Toy(), Msg(), SignatureOf(Toy(), Msg())));
  list.Valid("2048 bits", {"Normal"}, in(Real(), Msg(), SignatureOf(Real(), Msg())));
  bad("Verify.1", "no bytes", {"Length"}, {});
  bad("Verify.1", "a zero byte in front", {"Length"}, Join({Bytes{0}, sig}));
  bad("Verify.1", "a zero byte behind", {"Length"}, Join({sig, Bytes{0}}));
  bad("Verify.1", "the first byte is missing", {"Length"}, Bytes(sig.begin() + 1, sig.end()));
  bad("Verify.1", "the last byte is missing", {"Length"}, Bytes(sig.begin(), sig.end() - 1));
  list.Invalid("Verify.1", "an empty message does not accept no signature", {"Length"},
               in(sk, {}, {}));
  bad("Verify.2", "0", {"Range"}, Repeat(k, 0));
  bad("Verify.2", "n", {"Range"}, Int(sk.n, k));
  bad("Verify.2", "all ones", {"Range"}, Repeat(k, 255));
  const Bytes toy_sig = SignatureOf(Toy(), Msg());
  list.Invalid("Verify.2", "s + n, which fits into the same byte", {"Toy", "Range"},
               in(Toy(), Msg(), Int(OS2IP(toy_sig) + Toy().n, 1)));
  bad("Verify.5", "p", {"Gcd"}, Int(sk.p, k));
  bad("Verify.5", "a multiple of q", {"Gcd"}, Int(2 * sk.q, k));
  list.Invalid("Verify.5", "shares 3 with n", {"Toy", "Gcd"}, in(Toy(), Msg(), {6}));
  list.Invalid("Verify.3", "a message without a hash", {"RareBranch"},
               in(FewUnits(), MessageWithoutHash(), Int(ZZ{1}, Width(FewUnits()))));
  list.Invalid("Verify.6", "another message's", {"Forgery"}, in(sk, Msg(), SignatureOf(sk, other)));
  list.Invalid("Verify.6", "of another message", {"Forgery"}, in(sk, other, sig));
  list.Invalid("Verify.6", "an empty message does not accept another's signature", {"Forgery"},
               in(sk, {}, sig));
  list.Invalid("Verify.6", "the message with a zero byte behind", {"Forgery"},
               in(sk, Join({Msg(), Bytes{0}}), sig));
  bad("Verify.6", "another key's", {"OtherKey"}, SignatureOf(OtherSmall(), Msg()));
  list.Invalid("Verify.6", "the same n, another e", {"OtherKey"}, in({sk.n, ZZ{3}}, Msg(), sig));
  bad("Verify.6", "1", {"Forgery"}, Int(ZZ{1}, k));
  bad("Verify.6", "n-1", {"Forgery"}, Int(sk.n - 1, k));
  bad("Verify.6", "n-s", {"Forgery"}, Int(sk.n - s, k));
  bad("Verify.6", "the lowest bit flipped", {"Forgery"}, FlipBit(sig, 8 * k - 8));
  bad("Verify.6", "the hash itself", {"Forgery"}, Int(*FDH("blindlend v1 token", sk, Msg()), k));
  bad("Verify.6", "the product of two signatures", {"Forgery"},
      Int(MulMod(s, OS2IP(SignatureOf(sk, other)), sk.n), k));
  bad("Verify.6", "a signature of the hash under another tag", {"Forgery"},
      Int(PowerMod(*FDH("blindlend v1 key certificate", sk, Msg()), sk.d, sk.n), k));
  bad("Verify.6", "a signature of the hash of the hash", {"Forgery"},
      Int(PowerMod(*FDH("blindlend v1 token", sk, SHA256(Msg())), sk.d, sk.n), k));
}

void FinalizeCases(List& list) {
  const auto in = [](const PublicKey& pk, const Bytes& msg, const ZZ& blind_sig, const ZZ& r_inv) {
    return Json{{"pk", ToJson(pk)},
                {"msg", ToJson(msg)},
                {"blind_sig", ToJson(blind_sig)},
                {"r_inv", ToJson(r_inv)}};
  };
  const auto session = [&](const SecretKey& sk, std::string_view seed) {
    Tape tape = Tape::FromSeed(Ascii(seed));
    const Blinded blinded = *Blind(sk, Msg(), tape.Source());
    return std::pair{PowerMod(blinded.blinded, sk.d, sk.n), blinded.r_inv};
  };
  const SecretKey sk = Small();
  const auto [blind_sig, r_inv] = session(sk, "r");
  const auto [other_sig, other_inv] = session(sk, "other r");
  list.Valid("a token", {"Normal"}, in(sk, Msg(), blind_sig, r_inv));
  list.Valid("another r, the same signature", {"Normal"}, in(sk, Msg(), other_sig, other_inv));
  const auto [toy_sig, toy_inv] = session(Toy(), "r");
  list.Valid("by hand", {"Toy"}, in(Toy(), Msg(), toy_sig, toy_inv));
  const auto [real_sig, real_inv] = session(Real(), "r");
  list.Valid("2048 bits", {"Normal"}, in(Real(), Msg(), real_sig, real_inv));
  list.Valid("r = 1: the signer's answer is the signature", {"EdgeCase"},
             in(sk, Msg(), OS2IP(SignatureOf(sk, Msg())), ZZ{1}));
  list.Invalid("Finalize.1", "blind_sig = 0", {"Range"}, in(sk, Msg(), ZZ{0}, r_inv));
  list.Invalid("Finalize.1", "blind_sig = n", {"Range"}, in(sk, Msg(), sk.n, r_inv));
  list.Invalid("Finalize.1", "blind_sig + n", {"Range"}, in(sk, Msg(), blind_sig + sk.n, r_inv));
  list.Invalid("Finalize.1", "blind_sig - n", {"Range"}, in(sk, Msg(), blind_sig - sk.n, r_inv));
  list.Invalid("Finalize.2", "r_inv = 0", {"Range"}, in(sk, Msg(), blind_sig, ZZ{0}));
  list.Invalid("Finalize.2", "r_inv = n", {"Range"}, in(sk, Msg(), blind_sig, sk.n));
  list.Invalid("Finalize.2", "r_inv + n", {"Range"}, in(sk, Msg(), blind_sig, r_inv + sk.n));
  list.Invalid("Finalize.2", "r_inv - n", {"Range"}, in(sk, Msg(), blind_sig, r_inv - sk.n));
  list.Invalid("Finalize.4", "another message", {"Forgery"},
               in(sk, Ascii("another token"), blind_sig, r_inv));
  list.Invalid("Finalize.4", "another session's r_inv", {"Forgery"},
               in(sk, Msg(), blind_sig, other_inv));
  list.Invalid("Finalize.4", "the signer answers 1", {"Forgery"}, in(sk, Msg(), ZZ{1}, r_inv));
  list.Invalid("Finalize.4", "the signer answers n - blind_sig", {"Forgery"},
               in(sk, Msg(), sk.n - blind_sig, r_inv));
  list.Invalid("Finalize.4", "the signer answers with a multiple of p", {"Gcd"},
               in(sk, Msg(), sk.p, r_inv));
  list.Invalid("Finalize.4", "r itself instead of its inverse", {"Forgery"},
               in(sk, Msg(), blind_sig, *ModInverse(r_inv, sk.n)));
}

std::vector<Bytes> ThreeMessages() {
  return {Ascii("one"), Ascii("two"), {}};
}

BlindedBatch MakeBatch(const PublicKey& pk) {
  Tape tape = Tape::FromSeed(Ascii("batch"));
  return *BlindBatch(pk, ThreeMessages(), tape.Source());
}

Batch AnswerTo(const SecretKey& sk, const Batch& request) {
  Tape tape = Tape::FromSeed(Ascii("answer"));
  return *BlindSignBatch(sk, request, tape.Source());
}

void BlindBatchCases(List& list) {
  const auto in = [](const PublicKey& pk, const std::vector<Bytes>& msgs, const Json& tape) {
    return Json{{"pk", ToJson(pk)}, {"msgs", ToJson(msgs)}, {"source", tape}};
  };
  const PublicKey pk = Small();
  list.Valid("one message", {"Normal"}, in(pk, {Msg()}, Seed("batch")));
  list.Valid("three messages, one of them empty", {"Normal"},
             in(pk, ThreeMessages(), Seed("batch")));
  list.Invalid("BlindBatch.1", "no message", {"Length"}, in(pk, {}, Seed("batch")));
  list.Invalid("BlindBatch.2", "the same message twice", {"Malformed"},
               in(pk, {Ascii("one"), Ascii("two"), Ascii("one")}, Seed("batch")));
  list.Invalid("BlindBatch.2", "the empty message twice", {"Malformed"},
               in(pk, {{}, {}}, Seed("batch")));
  list.Invalid("BlindBatch.3", "the tape ends before the second r", {"Exhausted"},
               in(pk, ThreeMessages(), TapeOf(Int(pk.n / 3, 64))));
  std::vector<Bytes> most;
  for (long i = 0; i < 1000; ++i) most.push_back(Int(ZZ{i}, 2));
  list.Valid("the most messages", {"Toy", "EdgeCase"}, in(Toy(), most, Seed("batch")));
  most.push_back(Int(ZZ{1000}, 2));
  list.Invalid("BlindBatch.1", "a message more than the most", {"Toy", "Length"},
               in(Toy(), most, Seed("batch")));
}

void BlindSignBatchCases(List& list) {
  const auto in = [](const SecretKey& sk, const Batch& request, const Json& tape) {
    return Json{{"sk", ToJson(sk)}, {"request", ToJson(request)}, {"source", tape}};
  };
  const SecretKey sk = Small();
  const Batch good = MakeBatch(sk).request;
  SecretKey no_id = sk;
  no_id.e = 0;
  list.Invalid("BlindSignBatch.1", "the key has no id", {"Range"}, in(no_id, good, Seed("answer")));
  const auto bad = [&](const char* step, const char* why, Flags flags, const Batch& request) {
    list.Invalid(step, why, std::move(flags), in(sk, request, Seed("answer")));
  };
  list.Valid("three values", {"Normal"}, in(sk, good, Seed("answer")));
  bad("BlindSignBatch.1", "another key's", {"OtherKey"}, MakeBatch(OtherSmall()).request);
  Batch request = good;
  request.width = 65;
  bad("BlindSignBatch.1", "a byte wider", {"Canonical"}, request);
  request = good;
  request.values.clear();
  bad("BlindSignBatch.2", "no value", {"Length"}, request);
  request = good;
  request.values[1] = -1;
  bad("BlindSignBatch.2", "a negative value", {"Range"}, request);
  request.values[1] = NTL::power2_ZZ(512);
  bad("BlindSignBatch.2", "a value too wide", {"Range"}, request);
  request.values[1] = 1;
  bad("BlindSignBatch.3", "the second value is 1", {"Range"}, request);
  request.values[1] = sk.n;
  bad("BlindSignBatch.3", "the second value is n", {"Range"}, request);
  request.values[1] = sk.p;
  bad("BlindSignBatch.3", "the second value is p", {"Gcd"}, request);
  list.Invalid("BlindSignBatch.3", "no byte for a base blinding", {"Exhausted"},
               in(sk, good, TapeOf({})));
}

void FinalizeBatchCases(List& list) {
  const auto in = [](const PublicKey& pk, const State& state, const Batch& response) {
    return Json{{"pk", ToJson(pk)}, {"state", ToJson(state)}, {"response", ToJson(response)}};
  };
  const SecretKey sk = Small();
  const BlindedBatch made = MakeBatch(sk);
  const Batch good = AnswerTo(sk, made.request);
  const auto bad = [&](const char* step, const char* why, Flags flags, const State& state,
                       const Batch& response) {
    list.Invalid(step, why, std::move(flags), in(sk, state, response));
  };
  list.Valid("three values", {"Normal"}, in(sk, made.state, good));
  bad("FinalizeBatch.1", "another key's state", {"OtherKey"}, MakeBatch(OtherSmall()).state, good);
  State state = made.state;
  state.width = 65;
  bad("FinalizeBatch.1", "a state a byte wider", {"Canonical"}, state, good);
  Batch response = good;
  response.id[31] ^= 1;
  bad("FinalizeBatch.2", "the answer to another request", {"Malformed"}, made.state, response);
  response = good;
  response.width = 65;
  bad("FinalizeBatch.3", "a response a byte wider", {"Canonical"}, made.state, response);
  response = good;
  response.values.pop_back();
  bad("FinalizeBatch.3", "a value is missing", {"Length"}, made.state, response);
  response = good;
  response.values.push_back(ZZ{2});
  bad("FinalizeBatch.3", "a value too many", {"Length"}, made.state, response);
  response = good;
  response.values[0].swap(response.values[1]);
  bad("FinalizeBatch.4", "two values exchanged", {"Forgery"}, made.state, response);
  response = good;
  response.values[2] += sk.n;
  bad("FinalizeBatch.4", "the last value plus n", {"Range"}, made.state, response);
  state = made.state;
  state.entries[0].r_inv = 0;
  bad("FinalizeBatch.4", "the first r_inv is 0", {"Range"}, state, good);
}

void EncodeBatchCases(List& list) {
  const auto in = [](int kind, const Batch& batch) {
    return Json{{"kind", kind}, {"batch", ToJson(batch)}};
  };
  const Bytes id = SHA256({});
  const auto bad = [&](const char* why, const Batch& batch) {
    list.Invalid("EncodeBatch.1", why, {"Range"}, in(kRequest, batch));
  };
  list.Valid("a request", {"Normal"}, in(kRequest, MakeBatch(Small()).request));
  list.Valid("a response", {"Normal"},
             in(kResponse, AnswerTo(Small(), MakeBatch(Small()).request)));
  list.Valid("one value of one byte", {"EdgeCase"}, in(kRequest, {id, 1, {ZZ{255}}}));
  list.Valid("the widest value", {"EdgeCase"}, in(kRequest, {id, 512, {ZZ{1}}}));
  bad("an id of 31 bytes", {Repeat(31, 1), 1, {ZZ{1}}});
  bad("an id of 33 bytes", {Repeat(33, 1), 1, {ZZ{1}}});
  bad("width 0", {id, 0, {ZZ{0}}});
  bad("width 513", {id, 513, {ZZ{1}}});
  bad("no value", {id, 1, {}});
  bad("a value too wide", {id, 1, {ZZ{1}, ZZ{256}}});
  bad("a negative value", {id, 1, {ZZ{-1}, ZZ{1}}});
  list.Valid("the most values", {"EdgeCase"}, in(kRequest, {id, 1, std::vector<ZZ>(1000, ZZ{7})}));
  bad("a value more than the most", {id, 1, std::vector<ZZ>(1001, ZZ{7})});
}

void ParseBatchCases(List& list) {
  const auto in = [](int kind, const Bytes& bytes) {
    return Json{{"kind", kind}, {"bytes", ToJson(bytes)}};
  };
  const Bytes id = SHA256({});
  const Bytes good = *EncodeBatch(kRequest, {id, 2, {ZZ{1}, ZZ{258}}});
  list.Valid("a request", {"Normal"}, in(kRequest, good));
  list.Valid("a response", {"Normal"}, in(kResponse, With(good, 1, 4)));
  list.Valid("values with leading zeros, and 0: form only", {"EdgeCase"},
             in(kRequest, *EncodeBatch(kRequest, {id, 3, {ZZ{0}, ZZ{1}}})));
  list.Valid("the widest value", {"EdgeCase"},
             in(kRequest, *EncodeBatch(kRequest, {id, 512, {ZZ{1}}})));
  list.Valid("the most values, of one byte each", {"EdgeCase"},
             in(kRequest, *EncodeBatch(kRequest, {id, 1, std::vector<ZZ>(1000, ZZ{7})})));
  MalformedCases(list, good, "ParseBatch.1", "ParseBatch.3", "ParseBatch.3", {{"kind", 3}});
  list.Invalid("ParseBatch.1", "a response where a request is wanted", {"Malformed"},
               in(kRequest, With(good, 1, 4)));
  list.Invalid("ParseBatch.1", "the header without its last byte", {"Length"},
               in(kRequest, Bytes(good.begin(), good.begin() + 37)));
  list.Invalid("ParseBatch.2", "width 0", {"Range"}, in(kRequest, With(good, 35, 0)));
  list.Invalid("ParseBatch.2", "width 513", {"Range"},
               in(kRequest, With(With(good, 34, 2), 35, 1)));
  list.Invalid("ParseBatch.2", "no value", {"Range"}, in(kRequest, With(good, 37, 0)));
  list.Invalid("ParseBatch.2", "1001 values", {"Range"},
               in(kRequest, With(With(good, 36, 3), 37, 0xe9)));
  list.Invalid("ParseBatch.2", "65535 values", {"Range"},
               in(kRequest, With(With(good, 36, 255), 37, 255)));
  list.Invalid("ParseBatch.3", "the header alone", {"Length"},
               in(kRequest, Bytes(good.begin(), good.begin() + 38)));
}

void EncodeStateCases(List& list) {
  const auto in = [](const State& state) { return Json{{"state", ToJson(state)}}; };
  const Bytes id = SHA256({});
  const Bytes hash = SHA256(id);
  const auto bad = [&](const char* why, const State& state) {
    list.Invalid("EncodeState.1", why, {"Range"}, in(state));
  };
  list.Valid("three messages", {"Normal"}, in(MakeBatch(Small()).state));
  list.Valid("one empty message", {"EdgeCase"}, in({id, hash, 1, {{ZZ{255}, {}}}}));
  list.Valid("the widest r_inv", {"EdgeCase"}, in({id, hash, 512, {{ZZ{1}, {}}}}));
  list.Valid("the greatest r_inv of the widest", {"EdgeCase"},
             in({id, hash, 512, {{NTL::power2_ZZ(4096) - 1, {}}}}));
  bad("a key id of 31 bytes", {Repeat(31, 1), hash, 1, {{ZZ{1}, {}}}});
  bad("a request hash of 33 bytes", {id, Repeat(33, 1), 1, {{ZZ{1}, {}}}});
  bad("width 0", {id, hash, 0, {{ZZ{0}, {}}}});
  bad("width 513", {id, hash, 513, {{ZZ{1}, {}}}});
  bad("no entry", {id, hash, 1, {}});
  bad("an r_inv too wide", {id, hash, 1, {{ZZ{256}, {}}}});
  bad("a negative r_inv", {id, hash, 1, {{ZZ{-1}, {}}}});
  list.Valid("the most entries", {"EdgeCase"},
             in({id, hash, 1, std::vector<State::Entry>(1000, {ZZ{7}, {}})}));
  bad("an entry more than the most", {id, hash, 1, std::vector<State::Entry>(1001, {ZZ{7}, {}})});
}

void ParseStateCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const Bytes id = SHA256({});
  const Bytes good = *EncodeState({id, id, 2, {{ZZ{7}, Ascii("one")}, {ZZ{9}, {}}}});
  list.Valid("two messages, one of them empty", {"Normal"}, in(good));
  list.Valid("512 bits, three messages", {"Normal"}, in(*EncodeState(MakeBatch(Small()).state)));
  list.Valid("the widest r_inv", {"EdgeCase"}, in(*EncodeState({id, id, 512, {{ZZ{1}, {}}}})));
  list.Valid("the most entries, of one byte each", {"EdgeCase"},
             in(*EncodeState({id, id, 1, std::vector<State::Entry>(1000, {ZZ{7}, {}})})));
  MalformedCases(list, good, "ParseState.1", "ParseState.4", "ParseState.7", Json::object());
  list.Invalid("ParseState.1", "the header without its last byte", {"Length"},
               in(Bytes(good.begin(), good.begin() + 69)));
  list.Invalid("ParseState.2", "width 0", {"Range"}, in(With(good, 67, 0)));
  list.Invalid("ParseState.2", "width 513", {"Range"}, in(With(With(good, 66, 2), 67, 1)));
  list.Invalid("ParseState.2", "no entry", {"Range"}, in(With(good, 69, 0)));
  list.Invalid("ParseState.2", "1001 entries", {"Range"}, in(With(With(good, 68, 3), 69, 0xe9)));
  list.Invalid("ParseState.4", "the header alone", {"Length"},
               in(Bytes(good.begin(), good.begin() + 70)));
  list.Invalid("ParseState.4", "an entry less than it says", {"Length"}, in(With(good, 69, 3)));
  list.Invalid("ParseState.5", "a message of 2^24 + 1 bytes, none of them there", {"Range"},
               in(With(With(good, 72, 1), 75, 1)));
  list.Invalid("ParseState.5", "the second message makes it 2^24 + 1 bytes", {"Range"},
               in(Join({View(good).first(good.size() - 4), Bytes{0, 255, 255, 254}})));
  list.Invalid("ParseState.6", "a message longer than what remains", {"Length"},
               in(With(good, 75, 10)));
  list.Invalid("ParseState.6", "cut off inside a message", {"Length"},
               in(Bytes(good.begin(), good.begin() + 78)));
  list.Invalid("ParseState.7", "an entry more than it says", {"Length"}, in(With(good, 69, 1)));
}

void EncodeSignatureCases(List& list) {
  const auto in = [](const Bytes& sig) { return Json{{"sig", ToJson(sig)}}; };
  list.Valid("512 bits", {"Normal"}, in(SignatureOf(Small(), Msg())));
  list.Valid("the shortest", {"EdgeCase"}, in({0}));
  list.Valid("the longest", {"EdgeCase"}, in(Repeat(512, 1)));
  list.Invalid("EncodeSignature.1", "no bytes", {"Length"}, in({}));
  list.Invalid("EncodeSignature.1", "513 bytes", {"Length"}, in(Repeat(513, 1)));
}

void ParseSignatureCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const Bytes good = *EncodeSignature(SignatureOf(Small(), Msg()));
  list.Valid("512 bits", {"Normal"}, in(good));
  list.Valid("one byte, zero: form only", {"EdgeCase"}, in({1, 6, 0, 1, 0}));
  list.Valid("the longest", {"EdgeCase"}, in(*EncodeSignature(Repeat(512, 1))));
  MalformedCases(list, good, "ParseSignature.1", "ParseSignature.3", "ParseSignature.3",
                 Json::object());
  list.Invalid("ParseSignature.1", "three bytes", {"Length"}, in({1, 6, 0}));
  list.Invalid("ParseSignature.2", "width 0", {"Range"}, in({1, 6, 0, 0}));
  list.Invalid("ParseSignature.2", "width 513", {"Range"},
               in(Join({Bytes{1, 6, 2, 1}, Repeat(513, 1)})));
}

void AccumulatedCases(List& list) {
  list.Valid("1,000 runs at 512 bits", {"Normal"},
             {{"bits", 512}, {"runs", 1000}, {"seed", ToJson(Ascii("accumulated"))}});
}

// Chapters 1 to 4; the later ones have files of their own.
Makers FirstMakers() {
  return {
      {"I2OSP", I2ospCases},
      {"OS2IP", Os2ipCases},
      {"Prefix", PrefixCases},
      {"SHA256", Sha256Cases},
      {"EncodeBase64", EncodeBase64Cases},
      {"DecodeBase64", DecodeBase64Cases},
      {"EncodeText", EncodeTextCases},
      {"DecodeText", DecodeTextCases},
      {"Fingerprint", FingerprintCases},
      {"UnitFromBytes", UnitFromBytesCases},
      {"DrawUnit", DrawUnitCases},
      {"ModInverse", ModInverseCases},
      {"RawPublic", RawPublicCases},
      {"RawPrivate", RawPrivateCases},
      {"DrawBase", DrawBaseCases},
      {"MillerRabin", MillerRabinCases},
      {"GeneratePrime", GeneratePrimeCases},
      {"KeyFromPrimes", KeyFromPrimesCases},
      {"GenerateKey", GenerateKeyCases},
      {"ProbablyPrime", ProbablyPrimeCases},
      {"ValidatePublicKey", ValidatePublicKeyCases},
      {"ValidateSecretKey", ValidateSecretKeyCases},
      {"EncodePublicKey", EncodePublicKeyCases},
      {"ParsePublicKey", ParsePublicKeyCases},
      {"EncodeSecretKey", EncodeSecretKeyCases},
      {"ParseSecretKey", ParseSecretKeyCases},
      {"KeyId", KeyIdCases},
      {"MGF1", Mgf1Cases},
      {"FDH", FdhCases},
      {"Blind", BlindCases},
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
      {"EncodeSignature", EncodeSignatureCases},
      {"ParseSignature", ParseSignatureCases},
      {"Accumulated", AccumulatedCases},
  };
}

}  // namespace

std::vector<Case> Cases(const std::string& algorithm) {
  static const Makers makers = [] {
    Makers all;
    for (const auto& chapters :
         {FirstMakers, KeyCertificateMakers, IdentityMakers, LinkMakers, TokenMakers,
          IssuanceMakers, RedemptionMakers, AttestationMakers, HttpMakers})
      all.merge(chapters());
    return all;
  }();
  static const Makers pinned = PinnedMakers();
  List list;
  for (const Makers* each : {&makers, &pinned})
    if (const auto maker = each->find(algorithm); maker != each->end()) maker->second(list);
  return list.cases;
}

const std::map<std::string, std::string>& Notes() {
  static const std::map<std::string, std::string> notes = {
      {"Canonical", "A second form of the same thing; an object has one form only."},
      {"Clock", "Outside a window, or windows that make no sense."},
      {"Contradiction", "Signed by one admin who cannot have meant both."},
      {"EdgeCase", "The first or the last value that is still allowed, or an unusual one."},
      {"Exhausted", "The byte source ends too early; no randomness is ever made up."},
      {"Fault",
       "A secret key that computes wrongly; releasing the result would give a factor of n."},
      {"Forgery", "Well-formed, in range, and not the signature."},
      {"Gcd", "Shares a factor with n; nothing may be computed with it."},
      {"KnownLimit", "A limit of the algorithm that the spec states."},
      {"Length", "Too short or too long."},
      {"Malformed", "Not an object of this kind, or parts that do not belong together."},
      {"Normal", "What happens every day."},
      {"Order", "Wrong in more than one step: the first of them refuses."},
      {"OtherKey", "Made for or by another key."},
      {"Published", "The figures are published elsewhere."},
      {"Range", "A number outside its range."},
      {"RareBranch", "A branch that random inputs reach too rarely to be tested by them."},
      {"Replay", "Good, but it has been used before."},
      {"Strict", "An Ed25519 signature on which common verifiers disagree."},
      {"Toy", "Numbers small enough to check by hand."},
  };
  return notes;
}

}  // namespace blindlend::vectors
