// Experiments on what enters into a token and its blinding, and on what a client does after a failure.
#include "tests/adversary/bad_key.h"
#include "tests/adversary/battery.h"
#include "tests/adversary/statistics.h"
#include "tests/adversary/views.h"
#include "tests/adversary/world.h"
#include "tests/support/group.h"

namespace blindlend::test {

namespace {

const SecretKey& ClientKey() {
  return Key(512, 6);
}

// Some tokens of one process as its member would send and show them: messages and blinded values.
Bytes Tokens(const Start& start, const Bytes& member, const ByteSource& source, int count = 3) {
  const Parties parties = start(member);
  Bytes all;
  for (int i = 0; i < count; ++i) {
    const Minted minted =
        parties.mint(*KeyId(ClientKey()), PublicOf(SeedOf("lender 1")), source).value();
    const Blinded blinded = parties.blind(ClientKey(), minted.msg, source).value();
    all = Join({all, minted.msg, *I2OSP(blinded.blinded, 64), *I2OSP(blinded.r_inv, 64)});
  }
  return all;
}

Bytes TokensFromTape(const Start& start, const Bytes& member, std::uint64_t tape_seed) {
  Tape tape = TapeFrom(tape_seed);
  return Tokens(start, member, tape.Source());
}

// Claim.TokenNeutral: two members with the same bytes make the same tokens.
Finding Member(const Subject& subject) {
  const Bytes one = TokensFromTape(subject.start, SeedOf("member 1"), 1);
  const Bytes two = TokensFromTape(subject.start, SeedOf("member 2"), 1);
  return {one != two, one == two ? "the same for two members" : "another for another member"};
}

// Claim.TokenNeutral: at two times a year and a second apart the same bytes make the same tokens.
Finding Clock(const Subject& subject) {
  const auto at = [&](std::int64_t seconds) {
    const FrozenClock clock(seconds);
    return TokensFromTape(subject.start, SeedOf("member 1"), 1);
  };
  const Bytes now = at(1'000'000'000), second = at(1'000'000'001), year = at(1'031'536'000);
  const bool same = now == second && now == year;
  return {!same, same ? "the same at three times" : "another at another time"};
}

// Claim.FreshBytes, Claim.TokenNeutral: two processes, each with bytes of its own from the operating
// system, have nothing in common; and with the same bytes everything.
Finding Restart(const Subject& subject) {
  const auto fresh = [&] {
    return InProcess([&] { return Tokens(subject.start, SeedOf("member 1"), SystemSource); });
  };
  const auto same = [&] {
    return InProcess([&] { return TokensFromTape(subject.start, SeedOf("member 1"), 1); });
  };
  if (same() != same()) return {true, "the process enters into the token"};
  const Bytes one = fresh(), two = fresh();
  // Each token is 98 bytes of message, blinded value and r^-1; key id and audience are the same.
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      const auto part = [&](const Bytes& all, std::size_t at, std::size_t from, std::size_t size) {
        const View view = View(all).subspan(226 * at + from, size);
        return Bytes(view.begin(), view.end());
      };
      if (part(one, i, 66, 32) == part(two, j, 66, 32)) return {true, "two processes, one serial"};
      if (part(one, i, 162, 64) == part(two, j, 162, 64)) return {true, "two processes, one r"};
    }
  return {false, "nothing in common but key and lender"};
}

// Claim.FreshBytes: a serial takes 32 bytes and a blinding factor k for each candidate, neither more
// nor less; other bytes make another serial and another r, and each byte counts.
Finding FromTape(const Subject& subject) {
  const Bytes audience = PublicOf(SeedOf("lender 1")), key_id = *KeyId(ClientKey());
  const Parties parties = subject.start(SeedOf("member 1"));
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Tape tape = TapeFrom(seed), other = TapeFrom(seed + 1000);
    const Minted minted = parties.mint(key_id, audience, tape.Source()).value();
    if (tape.used() != 32) return {true, std::to_string(tape.used()) + " bytes for a serial"};
    if (parties.mint(key_id, audience, other.Source())->msg == minted.msg)
      return {true, "other bytes, the same serial"};
    Tape drawn = TapeFrom(seed), expected = TapeFrom(seed), another = TapeFrom(seed + 1000);
    const Blinded blinded = parties.blind(ClientKey(), minted.msg, drawn.Source()).value();
    if (parties.blind(ClientKey(), minted.msg, another.Source())->r_inv == blinded.r_inv)
      return {true, "other bytes, the same r"};
    if (!DrawUnit(ClientKey().n, expected.Source()) || drawn.used() != expected.used())
      return {true, std::to_string(drawn.used()) + " bytes for r, not " +
                        std::to_string(expected.used())};
  }
  // Every bit of what is taken matters: of the 32 bytes of a serial, of the accepted candidate for r.
  Bytes bytes(32), candidate(64);
  Tape tape = TapeFrom(1);
  tape.Source()(bytes);
  do tape.Source()(candidate);
  while (!UnitFromBytes(ClientKey().n, candidate));
  const auto serial = [&](const Bytes& from) {
    Tape of = Tape::Of(from);
    return parties.mint(key_id, audience, of.Source()).value().msg;
  };
  const auto inverse = [&](const Bytes& from) {
    Tape of = Tape::Of(from);
    const auto blinded = parties.blind(ClientKey(), Ascii("a message"), of.Source());
    return blinded ? blinded->r_inv : ZZ{};  // none where the changed candidate is refused
  };
  const Bytes msg = serial(bytes);
  const ZZ r_inv = inverse(candidate);
  for (std::size_t bit = 0; bit < 512; ++bit)
    if ((bit < 256 && serial(FlipBit(bytes, bit)) == msg) ||
        inverse(FlipBit(candidate, bit)) == r_inv)
      return {true, "bit " + std::to_string(bit) + " does not matter"};
  return {false, "32 bytes for a serial, 64 for each candidate"};
}

// Claim.Blind, Claim.AbortsTellNothing on toy moduli: the table of message against view is the same for
// each message, over all tapes of one candidate; an exhausted tape is a view like the others.
Finding Views(const Subject& subject) {
  double most = 0;
  for (const auto& [p, q, e] : {std::tuple{3L, 11L, 7L}, {5L, 11L, 3L}, {11L, 13L, 7L}}) {
    const SecretKey sk = ToyKey(p, q, e);
    const Joint joint = AllTapes(24, 1, [&](std::size_t msg, Tape& tape) -> SeenView {
      const Parties parties = subject.start(SeedOf("member 1"));
      const Bytes text = Ascii("message " + std::to_string(msg));
      const auto blinded = parties.blind(sk, text, tape.Source());
      if (!blinded) return {};
      return {NTL::conv<long>(blinded->blinded)};
    });
    most = std::max(most, Bits(joint));
  }
  std::ostringstream text;
  text << most << " bits of 24 messages, at most";
  return {most > 0, text.str()};
}

// Claim.AbortsTellNothing: what follows a failed session has nothing to do with it. The signer has a bad
// key (3 divides p - 1), and so sees which of three classes the message is in. It fails every session
// and looks how often the next one is in the same class: 1 time in 3 if the message is another.
// Re-blinding the same message is caught with certainty.
Finding Abort(const Subject& subject) {
  const BadKey& bad = BadKeyOf();
  const Parties parties = subject.start(SeedOf("member 1"));
  Tape tape = Tape::FromSeed(SeedFor("aborts"));
  const Bytes key_id = *KeyId(bad.pk), audience = PublicOf(SeedOf("lender 1"));
  const long sessions = 300;
  long same = 0;
  for (long i = 0; i < sessions; ++i) {
    const Minted minted = parties.mint(key_id, audience, tape.Source()).value();
    const Sent first{minted, parties.blind(bad.pk, minted.msg, tape.Source()).value()};
    const Sent next = parties.again(bad.pk, audience, first, tape.Source());
    same += bad.Class(first.blinded.blinded) == bad.Class(next.blinded.blinded);
  }
  return {
      IsFar(sessions, 1.0 / 3, same),
      std::to_string(same) + " of " + std::to_string(sessions) + " in the class of the failed one",
      kAlarm};
}

}  // namespace

std::vector<Experiment> ClientExperiments() {
  return {{"member", {Part::kMint, Part::kBlind}, Member},
          {"clock", {Part::kMint, Part::kBlind}, Clock},
          {"restart", {Part::kMint, Part::kBlind}, Restart},
          {"tape", {Part::kMint, Part::kBlind}, FromTape},
          {"views", {Part::kBlind}, Views},
          {"abort", {Part::kAgain, Part::kMint, Part::kBlind}, Abort}};
}

}  // namespace blindlend::test
