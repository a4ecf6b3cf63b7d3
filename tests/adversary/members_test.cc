// Whose token is it? Two members and more, through the whole protocol; the key stolen later; members who
// tell. In each game the owner of the token that is shown first is secret and uniform, and for honest
// members independent of all that admin and lender keep, so that every adversary wins with probability
// exactly 1/N: the number of its wins is binomial.
#include <iostream>

#include "ref/redemption.h"
#include "tests/adversary/cheats/cheats.h"
#include "tests/adversary/group_game.h"
#include "tests/adversary/statistics.h"
#include "tests/adversary/world.h"
#include "tests/support/support.h"

namespace blindlend::test {
namespace {

const SecretKey& GroupKey() {
  return Key(512, 6);
}

// The composition that stands in for RequestTokens where a cheat plays is RequestTokens, byte for byte.
TEST(Members, TheFlawedClientsAskAsTheShippedOne) {
  const Link link = EpochLink(GroupKey());
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Tape one = TapeFrom(seed), two = TapeFrom(seed);
    const Bytes member = SeedOf("member"), lender = PublicOf(SeedOf("lender 1"));
    const Requested shipped = AskAsShipped(link, member, lender, 3, kIssueFrom, one.Source());
    const Requested composed =
        AskWith(Shipped())(link, member, lender, 3, kIssueFrom, two.Source());
    EXPECT_EQ(composed.sealed, shipped.sealed);
    EXPECT_EQ(composed.seeds, shipped.seeds);
    EXPECT_EQ(*EncodeState(composed.state), *EncodeState(shipped.state));
  }
}

// Claim.Unlinkable at several sizes, with one token each and with several. Fewer than 120 counts, each too far
// off by chance with probability below 2^-50.
TEST(Members, NobodyIsNamedMoreOftenThanByChance) {
  Tape tape = Tape::FromSeed(SeedFor("members")), order = Tape::FromSeed(SeedFor("order"));
  double alarm = 0;
  struct Size {
    std::size_t members, each, games;
  };
  for (const auto& [members, each, games] : std::vector<Size>{
           {2, 1, 1000}, {3, 1, 400}, {5, 1, 200}, {10, 1, 100}, {2, 2, 300}, {4, 4, 60}}) {
    const std::size_t played = games * Times();
    const double chance = 1.0 / static_cast<double>(members);
    const auto wins =
        Wins(GroupKey(), AskAsShipped, members, each, played, tape.Source(), order.Source());
    long least = static_cast<long>(played), most = 0;
    for (const auto& [name, count] : wins) {
      EXPECT_FALSE(IsFar(static_cast<long>(played), chance, count))
          << name << " won " << count << " of " << played << " against " << members;
      alarm += kAlarm;
      least = std::min(least, count);
      most = std::max(most, count);
    }
    std::cout << "members: 1 of " << members << ": " << wins.size() << " adversaries, " << played
              << " games with " << each << (each == 1 ? " token" : " tokens") << " each, " << least
              << " to " << most << " wins, by chance " << static_cast<double>(played) * chance
              << std::endl;
  }
  EXPECT_LT(alarm, kWholeAlarm);
}

// What the game is worth: against flawed clients some adversary wins more, with probability w below, and in
// so many games of two that IsFar misses it with probability below 2^-30 (Hoeffding, from where IsFar begins:
// 0.5 + 8.3 standard deviations). With matching a false pairing is believed as much as the true one only if
// both of its factors pass: then a coin decides. (Their product is that of the true ones: either both are
// squares or neither is.)
TEST(Members, FlawedClientsAreNamed) {
  Tape tape = Tape::FromSeed(SeedFor("flawed")), order = Tape::FromSeed(SeedFor("flawed order"));
  struct Row {
    std::string cheat, adversary;
    double pass;  // the probability that both false factors do
    std::size_t games;
  };
  for (const auto& [cheat, adversary, pass, games] : std::vector<Row>{
           {"r = 1", "the smallest factor, matched", 0, 100},
           {"64-bit r", "the smallest factor, matched", 0, 100},
           {"r a square", "a square factor, matched", 0.25, 500},
           {"r odd only", "an odd factor, matched", 0.25, 400},
           {"r's top bit cleared", "a factor below the top bit, matched", 0.504, 1000}}) {
    const Ask ask = AskWith(CheatOf(cheat).start(Bytes(32)));
    const long won =
        Wins(GroupKey(), ask, 2, 1, games, tape.Source(), order.Source()).at(adversary);
    const auto played = static_cast<long>(games);
    EXPECT_TRUE(IsFar(played, 0.5, won)) << cheat << ": " << won;
    const double w = 1 - pass / 2;
    if (w < 1)
      EXPECT_FALSE(IsFar(played, w, won)) << cheat << ": " << won;
    else
      EXPECT_EQ(won, played) << cheat;
    std::cout << "members: " << cheat << ": " << adversary << " wins " << won << " of " << games
              << ", by its law " << w * static_cast<double>(games) << std::endl;
  }
}

// Claim.PastStaysHidden, Limit.StolenKey: games are played, and then the key is published, as a file. With it
// every token fits every request; whoever names owners wins as often as by chance. And the thief makes a
// token that the lender takes, which before it could not.
TEST(Members, AKeyStolenLaterOpensTheFutureAndNotThePast) {
  Tape tape = Tape::FromSeed(SeedFor("theft")), order = Tape::FromSeed(SeedFor("theft order"));
  const Link link = EpochLink(GroupKey());
  const std::size_t games = 300 * Times();
  std::vector<Kept> past;
  for (std::size_t i = 0; i < games; ++i)
    past.push_back(Play(link, GroupKey(), AskAsShipped, 2, 1, tape.Source(), order.Source()));

  const Bytes published = *EncodeSecretKey(GroupKey());
  const SecretKey stolen = ParseSecretKey(published).value();
  ASSERT_TRUE(ValidateSecretKey(stolen));
  std::map<std::string, long> wins;
  for (const Kept& kept : past) {
    const Pairs pairs(stolen, kept.blinded, kept.hashes);
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 2; ++j)
        ASSERT_EQ(MulMod(kept.hashes[j], PowerMod(pairs(i, j), stolen.e, stolen.n), stolen.n),
                  kept.blinded[i])
            << "every token can have come from every request";
    for (const Adversary& adversary : Adversaries())
      for (const bool by_matching : {false, true})
        wins[adversary.name + (by_matching ? ", matched" : "")] +=
            Named(adversary, kept, stolen, by_matching) == kept.owner[0];
  }
  for (const auto& [name, count] : wins)
    EXPECT_FALSE(IsFar(static_cast<long>(games), 0.5, count)) << name << " won " << count;
  EXPECT_LT(kAlarm * static_cast<double>(wins.size()), kWholeAlarm);

  // The future.
  const Bytes lender = PublicOf(SeedOf("lender 1"));
  const Minted minted = *MintToken(*KeyId(stolen), lender, tape.Source());
  const auto present = [&](const Bytes& sig) {
    const Token token = *ParseToken(Join({minted.msg, *I2OSP(NTL::conv<ZZ>(sig.size()), 2), sig}));
    return VerifyBorrow({link}, lender, kSpendFrom, Ascii("r"),
                        *MakeBorrow(token, minted.seed, Ascii("r")));
  };
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(Step(present(*I2OSP(*DrawUnit(stolen.n, tape.Source()), 64))), "VerifyBorrow.8");
  const auto forged = present(*I2OSP(
      *RawPrivate(stolen, *FDH("blindlend v1 token", stolen, minted.msg), tape.Source()), 64));
  ASSERT_EQ(Step(forged), "") << "the thief makes a token";
  SpentSet spent;
  EXPECT_EQ(Claim(spent, *TokenId(forged->token), forged->token.key_id, forged->digest, true,
                  tape.Source())
                ->verdict,
            Verdict::kFresh);
}

// Limit.ColludingMembers: of five members three tell which tokens are theirs. The others hide among two: who
// leaves the three out and guesses wins half of the games in which one of the two is asked for. If a fourth
// one tells, what is left has one owner.
TEST(Members, WhoTellsHidesNobody) {
  Tape tape = Tape::FromSeed(SeedFor("tell")), order = Tape::FromSeed(SeedFor("tell order"));
  const Link link = EpochLink(GroupKey());
  const long games = 300;
  long asked = 0, named = 0, all_named = 0;
  for (long game = 0; game < games; ++game) {
    const Kept kept = Play(link, GroupKey(), AskAsShipped, 5, 1, tape.Source(), order.Source());
    const Pairs pairs(GroupKey(), kept.blinded, kept.hashes);
    const auto left = [&](std::size_t tell) {  // the places of which nobody has told
      std::vector<std::size_t> places;
      for (std::size_t j = 0; j < 5; ++j)
        if (kept.owner[j] >= tell) places.push_back(j);
      return places;
    };
    if (left(3)[0] == 0) {
      ++asked;
      const auto share = [&](std::size_t i) { return Share(pairs(i, 0), GroupKey().n); };
      named += kept.owner[0] == (share(3) < share(4) ? 3u : 4u);
    }
    all_named += left(4).size() == 1 && kept.owner[left(4)[0]] == 4;
  }
  EXPECT_FALSE(IsFar(games, 0.4, asked));
  EXPECT_FALSE(IsFar(asked, 0.5, named));
  EXPECT_EQ(all_named, games);
}

}  // namespace
}  // namespace blindlend::test
