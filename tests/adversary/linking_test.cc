// Linking with the private key in hand: the factor of every pair of a signing request and a token.
//
// For the honest client, whatever the messages, the factors of the pairs (i, i+k), i = 0, ..., N-1, are
// independent uniform units for each shift k (indices mod N): r_i times a constant. So no shift differs
// in distribution from shift 0, the true pairing. More than that: relabelling the tokens by a shift leaves
// the joint distribution of the whole table as it was, so that whatever is computed from each shift, the
// true one's rank among the N is exactly uniform.
#include <algorithm>
#include <iostream>

#include "tests/adversary/battery.h"
#include "tests/adversary/statistics.h"
#include "tests/adversary/world.h"
#include "tests/support/support.h"

namespace blindlend::test {
namespace {

const Start kShipped = [](const Bytes&) { return Shipped(); };

// What is computed of each shift: how far its factors are from even, in [1, n-1] and in their low bits,
// how few have the top bit, how unevenly they are squares, how small the smallest is. Larger is stranger.
struct Strange {
  double high, low, top, residue, small;
};
constexpr double Strange::* kStatistics[] = {&Strange::high, &Strange::low, &Strange::top,
                                             &Strange::residue, &Strange::small};
constexpr double kStatisticsCount = 5;

std::vector<Strange> Shifts(const Sessions& sessions) {
  const SecretKey& sk = *sessions.sk;
  const std::size_t count = sessions.msgs.size();
  const Pairs pairs(sk, sessions.blinded, sessions.hashes);
  // The class of a product is the product of the classes, and d is odd: blinded / hash will do.
  std::vector<std::size_t> blinded, hashes;
  for (const ZZ& x : sessions.blinded) blinded.push_back(ResidueClass(sk, x));
  for (const ZZ& h : sessions.hashes) hashes.push_back(ResidueClass(sk, h));
  const double half = Share(NTL::power2_ZZ(NumBits(sk.n) - 1), sk.n);

  std::vector<Strange> shifts;
  std::vector<double> high(count), low(count);
  for (std::size_t k = 0; k < count; ++k) {
    std::array<double, 4> classes{};
    double above = 0, smallest = 1;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = (i + k) % count;
      const ZZ r = pairs(i, j);
      high[i] = Share(r, sk.n);
      low[i] = LowShare(r);
      above += high[i] >= half;
      smallest = std::min(smallest, high[i]);
      ++classes[3 - (blinded[i] ^ hashes[j])];
    }
    const auto all = static_cast<double>(count);
    double uneven = 0;
    for (const double members : classes) uneven = std::max(uneven, std::abs(members / all - 0.25));
    shifts.push_back({Distance(high), Distance(low), 1 - above / all, uneven, -smallest});
  }
  return shifts;
}

// How many sessions: all their pairs are computed, and in a sanitized build that takes its time. 1,000 are
// enough for what is asserted there too; the bounds follow the number.
#ifdef BLINDLEND_SANITIZED
constexpr std::size_t kAllPairs = 1000;
#else
constexpr std::size_t kAllPairs = 4000;
#endif

// The rank of shift 0 by a statistic, 1 being the strangest; where others are equal, the worst.
std::size_t Rank(const std::vector<Strange>& shifts, double Strange::* statistic) {
  std::size_t rank = 1;
  for (std::size_t k = 1; k < shifts.size(); ++k)
    rank += shifts[k].*statistic >= shifts[0].*statistic;
  return rank;
}

// Claim.Blind, Claim.Unlinkable: 4,000 sessions, 16 million pairs. Every shift is as even as uniform
// units are, the true one like the others. Bounds: FarDistance for the two distances; Hoeffding's
// inequality, P(mean is off by t) <= 2 exp(-2 N t^2), for share of the top bit and of each class; union over
// all shifts. Altogether a false alarm with probability below 7 * 2^-50.
TEST(Linking, AllPairsLookAlike) {
  const SecretKey& sk = Key(512, 6);
  EXPECT_NEAR(Share(sk.n, NTL::power2_ZZ(512)), 0.704, 0.001);
  Tape tape = Tape::FromSeed(SeedFor("all pairs"));
  for (std::size_t time = 0; time < Times(); ++time) {
    const Sessions sessions = RunSessions(kShipped, sk, kAllPairs, tape.Source());
    const std::vector<Strange> shifts = Shifts(sessions);
    const auto count = static_cast<double>(shifts.size());
    const double far = FarDistance(shifts.size(), kAlarm / count / static_cast<double>(Times()));
    const double expected = Share(NTL::power2_ZZ(511), sk.n);
    for (std::size_t k = 0; k < shifts.size(); ++k) {
      EXPECT_LE(shifts[k].high, far) << k;
      EXPECT_LE(shifts[k].low, far) << k;
      EXPECT_LE(std::abs(shifts[k].top - expected), far) << k;
      EXPECT_LE(shifts[k].residue, far) << k;
    }
    // Every pair is possible: each token can have come from each request.
    const Pairs pairs(sk, sessions.blinded, sessions.hashes);
    for (std::size_t i = 0; i < kAllPairs; i += 37) {
      const std::size_t j = (i * i + 1) % kAllPairs;
      EXPECT_EQ(MulMod(sessions.hashes[j], PowerMod(pairs(i, j), sk.e, sk.n), sk.n),
                sessions.blinded[i]);
    }
    std::cout << "linking: " << shifts.size() << " sessions, " << shifts.size() * shifts.size()
              << " pairs; true pairing's distance " << shifts[0].high << ", bound " << far
              << "; its ranks";
    for (const auto statistic : kStatistics) std::cout << " " << Rank(shifts, statistic);
    std::cout << std::endl;
  }
}

// Claim.Blind, Claim.Unlinkable, without any assumption on the messages: under five keys, n / 2^512 from
// 0.70 to 0.87, the true pairing is not the strangest of 1,000 shifts by one statistic under all keys.
// By chance it is so with probability 5 / 1000^5, below 2^-47; ties count as the worst rank, so can only
// lessen it.
TEST(Linking, TheTruePairingHasNoRank) {
  std::array<int, 5> strangest{};
  Tape tape = Tape::FromSeed(SeedFor("ranks"));
  for (const int number : {6, 8, 1, 10, 11}) {
    const SecretKey& sk = Key(512, number);
    const double share = Share(sk.n, NTL::power2_ZZ(512));
    EXPECT_TRUE(share > 0.55 && share < 0.9) << share;
    const auto shifts = Shifts(RunSessions(kShipped, sk, 1000, tape.Source()));
    for (std::size_t i = 0; i < 5; ++i) strangest[i] += Rank(shifts, kStatistics[i]) == 1;
  }
  EXPECT_LT(kStatisticsCount / std::pow(1000, 5), kWholeAlarm);
  for (const int times : strangest) EXPECT_LT(times, 5);
}

// What the ranks and the pairs are worth: the same with r's top bit cleared. The true pairing is the
// strangest under each key, and of the false ones a share of 1 - 2^511 / n is ruled out: a factor above
// 2^511 cannot have been drawn. (0.31 at n = 0.72 * 2^512, 0.42 at 0.86.)
TEST(Linking, WouldShowAClearedTopBit) {
  Tape tape = Tape::FromSeed(SeedFor("cleared"));
  for (const int number : {6, 8, 1, 10, 11}) {
    const SecretKey& sk = Key(512, number);
    const Sessions sessions =
        RunSessions(CheatOf("r's top bit cleared").start, sk, 400, tape.Source());
    const auto shifts = Shifts(sessions);
    EXPECT_EQ(Rank(shifts, &Strange::top), 1u);
    double ruled_out = 0;
    for (std::size_t k = 1; k < shifts.size(); ++k) ruled_out += 1 - shifts[k].top;
    ruled_out /= static_cast<double>(shifts.size() - 1);
    const double expected = 1 - Share(NTL::power2_ZZ(511), sk.n);
    // Each shift's share is within FarDistance of it, by Hoeffding and a union over 399 shifts.
    EXPECT_NEAR(ruled_out, expected, FarDistance(400, kAlarm / 400));
    std::cout << "linking: with r's top bit cleared, n = " << Share(sk.n, NTL::power2_ZZ(512))
              << " * 2^512: " << ruled_out << " of the false pairs ruled out" << std::endl;
  }
}

// Claim.Blind at a production length: 300 sessions, and 90,000 pairs of them. Bounds as above; what they can tell
// apart is a distance of 0.27 from even, a top bit that is never set, and r of one class.
TEST(Linking, AtAProductionLength) {
  const SecretKey& sk = Key(2048);
  Tape tape = Tape::FromSeed(SeedFor("2048"));
  const Sessions sessions = RunSessions(kShipped, sk, 300 * Times(), tape.Source());
  Subject subject{"2048", kShipped, {}, std::make_shared<const Sessions>(sessions)};
  double alarm = 0;
  for (const Experiment& experiment : LinkingExperiments()) {
    const Finding finding = experiment.run(subject);
    EXPECT_FALSE(finding.caught) << experiment.name << ": " << finding.how;
    alarm += finding.alarm;
  }
  EXPECT_LT(alarm, kWholeAlarm);
  const auto shifts = Shifts(RunSessions(kShipped, sk, 300, tape.Source()));
  const double far = FarDistance(shifts.size(), kAlarm / static_cast<double>(shifts.size()));
  for (const Strange& shift : shifts) {
    EXPECT_LE(shift.high, far);
    EXPECT_LE(shift.low, far);
    EXPECT_LE(shift.residue, far);
  }
  // And at this length too a cheat is found.
  Subject cheat{"2048",
                kShipped,
                {},
                std::make_shared<const Sessions>(
                    RunSessions(CheatOf("r a square").start, sk, 60, tape.Source()))};
  EXPECT_TRUE(ExperimentOf("linking: residue").run(cheat).caught);
}

}  // namespace
}  // namespace blindlend::test
