// Properties of spec chapter 1-encoding.
#include "tests/support/support.h"

namespace blindlend::test {
namespace {

using RawBytes = std::vector<std::uint8_t>;

// Property.IntegerRoundTrip
TEST(Encoding, IntegerRoundTrip) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw) {
        const Bytes bytes = ToBytes(raw);
        const ZZ x = OS2IP(bytes);
        RC_ASSERT(*I2OSP(x, bytes.size()) == bytes);
        const auto needed = static_cast<std::size_t>(NumBytes(x));
        const auto len = *rc::gen::inRange<std::size_t>(0, 64);
        const auto encoded = I2OSP(x, len);
        RC_ASSERT(encoded.has_value() == (len >= needed));
        if (encoded) RC_ASSERT(OS2IP(*encoded) == x);
        if (!encoded) RC_ASSERT(Step(encoded) == "I2OSP.1");
        RC_TAG(encoded ? "fits" : "too long");
      },
      10);
  EXPECT_GE(distribution.Share("fits"), 0.1);
  EXPECT_GE(distribution.Share("too long"), 0.1);
}

// Ascii.1 and Join.1: every byte in its place, by a reading of its own.
TEST(Encoding, AsciiAndJoin) {
  CheckProperty(
      [](const std::string& one, const RawBytes& two, const RawBytes& three) {
        const Bytes joined = Join({Ascii(one), ToBytes(two), ToBytes(three)});
        RC_ASSERT(joined.size() == one.size() + two.size() + three.size());
        for (std::size_t i = 0; i < joined.size(); ++i) {
          const std::size_t j = i - one.size(), k = j - two.size();
          RC_ASSERT(joined[i] == (i < one.size()   ? static_cast<std::uint8_t>(one[i])
                                  : j < two.size() ? two[j]
                                                   : three[k]));
        }
      },
      10);
  EXPECT_TRUE(Join({}).empty());
  EXPECT_TRUE(Ascii("").empty());
}

// Property.PrefixUnambiguous: the two strings are cut from one in two places.
TEST(Encoding, PrefixUnambiguous) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw) {
        const Bytes bytes = ToBytes(raw);
        const auto cut = [&](std::size_t at) {
          return Join({Prefix(View(bytes).first(at)), Prefix(View(bytes).subspan(at))});
        };
        const auto one = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
        const auto two = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
        RC_ASSERT((cut(one) == cut(two)) == (one == two));
        RC_ASSERT(cut(one).size() == bytes.size() + 16);
        RC_TAG(one == two ? "same" : "different");
      },
      10);
  EXPECT_GE(distribution.Share("different"), 0.3);
}

// An edit of text: a character replaced, removed, doubled, or put in.
Bytes Edit(Bytes text) {
  const auto letter = *rc::gen::oneOf(
      rc::gen::element<std::uint8_t>('A', 'B', 'z', '=', '\n', ' ', '-', '_', '+', '/', '\r', 0),
      rc::gen::arbitrary<std::uint8_t>());
  const auto at = *rc::gen::inRange<long>(0, std::ssize(text) + 1);
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      text.insert(text.begin() + at, letter);
      break;
    case 1:
      if (at < std::ssize(text)) text.erase(text.begin() + at);
      break;
    default:
      if (at < std::ssize(text)) text[static_cast<std::size_t>(at)] = letter;
  }
  return text;
}

// Property.Base64Strict
TEST(Encoding, Base64Strict) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw) {
        const Bytes bytes = ToBytes(raw);
        const Bytes text = EncodeBase64(bytes);
        RC_ASSERT(*DecodeBase64(text) == bytes);
        const Bytes edited = Edit(text);
        const auto decoded = DecodeBase64(edited);
        if (decoded) RC_ASSERT(EncodeBase64(*decoded) == edited);
        if (!decoded) RC_ASSERT(Step(decoded) == "DecodeBase64.1");
        RC_TAG(decoded ? "accepted" : "refused");
      },
      10);
  EXPECT_GE(distribution.Share("accepted"), 0.003);
  EXPECT_GE(distribution.Share("refused"), 0.3);
}

// Property.TextStrict
TEST(Encoding, TextStrict) {
  const auto distribution = CheckProperty(
      [] {
        const auto size = *rc::gen::inRange<std::size_t>(0, 150);
        const Bytes bytes =
            ToBytes(*rc::gen::container<RawBytes>(size, rc::gen::arbitrary<std::uint8_t>()));
        const auto label =
            *rc::gen::element<std::string>("PUBLIC KEY", "SECRET KEY", "BLIND STATE");
        const Bytes text = EncodeText(label, bytes);
        RC_ASSERT(*DecodeText(label, text) == bytes);
        RC_ASSERT(Step(DecodeText("SIGNATURE", text)) == "DecodeText.1");
        const Bytes edited = Edit(text);
        const auto decoded = DecodeText(label, edited);
        if (decoded) RC_ASSERT(EncodeText(label, *decoded) == edited);
        RC_TAG(decoded ? "accepted" : Step(decoded));
      },
      10);
  for (const char* step : {"DecodeText.1", "DecodeText.2", "DecodeText.3", "DecodeText.4"})
    EXPECT_GE(distribution.Share(step), 0.002) << step;
}

// Property.TextStrict: every single-byte edit of one text, all 256 values at every position.
TEST(Encoding, TextEveryByte) {
  const Bytes text = EncodeText("SIGNATURE", Bytes(50, 0x5a));
  int accepted = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    for (int value = 0; value < 256; ++value) {
      Bytes edited = text;
      edited[at] = static_cast<std::uint8_t>(value);
      const auto decoded = DecodeText("SIGNATURE", edited);
      if (!decoded) continue;
      ++accepted;
      ASSERT_EQ(EncodeText("SIGNATURE", *decoded), edited);
    }
  // Of the 68 base64 characters 66 take all 64 digits, the last digit takes the 16 whose unused bits
  // are zero, and the padding may also be a digit. All other bytes are as they are.
  EXPECT_EQ(accepted, static_cast<int>(text.size() - 68) + 66 * 64 + 16 + 65);
}

// Property.FingerprintInjective
TEST(Encoding, FingerprintInjective) {
  const auto distribution = CheckProperty(
      [] {
        const auto raw = *rc::gen::container<RawBytes>(32, rc::gen::arbitrary<std::uint8_t>());
        const Bytes text = Fingerprint(ToBytes(raw));
        RC_ASSERT(text.size() == 16u * 6 - 1);
        Bytes back;
        for (std::size_t group = 0; group < 16; ++group) {
          if (group > 0) RC_ASSERT(text[6 * group - 1] == ' ');
          const std::string digits(text.begin() + static_cast<long>(6 * group),
                                   text.begin() + static_cast<long>(6 * group) + 5);
          const Bytes pair = *I2OSP(ZZ{std::stol(digits)}, 2);
          back.insert(back.end(), pair.begin(), pair.end());
        }
        RC_ASSERT(back == ToBytes(raw));
        bool padded = false;
        for (std::size_t group = 0; group < 16; ++group) padded |= text[6 * group] == '0';
        RC_TAG(padded ? "a group with leading zeros" : "no leading zero");
      },
      10);
  EXPECT_GE(distribution.Share("a group with leading zeros"), 0.5);
}

}  // namespace
}  // namespace blindlend::test
