#include "tests/adversary/bad_key.h"

#include "app/vectors/tape.h"

namespace blindlend::test {

using NTL::MulMod;
using NTL::PowerMod;

ZZ BadKey::Root(const ZZ& x, long which) const {
  // p = 7 (mod 9): x^((p+2)/9) is a root of x if it has one. q = 2 (mod 3): cubing permutes.
  ZZ at_p = PowerMod(x % p, (p + 2) / 9, p);
  ZZ unity{1};
  for (long base = 2; unity == 1; ++base) unity = PowerMod(ZZ{base}, (p - 1) / 3, p);
  for (long i = 0; i < which; ++i) at_p = MulMod(at_p, unity, p);
  const ZZ at_q = PowerMod(x % q, (2 * q - 1) / 3, q);
  const ZZ inverse = *ModInverse(q % p, p);
  return at_q + q * ((inverse * (at_p - at_q)) % p);
}

const BadKey& BadKeyOf() {
  static const BadKey key = [] {
    Tape tape = Tape::FromSeed(Ascii("a bad key"));
    ZZ p, q;
    do p = *GeneratePrime(256, ZZ{1}, tape.Source());
    while (p % 9 != 7);
    do q = *GeneratePrime(256, ZZ{1}, tape.Source());
    while (q % 3 != 2);
    return BadKey{{p * q, ZZ{3}}, p, q};
  }();
  return key;
}

}  // namespace blindlend::test
