// The battery: experiments that the shipped functions must pass and each cheat must fail at its own.
#pragma once

#include "tests/adversary/cheats/cheats.h"
#include "tests/adversary/sessions.h"

namespace blindlend::test {

/// Who is looked at.
struct Subject {
  std::string name;
  Start start;
  std::vector<Part> parts;
  /// Sessions that the experiments of linking share; made when the first of them needs them.
  mutable std::shared_ptr<const Sessions> sessions = nullptr;
};

/// What an experiment says. alarm: the chance with which it would have caught a client that is as the
/// spec says; 0 where nothing is left to chance, or below 2^-200.
struct Finding {
  bool caught;
  std::string how;
  double alarm = 0;
};

struct Experiment {
  std::string name;
  /// What of Parties it looks at.
  std::vector<Part> parts;
  std::function<Finding(const Subject&)> run;
};

/// All of them.
const std::vector<Experiment>& Battery();
std::vector<Experiment> LinkingExperiments();
std::vector<Experiment> ClientExperiments();
std::vector<Experiment> SignatureExperiments();
std::vector<Experiment> LenderExperiments();

/// The experiment of that name. Ends the program if there is none.
const Experiment& ExperimentOf(const std::string& name);

/// Whether the experiment looks at anything that the subject has changed.
bool LooksAt(const Experiment& experiment, const std::vector<Part>& parts);

}  // namespace blindlend::test
