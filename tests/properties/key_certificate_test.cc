// Properties of spec chapter 5-key-certificate.
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "tests/support/group.h"

namespace blindlend::test {
namespace {

using RawBytes = std::vector<std::uint8_t>;

ZZ Rho(const PublicKey& pk, View group, long i) {
  return *FDH("blindlend v1 key certificate", pk, Join({group, *I2OSP(ZZ{i}, 1)}));
}

// Property.CertificateComplete
TEST(KeyCertificate, CertificateComplete) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw, std::uint64_t seed) {
        const SecretKey& sk = Key(512, Uniform(0, 8));
        const Bytes group = ToBytes(raw);
        Tape one = TapeFrom(seed), two = TapeFrom(seed + 1);
        const auto roots = ProveKey(sk, group, one.Source());
        RC_ASSERT(Step(roots).empty());
        RC_ASSERT(*ProveKey(sk, group, two.Source()) == *roots);
        RC_ASSERT(one.used() >= 8u * 64u);
        RC_ASSERT(*roots == RootsOf(sk, group));
        RC_ASSERT(Step(VerifyKeyProof(sk, group, *roots)).empty());
        // A certificate is no token: the same bytes under the same key are hashed to something else.
        const auto i = Uniform<std::size_t>(0, 8);
        const Bytes hashed = Join({group, Bytes{static_cast<std::uint8_t>(i + 1)}});
        RC_ASSERT(Step(Verify(sk, hashed, *I2OSP((*roots)[i], 64))) == "Verify.6");
        RC_TAG(one.used() == 8u * 64u ? "no candidate refused" : "a candidate refused");
      },
      2);
  EXPECT_GE(distribution.Share("a candidate refused"), 0.1);
}

// Property.CertificateComplete and Property.CertificateBound at the production length.
TEST(KeyCertificate, AtTheProductionLength) {
  const SecretKey& sk = Key(2048);
  Tape tape = TapeFrom(1);
  auto roots = *ProveKey(sk, Ascii("a group"), tape.Source());
  EXPECT_EQ(Step(VerifyKeyProof(sk, Ascii("a group"), roots)), "");
  EXPECT_EQ(Step(VerifyKeyProof(sk, Ascii("a groups"), roots)), "VerifyKeyProof.5");
  for (ZZ& root : roots) {
    SwitchBit(root, 77);
    EXPECT_EQ(Step(VerifyKeyProof(sk, Ascii("a group"), roots)), "VerifyKeyProof.5");
    SwitchBit(root, 77);
  }
}

// ProveKey.2, ProveKey.3, VerifyKeyProof.4
TEST(KeyCertificate, ProveFails) {
  for (const std::uint64_t units : {0ul, 1ul, 7ul}) {
    std::uint64_t left = units;
    const ByteSource source = [&](std::span<std::uint8_t> bytes) {
      std::ranges::fill(bytes, std::uint8_t{1});
      return left-- > 0;
    };
    EXPECT_EQ(Step(ProveKey(Key(512), Ascii("a group"), source)), "ProveKey.3") << units;
  }
  // A key that belongs together but has no encoding, so no name to hash with.
  SecretKey sk = *KeyFromPrimes(ZZ{11}, ZZ{13}, NTL::power2_ZZ(32) + 1);
  ASSERT_EQ(Step(ValidateSecretKey(sk)), "");
  Tape tape = TapeFrom(1);
  EXPECT_EQ(Step(ProveKey(sk, Ascii("a group"), tape.Source())), "ProveKey.2");
  EXPECT_EQ(tape.used(), 0u);
  const std::vector<ZZ> roots(8, ZZ{2});
  EXPECT_EQ(Step(VerifyKeyProof(sk, Ascii("a group"), roots)), "VerifyKeyProof.4");
}

// Property.CertificateBound: each wrong certificate, at its own step.
TEST(KeyCertificate, CertificateBound) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw, const RawBytes& other_raw) {
        const int number = Uniform(0, 4);
        const SecretKey& sk = Key(512, number);
        const bool longer = *rc::gen::arbitrary<bool>();
        const SecretKey& other = longer ? Key(1024) : Key(512, number + Uniform(1, 4));
        const Bytes group = ToBytes(raw), other_group = ToBytes(other_raw);
        const std::vector<ZZ> roots = RootsOf(sk, group);
        const auto step = [&](const std::vector<ZZ>& wrong) {
          return Step(VerifyKeyProof(sk, group, wrong));
        };
        const auto at = Uniform<std::size_t>(0, 8);
        const auto with = [&](const ZZ& value) {
          std::vector<ZZ> wrong = roots;
          wrong[at] = value;
          return wrong;
        };
        RC_ASSERT(step(roots).empty());
        // Another key's: the first root decides, it is too large or no root.
        const std::vector<ZZ> foreign = RootsOf(other, group);
        const bool large = foreign[0] >= sk.n;
        RC_ASSERT(step(foreign) == (large ? "VerifyKeyProof.3" : "VerifyKeyProof.5"));
        RC_TAG(large ? "another key's, out of range" : "another key's, no root");
        if (group != other_group) RC_ASSERT(step(RootsOf(sk, other_group)) == "VerifyKeyProof.5");
        RC_ASSERT(step(RootsOf(sk, Join({group, Bytes{1}}))) == "VerifyKeyProof.5");
        // Two exchanged.
        auto exchanged = roots;
        std::swap(exchanged[at], exchanged[(at + Uniform<std::size_t>(1, 8)) % 8]);
        RC_ASSERT(step(exchanged) == "VerifyKeyProof.5");
        // One of them out of range or no root, at each place.
        RC_ASSERT(step(with(roots[at] + sk.n)) == "VerifyKeyProof.3");
        RC_ASSERT(step(with(roots[at] - sk.n)) == "VerifyKeyProof.3");
        RC_ASSERT(step(with(ZZ{0})) == "VerifyKeyProof.3");
        RC_ASSERT(step(with(sk.n)) == "VerifyKeyProof.3");
        RC_ASSERT(step(with(sk.n - roots[at])) == "VerifyKeyProof.5");
        RC_ASSERT(step(with(sk.n - 1)) == "VerifyKeyProof.5");
        RC_ASSERT(step(with(ZZ{1})) == "VerifyKeyProof.5");
        // Too few, too many: before anything else is looked at.
        auto few = roots, many = with(sk.n);
        few.erase(few.begin() + static_cast<long>(at));
        many.push_back(roots[at]);
        RC_ASSERT(step(few) == "VerifyKeyProof.1");
        RC_ASSERT(step(many) == "VerifyKeyProof.1");
        RC_ASSERT(step({}) == "VerifyKeyProof.1");
        many = roots;
        many.push_back(roots[at]);
        RC_ASSERT(step(many) == "VerifyKeyProof.1");
      },
      3);
  EXPECT_GE(distribution.Share("another key's, out of range"), 0.25);
  EXPECT_GE(distribution.Share("another key's, no root"), 0.25);
}

// Property.CertificateBound: every bit of every root.
TEST(KeyCertificate, EverySingleBitEditFails) {
  const SecretKey& sk = Key(512);
  const Bytes group = Ascii("a group");
  std::vector<ZZ> roots = RootsOf(sk, group);
  ASSERT_EQ(Step(VerifyKeyProof(sk, group, roots)), "");
  std::map<std::string, int> steps;
  for (ZZ& root : roots)
    for (long bit = 0; bit < 512; ++bit) {
      SwitchBit(root, bit);
      const std::string step = root < sk.n ? "VerifyKeyProof.5" : "VerifyKeyProof.3";
      ASSERT_EQ(Step(VerifyKeyProof(sk, group, roots)), step) << bit;
      ++steps[step];
      SwitchBit(root, bit);
    }
  EXPECT_GT(steps["VerifyKeyProof.3"], 0);
  EXPECT_GT(steps["VerifyKeyProof.5"], 4000);
}

// ------------------------------------------------------------------------------- malicious keys

// The primes in [from, until) by what they are mod 3 and 9: `bad` ones have exactly one factor 3 in
// p-1, so x -> x^3 is three to one mod p and the roots of its image are quickly computed.
struct Primes {
  std::vector<long> good, bad;
};

Primes PrimesBetween(long from, long until) {
  std::vector<bool> composite(static_cast<std::size_t>(until), false);
  Primes primes;
  for (long p = 2; p < until; ++p) {
    if (composite[static_cast<std::size_t>(p)]) continue;
    for (long multiple = 2 * p; multiple < until; multiple += p)
      composite[static_cast<std::size_t>(multiple)] = true;
    if (p >= from && p % 3 == 2) primes.good.push_back(p);
    if (p >= from && p % 9 != 1 && p % 3 == 1) primes.bad.push_back(p);
  }
  return primes;
}

// The best that the maker of p, q can do: an e-th root of rho mod each prime, where there is one.
// e^2 does not divide p-1 or q-1; where e divides it, the root of a residue is a power of it.
std::optional<ZZ> RootMod(const ZZ& p, const ZZ& e, const ZZ& rho) {
  const ZZ x = rho % p;
  if ((p - 1) % e != 0) return PowerMod(x, InvMod(e % (p - 1), p - 1), p);
  const ZZ m = (p - 1) / e;
  if (PowerMod(x, m, p) != 1) return std::nullopt;
  return PowerMod(x, InvMod(e % m, m), p);
}

// A value that is a root mod p and mod q where it can be, and whether it can be mod both.
std::pair<ZZ, bool> BestRoot(const ZZ& p, const ZZ& q, const ZZ& e, const ZZ& rho) {
  const auto at_p = RootMod(p, e, rho), at_q = RootMod(q, e, rho);
  const ZZ root_p = at_p.value_or(ZZ{1}), root_q = at_q.value_or(ZZ{1});
  const ZZ h = MulMod(InvMod(q % p, p), (root_p - root_q) % p, p);
  return {root_q + q * h, at_p && at_q};
}

// How far `count` of `cases` is from a binomial count with this share, in bits. Chernoff: for
// X ~ Bin(N, s), P(X >= tN) with t > s and P(X <= tN) with t < s are each at most exp(-N D(t||s)),
// where D(t||s) is t ln(t/s) + (1-t) ln((1-t)/(1-s)). The 48 comparisons below together are to fail
// for a sound hash with probability at most 2^-40, so each with at most 2^-46: N D >= 46 ln 2.
double Chernoff(double cases, double share, double count) {
  const double t = count / cases;
  const double left = t > 0 ? t * std::log(t / share) : 0;
  const double right = t < 1 ? (1 - t) * std::log((1 - t) / (1 - share)) : 0;
  return cases * (left + right) / std::log(2);
}

bool NotAbove(double cases, double share, double count) {
  return count <= cases * share || Chernoff(cases, share, count) < 46;
}

bool NotBelow(double cases, double share, double count) {
  return count >= cases * share || Chernoff(cases, share, count) < 46;
}

// Claim.KeyPermutes
// Property.CertificateSound, measured for e = 3: 10^5 keys with 3 dividing p-1, and as many with 3
// dividing both. Distinct n are hashed apart, so the counts are binomial: the first j values all
// have roots for a share of 3^-j, or 9^-j. A key with all eight does get its certificate.
TEST(KeyCertificate, CertificateSound) {
  const Primes primes = PrimesBetween(1L << 19, 1L << 20);
  ASSERT_GT(primes.good.size(), 10'000u);
  ASSERT_GT(primes.bad.size(), 10'000u);
  const Bytes group = Ascii("a group");
  const ZZ e{3};
  constexpr int kKeys = 100'000;
  Tape tape = TapeFrom(5);
  const ByteSource source = tape.Source();
  const auto pick = [&](const std::vector<long>& from) {
    Bytes bytes(8);
    source(bytes);
    return ZZ{from[NTL::conv<std::size_t>(OS2IP(bytes) % NTL::conv<ZZ>(from.size()))]};
  };
  for (const bool both : {false, true}) {
    std::array<int, 9> first{};  // [j]: keys whose first j values all have roots
    int passed = 0;
    std::set<long> moduli;
    for (int key = 0; key < kKeys; ++key) {
      ZZ p, q;
      do {
        p = pick(primes.bad);
        q = pick(both ? primes.bad : primes.good);
      } while (p == q || !moduli.insert(NTL::conv<long>(p * q)).second);
      const PublicKey pk{p * q, e};
      std::vector<ZZ> roots;
      bool all = true;
      for (long i = 1; i <= 8 && all; ++i) {
        ++first[static_cast<std::size_t>(i - 1)];
        const auto [root, is_root] = BestRoot(p, q, e, Rho(pk, group, i));
        ASSERT_EQ(PowerMod(root, e, pk.n) == Rho(pk, group, i), is_root);
        all = is_root;
        roots.push_back(root);
      }
      first[8] += all;
      // Which roots follow the first that does not exist is all the same.
      roots.resize(8, ZZ{2});
      const std::string step = Step(VerifyKeyProof(pk, group, roots));
      ASSERT_EQ(step, all ? "" : "VerifyKeyProof.5");
      passed += step.empty();
    }
    EXPECT_EQ(passed, first[8]);
    std::cout << (both ? "3 | p-1 and q-1" : "3 | p-1") << ", roots of the first j:";
    for (std::size_t j = 1; j <= 8; ++j) {
      std::cout << " " << first[j];
      const double share = std::pow(both ? 9.0 : 3.0, -static_cast<double>(j));
      // The bound of the spec, and that it is no better than it says.
      EXPECT_TRUE(NotAbove(kKeys, std::pow(3.0, -static_cast<double>(j)), first[j])) << j;
      EXPECT_TRUE(NotAbove(kKeys, share, first[j])) << j;
      EXPECT_TRUE(NotBelow(kKeys, share, first[j])) << j;
    }
    std::cout << std::endl;
  }
  // The comparisons can fail.
  EXPECT_FALSE(NotAbove(kKeys, 1.0 / 3, kKeys / 2));
  EXPECT_FALSE(NotBelow(kKeys, 1.0 / 3, kKeys / 4));
  EXPECT_FALSE(NotAbove(kKeys, std::pow(3.0, -8), 100));
}

// A prime of 256 bits with e dividing it less 1, or not, from the tape.
ZZ PrimeWith(const ZZ& e, bool divides, const ByteSource& source) {
  for (;;) {
    Bytes bytes(32);
    source(bytes);
    bytes[0] |= 0xc0;
    ZZ t = OS2IP(bytes);
    if (divides) t /= 2 * e;
    const ZZ p = divides ? 2 * e * t + 1 : 2 * (t / 2) + 1;
    if (NumBits(p) != 256 || ((p - 1) % e == 0) != divides || (p - 1) % (e * e) == 0) continue;
    if (ProbablyPrime(p)) return p;
  }
}

// Property.CertificateSound for the real exponent: 65537 divides p-1, q-1, both or none. The best
// roots of whoever knows p and q are refused unless it is none.
TEST(KeyCertificate, TheRealExponentAt512Bits) {
  const ZZ e{65537};
  const Bytes group = Ascii("a group");
  Tape tape = TapeFrom(6);
  const ByteSource source = tape.Source();
  int roots_found = 0, values = 0;
  for (int run = 0; run < 6; ++run)
    for (const int which : {0, 1, 2, 3}) {
      const ZZ p = PrimeWith(e, which & 1, source), q = PrimeWith(e, which & 2, source);
      const PublicKey pk{p * q, e};
      ASSERT_EQ(NumBits(pk.n), 512);
      EXPECT_EQ(KeyFromPrimes(p, q, e).has_value(), which == 0);
      std::vector<ZZ> roots;
      for (long i = 1; i <= 8; ++i) {
        const auto [root, is_root] = BestRoot(p, q, e, Rho(pk, group, i));
        roots.push_back(root);
        roots_found += which != 0 && is_root;
        values += which != 0;
        // Mod the prime that is in order it is a root.
        if (which == 1 || which == 2) {
          const ZZ& good = which == 1 ? q : p;
          EXPECT_EQ(PowerMod(root % good, e, good), Rho(pk, group, i) % good);
        }
      }
      EXPECT_EQ(Step(VerifyKeyProof(pk, group, roots)), which == 0 ? "" : "VerifyKeyProof.5");
      // The private exponent of the honest half, if the maker goes on as if nothing were the matter.
      if (which == 1) {
        SecretKey sk;
        sk.n = pk.n;
        sk.e = e;
        sk.p = p;
        sk.q = q;
        sk.dp = 1;
        sk.dq = InvMod(e % (q - 1), q - 1);
        sk.qinv = InvMod(q % p, p);
        EXPECT_NE(Step(ValidateSecretKey(sk)), "");
        EXPECT_EQ(Step(ProveKey(sk, group, source)), "ProveKey.3");
      }
    }
  // Of 144 values one has a root with probability about 144/65537; with this tape none has.
  EXPECT_EQ(values, 144);
  EXPECT_EQ(roots_found, 0);
}

// Limit.BadModulus
// Property.CertificateNotMore: three primes, and a square. Neither has anything to do with blindness;
// exhaustive_certificate has the uniformity.
TEST(KeyCertificate, CertificateNotMore) {
  const ZZ e{65537};
  const Bytes group = Ascii("a group");
  Tape tape = TapeFrom(7);
  const ByteSource source = tape.Source();
  for (int run = 0; run < 3; ++run) {
    const ZZ p = PrimeWith(e, false, source), q = PrimeWith(e, false, source),
             r = PrimeWith(e, false, source);
    for (const auto& [n, phi] : {std::pair<ZZ, ZZ>{p * q * r, (p - 1) * (q - 1) * (r - 1)},
                                 std::pair<ZZ, ZZ>{p * p * q, p * (p - 1) * (q - 1)}}) {
      SecretKey sk;
      sk.n = n;
      sk.e = e;
      sk.d = InvMod(e, phi);
      EXPECT_EQ(Step(VerifyKeyProof(sk, group, RootsOf(sk, group))), "");
    }
  }
}

}  // namespace
}  // namespace blindlend::test
