// Flawed twins of FDH, and with them of what calls it.
#include "tests/adversary/cheats/cheats.h"

namespace blindlend::test {

using NTL::MulMod;
using NTL::PowerMod;

namespace {

using Hash = decltype(Parties::hash);

// Blind, Verify and Finalize as in ref/, with this hash in the place of FDH.
Parties WithHash(const Hash& hash) {
  Parties parties = Shipped();
  parties.hash = hash;
  parties.blind = [hash](const PublicKey& pk, View msg,
                         const ByteSource& source) -> std::expected<Blinded, Failure> {
    const auto h = hash(pk, msg);
    if (!h) return Fail("Blind.1");
    const auto r = DrawUnit(pk.n, source);
    if (!r) return Fail("Blind.2");
    return BlindWith(pk, *h, *r);
  };
  const auto verify = [hash](const PublicKey& pk, View msg, View sig) {
    if (std::ssize(sig) != NumBytes(pk.n)) return false;
    const ZZ s = OS2IP(sig);
    if (s < 1 || s >= pk.n) return false;
    const auto h = hash(pk, msg);
    return h && PowerMod(s, pk.e, pk.n) == *h;
  };
  parties.verify = verify;
  parties.finalize = [verify](const PublicKey& pk, View msg, const ZZ& blind_sig,
                              const ZZ& r_inv) -> std::expected<Bytes, Failure> {
    if (blind_sig < 1 || blind_sig >= pk.n) return Fail("Finalize.1");
    const auto k = static_cast<std::size_t>(NumBytes(pk.n));
    const Bytes sig = *I2OSP(MulMod(blind_sig, r_inv, pk.n), k);
    if (!verify(pk, msg, sig)) return Fail("Finalize.4");
    return sig;
  };
  return parties;
}

Cheat Hashes(const std::string& name, const std::string& caught_by, const Hash& hash) {
  return {name,
          "FDH",
          {Part::kHash, Part::kBlind, Part::kVerify, Part::kFinalize},
          caught_by,
          [hash](const Bytes&) { return WithHash(hash); }};
}

// FDH with another seed and another way from a candidate to a hash.
std::expected<ZZ, Failure> HashTwin(const PublicKey& pk, View msg, bool with_key,
                                    const std::function<std::optional<ZZ>(const ZZ& x)>& take) {
  const Bytes id = with_key ? *KeyId(pk) : Bytes{};
  const Bytes seed = SHA256(Join({Prefix(Ascii("blindlend v1 token")), Prefix(id), Prefix(msg)}));
  for (long ctr = 0; ctr < 256; ++ctr) {
    const Bytes bytes =
        *MGF1(Join({seed, *I2OSP(ZZ{ctr}, 4)}), static_cast<std::uint64_t>(NumBytes(pk.n)));
    const auto h = take(trunc_ZZ(OS2IP(bytes), NumBits(pk.n)));
    if (h) return *h;
  }
  return Fail("FDH.6");
}

}  // namespace

std::vector<Cheat> HashingCheats() {
  const auto if_unit = [](const ZZ& x, const ZZ& n) {
    return x > 0 && x < n && GCD(x, n) == 1 ? std::optional(x) : std::nullopt;
  };
  return {
      Hashes("hash not a unit", "views",
             [](const PublicKey& pk, View msg) {
               return HashTwin(pk, msg, true, [&](const ZZ& x) {
                 return x > 0 && x < pk.n ? std::optional(x) : std::nullopt;
               });
             }),
      Hashes("hash with its top bit cleared", "hash: coverage",
             [=](const PublicKey& pk, View msg) {
               return HashTwin(pk, msg, true, [&](const ZZ& x) {
                 return if_unit(trunc_ZZ(x, NumBits(pk.n) - 1), pk.n);
               });
             }),
      Hashes("hash reduced mod n", "hash: coverage",
             [=](const PublicKey& pk, View msg) {
               return HashTwin(pk, msg, true, [&](const ZZ& x) { return if_unit(x % pk.n, pk.n); });
             }),
      Hashes("hash without the key", "hash: key",
             [=](const PublicKey& pk, View msg) {
               return HashTwin(pk, msg, false, [&](const ZZ& x) { return if_unit(x, pk.n); });
             }),
      Hashes("verifier without the hash", "forgery: products",
             [=](const PublicKey& pk, View msg) -> std::expected<ZZ, Failure> {
               const auto h = if_unit(OS2IP(msg) % pk.n, pk.n);
               if (!h) return Fail("FDH.6");
               return *h;
             }),
  };
}

}  // namespace blindlend::test
