// The observer of the simulation against one that enumerates every matching, and what the
// simulation says that the documents repeat.
#include "app/simulate/simulation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/cli/commands.h"
#include "tests/support/support.h"

namespace blindlend::simulate {
namespace {

using test::TapeFrom;

constexpr double kDay = 86400, kHour = 3600;

Random RandomFrom(std::uint64_t seed) {
  return Random([tape = std::make_shared<Tape>(TapeFrom(seed))](std::span<std::uint8_t> bytes) {
    return tape->Source()(bytes);
  });
}

/// Few enough tokens that every matching can be looked at.
Setting Small(Random& random) {
  Setting setting;
  setting.members = 2 + random.Below(3);
  setting.tokens = 1 + random.Below(8 / setting.members);
  setting.batch = 1 + random.Below(setting.tokens);
  setting.lenders = 1 + random.Below(2);
  setting.epoch = 10 * kDay;
  setting.issue = random.Below(3) == 0 ? 4 * kDay : setting.epoch;
  setting.delay = random.Below(2) == 0 ? kDay : 3 * kDay;
  setting.wait = random.Below(3) == 0 ? 6 * kHour : 0;
  setting.fixed_times = random.Below(2) == 0;
  return setting;
}

/// The posterior by its definition: every way to give each spend a token of its own, weighed with
/// the product of the densities of all that it says, the unspent tokens' chances to be so included.
Posterior Enumerated(const Setting& setting, const Traffic& traffic) {
  struct Candidate {
    std::size_t member;
    double earliest;
    bool taken = false;
  };
  std::vector<Candidate> tokens;
  for (const Obtained& each : traffic.obtained)
    for (std::size_t i = 0; i < each.count; ++i) {
      double earliest = each.at + setting.wait;
      if (setting.issue < setting.epoch && earliest < setting.issue) earliest = setting.issue;
      tokens.push_back({each.member, earliest});
    }
  const auto density = [&](double time) {
    const double h = setting.hasty, d = setting.delay, g = setting.haste;
    return time < 0 ? 0 : (1 - h) / d * std::exp(-time / d) + h / g * std::exp(-time / g);
  };
  const auto survival = [&](double time) {
    const double h = setting.hasty, d = setting.delay, g = setting.haste;
    return time < 0 ? 1 : (1 - h) * std::exp(-time / d) + h * std::exp(-time / g);
  };
  Posterior sums(traffic.spent.size(), std::vector<double>(setting.members));
  std::vector<std::size_t> owner(traffic.spent.size());
  double whole = 0;
  const std::function<void(std::size_t, double)> match = [&](std::size_t j, double weight) {
    if (weight == 0) return;
    if (j == traffic.spent.size()) {
      for (const Candidate& each : tokens)
        if (!each.taken) weight *= survival(setting.epoch - each.earliest);
      whole += weight;
      for (std::size_t k = 0; k < j; ++k) sums[k][owner[k]] += weight;
      return;
    }
    const Spent& spend = traffic.spent[j];
    for (Candidate& each : tokens) {
      if (each.taken || each.member % setting.lenders != spend.lender) continue;
      each.taken = true;
      owner[j] = each.member;
      match(j + 1, weight * kDay * density(spend.at - each.earliest));
      each.taken = false;
    }
  };
  match(0, 1);
  for (std::vector<double>& p : sums)
    for (double& each : p) each /= whole;
  return sums;
}

TEST(Simulation, ExactIsEnumerated) {
  Random random = RandomFrom(1);
  std::size_t spends = 0, unsure = 0;
  for (std::size_t world = 0; world < 60; ++world) {
    const Setting setting = Small(random);
    const Traffic traffic = Simulate(setting, random);
    const Posterior exact = ExactPosterior(setting, traffic);
    const Posterior enumerated = Enumerated(setting, traffic);
    ASSERT_EQ(exact.size(), enumerated.size());
    for (std::size_t j = 0; j < exact.size(); ++j) {
      ++spends;
      unsure += Entropy(enumerated[j]) > 0.1 ? 1u : 0u;
      for (std::size_t m = 0; m < setting.members; ++m)
        ASSERT_NEAR(exact[j][m], enumerated[j][m], 1e-9) << "world " << world << ", spend " << j;
    }
  }
  EXPECT_GE(spends, 100u);
  EXPECT_GE(unsure, 50u) << "most have something to find out";
}

// 16,000 kept matchings in each chain. Were they independent, a share would be off by 0.05 with
// probability below 2 e^(-2 * 16000 * 0.05^2) < 2^-114 by Hoeffding, and with a quarter of them
// below 2^-27; the tape is fixed, so that the run is the same every time.
TEST(Simulation, SampledIsEnumerated) {
  Random random = RandomFrom(2);
  std::size_t differs = 0;
  for (std::size_t world = 0; world < 12; ++world) {
    Setting setting = Small(random);
    if (world % 4 != 0) {
      setting.hasty = 0.4;
      setting.haste = kHour;
      setting.fixed_times = false;
      setting.issue = setting.epoch;
      setting.lenders = 1;
    }
    const Traffic traffic = Simulate(setting, random);
    const Posterior enumerated = Enumerated(setting, traffic);
    const auto sampled = SampledPosteriors(setting, traffic, 20'000, random);
    const Posterior patient = ExactPosterior(setting, traffic);
    for (std::size_t j = 0; j < enumerated.size(); ++j)
      for (std::size_t m = 0; m < setting.members; ++m) {
        for (const Posterior& chain : sampled)
          EXPECT_NEAR(chain[j][m], enumerated[j][m], 0.05) << "world " << world << ", spend " << j;
        differs += std::abs(patient[j][m] - enumerated[j][m]) > 0.05 ? 1u : 0u;
      }
  }
  EXPECT_GE(differs, 10u) << "haste matters here";
}

// At the size of a real group the chains are held against the exact posterior, where there is one.
TEST(Simulation, SampledIsExactWhereBothAre) {
  Random random = RandomFrom(3);
  Setting setting;
  setting.tokens = 30;
  const Traffic traffic = Simulate(setting, random);
  ASSERT_GE(traffic.spent.size(), 400u);
  const Posterior exact = ExactPosterior(setting, traffic);
  const auto sampled = SampledPosteriors(setting, traffic, 2000, random);
  double distance = 0, best = 0, best_sampled = 0, crossed = 0;
  for (std::size_t j = 0; j < exact.size(); ++j) {
    std::vector<double> mean(setting.members);
    for (std::size_t m = 0; m < setting.members; ++m) {
      mean[m] = (sampled[0][j][m] + sampled[1][j][m]) / 2;
      distance += std::abs(mean[m] - exact[j][m]) / 2;
    }
    best += std::ranges::max(exact[j]);
    best_sampled += std::ranges::max(mean);
    const auto& [a, b] = sampled;
    crossed += b[j][static_cast<std::size_t>(std::ranges::max_element(a[j]) - a[j].begin())];
  }
  const double n = static_cast<double>(exact.size());
  EXPECT_LT(distance / n, 0.05);
  EXPECT_NEAR(best / n, best_sampled / n, 0.02);
  // What is sampled lies above, and what one chain says of the other one's guess below.
  EXPECT_GT(best_sampled / n, best / n - 0.002);
  EXPECT_LT(crossed / n, best / n + 0.002);
}

// A right observer is right as often as it says. The difference in an epoch is a number in [-1, 1]
// with mean 0, so that over 4,000 equally long epochs it is beyond 0.09 with probability below 2
// e^(-4000 * 0.09^2 / 2) < 2^-22 by Hoeffding; the second bound is five standard errors. The tape
// is fixed.
TEST(Simulation, RightAsOftenAsItSays) {
  Random random = RandomFrom(4);
  Setting setting;
  setting.members = 5;
  setting.tokens = 6;
  setting.batch = 2;
  setting.mixed_sizes = true;
  const auto exact = Measure(setting, 4000, 0, random);
  EXPECT_NEAR(exact->best_guess, exact->right, 0.09);
  EXPECT_NEAR(exact->best_guess, exact->right, 5 * exact->error + 0.005);
  setting.hasty = 0.3;
  const auto sampled = Measure(setting, 100, 200, random);
  EXPECT_NEAR(sampled->best_guess, sampled->right, 5 * sampled->error + sampled->guess_error);
  EXPECT_GT(sampled->best_guess, exact->best_guess) << "haste gives itself away";
}

// What is said of the sampling error is large where the chains are short, and covers what is then
// wrong.
TEST(Simulation, ShortChainsSaySo) {
  Setting setting;
  setting.members = 8;
  setting.tokens = 10;
  setting.batch = 5;
  setting.hasty = 0.3;
  const auto measure = [&](std::size_t sweeps) {
    Random random = RandomFrom(11);
    return Measure(setting, 6, sweeps, random).value();
  };
  const Measures brief = measure(20), thorough = measure(2000);
  EXPECT_GT(brief.guess_error, 0.1) << "16 matchings in each chain";
  EXPECT_GT(brief.guess_error, 4 * thorough.guess_error);
  EXPECT_GT(brief.entropy_error, 4 * thorough.entropy_error);
  EXPECT_LT(thorough.guess_error, 0.02);
  EXPECT_GT(brief.best_guess, thorough.best_guess);
  EXPECT_LT(brief.best_guess - brief.guess_error, thorough.best_guess);
}

TEST(Simulation, Measures) {
  EXPECT_DOUBLE_EQ(Entropy({0.5, 0.25, 0.25}), 1.5);
  EXPECT_DOUBLE_EQ(Entropy({1, 0, 0}), 0);
  EXPECT_NEAR(Entropy(std::vector<double>(10, 0.1)), std::log2(10), 1e-12);
  // Two members with 1 and 3 tokens at the same time, spent in turn: H(1/4) = 0.8113 bits
  // throughout.
  Setting setting;
  setting.members = 2;
  Traffic traffic{{{0, 0, 1}, {0, 1, 3}}, {}, 0};
  for (int i = 1; i <= 4; ++i) traffic.spent.push_back({i * kDay, 0, 1, 0});
  for (const std::vector<double>& p : ExactPosterior(setting, traffic)) {
    EXPECT_NEAR(p[0], 0.25, 1e-12);
    EXPECT_NEAR(Entropy(p), 0.811278, 1e-6);
  }
}

// Hand-made: B obtains a second day, A's one token must have been spent first.
TEST(Simulation, LaterSpendsSettleEarlierOnes) {
  Setting setting;
  setting.members = 2;
  const Traffic traffic{
      {{0, 0, 1}, {2 * kDay, 1, 1}}, {{1 * kDay, 0, 0, 0}, {3 * kDay, 0, 1, 2 * kDay}}, 0};
  EXPECT_EQ(ExactPosterior(setting, traffic), (Posterior{{1, 0}, {0, 1}}));
}

// Everybody obtains the same at the same times: nothing is found out, whatever the delay and the
// haste.
TEST(Simulation, FixedTimesAndEqualBatchesHide) {
  Random random = RandomFrom(5);
  for (const double delay : {60.0, kHour, 10 * kDay}) {
    Setting setting;
    setting.delay = delay;
    setting.fixed_times = true;
    const auto measures = Measure(setting, 3, 0, random);
    EXPECT_NEAR(measures->effective, 20, 1e-9);
    EXPECT_NEAR(measures->degree, 1, 1e-9);
    EXPECT_NEAR(measures->best_guess, 0.05, 1e-9);
    setting.mixed_sizes = true;
    EXPECT_LT(Measure(setting, 3, 0, random)->effective, 19);
  }
}

// A wait that everybody keeps and the observer knows hides nothing; an issue window that ends
// before anything is spent does.
TEST(Simulation, WaitsAndWindows) {
  Setting setting;
  setting.delay = 6 * kHour;
  const auto effective = [&] {
    Random random = RandomFrom(6);
    return Measure(setting, 20, 0, random)->effective;
  };
  const double without = effective();
  EXPECT_LT(without, 6);
  setting.wait = 2 * kDay;
  EXPECT_NEAR(effective(), without, 0.5);
  setting.wait = 0;
  setting.issue = 7 * kDay;
  EXPECT_NEAR(effective(), 20, 1e-9);
}

// The default of member spend --min-age. A quarter of the tokens is spent in haste, an hour behind
// on average: those are found, and tokens as old as the default are guessed no better than in a
// group without haste.
TEST(Simulation, MinAge) {
  Setting setting;
  setting.tokens = 30;
  setting.batch = 5;
  Random random = RandomFrom(7);
  const auto patient = Measure(setting, 40, 0, random);
  setting.hasty = 0.25;
  setting.haste = kHour;
  const auto hasty = Measure(setting, 4, 300, random);
  EXPECT_GT(hasty->right_aged[0], 0.6);
  EXPECT_GT(hasty->right_aged[0], 2 * patient->right_aged[0]);
  for (std::size_t age = 1; age < kAges.size(); ++age) {
    if (kAges[age - 1] < static_cast<double>(kMinAge)) continue;
    ASSERT_GE(hasty->aged[age], 300u);
    EXPECT_LT(hasty->right_aged[age], patient->right_aged[age] + 0.05) << kAges[age];
  }
  EXPECT_EQ(kMinAge, 24u * 60 * 60);
}

TEST(Simulation, SameTapeSameNumbers) {
  Setting setting;
  setting.tokens = 10;
  setting.hasty = 0.2;
  const auto run = [&](std::uint64_t seed) {
    Random random = RandomFrom(seed);
    return Measure(setting, 2, 50, random)->entropy;
  };
  EXPECT_EQ(run(8), run(8));
  EXPECT_NE(run(8), run(9));
}

TEST(Simulation, ExhaustedSource) {
  Random random([](std::span<std::uint8_t>) { return false; });
  EXPECT_FALSE(Measure(Setting{}, 1, 0, random).has_value());
}

TEST(Simulation, Complaints) {
  EXPECT_EQ(Complaint(Setting{}), "");
  const auto complains = [](const std::function<void(Setting&)>& change) {
    Setting setting;
    change(setting);
    return !Complaint(setting).empty();
  };
  EXPECT_TRUE(complains([](Setting& s) { s.members = 1; }));
  EXPECT_TRUE(complains([](Setting& s) { s.members = 1001; }));
  EXPECT_TRUE(complains([](Setting& s) { s.tokens = 0; }));
  EXPECT_TRUE(complains([](Setting& s) { s.members = s.tokens = 1000; }));
  EXPECT_TRUE(complains([](Setting& s) { s.batch = 61; }));
  EXPECT_TRUE(complains([](Setting& s) { s.batch = 0; }));
  EXPECT_TRUE(complains([](Setting& s) { s.lenders = 21; }));
  EXPECT_TRUE(complains([](Setting& s) { s.lenders = 0; }));
  EXPECT_TRUE(complains([](Setting& s) { s.issue = 31 * kDay; }));
  EXPECT_TRUE(complains([](Setting& s) { s.issue = 0; }));
  EXPECT_TRUE(complains([](Setting& s) { s.delay = 0; }));
  EXPECT_TRUE(complains([](Setting& s) { s.delay = std::nan(""); }));
  EXPECT_TRUE(complains([](Setting& s) { s.wait = 30 * kDay; }));
  EXPECT_TRUE(complains([](Setting& s) { s.hasty = 1; }));
  EXPECT_TRUE(complains([](Setting& s) { s.haste = 0; }));
  EXPECT_TRUE(complains([](Setting& s) { s.members = 500, s.tokens = 50, s.hasty = 0.1; }));
}

// The numbers from the tape are what they are called. 40,000 draws: a share is off by 0.02 with
// probability below 2 e^(-2 * 40000 * 0.02^2) < 2^-45 by Hoeffding.
TEST(Simulation, Draws) {
  Random random = RandomFrom(10);
  std::array<int, 3> below{};
  int low = 0, beyond = 0;
  constexpr int kDraws = 40'000;
  for (int i = 0; i < kDraws; ++i) {
    const double unit = random.Unit();
    ASSERT_TRUE(unit >= 0 && unit < 1);
    low += unit < 0.25 ? 1 : 0;
    ++below.at(random.Below(3));
    beyond += random.Exponential(5) > 5 ? 1 : 0;
  }
  EXPECT_NEAR(low / double{kDraws}, 0.25, 0.02);
  for (const int count : below) EXPECT_NEAR(count / double{kDraws}, 1.0 / 3, 0.02);
  EXPECT_NEAR(beyond / double{kDraws}, std::exp(-1), 0.02);
}

}  // namespace
}  // namespace blindlend::simulate
