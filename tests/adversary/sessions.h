// What an adversary with everything keeps: the signer's view, the lender's view, and the private key.
#pragma once

#include <vector>

#include "tests/adversary/parties.h"

namespace blindlend::test {

/// Sessions under one key. blinded: what the signer saw, in order; msgs: the tokens that were shown
/// later, here in the same order, so that pairs (i, i) are the true ones; hashes of the messages.
struct Sessions {
  const SecretKey* sk;
  std::vector<Bytes> msgs;
  std::vector<ZZ> hashes, blinded;
  /// The factors r_ii = (blinded_i / hash_i)^d: what each client must have drawn.
  std::vector<ZZ> true_factors;
};

/// x^d mod n by CRT, for the adversary: fast, unchecked. x: in [1, n-1].
ZZ PowerD(const SecretKey& sk, const ZZ& x);

/// The factor by which blinded would hide hash: r with blinded = hash * r^e. Exists for every pair.
ZZ Factor(const SecretKey& sk, const ZZ& blinded, const ZZ& hash);

/// So many sessions of one client under sk.
Sessions RunSessions(const Start& start, const SecretKey& sk, std::size_t count,
                     const ByteSource& source);

/// The factors of all pairs of a signer's view and a token: r_ij = (blinded_i / hash_j)^d, by one
/// multiplication each, since (b / h)^d = b^d * (h^d)^-1.
class Pairs {
 public:
  Pairs(const SecretKey& sk, const std::vector<ZZ>& blinded, const std::vector<ZZ>& hashes);
  ZZ operator()(std::size_t i, std::size_t j) const;

 private:
  const SecretKey& sk_;
  std::vector<ZZ> signed_, inverses_;
};

/// x / n as a number in [0, 1), up to rounding in its 53rd bit.
double Share(const ZZ& x, const ZZ& n);

/// The 53 lowest bits of x in reversed order, as a number in [0, 1): evenness of the low bits.
double LowShare(const ZZ& x);

/// Which of the four classes of units mod squares x is in: 2 * [square mod p] + [square mod q].
std::size_t ResidueClass(const SecretKey& sk, const ZZ& x);

}  // namespace blindlend::test
