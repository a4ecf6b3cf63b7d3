// The table of cheats: the shipped functions pass the whole battery, and each cheat is caught by the
// experiment that is meant to catch it.
#include "tests/adversary/battery.h"
#include "tests/adversary/statistics.h"
#include "tests/support/support.h"

namespace blindlend::test {

void PrintTo(const Cheat& cheat, std::ostream* out) {
  *out << cheat.name;
}

namespace {

const std::vector<Part> kAll = {Part::kHash,  Part::kMint,   Part::kBlind,     Part::kFinalize,
                                Part::kAgain, Part::kVerify, Part::kVerifyAll, Part::kBook,
                                Part::kSign,  Part::kChecker};

// The shipped functions pass every experiment: Claim.Blind, Claim.TokenNeutral, Claim.FreshBytes,
// Claim.AbortsTellNothing, Claim.HashStopsProducts, Claim.OneByOne, Claim.OneForm, Claim.OneMore,
// Claim.FinalizeVerifies, Claim.FaultTellsNothing, Claim.SpentOnce, Claim.SpentSetNeutral and
// Claim.AttestationOnce. The chance of a false alarm of the whole battery is the sum of its parts' at
// most, and that is below 2^-40.
TEST(Cheats, TheShippedFunctionsPass) {
  const Subject shipped{"shipped", [](const Bytes&) { return Shipped(); }, kAll};
  double alarm = 0;
  for (const Experiment& experiment : Battery()) {
    const Finding finding = experiment.run(shipped);
    std::cout << "shipped: " << experiment.name << " | " << finding.how << " | " << finding.alarm
              << std::endl;
    EXPECT_FALSE(finding.caught) << experiment.name << ": " << finding.how;
    alarm += finding.alarm;
  }
  EXPECT_GT(alarm, 0) << "some experiments are statistical";
  EXPECT_LT(alarm, kWholeAlarm);
}

// Each experiment is meant for some cheat: one that catches nothing shows nothing. No name is twice.
TEST(Cheats, EveryExperimentCatchesSomething) {
  std::set<std::string> names, used;
  for (const Cheat& cheat : Cheats()) {
    EXPECT_TRUE(names.insert(cheat.name).second) << cheat.name;
    EXPECT_TRUE(LooksAt(ExperimentOf(cheat.caught_by), cheat.parts)) << cheat.name;
    used.insert(cheat.caught_by);
  }
  for (const Experiment& experiment : Battery())
    EXPECT_TRUE(used.contains(experiment.name)) << experiment.name;
}

// Claim.FaultTellsNothing, its other half: what is released without the check gives a factor of n.
TEST(Cheats, AFaultGivesAFactor) {
  const Cheat& cheat = CheatOf("signer without verify-after");
  const Finding finding = ExperimentOf("fault").run({cheat.name, cheat.start, cheat.parts});
  const std::string label = "a factor of n: ";
  ASSERT_NE(finding.how.find(label), std::string::npos) << finding.how;
  const ZZ factor =
      NTL::conv<ZZ>(finding.how.substr(finding.how.find(label) + label.size()).c_str());
  EXPECT_TRUE(factor == Key(512, 6).p || factor == Key(512, 6).q) << factor;
}

class CheatTest : public testing::TestWithParam<Cheat> {};

TEST_P(CheatTest, IsCaught) {
  const Cheat& cheat = GetParam();
  const Subject subject{cheat.name, cheat.start, cheat.parts};
  const Finding meant = ExperimentOf(cheat.caught_by).run(subject);
  std::string others;
  for (const Experiment& experiment : Battery())
    if (experiment.name != cheat.caught_by && LooksAt(experiment, cheat.parts))
      if (experiment.run(subject).caught) others += (others.empty() ? "" : ", ") + experiment.name;
  std::cout << "cheat: " << cheat.name << " | " << cheat.twin_of << " | " << cheat.caught_by
            << " | " << meant.how << " | " << others << std::endl;
  EXPECT_TRUE(meant.caught) << cheat.name << " is not caught by " << cheat.caught_by << ": "
                            << meant.how;
}

INSTANTIATE_TEST_SUITE_P(Table, CheatTest, testing::ValuesIn(Cheats()),
                         [](const testing::TestParamInfo<Cheat>& cheat) {
                           std::string name;
                           for (const char letter : cheat.param.name)
                             name +=
                                 std::isalnum(static_cast<unsigned char>(letter)) ? letter : '_';
                           return name;
                         });

}  // namespace
}  // namespace blindlend::test
