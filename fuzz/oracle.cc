#include "fuzz/oracle.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace blindlend::oracle {
namespace {

BN_CTX* Scratch() {
  static const std::unique_ptr<BN_CTX, void (*)(BN_CTX*)> scratch(BN_CTX_new(), BN_CTX_free);
  return scratch.get();
}

// OpenSSL's word that it did what it was asked.
void Done(int result) {
  Require(result == 1, "OpenSSL's arithmetic succeeds");
}

Bytes BigEndian(std::uint64_t value, std::size_t len) {
  Bytes bytes(len);
  for (std::size_t i = len; i-- > 0; value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
  return bytes;
}

void Append(Bytes& bytes, View more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

Key FromPrimes(const char* p_hex, const char* q_hex, unsigned long e_value) {
  const Number p = Number::FromHex(p_hex);
  const Number q = Number::FromHex(q_hex);
  const Number e(e_value);
  const Number one(1);
  const auto sk = KeyFromPrimes(p.ToZZ(), q.ToZZ(), e.ToZZ());
  Require(sk.has_value(), "the harnesses' keys can be made");
  const Number p1 = p - one;
  const Number q1 = q - one;
  return Key{p * q, e, *ModInverse(e, p1 * q1 / Gcd(p1, q1)), *sk};
}

}  // namespace

Number::Number(View big_endian) : bn_(BN_new()) {
  const std::uint8_t none = 0;  // a null pointer is no valid argument, not even for no bytes
  Require(BN_bin2bn(big_endian.empty() ? &none : big_endian.data(),
                    static_cast<int>(big_endian.size()), bn_.get()) != nullptr,
          "OpenSSL reads a number");
}

Number::Number(unsigned long value) : bn_(BN_new()) {
  Done(BN_set_word(bn_.get(), value));
}

Number Number::FromHex(const char* hex) {
  Number number;
  BIGNUM* bn = number.bn_.get();
  Require(BN_hex2bn(&bn, hex) > 0, "OpenSSL reads a number");
  return number;
}

Number::Number(const Number& other) : bn_(BN_dup(other.bn_.get())) {}

Number& Number::operator=(const Number& other) {
  Require(BN_copy(bn_.get(), other.bn_.get()) != nullptr, "OpenSSL copies a number");
  return *this;
}

Bytes Number::ToBytes(std::size_t len) const {
  Bytes bytes(len + 1);  // never empty, so never at null
  Require(BN_bn2binpad(bn_.get(), bytes.data(), static_cast<int>(len)) >= 0, "a number fits");
  bytes.pop_back();
  return bytes;
}

ZZ Number::ToZZ() const {
  Bytes bytes = ToBytes();
  std::ranges::reverse(bytes);
  bytes.push_back(0);  // never empty, so never at null
  return NTL::ZZFromBytes(bytes.data(), static_cast<long>(bytes.size()));
}

Number operator+(const Number& a, const Number& b) {
  Number sum;
  Done(BN_add(sum.bn_.get(), a.bn_.get(), b.bn_.get()));
  return sum;
}

Number operator-(const Number& a, const Number& b) {
  Number difference;
  Done(BN_sub(difference.bn_.get(), a.bn_.get(), b.bn_.get()));
  return difference;
}

Number operator*(const Number& a, const Number& b) {
  Number product;
  Done(BN_mul(product.bn_.get(), a.bn_.get(), b.bn_.get(), Scratch()));
  return product;
}

Number operator/(const Number& a, const Number& b) {
  Number quotient;
  Done(BN_div(quotient.bn_.get(), nullptr, a.bn_.get(), b.bn_.get(), Scratch()));
  return quotient;
}

Number operator%(const Number& a, const Number& b) {
  Number remainder;
  Done(BN_div(nullptr, remainder.bn_.get(), a.bn_.get(), b.bn_.get(), Scratch()));
  return remainder;
}

Number Gcd(const Number& a, const Number& b) {
  Number gcd;
  Done(BN_gcd(gcd.bn_.get(), a.bn_.get(), b.bn_.get(), Scratch()));
  return gcd;
}

Number ModExp(const Number& x, const Number& e, const Number& n) {
  Number power;
  Done(BN_mod_exp(power.bn_.get(), x.bn_.get(), e.bn_.get(), n.bn_.get(), Scratch()));
  return power;
}

std::optional<Number> ModInverse(const Number& a, const Number& n) {
  Number inverse;
  if (BN_mod_inverse(inverse.bn_.get(), a.bn_.get(), n.bn_.get(), Scratch()) == nullptr) {
    ERR_clear_error();
    return std::nullopt;
  }
  return inverse;
}

Number operator<<(const Number& a, std::size_t bits) {
  Number shifted;
  Done(BN_lshift(shifted.bn_.get(), a.bn_.get(), static_cast<int>(bits)));
  return shifted;
}

Number Power(const Number& a, std::size_t exponent) {
  Number power;
  const Number wide(exponent);
  Done(BN_exp(power.bn_.get(), a.bn_.get(), wide.bn_.get(), Scratch()));
  return power;
}

bool LooksPrime(const Number& w) {
  if (w < Number(2)) return false;
  for (unsigned long divisor = 2; divisor < 65536; ++divisor)
    if (w.Mod(divisor) == 0) return w == Number(divisor);
  const Number one(1);
  for (const unsigned long base : {43UL, 47UL, 53UL, 59UL, 61UL})
    if (w > Number(base) && ModExp(Number(base), w - one, w) != one) return false;
  return true;
}

bool IsStrongProbablePrimeToBase2(const Number& w) {
  const Number one(1);
  const Number minus_one = w - one;
  Number m = minus_one;
  std::size_t twos = 0;
  for (; !m.IsOdd(); ++twos) m = m / Number(2);
  Number x = ModExp(Number(2), m, w);
  if (x == one) return true;
  for (std::size_t i = 0; i < twos; ++i, x = x * x % w)
    if (x == minus_one) return true;
  return false;
}

bool HasSmallFactor(const Number& n) {
  for (unsigned long divisor = 2; divisor < 65536; ++divisor)
    if (n.Mod(divisor) == 0) return true;
  return false;
}

bool IsPower(const Number& n) {
  // Without a prime factor below 2^16, a root has 17 bits or more.
  for (std::size_t exponent = 2; 16 * exponent < n.Bits(); ++exponent) {
    // The root is in [low, high): halve that until one number is left.
    Number low(1);
    Number high = Number(1) << (n.Bits() / exponent + 1);
    while (low + Number(1) < high) {
      const Number middle = (low + high) / Number(2);
      (Power(middle, exponent) <= n ? low : high) = middle;
    }
    if (Power(low, exponent) == n) return true;
  }
  return false;
}

const std::vector<Key>& Keys() {
  // fuzz/make_seeds makes the large primes anew from a stated seed, and its seeds contain signatures
  // under them.
  static const std::vector<Key> keys = {
      FromPrimes("0B", "05", 3),
      FromPrimes("3D", "35", 17),
      FromPrimes("FB", "F1", 7),
      FromPrimes("0107", "0101", 3),
      FromPrimes("cfafc7656656709b6aa47ba8e5f2ed09170e6d020fb84334453277efd04160f7",
                 "c0664f7ba171ed5518333121618ca513da72142b5f64922155384de54e9a9103", 65537),
      FromPrimes("ec7c8bffaf228d09b32bc28418a0ee662b8e496685c98febc1688e3516d2e179"
                 "b1ce8139cc73abb70e74140a435af31a85cc1c56a2ad50e9fefa552d76af33df"
                 "649cf3b30ba74dc3b712569e67ad208c1ad7b2036b4551cd9e5ac5cb484c2960"
                 "f00e8eb1c59b91ab8e8bf5754151a823a095e2ba77bcb45f629cd8c5ffaf546b",
                 "daac692287f6f0fd985df96a5963f5bdca7fcdd6db222435638b7e52364f4024"
                 "4378ed11e7331e16a69d84655bbc00422744da0b85d466c0636232ebc3a1c5a9"
                 "a1cba79f1889b838466be9847ca9328b82b7bb44fb413ea9c29b0e62e9095b03"
                 "2f2f858492081d3b5e8e5babbf425c9d24eb2abbe4209625721c9cafdd2407f1",
                 65537)};
  return keys;
}

std::optional<Key> TakeKey(Arguments& arguments) {
  const Number n(arguments.Take(1 + arguments.Byte() % 64));
  const Number e(arguments.Take(4));
  if (n < Number(2) || e.IsZero()) return std::nullopt;
  return Key{n, e, Number(), SecretKey{{n.ToZZ(), e.ToZZ()}, {}, {}, {}, {}, {}, {}}};
}

std::optional<Key> ChooseKey(Arguments& arguments) {
  const std::size_t choice = arguments.Byte() % (Keys().size() + 1);
  if (choice < Keys().size()) return Keys()[choice];
  return TakeKey(arguments);
}

std::optional<Number> Unit(const Number& n, Bytes bytes) {
  if (bytes.size() != n.Size()) return std::nullopt;
  const std::size_t surplus = 8 * bytes.size() - n.Bits();
  bytes[0] = static_cast<std::uint8_t>(bytes[0] & (255U >> surplus));
  Number x(bytes);
  if (x.IsZero() || x >= n || Gcd(x, n) != Number(1)) return std::nullopt;
  return x;
}

Bytes Digest(View bytes) {
  Bytes digest(SHA256_DIGEST_LENGTH);
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

Bytes Prefixed(View bytes) {
  Bytes prefixed = BigEndian(bytes.size(), 8);
  Append(prefixed, bytes);
  return prefixed;
}

View AsView(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Bytes EncodedKey(const Key& key) {
  Bytes bytes = BigEndian(0x0101, 2);
  Append(bytes, BigEndian(key.n.Bits(), 2));
  Append(bytes, key.n.ToBytes());
  Append(bytes, key.e.ToBytes(4));
  return bytes;
}

Bytes Id(const Key& key) {
  Bytes text = Prefixed(AsView("blindlend v1 key id"));
  Append(text, EncodedKey(key));
  return Digest(text);
}

std::optional<Number> Hash(const Key& key, View msg) {
  return Hash("blindlend v1 token", key, msg);
}

std::optional<Number> Hash(std::string_view tag, const Key& key, View msg) {
  Bytes text = Prefixed(AsView(tag));
  Append(text, Prefixed(Id(key)));
  Append(text, Prefixed(msg));
  const Bytes seed = Digest(text);
  for (std::uint64_t ctr = 0; ctr < 256; ++ctr) {
    Bytes candidate;
    for (std::uint64_t block = 0; candidate.size() < key.n.Size(); ++block) {
      Bytes input = seed;
      Append(input, BigEndian(ctr, 4));
      Append(input, BigEndian(block, 4));
      Append(candidate, Digest(input));
    }
    candidate.resize(key.n.Size());
    auto h = Unit(key.n, candidate);
    if (h) return h;
  }
  return std::nullopt;
}

std::string_view VerifyStep(const Key& key, View msg, View sig) {
  if (sig.size() != key.n.Size()) return "Verify.1";
  const Number s(sig);
  if (s.IsZero() || s >= key.n) return "Verify.2";
  const auto h = Hash(key, msg);
  if (!h) return "Verify.3";
  const bool is_unit = Gcd(s, key.n) == Number(1);
  if (is_unit && ModExp(s, key.e, key.n) == *h) return "";
  return is_unit ? "Verify.6" : "Verify.5";
}

std::string_view ValidateStep(const Number& n, const Number& e) {
  const std::size_t bits = n.Bits();
  if (bits != 2048 && bits != 3072 && bits != 4096) return "ValidatePublicKey.1";
  if (e != Number(65537)) return "ValidatePublicKey.2";
  if (!n.IsOdd()) return "ValidatePublicKey.3";
  if (HasSmallFactor(n)) return "ValidatePublicKey.4";
  if (IsStrongProbablePrimeToBase2(n)) return "ValidatePublicKey.5";
  if (IsPower(n)) return "ValidatePublicKey.6";
  return "";
}

namespace {

std::optional<Number> Challenge(const Key& key, View group, std::uint8_t i) {
  Bytes msg(group.begin(), group.end());
  msg.push_back(i);
  return Hash("blindlend v1 key certificate", key, msg);
}

}  // namespace

std::vector<Number> Certificate(const Key& key, View group) {
  std::vector<Number> roots;
  for (std::uint8_t i = 1; i <= 8; ++i)
    roots.push_back(ModExp(*Challenge(key, group, i), key.d, key.n));
  return roots;
}

std::string_view KeyProofStep(const Key& key, View group, const std::vector<Number>& roots) {
  if (roots.size() != 8) return "VerifyKeyProof.1";
  for (std::uint8_t i = 1; i <= 8; ++i) {
    const Number& root = roots[i - 1U];
    if (root.IsZero() || root >= key.n) return "VerifyKeyProof.3";
    const auto rho = Challenge(key, group, i);
    if (!rho) return "VerifyKeyProof.4";
    if (ModExp(root, key.e, key.n) != *rho) return "VerifyKeyProof.5";
  }
  return "";
}

namespace {

using Pkey = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

Pkey SecretPkey(View seed) {
  Require(seed.size() == 32, "a seed has 32 bytes");
  return {EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), 32), EVP_PKEY_free};
}

Bytes Message(std::string_view tag, View body) {
  Bytes message = Prefixed(AsView(tag));
  Append(message, body);
  return message;
}

// Ed25519's points: the y coordinate, little-endian, with the sign of x in the highest bit.
Number YOf(View point) {
  Bytes y(point.rbegin(), point.rend());
  y[0] = y[0] & 127;
  return Number(y);
}

// Whether y, not reduced, is that of a point of order 1, 2, 4 or 8.
bool IsSmall(const Number& y) {
  static const Number p = (Number(1) << 255) - Number(19);
  // RFC 8032's curve has four points of order 8; these two and their negatives mod p.
  static const Number eighth =
      Number::FromHex("7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7");
  const Number reduced = y % p;
  return reduced.IsZero() || reduced == Number(1) || reduced == p - Number(1) ||
         reduced == eighth || reduced == p - eighth;
}

bool IsStrict(View key, View signature) {
  static const Number p = (Number(1) << 255) - Number(19);
  static const Number order =
      Number::FromHex("1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED");
  const Bytes s(signature.rbegin(), signature.rbegin() + 32);
  return Number(s) < order && YOf(key) < p && !IsSmall(YOf(key)) &&
         !IsSmall(YOf(signature.first(32)));
}

}  // namespace

Bytes PublicKeyOf(View seed) {
  const Pkey pkey = SecretPkey(seed);
  Bytes key(32);
  std::size_t size = key.size();
  Done(EVP_PKEY_get_raw_public_key(pkey.get(), key.data(), &size));
  return key;
}

Bytes Sealed(View seed, std::string_view tag, View body) {
  const Pkey pkey = SecretPkey(seed);
  const MdCtx ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const Bytes message = Message(tag, body);
  Bytes signature(64);
  std::size_t size = signature.size();
  Done(EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, pkey.get()));
  Done(EVP_DigestSign(ctx.get(), signature.data(), &size, message.data(), message.size()));
  Bytes sealed(body.begin(), body.end());
  Append(sealed, signature);
  return sealed;
}

std::string_view OpenStep(View key, std::string_view tag, View sealed) {
  if (key.size() != 32 || sealed.size() < 64) return "Open.1";
  const View signature = sealed.last(64);
  if (!IsStrict(key, signature)) return "Open.2";
  const Pkey pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), 32),
                  EVP_PKEY_free);
  const MdCtx ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const Bytes message = Message(tag, sealed.first(sealed.size() - 64));
  const bool is_right =
      pkey && EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
      EVP_DigestVerify(ctx.get(), signature.data(), 64, message.data(), message.size()) == 1;
  ERR_clear_error();
  return is_right ? "" : "Open.2";
}

Bytes Named(std::string_view name) {
  return Digest(AsView(name));
}

Bytes LinkBody(const LinkParts& parts) {
  Bytes body = {1, static_cast<std::uint8_t>(parts.is_revocation ? 0x0b : 0x0a),
                static_cast<std::uint8_t>(parts.group.size())};
  Append(body, AsView(parts.group));
  Append(body, BigEndian(parts.number, 4));
  Append(body, parts.predecessor);
  if (parts.is_revocation) return body;
  Append(body, parts.key);
  for (const Number& root : parts.roots) Append(body, root.ToBytes(parts.width));
  for (const std::size_t time : parts.times) Append(body, BigEndian(time, 8));
  Append(body, BigEndian(parts.quota, 4));
  Append(body, BigEndian(parts.lenders.size(), 2));
  for (const Bytes& lender : parts.lenders) Append(body, lender);
  return body;
}

Bytes BatchBody(std::uint8_t kind, View id, const std::vector<Number>& values, std::size_t width) {
  Bytes body = {1, kind};
  Append(body, id);
  Append(body, BigEndian(width, 2));
  Append(body, BigEndian(values.size(), 2));
  for (const Number& value : values) Append(body, value.ToBytes(width));
  return body;
}

Bytes RequestBody(View member, View nonce, View batch) {
  Bytes body = {1, 0x0d};
  Append(body, member);
  Append(body, nonce);
  Append(body, batch);
  return body;
}

std::string_view VerifyRequestStep(View sealed) {
  if (sealed.size() < 64) return "VerifyRequest.1";
  const View body = sealed.first(sealed.size() - 64);
  if (!RequestStep(body).empty()) return "VerifyRequest.2";
  if (!OpenStep(body.subspan(2, 32), "blindlend v1 request", sealed).empty())
    return "VerifyRequest.3";
  return "";
}

Bytes BorrowDigest(View id, View request) {
  Bytes text = Prefixed(AsView("blindlend v1 request digest"));
  Append(text, Prefixed(id));
  Append(text, Prefixed(request));
  return Digest(text);
}

Bytes Tag(View key, View message) {
  const std::uint8_t none = 0;  // to OpenSSL, no key at all is the one before
  Bytes tag(32);
  unsigned size = 0;
  const auto* made =
      ::HMAC(EVP_sha256(), key.empty() ? &none : key.data(), static_cast<int>(key.size()),
             message.empty() ? &none : message.data(), message.size(), tag.data(), &size);
  Require(made != nullptr && size == tag.size(), "OpenSSL makes a tag");
  return tag;
}

Bytes Flipped(View x, View mask) {
  Bytes flipped(x.begin(), x.end());
  for (std::size_t i = 0; i < std::min(x.size(), mask.size()); ++i)
    flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ mask[i]);
  return flipped;
}

Tape::Tape(View bytes, bool endless)
    : bytes_(bytes.begin(), bytes.end()), endless_(endless), seed_(bytes_) {}

bool Tape::Read(std::span<std::uint8_t> out) {
  while (endless_ && bytes_.size() - at_ < out.size()) {
    Bytes input = seed_;
    Append(input, BigEndian(blocks_++, 8));
    Append(bytes_, Digest(input));
  }
  if (bytes_.size() - at_ < out.size()) return false;
  for (std::uint8_t& byte : out) byte = bytes_[at_++];
  return true;
}

}  // namespace blindlend::oracle
