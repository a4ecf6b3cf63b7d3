// Non-interference, on the whole of issuance and borrowing: with the bytes of the source fixed, tokens and
// borrows are the same bytes whoever asks, when, in which process and of which admin.
// (Property.TokenFromTape says the same by random variation within one process.)
#include <sodium.h>

#include "ref/redemption.h"
#include "tests/adversary/world.h"
#include "tests/support/group.h"

namespace blindlend::test {
namespace {

// What surrounds a member.
struct Surroundings {
  std::string member, admin;
  std::int64_t clock;
  std::uint64_t now;
  std::size_t others;  // how many have asked before
};

// Three tokens, all the way to a borrow of each, as bytes; used: bytes taken from the tape.
Bytes Borrows(const Surroundings& around, const ByteSource& source) {
  const FrozenClock clock(around.clock);
  const SecretKey& sk = Key(512, 6);
  const Bytes member = SeedOf(around.member), admin = SeedOf(around.admin);
  const Bytes lender = PublicOf(SeedOf("lender 1"));
  const Link link = EpochLink(sk, 3, SHA256(Ascii(around.admin)), 90);
  const auto asked = RequestTokens(link, member, lender, 3, around.now, source).value();
  Ledger ledger;
  std::set<Bytes> roster = {PublicOf(member)};
  Tape others = TapeFrom(around.others);
  for (std::size_t i = 0; i < around.others; ++i) {
    const Bytes other = SeedOf("other " + std::to_string(i));
    roster.insert(PublicOf(other));
    const auto before =
        RequestTokens(link, other, lender, 1 + i, around.now, others.Source()).value();
    const Request request = *VerifyRequest(before.sealed);
    ledger = *Debit(ledger, link, roster, around.now, request);
  }
  const Request request = *VerifyRequest(asked.sealed);
  ledger = *Debit(ledger, link, roster, around.now, request);
  const Bytes response = *Issue(sk, admin, ledger, request, others.Source());
  const auto sigs = *Accept(sk, PublicOf(admin), asked.state, response);
  Bytes all;
  for (std::size_t i = 0; i < 3; ++i) {
    const Token token =
        *ParseToken(Join({asked.state.entries[i].msg, *I2OSP(ZZ{64}, 2), sigs[i].value()}));
    all = Join({all, *MakeBorrow(token, asked.seeds[i], Ascii("request"))});
  }
  return all;
}

// Claim.TokenNeutral: another member, another admin with other books, another time by the clock and by
// the protocol, another process: the same bytes. Another tape: other serials, signatures and ids.
TEST(Interference, OnlyTheTapeMatters) {
  const Surroundings a{"member 1", "admin 1", 1'000'000'001, kIssueFrom, 0};
  const Surroundings b{"member 2", "admin 2", 1'712'345'678, kIssueUntil - 1, 4};
  const auto in_process = [](const Surroundings& around, std::uint64_t seed) {
    return InProcess([&] {
      Tape tape = TapeFrom(seed);
      return Borrows(around, tape.Source());
    });
  };
  const Bytes one = in_process(a, 1), two = in_process(b, 1);
  EXPECT_EQ(one, two);
  const Bytes other = in_process(a, 2);
  ASSERT_EQ(other.size(), one.size());
  const std::size_t size = one.size() / 3;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      const auto token = [&](const Bytes& all, std::size_t at) {
        return ParseBorrow(View(all).subspan(at * size, size - 64)).value().token;
      };
      const Token mine = token(one, i), theirs = token(other, j);
      EXPECT_NE(mine.spend_key, theirs.spend_key);
      EXPECT_NE(mine.sig, theirs.sig);
      EXPECT_EQ(mine.spend_key == token(one, j).spend_key, i == j);
    }
}

// Claim.FreshBytes: each request takes 32 bytes for each serial, 64 for each candidate for each r, and 16
// for its nonce. Not a byte more: there is nothing else in it that a client could have been told.
TEST(Interference, EveryByteIsAccountedFor) {
  const SecretKey& sk = Key(512, 6);
  const Link link = EpochLink(sk);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Tape tape = TapeFrom(seed), expected = TapeFrom(seed);
    const std::size_t count = 1 + seed % 5;
    ASSERT_TRUE(RequestTokens(link, SeedOf("member"), PublicOf(SeedOf("lender 1")), count,
                              kIssueFrom, tape.Source()));
    Bytes serials(32 * count), nonce(16);
    expected.Source()(serials);
    std::size_t candidates = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Bytes candidate(64);
      do {
        expected.Source()(candidate);
        ++candidates;
      } while (!UnitFromBytes(sk.n, candidate));
    }
    EXPECT_EQ(tape.used(), 32 * count + 64 * candidates + 16);
    EXPECT_EQ(tape.used(), expected.used() + nonce.size());
  }
}

// Claim.FreshBytes: two processes that come from one which has drawn already share no byte of what they
// draw: libsodium keeps nothing in memory that a fork would copy.
TEST(Interference, AForkSharesNothing) {
  Bytes before(16);
  randombytes_buf(before.data(), before.size());
  const Surroundings a{"member 1", "admin 1", 1'000'000'001, kIssueFrom, 0};
  const auto borrow = [&] { return InProcess([&] { return Borrows(a, SystemSource); }); };
  std::set<Bytes> serials;
  for (int i = 0; i < 4; ++i) {
    const Bytes all = i == 0 ? Borrows(a, SystemSource) : borrow();
    for (std::size_t at = 0; at < 3; ++at) {
      const View key = View(all).subspan(at * all.size() / 3 + 34 + 66, 32);
      EXPECT_TRUE(serials.insert(Bytes(key.begin(), key.end())).second);
    }
  }
}

// Limit.PredictableRandomness: whoever knows the bytes computes r, and finds the token of every request.
TEST(Interference, KnownBytesLink) {
  const SecretKey& sk = Key(512, 6);
  const Bytes audience = PublicOf(SeedOf("lender 1"));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Tape members = TapeFrom(seed), thiefs = TapeFrom(seed);
    const Minted minted = *MintToken(*KeyId(sk), audience, members.Source());
    const Blinded sent = *Blind(sk, minted.msg, members.Source());
    const Minted guess = *MintToken(*KeyId(sk), audience, thiefs.Source());
    EXPECT_EQ(Blind(sk, guess.msg, thiefs.Source())->blinded, sent.blinded);
    EXPECT_EQ(guess.msg, minted.msg);
  }
}

}  // namespace
}  // namespace blindlend::test
