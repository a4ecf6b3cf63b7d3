// ref/ against OpenSSL: the same inputs, computed by an implementation that shares no code with NTL,
// GMP or libsodium.

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <rapidcheck.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "keys.h"
#include "ref/rsa.h"
#include "tests/support/plain_tape.h"
#include "tests/support/property.h"

namespace blindlend {

// GoogleTest prints what differs with this.
void PrintTo(const std::optional<ZZ>& x, std::ostream* out) {
  if (x)
    *out << *x;
  else
    *out << "refused";
}

namespace {

// ----------------------------------------------------------------------------------- OpenSSL's side

template <auto Function>
struct Free {
  void operator()(auto* object) const { Function(object); }
};
using Bn = std::unique_ptr<BIGNUM, Free<BN_clear_free>>;
using BnContext = std::unique_ptr<BN_CTX, Free<BN_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;

// For what OpenSSL has no reason to fail at.
void Must(bool done) {
  if (done) return;
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  throw std::runtime_error(std::string("OpenSSL: ") + text);
}

// The conversions do without I2OSP and OS2IP, so that an error there cannot cancel out.
Bn ToBn(const ZZ& x) {
  std::vector<unsigned char> bytes(static_cast<std::size_t>(NumBytes(x)) + 1);
  BytesFromZZ(bytes.data(), abs(x), std::ssize(bytes));
  Bn bn(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  Must(bn != nullptr);
  BN_set_negative(bn.get(), x < 0 ? 1 : 0);
  return bn;
}

ZZ FromBn(const BIGNUM* bn) {
  std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(bn)) + 1);
  Must(BN_bn2lebinpad(bn, bytes.data(), static_cast<int>(bytes.size())) >= 0);
  return NTL::ZZFromBytes(bytes.data(), std::ssize(bytes));
}

ZZ BnModExp(const ZZ& x, const ZZ& e, const ZZ& n) {
  const BnContext context(BN_CTX_new());
  const Bn y(BN_new());
  Must(BN_mod_exp(y.get(), ToBn(x).get(), ToBn(e).get(), ToBn(n).get(), context.get()) == 1);
  return FromBn(y.get());
}

std::optional<ZZ> BnModInverse(const ZZ& a, const ZZ& n) {
  const BnContext context(BN_CTX_new());
  const Bn x(BN_mod_inverse(nullptr, ToBn(a).get(), ToBn(n).get(), context.get()));
  ERR_clear_error();
  if (!x) return std::nullopt;
  return FromBn(x.get());
}

bool BnIsPrime(const ZZ& w) {
  const BnContext context(BN_CTX_new());
  const int answer = BN_check_prime(ToBn(w).get(), context.get(), nullptr);
  Must(answer >= 0);
  return answer == 1;
}

Key ReadPem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  Must(key != nullptr);
  return key;
}

ZZ Part(const Key& key, const char* name) {
  BIGNUM* part = nullptr;
  Must(EVP_PKEY_get_bn_param(key.get(), name, &part) == 1);
  return FromBn(Bn(part).get());
}

// The key with every part as OpenSSL has it.
SecretKey Parts(const Key& key) {
  return {{Part(key, OSSL_PKEY_PARAM_RSA_N), Part(key, OSSL_PKEY_PARAM_RSA_E)},
          Part(key, OSSL_PKEY_PARAM_RSA_D),
          Part(key, OSSL_PKEY_PARAM_RSA_FACTOR1),
          Part(key, OSSL_PKEY_PARAM_RSA_FACTOR2),
          Part(key, OSSL_PKEY_PARAM_RSA_EXPONENT1),
          Part(key, OSSL_PKEY_PARAM_RSA_EXPONENT2),
          Part(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1)};
}

Key FromParts(const SecretKey& sk) {
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  std::vector<Bn> numbers;  // the builder only points to them
  const auto push = [&](const char* name, const ZZ& x) {
    numbers.push_back(ToBn(x));
    Must(OSSL_PARAM_BLD_push_BN(builder.get(), name, numbers.back().get()) == 1);
  };
  push(OSSL_PKEY_PARAM_RSA_N, sk.n);
  push(OSSL_PKEY_PARAM_RSA_E, sk.e);
  if (sk.d != 0) {
    push(OSSL_PKEY_PARAM_RSA_D, sk.d);
    push(OSSL_PKEY_PARAM_RSA_FACTOR1, sk.p);
    push(OSSL_PKEY_PARAM_RSA_FACTOR2, sk.q);
    push(OSSL_PKEY_PARAM_RSA_EXPONENT1, sk.dp);
    push(OSSL_PKEY_PARAM_RSA_EXPONENT2, sk.dq);
    push(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, sk.qinv);
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  Must(EVP_PKEY_fromdata_init(context.get()) == 1);
  Must(EVP_PKEY_fromdata(context.get(), &key, sk.d != 0 ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                         params.get()) == 1);
  return Key(key);
}

Key FromParts(const PublicKey& pk) {
  return FromParts(SecretKey{pk, {}, {}, {}, {}, {}, {}});
}

bool Accepts(const Key& key, int (*check)(EVP_PKEY_CTX*)) {
  const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
  const bool accepted = check(context.get()) == 1;
  ERR_clear_error();
  return accepted;
}

// RSA without padding on k bytes; nothing if OpenSSL refuses.
std::optional<ZZ> Raw(const Key& key, const ZZ& x, int (*init)(EVP_PKEY_CTX*),
                      int (*compute)(EVP_PKEY_CTX*, unsigned char*, std::size_t*,
                                     const unsigned char*, std::size_t)) {
  const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
  Must(init(context.get()) == 1);
  Must(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1);
  const auto k = static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
  std::vector<unsigned char> in(k), out(k);
  Must(BN_bn2binpad(ToBn(x).get(), in.data(), static_cast<int>(k)) >= 0);
  std::size_t size = k;
  const bool done = compute(context.get(), out.data(), &size, in.data(), k) == 1;
  ERR_clear_error();
  if (!done) return std::nullopt;
  return FromBn(Bn(BN_bin2bn(out.data(), static_cast<int>(size), nullptr)).get());
}

std::optional<ZZ> OpenSslPublic(const Key& key, const ZZ& x) {
  return Raw(key, x, EVP_PKEY_verify_recover_init, EVP_PKEY_verify_recover);
}

std::optional<ZZ> OpenSslPrivate(const Key& key, const ZZ& c) {
  return Raw(key, c, EVP_PKEY_sign_init, EVP_PKEY_sign);
}

// ---------------------------------------------------------------------------------------- our side

Bytes RandomBytes(std::uint64_t seed, std::size_t size) {
  Bytes bytes(size);
  PlainTape(seed)(bytes);
  return bytes;
}

// Uniform in [0, n-1] but for a bias of 2^-128. From a seed: RapidCheck would shrink a number of 4096
// bits for minutes, and a smaller one fails for no clearer reason.
ZZ Below(const ZZ& n, std::uint64_t seed) {
  const Bytes bytes = RandomBytes(seed, static_cast<std::size_t>(NumBytes(n)) + 16);
  return NTL::ZZFromBytes(bytes.data(), std::ssize(bytes)) % n;
}

std::optional<ZZ> Ours(const std::expected<ZZ, Failure>& result) {
  if (!result) return std::nullopt;
  return *result;
}

std::string_view FailsAt(const auto& result) {
  return result ? "nowhere" : result.error().step;
}

// Whether ours fails exactly where OpenSSL's does, and gives the same value elsewhere.
bool Same(const std::expected<ZZ, Failure>& ours, const std::optional<ZZ>& openssl) {
  return Ours(ours) == openssl;
}

// The seed is the only input, so there is nothing to shrink.
std::uint64_t Seed() {
  return *rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>());
}

struct Pair {
  Key openssl;
  SecretKey ours;
};

const std::vector<Pair>& Keys() {
  static const std::vector<Pair> keys = [] {
    std::vector<Pair> made;
    for (const std::string_view pem : kOpenSslKeys) {
      Key key = ReadPem(pem);
      const SecretKey sk = Parts(key);
      made.push_back({std::move(key), sk});
    }
    return made;
  }();
  return keys;
}

// Everything that must hold of a key that OpenSSL made.
void ExpectSameKey(const Key& key) {
  const SecretKey theirs = Parts(key);
  SCOPED_TRACE(testing::Message() << NumBits(theirs.n) << " bits, p = " << theirs.p
                                  << ", q = " << theirs.q);
  const auto ours = KeyFromPrimes(theirs.p, theirs.q, theirs.e);
  ASSERT_EQ(FailsAt(ours), "nowhere");
  EXPECT_EQ(ours->n, theirs.n);
  EXPECT_EQ(ours->e, theirs.e);
  EXPECT_EQ(ours->d, theirs.d);  // OpenSSL 3 takes the smallest d too, by lcm (FIPS 186-5)
  EXPECT_EQ(ours->p, theirs.p);
  EXPECT_EQ(ours->q, theirs.q);
  EXPECT_EQ(ours->dp, theirs.dp);
  EXPECT_EQ(ours->dq, theirs.dq);
  EXPECT_EQ(ours->qinv, theirs.qinv);
  EXPECT_EQ(FailsAt(ValidatePublicKey(theirs)), "nowhere");
  EXPECT_EQ(FailsAt(ValidateSecretKey(theirs)), "nowhere");
}

// Both directions of raw RSA, by OpenSSL with the same key.
void ExpectSameRaw(const Key& key, const SecretKey& sk, std::uint64_t seed) {
  const ZZ x = Below(sk.n - 1, seed) + 1;
  EXPECT_EQ(Ours(RawPublic(sk, x)), OpenSslPublic(key, x));
  EXPECT_EQ(Ours(RawPrivate(sk, x, PlainTape(seed))), OpenSslPrivate(key, x));
}

// ----------------------------------------------------------------------------------------- raw RSA

// ValidatePublicKey.1: what the tests below say of every key, they say of all three sizes.
TEST(OpenSslDifferential, KeysAreOfAllThreeSizes) {
  ASSERT_EQ(Keys().size(), 3U);
  EXPECT_EQ(NumBits(Keys()[0].ours.n), 2048);
  EXPECT_EQ(NumBits(Keys()[1].ours.n), 3072);
  EXPECT_EQ(NumBits(Keys()[2].ours.n), 4096);
  for (const auto& [key, sk] : Keys()) EXPECT_TRUE(ValidatePublicKey(sk).has_value());
}

// RawPublic.2
TEST(OpenSslDifferential, RawPublic) {
  test::CheckProperty([] {
    for (const auto& [key, sk] : Keys()) {
      const ZZ x = Below(sk.n - 1, Seed()) + 1;
      const auto y = RawPublic(sk, x);
      RC_ASSERT(Same(y, OpenSslPublic(key, x)));
      RC_ASSERT(Same(y, BnModExp(x, sk.e, sk.n)));
    }
  });
}

// Small and large public exponents, on moduli of any odd or even value.
// RawPublic.2
TEST(OpenSslDifferential, RawPublicAnyKey) {
  test::CheckProperty([] {
    const long bits = *rc::gen::inRange<long>(2, 700);
    const ZZ n = NTL::power2_ZZ(bits) + Below(NTL::power2_ZZ(bits), Seed());
    const ZZ e = Below(NTL::power2_ZZ(*rc::gen::inRange<long>(1, 33)), Seed()) + 1;
    const ZZ x = Below(n - 1, Seed()) + 1;
    RC_ASSERT(Same(RawPublic({n, e}, x), BnModExp(x, e, n)));
    RC_TAG(bits < 64 ? "n within a word" : "n above a word");
  });
}

// Property.RawInverse, RawPrivate.9
TEST(OpenSslDifferential, RawPrivate) {
  test::CheckProperty([] {
    for (const auto& [key, sk] : Keys()) {
      const ZZ c = Below(sk.n - 1, Seed()) + 1;
      const auto x = RawPrivate(sk, c, PlainTape(Seed()));
      RC_ASSERT(Same(x, OpenSslPrivate(key, c)));
      RC_ASSERT(Same(RawPublic(sk, *x), c));
      RC_ASSERT(Same(RawPrivate(sk, *RawPublic(sk, c), PlainTape(Seed())), c));
    }
  });
}

// Property.RawInverse where CRT and blinding have their corners; RawPublic.1, RawPrivate.1.
TEST(OpenSslDifferential, RawEdges) {
  for (const auto& [key, sk] : Keys()) {
    SCOPED_TRACE(NumBits(sk.n));
    for (const ZZ& x : {ZZ{1}, ZZ{2}, sk.p, sk.q, sk.p * 2, sk.n - sk.q, sk.p + 1, sk.q - 1,
                        sk.p * (sk.q - 1), sk.n - 2, sk.n - 1}) {
      EXPECT_EQ(Ours(RawPublic(sk, x)), OpenSslPublic(key, x)) << x;
      EXPECT_EQ(Ours(RawPublic(sk, x)), BnModExp(x, sk.e, sk.n)) << x;
      EXPECT_EQ(Ours(RawPrivate(sk, x, PlainTape(1))), OpenSslPrivate(key, x)) << x;
      EXPECT_EQ(Ours(RawPrivate(sk, x, PlainTape(2))), BnModExp(x, sk.d, sk.n)) << x;
    }
    for (const ZZ& x : {sk.n, sk.n + 1}) {  // both refuse
      EXPECT_EQ(FailsAt(RawPublic(sk, x)), "RawPublic.1");
      EXPECT_EQ(FailsAt(RawPrivate(sk, x, NoSource)), "RawPrivate.1");
      EXPECT_EQ(OpenSslPublic(key, x), std::nullopt);
      EXPECT_EQ(OpenSslPrivate(key, x), std::nullopt);
    }
    // Deviation.RawZero: we refuse what OpenSSL computes.
    EXPECT_EQ(FailsAt(RawPublic(sk, ZZ{0})), "RawPublic.1");
    EXPECT_EQ(FailsAt(RawPrivate(sk, ZZ{0}, NoSource)), "RawPrivate.1");
    EXPECT_EQ(OpenSslPublic(key, ZZ{0}), ZZ{0});
    EXPECT_EQ(OpenSslPrivate(key, ZZ{0}), ZZ{0});
    EXPECT_EQ(FailsAt(RawPublic(sk, ZZ{-1})), "RawPublic.1");
    EXPECT_EQ(FailsAt(RawPrivate(sk, ZZ{-1}, NoSource)), "RawPrivate.1");
  }
}

// ---------------------------------------------------------------------------------------- inverses

// Property.ModInverse, ModInverse.4, ModInverse.5
TEST(OpenSslDifferential, ModInverse) {
  test::CheckProperty([] {
    // Any pair.
    const long bits = *rc::gen::inRange<long>(2, 1500);
    const ZZ n = Below(NTL::power2_ZZ(bits), Seed()) + 2;
    const ZZ a = Below(n - 1, Seed()) + 1;
    const auto inverse = ModInverse(a, n);
    RC_ASSERT(Same(inverse, BnModInverse(a, n)));
    RC_TAG(inverse ? "a unit" : "no unit");
    // A pair with a common factor.
    const ZZ g = Below(NTL::power2_ZZ(bits), Seed()) + 2;
    RC_ASSERT(FailsAt(ModInverse(a * g, n * g)) == "ModInverse.4");
    RC_ASSERT(BnModInverse(a * g, n * g) == std::nullopt);
    // Units, of which half give a negative t0, on the moduli that matter.
    for (const auto& [key, sk] : Keys()) {
      const ZZ r = Below(sk.n - 1, Seed()) + 1;
      const auto r_inv = ModInverse(r, sk.n);
      RC_ASSERT(r_inv.has_value());
      RC_ASSERT(Same(r_inv, BnModInverse(r, sk.n)));
    }
  });
}

// Property.ModInverse on every pair of small numbers, ModInverse.1 around them.
TEST(OpenSslDifferential, ModInverseSmall) {
  long inverses = 0;
  for (long n = 2; n <= 64; ++n) {
    for (long a = 1; a < n; ++a) {
      const auto x = ModInverse(ZZ{a}, ZZ{n});
      EXPECT_EQ(Ours(x), BnModInverse(ZZ{a}, ZZ{n})) << a << " mod " << n;
      EXPECT_EQ(FailsAt(x), GCD(ZZ{a}, ZZ{n}) == 1 ? "nowhere" : "ModInverse.4")
          << a << " mod " << n;
      inverses += x ? 1 : 0;
    }
    for (const long a : {-1L, 0L, n, n + 1})
      EXPECT_EQ(FailsAt(ModInverse(ZZ{a}, ZZ{n})), "ModInverse.1") << a << " mod " << n;
  }
  EXPECT_EQ(inverses, 1259);  // the sum of phi(n) for n = 2 to 64
}

// -------------------------------------------------------------------------------------------- keys

// KeyFromPrimes.2, KeyFromPrimes.3, KeyFromPrimes.4, ValidatePublicKey.7, ValidateSecretKey.8: every
// part of the keys that OpenSSL makes, and we accept them.
TEST(OpenSslDifferential, KeysOfOpenSsl) {
  for (const auto& [key, sk] : Keys()) ExpectSameKey(key);
}

// Property.RawInverse, KeyFromPrimes.5: one key that nobody has seen before. Its primes are printed
// when it fails.
TEST(OpenSslDifferential, FreshKeyOfOpenSsl) {
  const Key key(EVP_RSA_gen(2048));
  Must(key != nullptr);
  ExpectSameKey(key);
  for (std::uint64_t seed = 0; seed < 20; ++seed) ExpectSameRaw(key, Parts(key), seed);
}

// Primes that OpenSSL finds, exponents that fit or do not, the same prime twice.
// KeyFromPrimes.2, KeyFromPrimes.3, KeyFromPrimes.4
TEST(OpenSslDifferential, KeyFromPrimes) {
  test::CheckProperty([] {
    const auto next_prime = [](ZZ w) {
      while (!IsOdd(w) || !BnIsPrime(w)) ++w;
      return w;
    };
    const ZZ p = next_prime(Below(NTL::power2_ZZ(*rc::gen::inRange<long>(3, 96)), Seed()) + 3);
    const ZZ q = next_prime(Below(NTL::power2_ZZ(*rc::gen::inRange<long>(3, 96)), Seed()) + 3);
    RC_TAG(p == q ? "one prime twice" : "two primes");
    for (const long e : {1L, 2L, 3L, 5L, 7L, 17L, 257L, 65537L, 4294967295L}) {
      const ZZ L = (p - 1) * (q - 1) / GCD(p - 1, q - 1);
      const auto d = BnModInverse(ZZ{e}, L);
      const auto sk = KeyFromPrimes(p, q, ZZ{e});
      if (!d) {
        RC_ASSERT(FailsAt(sk) == "KeyFromPrimes.2");
      } else if (p == q) {
        RC_ASSERT(FailsAt(sk) == "KeyFromPrimes.4");
      } else {
        RC_ASSERT(FailsAt(sk) == "nowhere");
        RC_ASSERT(sk->n == p * q && sk->e == e && sk->p == p && sk->q == q);
        RC_ASSERT(sk->d == *d);
        RC_ASSERT(BnModInverse(ZZ{e}, p - 1) == sk->dp);
        RC_ASSERT(BnModInverse(ZZ{e}, q - 1) == sk->dq);
        RC_ASSERT(BnModInverse(q, p) == sk->qinv);
      }
      const bool fits = BnModInverse(ZZ{e}, p - 1) != std::nullopt;
      RC_ASSERT(FailsAt(KeyFromPrimes(p, p, ZZ{e})) ==
                (fits ? "KeyFromPrimes.4" : "KeyFromPrimes.2"));
    }
  });
}

// ValidateSecretKey.2 to .7: what OpenSSL's check refuses is refused by ours. Property.FaultCaught.
TEST(OpenSslDifferential, DamagedKeys) {
  struct Damage {
    std::string_view step;
    ZZ SecretKey::* part;
  };
  const Damage damages[] = {
      {"ValidateSecretKey.2", &SecretKey::p},  {"ValidateSecretKey.2", &SecretKey::q},
      {"ValidateSecretKey.5", &SecretKey::d},  {"ValidateSecretKey.6", &SecretKey::dp},
      {"ValidateSecretKey.6", &SecretKey::dq}, {"ValidateSecretKey.7", &SecretKey::qinv},
  };
  for (const auto& [key, sk] : Keys()) {
    SCOPED_TRACE(NumBits(sk.n));
    EXPECT_TRUE(Accepts(FromParts(sk), EVP_PKEY_check));
    for (const Damage& damage : damages) {
      SecretKey damaged = sk;
      damaged.*damage.part -= 2;
      EXPECT_EQ(FailsAt(ValidateSecretKey(damaged)), damage.step);
      EXPECT_FALSE(Accepts(FromParts(damaged), EVP_PKEY_check)) << damage.step;
      // Used all the same, it gives nothing away: no value, or (from a wrong d, unused) the right one.
      const bool is_used = damage.part != &SecretKey::d;
      const auto x = RawPrivate(damaged, ZZ{2}, PlainTape(1));
      EXPECT_EQ(FailsAt(x), is_used ? "RawPrivate.8" : "nowhere") << damage.step;
      if (!is_used) {
        EXPECT_EQ(Ours(x), OpenSslPrivate(key, ZZ{2}));
      }
    }
    SecretKey other_n = sk;
    other_n.n += 2;
    EXPECT_EQ(FailsAt(ValidateSecretKey(other_n)), "ValidateSecretKey.2");
    EXPECT_FALSE(Accepts(FromParts(other_n), EVP_PKEY_check));
    SecretKey composite = sk;  // p is no prime any more, but n is still p * q
    composite.p += 2;
    composite.n = composite.p * composite.q;
    EXPECT_EQ(FailsAt(ValidateSecretKey(composite)), "ValidateSecretKey.3");
    EXPECT_FALSE(Accepts(FromParts(composite), EVP_PKEY_check));
  }
}

// ValidatePublicKey.3 to .6: what OpenSSL's check (SP 800-89) refuses is refused by ours.
TEST(OpenSslDifferential, DamagedPublicKeys) {
  for (const auto& [key, sk] : Keys()) {
    const long bits = NumBits(sk.n);
    SCOPED_TRACE(bits);
    const auto expect_refused = [&](const ZZ& n, std::string_view step) {
      EXPECT_EQ(FailsAt(ValidatePublicKey({n, sk.e})), step);
      EXPECT_FALSE(Accepts(FromParts(PublicKey{n, sk.e}), EVP_PKEY_public_check)) << step;
    };
    EXPECT_TRUE(Accepts(FromParts(PublicKey{sk.n, sk.e}), EVP_PKEY_public_check));
    expect_refused(sk.n - 1, "ValidatePublicKey.3");
    expect_refused((sk.n / 6) * 6 + 3, "ValidatePublicKey.4");
    expect_refused(sk.p * sk.p, "ValidatePublicKey.6");
  }
  // A prime modulus.
  const ZZ prime = NTL::power2_ZZ(2048) - 1942289;
  ASSERT_TRUE(BnIsPrime(prime));
  EXPECT_EQ(FailsAt(ValidatePublicKey({prime, ZZ{65537}})), "ValidatePublicKey.5");
  EXPECT_FALSE(Accepts(FromParts(PublicKey{prime, ZZ{65537}}), EVP_PKEY_public_check));
}

// Property.GeneratedKeyValid, by OpenSSL's judgement, and its arithmetic with our key.
void ExpectGood(long bits) {
  const auto sk = GenerateKey(bits, PlainTape(static_cast<std::uint64_t>(bits)));
  ASSERT_EQ(FailsAt(sk), "nowhere");
  EXPECT_EQ(NumBits(sk->n), bits);
  EXPECT_EQ(FailsAt(ValidatePublicKey(*sk)), "nowhere");
  EXPECT_EQ(FailsAt(ValidateSecretKey(*sk)), "nowhere");
  const Key key = FromParts(*sk);
  EXPECT_TRUE(Accepts(key, EVP_PKEY_public_check));
  EXPECT_TRUE(Accepts(key, EVP_PKEY_private_check));
  EXPECT_TRUE(Accepts(key, EVP_PKEY_pairwise_check));
  EXPECT_TRUE(Accepts(key, EVP_PKEY_check));
  EXPECT_TRUE(BnIsPrime(sk->p));
  EXPECT_TRUE(BnIsPrime(sk->q));
  for (std::uint64_t seed = 0; seed < 5; ++seed) ExpectSameRaw(key, *sk, seed);
}

// Property.GeneratedKeyValid, GenerateKey.5
TEST(OpenSslDifferential, GenerateKey2048) {
  ExpectGood(2048);
}

// Property.GeneratedKeyValid, GenerateKey.5
TEST(OpenSslDifferential, GenerateKey3072) {
  ExpectGood(3072);
}

// Property.GeneratedKeyValid, GenerateKey.5
TEST(OpenSslDifferential, GenerateKey4096) {
  ExpectGood(4096);
}

// ------------------------------------------------------------------------------------------ primes

// MillerRabin.1, MillerRabin.4, MillerRabin.5, ProbablyPrime.1, ProbablyPrime.2
void ExpectSameVerdict(const ZZ& w) {
  const bool is_prime = BnIsPrime(w);
  EXPECT_EQ(ProbablyPrime(w), is_prime) << w;
  const auto ours = MillerRabin(w, 64, PlainTape(1));
  if (w < 5 || !IsOdd(w))
    EXPECT_EQ(FailsAt(ours), "MillerRabin.1") << w;
  else
    EXPECT_TRUE(ours && *ours == is_prime) << w;
}

TEST(OpenSslDifferential, SmallPrimes) {
  for (long w = -10; w <= 5000; ++w) ExpectSameVerdict(ZZ{w});
}

// All odd numbers up to the next prime, whose end is thus both verdicts in every case; then products.
// MillerRabin.4, MillerRabin.5, ProbablyPrime.2, ProbablyPrime.3
TEST(OpenSslDifferential, Primes) {
  test::CheckProperty([] {
    const long bits = *rc::gen::inRange<long>(6, 400);
    ZZ w = NTL::power2_ZZ(bits) + Below(NTL::power2_ZZ(bits - 1), Seed()) * 2 + 1;
    for (;; w += 2) {
      const bool is_prime = BnIsPrime(w);
      RC_ASSERT(ProbablyPrime(w) == is_prime);
      RC_ASSERT(MillerRabin(w, 64, PlainTape(Seed())).value() == is_prime);
      if (is_prime) break;
    }
    RC_ASSERT(!ProbablyPrime(w * w));
    RC_ASSERT(!MillerRabin(w * w, 64, PlainTape(Seed())).value());
    RC_ASSERT(!BnIsPrime(w * w));
  });
}

// GeneratePrime.4, GeneratePrime.6, GeneratePrime.7
TEST(OpenSslDifferential, GeneratePrime) {
  test::CheckProperty([] {
    const long len = *rc::gen::inRange<long>(16, 200);
    const ZZ e{*rc::gen::element(3L, 5L, 17L, 65537L)};
    const auto w = GeneratePrime(len, e, PlainTape(Seed()));
    RC_ASSERT(FailsAt(w) == "nowhere");
    RC_ASSERT(BnIsPrime(*w));
    RC_ASSERT(NumBits(*w) == len);
    RC_ASSERT(bit(*w, len - 2) == 1);
    RC_ASSERT(BnModInverse(e, *w - 1) != std::nullopt);
  });
}

// --------------------------------------------------------------------------------- bytes and hashes

Bytes OpenSslSha256(View bytes) {
  Bytes digest(32);
  Must(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

Bytes OpenSslBase64(View bytes) {
  Bytes text((bytes.size() + 2) / 3 * 4 + 1);  // with a final 0
  const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// SHA256.1, EncodeBase64.1, DecodeBase64.2, Property.Base64Strict: every short length, so every
// padding.
TEST(OpenSslDifferential, ShortBytes) {
  for (std::size_t size = 0; size <= 300; ++size) {
    const Bytes bytes = RandomBytes(size, size);
    EXPECT_EQ(SHA256(bytes), OpenSslSha256(bytes)) << size << " bytes";
    EXPECT_EQ(EncodeBase64(bytes), OpenSslBase64(bytes)) << size << " bytes";
    const auto decoded = DecodeBase64(OpenSslBase64(bytes));
    EXPECT_TRUE(decoded && *decoded == bytes) << size << " bytes";
  }
}

// SHA256.1, EncodeBase64.1, DecodeBase64.2
TEST(OpenSslDifferential, LongBytes) {
  test::CheckProperty([] {
    const Bytes bytes = RandomBytes(Seed(), *rc::gen::inRange<std::size_t>(0, 100000));
    RC_ASSERT(SHA256(bytes) == OpenSslSha256(bytes));
    RC_ASSERT(EncodeBase64(bytes) == OpenSslBase64(bytes));
    RC_ASSERT(DecodeBase64(OpenSslBase64(bytes)).value() == bytes);
  });
}

// Property.IntegerRoundTrip, I2OSP.1, I2OSP.2, OS2IP.1
TEST(OpenSslDifferential, Integers) {
  test::CheckProperty([] {
    const auto size = *rc::gen::inRange<std::size_t>(1, 600);
    const Bytes bytes = RandomBytes(Seed(), size);
    const ZZ x = OS2IP(bytes);
    const Bn bn(BN_bin2bn(bytes.data(), static_cast<int>(size), nullptr));
    RC_ASSERT(x == FromBn(bn.get()));
    // As long as it was, with leading zeros, and too short: the same bytes, or a refusal by both.
    for (const std::size_t len : {size, size + 9, size - 1, size / 2}) {
      Bytes padded(len);
      const bool fits = BN_bn2binpad(bn.get(), padded.data(), static_cast<int>(len)) >= 0;
      const auto ours = I2OSP(x, len);
      if (fits)
        RC_ASSERT(ours.value() == padded);
      else
        RC_ASSERT(FailsAt(ours) == "I2OSP.1");
    }
  });
}

}  // namespace
}  // namespace blindlend
