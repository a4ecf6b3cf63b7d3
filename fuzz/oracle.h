// What OpenSSL says to the questions that ref/ answers with NTL and libsodium, and the keys that the
// harnesses ask about. Nothing here calls the code under test, but that the keys are made by
// KeyFromPrimes.
#pragma once

#include <openssl/bn.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/harness.h"

namespace blindlend::oracle {

/// An integer of OpenSSL's, with what the harnesses need of it.
class Number {
 public:
  Number() : Number(View()) {}
  explicit Number(View big_endian);
  explicit Number(unsigned long value);
  static Number FromHex(const char* hex);

  Number(const Number& other);
  Number(Number&&) = default;
  Number& operator=(const Number& other);
  Number& operator=(Number&&) = default;
  ~Number() = default;

  std::size_t Bits() const { return static_cast<std::size_t>(BN_num_bits(bn_.get())); }
  std::size_t Size() const { return (Bits() + 7) / 8; }
  bool IsOdd() const { return BN_is_odd(bn_.get()) != 0; }
  bool IsZero() const { return BN_is_zero(bn_.get()) != 0; }
  unsigned long Mod(unsigned long divisor) const { return BN_mod_word(bn_.get(), divisor); }

  /// The Size() bytes of the number, or len of them with zeros in front.
  Bytes ToBytes() const { return ToBytes(Size()); }
  Bytes ToBytes(std::size_t len) const;

  /// The same for ref/. By NTL's own conversion, not OS2IP.
  ZZ ToZZ() const;

  friend bool operator==(const Number& a, const Number& b) { return a <=> b == 0; }
  friend std::strong_ordering operator<=>(const Number& a, const Number& b) {
    return BN_cmp(a.bn_.get(), b.bn_.get()) <=> 0;
  }
  friend Number operator+(const Number& a, const Number& b);
  friend Number operator-(const Number& a, const Number& b);
  friend Number operator*(const Number& a, const Number& b);
  friend Number operator/(const Number& a, const Number& b);
  friend Number operator%(const Number& a, const Number& b);
  friend Number operator<<(const Number& a, std::size_t bits);
  friend Number Power(const Number& a, std::size_t exponent);
  friend Number Gcd(const Number& a, const Number& b);
  friend Number ModExp(const Number& x, const Number& e, const Number& n);
  friend std::optional<Number> ModInverse(const Number& a, const Number& n);

 private:
  struct Free {
    void operator()(BIGNUM* bn) const { BN_free(bn); }
  };
  std::unique_ptr<BIGNUM, Free> bn_;
};

/// x^e mod n for n > 1 and x < n.
Number ModExp(const Number& x, const Number& e, const Number& n);
/// Nothing if there is none.
std::optional<Number> ModInverse(const Number& a, const Number& n);
Number Gcd(const Number& a, const Number& b);
Number Power(const Number& a, std::size_t exponent);

/// Trial division below 2^16, then Fermat's test: right for all but a few composites above 2^32.
bool LooksPrime(const Number& w);

/// Whether 2 is no Miller-Rabin witness against the odd number w > 3.
bool IsStrongProbablePrimeToBase2(const Number& w);

/// Whether a prime below 2^16 divides n.
bool HasSmallFactor(const Number& n);

/// Whether n = x^b with b >= 2, for an n that has no prime factor below 2^16.
bool IsPower(const Number& n);

struct Key {
  Number n, e, d;  // d is 0 where the private key is not known
  SecretKey sk;    // then only n and e are set
};

/// Of 6, 12, 16, 17, 512 and 2048 bits; the larger ones with e = 65537.
const std::vector<Key>& Keys();

/// A key of somebody else's making: n from at most 64 bytes, e from 4. Nothing for n < 2 or e = 0.
std::optional<Key> TakeKey(Arguments& arguments);

/// One of Keys() or, at the last choice, TakeKey.
std::optional<Key> ChooseKey(Arguments& arguments);

/// x, 0 < x < n and gcd(x, n) = 1, by 2-rsa, UnitFromBytes.
std::optional<Number> Unit(const Number& n, Bytes bytes);

/// SHA-256.
Bytes Digest(View bytes);

/// bytes behind their length in eight bytes.
Bytes Prefixed(View bytes);
View AsView(std::string_view text);

/// 1-encoding, KeyId.
Bytes Id(const Key& key);

/// 2-rsa, EncodePublicKey.
Bytes EncodedKey(const Key& key);

/// 3-fdh, FDH.
std::optional<Number> Hash(std::string_view tag, const Key& key, View msg);

/// The same under the tag of chapter 4.
std::optional<Number> Hash(const Key& key, View msg);

/// The step of Verify that fails, or "".
std::string_view VerifyStep(const Key& key, View msg, View sig);

/// 2-rsa, ValidatePublicKey: the step that fails, or "".
std::string_view ValidateStep(const Number& n, const Number& e);

/// The certificate of chapter 5, for a key whose d is known.
std::vector<Number> Certificate(const Key& key, View group);

/// The step of VerifyKeyProof that fails, or "".
std::string_view KeyProofStep(const Key& key, View group, const std::vector<Number>& roots);

/// 6-epoch, by OpenSSL's Ed25519.
Bytes PublicKeyOf(View seed);
Bytes Sealed(View seed, std::string_view tag, View body);

/// The step of Open that fails, or "". OpenSSL's equation, and what the spec wants besides.
std::string_view OpenStep(View key, std::string_view tag, View sealed);

/// The fixed 32 bytes of a name: the seed of an identity of the harnesses', or a key of nobody's.
Bytes Named(std::string_view name);

/// What a link is made of, as bytes or as plain numbers. No fields are checked.
struct LinkParts {
  std::string group = "readers";
  std::size_t number = 1;
  Bytes predecessor = Bytes(32);
  bool is_revocation = false;
  Bytes key;  // EncodePublicKey
  std::vector<Number> roots;
  std::size_t width = 0;  // k
  std::array<std::size_t, 4> times = {};
  std::size_t quota = 1;
  std::vector<Bytes> lenders;
};

/// 6-epoch, EncodeLink.
Bytes LinkBody(const LinkParts& parts);

/// 4-blind-signature, EncodeBatch.
Bytes BatchBody(std::uint8_t kind, View id, const std::vector<Number>& values, std::size_t width);

/// 8-issuance, EncodeRequest, with the batch encoded already.
Bytes RequestBody(View member, View nonce, View batch);

/// 8-issuance, VerifyRequest: the step that fails, or "".
std::string_view VerifyRequestStep(View sealed);

/// 9-redemption, RequestDigest.
Bytes BorrowDigest(View id, View request);

/// HMAC-SHA256.
Bytes Tag(View key, View message);

/// x with the bytes of mask, as far as it goes, flipped in it.
Bytes Flipped(View x, View mask);

/// A byte source: first the given bytes, then, if it is endless, SHA-256 of these bytes and a counter.
class Tape {
 public:
  Tape(View bytes, bool endless);
  bool Read(std::span<std::uint8_t> out);

 private:
  Bytes bytes_;
  bool endless_;
  std::size_t at_ = 0;
  std::uint64_t blocks_ = 0;
  Bytes seed_;
};

}  // namespace blindlend::oracle
