// Experiments on hashing, signing and verifying.
#include <sstream>

#include "tests/adversary/battery.h"
#include "tests/adversary/statistics.h"
#include "tests/adversary/world.h"
#include "tests/support/support.h"

namespace blindlend::test {

namespace {

using NTL::MulMod;
using NTL::PowerMod;

const SecretKey& SignerKey() {
  return Key(512, 6);
}

Bytes Message(std::size_t i) {
  return Join({Ascii("message "), Ascii(std::to_string(i))});
}

// What a member obtains for a message, by the protocol. Nothing where it fails.
std::optional<Bytes> Obtain(const Parties& parties, const Bytes& msg, const ByteSource& source) {
  const auto blinded = parties.blind(SignerKey(), msg, source);
  if (!blinded) return std::nullopt;
  const auto blind_sig = parties.sign(SignerKey(), blinded->blinded, source);
  if (!blind_sig) return std::nullopt;
  const auto sig = parties.finalize(SignerKey(), msg, *blind_sig, blinded->r_inv);
  return sig ? std::optional(*sig) : std::nullopt;
}

// Claim.HashStopsProducts: hashes are even over all of [1, n-1] and in their low bits. A hash whose top
// bit is cleared is at distance 0.29 and one that is reduced at 0.17; bound and powers as for linking.
Finding Coverage(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  std::vector<double> high, low;
  for (std::size_t i = 0; i < 4000; ++i) {
    const Bytes msg = Join({SeedFor("coverage"), Message(i)});
    const auto h = parties.hash(SignerKey(), msg);
    if (!h) continue;
    high.push_back(Share(*h, SignerKey().n));
    low.push_back(LowShare(*h));
  }
  if (high.size() < 2000) return {true, "half of the messages have no hash"};
  const double limit = FarDistance(high.size(), kAlarm / 2);
  const double distance = std::max(Distance(high), Distance(low));
  std::ostringstream text;
  text << "distance " << distance << ", bound " << limit;
  return {distance > limit, text.str(), kAlarm};
}

// Claim.OneMore: a hash under one key is none under another. The two moduli have the same length, so
// that the same bytes would mostly make the same hash.
Finding OtherKey(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  int same = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto one = parties.hash(Key(512, 6), Message(i));
    const auto two = parties.hash(Key(512, 8), Message(i));
    same += one && two && *one == *two;
  }
  return {same > 0, std::to_string(same) + " of 64 hashes the same under two keys"};
}

// Claim.OneForm: s + n, 0 and n are refused where s is accepted. s + n fits into k bytes for 0.42 of all
// signatures under this key.
Finding Range(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  const SecretKey& sk = SignerKey();
  int fitting = 0, accepted = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    const ZZ h = parties.hash(sk, Message(i)).value_or(ZZ{1}), s = PowerD(sk, h);
    if (!parties.verify(sk, Message(i), *I2OSP(s, 64))) continue;
    for (const ZZ& other : {ZZ{s + sk.n}, ZZ{0}, sk.n}) {
      const auto bytes = I2OSP(other, 64);
      if (!bytes) continue;
      if (other > sk.n) ++fitting;
      accepted += parties.verify(sk, Message(i), *bytes);
    }
  }
  if (fitting == 0) return {true, "no signature was accepted"};
  return {accepted > 0, std::to_string(accepted) + " accepted out of range, " +
                            std::to_string(fitting) + " of the form s + n tried"};
}

// Claim.OneForm: the same number in more bytes, or in fewer, is refused.
Finding Length(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  const SecretKey& sk = SignerKey();
  int tried = 0, accepted = 0;
  for (std::size_t i = 0; i < 600; ++i) {
    const auto h = parties.hash(sk, Message(i));
    if (!h) continue;
    const Bytes sig = *I2OSP(PowerD(sk, *h), 64);
    if (!parties.verify(sk, Message(i), sig)) continue;
    std::vector<Bytes> forms;
    if (i < 20) forms = {Join({Bytes{0}, sig}), Join({Bytes(3), sig}), Join({sig, Bytes{0}})};
    // One signature in 180 begins with a zero byte, and is a number of 63 bytes.
    if (sig[0] == 0) forms.push_back(Bytes(sig.begin() + 1, sig.end()));
    for (const Bytes& form : forms) {
      ++tried;
      accepted += parties.verify(sk, Message(i), form);
    }
  }
  if (tried == 0) return {true, "no signature was accepted"};
  return {accepted > 0,
          std::to_string(accepted) + " of " + std::to_string(tried) + " other lengths accepted"};
}

// Claim.HashStopsProducts, Claim.OneMore: from signatures on messages of its choice the forger makes others by
// arithmetic alone: of the product of two, of a multiple, of a power, of an inverse, of what it likes
// (s first, then the message that s^e is), and of 1 and n - 1. All of them are signatures if the message
// itself is signed, and none is once it has been hashed.
Finding Products(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  const SecretKey& sk = SignerKey();
  Tape tape = TapeFrom(1);
  std::vector<std::string> forged;
  const auto number = [](const ZZ& x) { return *I2OSP(x, 64); };
  const auto raise = [&](const ZZ& x) { return PowerMod(x, sk.e, sk.n); };
  for (std::uint64_t i = 0; i < 8; ++i) {
    Tape choice = TapeFrom(100 + i);
    const ZZ m1 = *DrawUnit(sk.n, choice.Source()), m2 = *DrawUnit(sk.n, choice.Source());
    const ZZ u = *DrawUnit(sk.n, choice.Source());
    const auto sig1 = Obtain(parties, number(m1), tape.Source());
    const auto sig2 = Obtain(parties, number(m2), tape.Source());
    if (!sig1 || !sig2) return {true, "no signature was obtained"};
    const ZZ s1 = OS2IP(*sig1), s2 = OS2IP(*sig2);
    const std::vector<std::tuple<std::string, ZZ, ZZ>> tries = {
        {"product", MulMod(m1, m2, sk.n), MulMod(s1, s2, sk.n)},
        {"multiple", MulMod(m1, raise(u), sk.n), MulMod(s1, u, sk.n)},
        {"power", PowerMod(m1, 3, sk.n), PowerMod(s1, 3, sk.n)},
        {"inverse", *ModInverse(m1, sk.n), *ModInverse(s1, sk.n)},
        {"negation", sk.n - m1, sk.n - s1},
        {"free choice", raise(u), u},
        {"one", ZZ{1}, ZZ{1}},
        {"minus one", sk.n - 1, sk.n - 1}};
    for (const auto& [name, msg, s] : tries)
      if (parties.verify(sk, number(msg), number(s)) && i == 0) forged.push_back(name);
  }
  std::string text = forged.empty() ? "8 ways of forging, none works" : "forged:";
  for (const std::string& name : forged) text += " " + name + ",";
  if (!forged.empty()) text.pop_back();
  return {!forged.empty(), text};
}

// Claim.OneByOne, Claim.OneMore: the forger has one blind signature, on the product of the hashes of four messages, and
// shows it as four: s * u, and three numbers whose product is 1/u. Their product has the right e-th
// power; none of them is a signature.
Finding Batch(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  const SecretKey& sk = SignerKey();
  Tape tape = TapeFrom(1);
  std::vector<Bytes> msgs, honest;
  ZZ product{1};
  for (std::size_t i = 0; i < 4; ++i) {
    msgs.push_back(Message(i));
    honest.push_back(SignatureOf(sk, msgs.back()));
    product = MulMod(product, *FDH("blindlend v1 token", sk, msgs.back()), sk.n);
  }
  if (!parties.verify_all(sk, msgs, honest)) return {true, "four good ones are refused"};
  // One session: the signer sees a uniform unit, as always.
  const ZZ r = *DrawUnit(sk.n, tape.Source());
  const ZZ asked = MulMod(product, PowerMod(r, sk.e, sk.n), sk.n);
  const ZZ s = MulMod(*BlindSign(sk, asked, tape.Source()), *ModInverse(r, sk.n), sk.n);
  std::vector<Bytes> forged;
  ZZ rest = s;
  for (std::size_t i = 0; i < 3; ++i) {
    const ZZ u = *DrawUnit(sk.n, tape.Source());
    forged.push_back(*I2OSP(u, 64));
    rest = MulMod(rest, *ModInverse(u, sk.n), sk.n);
  }
  forged.push_back(*I2OSP(rest, 64));
  int single = 0;
  for (std::size_t i = 0; i < 4; ++i) single += parties.verify(sk, msgs[i], forged[i]);
  const bool passed = parties.verify_all(sk, msgs, forged);
  return {passed || single > 0, passed ? "4 tokens for 1 signature, none of them signed"
                                       : "a batch forged from 1 signature is refused"};
}

// Claim.FaultTellsNothing: with one part of the key wrong (a fault in memory or in a register), what is
// released gives a factor of n: gcd(x^e - c, n).
Finding Fault(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  const SecretKey& sk = SignerKey();
  int released = 0;
  std::string factor;
  for (std::uint64_t i = 0; i < 24; ++i) {
    Tape tape = TapeFrom(i);
    SecretKey faulty = sk;
    ZZ SecretKey::* const part =
        std::array{&SecretKey::dp, &SecretKey::dq, &SecretKey::qinv}[i % 3];
    SwitchBit(faulty.*part, static_cast<long>(7 * i % 250));
    const ZZ c = *DrawUnit(sk.n, tape.Source());
    const auto x = parties.sign(faulty, c, tape.Source());
    if (!x) continue;
    const ZZ common = GCD(PowerMod(*x, sk.e, sk.n) - c, sk.n);
    if (common == sk.n) continue;  // right all the same
    ++released;
    if (common > 1 && factor.empty()) {
      std::ostringstream text;
      text << common;
      factor = text.str();
    }
  }
  if (released == 0) return {false, "24 faults, nothing released"};
  return {true, std::to_string(released) + " of 24 faulty values released" +
                    (factor.empty() ? "" : "; a factor of n: " + factor)};
}

// Claim.FinalizeVerifies: whatever the signer answers, what the member ends with verifies.
Finding Finalizes(const Subject& subject) {
  const Parties parties = subject.start(Bytes(32));
  const SecretKey& sk = SignerKey();
  int wrong = 0, released = 0, right = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    Tape tape = TapeFrom(i);
    const Bytes msg = Message(i);
    const auto blinded = parties.blind(sk, msg, tape.Source());
    if (!blinded) return {true, "no request"};
    const ZZ s = PowerD(sk, blinded->blinded);
    const auto honest = parties.finalize(sk, msg, s, blinded->r_inv);
    right += honest && parties.verify(sk, msg, *honest);
    for (const ZZ& answer : {ZZ{MulMod(s, 2, sk.n)}, ZZ{sk.n - s}, blinded->blinded, ZZ{1},
                             ZZ{s + 1}, PowerD(sk, *DrawUnit(sk.n, tape.Source()))}) {
      ++wrong;
      released += parties.finalize(sk, msg, answer % sk.n, blinded->r_inv).has_value();
    }
  }
  if (right != 20) return {true, "right answers are refused"};
  return {released > 0,
          std::to_string(released) + " of " + std::to_string(wrong) + " wrong answers released"};
}

}  // namespace

std::vector<Experiment> SignatureExperiments() {
  return {
      {"hash: coverage", {Part::kHash}, Coverage},
      {"hash: key", {Part::kHash}, OtherKey},
      {"form: range", {Part::kVerify, Part::kHash}, Range},
      {"form: length", {Part::kVerify, Part::kHash}, Length},
      {"forgery: products", {Part::kBlind, Part::kSign, Part::kFinalize, Part::kVerify}, Products},
      {"forgery: batch", {Part::kVerifyAll}, Batch},
      {"fault", {Part::kSign}, Fault},
      {"finalize", {Part::kBlind, Part::kFinalize, Part::kVerify}, Finalizes}};
}

}  // namespace blindlend::test
