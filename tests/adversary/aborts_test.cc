// Sessions that the admin makes fail on purpose, and what they tell it. The member's rule: a serial whose
// session failed is burnt, the next one is fresh, and request and response are kept against the admin.
#include <iostream>

#include "ref/redemption.h"
#include "tests/adversary/bad_key.h"
#include "tests/adversary/group_game.h"
#include "tests/adversary/statistics.h"
#include "tests/adversary/world.h"
#include "tests/support/support.h"

namespace blindlend::test {
namespace {

const Bytes& AdminSeed() {
  static const Bytes seed = SeedOf("admin");
  return seed;
}

const Bytes& LenderOne() {
  static const Bytes key = PublicOf(SeedOf("lender 1"));
  return key;
}

// A response to a request, with these values in it.
Bytes Answer(const Request& request, const std::vector<ZZ>& values) {
  const Batch response{SHA256(*EncodeBatch(kRequest, request.batch)), request.batch.width, values};
  return Seal(AdminSeed(), "blindlend v1 response", *EncodeBatch(kResponse, response));
}

// Claim.AbortsTellNothing, Claim.MisissueConvicts: of four members the admin makes one fail, with a signed
// answer that is wrong, and signs its next request. It knows whom it hit, and looks for that member's token
// with every belief that it has about both of its requests: it finds it 1 time in 4. Each answer convicts it.
TEST(Aborts, UnderAGoodKeyTellNothing) {
  const SecretKey& sk = Key(512, 6);
  const Link link = EpochLink(sk);
  const Bytes sealed_link = SealLink(AdminSeed(), link);
  Tape tape = Tape::FromSeed(SeedFor("aborts, good key")),
       order = Tape::FromSeed(SeedFor("places"));
  const std::size_t games = 250 * Times();
  std::map<std::string, long> wins;
  for (std::size_t game = 0; game < games; ++game) {
    const std::size_t victim = game % 4;
    const Bytes member = SeedOf("member " + std::to_string(victim));
    const Requested failed = AskAsShipped(link, member, LenderOne(), 1, kIssueFrom, tape.Source());
    const Request request = *VerifyRequest(failed.sealed);
    const ZZ& blinded = request.batch.values[0];
    const Bytes wrong = Answer(request, {MulMod(PowerD(sk, blinded), 2, sk.n)});
    ASSERT_FALSE(Accept(sk, PublicOf(AdminSeed()), failed.state, wrong)->front().has_value());
    ASSERT_EQ(Step(CheckMisissue(PublicOf(AdminSeed()), sealed_link, failed.sealed, wrong)), "");

    // The victim begins again, among the others, as if nothing had been.
    Kept kept = Play(link, sk, AskAsShipped, 4, 1, tape.Source(), order.Source());
    for (const Bytes& borrow : kept.borrows)
      ASSERT_NE(Bytes(borrow.begin() + 34, borrow.begin() + 132), failed.state.entries[0].msg)
          << "a burnt serial is never shown";
    const Pairs pairs(sk, kept.blinded, kept.hashes);
    const Pairs of_failed(sk, {blinded}, kept.hashes);
    Kept before = kept;  // with the failed request in the place of the victim's
    before.blinded[victim] = blinded;
    before.requests[victim] = failed.sealed;
    for (const Adversary& adversary : Adversaries())
      for (const bool by_failed : {false, true}) {
        std::size_t best = 0;
        double most = -1e300;
        for (std::size_t j = 0; j < 4; ++j) {
          const double belief = by_failed ? adversary.belief(before, sk, victim, j, of_failed(0, j))
                                          : adversary.belief(kept, sk, victim, j, pairs(victim, j));
          if (belief > most) {
            best = j;
            most = belief;
          }
        }
        wins[adversary.name + (by_failed ? ", by the failed request" : "")] +=
            kept.owner[best] == victim;
      }
  }
  for (const auto& [name, count] : wins)
    EXPECT_FALSE(IsFar(static_cast<long>(games), 0.25, count)) << name << " won " << count;
  EXPECT_LT(kAlarm * static_cast<double>(wins.size()), kWholeAlarm);
}

// Claim.AnyKey, Limit.AbortLeaks: the admin has a key under which a third of the units have roots, three
// each. Two members ask until they have a token each. The admin sees which class each failed message is in,
// 1.58 bits of it, and chooses for each member which of three roots it answers with, as a mark. Of the two
// tokens it can tell nothing: the mark is multiplied by a root of 1 that only r knows.
TEST(Aborts, UnderABadKeyWhatFinishesIsHidden) {
  const BadKey& bad = BadKeyOf();
  const Bytes key_id = *KeyId(bad.pk);
  Tape tape = Tape::FromSeed(SeedFor("aborts, bad key")), order = Tape::FromSeed(SeedFor("coin"));
  const std::size_t games = 400 * Times();
  std::map<std::string, long> wins;
  long sessions = 0, finished = 0;
  std::map<ZZ, long, decltype([](const ZZ& a, const ZZ& b) { return a < b; })> classes;
  for (std::size_t game = 0; game < games; ++game) {
    std::vector<ZZ> blinded(2), answers(2), hashes(2), sigs(2);
    for (std::size_t member = 0; member < 2; ++member)
      for (bool done = false; !done;) {
        const Minted minted = *MintToken(key_id, LenderOne(), tape.Source());
        const Blinded sent = *Blind(bad.pk, minted.msg, tape.Source());
        const ZZ h = *FDH("blindlend v1 token", bad.pk, minted.msg);
        ++sessions;
        ++classes[bad.Class(sent.blinded)];
        ASSERT_EQ(bad.Class(sent.blinded), bad.Class(h)) << "blinding does not change the class";
        const bool can = bad.HasRoot(sent.blinded);
        const ZZ answer = can ? bad.Root(sent.blinded, static_cast<long>(member)) : ZZ{2};
        const auto sig = Finalize(bad.pk, minted.msg, answer, sent.r_inv);
        ASSERT_EQ(sig.has_value(), can);
        if (!sig) continue;
        ++finished;
        done = true;
        blinded[member] = sent.blinded;
        answers[member] = answer;
        hashes[member] = h;
        sigs[member] = OS2IP(*sig);
      }
    const bool swapped = Drawn(2, order.Source()) == 1;
    if (swapped) {
      std::swap(hashes[0], hashes[1]);
      std::swap(sigs[0], sigs[1]);
    }
    // factor(i, j): by what member i would have had to multiply for its answer to become token j.
    const auto factor = [&](std::size_t i, std::size_t j) {
      return MulMod(answers[i], *ModInverse(sigs[j], bad.pk.n), bad.pk.n);
    };
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 2; ++j)
        ASSERT_EQ(MulMod(hashes[j], PowerMod(factor(i, j), 3, bad.pk.n), bad.pk.n), blinded[i])
            << "each token can have come from each session";
    const std::map<std::string, std::function<double(std::size_t, std::size_t)>> beliefs = {
        {"the smallest factor",
         [&](std::size_t i, std::size_t j) { return -Share(factor(i, j), bad.pk.n); }},
        {"an odd factor",
         [&](std::size_t i, std::size_t j) { return IsOdd(factor(i, j)) ? 1.0 : 0.0; }},
        {"a square mod p",
         [&](std::size_t i, std::size_t j) {
           return static_cast<double>(NTL::Jacobi(factor(i, j) % bad.p, bad.p));
         }},
        {"a cube mod p",
         [&](std::size_t i, std::size_t j) { return bad.HasRoot(factor(i, j)) ? 1.0 : 0.0; }},
        {"the mark itself",
         [&](std::size_t i, std::size_t j) {
           return sigs[j] % bad.p == bad.Root(hashes[j], static_cast<long>(i)) % bad.p ? 1.0 : 0.0;
         }},
    };
    for (const auto& [name, belief] : beliefs) {
      const bool says_swapped = belief(0, 1) + belief(1, 0) > belief(0, 0) + belief(1, 1);
      wins[name] += says_swapped == swapped;
    }
  }
  for (const auto& [name, count] : wins)
    EXPECT_FALSE(IsFar(static_cast<long>(games), 0.5, count)) << name << " won " << count;
  // A third of all sessions can end with a token; the classes are even.
  EXPECT_EQ(classes.size(), 3u);
  for (const auto& [value, count] : classes) EXPECT_FALSE(IsFar(sessions, 1.0 / 3, count));
  EXPECT_LT(kAlarm * static_cast<double>(wins.size() + 3), kWholeAlarm);
  std::cout << "aborts: " << finished << " of " << sessions
            << " sessions ended with a token; each of the others showed 1.58 bits of its message"
            << std::endl;
}

// Limit.AbortLeaks at the exponent of production: 65537 divides p - 1, so one message in 65537 has a root and
// a failed session shows 16 bits of its message. Blinded again, it would be recognised among 65537.
TEST(Aborts, ShowSixteenBitsAtTheProductionExponent) {
  Tape tape = Tape::FromSeed(Ascii("a key of 65537 classes"));
  ZZ p;
  // p = 1 + 65537 * k, prime.
  for (ZZ k = NTL::power2_ZZ(239);; k += 1) {
    p = 1 + 65537 * k;
    if (ProbablyPrime(p)) break;
  }
  const ZZ q = *GeneratePrime(256, ZZ{65537}, tape.Source());
  const PublicKey pk{p * q, ZZ{65537}};
  const auto class_of = [&](const ZZ& x) { return PowerMod(x % p, (p - 1) / 65537, p); };
  for (int i = 0; i < 50; ++i) {
    const Bytes msg = Ascii("message " + std::to_string(i));
    const Blinded one = *Blind(pk, msg, tape.Source()), two = *Blind(pk, msg, tape.Source());
    const Blinded other = *Blind(pk, Ascii("another " + std::to_string(i)), tape.Source());
    EXPECT_NE(one.blinded, two.blinded);
    EXPECT_EQ(class_of(one.blinded), class_of(two.blinded));
    EXPECT_NE(class_of(one.blinded), class_of(other.blinded)) << "by chance 1 time in 65537";
  }
}

}  // namespace
}  // namespace blindlend::test
