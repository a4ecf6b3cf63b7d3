// A key whose x -> x^3 is no permutation, as a malicious admin would make it: 3 divides p - 1. The key
// certificate refuses it (spec 5); here is what it would be good for.
#pragma once

#include "ref/blind_signature.h"

namespace blindlend::test {

/// n = p * q with e = 3, p = 7 (mod 9) and q = 2 (mod 3): a third of the units have a cube root.
struct BadKey {
  PublicKey pk;
  ZZ p, q;

  /// The class of a unit, which blinding does not change: x^((p-1)/3) mod p, one of three.
  ZZ Class(const ZZ& x) const { return NTL::PowerMod(x % p, (p - 1) / 3, p); }
  /// Whether a unit has a cube root.
  bool HasRoot(const ZZ& x) const { return Class(x) == 1; }
  /// One of its three cube roots: which, in [0, 2]. x: HasRoot.
  ZZ Root(const ZZ& x, long which) const;
};

/// Such a key of 512 bits, always the same.
const BadKey& BadKeyOf();

}  // namespace blindlend::test
