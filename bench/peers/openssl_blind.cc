#include "bench/peers/openssl_blind.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>

namespace blindlend::bench {

namespace {

using Error = std::unexpected<PeerFailure>;

struct Free {
  void operator()(BIGNUM* x) const { BN_free(x); }
};
using Bn = std::unique_ptr<BIGNUM, Free>;

// The scratch numbers of one call. BN_CTX_get gives null for good once it has failed, so that looking
// at the last one is enough.
class Scratch {
 public:
  Scratch() : ctx_(BN_CTX_new()) {
    if (ctx_ != nullptr) BN_CTX_start(ctx_);
  }
  ~Scratch() {
    if (ctx_ == nullptr) return;
    BN_CTX_end(ctx_);
    BN_CTX_free(ctx_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  BN_CTX* ctx() const { return ctx_; }
  BIGNUM* Next() const { return ctx_ == nullptr ? nullptr : BN_CTX_get(ctx_); }

 private:
  BN_CTX* ctx_;
};

constexpr std::size_t kDigest = 32;

// SHA-256 by EVP, as implementers call it.
class Hash {
 public:
  Hash() : ctx_(EVP_MD_CTX_new()) {
    ok_ = ctx_ != nullptr && EVP_DigestInit(ctx_, EVP_sha256()) == 1;
  }
  ~Hash() { EVP_MD_CTX_free(ctx_); }
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
  void Update(const void* data, std::size_t size) {
    if (size > 0) ok_ = ok_ && EVP_DigestUpdate(ctx_, data, size) == 1;
  }
  void UpdatePrefixed(const void* data, std::size_t size) {
    std::array<std::uint8_t, 8> length;
    for (std::size_t i = 0; i < 8; ++i) length[7 - i] = static_cast<std::uint8_t>(size >> (8 * i));
    Update(length.data(), length.size());
    Update(data, size);
  }
  // digest: kDigest bytes. False if anything failed on the way.
  bool Final(std::uint8_t* digest) { return ok_ && EVP_DigestFinal_ex(ctx_, digest, nullptr) == 1; }

 private:
  EVP_MD_CTX* ctx_;
  bool ok_;
};

BIGNUM* Read(View bytes, BIGNUM* x) {
  return BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), x);
}

bool Write(const BIGNUM* x, Bytes& bytes) {
  return BN_bn2binpad(x, bytes.data(), static_cast<int>(bytes.size())) >= 0;
}

Bn FromZZ(const ZZ& x) {
  const Bytes bytes = *I2OSP(x, static_cast<std::size_t>(NumBytes(x)));
  return Bn(Read(bytes, nullptr));
}

// Empty if OpenSSL failed.
Bytes MakeId(const RSA* rsa, std::size_t k) {
  const BIGNUM* n = RSA_get0_n(rsa);
  const auto bits = static_cast<unsigned>(BN_num_bits(n));
  Bytes encoding(8 + k);
  encoding[0] = encoding[1] = 1;
  encoding[2] = static_cast<std::uint8_t>(bits >> 8);
  encoding[3] = static_cast<std::uint8_t>(bits);
  BN_bn2binpad(n, &encoding[4], static_cast<int>(k));
  BN_bn2binpad(RSA_get0_e(rsa), &encoding[4 + k], 4);
  constexpr std::string_view kTag = "blindlend v1 key id";
  Hash hash;
  hash.UpdatePrefixed(kTag.data(), kTag.size());
  hash.Update(encoding.data(), encoding.size());
  Bytes id(kDigest);
  return hash.Final(id.data()) ? id : Bytes{};
}

std::expected<PeerKey, PeerFailure> WithPublic(const PublicKey& pk) {
  PeerKey key{std::unique_ptr<RSA, PeerFree>(RSA_new()),
              std::unique_ptr<BN_MONT_CTX, PeerFree>(BN_MONT_CTX_new()),
              {},
              0};
  Bn n = FromZZ(pk.n), e = FromZZ(pk.e);
  const Scratch scratch;
  if (!key.rsa || !key.mont || scratch.ctx() == nullptr ||
      BN_MONT_CTX_set(key.mont.get(), n.get(), scratch.ctx()) != 1)
    return Error("no memory for a key");
  if (RSA_set0_key(key.rsa.get(), n.get(), e.get(), nullptr) != 1) return Error("no RSA key");
  n.release();  // RSA_set0_key owns them now
  e.release();
  key.k = static_cast<std::size_t>(RSA_size(key.rsa.get()));
  key.id = MakeId(key.rsa.get(), key.k);
  if (key.id.empty()) return Error("no key id");
  return key;
}

}  // namespace

std::expected<PeerKey, PeerFailure> MakePeerKey(const PublicKey& pk) {
  return WithPublic(pk);
}

std::expected<PeerKey, PeerFailure> MakePeerKey(const SecretKey& sk) {
  auto key = WithPublic(sk);
  if (!key) return key;
  Bn d = FromZZ(sk.d), p = FromZZ(sk.p), q = FromZZ(sk.q);
  Bn dp = FromZZ(sk.dp), dq = FromZZ(sk.dq), qinv = FromZZ(sk.qinv);
  if (RSA_set0_key(key->rsa.get(), nullptr, nullptr, d.get()) != 1) return Error("no d");
  d.release();
  if (RSA_set0_factors(key->rsa.get(), p.get(), q.get()) != 1) return Error("no factors");
  p.release();
  q.release();
  if (RSA_set0_crt_params(key->rsa.get(), dp.get(), dq.get(), qinv.get()) != 1)
    return Error("no CRT parameters");
  dp.release();
  dq.release();
  qinv.release();
  return key;
}

std::expected<Bytes, PeerFailure> PeerFdh(const PeerKey& key, std::string_view tag, View msg) {
  std::array<std::uint8_t, kDigest + 4> seed;  // and behind it the counter of the candidate
  Hash hash;
  hash.UpdatePrefixed(tag.data(), tag.size());
  hash.UpdatePrefixed(key.id.data(), key.id.size());
  hash.UpdatePrefixed(msg.data(), msg.size());
  if (!hash.Final(seed.data())) return Error("no digest");

  const BIGNUM* n = RSA_get0_n(key.rsa.get());
  const int unused_bits = static_cast<int>(8 * key.k) - BN_num_bits(n);
  const Scratch scratch;
  BIGNUM* h = scratch.Next();
  if (h == nullptr) return Error("no memory");
  Bytes candidate(key.k);
  for (int ctr = 0; ctr < 256; ++ctr) {
    seed[kDigest] = seed[kDigest + 1] = seed[kDigest + 2] = 0;
    seed[kDigest + 3] = static_cast<std::uint8_t>(ctr);
    if (PKCS1_MGF1(candidate.data(), static_cast<long>(key.k), seed.data(),
                   static_cast<long>(seed.size()), EVP_sha256()) != 0)
      return Error("no mask");
    candidate[0] = static_cast<std::uint8_t>(candidate[0] & (0xff >> unused_bits));
    if (Read(candidate, h) == nullptr) return Error("no memory");
    if (!BN_is_zero(h) && BN_cmp(h, n) < 0) return candidate;
  }
  return Error("no hash");
}

std::expected<PeerBlinded, PeerFailure> PeerBlind(const PeerKey& key, View msg,
                                                  const ByteSource& source) {
  const auto encoded = PeerFdh(key, "blindlend v1 token", msg);
  if (!encoded) return std::unexpected(encoded.error());
  const BIGNUM* n = RSA_get0_n(key.rsa.get());
  const BIGNUM* e = RSA_get0_e(key.rsa.get());
  const Scratch scratch;
  BIGNUM* m = scratch.Next();
  BIGNUM* gcd = scratch.Next();
  BIGNUM* r = scratch.Next();
  BIGNUM* r_inv = scratch.Next();
  BIGNUM* x = scratch.Next();
  if (x == nullptr || Read(*encoded, m) == nullptr) return Error("no memory");

  if (BN_gcd(gcd, m, n, scratch.ctx()) != 1) return Error("gcd");
  if (!BN_is_one(gcd)) return Error("message shares a factor with n");

  // BN_rand_range with the bytes from outside: as many bits as n has, again until they are below n.
  const int bits = BN_num_bits(n);
  Bytes bytes(key.k);
  int turn = 0;
  for (; turn < 256; ++turn) {
    if (!source(bytes)) return Error("source exhausted");
    bytes[0] = static_cast<std::uint8_t>(bytes[0] & (0xff >> (static_cast<int>(8 * key.k) - bits)));
    if (Read(bytes, r) == nullptr) return Error("no memory");
    if (BN_is_zero(r) || BN_cmp(r, n) >= 0) continue;
    if (BN_mod_inverse(r_inv, r, n, scratch.ctx()) != nullptr) break;
    ERR_clear_error();
  }
  if (turn == 256) return Error("no r");

  if (BN_mod_exp_mont(x, r, e, n, scratch.ctx(), key.mont.get()) != 1) return Error("r^e");
  BN_clear(r);
  if (BN_mod_mul(x, m, x, n, scratch.ctx()) != 1) return Error("m * r^e");
  PeerBlinded result{Bytes(key.k), Bytes(key.k)};
  if (!Write(x, result.blinded) || !Write(r_inv, result.r_inv)) return Error("encoding");
  return result;
}

std::expected<Bytes, PeerFailure> PeerRawPublic(const PeerKey& key, View x) {
  Bytes y(key.k);
  if (RSA_public_decrypt(static_cast<int>(x.size()), x.data(), y.data(), key.rsa.get(),
                         RSA_NO_PADDING) < 0) {
    ERR_clear_error();
    return Error("raw public");
  }
  return y;
}

std::expected<Bytes, PeerFailure> PeerRawPrivate(const PeerKey& key, View x) {
  Bytes y(key.k);
  if (RSA_private_encrypt(static_cast<int>(x.size()), x.data(), y.data(), key.rsa.get(),
                          RSA_NO_PADDING) < 0) {
    ERR_clear_error();
    return Error("raw private");
  }
  return y;
}

std::expected<Bytes, PeerFailure> PeerBlindSign(const PeerKey& key, View blinded) {
  if (blinded.size() != key.k) return Error("length");
  const auto blind_sig = PeerRawPrivate(key, blinded);
  if (!blind_sig) return Error("raw private");
  const auto check = PeerRawPublic(key, *blind_sig);
  if (!check || CRYPTO_memcmp(check->data(), blinded.data(), key.k) != 0)
    return Error("signing failed");
  return *blind_sig;
}

std::expected<void, PeerFailure> PeerVerify(const PeerKey& key, View msg, View sig) {
  if (sig.size() != key.k) return Error("length");
  const auto h = PeerFdh(key, "blindlend v1 token", msg);
  if (!h) return std::unexpected(h.error());
  const auto y = PeerRawPublic(key, sig);  // refuses what is not below n
  if (!y) return Error("raw public");
  if (CRYPTO_memcmp(y->data(), h->data(), key.k) != 0) return Error("not a signature of msg");
  return {};
}

std::expected<Bytes, PeerFailure> PeerFinalize(const PeerKey& key, View msg, View blind_sig,
                                               View r_inv) {
  if (blind_sig.size() != key.k || r_inv.size() != key.k) return Error("length");
  const Scratch scratch;
  BIGNUM* z = scratch.Next();
  BIGNUM* inverse = scratch.Next();
  BIGNUM* s = scratch.Next();
  if (s == nullptr || Read(blind_sig, z) == nullptr || Read(r_inv, inverse) == nullptr)
    return Error("no memory");
  if (BN_mod_mul(s, z, inverse, RSA_get0_n(key.rsa.get()), scratch.ctx()) != 1)
    return Error("blind_sig * r_inv");
  Bytes sig(key.k);
  if (!Write(s, sig)) return Error("encoding");
  const auto verified = PeerVerify(key, msg, sig);
  if (!verified) return std::unexpected(verified.error());
  return sig;
}

}  // namespace blindlend::bench
