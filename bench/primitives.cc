#include "bench/primitives.h"

#include <gmp.h>

#include <map>
#include <memory>

#include "bench/registration.h"

namespace blindlend::bench {

namespace {

// GMP's integers, for what NTL does not offer.
class Mpz {
 public:
  Mpz() { mpz_init(x_); }
  explicit Mpz(const ZZ& x) : Mpz() {
    const Bytes bytes = I2OSP(x, static_cast<std::size_t>(NumBytes(x))).value();
    mpz_import(x_, bytes.size(), 1, 1, 0, 0, bytes.data());
  }
  ~Mpz() { mpz_clear(x_); }
  Mpz(const Mpz&) = delete;
  Mpz& operator=(const Mpz&) = delete;
  mpz_ptr get() { return x_; }
  mpz_srcptr get() const { return x_; }

 private:
  mpz_t x_;
};

struct Free {
  void operator()(BIGNUM* x) const { BN_free(x); }
  void operator()(BN_CTX* ctx) const { BN_CTX_free(ctx); }
};
using Bn = std::unique_ptr<BIGNUM, Free>;

// An exchange's numbers in the form of the other libraries: converting them is not measured.
struct Converted {
  explicit Converted(const Fixture& at) : n(at.sk.n), d(at.sk.d) {
    for (const Exchange& one : at.exchanges) {
      mpz.push_back(std::make_unique<Mpz>(one.blinded));
      bn.emplace_back(
          BN_bin2bn(one.blinded_bytes.data(), static_cast<int>(one.blinded_bytes.size()), nullptr));
    }
  }
  Mpz n, d;
  std::vector<std::unique_ptr<Mpz>> mpz;
  std::vector<Bn> bn;
};

const Converted& ConvertedAt(const Fixture& at) {
  static std::map<const Fixture*, Converted> all;
  return all.try_emplace(&at, at).first->second;
}

std::size_t IndexOf(const Fixture& at, const Exchange& one) {
  return static_cast<std::size_t>(&one - at.exchanges.data());
}

bool NtlWhole(const Fixture& at, const Exchange& one) {
  return Done(PowerMod(one.blinded, at.sk.d, at.sk.n));
}

bool NtlCrt(const Fixture& at, const Exchange& one) {
  const SecretKey& sk = at.sk;
  const ZZ zp = PowerMod(one.blinded % sk.p, sk.dp, sk.p);
  const ZZ zq = PowerMod(one.blinded % sk.q, sk.dq, sk.q);
  const ZZ h = (sk.qinv * (zp - zq)) % sk.p;
  const ZZ y = zq + sk.q * h;
  return Done(y);
}

bool GmpPowm(const Fixture& at, const Exchange& one) {
  const Converted& in = ConvertedAt(at);
  Mpz y;
  mpz_powm(y.get(), in.mpz[IndexOf(at, one)]->get(), in.d.get(), in.n.get());
  return Done(y);
}

bool GmpPowmSec(const Fixture& at, const Exchange& one) {
  const Converted& in = ConvertedAt(at);
  Mpz y;
  mpz_powm_sec(y.get(), in.mpz[IndexOf(at, one)]->get(), in.d.get(), in.n.get());
  return Done(y);
}

bool GmpInvert(const Fixture& at, const Exchange& one) {
  const Converted& in = ConvertedAt(at);
  Mpz y;
  return mpz_invert(y.get(), in.mpz[IndexOf(at, one)]->get(), in.n.get()) != 0 && Done(y);
}

bool OpensslInverse(const Fixture& at, const Exchange& one) {
  const Converted& in = ConvertedAt(at);
  const std::unique_ptr<BN_CTX, Free> ctx(BN_CTX_new());
  const Bn y(BN_mod_inverse(nullptr, in.bn[IndexOf(at, one)].get(),
                            RSA_get0_n(at.peer_pk.rsa.get()), ctx.get()));
  return y && Done(*y);
}

}  // namespace

void RegisterPrimitives(long bits) {
  // x^d mod n. OpenSSL's is RawPrivate/openssl: it has no other that implementers would use.
  Register("ModExp/ntl_whole", bits, NtlWhole);
  Register("ModExp/ntl_crt", bits, NtlCrt);
  Register("ModExp/gmp_powm", bits, GmpPowm);
  Register("ModExp/gmp_powm_sec", bits, GmpPowmSec);
  // With everything that belongs to it: blinding, and the check of the result.
  Register("RawPrivate/ref", bits, [](const Fixture& at, const Exchange& one) {
    return RawPrivate(at.sk, one.blinded, RandomBytes).has_value();
  });
  Register("RawPrivate/openssl", bits, [](const Fixture& at, const Exchange& one) {
    return PeerRawPrivate(at.peer_sk, one.blinded_bytes).has_value();
  });
  Register("RawPublic/ref", bits, [](const Fixture& at, const Exchange& one) {
    return RawPublic(at.pk, one.blinded).has_value();
  });
  Register("RawPublic/openssl", bits, [](const Fixture& at, const Exchange& one) {
    return PeerRawPublic(at.peer_pk, one.blinded_bytes).has_value();
  });

  Register("Inverse/ref", bits, [](const Fixture& at, const Exchange& one) {
    return ModInverse(one.blinded, at.pk.n).has_value();
  });
  Register("Inverse/ntl", bits, [](const Fixture& at, const Exchange& one) {
    return Done(InvMod(one.blinded, at.pk.n));
  });
  Register("Inverse/gmp", bits, GmpInvert);
  Register("Inverse/openssl", bits, OpensslInverse);

  Register("FDH/ref", bits, [](const Fixture& at, const Exchange& one) {
    return FDH("blindlend v1 token", at.pk, one.msg).has_value();
  });
  Register("FDH/openssl", bits, [](const Fixture& at, const Exchange& one) {
    return PeerFdh(at.peer_pk, "blindlend v1 token", one.msg).has_value();
  });

  Register("ValidatePublicKey/ref", bits,
           [](const Fixture& at, const Exchange&) { return ValidatePublicKey(at.pk).has_value(); });
  Register("ValidateSecretKey/ref", bits,
           [](const Fixture& at, const Exchange&) { return ValidateSecretKey(at.sk).has_value(); });
}

}  // namespace blindlend::bench
