#include "app/vectors/algorithms.h"

#include <stdexcept>

#include "app/vectors/evaluation.h"

namespace blindlend::vectors {

namespace {

using NTL::MulMod;
using NTL::NumBytes;
using NTL::PowerMod;

std::string AsciiText(View bytes) {
  return {bytes.begin(), bytes.end()};
}

Evaluation RunRawPrivate(const Json& in) {
  const SecretKey sk = ToSecretKey(in.at("sk"));
  const ZZ c = ToInt(in.at("c"));
  Tape tape = ToTape(in.at("source"));
  Tape again = ToTape(in.at("source"));
  const auto x = RawPrivate(sk, c, tape.Source());
  if (!x) return Failed(x.error());
  const ZZ b = *DrawUnit(sk.n, again.Source());
  const ZZ z = MulMod(c, PowerMod(b, sk.e, sk.n), sk.n);
  const ZZ zp = PowerMod(z % sk.p, sk.dp, sk.p);
  const ZZ zq = PowerMod(z % sk.q, sk.dq, sk.q);
  const ZZ h = (sk.qinv * (zp - zq)) % sk.p;
  return Done({{"x", ToJson(*x)}, {"tape_used", tape.used()}},
              {{"b", ToJson(b)},
               {"b_inv", ToJson(*ModInverse(b, sk.n))},
               {"z", ToJson(z)},
               {"zp", ToJson(zp)},
               {"zq", ToJson(zq)},
               {"h", ToJson(h)},
               {"y", ToJson(ZZ{zq + sk.q * h})}});
}

Evaluation RunKeyFromPrimes(const Json& in) {
  const ZZ p = ToInt(in.at("p")), q = ToInt(in.at("q"));
  const auto sk = KeyFromPrimes(p, q, ToInt(in.at("e")));
  if (!sk) return Failed(sk.error());
  const ZZ L = (p - 1) * (q - 1) / GCD(p - 1, q - 1);
  return Done({{"sk", ToJson(*sk)}}, {{"L", ToJson(L)}});
}

Evaluation RunFdh(const Json& in) {
  const std::string tag = ToText(in.at("tag"));
  const PublicKey pk = ToPublicKey(in.at("pk"));
  const Bytes msg = ToBytes(in.at("msg"));
  const auto h = FDH(tag, pk, msg);
  if (!h) return Failed(h.error());
  const Bytes id = *KeyId(pk);
  const Bytes seed = SHA256(Join({Prefix(Ascii(tag)), Prefix(id), Prefix(msg)}));
  const auto k = static_cast<std::uint64_t>(NumBytes(pk.n));
  long ctr = 0;
  while (!UnitFromBytes(pk.n, *MGF1(Join({seed, *I2OSP(ZZ{ctr}, 4)}), k))) ++ctr;
  return Done({{"h", ToJson(*h)}}, {{"id", ToJson(id)}, {"seed", ToJson(seed)}, {"ctr", ctr}});
}

Evaluation RunBlind(const Json& in) {
  const PublicKey pk = ToPublicKey(in.at("pk"));
  const Bytes msg = ToBytes(in.at("msg"));
  Tape tape = ToTape(in.at("source"));
  Tape again = ToTape(in.at("source"));
  const auto blinded = Blind(pk, msg, tape.Source());
  if (!blinded) return Failed(blinded.error());
  return Done({{"blinded", ToJson(blinded->blinded)},
               {"r_inv", ToJson(blinded->r_inv)},
               {"tape_used", tape.used()}},
              {{"h", ToJson(*FDH("blindlend v1 token", pk, msg))},
               {"r", ToJson(*DrawUnit(pk.n, again.Source()))}});
}

Evaluation RunVerify(const Json& in) {
  const PublicKey pk = ToPublicKey(in.at("pk"));
  const Bytes msg = ToBytes(in.at("msg"));
  const Bytes sig = ToBytes(in.at("sig"));
  const auto valid = Verify(pk, msg, sig);
  if (!valid) return Failed(valid.error());
  return Done(Json::object(),
              {{"s", ToJson(OS2IP(sig))}, {"h", ToJson(*FDH("blindlend v1 token", pk, msg))}});
}

Evaluation RunBlindBatch(const Json& in) {
  Tape tape = ToTape(in.at("source"));
  const auto made = BlindBatch(ToPublicKey(in.at("pk")), ToBytesList(in.at("msgs")), tape.Source());
  if (!made) return Failed(made.error());
  return Done({{"request", ToJson(made->request)},
               {"state", ToJson(made->state)},
               {"tape_used", tape.used()}});
}

int ToRounds(const Json& json) {
  const std::uint64_t rounds = ToNumber(json);
  if (rounds > 1000) throw std::runtime_error("too many rounds");
  return static_cast<int>(rounds);
}

long ToLength(const Json& json) {
  const std::uint64_t length = ToNumber(json);
  if (length > 1'000'000) throw std::runtime_error("too long");
  return static_cast<long>(length);
}

Evaluation RunAccumulated(const Json& in) {
  Tape tape = Tape::FromSeed(ToBytes(in.at("seed")));
  const auto sk = GenerateKey(ToLength(in.at("bits")), tape.Source());
  if (!sk) return Failed(sk.error());
  const auto k = static_cast<std::size_t>(NumBytes(sk->n));
  const long runs = ToLength(in.at("runs"));
  Bytes all;
  for (long i = 0; i < runs; ++i) {
    const Bytes count = *I2OSP(ZZ{i}, 8);
    Bytes msg = Join({SHA256(count), SHA256(Join({count, Bytes{0}}))});
    msg.resize(static_cast<std::size_t>(i % 64));
    const auto blinded = Blind(*sk, msg, tape.Source());
    if (!blinded) return Failed(blinded.error());
    const auto blind_sig = BlindSign(*sk, blinded->blinded, tape.Source());
    if (!blind_sig) return Failed(blind_sig.error());
    const auto sig = Finalize(*sk, msg, *blind_sig, blinded->r_inv);
    if (!sig) return Failed(sig.error());
    const Bytes run = Join({*I2OSP(blinded->blinded, k), *I2OSP(*blind_sig, k), *sig});
    all.insert(all.end(), run.begin(), run.end());
  }
  return Done({{"digest", ToJson(SHA256(all))}}, {{"sk", ToJson(*sk)}});
}

// Chapters 1 to 4.
std::vector<Algorithm> FirstAlgorithms() {
  return {
      {"I2OSP",
       "1-encoding",
       {"x", "len"},
       [](const Json& in) {
         const auto len = static_cast<std::size_t>(ToLength(in.at("len")));
         return One("bytes", I2OSP(ToInt(in.at("x")), len));
       }},
      {"OS2IP",
       "1-encoding",
       {"bytes"},
       [](const Json& in) { return Done({{"x", ToJson(OS2IP(ToBytes(in.at("bytes"))))}}); }},
      {"Prefix",
       "1-encoding",
       {"bytes"},
       [](const Json& in) {
         return Done({{"prefixed", ToJson(Prefix(ToBytes(in.at("bytes"))))}});
       }},
      {"SHA256",
       "1-encoding",
       {"bytes"},
       [](const Json& in) { return Done({{"digest", ToJson(SHA256(ToBytes(in.at("bytes"))))}}); }},
      {"EncodeBase64",
       "1-encoding",
       {"bytes"},
       [](const Json& in) {
         return Done({{"text", AsciiText(EncodeBase64(ToBytes(in.at("bytes"))))}});
       }},
      {"DecodeBase64",
       "1-encoding",
       {"text"},
       [](const Json& in) { return One("bytes", DecodeBase64(ToBytes(in.at("text")))); }},
      {"EncodeText",
       "1-encoding",
       {"label", "bytes"},
       [](const Json& in) {
         return Done(
             {{"text", ToJson(EncodeText(ToText(in.at("label")), ToBytes(in.at("bytes"))))}});
       }},
      {"DecodeText",
       "1-encoding",
       {"label", "text"},
       [](const Json& in) {
         return One("bytes", DecodeText(ToText(in.at("label")), ToBytes(in.at("text"))));
       }},
      {"Fingerprint",
       "1-encoding",
       {"digest"},
       [](const Json& in) {
         return Done({{"text", AsciiText(Fingerprint(ToDigest(in.at("digest"))))}});
       }},
      {"UnitFromBytes",
       "2-rsa",
       {"n", "bytes"},
       [](const Json& in) {
         return One("x", UnitFromBytes(ToInt(in.at("n")), ToBytes(in.at("bytes"))));
       }},
      {"DrawUnit",
       "2-rsa",
       {"n", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         return Drawn("x", DrawUnit(ToInt(in.at("n")), tape.Source()), tape);
       }},
      {"ModInverse",
       "2-rsa",
       {"a", "n"},
       [](const Json& in) { return One("x", ModInverse(ToInt(in.at("a")), ToInt(in.at("n")))); }},
      {"RawPublic",
       "2-rsa",
       {"pk", "x"},
       [](const Json& in) {
         return One("y", RawPublic(ToPublicKey(in.at("pk")), ToInt(in.at("x"))));
       }},
      {"RawPrivate", "2-rsa", {"sk", "c", "source"}, RunRawPrivate},
      {"DrawBase",
       "2-rsa",
       {"w", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         return Drawn("b", DrawBase(ToInt(in.at("w")), tape.Source()), tape);
       }},
      {"MillerRabin",
       "2-rsa",
       {"w", "rounds", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         const int rounds = ToRounds(in.at("rounds"));
         return Drawn("prime", MillerRabin(ToInt(in.at("w")), rounds, tape.Source()), tape);
       }},
      {"GeneratePrime",
       "2-rsa",
       {"len", "e", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         const long len = ToLength(in.at("len"));
         return Drawn("w", GeneratePrime(len, ToInt(in.at("e")), tape.Source()), tape);
       }},
      {"KeyFromPrimes", "2-rsa", {"p", "q", "e"}, RunKeyFromPrimes},
      {"GenerateKey",
       "2-rsa",
       {"bits", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         return Drawn("sk", GenerateKey(ToLength(in.at("bits")), tape.Source()), tape);
       }},
      {"ProbablyPrime",
       "2-rsa",
       {"w"},
       [](const Json& in) { return Done({{"prime", ProbablyPrime(ToInt(in.at("w")))}}); }},
      {"ValidatePublicKey",
       "2-rsa",
       {"pk"},
       [](const Json& in) { return Nothing(ValidatePublicKey(ToPublicKey(in.at("pk")))); }},
      {"ValidateSecretKey",
       "2-rsa",
       {"sk"},
       [](const Json& in) { return Nothing(ValidateSecretKey(ToSecretKey(in.at("sk")))); }},
      {"EncodePublicKey",
       "2-rsa",
       {"pk"},
       [](const Json& in) { return One("bytes", EncodePublicKey(ToPublicKey(in.at("pk")))); }},
      {"ParsePublicKey",
       "2-rsa",
       {"bytes"},
       [](const Json& in) { return One("pk", ParsePublicKey(ToBytes(in.at("bytes")))); }},
      {"EncodeSecretKey",
       "2-rsa",
       {"sk"},
       [](const Json& in) { return One("bytes", EncodeSecretKey(ToSecretKey(in.at("sk")))); }},
      {"ParseSecretKey",
       "2-rsa",
       {"bytes"},
       [](const Json& in) { return One("sk", ParseSecretKey(ToBytes(in.at("bytes")))); }},
      {"KeyId",
       "2-rsa",
       {"pk"},
       [](const Json& in) {
         const PublicKey pk = ToPublicKey(in.at("pk"));
         Evaluation evaluation = One("id", KeyId(pk));
         if (evaluation.fails_at.empty())
           evaluation.intermediates["encoding"] = ToJson(*EncodePublicKey(pk));
         return evaluation;
       }},
      {"MGF1",
       "3-fdh",
       {"seed", "len"},
       [](const Json& in) {
         return One("mask", MGF1(ToBytes(in.at("seed")), ToNumber(in.at("len"))));
       }},
      {"FDH", "3-fdh", {"tag", "pk", "msg"}, RunFdh},
      {"Blind", "4-blind-signature", {"pk", "msg", "source"}, RunBlind},
      {"BlindSign",
       "4-blind-signature",
       {"sk", "blinded", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         const SecretKey sk = ToSecretKey(in.at("sk"));
         return Drawn("blind_sig", BlindSign(sk, ToInt(in.at("blinded")), tape.Source()), tape);
       }},
      {"Verify", "4-blind-signature", {"pk", "msg", "sig"}, RunVerify},
      {"Finalize",
       "4-blind-signature",
       {"pk", "msg", "blind_sig", "r_inv"},
       [](const Json& in) {
         return One("sig", Finalize(ToPublicKey(in.at("pk")), ToBytes(in.at("msg")),
                                    ToInt(in.at("blind_sig")), ToInt(in.at("r_inv"))));
       }},
      {"BlindBatch", "4-blind-signature", {"pk", "msgs", "source"}, RunBlindBatch},
      {"BlindSignBatch",
       "4-blind-signature",
       {"sk", "request", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         const SecretKey sk = ToSecretKey(in.at("sk"));
         const Batch request = ToBatch(in.at("request"));
         return Drawn("response", BlindSignBatch(sk, request, tape.Source()), tape);
       }},
      {"FinalizeBatch",
       "4-blind-signature",
       {"pk", "state", "response"},
       [](const Json& in) {
         return One("sigs", FinalizeBatch(ToPublicKey(in.at("pk")), ToState(in.at("state")),
                                          ToBatch(in.at("response"))));
       }},
      {"EncodeBatch",
       "4-blind-signature",
       {"kind", "batch"},
       [](const Json& in) {
         return One("bytes", EncodeBatch(ToKind(in.at("kind")), ToBatch(in.at("batch"))));
       }},
      {"ParseBatch",
       "4-blind-signature",
       {"kind", "bytes"},
       [](const Json& in) {
         return One("batch", ParseBatch(ToKind(in.at("kind")), ToBytes(in.at("bytes"))));
       }},
      {"EncodeState",
       "4-blind-signature",
       {"state"},
       [](const Json& in) { return One("bytes", EncodeState(ToState(in.at("state")))); }},
      {"ParseState",
       "4-blind-signature",
       {"bytes"},
       [](const Json& in) { return One("state", ParseState(ToBytes(in.at("bytes")))); }},
      {"EncodeSignature",
       "4-blind-signature",
       {"sig"},
       [](const Json& in) { return One("bytes", EncodeSignature(ToBytes(in.at("sig")))); }},
      {"ParseSignature",
       "4-blind-signature",
       {"bytes"},
       [](const Json& in) { return One("sig", ParseSignature(ToBytes(in.at("bytes")))); }},
      {"Accumulated", "4-blind-signature", {"bits", "runs", "seed"}, RunAccumulated},
  };
}

}  // namespace

const std::vector<Algorithm>& Algorithms() {
  static const std::vector<Algorithm> algorithms = [] {
    std::vector<Algorithm> all = FirstAlgorithms();
    for (Algorithm& algorithm : LaterAlgorithms()) all.push_back(std::move(algorithm));
    for (Algorithm& algorithm : LenderAlgorithms()) all.push_back(std::move(algorithm));
    for (Algorithm& algorithm : HttpAlgorithms()) all.push_back(std::move(algorithm));
    return all;
  }();
  return algorithms;
}

}  // namespace blindlend::vectors
