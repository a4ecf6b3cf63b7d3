// Blindness in bits, exactly: the table of message against what the signer sees, over every tape, on toy
// moduli. That the shipped table is uniform is Property.ViewUniform, tests/exhaustive/view_test.cc; here is
// what it tells about the message, for the shipped client and for each flawed one.
#include <iostream>

#include "tests/adversary/cheats/cheats.h"
#include "tests/adversary/views.h"
#include "tests/adversary/world.h"
#include "tests/support/support.h"

namespace blindlend::test {
namespace {

const Start kShipped = [](const Bytes&) { return Shipped(); };

// n = 143, e = 7: 120 units, candidates of 8 bits. n = 33, e = 7: 20 units, candidates of 6 bits in a byte.
SecretKey Large() {
  return ToyKey(11, 13, 7);
}
SecretKey Small() {
  return ToyKey(3, 11, 7);
}

// One message for each value that the client's hash takes, in ascending order of the hash.
std::vector<Bytes> Messages(const Start& start, const SecretKey& sk) {
  const Parties parties = start(Bytes(32));
  std::map<long, Bytes> of;
  for (int i = 0; i < 4000; ++i) {
    const Bytes msg = Ascii("message " + std::to_string(i));
    const auto h = parties.hash(sk, msg);
    if (h) of.try_emplace(NTL::conv<long>(*h), msg);
  }
  std::vector<Bytes> msgs;
  for (const auto& [h, msg] : of) msgs.push_back(msg);
  return msgs;
}

// What the signer sees of one session of a process that has just started.
Joint OneSession(const Start& start, const SecretKey& sk, const std::vector<Bytes>& msgs,
                 std::size_t bytes) {
  return AllTapes(msgs.size(), bytes, [&](std::size_t msg, Tape& tape) -> SeenView {
    const auto blinded = start(Bytes(32)).blind(sk, msgs[msg], tape.Source());
    if (!blinded) return {};
    return {NTL::conv<long>(blinded->blinded)};
  });
}

// Claim.Blind: 0 bits, count by count, over all tapes of one candidate and of two. An exhausted tape is a
// view too, and as frequent for each message: (1 - 120/256) and (1 - 20/64)^2 of all.
TEST(Blindness, TheShippedClientTellsNothing) {
  const auto large = Messages(kShipped, Large());
  ASSERT_EQ(large.size(), 120u) << "one message for each unit";
  const Joint one = OneSession(kShipped, Large(), large, 1);
  EXPECT_TRUE(TellsNothing(one));
  EXPECT_EQ(one.front().at({}), 256 - 120);
  EXPECT_EQ(one.front().size(), 121u);

  auto small = Messages(kShipped, Small());
  ASSERT_EQ(small.size(), 20u);
  small.resize(4);
  const Joint two = OneSession(kShipped, Small(), small, 2);
  EXPECT_TRUE(TellsNothing(two));
  EXPECT_EQ(two.front().at({}), 44L * 4 * 44 * 4);
  EXPECT_EQ(two.front().size(), 21u);
}

// Claim.NoMark, exactly: whatever the message and the tape, of all answers that a signer can give exactly one
// leads to a signature, and to the same one for every tape. There is nothing in it to put a mark into.
TEST(Blindness, TheSignerCannotMark) {
  for (const Bytes& msg : {Ascii("message 1"), Ascii("message 2"), Ascii("message 3")}) {
    std::set<Bytes> sigs;
    long sessions = 0;
    for (int byte = 0; byte < 256; ++byte) {
      Tape tape = Tape::Of(Bytes{static_cast<std::uint8_t>(byte)});
      const auto sent = Blind(Large(), msg, tape.Source());
      if (!sent) continue;
      ++sessions;
      long accepted = 0;
      for (long answer = 0; answer < 2 * 143; ++answer)
        if (const auto sig = Finalize(Large(), msg, ZZ{answer}, sent->r_inv)) {
          ++accepted;
          sigs.insert(*sig);
        }
      EXPECT_EQ(accepted, 1) << byte;
    }
    EXPECT_EQ(sessions, 120);
    EXPECT_EQ(sigs.size(), 1u);
  }
}

// What a tape of one byte makes of it: r by how often, under the large key.
double BitsOfLaw(const std::map<long, long>& times) {
  // blinded is a uniform unit for a uniform message, so the loss is log2(phi) - H(r), weighted with the
  // share of tapes that are not exhausted.
  double all = 0, entropy = 0;
  for (const auto& [r, count] : times) all += static_cast<double>(count);
  for (const auto& [r, count] : times) {
    const double p = static_cast<double>(count) / all;
    entropy -= p * std::log2(p);
  }
  return all / 256 * (std::log2(120.0) - entropy);
}

std::map<long, long> Law(const std::function<long(long byte)>& r_of) {
  std::map<long, long> times;
  for (long byte = 0; byte < 256; ++byte) {
    const long r = r_of(byte);
    if (r > 0 && r < 143 && NTL::GCD(r, 143L) == 1) ++times[r];
  }
  return times;
}

// Limit.PredictableRandomness, and the exact loss of each flawed client in bits a token, from the joint
// table of its own code; on the right the same by entropy, from the law of r alone. A client that knows
// more than 0 is told from the shipped one by this table. (At a production length n has 3072 bits: r = 1
// loses them all, 64 bits of r leave 64 hidden.)
TEST(Blindness, TheExactLossOfFlawedClients) {
  const std::vector<std::pair<std::string, double>> expected = {
      {"r = 1", std::log2(120.0)},
      {"r's top bit cleared", BitsOfLaw(Law([](long x) { return x % 128; }))},
      {"r reduced mod n", BitsOfLaw(Law([](long x) { return x % 143; }))},
      {"r a square", BitsOfLaw(Law([](long x) { return x < 143 ? x * x % 143 : 0; }))},
      {"r odd only", BitsOfLaw(Law([](long x) { return x | 1; }))},
      {"r from a seeded generator, restarted with the process", std::log2(120.0)},
      // Not blindness that these break, but what else the hash is for: 0 bits.
      {"hash with its top bit cleared", 0},
      {"hash reduced mod n", 0},
      {"hash without the key", 0},
  };
  for (const auto& [name, bits] : expected) {
    const Start& start = CheatOf(name).start;
    const Joint joint = OneSession(start, Large(), Messages(start, Large()), 1);
    EXPECT_NEAR(Bits(joint), bits, 1e-9) << name;
    EXPECT_EQ(TellsNothing(joint), bits == 0) << name;
    std::cout << "blindness: " << name << ": " << Bits(joint) << " of 6.90689 bits lost"
              << std::endl;
  }
  // r a square hides the hash up to the four classes of units mod squares: 2 bits, whenever r is drawn.
  EXPECT_NEAR(expected[3].second, 2 * 120.0 / 256, 1e-9);
}

// r from the token: the message alone decides what the signer sees, and whoever sees the token computes it.
TEST(Blindness, RFromTheTokenHidesNothing) {
  const Start& start = CheatOf("r from the token").start;
  const auto msgs = Messages(start, Large());
  const Joint joint = OneSession(start, Large(), msgs, 1);
  std::map<SeenView, double> views;
  for (const auto& row : joint) {
    ASSERT_EQ(row.size(), 1u);
    views[row.begin()->first] += 1.0 / static_cast<double>(joint.size());
  }
  double entropy = 0;
  for (const auto& [view, p] : views) entropy -= p * std::log2(p);
  EXPECT_NEAR(Bits(joint), entropy, 1e-9);
  EXPECT_GT(entropy, 5);
}

// A hash that is no unit shows its common factor with n through every r, and nothing else: with 120 units,
// 12 multiples of 11 and 10 of 13 the entropy of the three classes, where r is drawn.
TEST(Blindness, AHashThatIsNoUnitShowsItsFactor) {
  const Start& start = CheatOf("hash not a unit").start;
  const auto msgs = Messages(start, Large());
  ASSERT_EQ(msgs.size(), 142u);
  double entropy = 0;
  for (const double members : {120.0, 12.0, 10.0})
    entropy -= members / 142 * std::log2(members / 142);
  EXPECT_NEAR(Bits(OneSession(start, Large(), msgs, 1)), entropy * 120 / 256, 1e-9);
}

// r used twice in one process: two sessions show the quotient of their hashes, log2(20) bits of a pair of
// messages under the small key, where one session shows nothing. The shipped client's two show nothing
// either, over all tapes of two candidates.
TEST(Blindness, TwoSessions) {
  const auto two_sessions =
      [](const Start& start, const std::vector<std::pair<Bytes, Bytes>>& pairs, std::size_t bytes) {
        return AllTapes(pairs.size(), bytes, [&](std::size_t at, Tape& tape) -> SeenView {
          const Parties parties = start(Bytes(32));
          const auto one = parties.blind(Small(), pairs[at].first, tape.Source());
          if (!one) return {};
          const auto two = parties.blind(Small(), pairs[at].second, tape.Source());
          if (!two) return {NTL::conv<long>(one->blinded)};
          return {NTL::conv<long>(one->blinded), NTL::conv<long>(two->blinded)};
        });
      };
  const Start& reused = CheatOf("r reused").start;
  const auto msgs = Messages(kShipped, Small());
  std::vector<std::pair<Bytes, Bytes>> pairs;
  for (const Bytes& one : msgs)
    for (const Bytes& two : msgs) pairs.push_back({one, two});
  EXPECT_NEAR(Bits(two_sessions(reused, pairs, 1)), std::log2(20.0) * 20 / 64, 1e-9);
  EXPECT_TRUE(TellsNothing(OneSession(reused, Small(), msgs, 1)));

  pairs = {{msgs[0], msgs[1]}, {msgs[1], msgs[0]}, {msgs[5], msgs[7]}};
  EXPECT_TRUE(TellsNothing(two_sessions(kShipped, pairs, 2)));
}

// Claim.AnyKey, Limit.AbortLeaks, exactly: under a key whose x -> x^3 is no permutation (n = 77 and 91) the
// signer sees the class of the message, log2(3) and log2(9) bits. Only messages of the class of 1 can end
// with a token; among these it sees nothing.
TEST(Blindness, ABadKeySeesTheClassOfWhatFails) {
  for (const auto& [n, classes] : {std::pair{77L, 3.0}, {91L, 9.0}}) {
    SecretKey pk;
    pk.n = n;
    pk.e = 3;
    const auto msgs = Messages(kShipped, pk);
    double phi = 0;
    std::set<long> powers;
    for (long x = 1; x < n; ++x)
      if (NTL::GCD(x, n) == 1) {
        ++phi;
        powers.insert(x * x % n * x % n);
      }
    const double drawn = phi / 128;  // of the tapes: candidates have 7 bits
    ASSERT_EQ(static_cast<double>(msgs.size()), phi);
    const Joint all = OneSession(kShipped, pk, msgs, 1);
    EXPECT_NEAR(Bits(all), drawn * std::log2(classes), 1e-9) << n;
    std::vector<Bytes> finished;
    for (const Bytes& msg : msgs)
      if (powers.contains(NTL::conv<long>(*FDH("blindlend v1 token", pk, msg))))
        finished.push_back(msg);
    EXPECT_EQ(static_cast<double>(finished.size()) * classes, phi);
    EXPECT_GT(finished.size(), 5u);
    EXPECT_TRUE(TellsNothing(OneSession(kShipped, pk, finished, 1))) << n;

    std::cout << "blindness: n = " << n << ", e = 3: a failed session shows " << std::log2(classes)
              << " bits, one that ends with a token 0" << std::endl;
  }
}

}  // namespace
}  // namespace blindlend::test
