#include "tests/adversary/battery.h"

#include <algorithm>
#include <cstdlib>

namespace blindlend::test {

const std::vector<Experiment>& Battery() {
  static const std::vector<Experiment> all = [] {
    std::vector<Experiment> experiments;
    for (auto part :
         {LinkingExperiments(), ClientExperiments(), SignatureExperiments(), LenderExperiments()})
      experiments.insert(experiments.end(), part.begin(), part.end());
    return experiments;
  }();
  return all;
}

const Experiment& ExperimentOf(const std::string& name) {
  const auto found = std::ranges::find(Battery(), name, &Experiment::name);
  if (found == Battery().end()) std::abort();
  return *found;
}

bool LooksAt(const Experiment& experiment, const std::vector<Part>& parts) {
  return std::ranges::find_first_of(experiment.parts, parts) != experiment.parts.end();
}

}  // namespace blindlend::test
