// Properties of spec chapter 7-token.
#include <map>

#include "tests/support/group.h"

namespace blindlend::test {
namespace {

using RawBytes = std::vector<std::uint8_t>;

struct Made {
  Token token;
  Bytes encoded;
};

// A token of this key for this lender, signed with the private exponent.
Made TokenOf(const SecretKey& sk, const Bytes& audience, std::uint64_t seed) {
  Tape tape = TapeFrom(seed);
  const Bytes msg = MintToken(*KeyId(sk), audience, tape.Source())->msg;
  const Bytes sig = SignatureOf(sk, msg);
  return {Token{Bytes(msg.begin() + 2, msg.begin() + 34), Bytes(msg.begin() + 34, msg.begin() + 66),
                Bytes(msg.begin() + 66, msg.end()), sig},
          Join({msg, *I2OSP(NTL::conv<ZZ>(sig.size()), 2), sig})};
}

bool Same(const Token& a, const Token& b) {
  return a.key_id == b.key_id && a.audience == b.audience && a.spend_key == b.spend_key &&
         a.sig == b.sig;
}

// Property.TokenRoundTrip
TEST(Token, TokenRoundTrip) {
  const auto distribution = CheckProperty(
      [] {
        const auto width = *rc::gen::element<std::size_t>(1, 2, 64, 255, 256, 511, 512);
        const Token token{Random(32), Random(32), Random(32), Random(width)};
        const Bytes bytes = *EncodeToken(token);
        RC_ASSERT(bytes == Join({Bytes{1, 12}, token.key_id, token.audience, token.spend_key,
                                 *I2OSP(NTL::conv<ZZ>(width), 2), token.sig}));
        RC_ASSERT(Same(*ParseToken(bytes), token));
        // In the header, or in the two bytes of the width.
        Bytes bad = *rc::gen::arbitrary<bool>() ? Edited(bytes, 4) : Edited(bytes, 101);
        if (bad.size() == bytes.size() && OneIn(2))
          bad = FlipBit(bytes, 8 * 98 + Uniform<std::size_t>(0, 16));
        const auto parsed = ParseToken(bad);
        if (parsed) RC_ASSERT(*EncodeToken(*parsed) == bad);
        RC_TAG(parsed ? "accepted" : Step(parsed));
      },
      10);
  for (const char* tag : {"accepted", "ParseToken.1", "ParseToken.2", "ParseToken.3"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

// Property.TokenRoundTrip at the limits: every width that two bytes can say, every length around the
// right one, each field too short and too long.
TEST(Token, Limits) {
  const Made made = TokenOf(Key(512), PublicOf(SeedOf("lender 1")), 1);
  for (std::size_t width = 0; width < 65536; ++width) {
    Bytes bytes(100 + (width <= 600 ? width : 64), 7);
    std::ranges::copy(Bytes{1, 12}, bytes.begin());
    std::ranges::copy(*I2OSP(NTL::conv<ZZ>(width), 2), bytes.begin() + 98);
    const bool in_range = width >= 1 && width <= 512;
    ASSERT_EQ(Step(ParseToken(bytes)), in_range ? "" : "ParseToken.2") << width;
    if (!in_range) continue;
    bytes.push_back(7);
    ASSERT_EQ(Step(ParseToken(bytes)), "ParseToken.3") << width;
    bytes.resize(bytes.size() - 2);
    ASSERT_EQ(Step(ParseToken(bytes)), "ParseToken.3") << width;
  }
  for (std::size_t length = 0; length < made.encoded.size(); ++length)
    ASSERT_EQ(Step(ParseToken(View(made.encoded).first(length))),
              length < 100 ? "ParseToken.1" : "ParseToken.3");
  for (Bytes Token::* const field :
       {&Token::key_id, &Token::audience, &Token::spend_key, &Token::sig})
    for (const std::size_t length : {0u, 31u, 33u, 513u}) {
      Token token = made.token;
      (token.*field).resize(length);
      const bool fits = field == &Token::sig && length >= 1 && length <= 512;
      EXPECT_EQ(Step(EncodeToken(token)), fits ? "" : "EncodeToken.1") << length;
      EXPECT_EQ(Step(TokenId(token)), fits ? "" : "TokenId.1") << length;
      EXPECT_EQ(Step(VerifyToken(Key(512), made.token.audience, token)),
                fits ? "VerifyToken.4" : "VerifyToken.1")
          << length;
    }
}

// Property.TokenBinds: every bit of an encoded token, at the step that looks at it.
TEST(Token, EverySingleBitEditFails) {
  const SecretKey& sk = Key(512);
  const Bytes audience = PublicOf(SeedOf("lender 1"));
  const auto [token, bytes] = TokenOf(sk, audience, 1);
  ASSERT_EQ(Step(VerifyToken(sk, audience, token)), "");
  ASSERT_EQ(*EncodeToken(token), bytes);
  std::map<std::string, int> steps;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto parsed = ParseToken(FlipBit(bytes, bit));
    const std::string step = parsed ? Step(VerifyToken(sk, audience, *parsed)) : Step(parsed);
    const std::size_t at = bit / 8;
    if (at < 2) {
      ASSERT_EQ(step, "ParseToken.1") << bit;
    } else if (at < 34) {
      ASSERT_EQ(step, "VerifyToken.2") << bit;
    } else if (at < 66) {
      ASSERT_EQ(step, "VerifyToken.3") << bit;
    } else if (at < 98) {
      ASSERT_EQ(step, "VerifyToken.4") << bit;
    } else if (at < 100) {
      ASSERT_TRUE(step == "ParseToken.2" || step == "ParseToken.3") << bit << step;
    } else {
      ASSERT_EQ(step, "VerifyToken.4") << bit;
    }
    ++steps[step];
  }
  EXPECT_EQ(steps["VerifyToken.4"], 8 * (32 + 64));
}

// Property.TokenBinds: another key, another audience, parts of another token.
TEST(Token, TokenBinds) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed, std::uint64_t other_seed) {
        const int number = Uniform(0, 4);
        const SecretKey& sk = Key(512, number);
        const SecretKey& other_key = Key(512, number + Uniform(1, 4));
        const Bytes audience = PublicOf(SeedOf("lender 1"));
        const Bytes other_audience = PublicOf(SeedOf("lender 2"));
        const Token token = TokenOf(sk, audience, seed).token;
        RC_ASSERT(Step(VerifyToken(sk, audience, token)).empty());
        RC_ASSERT(Step(VerifyToken(other_key, audience, token)) == "VerifyToken.2");
        RC_ASSERT(Step(VerifyToken(sk, other_audience, token)) == "VerifyToken.3");
        RC_ASSERT(Step(VerifyToken(sk, View(audience).first(31), token)) == "VerifyToken.3");
        RC_ASSERT(Step(VerifyToken(sk, {}, token)) == "VerifyToken.3");
        // Who changes the audience or the key's name along with what is verified, fails at the hash.
        Token moved = token;
        moved.audience = other_audience;
        RC_ASSERT(Step(VerifyToken(sk, other_audience, moved)) == "VerifyToken.4");
        Token renamed = token;
        renamed.key_id = *KeyId(other_key);
        RC_ASSERT(Step(VerifyToken(other_key, audience, renamed)) == "VerifyToken.4");
        RC_ASSERT(Step(VerifyToken(sk, audience, renamed)) == "VerifyToken.2");
        // A key without a name, and the same n with another e.
        PublicKey nameless = sk;
        nameless.e = NTL::power2_ZZ(32) + 1;
        RC_ASSERT(Step(VerifyToken(nameless, audience, token)) == "VerifyToken.2");
        PublicKey third = sk;
        third.e = 3;
        RC_ASSERT(Step(VerifyToken(third, audience, token)) == "VerifyToken.2");
        // TokenId: of everything but the signature.
        const Token twin = TokenOf(sk, audience, other_seed).token;
        Token mixed = token;
        mixed.sig = twin.sig;
        RC_ASSERT(*TokenId(mixed) == *TokenId(token));
        RC_ASSERT(*TokenId(moved) != *TokenId(token));
        RC_ASSERT(*TokenId(renamed) != *TokenId(token));
        RC_ASSERT(*TokenId(token) == SHA256(View(*EncodeToken(token)).first(98)));
        if (seed != other_seed) {
          RC_ASSERT(Step(VerifyToken(sk, audience, mixed)) == "VerifyToken.4");
          RC_ASSERT(*TokenId(twin) != *TokenId(token));
        }
        RC_TAG(seed == other_seed ? "one token" : "two tokens");
      },
      3);
  EXPECT_GE(distribution.Share("two tokens"), 0.3);
}

// Claim.TokenNeutral
// Property.TokenFromTape for MintToken: 32 bytes of the source make the spend key and nothing else
// does; every bit of them counts. issuance_properties has the rest of the way to a token.
TEST(Token, TokenFromTape) {
  CheckProperty(
      [](std::uint64_t seed) {
        const Bytes key_id = Random(32), audience = Random(32);
        Tape one = TapeFrom(seed), two = TapeFrom(seed), other = TapeFrom(seed + 1);
        const auto minted = MintToken(key_id, audience, one.Source());
        RC_ASSERT(Step(minted).empty());
        RC_ASSERT(one.used() == 32u);
        Bytes drawn(32);
        two.Source()(drawn);
        RC_ASSERT(minted->seed == drawn);
        RC_ASSERT(minted->msg == Join({Bytes{1, 12}, key_id, audience, PublicOf(drawn)}));
        const auto otherwise = MintToken(key_id, audience, other.Source());
        RC_ASSERT(otherwise->seed != minted->seed);
        RC_ASSERT(!std::ranges::equal(View(otherwise->msg).last(32), View(minted->msg).last(32)));
        RC_ASSERT(std::ranges::equal(View(otherwise->msg).first(66), View(minted->msg).first(66)));
      },
      2);
  const Bytes key_id = *KeyId(Key(512)), audience = PublicOf(SeedOf("lender 1"));
  const auto mint = [&](const Bytes& bytes) {
    Tape tape = Tape::Of(bytes);
    return MintToken(key_id, audience, tape.Source());
  };
  const Bytes bytes = SeedOf("a tape");
  for (std::size_t bit = 0; bit < 256; ++bit)
    EXPECT_NE(mint(FlipBit(bytes, bit))->msg, mint(bytes)->msg) << bit;
  EXPECT_EQ(Step(mint(bytes)), "");
  EXPECT_EQ(Step(mint(Bytes(31))), "MintToken.1");
  EXPECT_EQ(Step(mint({})), "MintToken.1");
}

}  // namespace
}  // namespace blindlend::test
