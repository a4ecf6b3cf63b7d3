// Properties of spec chapter 4-blind-signature.
#include <algorithm>

#include "tests/support/support.h"

namespace blindlend::test {
namespace {

using RawBytes = std::vector<std::uint8_t>;

std::size_t Width(const PublicKey& pk) {
  return static_cast<std::size_t>(NumBytes(pk.n));
}

// What an honest signer answers.
ZZ Answer(const SecretKey& sk, const ZZ& blinded) {
  Tape tape = TapeFrom(1);
  return *BlindSign(sk, blinded, tape.Source());
}

// Property.Unblind and Property.SignatureUnique, also for r at both ends of the units.
TEST(BlindSignature, Unblind) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw, std::uint64_t seed) {
        const SecretKey& sk = Key(512, *rc::gen::inRange(0, 8));
        const Bytes msg = ToBytes(raw);
        const auto r = *rc::gen::weightedElement<std::string>(
            {{6, "any r"}, {1, "r = 1"}, {1, "r near 1"}, {1, "r near n"}, {1, "r = n - 1"}});
        const ZZ apart{*rc::gen::inRange(2L, 1000L)};
        const ZZ chosen = r == "r = 1"      ? ZZ{1}
                          : r == "r near 1" ? apart
                          : r == "r near n" ? ZZ{sk.n - apart}
                                            : ZZ{sk.n - 1};
        Tape one = r == "any r" ? TapeFrom(seed) : Tape::Of(*I2OSP(chosen, Width(sk)));
        Tape two = TapeFrom(seed + 1);
        const Blinded first = *Blind(sk, msg, one.Source());
        const Blinded second = *Blind(sk, msg, two.Source());
        RC_ASSERT(first.blinded != second.blinded);
        RC_ASSERT(first.r_inv != second.r_inv);
        const Bytes sig = *Finalize(sk, msg, Answer(sk, first.blinded), first.r_inv);
        RC_ASSERT(*Finalize(sk, msg, Answer(sk, second.blinded), second.r_inv) == sig);
        RC_ASSERT(Step(Verify(sk, msg, sig)).empty());
        RC_ASSERT(sig == SignatureOf(sk, msg));
        RC_ASSERT(one.used() % Width(sk) == 0);
        RC_TAG(one.used() == Width(sk) ? "first candidate" : "later candidate");
        RC_TAG(r);
      },
      10);
  for (const char* tag : {"any r", "r = 1", "r near 1", "r near n", "r = n - 1"})
    EXPECT_GE(distribution.Share(tag), 0.03) << tag;
  EXPECT_GE(distribution.Share("first candidate"), 0.3);
  EXPECT_GE(distribution.Share("later candidate"), 0.01);
}

// Property.Unblind at the production lengths, once each.
TEST(BlindSignature, UnblindAtProductionLengths) {
  for (const long bits : {2048L, 3072L, 4096L}) {
    const SecretKey& sk = Key(bits);
    Tape tape = TapeFrom(static_cast<std::uint64_t>(bits));
    const Blinded blinded = *Blind(sk, Ascii("token"), tape.Source());
    const auto sig = Finalize(sk, Ascii("token"), Answer(sk, blinded.blinded), blinded.r_inv);
    EXPECT_EQ(Step(sig), "") << bits;
    EXPECT_EQ(*sig, SignatureOf(sk, Ascii("token"))) << bits;
  }
}

// Claim.OneMore
// Property.EditFails: each bit of a signature and of its message.
TEST(BlindSignature, EverySingleBitEditFails) {
  const SecretKey& sk = Key(512);
  const Bytes msg = Ascii("a token of some length");
  const Bytes sig = SignatureOf(sk, msg);
  const auto flip = [](Bytes bytes, std::size_t bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
    return bytes;
  };
  ASSERT_EQ(Step(Verify(sk, msg, sig)), "");
  for (std::size_t bit = 0; bit < 8 * sig.size(); ++bit)
    EXPECT_FALSE(Verify(sk, msg, flip(sig, bit)).has_value()) << bit;
  for (std::size_t bit = 0; bit < 8 * msg.size(); ++bit)
    EXPECT_EQ(Step(Verify(sk, flip(msg, bit), sig)), "Verify.6") << bit;
}

// Property.EditFails for random messages: swaps between two messages, and an edited bit.
TEST(BlindSignature, EditFails) {
  const auto distribution = CheckProperty(
      [](const RawBytes& one, const RawBytes& two) {
        RC_PRE(one != two);
        const SecretKey& sk = Key(512, *rc::gen::inRange(0, 8));
        const Bytes sig = SignatureOf(sk, ToBytes(one));
        RC_ASSERT(Step(Verify(sk, ToBytes(two), sig)) == "Verify.6");
        RC_ASSERT(Step(Verify(sk, ToBytes(one), SignatureOf(sk, ToBytes(two)))) == "Verify.6");
        RC_TAG(one.size() == two.size()     ? "of one length"
               : one.empty() || two.empty() ? "one of them empty"
                                            : "of two lengths");
      },
      10);
  EXPECT_GE(distribution.Share("of two lengths"), 0.3);
}

// Claim.OneForm
// Property.RangeStrict: each wrong form of a right signature, at its own step.
TEST(BlindSignature, RangeStrict) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw) {
        const SecretKey& sk = Key(512, *rc::gen::inRange(0, 8));
        const Bytes msg = ToBytes(raw);
        const Bytes sig = SignatureOf(sk, msg);
        const ZZ s = OS2IP(sig);
        const std::size_t k = Width(sk);
        RC_ASSERT(Step(Verify(sk, msg, Join({Bytes{0}, sig}))) == "Verify.1");
        RC_ASSERT(Step(Verify(sk, msg, Join({sig, Bytes{0}}))) == "Verify.1");
        RC_ASSERT(Step(Verify(sk, msg, View(sig).first(k - 1))) == "Verify.1");
        RC_ASSERT(Step(Verify(sk, msg, {})) == "Verify.1");
        RC_ASSERT(Step(Verify(sk, msg, Bytes(k))) == "Verify.2");
        RC_ASSERT(Step(Verify(sk, msg, *I2OSP(sk.n, k))) == "Verify.2");
        RC_ASSERT(Step(Verify(sk, msg, *I2OSP(sk.n - s, k))) == "Verify.6");
        RC_ASSERT(Step(Verify(sk, msg, *I2OSP(sk.p, k))) == "Verify.5");
        RC_ASSERT(!Verify(Key(512, 9), msg, sig).has_value());
        const bool fits = NumBits(s + sk.n) <= 512;
        if (fits) RC_ASSERT(Step(Verify(sk, msg, *I2OSP(s + sk.n, k))) == "Verify.2");
        RC_TAG(fits ? "s + n fits into k bytes" : "s + n does not fit");
      },
      10);
  EXPECT_GE(distribution.Share("s + n fits into k bytes"), 0.02);
}

// Claim.FinalizeVerifies
// Property.FinalizeVerifies: a signer that answers anything at all.
TEST(BlindSignature, FinalizeVerifies) {
  const auto distribution = CheckProperty(
      [](const RawBytes& raw, std::uint64_t seed) {
        const SecretKey& sk = Key(512);
        const Bytes msg = ToBytes(raw);
        Tape tape = TapeFrom(seed);
        const Blinded blinded = *Blind(sk, msg, tape.Source());
        const ZZ honest = Answer(sk, blinded.blinded);
        const ZZ answer =
            *rc::gen::element(honest, ZZ{0}, ZZ{1}, ZZ{sk.n - 1}, sk.n, ZZ{honest + sk.n},
                              ZZ{honest + 1}, ZZ{sk.n - honest}, sk.p, blinded.blinded,
                              ZZ{honest - sk.n}, ZZ{MulMod(honest, 2, sk.n)});
        const auto sig = Finalize(sk, msg, answer, blinded.r_inv);
        RC_ASSERT(sig.has_value() == (answer == honest));
        if (sig) RC_ASSERT(Step(Verify(sk, msg, *sig)).empty());
        RC_TAG(sig ? "released" : Step(sig));
      },
      10);
  for (const char* tag : {"released", "Finalize.1", "Finalize.4"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

// 1 to 6 different messages: the batch index is their last byte.
std::vector<Bytes> SomeMessages() {
  std::vector<Bytes> msgs;
  const auto count =
      *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint8_t>(1, 7));  // each as often
  for (std::uint8_t i = 0; i < count; ++i)
    msgs.push_back(Join({ToBytes(*rc::gen::arbitrary<RawBytes>()), Bytes{i}}));
  return msgs;
}

// Property.BatchWhole
TEST(BlindSignature, BatchWhole) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed) {
        const SecretKey& sk = Key(512);
        const std::vector<Bytes> msgs = SomeMessages();
        Tape tape = TapeFrom(seed);
        const BlindedBatch made = *BlindBatch(sk, msgs, tape.Source());
        Batch response = *BlindSignBatch(sk, made.request, tape.Source());
        const auto at = *rc::gen::inRange<std::size_t>(0, msgs.size());
        const int change = *rc::gen::inRange(0, 6);
        State state = made.state;
        std::string step;
        if (change == 1) {
          response.values[at] = MulMod(response.values[at], 2, sk.n);
          step = "FinalizeBatch.4";
        } else if (change == 2) {
          response.id = SHA256(response.id);
          step = "FinalizeBatch.2";
        } else if (change == 3) {
          response.values.erase(response.values.begin() + static_cast<long>(at));
          step = "FinalizeBatch.3";
        } else if (change == 4) {
          state.key_id = SHA256(state.key_id);
          step = "FinalizeBatch.1";
        } else if (change == 5) {
          // The same messages blinded again: their answers are not interchangeable.
          response.id = BlindBatch(sk, msgs, tape.Source())->state.request_hash;
          step = "FinalizeBatch.2";
        }
        const auto sigs = FinalizeBatch(sk, state, response);
        RC_ASSERT(Step(sigs) == step);
        if (sigs)
          for (std::size_t i = 0; i < msgs.size(); ++i)
            RC_ASSERT((*sigs)[i] == SignatureOf(sk, msgs[i]));
        RC_TAG(step.empty() ? "all" : step);
        RC_TAG("batch of " + std::to_string(msgs.size()));
      },
      10);
  for (const char* tag : {"all", "FinalizeBatch.1", "FinalizeBatch.2", "FinalizeBatch.3",
                          "FinalizeBatch.4", "batch of 1", "batch of 6"})
    EXPECT_GE(distribution.Share(tag), 0.01) << tag;
}

// BlindBatch.1, ParseState.5 and EncodeState.1 at the limits that no vector has.
TEST(BlindSignature, BatchLimits) {
  const SecretKey sk = ToyKey(11, 13, 7);
  const auto numbered = [](long count) {
    std::vector<Bytes> msgs;
    for (long i = 0; i < count; ++i) msgs.push_back(*I2OSP(ZZ{i}, 2));
    return msgs;
  };
  const auto blind = [&](const std::vector<Bytes>& msgs) {
    Tape tape = TapeFrom(1);
    return BlindBatch(sk, msgs, tape.Source());
  };
  const auto most = blind(numbered(1000));
  ASSERT_EQ(Step(most), "");
  EXPECT_EQ(Step(blind(numbered(1001))), "BlindBatch.1");
  EXPECT_EQ(Step(blind({})), "BlindBatch.1");
  EXPECT_EQ(Step(blind({Ascii("x"), Ascii("y"), Ascii("x")})), "BlindBatch.2");

  Batch request = most->request;
  EXPECT_EQ(Step(EncodeBatch(kRequest, request)), "");
  request.values.push_back(ZZ{2});
  EXPECT_EQ(Step(EncodeBatch(kRequest, request)), "EncodeBatch.1");

  State state = most->state;
  EXPECT_EQ(Step(ParseState(*EncodeState(state))), "");
  state.entries.push_back({ZZ{1}, {}});
  EXPECT_EQ(Step(EncodeState(state)), "EncodeState.1");

  constexpr std::size_t kLargest = std::size_t{1} << 24;
  const auto large = blind({Bytes(kLargest - 1, 1), Bytes(1, 2)});
  ASSERT_EQ(Step(large), "");
  const Bytes encoded = *EncodeState(large->state);
  EXPECT_EQ(Step(ParseState(encoded)), "");
  EXPECT_EQ(Step(blind({Bytes(kLargest, 1), Bytes(1, 2)})), "BlindBatch.1");
  State too_large = large->state;
  too_large.entries[1].msg.push_back(0);
  EXPECT_EQ(Step(EncodeState(too_large)), "EncodeState.1");
  Bytes grown = Join({encoded, Bytes{0}});
  grown[encoded.size() - 2] = 2;  // the last message's length
  EXPECT_EQ(Step(ParseState(grown)), "ParseState.5");
}

// Edits of an encoding's first bytes, and of its length.
Bytes Edited(Bytes bytes, std::size_t header) {
  const auto at = *rc::gen::inRange<std::size_t>(0, std::min(header, bytes.size()));
  bytes[at] = *rc::gen::arbitrary<std::uint8_t>();
  bytes.resize(*rc::gen::weightedElement<std::size_t>(
      {{6, bytes.size()}, {1, bytes.size() + 1}, {1, bytes.size() - 1}, {1, at}}));
  return bytes;
}

// Property.ObjectRoundTrip
TEST(BlindSignature, ObjectRoundTrip) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed) {
        const SecretKey& sk = Key(512);
        Tape tape = TapeFrom(seed);
        const BlindedBatch made = *BlindBatch(sk, SomeMessages(), tape.Source());
        const Bytes request = *EncodeBatch(kRequest, made.request);
        const Batch parsed = *ParseBatch(kRequest, request);
        RC_ASSERT(parsed.id == made.request.id);
        RC_ASSERT(parsed.width == made.request.width);
        RC_ASSERT(parsed.values == made.request.values);
        RC_ASSERT(Step(ParseBatch(kResponse, request)) == "ParseBatch.1");
        const Bytes state = *EncodeState(made.state);
        const State back = *ParseState(state);
        RC_ASSERT(back.key_id == made.state.key_id);
        RC_ASSERT(back.request_hash == made.state.request_hash);
        RC_ASSERT(back.width == made.state.width);
        RC_ASSERT(back.entries.size() == made.state.entries.size());
        for (std::size_t i = 0; i < back.entries.size(); ++i) {
          RC_ASSERT(back.entries[i].r_inv == made.state.entries[i].r_inv);
          RC_ASSERT(back.entries[i].msg == made.state.entries[i].msg);
        }
        const Bytes sig = SignatureOf(sk, state);
        RC_ASSERT(*ParseSignature(*EncodeSignature(sig)) == sig);

        const Bytes bad_request = Edited(request, 40);
        const auto as_batch = ParseBatch(kRequest, bad_request);
        if (as_batch) RC_ASSERT(*EncodeBatch(kRequest, *as_batch) == bad_request);
        const Bytes bad_state = Edited(state, 140);
        const auto as_state = ParseState(bad_state);
        if (as_state) RC_ASSERT(*EncodeState(*as_state) == bad_state);
        const Bytes bad_sig = Edited(*EncodeSignature(sig), 6);
        const auto as_sig = ParseSignature(bad_sig);
        if (as_sig) RC_ASSERT(*EncodeSignature(*as_sig) == bad_sig);
        if (as_batch) RC_TAG("batch accepted");
        if (as_state) RC_TAG("state accepted");
        if (as_sig) RC_TAG("signature accepted");
        if (!as_batch && !as_state && !as_sig) RC_TAG("all refused");
      },
      10);
  for (const char* tag : {"batch accepted", "state accepted", "signature accepted", "all refused"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

// BlindSign.1 and BlindSign.2: what a signer never signs.
TEST(BlindSignature, TheSignerRefuses) {
  const SecretKey& sk = Key(512);
  Tape tape = TapeFrom(1);
  const auto step = [&](const ZZ& blinded) { return Step(BlindSign(sk, blinded, tape.Source())); };
  for (const ZZ& value : {ZZ{-1}, ZZ{0}, ZZ{1}, ZZ{sk.n - 1}, sk.n, ZZ{sk.n + 1}, ZZ{2 * sk.n + 5}})
    EXPECT_EQ(step(value), "BlindSign.1") << value;
  for (const ZZ& value : {sk.p, sk.q, ZZ{3 * sk.p}, ZZ{sk.n - sk.q}})
    EXPECT_EQ(step(value), "BlindSign.2");
  EXPECT_EQ(tape.used(), 0u) << "refused before anything is computed";
  EXPECT_EQ(step(ZZ{2}), "");
  EXPECT_EQ(step(sk.n - 2), "");
}

}  // namespace
}  // namespace blindlend::test
