// Properties of spec chapter 10-attestation.
#include "ref/attestation.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <rapidcheck/state.h>

#include <map>
#include <set>

#include "tests/support/group.h"

namespace blindlend::test {
namespace {

constexpr std::uint64_t kMost = ~std::uint64_t{0};

Bytes OpenSSLsHMAC(View key, View message) {
  const std::uint8_t none = 0;
  Bytes tag(32);
  unsigned size = 0;
  EXPECT_NE(::HMAC(EVP_sha256(), key.empty() ? &none : key.data(), static_cast<int>(key.size()),
                   message.empty() ? &none : message.data(), message.size(), tag.data(), &size),
            nullptr);
  EXPECT_EQ(size, 32u);
  return tag;
}

const Bytes& TheKey() {
  static const Bytes key = SeedOf("attestation key");
  return key;
}

Bytes Short(std::string_view name) {
  Bytes bytes = SeedOf(name);
  bytes.resize(16);
  return bytes;
}

const Bytes& Instance() {
  static const Bytes instance = Short("instance");
  return instance;
}

const Bytes& Lender() {
  static const Bytes lender = PublicOf(SeedOf("lender 1"));
  return lender;
}

Attestation At(std::uint64_t issued_at, const Bytes& nonce = Short("nonce")) {
  return {Instance(), Lender(), 1, issued_at, nonce};
}

bool Same(const Attestation& a, const Attestation& b) {
  const auto& [instance, lender, claim, issued_at, nonce] = a;
  return instance == b.instance && lender == b.lender && claim == b.claim &&
         issued_at == b.issued_at && nonce == b.nonce;
}

bool Same(const ReplayCache& a, const ReplayCache& b) {
  const auto& [seen, forgotten_before] = a;
  return seen == b.seen && forgotten_before == b.forgotten_before;
}

// The step at which the asker refuses bytes, or "". What is refused leaves no trace; what passes
// leaves one line.
std::string Check(ReplayCache& cache, std::uint64_t now, View bytes) {
  const ReplayCache before = cache;
  const auto checked =
      CheckAttestation(TheKey(), Instance(), Lender(), Short("nonce"), now, cache, bytes);
  ReplayCache after = before;
  if (checked) {
    EXPECT_TRUE(Same(*checked, *ParseAttestation(bytes.first(75))));
    after.seen[Join({checked->instance, checked->nonce})] = checked->issued_at;
    EXPECT_EQ(after.seen.size(), before.seen.size() + 1);
  }
  EXPECT_TRUE(Same(cache, after));
  return Step(checked);
}

// The same with an empty cache.
std::string Check(std::uint64_t now, View bytes) {
  ReplayCache cache;
  return Check(cache, now, bytes);
}

// Any body with the tag that goes with it.
Bytes Tagged(const Bytes& body, std::string_view prefix = "blindlend v1 attestation") {
  return Join({body, OpenSSLsHMAC(TheKey(), Join({Prefix(Ascii(prefix)), body}))});
}

// ----------------------------------------------------------------------------------- HMAC and encodings

// HMAC against OpenSSL's, around the block of 64 bytes too.
TEST(Attestation, HmacIsOpenSSLs) {
  for (std::size_t key = 0; key <= 300; ++key)
    for (const std::size_t message : {0u, 1u, 32u, 55u, 56u, 63u, 64u, 65u, 128u, 300u}) {
      const Bytes k(key, static_cast<std::uint8_t>(key)), m(message, 7);
      ASSERT_EQ(HMAC(k, m), OpenSSLsHMAC(k, m)) << key << " " << message;
    }
  const auto distribution = CheckProperty(
      [] {
        const Bytes key =
            Random(*rc::gen::element<std::size_t>(0, 32, 63, 64, 65, Uniform<std::size_t>(0, 301)));
        const Bytes message = Random(Uniform<std::size_t>(0, 301));
        const Bytes tag = HMAC(key, message);
        RC_ASSERT(tag.size() == 32u);
        RC_ASSERT(tag == OpenSSLsHMAC(key, message));
        RC_TAG(key.size() > 64 ? "key above a block" : "key within a block");
      },
      5);
  for (const char* tag : {"key above a block", "key within a block"})
    EXPECT_GE(distribution.Share(tag), 0.1) << tag;
}

// Property.AttestationRoundTrip
TEST(Attestation, AttestationRoundTrip) {
  const auto distribution = CheckProperty(
      [] {
        const auto issued_at = *rc::gen::element<std::uint64_t>(
            0, 1, kMost, Uniform<std::uint64_t>(0, kMost), Uniform<std::uint64_t>(0, 1u << 31));
        const Attestation attestation{Random(16), Random(32), 1, issued_at, Random(16)};
        const Bytes bytes = *EncodeAttestation(attestation);
        Bytes time(8);
        for (std::size_t i = 0; i < 8; ++i)
          time[i] = static_cast<std::uint8_t>(issued_at >> (56 - 8 * i));
        RC_ASSERT(bytes == Join({Bytes{1, 15}, attestation.instance, attestation.lender, Bytes{1},
                                 time, attestation.nonce}));
        RC_ASSERT(Same(*ParseAttestation(bytes), attestation));
        Bytes bad = *rc::gen::element(Edited(bytes, 2), Edited(bytes, 75));
        if (bad.size() == bytes.size() && OneIn(4)) bad[50] = *rc::gen::arbitrary<std::uint8_t>();
        const auto parsed = ParseAttestation(bad);
        RC_ASSERT(parsed.has_value() ==
                  (bad.size() == 75 && bad[0] == 1 && bad[1] == 15 && bad[50] == 1));
        if (parsed) RC_ASSERT(*EncodeAttestation(*parsed) == bad);
        RC_TAG(parsed ? "accepted" : Step(parsed));

        const Bytes key = Random(32), file = *EncodeAttestationKey(key);
        RC_ASSERT(file == Join({Bytes{1, 16}, key}));
        RC_ASSERT(*ParseAttestationKey(file) == key);
        const Bytes bad_file = Edited(file, *rc::gen::element<std::size_t>(2, 34));
        const auto parsed_key = ParseAttestationKey(bad_file);
        RC_ASSERT(parsed_key.has_value() ==
                  (bad_file.size() == 34 && bad_file[0] == 1 && bad_file[1] == 16));
        if (parsed_key) RC_ASSERT(*EncodeAttestationKey(*parsed_key) == bad_file);
        RC_TAG(parsed_key ? "key accepted" : Step(parsed_key));
      },
      10);
  for (const char* tag :
       {"accepted", "ParseAttestation.1", "key accepted", "ParseAttestationKey.1"})
    EXPECT_GE(distribution.Share(tag), 0.1) << tag;
}

// Property.AttestationRoundTrip at the limits: every length, every value of the bytes that say what
// it is, each field too short and too long.
TEST(Attestation, Limits) {
  const Attestation attestation = At(1000);
  const Bytes bytes = *EncodeAttestation(attestation), file = *EncodeAttestationKey(TheKey());
  for (std::size_t length = 0; length < 300; ++length) {
    Bytes resized = bytes, resized_file = file;
    resized.resize(length, 1);
    resized_file.resize(length, 1);
    ASSERT_EQ(Step(ParseAttestation(resized)), length == 75 ? "" : "ParseAttestation.1") << length;
    ASSERT_EQ(Step(ParseAttestationKey(resized_file)), length == 34 ? "" : "ParseAttestationKey.1")
        << length;
    ASSERT_EQ(Step(EncodeAttestationKey(Bytes(length))),
              length == 32 ? "" : "EncodeAttestationKey.1");
  }
  for (unsigned value = 0; value < 256; ++value) {
    for (const std::size_t at : {0u, 1u, 50u}) {
      Bytes edited = bytes, edited_file = file;
      edited[at] = static_cast<std::uint8_t>(value);
      ASSERT_EQ(Step(ParseAttestation(edited)), edited == bytes ? "" : "ParseAttestation.1");
      if (at == 50) continue;
      edited_file[at] = static_cast<std::uint8_t>(value);
      ASSERT_EQ(Step(ParseAttestationKey(edited_file)),
                edited_file == file ? "" : "ParseAttestationKey.1");
    }
    Attestation other = attestation;
    other.claim = static_cast<std::uint8_t>(value);
    ASSERT_EQ(Step(EncodeAttestation(other)), value == 1 ? "" : "EncodeAttestation.1");
    ASSERT_EQ(Step(Attest(TheKey(), other)), value == 1 ? "" : "Attest.1");
  }
  for (Bytes Attestation::* const field :
       {&Attestation::instance, &Attestation::lender, &Attestation::nonce})
    for (const std::size_t length : {0u, 15u, 17u, 31u, 33u}) {
      Attestation wrong = attestation;
      (wrong.*field).resize(length);
      EXPECT_EQ(Step(EncodeAttestation(wrong)), "EncodeAttestation.1") << length;
      EXPECT_EQ(Step(Attest(TheKey(), wrong)), "Attest.1") << length;
    }
  // Fields whose lengths make up for each other.
  Attestation wrong = attestation;
  wrong.instance.resize(32);
  wrong.lender.resize(16);
  EXPECT_EQ(Step(EncodeAttestation(wrong)), "EncodeAttestation.1");
}

// ------------------------------------------------------------------------------------------ One check

// Property.AttestationBinds: every bit of an attestation.
TEST(Attestation, EverySingleBitEditFails) {
  const Bytes bytes = *Attest(TheKey(), At(1000));
  ASSERT_EQ(bytes.size(), 107u);
  ASSERT_EQ(Check(1000, bytes), "");
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit)
    ASSERT_EQ(Check(1000, FlipBit(bytes, bit)), "CheckAttestation.2") << bit;
  for (std::size_t length = 0; length < 300; ++length) {
    Bytes resized = bytes;
    resized.resize(length, 1);
    ASSERT_EQ(Check(1000, resized), length == 107 ? "" : "CheckAttestation.1") << length;
  }
  // Who holds the key can put the tag to any of these edits; then the next check finds them, but
  // where it is a matter of a time that is near enough.
  const Bytes body(bytes.begin(), bytes.begin() + 75);
  for (std::size_t bit = 0; bit < 8 * body.size(); ++bit) {
    const std::size_t at = bit / 8;
    const std::uint64_t time =
        1000 ^ (bit / 8 < 51 || bit / 8 >= 59 ? 0 : std::uint64_t{1} << (8 * (58 - at) + bit % 8));
    const bool is_near = time >= 700 && time <= 1300;
    ASSERT_EQ(Check(1000, Tagged(FlipBit(body, bit))), at < 2 || at == 50   ? "CheckAttestation.3"
                                                       : at < 50 || at > 58 ? "CheckAttestation.4"
                                                       : is_near            ? ""
                                                                            : "CheckAttestation.5")
        << bit;
  }
}

// Claim.AttestationOnce
// Property.AttestationBinds: another key, another instance, another lender, another nonce.
TEST(Attestation, AttestationBinds) {
  CheckProperty(
      [] {
        const Bytes key = Random(32), instance = Random(16), lender = Random(32);
        Bytes nonce = Random(16);
        const std::uint64_t issued_at = Uniform<std::uint64_t>(0, kMost);
        const Attestation attestation{instance, lender, 1, issued_at, nonce};
        const auto bytes = Attest(key, attestation);
        RC_ASSERT(Step(bytes).empty());
        const Bytes body = *EncodeAttestation(attestation);
        RC_ASSERT(*bytes ==
                  Join({body, OpenSSLsHMAC(key, Join({Bytes(7), Bytes{24},
                                                      Ascii("blindlend v1 attestation"), body}))}));
        const auto step = [&](const Bytes& k, const Bytes& i, const Bytes& l, const Bytes& b) {
          ReplayCache cache;
          const auto checked = CheckAttestation(k, i, l, nonce, issued_at, cache, b);
          RC_ASSERT(cache.seen.size() == (checked ? 1u : 0u));
          if (checked) RC_ASSERT(Same(*checked, attestation));
          return Step(checked);
        };
        RC_ASSERT(step(key, instance, lender, *bytes).empty());
        const Bytes other_key = FlipBit(key, Uniform<std::size_t>(0, 256));
        const Bytes other_instance = FlipBit(instance, Uniform<std::size_t>(0, 128));
        const Bytes other_lender = FlipBit(lender, Uniform<std::size_t>(0, 256));
        RC_ASSERT(step(other_key, instance, lender, *bytes) == "CheckAttestation.2");
        RC_ASSERT(step(Random(32), instance, lender, *bytes) == "CheckAttestation.2");
        RC_ASSERT(step(key, other_instance, lender, *bytes) == "CheckAttestation.4");
        RC_ASSERT(step(key, instance, other_lender, *bytes) == "CheckAttestation.4");
        for (const Bytes& cut :
             {Bytes{}, Bytes(instance.begin(), instance.end() - 1), Join({instance, Bytes{0}})})
          RC_ASSERT(step(key, cut, lender, *bytes) == "CheckAttestation.4");
        for (const Bytes& cut :
             {Bytes{}, Bytes(lender.begin(), lender.end() - 1), Join({lender, Bytes{0}})})
          RC_ASSERT(step(key, instance, cut, *bytes) == "CheckAttestation.4");
        const Bytes sent = nonce;
        for (const Bytes& other : {FlipBit(sent, Uniform<std::size_t>(0, 128)), Bytes{},
                                   Bytes(sent.begin(), sent.end() - 1), Join({sent, Bytes{0}})}) {
          nonce = other;
          RC_ASSERT(step(key, instance, lender, *bytes) == "CheckAttestation.4");
        }
        nonce = sent;
        // The tag is of this body under this prefix, and of all of it.
        for (const Bytes& message :
             {body, Join({Ascii("blindlend v1 attestation"), body}),
              Join({Prefix(Ascii("blindlend v1 borrow")), body}),
              Join({Prefix(Ascii("blindlend v1 attestation")), View(body).first(74)})})
          RC_ASSERT(step(key, instance, lender, Join({body, OpenSSLsHMAC(key, message)})) ==
                    "CheckAttestation.2");
      },
      3);
}

// Property.AttestationWindow, all distances near the limit at chosen times, then any over 64 bits.
TEST(Attestation, AttestationWindow) {
  const auto passes = [](std::uint64_t issued_at, std::uint64_t now) {
    const std::string step = Check(now, *Attest(TheKey(), At(issued_at)));
    EXPECT_TRUE(step.empty() || step == "CheckAttestation.5") << step;
    return step.empty();
  };
  for (const std::uint64_t now :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{299}, std::uint64_t{300},
        std::uint64_t{301}, std::uint64_t{1} << 31, std::uint64_t{1} << 32, (kMost >> 1) - 150,
        kMost >> 1, (kMost >> 1) + 1, kMost - 301, kMost - 300, kMost - 299, kMost - 1, kMost}) {
    for (std::uint64_t apart = 0; apart <= 310; ++apart) {
      // Where there is no such time, what counting round the end would take for it fails too.
      ASSERT_EQ(passes(now - apart, now), apart <= 300 && apart <= now) << now << " -" << apart;
      ASSERT_EQ(passes(now + apart, now), apart <= 300 && apart <= kMost - now)
          << now << " +" << apart;
    }
  }
  const auto distribution = CheckProperty(
      [&] {
        const std::uint64_t a = *rc::gen::element<std::uint64_t>(
            0, kMost, Uniform<std::uint64_t>(0, 1000), kMost - Uniform<std::uint64_t>(0, 1000),
            Uniform<std::uint64_t>(0, kMost));
        const std::uint64_t apart = *rc::gen::element<std::uint64_t>(
            299, 300, 301, Uniform<std::uint64_t>(0, 400), std::uint64_t{1} << Uniform(0, 64),
            Uniform<std::uint64_t>(0, kMost));
        // b lies apart above a, if there is such a time, and otherwise wherever counting ends up.
        const std::uint64_t b = a + apart;
        const bool is_near = b >= a ? apart <= 300 : kMost - apart < 300;
        RC_ASSERT(passes(a, b) == is_near);
        RC_ASSERT(passes(b, a) == is_near);
        RC_TAG(b < a ? "round the end" : is_near ? "near" : "far");
      },
      10);
  for (const char* tag : {"round the end", "near", "far"})
    EXPECT_GE(distribution.Share(tag), 0.1) << tag;
}

// The first step whose condition holds is the one that fails, whatever else is wrong.
TEST(Attestation, CheckAttestationInOrder) {
  const auto distribution = CheckProperty(
      [] {
        const int first = Uniform(1, 9);
        const auto wrong = [&](int step) { return step == first || (step > first && OneIn(3)); };
        const std::uint64_t now = 10000;
        Attestation attestation = At(Uniform<std::uint64_t>(now - 300, now + 301));
        Bytes nonce = attestation.nonce;
        ReplayCache cache;
        // The two reasons to refuse a replay exclude each other in what Prune leaves.
        if (wrong(5)) attestation.issued_at = *rc::gen::element(now - 301, now + 301, kMost);
        if (wrong(7))
          cache.seen[Join({attestation.instance, attestation.nonce})] =
              Uniform<std::uint64_t>(0, kMost);
        cache.forgotten_before = wrong(6) ? attestation.issued_at + 1 : attestation.issued_at;
        if (attestation.issued_at == kMost) cache.forgotten_before = kMost;
        if (wrong(4)) {
          const int which = Uniform(0, 3);
          if (which == 0) attestation.instance[0] ^= 1;
          if (which == 1) attestation.lender[31] ^= 1;
          if (which == 2) nonce[7] ^= 1;
        }
        Bytes body = *EncodeAttestation(attestation);
        if (wrong(3)) body[*rc::gen::element<std::size_t>(0, 1, 50)] ^= 1;
        Bytes bytes = Tagged(body);
        if (wrong(2)) bytes = FlipBit(bytes, Uniform<std::size_t>(0, 8 * 107));
        if (wrong(1)) bytes.resize(*rc::gen::element<std::size_t>(0, 75, 106, 108));
        const ReplayCache before = cache;
        const auto checked =
            CheckAttestation(TheKey(), Instance(), Lender(), nonce, now, cache, bytes);
        const std::string step = Step(checked);
        RC_ASSERT(step == (first == 8 ? "" : "CheckAttestation." + std::to_string(first)));
        RC_ASSERT(checked.has_value() != Same(cache, before));
        RC_TAG(checked ? "passed" : step);
      },
      6);
  for (int step = 1; step <= 7; ++step)
    EXPECT_GE(distribution.Share("CheckAttestation." + std::to_string(step)), 0.02) << step;
  EXPECT_GE(distribution.Share("passed"), 0.02);
}

// ------------------------------------------------------------------------------------------- The cache

// Property.NoReplay and Prune at their limits: the last second in which it could pass again, and the
// first in which it is forgotten.
TEST(Attestation, PruneAtItsLimits) {
  for (const std::uint64_t issued_at : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{300},
                                        std::uint64_t{10000}, kMost - 301}) {
    const Bytes bytes = *Attest(TheKey(), At(issued_at));
    ReplayCache cache;
    ASSERT_EQ(Check(cache, issued_at + 300, bytes), "");
    Prune(cache, issued_at + 300);
    EXPECT_EQ(cache.forgotten_before, issued_at);
    EXPECT_EQ(cache.seen.size(), 1u);
    EXPECT_EQ(Check(cache, issued_at + 300, bytes), "CheckAttestation.7");
    Prune(cache, issued_at + 301);
    EXPECT_EQ(cache.forgotten_before, issued_at + 1);
    EXPECT_TRUE(cache.seen.empty());
    EXPECT_EQ(Check(cache, issued_at + 301, bytes), "CheckAttestation.5");
    EXPECT_EQ(Check(cache, issued_at + 300, bytes), "CheckAttestation.6");
    Prune(cache, 0);
    Prune(cache, issued_at);
    EXPECT_EQ(cache.forgotten_before, issued_at + 1) << "never goes back";
    EXPECT_EQ(Check(cache, issued_at + 300, bytes), "CheckAttestation.6");
  }
  // A clock near the beginning of time forgets nothing.
  for (std::uint64_t now = 0; now <= 300; ++now) {
    ReplayCache cache;
    ASSERT_EQ(Check(cache, 0, *Attest(TheKey(), At(0))), "");
    Prune(cache, now);
    ASSERT_EQ(cache.forgotten_before, 0u) << now;
    ASSERT_EQ(cache.seen.size(), 1u) << now;
  }
  // One nonce is good once for an instance, whatever the time it comes with.
  ReplayCache cache;
  ASSERT_EQ(Check(cache, 1000, *Attest(TheKey(), At(1000))), "");
  EXPECT_EQ(Check(cache, 1000, *Attest(TheKey(), At(1001))), "CheckAttestation.7");
  EXPECT_EQ(Check(cache, 1000, *Attest(TheKey(), At(999))), "CheckAttestation.7");
  Attestation elsewhere = At(1000);
  elsewhere.instance = Short("another instance");
  EXPECT_TRUE(CheckAttestation(TheKey(), elsewhere.instance, Lender(), elsewhere.nonce, 1000, cache,
                               *Attest(TheKey(), elsewhere)));
  EXPECT_EQ(cache.seen.size(), 2u);
}

// What has been asked and what has passed, without ever forgetting anything.
struct History {
  struct Asked {
    std::size_t instance, nonce;
    std::uint64_t issued_at;
    bool has_passed;
  };
  std::vector<Asked> asked;
  std::uint64_t now, forgotten_before = 0;

  // Whether there is still a line for this question.
  bool Remembers(const Asked& question) const {
    return std::ranges::any_of(asked, [&](const Asked& each) {
      return each.has_passed && each.instance == question.instance &&
             each.nonce == question.nonce && each.issued_at >= forgotten_before;
    });
  }
};

struct Asker {
  ReplayCache cache;
  std::vector<Bytes> attestations;
  std::map<Bytes, int> passes;
  std::set<std::string> seen;
};

struct Event : rc::state::Command<History, Asker> {
  std::string what;
  std::uint64_t now, issued_at;
  std::size_t which, instance, nonce;

  explicit Event(const History& history) {
    what = *rc::gen::weightedElement<std::string>(
        {{2, "ask"}, {6, "check"}, {2, "prune"}, {2, "clock"}});
    if (history.asked.empty()) what = "ask";
    which = Uniform<std::size_t>(0, history.asked.size() + 1) %
            std::max<std::size_t>(1, history.asked.size());
    instance = Uniform<std::size_t>(0, 2);
    nonce = Uniform<std::size_t>(0, 6);
    // Times wrap round on purpose: that is a jump from one end to the other.
    issued_at = history.now + *rc::gen::element<std::uint64_t>(
                                  0, 300, 301, 0 - std::uint64_t{300}, 0 - std::uint64_t{301},
                                  Uniform<std::uint64_t>(0, 601) - 300);
    now = history.now + Uniform<std::uint64_t>(0, 1201) - 600;
    // Often around the last second of something that has been asked.
    if (!history.asked.empty() && OneIn(2))
      now = history.asked[which].issued_at +
            *rc::gen::element<std::uint64_t>(299, 300, 301, 0 - std::uint64_t{300}, 0);
    if (OneIn(20)) now = *rc::gen::element<std::uint64_t>(0, kMost, 300, 301);
  }

  std::string Expected(const History& history) const {
    const auto& asked = history.asked[which];
    const std::uint64_t apart = history.now > asked.issued_at ? history.now - asked.issued_at
                                                              : asked.issued_at - history.now;
    if (apart > 300) return "CheckAttestation.5";
    if (asked.issued_at < history.forgotten_before) return "CheckAttestation.6";
    return history.Remembers(asked) ? "CheckAttestation.7" : "";
  }

  void checkPreconditions(const History& history) const override {
    RC_PRE(what == "ask" || which < history.asked.size());
  }

  void apply(History& history) const override {
    if (what == "ask") history.asked.push_back({instance, nonce, issued_at, false});
    if (what == "clock") history.now = now;
    if (what == "check" && Expected(history).empty()) history.asked[which].has_passed = true;
    if (what == "prune" && history.now > 300)
      history.forgotten_before = std::max(history.forgotten_before, history.now - 300);
  }

  static Bytes InstanceOf(std::size_t number) {
    return Short("instance " + std::to_string(number));
  }

  void run(const History& history, Asker& asker) const override {
    if (what == "ask") {
      const Bytes bytes = *Attest(TheKey(), {InstanceOf(instance), Lender(), 1, issued_at,
                                             Short("nonce " + std::to_string(nonce))});
      if (std::ranges::find(asker.attestations, bytes) != asker.attestations.end())
        asker.seen.insert("made again");
      asker.attestations.push_back(bytes);
    }
    if (what == "prune") {
      const ReplayCache before = asker.cache;
      Prune(asker.cache, history.now);
      RC_ASSERT(asker.cache.forgotten_before >= before.forgotten_before);
      if (asker.cache.seen.size() < before.seen.size()) asker.seen.insert("forgets");
      if (!asker.cache.seen.empty()) asker.seen.insert("keeps");
    }
    if (what == "clock") asker.seen.insert(now < history.now ? "clock back" : "clock forward");
    if (what == "check") {
      const Bytes& bytes = asker.attestations[which];
      const ReplayCache before = asker.cache;
      const auto& asked = history.asked[which];
      const auto checked = CheckAttestation(TheKey(), InstanceOf(asked.instance), Lender(),
                                            Short("nonce " + std::to_string(asked.nonce)),
                                            history.now, asker.cache, bytes);
      RC_ASSERT(Step(checked) == Expected(history));
      RC_ASSERT(checked.has_value() != Same(asker.cache, before));
      // Property.NoReplay
      if (checked) RC_ASSERT(++asker.passes[bytes] == 1);
      if (!checked && asker.passes.contains(bytes)) {
        asker.seen.insert("replay: " + Step(checked));
        if (history.now - history.asked[which].issued_at == 300)
          asker.seen.insert("replay at the last second: " + Step(checked));
      }
      asker.seen.insert(checked ? "passes" : Step(checked));
    }
    // The cache holds what the history says, and nothing that could not pass any more.
    const History after = nextState(history);
    RC_ASSERT(asker.cache.forgotten_before == after.forgotten_before);
    std::map<Bytes, std::uint64_t> seen;
    for (const auto& asked : after.asked)
      if (asked.has_passed && asked.issued_at >= after.forgotten_before)
        seen[Join({InstanceOf(asked.instance), Short("nonce " + std::to_string(asked.nonce))})] =
            asked.issued_at;
    RC_ASSERT(asker.cache.seen == seen);
  }

  void show(std::ostream& os) const override {
    os << what << " which " << which << " now " << now << " issued_at " << issued_at << " instance "
       << instance << " nonce " << nonce;
  }
};

// Claim.AttestationOnce
// Property.NoReplay: the clock jumps forward and back, also over the whole range; attestations are
// checked again and again, also in their last second; the cache is pruned at any moment.
TEST(Attestation, NoReplay) {
  const auto distribution = CheckProperty(
      [] {
        History history;
        history.now = *rc::gen::element<std::uint64_t>(0, 300, kMost, kMost - 300, 1u << 31,
                                                       Uniform<std::uint64_t>(0, kMost));
        Asker asker;
        const auto commands = *rc::gen::resize(
            rc::kNominalSize,
            rc::state::gen::commands(history, rc::state::gen::execOneOfWithArgs<Event>()));
        rc::state::runAll(commands, history, asker);
        for (const std::string& tag : asker.seen) RC_TAG(tag);
      },
      10);
  for (const char* tag : {"passes", "CheckAttestation.5", "CheckAttestation.6",
                          "CheckAttestation.7", "forgets", "keeps", "clock back", "clock forward",
                          "made again", "replay: CheckAttestation.6", "replay: CheckAttestation.7"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
  for (const char* tag : {"replay at the last second: CheckAttestation.6",
                          "replay at the last second: CheckAttestation.7"})
    EXPECT_GE(distribution.Share(tag), 0.002) << tag;
}

}  // namespace
}  // namespace blindlend::test
