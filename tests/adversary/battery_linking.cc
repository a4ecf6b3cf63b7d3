// Experiments on the factors r_ii = (blinded_i / H(msg_i))^d of the true pairs, which the holder of the
// private key can compute for every pair. In the honest client they are independent uniform units; so
// they are for every other pairing (linking_test.cc), and nothing tells the true one.
#include <algorithm>
#include <map>
#include <sstream>

#include "tests/adversary/battery.h"
#include "tests/adversary/statistics.h"
#include "tests/adversary/world.h"
#include "tests/support/support.h"

namespace blindlend::test {

namespace {

// n is 0.704 * 2^512: there reduction mod n shows most, at 1/sqrt(2) of a power of two.
const SecretKey& LinkingKey() {
  return Key(512, 6);
}

// Enough for every flawed client of the table, by the powers below. With N = 4000 and an alarm of 2^-50
// a distribution is told from the uniform one at a distance above t = 0.0665 (FarDistance), and a cheat
// whose true distance is d is missed with probability at most exp(-2 N (d - t)^2):
//   r reduced mod n      d = (1-v)(2-1/v) = 0.1715 for v = 0.704: below 2^-120
//   r's top bit cleared  nothing at or above 2^511, where 0.29 of the units lie; certain, since an honest
//                        client has none there with probability 0.71^4000
//   r odd only           d = 1/2: below 2^-1000
//   r a square           all in one class of four; certain
//   64-bit r, r = 1      below 2^-61 n; certain
//   r reused             certain
std::size_t Count() {
  return 4000 * Times();
}

const Sessions& SessionsOf(const Subject& subject) {
  if (!subject.sessions) {
    Tape tape = Tape::FromSeed(SeedFor("linking"));
    subject.sessions = std::make_shared<const Sessions>(
        RunSessions(subject.start, LinkingKey(), Count(), tape.Source()));
  }
  return *subject.sessions;
}

// A linking experiment over the factors of the true pairs.
Experiment Links(const std::string& name, std::function<Finding(const Sessions&)> run) {
  return {"linking: " + name,
          {Part::kMint, Part::kBlind, Part::kHash},
          [run](const Subject& subject) { return run(SessionsOf(subject)); }};
}

std::string Say(const std::string& what, double value, const std::string& bound, double limit) {
  std::ostringstream text;
  text << what << " " << value << ", " << bound << " " << limit;
  return text.str();
}

// Whether values that should be uniform on [0, 1) are not. The discreteness of what they are made from
// moves no probability by more than 2^-50, far below the slack of the constants.
Finding Even(std::vector<double> values) {
  const double limit = FarDistance(values.size()), distance = Distance(std::move(values));
  return {distance > limit, Say("distance", distance, "bound", limit), kAlarm};
}

// Claim.Blind: all are units, and none is small. P(some r_ii < n / 2^b) <= N / 2^b.
Finding Size(const Sessions& sessions) {
  const ZZ& n = sessions.sk->n;
  const ZZ limit = n >> (50 + NTL::NumBits(static_cast<long>(sessions.true_factors.size())));
  long small = 0;
  for (const ZZ& r : sessions.true_factors)
    small += r <= 0 || r >= n || GCD(r, n) != 1 || r < limit;
  return {small > 0, std::to_string(small) + " small or no units", kAlarm};
}

// Claim.FreshBytes: no two are equal. P < N^2 / 2^511.
Finding Repeats(const Sessions& sessions) {
  std::vector<ZZ> sorted = sessions.true_factors;
  std::ranges::sort(sorted, [](const ZZ& a, const ZZ& b) { return a < b; });
  long repeats = 0;
  for (std::size_t i = 1; i < sorted.size(); ++i) repeats += sorted[i] == sorted[i - 1];
  return {repeats > 0, std::to_string(repeats) + " repeated"};
}

// Claim.Blind: as many have their top bit set as have it among all units.
Finding Top(const Sessions& sessions) {
  const ZZ half = NTL::power2_ZZ(NumBits(sessions.sk->n) - 1);
  const double expected = 1 - Share(half, sessions.sk->n);
  const auto high =
      std::ranges::count_if(sessions.true_factors, [&](const ZZ& r) { return r >= half; });
  const auto count = static_cast<long>(sessions.true_factors.size());
  return {IsFar(count, expected, high),
          Say("share with the top bit", static_cast<double>(high) / static_cast<double>(count),
              "of all units", expected),
          kAlarm};
}

// Claim.Blind: the lowest bits are even, the lowest one first.
Finding Low(const Sessions& sessions) {
  std::vector<double> values;
  for (const ZZ& r : sessions.true_factors) values.push_back(LowShare(r));
  return Even(values);
}

// Claim.Blind: all of [1, n-1] evenly.
Finding Spread(const Sessions& sessions) {
  std::vector<double> values;
  for (const ZZ& r : sessions.true_factors) values.push_back(Share(r, sessions.sk->n));
  return Even(values);
}

// Claim.Blind: squares mod p and mod q a quarter each way, and so Jacobi symbols half each way. The
// quarters are exact.
Finding Residue(const Sessions& sessions) {
  std::array<long, 4> classes{};
  for (const ZZ& r : sessions.true_factors) ++classes[ResidueClass(*sessions.sk, r)];
  const auto count = static_cast<long>(sessions.true_factors.size());
  const bool far = std::ranges::any_of(
      classes, [&](long members) { return IsFar(count, 0.25, members, kAlarm / 5); });
  const long jacobi = classes[0] + classes[3];
  return {far || IsFar(count, 0.5, jacobi, kAlarm / 5),
          Say("squares", static_cast<double>(classes[3]), "of", static_cast<double>(count)),
          kAlarm};
}

}  // namespace

std::vector<Experiment> LinkingExperiments() {
  return {Links("size", Size), Links("repeats", Repeats),     Links("top", Top),
          Links("low", Low),   Links("distribution", Spread), Links("residue", Residue)};
}

}  // namespace blindlend::test
