// Flawed twins of Verify.
#include "tests/adversary/cheats/cheats.h"

namespace blindlend::test {

using NTL::MulMod;
using NTL::PowerMod;

std::vector<Cheat> VerifyingCheats() {
  const auto verifies = [](const std::string& name, const std::string& caught_by,
                           const decltype(Parties::verify)& verify) {
    return Cheat{name, "Verify", {Part::kVerify}, caught_by, [verify](const Bytes&) {
                   Parties parties = Shipped();
                   parties.verify = verify;
                   return parties;
                 }};
  };
  return {
      verifies("verifier without range check", "form: range",
               [](const PublicKey& pk, View msg, View sig) -> bool {
                 if (std::ssize(sig) != NumBytes(pk.n)) return false;
                 const ZZ s = OS2IP(sig) % pk.n;
                 return PowerMod(s, pk.e, pk.n) == *FDH("blindlend v1 token", pk, msg);
               }),
      verifies("verifier without length check", "form: length",
               [](const PublicKey& pk, View msg, View sig) -> bool {
                 const ZZ s = OS2IP(sig);
                 if (s < 1 || s >= pk.n) return false;
                 return PowerMod(s, pk.e, pk.n) == *FDH("blindlend v1 token", pk, msg);
               }),
      {"batch verified by its product",
       "Verify",
       {Part::kVerifyAll},
       "forgery: batch",
       [](const Bytes&) {
         Parties parties = Shipped();
         parties.verify_all = [](const PublicKey& pk, const std::vector<Bytes>& msgs,
                                 const std::vector<Bytes>& sigs) -> bool {
           ZZ product{1}, hashes{1};
           for (std::size_t i = 0; i < msgs.size(); ++i) {
             const ZZ s = OS2IP(sigs[i]);
             if (std::ssize(sigs[i]) != NumBytes(pk.n) || s < 1 || s >= pk.n) return false;
             product = MulMod(product, s, pk.n);
             hashes = MulMod(hashes, *FDH("blindlend v1 token", pk, msgs[i]), pk.n);
           }
           return PowerMod(product, pk.e, pk.n) == hashes;
         };
         return parties;
       }},
  };
}

}  // namespace blindlend::test
