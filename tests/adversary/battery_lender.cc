// Experiments on the spent-set and on the checking of attestations.
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/adversary/battery.h"
#include "tests/support/group.h"

namespace blindlend::test {

namespace {

// A token's borrow that has passed VerifyBorrow. The spent-set looks at nothing but the id, the key and
// the digest, so the signature need not be one.
Borrow BorrowOf(std::uint64_t i, std::string_view request = "request") {
  Token token{*KeyId(Key(2048)), PublicOf(SeedOf("lender")), SHA256(*I2OSP(NTL::conv<ZZ>(i), 8)),
              Bytes{1}};
  const Bytes digest = RequestDigest(*TokenId(token), Ascii(request));
  return {digest, token};
}

// Claim.SpentOnce: two threads claim one token for two requests, and each waits in the middle of its
// claim (where it draws its claim id) for the other to come as far. If claims are atomic the other cannot,
// and the wait ends after 50 ms. Ten rounds: a client that looks and then writes is missed only if a
// thread that has started does not come that far within 50 ms, ten times in a row.
Finding Race(const Subject& subject) {
  const auto book = subject.start(Bytes(32)).open_book();
  for (std::uint64_t round = 0; round < 10; ++round) {
    std::atomic<int> started = 0, drawing = 0, fresh = 0;
    const auto claim = [&](std::string_view request, std::uint64_t seed) {
      Tape tape = TapeFrom(seed);
      const ByteSource source = [&](std::span<std::uint8_t> bytes) {
        ++drawing;
        while (started < 2) std::this_thread::yield();
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
        while (drawing < 2 && std::chrono::steady_clock::now() < until)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return tape.Source()(bytes);
      };
      ++started;
      const Claimed claimed = book->Claim(BorrowOf(round, request), true, source);
      fresh += claimed.verdict == Verdict::kFresh;
    };
    std::thread one(claim, "one request", 2 * round);
    std::thread two(claim, "another request", 2 * round + 1);
    one.join();
    two.join();
    if (fresh != 1) return {true, std::to_string(fresh) + " claims of one token at once"};
  }
  return {false, "one of two claims at once, in ten rounds"};
}

// Claim.SpentOnce: after thousands of others the first token is still spent, and each of the others.
Finding Eviction(const Subject& subject) {
  const auto book = subject.start(Bytes(32)).open_book();
  Tape tape = TapeFrom(1);
  const std::size_t count = book->Room();
  for (std::size_t i = 0; i < count; ++i) {
    const Claimed claimed = book->Claim(BorrowOf(i), true, tape.Source());
    if (claimed.verdict != Verdict::kFresh) return {true, "a fresh token is refused"};
    if (i % 2 == 0 && !book->Settle(BorrowOf(i), claimed.claim_id))
      return {true, "a claim cannot be settled"};
  }
  std::size_t again = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Verdict verdict = book->Claim(BorrowOf(i, "another"), false, tape.Source()).verdict;
    again += verdict != (i % 2 == 0 ? Verdict::kServed : Verdict::kDoubleSpend);
  }
  return {again > 0, std::to_string(again) + " of " + std::to_string(count) + " spent twice"};
}

// Claim.SpentSetNeutral: the same tokens in another order leave the same.
Finding Order(const Subject& subject) {
  const auto left = [&](bool backwards) {
    const auto book = subject.start(Bytes(32)).open_book();
    for (std::uint64_t step = 0; step < 20; ++step) {
      const std::uint64_t i = backwards ? 19 - step : step;
      Tape tape = TapeFrom(i);  // each token's claim id is its own
      const Claimed claimed = book->Claim(BorrowOf(i), true, tape.Source());
      if (i % 3 == 0) book->Settle(BorrowOf(i), claimed.claim_id);
      if (i % 3 == 1) book->Release(BorrowOf(i), claimed.claim_id);
    }
    return book->Contents();
  };
  const bool same = left(false) == left(true);
  return {!same, same ? "the same in two orders" : "the order shows"};
}

// Claim.SpentOnce: an attempt that was given up comes back late, and changes nothing.
Finding Stale(const Subject& subject) {
  const auto book = subject.start(Bytes(32)).open_book();
  Tape tape = TapeFrom(1);
  const Borrow borrow = BorrowOf(1);
  const Claimed first = book->Claim(borrow, true, tape.Source());
  const Claimed second = book->Claim(borrow, false, tape.Source());  // its owner is dead, it seems
  if (second.verdict != Verdict::kRetry) return {true, "no retry after a crash"};
  if (book->Settle(borrow, first.claim_id) || book->Release(borrow, first.claim_id))
    return {true, "a stale attempt ends the claim of another"};
  if (!book->Settle(borrow, second.claim_id)) return {true, "the current claim cannot be settled"};
  return {false, "only the current claim ends"};
}

// Claim.SpentOnce: upstream is not called more than 1 + 2 times for one token.
Finding Refunds(const Subject& subject) {
  const auto book = subject.start(Bytes(32)).open_book();
  Tape tape = TapeFrom(1);
  int calls = 0;
  for (int i = 0; i < 10; ++i) {
    const Claimed claimed = book->Claim(BorrowOf(1), true, tape.Source());
    if (claimed.claim_id.empty()) break;
    ++calls;
    book->Release(BorrowOf(1), claimed.claim_id);
  }
  return {calls != 3, std::to_string(calls) + " calls for one token that is refunded each time"};
}

// ---- Attestations ----

constexpr std::uint64_t kMoment = 1'000'000'000;

struct Asked {
  Bytes key = SeedOf("attestation key"), instance = Bytes(16, 3),
        lender = PublicOf(SeedOf("lender"));

  Bytes At(std::uint64_t issued_at, std::uint8_t nonce) const {
    return *Attest(key, {instance, lender, 1, issued_at, Bytes(16, nonce)});
  }
  bool Passes(Checker& checker, std::uint64_t now, const Bytes& bytes) const {
    return checker.Check(key, instance, lender, now, bytes);
  }
};

// Claim.AttestationOnce: 300 s either way pass, 301 s do not.
Finding Window(const Subject& subject) {
  const Asked asked;
  const auto passes = [&](std::uint64_t now) {
    const auto checker = subject.start(Bytes(32)).open_checker();
    return asked.Passes(*checker, now, asked.At(kMoment, 1));
  };
  std::string passed;
  for (const int apart : {-302, -301, -300, -299, 0, 299, 300, 301, 302})
    if (passes(kMoment + static_cast<std::uint64_t>(apart))) passed += std::to_string(apart) + " ";
  return {passed != "-300 -299 0 299 300 ", "passes at " + passed + "s"};
}

// Claim.AttestationOnce: what has passed does not pass again, at once or a second later.
Finding Replay(const Subject& subject) {
  const Asked asked;
  const auto checker = subject.start(Bytes(32)).open_checker();
  const Bytes bytes = asked.At(kMoment, 1);
  if (!asked.Passes(*checker, kMoment, bytes)) return {true, "a good one is refused"};
  const bool again =
      asked.Passes(*checker, kMoment, bytes) || asked.Passes(*checker, kMoment + 1, bytes);
  if (!asked.Passes(*checker, kMoment + 1, asked.At(kMoment, 2)))
    return {true, "another one is refused"};
  return {again, again ? "passes twice" : "passes once"};
}

// Claim.AttestationOnce: over the whole span of 600 s in which one that was issued by a clock ahead of
// the asker's could pass, second by second, whatever else is asked meanwhile.
Finding Span(const Subject& subject) {
  const Asked asked;
  const auto checker = subject.start(Bytes(32)).open_checker();
  const Bytes bytes = asked.At(kMoment + 300, 1);
  std::vector<std::uint64_t> passed;
  for (std::uint64_t now = kMoment; now <= kMoment + 605; ++now)
    if (asked.Passes(*checker, now, bytes)) passed.push_back(now - kMoment);
  std::string text = "passes at";
  for (const std::uint64_t at : passed) text += " " + std::to_string(at);
  return {passed.size() != 1, text + " s"};
}

}  // namespace

std::vector<Experiment> LenderExperiments() {
  return {{"spent: race", {Part::kBook}, Race},
          {"spent: eviction", {Part::kBook}, Eviction},
          {"spent: order", {Part::kBook}, Order},
          {"spent: stale", {Part::kBook}, Stale},
          {"spent: refunds", {Part::kBook}, Refunds},
          {"attestation: window", {Part::kChecker}, Window},
          {"attestation: replay", {Part::kChecker}, Replay},
          {"attestation: span", {Part::kChecker}, Span}};
}

}  // namespace blindlend::test
