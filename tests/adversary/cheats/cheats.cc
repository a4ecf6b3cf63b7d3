#include "tests/adversary/cheats/cheats.h"

#include <algorithm>
#include <cstdlib>

namespace blindlend::test {

const std::vector<Cheat>& Cheats() {
  static const std::vector<Cheat> all = [] {
    std::vector<Cheat> cheats;
    for (auto part : {BlindingCheats(), HashingCheats(), MintingCheats(), SigningCheats(),
                      VerifyingCheats(), SpendingCheats(), AttestingCheats()})
      cheats.insert(cheats.end(), part.begin(), part.end());
    return cheats;
  }();
  return all;
}

const Cheat& CheatOf(const std::string& name) {
  const auto found = std::ranges::find(Cheats(), name, &Cheat::name);
  if (found == Cheats().end()) std::abort();
  return *found;
}

}  // namespace blindlend::test
