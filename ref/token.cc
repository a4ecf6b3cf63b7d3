#include "token.h"

#include <algorithm>

namespace blindlend {

std::expected<Minted, Failure> MintToken(View key_id, View audience, const ByteSource& source) {
  // MintToken.1  seed = 32 bytes from source. If source is exhausted, fail.
  Bytes seed(32);
  if (!source(seed)) return Fail("MintToken.1");
  // MintToken.2  Return seed and msg = 01 0c || key_id || audience || PublicOf(seed).
  return Minted{seed, Join({Bytes{1, 0x0c}, key_id, audience, PublicOf(seed)})};
}

std::expected<Bytes, Failure> EncodeToken(const Token& token) {
  // EncodeToken.1  If key_id, audience or spend_key has not 32 bytes or len(sig) is not in [1, 512], fail.
  const auto& [key_id, audience, spend_key, sig] = token;
  if (key_id.size() != 32 || audience.size() != 32 || spend_key.size() != 32 || sig.size() < 1 ||
      sig.size() > 512)
    return Fail("EncodeToken.1");
  // EncodeToken.2  Return 01 0c || key_id || audience || spend_key || I2OSP(len(sig), 2) || sig.
  return Join(
      {Bytes{1, 0x0c}, key_id, audience, spend_key, *I2OSP(NTL::conv<ZZ>(sig.size()), 2), sig});
}

std::expected<Token, Failure> ParseToken(View bytes) {
  // ParseToken.1  If len(bytes) < 100 or bytes[0..2) != 01 0c, fail.
  if (bytes.size() < 100 || bytes[0] != 1 || bytes[1] != 0x0c) return Fail("ParseToken.1");
  // ParseToken.2  width = OS2IP(bytes[98..100)). If width is not in [1, 512], fail.
  const auto width = NTL::conv<std::size_t>(OS2IP(bytes.subspan(98, 2)));
  if (width < 1 || width > 512) return Fail("ParseToken.2");
  // ParseToken.3  If len(bytes) != 100 + width, fail.
  if (bytes.size() != 100 + width) return Fail("ParseToken.3");
  // ParseToken.4  Return token = (bytes[2..34), bytes[34..66), bytes[66..98), bytes[100..100+width)).
  const auto at = bytes.begin();
  return Token{Bytes(at + 2, at + 34), Bytes(at + 34, at + 66), Bytes(at + 66, at + 98),
               Bytes(at + 100, bytes.end())};
}

std::expected<Bytes, Failure> TokenId(const Token& token) {
  // TokenId.1  bytes = EncodeToken(token). If it fails, fail.
  const auto bytes = EncodeToken(token);
  if (!bytes) return Fail("TokenId.1");
  // TokenId.2  Return SHA256(bytes[0..98)).
  return SHA256(View(*bytes).first(98));
}

std::expected<void, Failure> VerifyToken(const PublicKey& pk, View audience, const Token& token) {
  // VerifyToken.1  bytes = EncodeToken(token). If it fails, fail.
  const auto bytes = EncodeToken(token);
  if (!bytes) return Fail("VerifyToken.1");
  // VerifyToken.2  If KeyId(pk) fails or token.key_id != KeyId(pk), fail.
  if (token.key_id != KeyId(pk)) return Fail("VerifyToken.2");
  // VerifyToken.3  If token.audience != audience, fail.
  if (!std::ranges::equal(token.audience, audience)) return Fail("VerifyToken.3");
  // VerifyToken.4  If Verify(pk, bytes[0..98), token.sig) fails, fail.
  if (!Verify(pk, View(*bytes).first(98), token.sig)) return Fail("VerifyToken.4");
  // VerifyToken.5  Return.
  return {};
}

}  // namespace blindlend
