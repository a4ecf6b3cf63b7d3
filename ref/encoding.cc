#include "encoding.h"

#include <sodium.h>

#include <algorithm>
#include <string>

namespace blindlend {

void WipingAllocator::deallocate(std::uint8_t* memory, std::size_t size) {
  // Wipe.1  Overwrite every byte of memory with zero.
  sodium_memzero(memory, size);
  std::allocator<std::uint8_t>::deallocate(memory, size);
}

Bytes Ascii(std::string_view text) {
  // Ascii.1  Return the ASCII codes of the characters of text.
  return Bytes(text.begin(), text.end());
}

Bytes Join(std::initializer_list<View> parts) {
  // Join.1  Return the parts one after the other, with nothing between them.
  std::size_t size = 0;
  for (const View part : parts) size += part.size();
  Bytes joined;
  joined.reserve(size);
  for (const View part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

std::expected<Bytes, Failure> I2OSP(const ZZ& x, std::size_t len) {
  // I2OSP.1  If x < 0 or x >= 256^len, fail.
  if (x < 0 || static_cast<std::size_t>(NumBytes(x)) > len) return Fail("I2OSP.1");
  // I2OSP.2  Return x as exactly len bytes, most significant byte first.
  Bytes bytes(len);
  BytesFromZZ(bytes.data(), x, static_cast<long>(len));  // NTL writes the least significant first
  std::ranges::reverse(bytes);
  return bytes;
}

ZZ OS2IP(View bytes) {
  // OS2IP.1  Return the integer whose digits in base 256 are bytes, most significant first.
  const Bytes reversed(bytes.rbegin(), bytes.rend());  // NTL reads the least significant first
  return NTL::ZZFromBytes(reversed.data(), static_cast<long>(reversed.size()));
}

Bytes Prefix(View bytes) {
  // Prefix.1  Return I2OSP(len(bytes), 8) || bytes.
  return Join({*I2OSP(NTL::conv<ZZ>(bytes.size()), 8), bytes});
}

Bytes SHA256(View bytes) {
  // SHA256.1  Return the SHA-256 digest of bytes (FIPS 180-4), 32 bytes.
  Bytes digest(crypto_hash_sha256_BYTES);
  const std::uint8_t none = 0;  // libsodium's pointers may not be null, not even for no bytes
  crypto_hash_sha256(digest.data(), bytes.empty() ? &none : bytes.data(), bytes.size());
  return digest;
}

Bytes EncodeBase64(View bytes) {
  // EncodeBase64.1  Return the base64 encoding of bytes (RFC 4648 section 4), padded, without line breaks.
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  Bytes text(sodium_base64_encoded_len(bytes.size(), kVariant));  // with a final 0
  const std::uint8_t none = 0;
  sodium_bin2base64(reinterpret_cast<char*>(text.data()), text.size(),
                    bytes.empty() ? &none : bytes.data(), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

std::expected<Bytes, Failure> DecodeBase64(View text) {
  // DecodeBase64.1  If there is no byte string b with EncodeBase64(b) = text, fail.
  Bytes b(text.size() / 4 * 3 + 1);  // not empty: libsodium's pointers may not be null
  std::size_t size = 0;
  const char none = 0;
  const char* const chars = text.empty() ? &none : reinterpret_cast<const char*>(text.data());
  sodium_base642bin(b.data(), b.size(), chars, text.size(), nullptr, &size, nullptr,
                    sodium_base64_VARIANT_ORIGINAL);
  b.resize(size);
  // Not libsodium's own verdict: 1.0.18 takes bytes above 127 for digits.
  if (!std::ranges::equal(EncodeBase64(b), text)) return Fail("DecodeBase64.1");
  // DecodeBase64.2  Return b.
  return b;
}

Bytes EncodeText(std::string_view label, View bytes) {
  // EncodeText.1  body = EncodeBase64(bytes), cut into lines of 64 characters, the last of 1 to 64, each followed by LF; empty bytes have no line.
  const Bytes base64 = EncodeBase64(bytes);
  Bytes body;
  body.reserve(base64.size() + base64.size() / 64 + 1);
  for (std::size_t i = 0; i < base64.size(); ++i) {
    body.push_back(base64[i]);
    if (i % 64 == 63 || i + 1 == base64.size()) body.push_back('\n');
  }
  // EncodeText.2  Return "-----BEGIN BLINDLEND " || label || "-----" || LF || body || "-----END BLINDLEND " || label || "-----" || LF.
  return Join({Ascii("-----BEGIN BLINDLEND "), Ascii(label), Ascii("-----\n"), body,
               Ascii("-----END BLINDLEND "), Ascii(label), Ascii("-----\n")});
}

std::expected<Bytes, Failure> DecodeText(std::string_view label, View text) {
  // DecodeText.1  If text does not begin with "-----BEGIN BLINDLEND " || label || "-----" || LF, fail; otherwise remove that.
  const Bytes begin = Join({Ascii("-----BEGIN BLINDLEND "), Ascii(label), Ascii("-----\n")});
  if (text.size() < begin.size() || !std::ranges::equal(text.first(begin.size()), begin))
    return Fail("DecodeText.1");
  text = text.subspan(begin.size());
  // DecodeText.2  If text does not end with "-----END BLINDLEND " || label || "-----" || LF, fail; otherwise remove that.
  const Bytes end = Join({Ascii("-----END BLINDLEND "), Ascii(label), Ascii("-----\n")});
  if (text.size() < end.size() || !std::ranges::equal(text.last(end.size()), end))
    return Fail("DecodeText.2");
  text = text.first(text.size() - end.size());
  // DecodeText.3  If text is not a sequence of lines of 64 characters, the last of 1 to 64, each followed by LF, fail; no line at all is allowed.
  Bytes base64;
  base64.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool line_ends = i % 65 == 64 || i + 1 == text.size();
    const bool is_empty_line = line_ends && i % 65 == 0;
    if ((text[i] == '\n') != line_ends || is_empty_line) return Fail("DecodeText.3");
    if (!line_ends) base64.push_back(text[i]);
  }
  // DecodeText.4  bytes = DecodeBase64(text without its LFs). If it fails, fail.
  const auto bytes = DecodeBase64(base64);
  if (!bytes) return Fail("DecodeText.4");
  // DecodeText.5  Return bytes.
  return *bytes;
}

Bytes Fingerprint(View digest) {
  // Fingerprint.1  Cut digest into 16 pairs of bytes; write OS2IP of each pair in decimal, with leading zeros to five digits.
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    const std::string digits = std::to_string(digest[2 * i] * 256 + digest[2 * i + 1]);
    text += std::string(5 - digits.size(), '0') + digits + ' ';
  }
  // Fingerprint.2  Return these 16 groups in order, with one space between two groups.
  text.pop_back();
  return Ascii(text);
}

}  // namespace blindlend
