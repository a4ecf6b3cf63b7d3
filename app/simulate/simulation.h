// Traffic of a group on a clock, and what an observer makes of it who has both logs: the admin's
// (who obtained tokens, when, how many) and the lenders' (when a token was spent, and where).
//
// The model. Members obtain batches of tokens. Each token can be spent from a moment on, its
// *earliest* (the end of the issue window if it was obtained before, and the least wait behind
// obtaining), and is spent a random time after that, each for itself; what would be spent after the
// epoch expires. The observer knows this model with all its numbers, and the logs; it does not know
// which token is which. What it can say of one spend is the posterior over members, taken over all
// joint matchings of spends with tokens, each weighed with its probability.
//
// The time from earliest to spending is exponential with mean `delay`, as in Kesdogan's stop-and-go
// mixes (1998): the law that is best for a mix that delays each message by itself (Danezis, "The
// traffic analysis of continuous-time mixes", PET 2004). A share of the tokens can be `hasty`:
// exponential with a shorter mean. So the numbers without hasty tokens are what a delay can give
// to members without habits, and not what it gives to those who have some.
//
// Measures, for one spend with posterior p over N members: entropy H(p) in bits; effective
// anonymity set 2^H members (Serjantov and Danezis, PET 2002); degree of anonymity H / log2 N in
// [0, 1] (Diaz, Seys, Claessens and Preneel, PET 2002); best guess, the largest p.
//
// No input or output, no clock, no randomness of its own.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ref/encoding.h"

namespace blindlend::simulate {

/// Times are in seconds.
struct Setting {
  /// In [2, kMaxMembers].
  std::size_t members = 20;
  /// Tokens of each member in the epoch, in [1, 1000]; members times tokens at most kMaxTokens.
  std::size_t tokens = 60;
  /// Tokens obtained at a time, in [1, tokens].
  std::size_t batch = 10;
  /// In [1, members]. Each member keeps to one lender, and the observer knows to which.
  std::size_t lenders = 1;
  /// The epoch is [0, epoch); tokens are obtained in [0, issue), 0 < issue <= epoch. If issue is
  /// less than epoch, nothing is spent before issue, as with `admin epoch --issue-days`.
  double epoch = 30 * 86400.0, issue = 30 * 86400.0;
  /// Mean time from when a token can be spent until it is, above 0, and the least time between
  /// obtaining and spending, at least 0.
  double delay = 3 * 86400.0, wait = 0;
  /// Whether all members obtain at the same times, at equal distances; else each at times of its
  /// own, uniform in the issue window.
  bool fixed_times = false;
  /// Whether a member's batches have a size of the member's own, uniform in [1, 2 * batch - 1];
  /// else all have the same.
  bool mixed_sizes = false;
  /// The share of tokens that are spent in haste, in [0, 1), and the mean time until then.
  double hasty = 0, haste = 900;
};

inline constexpr std::size_t kMaxMembers = 1000, kMaxTokens = 100'000;
/// The same with hasty tokens, where the posterior is sampled.
inline constexpr std::size_t kMaxSampled = 10'000;

/// A line of the admin's log.
struct Obtained {
  double at;
  std::size_t member, count;
};

/// A line of a lender's log; and what it does not say: whose it was, and when that was obtained.
struct Spent {
  double at;
  std::size_t lender;
  std::size_t member;
  double obtained_at;
};

/// One epoch. Both logs are in order of time.
struct Traffic {
  std::vector<Obtained> obtained;
  std::vector<Spent> spent;
  std::size_t expired = 0;
};

/// An endless source as numbers.
class Random {
 public:
  explicit Random(ByteSource source) : source_(std::move(source)) {}
  /// Uniform: 53 bits in [0, 1), and an integer in [0, below), below at least 1.
  double Unit();
  std::size_t Below(std::size_t below);
  /// Exponential with a mean.
  double Exponential(double mean);
  /// Whether the source was exhausted: then what was drawn is worth nothing.
  bool exhausted() const { return exhausted_; }

 private:
  std::uint64_t Draw();
  ByteSource source_;
  std::array<std::uint8_t, 4096> buffer_{};
  std::size_t left_ = 0;
  bool exhausted_ = false;
};

/// The lender that a member keeps to.
std::size_t LenderOf(const Setting& setting, std::size_t member);

/// When a token obtained at some time can be spent.
double Earliest(const Setting& setting, double obtained_at);

/// Natural logarithms: of the density of the time from earliest to spending, in 1/s, -infinity
/// below 0; and of the chance that it is longer, 0 below 0.
double LogDensity(const Setting& setting, double time);
double LogSurvival(const Setting& setting, double time);

/// One epoch of the setting.
Traffic Simulate(const Setting& setting, Random& random);

/// For each spend, in order: a distribution over members.
using Posterior = std::vector<std::vector<double>>;

/// The exact posterior, where hasty is 0. The density of a matching is then the same for all that
/// pair each spend with a token that could be spent before it: the exponentials multiply to a
/// function of the logs alone. How many tokens are left does not depend on which were taken, so
/// each spend, in order of time, takes each token left with equal probability, and later spends
/// tell nothing about it. A member's expected number of tokens left then follows from spend to
/// spend, exactly, in members times spends steps.
Posterior ExactPosterior(const Setting& setting, const Traffic& traffic);

/// The posterior for any setting, estimated by two Markov chains over matchings: Metropolis on
/// transpositions of what became of two tokens, which reach every matching (Diaconis, Graham and
/// Holmes, "Statistical problems involving permutations with restricted positions", 2001), begun at
/// random matchings drawn as ExactPosterior says, a fifth of each chain dropped. sweeps: of each,
/// as many proposals as tokens.
std::array<Posterior, 2> SampledPosteriors(const Setting& setting, const Traffic& traffic,
                                           std::size_t sweeps, Random& random);

/// H(p) in bits.
double Entropy(const std::vector<double>& p);

/// Spends by the time since they were obtained: bounds in seconds, the last one is open.
inline constexpr std::array<double, 6> kAges = {600, 3600, 6 * 3600, 86400, 3 * 86400.0, 1e300};

/// Means over spends.
struct Measures {
  std::size_t spends = 0, expired = 0;
  /// bits; members; the effective set that 5 % of spends fall below, members; [0, 1]; [0, 1].
  double entropy = 0, effective = 0, effective_low = 0, degree = 0, best_guess = 0;
  /// How often the best guess was right, in [0, 1]: the same within the error, if the posterior is.
  double right = 0;
  /// Standard error of best_guess and of right, over the epochs; 0 for a single one.
  double error = 0;
  /// Where the posterior is sampled: best_guess is too high and what half of the samples would say
  /// of a guess made with the other half is too low, by at most their difference; and by how much
  /// the entropy is too low, in bits.
  bool sampled = false;
  double guess_error = 0, entropy_error = 0;
  /// Number of spends of each age, and how often the best guess was right.
  std::array<std::size_t, kAges.size()> aged{};
  std::array<double, kAges.size()> right_aged{};
};

/// So many epochs, each with its observer. effective is 2 to the mean entropy. progress: told of
/// each epoch that has been measured. Nothing if the source is exhausted.
std::optional<Measures> Measure(const Setting& setting, std::size_t epochs, std::size_t sweeps,
                                Random& random, const std::function<void()>& progress = {});

/// One number of the setting varied, the others kept.
struct Axis {
  enum class Of { kDelay, kMembers, kBatch };
  Of of;
  std::vector<double> values;
};

/// The three ways to obtain that are compared.
struct Manner {
  const char* name;
  bool fixed_times, mixed_sizes;
};
inline constexpr std::array<Manner, 3> kManners = {{
    {"each at its own times", false, false},
    {"at fixed times, unequal batches", true, true},
    {"at fixed times, equal batches", true, false},
}};

/// measures[manner][value].
struct Curves {
  Axis axis;
  std::array<std::vector<Measures>, kManners.size()> measures;
};

/// The axes for a setting: round values around its own, which is among them.
std::vector<Axis> AxesFor(const Setting& setting);

/// setting with one number of the axis and a manner in place of its own.
Setting Varied(const Setting& setting, Axis::Of of, double value, const Manner& manner);

/// Why a setting is out of range, in words, or "".
std::string Complaint(const Setting& setting);

}  // namespace blindlend::simulate
