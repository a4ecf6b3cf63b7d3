// Which inputs the committed vectors try, why, and what must come of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/vectors/values.h"

namespace blindlend::vectors {

/// One test, before it is run. fails_at: the step that must refuse, or empty: decided here by hand,
/// so that generating never just records what the code does.
struct Case {
  std::string comment;
  std::vector<std::string> flags;
  Json inputs;
  std::string fails_at;
};

/// The cases of an algorithm. Expensive for some. Empty for a name that is none.
std::vector<Case> Cases(const std::string& algorithm);

/// What a flag means.
const std::map<std::string, std::string>& Notes();

}  // namespace blindlend::vectors
