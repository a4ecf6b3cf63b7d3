// Cheats: each a small flawed twin of one function of ref/, behind the same interface, and the experiment
// of the battery that must catch it. "If that test could be made to pass by cheating, the scheme is theater."
#pragma once

#include <string>
#include <vector>

#include "tests/adversary/parties.h"

namespace blindlend::test {

/// What a cheat stands in for, and what an experiment looks at.
enum class Part {
  kHash,
  kMint,
  kBlind,
  kFinalize,
  kAgain,
  kVerify,
  kVerifyAll,
  kBook,
  kSign,
  kChecker
};

struct Cheat {
  /// What it does.
  std::string name;
  /// The function of ref/ that it is the twin of.
  std::string twin_of;
  /// The parts of Parties that are not the shipped ones.
  std::vector<Part> parts;
  /// The experiment that is meant to catch it.
  std::string caught_by;
  Start start;
};

/// All of them.
const std::vector<Cheat>& Cheats();

/// The cheat of that name. Ends the program if there is none.
const Cheat& CheatOf(const std::string& name);

// The parts of the table, by what they are twins of.
std::vector<Cheat> BlindingCheats();
std::vector<Cheat> HashingCheats();
std::vector<Cheat> MintingCheats();
std::vector<Cheat> SigningCheats();
std::vector<Cheat> VerifyingCheats();
std::vector<Cheat> SpendingCheats();
std::vector<Cheat> AttestingCheats();

/// Blind.3 and Blind.4 with this hash and this r, a unit.
Blinded BlindWith(const PublicKey& pk, const ZZ& h, const ZZ& r);

}  // namespace blindlend::test
