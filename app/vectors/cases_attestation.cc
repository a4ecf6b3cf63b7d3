#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

constexpr std::uint64_t kNow = 1'000'000;
constexpr std::uint64_t kLastTime = ~std::uint64_t{0};

const Bytes& Key() {
  static const Bytes key = SHA256(Ascii("attestation key"));
  return key;
}

Bytes OtherKey() {
  return SHA256(Ascii("another attestation key"));
}

Attestation Good(std::uint64_t issued_at = kNow) {
  return {Start("instance", 16), Lenders()[0], 1, issued_at, Start("question", 16)};
}

// The same, changed.
template <class Change>
Attestation Changed(Change change) {
  Attestation attestation = Good();
  change(attestation);
  return attestation;
}

void HmacCases(List& list) {
  const auto valid = [&](const char* why, Flags flags, const Bytes& key, const Bytes& message) {
    list.Valid(why, std::move(flags), {{"key", ToJson(key)}, {"message", ToJson(message)}});
  };
  Bytes key;
  for (std::uint8_t byte = 1; byte <= 25; ++byte) key.push_back(byte);
  // The inputs of RFC 4231 section 4, and with them its HMAC-SHA-256. Its fifth case cuts the tag.
  valid("RFC 4231 test case 1", {"Published"}, Repeat(20, 0x0b), Ascii("Hi There"));
  valid("RFC 4231 test case 2", {"Published"}, Ascii("Jefe"),
        Ascii("what do ya want for nothing?"));
  valid("RFC 4231 test case 3", {"Published"}, Repeat(20, 0xaa), Repeat(50, 0xdd));
  valid("RFC 4231 test case 4", {"Published"}, key, Repeat(50, 0xcd));
  valid("RFC 4231 test case 6", {"Published"}, Repeat(131, 0xaa),
        Ascii("Test Using Larger Than Block-Size Key - Hash Key First"));
  valid(
      "RFC 4231 test case 7", {"Published"}, Repeat(131, 0xaa),
      Ascii("This is a test using a larger than block-size key and a larger than block-size data. "
            "The key needs to be hashed before being used by the HMAC algorithm."));
  valid("an empty key and an empty message", {"EdgeCase"}, {}, {});
  valid("an empty key", {"EdgeCase"}, {}, Msg());
  valid("an empty message", {"EdgeCase"}, Key(), {});
  valid("32 bytes of key", {"Normal"}, Key(), Msg());
  valid("a zero byte behind a key of 32 bytes: the same tag", {"KnownLimit"},
        Join({Key(), Bytes{0}}), Msg());
  valid("a key of one block", {"EdgeCase"}, Start("key", 64), Msg());
  valid("a key of one block and a byte", {"EdgeCase"}, Start("key", 65), Msg());
  valid("a message of one block", {"EdgeCase"}, Key(), Start("message", 64));
}

// What has no encoding.
void UnencodableCases(List& list, const std::string& step, Json rest_of_inputs) {
  const auto bad = [&](const char* why, Flags flags, auto change) {
    rest_of_inputs["attestation"] = ToJson(Changed(change));
    list.Invalid(step, why, std::move(flags), rest_of_inputs);
  };
  const Flags length = {"Length"}, range = {"Range"};
  bad("an instance of 15 bytes", length, [](Attestation& one) { one.instance.pop_back(); });
  bad("an instance of 17 bytes", length, [](Attestation& one) { one.instance.push_back(0); });
  bad("a lender of 31 bytes", length, [](Attestation& one) { one.lender.pop_back(); });
  bad("a lender of 33 bytes", length, [](Attestation& one) { one.lender.push_back(0); });
  bad("a nonce of 15 bytes", length, [](Attestation& one) { one.nonce.pop_back(); });
  bad("a nonce of 17 bytes", length, [](Attestation& one) { one.nonce.push_back(0); });
  bad("an instance a byte shorter, a lender a byte longer", length, [](Attestation& one) {
    one.lender.insert(one.lender.begin(), one.instance.back());
    one.instance.pop_back();
  });
  bad("claim 0", range, [](Attestation& one) { one.claim = 0; });
  bad("claim 2", range, [](Attestation& one) { one.claim = 2; });
  bad("claim 255", range, [](Attestation& one) { one.claim = 255; });
}

void EncodeAttestationCases(List& list) {
  const auto in = [](const Attestation& one) { return Json{{"attestation", ToJson(one)}}; };
  list.Valid("an attestation", {"Normal"}, in(Good()));
  list.Valid("time 0", {"EdgeCase"}, in(Good(0)));
  list.Valid("the last time", {"EdgeCase"}, in(Good(kLastTime)));
  list.Valid("a time with eight different bytes", {"EdgeCase"}, in(Good(0xf1e2d3c4b5a69788)));
  UnencodableCases(list, "EncodeAttestation.1", Json::object());
}

void ParseAttestationCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const char* step = "ParseAttestation.1";
  const Bytes good = *EncodeAttestation(Good());
  list.Valid("an attestation", {"Normal"}, in(good));
  list.Valid("time 0", {"EdgeCase"}, in(*EncodeAttestation(Good(0))));
  list.Valid("the last time", {"EdgeCase"}, in(*EncodeAttestation(Good(kLastTime))));
  list.Valid("a time with eight different bytes", {"EdgeCase"},
             in(*EncodeAttestation(Good(0xf1e2d3c4b5a69788))));
  list.Valid("a lender that is no point: form only", {"EdgeCase"},
             in(*EncodeAttestation(Changed([](Attestation& one) { one.lender = Repeat(32, 2); }))));
  MalformedCases(list, good, step, step, step, Json::object());
  list.Invalid(step, "kind 14", {"Malformed"}, in(With(good, 1, 14)));
  list.Invalid(step, "kind 16", {"Malformed"}, in(With(good, 1, 16)));
  list.Invalid(step, "claim 0", {"Range"}, in(With(good, 50, 0)));
  list.Invalid(step, "claim 2", {"Range"}, in(With(good, 50, 2)));
  list.Invalid(step, "with its tag", {"Length"}, in(*Attest(Key(), Good())));
}

void EncodeAttestationKeyCases(List& list) {
  const auto in = [](const Bytes& key) { return Json{{"key", ToJson(key)}}; };
  const char* step = "EncodeAttestationKey.1";
  list.Valid("a key", {"Normal"}, in(Key()));
  list.Valid("zeros: form only", {"EdgeCase"}, in(Repeat(32, 0)));
  list.Invalid(step, "nothing at all", {"Length"}, in({}));
  list.Invalid(step, "31 bytes", {"Length"}, in(Repeat(31, 1)));
  list.Invalid(step, "33 bytes", {"Length"}, in(Repeat(33, 1)));
}

void ParseAttestationKeyCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const char* step = "ParseAttestationKey.1";
  const Bytes good = *EncodeAttestationKey(Key());
  list.Valid("a key", {"Normal"}, in(good));
  list.Valid("zeros: form only", {"EdgeCase"}, in(*EncodeAttestationKey(Repeat(32, 0))));
  MalformedCases(list, good, step, step, step, Json::object());
  list.Invalid(step, "kind 15", {"Malformed"}, in(With(good, 1, 15)));
  list.Invalid(step, "kind 17", {"Malformed"}, in(With(good, 1, 17)));
  list.Invalid(step, "the key alone", {"Length"}, in(Key()));
}

void AttestCases(List& list) {
  const auto in = [](const Bytes& key, const Attestation& one) {
    return Json{{"key", ToJson(key)}, {"attestation", ToJson(one)}};
  };
  list.Valid("an attestation", {"Normal"}, in(Key(), Good()));
  list.Valid("with another key", {"Normal"}, in(OtherKey(), Good()));
  list.Valid("the last time", {"EdgeCase"}, in(Key(), Good(kLastTime)));
  UnencodableCases(list, "Attest.1", {{"key", ToJson(Key())}});
}

// ---- checking

// bytes and the tag that they should have.
Bytes Tagged(const Bytes& bytes, const Bytes& key = Key()) {
  return Join({bytes, HMAC(key, Join({Prefix(Ascii("blindlend v1 attestation")), bytes}))});
}

// A cache that has seen the good attestation's instance and nonce at this time.
ReplayCache Seen(std::uint64_t issued_at, std::uint64_t forgotten_before = 0) {
  return {{{Join({Good().instance, Good().nonce}), issued_at}}, forgotten_before};
}

ReplayCache Forgotten(std::uint64_t before) {
  return {{}, before};
}

Json CheckInputs(std::uint64_t now, const ReplayCache& cache, const Bytes& bytes,
                 const Attestation& expected = Good()) {
  return {{"key", ToJson(Key())},
          {"instance", ToJson(expected.instance)},
          {"lender", ToJson(expected.lender)},
          {"nonce", ToJson(expected.nonce)},
          {"now", U64ToJson(now)},
          {"cache", ToJson(cache)},
          {"bytes", ToJson(bytes)}};
}

void WindowCases(List& list) {
  const auto in = [](std::uint64_t issued_at, std::uint64_t now) {
    return CheckInputs(now, {}, *Attest(Key(), Good(issued_at)));
  };
  const auto valid = [&](const char* why, std::uint64_t issued_at, std::uint64_t now) {
    list.Valid(why, {"EdgeCase"}, in(issued_at, now));
  };
  const auto bad = [&](const char* why, std::uint64_t issued_at, std::uint64_t now) {
    list.Invalid("CheckAttestation.5", why, {"Clock"}, in(issued_at, now));
  };
  valid("300 seconds old", kNow - 300, kNow);
  valid("300 seconds ahead", kNow + 300, kNow);
  valid("issued and checked at time 0", 0, 0);
  valid("issued at time 0, 300 seconds old", 0, 300);
  valid("time 0, 300 seconds ahead", 300, 0);
  valid("issued and checked at the last time", kLastTime, kLastTime);
  valid("the last time, 300 seconds old", kLastTime - 300, kLastTime);
  valid("issued at the last time, 300 seconds ahead", kLastTime, kLastTime - 300);
  valid("on either side of 2^63", (kLastTime >> 1) - 100, (kLastTime >> 1) + 200);
  bad("301 seconds old", kNow - 301, kNow);
  bad("301 seconds ahead", kNow + 301, kNow);
  bad("issued at time 0, 301 seconds old", 0, 301);
  bad("time 0, 301 seconds ahead", 301, 0);
  bad("the last time, 301 seconds old", kLastTime - 301, kLastTime);
  bad("issued at the last time, 301 seconds ahead", kLastTime, kLastTime - 301);
  bad("issued at time 0, checked at the last time: no neighbours", 0, kLastTime);
  bad("issued at the last time, checked at time 0: no neighbours", kLastTime, 0);
  bad("200 seconds apart if times went round", kLastTime - 99, 100);
  bad("200 seconds apart if times went round, the other way", 100, kLastTime - 99);
  bad("2^63 seconds apart", 0, (kLastTime >> 1) + 1);
  bad("2^32 seconds apart", kNow, kNow + (std::uint64_t{1} << 32));
}

void CheckAttestationCases(List& list) {
  const Bytes good = *Attest(Key(), Good());
  const Bytes body = *EncodeAttestation(Good());
  const auto other = [](const Attestation& one) { return Join({one.instance, one.nonce}); };
  const auto valid = [&](const char* why, Flags flags, const ReplayCache& cache) {
    list.Valid(why, std::move(flags), CheckInputs(kNow, cache, good));
  };
  valid("an attestation", {"Normal"}, {});
  ReplayCache full = Forgotten(kNow - 300);
  for (const char* nonce : {"a", "b", "c", "d", "e", "f"})
    full.seen[other(Changed([&](Attestation& one) { one.nonce = Start(nonce, 16); }))] = kNow;
  valid("other nonces have been seen", {"Normal"}, full);
  valid("the same nonce of another instance has been seen", {"EdgeCase"},
        {{{other(Changed([](Attestation& one) { one.instance = Repeat(16, 0); })), kNow}}, 0});
  valid("nonce and instance exchanged have been seen", {"EdgeCase"},
        {{{Join({Good().nonce, Good().instance}), kNow}}, 0});
  valid("a nonce whose last bit differs has been seen", {"EdgeCase"},
        {{{FlipBit(other(Good()), 8 * 31), kNow}}, 0});
  valid("the first second that is not forgotten", {"EdgeCase"}, Forgotten(kNow));
  WindowCases(list);

  // Most cases: other bytes, and all else as it should be.
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& bytes) {
    list.Invalid(step, why, std::move(flags), CheckInputs(kNow, {}, bytes));
  };
  bad("CheckAttestation.1", "nothing at all", {"Length"}, {});
  bad("CheckAttestation.1", "no tag", {"Length"}, body);
  bad("CheckAttestation.1", "the last byte is missing", {"Length"},
      Bytes(good.begin(), good.end() - 1));
  bad("CheckAttestation.1", "a byte too many", {"Length"}, Join({good, Bytes{0}}));
  bad("CheckAttestation.1", "a byte too many in front of its tag", {"Length"},
      Tagged(Join({body, Bytes{0}})));
  bad("CheckAttestation.1", "a byte too many, made with another key", {"Length", "Order"},
      Tagged(Join({body, Bytes{0}}), OtherKey()));

  const char* forged = "CheckAttestation.2";
  bad(forged, "made with another key", {"OtherKey"}, *Attest(OtherKey(), Good()));
  bad(forged, "the first bit of the tag flipped", {"Forgery"}, FlipBit(good, 8 * 75 + 7));
  bad(forged, "the last bit of the tag flipped", {"Forgery"}, FlipBit(good, 8 * 106));
  bad(forged, "a tag of zeros", {"Forgery"}, Join({body, Repeat(32, 0)}));
  bad(forged, "the tag of the bytes without what stands in front of them", {"Forgery"},
      Join({body, HMAC(Key(), body)}));
  bad(forged, "the hash of the key and the bytes", {"Forgery"},
      Join({body, SHA256(Join({Key(), Prefix(Ascii("blindlend v1 attestation")), body}))}));
  bad(forged, "a bit of the version flipped", {"Forgery", "Order"}, FlipBit(good, 0));
  bad(forged, "a bit of the instance flipped", {"Forgery", "Order"}, FlipBit(good, 8 * 2));
  bad(forged, "a bit of the lender flipped", {"Forgery", "Order"}, FlipBit(good, 8 * 49));
  bad(forged, "a bit of the claim flipped", {"Forgery", "Order"}, FlipBit(good, 8 * 50 + 1));
  bad(forged, "a bit of the time flipped", {"Forgery"}, FlipBit(good, 8 * 58));
  bad(forged, "a bit of the nonce flipped", {"Forgery"}, FlipBit(good, 8 * 74));
  list.Invalid(forged, "made with another key, and seen before", {"Order"},
               CheckInputs(kNow, Seen(kNow), *Attest(OtherKey(), Good())));

  bad("CheckAttestation.3", "version 2", {"Malformed"}, Tagged(With(body, 0, 2)));
  bad("CheckAttestation.3", "kind 14", {"Malformed"}, Tagged(With(body, 1, 14)));
  bad("CheckAttestation.3", "claim 0", {"Range"}, Tagged(With(body, 50, 0)));
  bad("CheckAttestation.3", "claim 2", {"Range"}, Tagged(With(body, 50, 2)));
  bad("CheckAttestation.3", "claim 2, of another instance", {"Order"},
      Tagged(With(FlipBit(body, 8 * 2), 50, 2)));

  const auto expected = [&](const char* why, Flags flags, auto change) {
    list.Invalid("CheckAttestation.4", why, std::move(flags),
                 CheckInputs(kNow, {}, good, Changed(change)));
  };
  expected("another instance", {"Malformed"}, [](Attestation& one) { one.instance[15] ^= 1; });
  expected("another lender", {"Malformed"}, [](Attestation& one) { one.lender = Lenders()[1]; });
  expected("another nonce", {"Replay"}, [](Attestation& one) { one.nonce[15] ^= 1; });
  expected("no nonce is expected", {"Length"}, [](Attestation& one) { one.nonce.clear(); });
  expected("a part of the nonce is expected", {"Length"},
           [](Attestation& one) { one.nonce.pop_back(); });
  expected("more than the nonce is expected", {"Length"},
           [](Attestation& one) { one.nonce.push_back(0); });
  expected("no instance is expected", {"Length"}, [](Attestation& one) { one.instance.clear(); });
  expected("a part of the instance is expected", {"Length"},
           [](Attestation& one) { one.instance.pop_back(); });
  expected("more than the instance is expected", {"Length"},
           [](Attestation& one) { one.instance.push_back(one.lender[0]); });
  expected("no lender is expected", {"Length"}, [](Attestation& one) { one.lender.clear(); });
  expected("a part of the lender is expected", {"Length"},
           [](Attestation& one) { one.lender.pop_back(); });
  expected("more than the lender is expected", {"Length"},
           [](Attestation& one) { one.lender.push_back(1); });
  list.Invalid(
      "CheckAttestation.4", "another instance, and too old", {"Order"},
      CheckInputs(kNow + 301, {}, good, Changed([](Attestation& one) { one.instance[0] ^= 1; })));
  list.Invalid(
      "CheckAttestation.4", "another lender, and too old", {"Order"},
      CheckInputs(kNow + 301, {}, good, Changed([](Attestation& one) { one.lender[0] ^= 1; })));
  list.Invalid(
      "CheckAttestation.4", "another nonce, and too old", {"Order"},
      CheckInputs(kNow + 301, {}, good, Changed([](Attestation& one) { one.nonce[0] ^= 1; })));
  list.Invalid(
      "CheckAttestation.4", "another nonce, and seen before", {"Order"},
      CheckInputs(kNow, Seen(kNow), good, Changed([](Attestation& one) { one.nonce[0] ^= 1; })));

  const auto late = [&](const char* step, const char* why, Flags flags, std::uint64_t now,
                        const ReplayCache& cache) {
    list.Invalid(step, why, std::move(flags), CheckInputs(now, cache, good));
  };
  late("CheckAttestation.5", "too old, and perhaps forgotten", {"Clock", "Order"}, kNow + 301,
       Forgotten(kNow + 1));
  late("CheckAttestation.5", "too old, and seen before", {"Clock", "Order"}, kNow + 301,
       Seen(kNow));
  late("CheckAttestation.6", "a second before what is remembered", {"Clock"}, kNow,
       Forgotten(kNow + 1));
  late("CheckAttestation.6", "the clock was years ahead once", {"Clock"}, kNow,
       Forgotten(kLastTime));
  late("CheckAttestation.6", "300 seconds old, and a second before what is remembered", {"Clock"},
       kNow + 300, Forgotten(kNow + 1));
  late("CheckAttestation.6", "300 seconds ahead, and a second before what is remembered", {"Clock"},
       kNow - 300, Forgotten(kNow + 1));
  late("CheckAttestation.6", "perhaps forgotten, and seen with a later time", {"Clock", "Order"},
       kNow, Seen(kNow + 1, kNow + 1));
  late("CheckAttestation.7", "seen before", {"Replay"}, kNow, Seen(kNow));
  late("CheckAttestation.7", "seen before, at the last second", {"Replay"}, kNow + 300,
       Seen(kNow, kNow));
  late("CheckAttestation.7", "seen before, at the first second", {"Replay"}, kNow - 300,
       Seen(kNow));
  late("CheckAttestation.7", "the same question answered before, earlier", {"Replay"}, kNow,
       Seen(kNow - 1));
  late("CheckAttestation.7", "the same question answered before, with a later time", {"Replay"},
       kNow, Seen(kNow + 1));
  full.seen[other(Good())] = kNow;
  late("CheckAttestation.7", "seen before, among others", {"Replay"}, kNow, full);
  // No cache that has forgotten up to now holds it, but the step does not ask.
  late("CheckAttestation.7", "seen before with a time that should be forgotten", {"Replay"}, kNow,
       Seen(0, kNow));
}

void PruneCases(List& list) {
  const auto valid = [&](const char* why, Flags flags, const ReplayCache& cache,
                         std::uint64_t now) {
    list.Valid(why, std::move(flags), {{"cache", ToJson(cache)}, {"now", U64ToJson(now)}});
  };
  ReplayCache full;
  std::uint64_t issued_at = kNow - 303;
  for (const char* nonce : {"a", "b", "c", "d", "e", "f"})
    full.seen[Start(nonce, 32)] = issued_at++;
  full.seen[Start("g", 32)] = kNow + 300;
  valid("an empty cache", {"Normal"}, {}, kNow);
  valid("what is more than 300 seconds old goes", {"Normal"}, full, kNow);
  valid("at time 0 nothing goes", {"EdgeCase"}, full, 0);
  valid("at the last time all goes", {"EdgeCase"}, full, kLastTime);
  valid("300 seconds old: stays", {"EdgeCase"}, Seen(kNow - 300), kNow);
  valid("301 seconds old: goes", {"EdgeCase"}, Seen(kNow - 301), kNow);
  valid("300 seconds ahead: stays for another 600", {"EdgeCase"}, Seen(kNow + 300), kNow + 600);
  valid("and a second later it goes", {"EdgeCase"}, Seen(kNow + 300), kNow + 601);
  valid("of time 0, at 300", {"EdgeCase"}, Seen(0), 300);
  valid("of time 0, at 301", {"EdgeCase"}, Seen(0), 301);
  valid("of time 1, at 301", {"EdgeCase"}, Seen(1), 301);
  valid("of time 0, at 299", {"EdgeCase"}, Seen(0), 299);
  valid("of the last time, at the last time", {"EdgeCase"}, Seen(kLastTime), kLastTime);
  valid("the clock was set back: nothing changes", {"Clock"}, Seen(kNow, kNow), kNow);
  valid("the clock was set back to 0: nothing changes", {"Clock"}, Seen(kNow, kNow), 0);
  valid("the clock was set back below 300: nothing changes", {"Clock"}, Seen(kNow, kNow), 299);
  valid("the last time was forgotten once", {"Clock"}, Forgotten(kLastTime), kNow);
  valid("a second later than before", {"EdgeCase"}, Seen(kNow, kNow), kNow + 301);
  valid("at the same time as before", {"EdgeCase"}, Seen(kNow, kNow), kNow + 300);
  // No check puts such a thing in; Prune.2 does not ask.
  valid("what should be forgotten goes even if the clock was set back", {"Clock"},
        Seen(kNow - 1, kNow), 1000);
}

}  // namespace

Makers AttestationMakers() {
  return {{"HMAC", HmacCases},
          {"EncodeAttestation", EncodeAttestationCases},
          {"ParseAttestation", ParseAttestationCases},
          {"EncodeAttestationKey", EncodeAttestationKeyCases},
          {"ParseAttestationKey", ParseAttestationKeyCases},
          {"Attest", AttestCases},
          {"CheckAttestation", CheckAttestationCases},
          {"Prune", PruneCases}};
}

}  // namespace blindlend::vectors
