// Bounds that are theorems, so that an alarm of a test has a stated chance of being false.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace blindlend::test {

/// The chance of a false alarm that each single statistical check is given: 2^-50. All experiments and
/// tests of this folder together make fewer than 2^8 such checks, so that by the union bound a run of
/// everything raises a false alarm with probability below 2^-42; the experiments sum what they have spent,
/// and the tests assert the sum.
inline const double kAlarm = std::exp2(-50);
/// What a whole run may spend.
inline const double kWholeAlarm = std::exp2(-40);

/// P(X >= least) for X binomial of `times` trials with chance p. Exact up to rounding: the terms are
/// summed from their logarithms.
inline double AtLeast(long times, double p, long least) {
  double sum = 0;
  for (long k = std::max(least, 0L); k <= times; ++k) {
    const double n = static_cast<double>(times), x = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) +
                    (k > 0 ? x * std::log(p) : 0) + (k < times ? (n - x) * std::log1p(-p) : 0));
  }
  return std::min(sum, 1.0);
}

inline double AtMost(long times, double p, long most) {
  return AtLeast(times, 1 - p, times - most);
}

/// Whether a count is so far from `times` * p, on either side, that it happens with probability at
/// most `alarm`. 0 < p < 1.
inline bool IsFar(long times, double p, long count, double alarm = kAlarm) {
  return AtLeast(times, p, count) <= alarm / 2 || AtMost(times, p, count) <= alarm / 2;
}

/// The largest distance between the distribution of these values and the uniform one on [0, 1).
inline double Distance(std::vector<double> values) {
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto below = static_cast<double>(i);
    distance = std::max({distance, values[i] - below / count, (below + 1) / count - values[i]});
  }
  return distance;
}

/// The distance that independent uniform values exceed with probability at most `alarm`: the inequality
/// of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990), P(D > t) <= 2 exp(-2 N t^2).
inline double FarDistance(std::size_t count, double alarm = kAlarm) {
  return std::sqrt(std::log(2 / alarm) / (2 * static_cast<double>(count)));
}

}  // namespace blindlend::test
