// Properties of spec chapter 3-fdh.
#include <set>

#include "tests/support/support.h"

namespace blindlend::test {
namespace {

using RawBytes = std::vector<std::uint8_t>;

// Property.HashIsUnit, for toy moduli of every shape and for a real width.
TEST(Fdh, HashIsUnit) {
  const auto distribution = CheckProperty(
      [](const RawBytes& msg) {
        const ZZ n{*rc::gen::inRange(4L, 5000L)};
        const ZZ h = *FDH("tag", {n, ZZ{3}}, ToBytes(msg));
        RC_ASSERT(h >= 1);
        RC_ASSERT(h < n);
        RC_ASSERT(GCD(h, n) == 1);
        const ZZ wide = *FDH("tag", Key(512), ToBytes(msg));
        RC_ASSERT(wide < Key(512).n);
        RC_ASSERT(GCD(wide, Key(512).n) == 1);
        // Of an even n at least half of the candidates are no units.
        RC_TAG(IsOdd(n) ? "odd n" : "even n");
        RC_TAG(msg.empty() ? "empty message" : "message");
      },
      10);
  for (const char* tag : {"odd n", "even n"}) EXPECT_GE(distribution.Share(tag), 0.3) << tag;
}

// Property.HashSeparates
TEST(Fdh, HashSeparates) {
  const auto distribution = CheckProperty(
      [](const std::string& text) {
        const PublicKey pk = Key(512);
        const std::string ascii = "x" + text + "y";
        const auto cut = *rc::gen::inRange<std::size_t>(0, ascii.size());
        const auto hash = [&](std::size_t at) {
          return *FDH(ascii.substr(0, at), pk, Ascii(ascii.substr(at)));
        };
        RC_ASSERT(hash(cut) != hash(cut + 1));
        const Bytes msg = Ascii(text);
        const ZZ h = *FDH("tag", pk, msg);
        RC_ASSERT(h != *FDH("tag", {pk.n, ZZ{3}}, msg));
        RC_ASSERT(h != *FDH("tag", Key(512, 1), msg));
        RC_ASSERT(h != *FDH("tag", pk, Join({msg, Bytes{0}})));
        RC_ASSERT(h != *FDH("tag", pk, SHA256(msg)));
        RC_ASSERT(h == *FDH("tag", pk, msg));
        RC_TAG(cut == 0 ? "empty tag" : "cut inside");
      },
      10);
  EXPECT_GE(distribution.Share("cut inside"), 0.3);
}

// Property.HashCoversTop: 2,000 hashes fall into the 16 equal parts of [1, n-1] evenly. Each part has
// a binomial count with mean 125 and standard deviation 10.8; all stay within 7 of these (a bound of
// 16 * 2 * exp(-7^2/2 * 0.9), below 2^-26, for false alarm; the messages are fixed, so it never
// comes and goes). A hash with its top bit cleared leaves parts empty; a reduced one doubles some.
TEST(Fdh, HashCoversTop) {
  const SecretKey& sk = Key(512);
  std::vector<int> parts(16, 0);
  bool top = false;
  for (long i = 0; i < 2000; ++i) {
    const ZZ h = *FDH("blindlend v1 token", sk, *I2OSP(ZZ{i}, 4));
    ++parts[NTL::conv<std::size_t>(16 * h / sk.n)];
    top = top || NumBits(h) == 512;
  }
  EXPECT_TRUE(top);
  for (const int count : parts) EXPECT_NEAR(count, 125, 7 * 10.8);
}

// MGF1.2 and MGF1.3: a shorter mask is the start of a longer one, and every byte depends on the seed.
TEST(Fdh, MasksAreStarts) {
  const auto distribution = CheckProperty(
      [](const RawBytes& seed) {
        const auto len = *rc::gen::inRange<std::size_t>(0, 200);
        const Bytes longer = *MGF1(ToBytes(seed), 200);
        const Bytes mask = *MGF1(ToBytes(seed), len);
        RC_ASSERT(std::equal(mask.begin(), mask.end(), longer.begin()));
        RC_ASSERT(mask.size() == len);
        RC_ASSERT(*MGF1(Join({ToBytes(seed), Bytes{0}}), 200) != longer);
        RC_TAG(len == 0 ? "nothing" : len <= 32 ? "one block" : "more than one block");
      },
      10);
  EXPECT_GE(distribution.Share("one block"), 0.1);
  EXPECT_GE(distribution.Share("more than one block"), 0.1);
}

}  // namespace
}  // namespace blindlend::test
