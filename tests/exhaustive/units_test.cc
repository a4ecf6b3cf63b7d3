// Everything there is, on moduli small enough: chapters 1 and 2 on the shipped code.
#include <set>

#include "tests/support/support.h"

namespace blindlend::test {
namespace {

// Claim.Blind
// Property.UnitUniform: for every modulus below 300, all byte strings of its length.
TEST(Exhaustive, UnitFromBytesIsExactlyUniform) {
  for (long n = 1; n < 300; ++n) {
    const auto k = static_cast<std::size_t>(NTL::NumBytes(n));
    const long strings = 1L << (8 * k);
    std::vector<long> count(static_cast<std::size_t>(n), 0);
    for (long i = 0; i < strings; ++i) {
      const auto x = UnitFromBytes(ZZ{n}, *I2OSP(ZZ{i}, k));
      const long masked = i % (1L << NTL::NumBits(n));
      if (x) {
        ASSERT_EQ(*x, masked);
        ++count[static_cast<std::size_t>(masked)];
      } else if (masked == 0 || masked >= n) {
        ASSERT_EQ(Step(x), "UnitFromBytes.3");
      } else {
        ASSERT_EQ(Step(x), "UnitFromBytes.4");
      }
    }
    for (long x = 0; x < n; ++x) {
      const bool unit = x > 0 && NTL::GCD(x, n) == 1;
      ASSERT_EQ(count[static_cast<std::size_t>(x)], unit ? strings >> NTL::NumBits(n) : 0)
          << x << " mod " << n;
    }
  }
}

// DrawUnit.1 to DrawUnit.3: over all tapes of two candidates each unit is equally frequent, and it
// is the first candidate that is a unit.
TEST(Exhaustive, DrawUnitIsExactlyUniform) {
  for (const long n : {3L, 15L, 33L, 35L, 77L, 119L, 143L, 253L}) {
    std::vector<long> count(static_cast<std::size_t>(n), 0);
    long exhausted = 0;
    for (int first = 0; first < 256; ++first)
      for (int second = 0; second < 256; ++second) {
        const Bytes bytes{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
        Tape tape = Tape::Of(bytes);
        const auto x = DrawUnit(ZZ{n}, tape.Source());
        const auto one = UnitFromBytes(ZZ{n}, View(bytes).first(1));
        const auto two = UnitFromBytes(ZZ{n}, View(bytes).last(1));
        if (x) {
          ASSERT_EQ(*x, one ? *one : *two);
          ASSERT_EQ(tape.used(), one ? 1u : 2u);
          ++count[NTL::conv<std::size_t>(*x)];
        } else {
          ASSERT_EQ(Step(x), "DrawUnit.2");
          ++exhausted;
        }
      }
    std::set<long> counts;
    long units = 0;
    for (long x = 1; x < n; ++x)
      if (NTL::GCD(x, n) == 1) {
        ++units;
        counts.insert(count[static_cast<std::size_t>(x)]);
      }
    EXPECT_EQ(counts.size(), 1u) << n;
    EXPECT_EQ(*counts.begin() * units + exhausted, 65536) << n;
  }
}

// Property.ModInverse: every a in [-1, n+1] for every n below 400.
TEST(Exhaustive, ModInverse) {
  long step_five = 0, units = 0;
  for (long n = -1; n < 400; ++n)
    for (long a = -1; a <= n + 1; ++a) {
      const auto x = ModInverse(ZZ{a}, ZZ{n});
      if (n < 2 || a < 1 || a >= n) {
        ASSERT_EQ(Step(x), "ModInverse.1") << a << " mod " << n;
      } else if (NTL::GCD(a, n) != 1) {
        ASSERT_EQ(Step(x), "ModInverse.4") << a << " mod " << n;
      } else {
        ASSERT_EQ(Step(x), "") << a << " mod " << n;
        ASSERT_GE(*x, 1);
        ASSERT_LT(*x, n);
        ASSERT_EQ(*x * a % n, 1);
        ++units;
        step_five += 2 * *x > n;
      }
    }
  EXPECT_GT(3 * step_five, units) << "step 5 must be needed often";
}

// ProbablyPrime.1 to ProbablyPrime.3, and MillerRabin with all bases: right for every w below 10^5,
// against trial division.
TEST(Exhaustive, Primality) {
  for (long w = -5; w < 100'000; ++w) {
    bool prime = w > 1;
    for (long factor = 2; factor * factor <= w; ++factor)
      if (w % factor == 0) prime = false;
    ASSERT_EQ(ProbablyPrime(ZZ{w}), prime) << w;
  }
}

// MillerRabin.1 to MillerRabin.5 and DrawBase.3: for every odd w below 600 and every base alone.
// At most a quarter of the bases call a composite prime (Rabin 1980), none calls a prime composite.
TEST(Exhaustive, MillerRabinBases) {
  for (long w = 5; w < 600; w += 2) {
    const auto k = static_cast<std::size_t>(NTL::NumBytes(w));
    long bases = 0, passed = 0;
    for (long b = 0; b < 1L << NTL::NumBits(w); ++b) {
      Tape tape = Tape::Of(*I2OSP(ZZ{b}, k));
      const auto result = MillerRabin(ZZ{w}, 1, tape.Source());
      if (b < 2 || b > w - 2) {
        ASSERT_EQ(Step(result), "MillerRabin.3");
        continue;
      }
      ++bases;
      passed += *result;
    }
    ASSERT_EQ(bases, w - 3);
    if (ProbablyPrime(ZZ{w}))
      ASSERT_EQ(passed, bases) << w;
    else
      ASSERT_LE(4 * passed, w) << w;
  }
}

// Property.Base64Strict: every string of up to four characters over an alphabet with all kinds of
// them. What is accepted is exactly what EncodeBase64 makes of up to three bytes.
TEST(Exhaustive, Base64) {
  const auto text_of = [](const Bytes& bytes) {
    const Bytes text = EncodeBase64(bytes);
    return std::string(text.begin(), text.end());
  };
  std::set<std::string> made = {""};
  for (int a = 0; a < 256; ++a) {
    made.insert(text_of(Bytes{static_cast<std::uint8_t>(a)}));
    for (int b = 0; b < 256; ++b)
      made.insert(text_of(Bytes{static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b)}));
  }
  std::vector<std::string> strings = {""};
  for (std::size_t done = 0; done < strings.size(); ++done) {
    const std::string text = strings[done];
    if (text.size() < 4)
      for (const char letter : std::string("ABQgw048+/=-_ \n\r!~"))
        strings.push_back(text + letter);
    const auto is_digit = [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '+' || c == '/';
    };
    const bool full = text.size() == 4 && std::all_of(text.begin(), text.end(), is_digit);
    ASSERT_EQ(DecodeBase64(Ascii(text)).has_value(), full || made.contains(text)) << text;
  }
}

// Every key of two primes below 50 and every odd exponent below 30: what KeyFromPrimes makes passes
// ValidateSecretKey and inverts, on all of [1, n-1] (Property.RawInverse).
TEST(Exhaustive, ToyKeys) {
  const std::vector<long> primes = {3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47};
  int keys = 0;
  for (const long p : primes)
    for (const long q : primes)
      for (long e = 3; e < 30; e += 2) {
        const auto sk = KeyFromPrimes(ZZ{p}, ZZ{q}, ZZ{e});
        const long phi = (p - 1) * (q - 1);
        if (NTL::GCD(e, phi) != 1) {
          ASSERT_EQ(Step(sk), "KeyFromPrimes.2");
          continue;
        }
        if (p == q) {
          ASSERT_EQ(Step(sk), "KeyFromPrimes.4");
          continue;
        }
        ASSERT_EQ(Step(ValidateSecretKey(*sk)), "") << p << " " << q << " " << e;
        ++keys;
        if (p * q > 200 || e > 11) continue;
        for (long x = 1; x < p * q; ++x) {
          Tape tape = TapeFrom(1);
          ASSERT_EQ(*RawPublic(*sk, *RawPrivate(*sk, ZZ{x}, tape.Source())), x);
        }
      }
  EXPECT_GT(keys, 500);
}

}  // namespace
}  // namespace blindlend::test
