#include "tests/adversary/sessions.h"

#include <algorithm>

namespace blindlend::test {

using NTL::MulMod;
using NTL::PowerMod;

ZZ PowerD(const SecretKey& sk, const ZZ& x) {
  const ZZ xp = PowerMod(x % sk.p, sk.dp, sk.p), xq = PowerMod(x % sk.q, sk.dq, sk.q);
  return xq + sk.q * ((sk.qinv * (xp - xq)) % sk.p);
}

ZZ Factor(const SecretKey& sk, const ZZ& blinded, const ZZ& hash) {
  return PowerD(sk, MulMod(blinded, *ModInverse(hash, sk.n), sk.n));
}

Sessions RunSessions(const Start& start, const SecretKey& sk, std::size_t count,
                     const ByteSource& source) {
  const Parties parties = start(Bytes(32, 7));
  Sessions sessions{&sk, {}, {}, {}, {}};
  const Bytes key_id = *KeyId(sk), audience(32, 9);
  for (std::size_t i = 0; i < count; ++i) {
    const Minted minted = parties.mint(key_id, audience, source).value();
    sessions.msgs.push_back(minted.msg);
    sessions.hashes.push_back(parties.hash(sk, minted.msg).value());
    sessions.blinded.push_back(parties.blind(sk, minted.msg, source).value().blinded);
    sessions.true_factors.push_back(Factor(sk, sessions.blinded.back(), sessions.hashes.back()));
  }
  return sessions;
}

double Share(const ZZ& x, const ZZ& n) {
  const long shift = std::max(NumBits(n) - 512, 0L);
  return NTL::conv<double>(x >> shift) / NTL::conv<double>(n >> shift);
}

double LowShare(const ZZ& x) {
  std::uint64_t low = NTL::conv<std::uint64_t>(trunc_ZZ(x, 53)), reversed = 0;
  for (int i = 0; i < 53; ++i, low >>= 1) reversed = reversed << 1 | (low & 1);
  return static_cast<double>(reversed) / 9007199254740992.0;
}

std::size_t ResidueClass(const SecretKey& sk, const ZZ& x) {
  return 2 * static_cast<std::size_t>(NTL::Jacobi(x % sk.p, sk.p) == 1) +
         static_cast<std::size_t>(NTL::Jacobi(x % sk.q, sk.q) == 1);
}

Pairs::Pairs(const SecretKey& sk, const std::vector<ZZ>& blinded, const std::vector<ZZ>& hashes)
    : sk_(sk) {
  for (const ZZ& x : blinded) signed_.push_back(PowerD(sk, x));
  for (const ZZ& h : hashes) inverses_.push_back(*ModInverse(PowerD(sk, h), sk.n));
}

ZZ Pairs::operator()(std::size_t i, std::size_t j) const {
  return MulMod(signed_[i], inverses_[j], sk_.n);
}

}  // namespace blindlend::test
