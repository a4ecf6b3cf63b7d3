// Flawed twins of MintToken.
#include <unistd.h>

#include <ctime>

#include "tests/adversary/cheats/cheats.h"

namespace blindlend::test {

std::vector<Cheat> MintingCheats() {
  const auto mints = [](const std::string& name, const std::string& caught_by,
                        std::function<Bytes(const Bytes& member, const Bytes& seed)> seed_of) {
    return Cheat{name, "MintToken", {Part::kMint}, caught_by, [seed_of](const Bytes& member) {
                   Parties parties = Shipped();
                   parties.mint = [=](View key_id, View audience,
                                      const ByteSource& source) -> std::expected<Minted, Failure> {
                     Bytes bytes(32);
                     if (!source(bytes)) return Fail("MintToken.1");
                     const Bytes seed = seed_of(member, bytes);
                     return Minted{seed, Join({Bytes{1, 0x0c}, key_id, audience, PublicOf(seed)})};
                   };
                   return parties;
                 }};
  };
  return {
      mints("serial from the member", "member",
            [](const Bytes& member, const Bytes& seed) { return SHA256(Join({member, seed})); }),
      mints("time in the token", "clock",
            [](const Bytes&, const Bytes& seed) {
              const auto now = static_cast<std::uint64_t>(std::time(nullptr));
              return SHA256(Join({*I2OSP(NTL::conv<ZZ>(now), 8), seed}));
            }),
      mints("process in the token", "restart",
            [](const Bytes&, const Bytes& seed) {
              const auto process = static_cast<std::uint64_t>(getpid());
              return SHA256(Join({*I2OSP(NTL::conv<ZZ>(process), 8), seed}));
            }),
      mints("serial drawn once", "tape",
            [](const Bytes&, const Bytes&) { return SHA256(Ascii("drawn at home")); }),
  };
}

}  // namespace blindlend::test
