// Properties of spec chapter 3-fdh.
#include <set>

#include "tests/support/support.h"

namespace blindlend::test {
namespace {

using RawBytes = std::vector<std::uint8_t>;

// Property.HashIsUnit, for toy moduli of every shape and for a real width.
TEST(Fdh, HashIsUnit) {
  CheckProperty(
      [](const RawBytes& msg) {
        const ZZ n{*rc::gen::inRange(4L, 5000L)};
        const ZZ h = *FDH("tag", {n, ZZ{3}}, ToBytes(msg));
        RC_ASSERT(h >= 1);
        RC_ASSERT(h < n);
        RC_ASSERT(GCD(h, n) == 1);
        const ZZ wide = *FDH("tag", Key(512), ToBytes(msg));
        RC_ASSERT(wide < Key(512).n);
        RC_ASSERT(GCD(wide, Key(512).n) == 1);
      },
      10);
}

// Property.HashSeparates
TEST(Fdh, HashSeparates) {
  CheckProperty(
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
      },
      10);
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
  CheckProperty(
      [](const RawBytes& seed) {
        const auto len = *rc::gen::inRange<std::size_t>(0, 200);
        const Bytes longer = *MGF1(ToBytes(seed), 200);
        const Bytes mask = *MGF1(ToBytes(seed), len);
        RC_ASSERT(std::equal(mask.begin(), mask.end(), longer.begin()));
        RC_ASSERT(mask.size() == len);
        RC_ASSERT(*MGF1(Join({ToBytes(seed), Bytes{0}}), 200) != longer);
      },
      10);
}

}  // namespace
}  // namespace blindlend::test
