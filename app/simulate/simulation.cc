#include "simulation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace blindlend::simulate {

namespace {

constexpr double kNever = -1;

std::size_t ArgMax(const std::vector<double>& p) {
  return static_cast<std::size_t>(std::ranges::max_element(p) - p.begin());
}

/// log(e^a + e^b), where neither power need be a double.
double LogSum(double a, double b) {
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

/// What a mean over epochs and its error are made of.
struct Moments {
  double sum = 0, squares = 0;
  void Add(double x) { sum += x, squares += x * x; }
  /// The standard error of the mean of count values.
  double Error(std::size_t count) const {
    if (count < 2) return 0;
    const double n = static_cast<double>(count), mean = sum / n;
    return std::sqrt(std::max(0.0, squares / n - mean * mean) / (n - 1));
  }
};

/// One lender's part of the logs as a chain of matchings sees it.
class Chain {
 public:
  /// members, earliest: of the tokens, in order of earliest. spends: times, in order.
  Chain(const Setting& setting, const std::vector<std::size_t>& members,
        const std::vector<double>& earliest, const std::vector<double>& spends, Random& random)
      : setting_(setting), members_(members), earliest_(earliest), random_(random) {
    // Each spend takes a token out of those that are left.
    spent_.assign(members.size(), kNever);
    which_.assign(members.size(), spends.size());
    std::vector<std::size_t> left;
    std::size_t next = 0;
    for (std::size_t j = 0; j < spends.size(); ++j) {
      for (; next < members.size() && earliest[next] <= spends[j]; ++next) left.push_back(next);
      std::swap(left[random.Below(left.size())], left.back());
      spent_[left.back()] = spends[j];
      which_[left.back()] = j;
      left.pop_back();
    }
    for (std::size_t i = 0; i < members.size(); ++i) weight_.push_back(Weight(i, spent_[i]));
  }

  void Sweep() {
    const std::size_t n = members_.size();
    if (n < 2) return;
    for (std::size_t k = 0; k < n; ++k) {
      // Near ones and far ones alike: the distance is log-uniform, and the same forth and back.
      const std::size_t i = random_.Below(n);
      const auto distance =
          static_cast<std::size_t>(std::pow(static_cast<double>(n), random_.Unit()));
      const bool up = random_.Unit() < 0.5;
      if (up ? distance >= n - i : distance > i) continue;
      const std::size_t other = up ? i + distance : i - distance;
      const double a = Weight(i, spent_[other]), b = Weight(other, spent_[i]);
      if (std::log(1 - random_.Unit()) > a + b - weight_[i] - weight_[other]) continue;
      std::swap(spent_[i], spent_[other]);
      std::swap(which_[i], which_[other]);
      weight_[i] = a;
      weight_[other] = b;
    }
  }

  /// counts[spend][member] of this lender, one more where the matching has it.
  void Count(Posterior& counts, const std::vector<std::size_t>& number) const {
    for (std::size_t i = 0; i < members_.size(); ++i)
      if (which_[i] < number.size()) counts[number[which_[i]]][members_[i]] += 1;
  }

 private:
  double Weight(std::size_t i, double spent) const {
    return spent == kNever ? LogSurvival(setting_, setting_.epoch - earliest_[i])
                           : LogDensity(setting_, spent - earliest_[i]);
  }

  const Setting& setting_;
  const std::vector<std::size_t>& members_;
  const std::vector<double>& earliest_;
  Random& random_;
  /// When each token is spent or kNever, which spend that is, and the logarithm of its density.
  std::vector<double> spent_, weight_;
  std::vector<std::size_t> which_;
};

}  // namespace

std::uint64_t Random::Draw() {
  if (left_ < 8) {
    if (!source_(buffer_)) {
      exhausted_ = true;
      buffer_.fill(0);
    }
    left_ = buffer_.size();
  }
  std::uint64_t drawn = 0;
  for (int i = 0; i < 8; ++i) drawn = drawn << 8 | buffer_[--left_];
  return drawn;
}

double Random::Unit() {
  return static_cast<double>(Draw() >> 11) * 0x1p-53;
}

std::size_t Random::Below(std::size_t below) {
  // What lies beyond the last multiple is drawn again: each remainder equally likely.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % below;
  std::uint64_t drawn = Draw();
  while (drawn >= limit && !exhausted_) drawn = Draw();
  return drawn % below;
}

double Random::Exponential(double mean) {
  return -mean * std::log(1 - Unit());
}

std::size_t LenderOf(const Setting& setting, std::size_t member) {
  return member % setting.lenders;
}

double Earliest(const Setting& setting, double obtained_at) {
  const double earliest = obtained_at + setting.wait;
  return setting.issue < setting.epoch ? std::max(earliest, setting.issue) : earliest;
}

double LogDensity(const Setting& setting, double time) {
  if (time < 0) return -std::numeric_limits<double>::infinity();
  const double patient = std::log((1 - setting.hasty) / setting.delay) - time / setting.delay;
  if (setting.hasty == 0) return patient;
  return LogSum(patient, std::log(setting.hasty / setting.haste) - time / setting.haste);
}

double LogSurvival(const Setting& setting, double time) {
  if (time < 0) return 0;
  const double patient = std::log(1 - setting.hasty) - time / setting.delay;
  if (setting.hasty == 0) return patient;
  return LogSum(patient, std::log(setting.hasty) - time / setting.haste);
}

Traffic Simulate(const Setting& setting, Random& random) {
  Traffic traffic;
  const std::size_t rounds = (setting.tokens + setting.batch - 1) / setting.batch;
  for (std::size_t member = 0; member < setting.members; ++member) {
    const std::size_t size =
        setting.mixed_sizes ? 1 + random.Below(2 * setting.batch - 1) : setting.batch;
    for (std::size_t round = 0; round < rounds; ++round) {
      const double part = setting.fixed_times
                              ? static_cast<double>(round) / static_cast<double>(rounds)
                              : random.Unit();
      // The last batch of equal ones is what is left of the quota.
      const std::size_t count =
          setting.mixed_sizes ? size : std::min(size, setting.tokens - round * setting.batch);
      const double at = part * setting.issue;
      traffic.obtained.push_back({at, member, count});
      for (std::size_t i = 0; i < count; ++i) {
        const bool is_hasty = setting.hasty > 0 && random.Unit() < setting.hasty;
        const double spent =
            Earliest(setting, at) + random.Exponential(is_hasty ? setting.haste : setting.delay);
        if (spent < setting.epoch)
          traffic.spent.push_back({spent, LenderOf(setting, member), member, at});
        else
          ++traffic.expired;
      }
    }
  }
  // At one time in the order of members, so that a seed gives the same on every machine.
  const auto key = [](const auto& each) { return std::pair(each.at, each.member); };
  std::ranges::sort(traffic.obtained, {}, key);
  std::ranges::sort(traffic.spent, {}, key);
  return traffic;
}

Posterior ExactPosterior(const Setting& setting, const Traffic& traffic) {
  Posterior posterior;
  posterior.reserve(traffic.spent.size());
  // Tokens left: of each member the expected number, of each lender the number.
  std::vector<double> expected(setting.members);
  std::vector<std::size_t> left(setting.lenders);
  std::size_t next = 0;
  for (const Spent& spend : traffic.spent) {
    for (;
         next < traffic.obtained.size() && Earliest(setting, traffic.obtained[next].at) <= spend.at;
         ++next) {
      const Obtained& each = traffic.obtained[next];
      expected[each.member] += static_cast<double>(each.count);
      left[LenderOf(setting, each.member)] += each.count;
    }
    std::vector<double>& p = posterior.emplace_back(setting.members);
    const double pool = static_cast<double>(left[spend.lender]--);
    for (std::size_t member = spend.lender; member < setting.members; member += setting.lenders) {
      p[member] = expected[member] / pool;
      expected[member] -= p[member];
    }
  }
  return posterior;
}

std::array<Posterior, 2> SampledPosteriors(const Setting& setting, const Traffic& traffic,
                                           std::size_t sweeps, Random& random) {
  std::array<Posterior, 2> posteriors;
  posteriors.fill(Posterior(traffic.spent.size(), std::vector<double>(setting.members)));
  for (std::size_t lender = 0; lender < setting.lenders; ++lender) {
    // earliest does not fall as obtained_at rises, so the log's order is theirs.
    std::vector<std::size_t> members, number;
    std::vector<double> earliest, spends;
    for (const Obtained& each : traffic.obtained) {
      if (LenderOf(setting, each.member) != lender) continue;
      members.insert(members.end(), each.count, each.member);
      earliest.insert(earliest.end(), each.count, Earliest(setting, each.at));
    }
    for (std::size_t j = 0; j < traffic.spent.size(); ++j) {
      if (traffic.spent[j].lender != lender) continue;
      spends.push_back(traffic.spent[j].at);
      number.push_back(j);
    }
    for (Posterior& counts : posteriors) {
      Chain chain(setting, members, earliest, spends, random);
      for (std::size_t k = 0; k < sweeps / 5; ++k) chain.Sweep();
      for (std::size_t k = sweeps / 5; k < sweeps; ++k) {
        chain.Sweep();
        chain.Count(counts, number);
      }
    }
  }
  const double kept = static_cast<double>(sweeps - sweeps / 5);
  for (Posterior& counts : posteriors)
    for (std::vector<double>& p : counts)
      for (double& each : p) each /= kept;
  return posteriors;
}

double Entropy(const std::vector<double>& p) {
  return std::transform_reduce(p.begin(), p.end(), 0.0, std::plus{},
                               [](double each) { return each > 0 ? -each * std::log2(each) : 0; });
}

std::optional<Measures> Measure(const Setting& setting, std::size_t epochs, std::size_t sweeps,
                                Random& random, const std::function<void()>& progress) {
  Measures all;
  all.sampled = setting.hasty > 0;
  std::vector<double> entropies;
  std::array<std::size_t, kAges.size()> right_aged{};
  double best = 0, crossed = 0, halves = 0;
  std::size_t right = 0, counted = 0;
  Moments best_of_epochs, right_of_epochs;
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    const Traffic traffic = Simulate(setting, random);
    Posterior posterior;
    if (!all.sampled) {
      posterior = ExactPosterior(setting, traffic);
    } else {
      const auto [a, b] = SampledPosteriors(setting, traffic, sweeps, random);
      posterior = a;
      for (std::size_t j = 0; j < a.size(); ++j) {
        for (std::size_t m = 0; m < setting.members; ++m) posterior[j][m] = (a[j][m] + b[j][m]) / 2;
        crossed += (b[j][ArgMax(a[j])] + a[j][ArgMax(b[j])]) / 2;
        halves += (Entropy(a[j]) + Entropy(b[j])) / 2;
      }
    }
    if (random.exhausted()) return std::nullopt;
    if (progress) progress();
    all.expired += traffic.expired;
    if (traffic.spent.empty()) continue;
    double best_here = 0;
    std::size_t right_here = 0;
    for (std::size_t j = 0; j < traffic.spent.size(); ++j) {
      const Spent& spend = traffic.spent[j];
      const std::size_t guess = ArgMax(posterior[j]);
      entropies.push_back(Entropy(posterior[j]));
      best_here += posterior[j][guess];
      const std::size_t is_right = guess == spend.member ? 1 : 0;
      right_here += is_right;
      const auto age = static_cast<std::size_t>(
          std::ranges::upper_bound(kAges, spend.at - spend.obtained_at) - kAges.begin());
      ++all.aged[age];
      right_aged[age] += is_right;
    }
    const double n = static_cast<double>(traffic.spent.size());
    best += best_here;
    right += right_here;
    best_of_epochs.Add(best_here / n);
    right_of_epochs.Add(static_cast<double>(right_here) / n);
    ++counted;
  }
  all.spends = entropies.size();
  if (all.spends == 0) return all;
  const double n = static_cast<double>(all.spends);
  all.entropy = std::accumulate(entropies.begin(), entropies.end(), 0.0) / n;
  all.effective = std::exp2(all.entropy);
  const auto low = entropies.begin() + static_cast<std::ptrdiff_t>(all.spends / 20);
  std::nth_element(entropies.begin(), low, entropies.end());
  all.effective_low = std::exp2(*low);
  all.degree = all.entropy / std::log2(static_cast<double>(setting.members));
  all.best_guess = best / n;
  all.right = static_cast<double>(right) / n;
  all.error = std::max(best_of_epochs.Error(counted), right_of_epochs.Error(counted));
  if (all.sampled) {
    all.guess_error = std::max(0.0, all.best_guess - crossed / n);
    all.entropy_error = std::max(0.0, all.entropy - halves / n);
  }
  for (std::size_t age = 0; age < kAges.size(); ++age)
    if (all.aged[age] > 0)
      all.right_aged[age] =
          static_cast<double>(right_aged[age]) / static_cast<double>(all.aged[age]);
  return all;
}

std::vector<Axis> AxesFor(const Setting& setting) {
  constexpr double kMinute = 60, kHour = 3600, kDay = 86400;
  std::vector<Axis> axes = {
      {Axis::Of::kDelay,
       {setting.delay, 5 * kMinute, 30 * kMinute, 2 * kHour, 8 * kHour, kDay, 3 * kDay, 10 * kDay}},
      {Axis::Of::kMembers, {static_cast<double>(setting.members), 2, 3, 5, 10, 20, 50, 100}},
      {Axis::Of::kBatch, {static_cast<double>(setting.batch), 1, 2, 5, 10, 20, 50, 100, 200, 500}}};
  const std::size_t most = setting.hasty > 0 ? kMaxSampled : kMaxTokens;
  axes[2].values.push_back(static_cast<double>(setting.tokens));
  for (Axis& axis : axes) {
    std::erase_if(axis.values, [&](double value) {
      switch (axis.of) {
        case Axis::Of::kDelay:
          return value != setting.delay && value > setting.epoch / 2;
        case Axis::Of::kMembers:
          return value < static_cast<double>(setting.lenders) ||
                 value * static_cast<double>(setting.tokens) > static_cast<double>(most);
        case Axis::Of::kBatch:
          return value > static_cast<double>(setting.tokens);
      }
      return false;
    });
    std::ranges::sort(axis.values);
    const auto twice = std::ranges::unique(axis.values);
    axis.values.erase(twice.begin(), twice.end());
  }
  return axes;
}

Setting Varied(const Setting& setting, Axis::Of of, double value, const Manner& manner) {
  Setting varied = setting;
  switch (of) {
    case Axis::Of::kDelay:
      varied.delay = value;
      break;
    case Axis::Of::kMembers:
      varied.members = static_cast<std::size_t>(value);
      break;
    case Axis::Of::kBatch:
      varied.batch = static_cast<std::size_t>(value);
      break;
  }
  varied.fixed_times = manner.fixed_times;
  varied.mixed_sizes = manner.mixed_sizes;
  return varied;
}

std::string Complaint(const Setting& setting) {
  if (setting.members < 2 || setting.members > kMaxMembers) return "members: 2 to 1000";
  if (setting.tokens < 1 || setting.tokens > 1000) return "tokens: 1 to 1000 for each member";
  if (setting.members * setting.tokens > kMaxTokens)
    return "members times tokens: at most " + std::to_string(kMaxTokens);
  if (setting.batch < 1 || setting.batch > setting.tokens)
    return "a batch: 1 to as many as the tokens of a member";
  if (setting.lenders < 1 || setting.lenders > setting.members)
    return "lenders: 1 to as many as the members";
  if (!(setting.epoch > 0) || !(setting.issue > 0) || setting.issue > setting.epoch)
    return "the issue window: above 0 and no longer than the epoch";
  if (!(setting.delay > 0)) return "the delay: above 0";
  if (!(setting.wait >= 0) || setting.wait >= setting.epoch)
    return "the least wait: shorter than the epoch";
  if (!(setting.hasty >= 0) || !(setting.hasty < 1)) return "the hasty share: at least 0, below 1";
  if (!(setting.haste > 0)) return "the haste: above 0";
  if (setting.hasty > 0 && setting.members * setting.tokens > kMaxSampled)
    return "with hasty tokens, members times tokens: at most " + std::to_string(kMaxSampled);
  return "";
}

}  // namespace blindlend::simulate
