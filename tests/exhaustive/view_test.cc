// Blindness measured, not sampled: every tape of Blind on toy moduli, on the shipped code.
#include <map>
#include <set>

#include "tests/support/support.h"

namespace blindlend::test {
namespace {

// How often each blinded value comes out, over all tapes of `candidates` candidates; 0 counts the
// tapes that are exhausted.
using Table = std::map<long, long>;

Table Views(const PublicKey& pk, const Bytes& msg, int candidates) {
  const auto length = static_cast<std::size_t>(candidates * NumBytes(pk.n));
  Table views;
  for (long i = 0; i < 1L << (8 * length); ++i) {
    Tape tape = Tape::Of(*I2OSP(ZZ{i}, length));
    const auto blinded = Blind(pk, msg, tape.Source());
    ++views[blinded ? NTL::conv<long>(blinded->blinded) : 0];
  }
  return views;
}

std::vector<Bytes> Messages(int count) {
  std::vector<Bytes> msgs;
  for (int i = 0; i < count; ++i) msgs.push_back(Ascii("message " + std::to_string(i)));
  return msgs;
}

struct Toy {
  long p, q, e;
};

// Claim.Blind, Claim.PastStaysHidden
// Property.ViewUniform: seven moduli of one byte, one and two candidates; two of two bytes.
TEST(View, IsExactlyUniformForEachMessage) {
  const std::vector<Toy> toys = {{3, 11, 7},  {5, 11, 3}, {7, 11, 7},  {11, 13, 7}, {11, 23, 3},
                                 {13, 17, 5}, {5, 47, 3}, {17, 29, 3}, {23, 47, 3}};
  for (const auto& [p, q, e] : toys) {
    const SecretKey sk = ToyKey(p, q, e);
    const bool one_byte = NumBytes(sk.n) == 1;
    for (int candidates = 1; candidates <= (one_byte ? 2 : 1); ++candidates) {
      std::set<Table> seen;
      std::set<ZZ> hashes;
      for (const Bytes& msg : Messages(one_byte && candidates == 1 ? 12 : 3)) {
        const Table views = Views(sk, msg, candidates);
        seen.insert(views);
        hashes.insert(*FDH("blindlend v1 token", sk, msg));
        std::set<long> counts;
        long units = 0;
        for (const auto& [view, count] : views)
          if (view != 0) {
            ASSERT_EQ(NTL::GCD(view, p * q), 1);
            counts.insert(count);
            ++units;
          }
        ASSERT_EQ(units, (p - 1) * (q - 1)) << p * q;
        ASSERT_EQ(counts.size(), 1u) << p * q;
      }
      ASSERT_GE(hashes.size(), 2u) << "messages with one hash show nothing";
      ASSERT_EQ(seen.size(), 1u) << "the same table for each message, " << p * q;
    }
  }
}

// Property.Unblind, on every view there is: signing succeeds but for 1 and n-1 (BlindSign.1), and
// Finalize gives the one signature of the message (Property.SignatureUnique).
TEST(View, EverySessionEndsInTheSameSignature) {
  for (const auto& [p, q, e] : std::vector<Toy>{{3, 11, 7}, {11, 13, 7}, {13, 17, 5}}) {
    const SecretKey sk = ToyKey(p, q, e);
    for (const Bytes& msg : Messages(4))
      for (int i = 0; i < 256; ++i) {
        Tape tape = Tape::Of(Bytes{static_cast<std::uint8_t>(i)});
        const auto blinded = Blind(sk, msg, tape.Source());
        if (!blinded) continue;
        Tape base = TapeFrom(1);
        const auto blind_sig = BlindSign(sk, blinded->blinded, base.Source());
        if (blinded->blinded == 1 || blinded->blinded == sk.n - 1) {
          ASSERT_EQ(Step(blind_sig), "BlindSign.1");
          continue;
        }
        ASSERT_EQ(Step(blind_sig), "");
        const auto sig = Finalize(sk, msg, *blind_sig, blinded->r_inv);
        ASSERT_EQ(Step(sig), "");
        ASSERT_EQ(*sig, SignatureOf(sk, msg));
      }
  }
}

// Claim.NoMark, Claim.OneForm
// Verify on every byte string of its length: of all 256 exactly one passes, for each message.
TEST(View, ExactlyOneSignaturePasses) {
  for (const auto& [p, q, e] : std::vector<Toy>{{3, 11, 7}, {11, 13, 7}, {13, 17, 5}}) {
    const SecretKey sk = ToyKey(p, q, e);
    for (const Bytes& msg : Messages(10)) {
      int passed = 0;
      for (int i = 0; i < 256; ++i) {
        const Bytes sig{static_cast<std::uint8_t>(i)};
        const auto valid = Verify(sk, msg, sig);
        const bool in_range = i > 0 && i < p * q;
        const bool unit = NTL::GCD(i, p * q) == 1;
        const std::string step = !in_range ? "Verify.2" : !unit ? "Verify.5" : "Verify.6";
        if (!valid) {
          ASSERT_EQ(Step(valid), step);
        }
        passed += valid.has_value();
      }
      ASSERT_EQ(passed, 1) << p * q;
    }
  }
}

// Limit.AbortLeaks
// Property.ViewNeedsPermutation: e = 3 divides p-1. Then r^e reaches a third of the units (or a
// ninth), and two messages whose hashes lie in different cosets share no view at all.
TEST(View, IsNotUniformWithoutAPermutation) {
  for (const auto& [n, index] : std::map<long, long>{{77, 3}, {91, 9}, {155, 3}, {133, 9}}) {
    const PublicKey pk{ZZ{n}, ZZ{3}};
    std::set<Table> tables;
    for (const Bytes& msg : Messages(12)) {
      Table views = Views(pk, msg, 1);
      views.erase(0);
      long units = 0;
      for (long x = 1; x < n; ++x) units += NTL::GCD(x, n) == 1;
      EXPECT_EQ(static_cast<long>(views.size()) * index, units) << n;
      tables.insert(views);
    }
    ASSERT_GE(tables.size(), 2u) << n;
    const Table& one = *tables.begin();
    const Table& two = *tables.rbegin();
    for (const auto& [view, count] : one) EXPECT_FALSE(two.contains(view)) << n;
  }
}

// Property.ViewNeedsPermutation, the other half: a hash that shares a factor with n shows it through
// every r. The shipped hash never does; this is what Blind would make of one that did.
TEST(View, WouldTellAHashThatIsNoUnit) {
  const SecretKey sk = ToyKey(11, 13, 7);
  for (long r = 1; r < 143; ++r) {
    if (NTL::GCD(r, 143L) != 1) continue;
    for (const long h : {11L, 22L, 39L, 5L}) {
      const ZZ blinded = MulMod(ZZ{h}, PowerMod(ZZ{r}, sk.e, sk.n), sk.n);
      ASSERT_EQ(GCD(blinded, sk.n), NTL::GCD(h, 143L));
    }
  }
}

}  // namespace
}  // namespace blindlend::test
