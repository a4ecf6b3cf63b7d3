// Flawed twins of RawPrivate within BlindSign, and of Finalize.
#include "tests/adversary/cheats/cheats.h"

namespace blindlend::test {

using NTL::MulMod;
using NTL::PowerMod;

std::vector<Cheat> SigningCheats() {
  return {
      {"signer without verify-after",
       "RawPrivate",
       {Part::kSign},
       "fault",
       [](const Bytes&) {
         Parties parties = Shipped();
         parties.sign = [](const SecretKey& sk, const ZZ& c,
                           const ByteSource& source) -> std::expected<ZZ, Failure> {
           if (c < 2 || c > sk.n - 2) return Fail("BlindSign.1");
           if (GCD(c, sk.n) != 1) return Fail("BlindSign.2");
           const auto b = DrawUnit(sk.n, source);
           if (!b) return Fail("BlindSign.3");
           const ZZ z = MulMod(c, PowerMod(*b, sk.e, sk.n), sk.n);
           const ZZ zp = PowerMod(z % sk.p, sk.dp, sk.p), zq = PowerMod(z % sk.q, sk.dq, sk.q);
           const ZZ y = zq + sk.q * ((sk.qinv * (zp - zq)) % sk.p);
           return MulMod(y, *ModInverse(*b, sk.n), sk.n);  // and no look at it
         };
         return parties;
       }},
      {"Finalize that does not verify",
       "Finalize",
       {Part::kFinalize},
       "finalize",
       [](const Bytes&) {
         Parties parties = Shipped();
         parties.finalize = [](const PublicKey& pk, View, const ZZ& blind_sig,
                               const ZZ& r_inv) -> std::expected<Bytes, Failure> {
           if (blind_sig < 1 || blind_sig >= pk.n) return Fail("Finalize.1");
           return *I2OSP(MulMod(blind_sig, r_inv, pk.n), static_cast<std::size_t>(NumBytes(pk.n)));
         };
         return parties;
       }},
  };
}

}  // namespace blindlend::test
