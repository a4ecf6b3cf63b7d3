#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

const Bytes& Audience() {
  return Lenders()[0];
}

// The good token of 512 bits, changed.
template <class Change>
Token Changed(Change change) {
  Token token = MakeToken(Small());
  change(token);
  return token;
}

void MintTokenCases(List& list) {
  const auto in = [](const Bytes& key_id, const Json& tape) {
    return Json{{"key_id", ToJson(key_id)}, {"audience", ToJson(Audience())}, {"source", tape}};
  };
  const Bytes id = *KeyId(Small());
  list.Valid("a token", {"Normal"}, in(id, Seed("mint")));
  list.Valid("for another key", {"Normal"}, in(*KeyId(Toy()), Seed("mint")));
  list.Valid("exactly enough bytes", {"EdgeCase"}, in(id, TapeOf(Repeat(32, 7))));
  list.Invalid("MintToken.1", "an empty tape", {"Exhausted"}, in(id, TapeOf({})));
  list.Invalid("MintToken.1", "a byte too few", {"Exhausted"}, in(id, TapeOf(Repeat(31, 7))));
}

// What has no encoding, for each algorithm that begins with one.
void UnencodableCases(List& list, const std::string& step, Json rest_of_inputs) {
  for (const auto& [why, token] : UnencodableTokens()) {
    rest_of_inputs["token"] = ToJson(token);
    list.Invalid(step, why, {"Length"}, rest_of_inputs);
  }
}

void EncodeTokenCases(List& list) {
  const auto in = [](const Token& token) { return Json{{"token", ToJson(token)}}; };
  list.Valid("512 bits", {"Normal"}, in(MakeToken(Small())));
  list.Valid("the shortest signature", {"EdgeCase"},
             in(Changed([](Token& token) { token.sig = {0}; })));
  list.Valid("the longest signature", {"EdgeCase"},
             in(Changed([](Token& token) { token.sig = Repeat(512, 1); })));
  UnencodableCases(list, "EncodeToken.1", Json::object());
}

void ParseTokenCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const Bytes good = *EncodeToken(MakeToken(Small()));
  const auto start = [&](long size) { return Bytes(good.begin(), good.begin() + size); };
  list.Valid("512 bits", {"Normal"}, in(good));
  list.Valid("a signature of one byte, zero: form only", {"EdgeCase"},
             in(*EncodeToken(Changed([](Token& token) { token.sig = {0}; }))));
  list.Valid("the longest signature", {"EdgeCase"},
             in(*EncodeToken(Changed([](Token& token) { token.sig = Repeat(512, 1); }))));
  MalformedCases(list, good, "ParseToken.1", "ParseToken.3", "ParseToken.3", Json::object());
  list.Invalid("ParseToken.1", "kind 11", {"Malformed"}, in(With(good, 1, 11)));
  list.Invalid("ParseToken.1", "kind 13", {"Malformed"}, in(With(good, 1, 13)));
  list.Invalid("ParseToken.1", "the message alone", {"Length"}, in(start(98)));
  list.Invalid("ParseToken.1", "cut off in the width", {"Length"}, in(start(99)));
  list.Invalid("ParseToken.1", "of another kind, and width 0", {"Order"},
               in(With(With(good, 1, 13), 99, 0)));
  list.Invalid("ParseToken.2", "width 0", {"Range"}, in(With(start(100), 99, 0)));
  list.Invalid("ParseToken.2", "width 0, and bytes behind", {"Range", "Order"},
               in(With(good, 99, 0)));
  list.Invalid("ParseToken.2", "width 513", {"Range"},
               in(Join({start(98), Bytes{2, 1}, Repeat(513, 1)})));
  list.Invalid("ParseToken.2", "width 65535, and too little behind", {"Range", "Order"},
               in(With(With(good, 98, 255), 99, 255)));
  list.Invalid("ParseToken.3", "no signature behind the width", {"Length"}, in(start(100)));
}

void TokenIdCases(List& list) {
  const auto in = [](const Token& token) { return Json{{"token", ToJson(token)}}; };
  list.Valid("512 bits", {"Normal"}, in(MakeToken(Small())));
  list.Valid("another signature, the same id", {"EdgeCase"},
             in(Changed([](Token& token) { token.sig = Repeat(64, 1); })));
  list.Valid("another lender, another id", {"Normal"},
             in(Changed([](Token& token) { token.audience = Lenders()[1]; })));
  UnencodableCases(list, "TokenId.1", Json::object());
}

void VerifyTokenCases(List& list) {
  const auto in = [](const PublicKey& pk, const Bytes& audience, const Token& token) {
    return Json{{"pk", ToJson(pk)}, {"audience", ToJson(audience)}, {"token", ToJson(token)}};
  };
  const SecretKey sk = Small();
  const Token good = MakeToken(sk);
  const auto bad = [&](const char* step, const char* why, Flags flags, const Token& token) {
    list.Invalid(step, why, std::move(flags), in(sk, Audience(), token));
  };
  list.Valid("512 bits", {"Normal"}, in(sk, Audience(), good));
  list.Valid("by hand", {"Toy"}, in(Toy(), Audience(), MakeToken(Toy())));
  list.Valid("2048 bits", {"Normal"}, in(Real(), Audience(), MakeToken(Real())));
  UnencodableCases(list, "VerifyToken.1",
                   {{"pk", ToJson(PublicKey{sk})}, {"audience", ToJson(Audience())}});
  list.Invalid("VerifyToken.2", "the key has no encoding", {"Range"},
               in({sk.n, ZZ{0}}, Audience(), good));
  list.Invalid("VerifyToken.2", "the same n, another e", {"OtherKey"},
               in({sk.n, ZZ{3}}, Audience(), good));
  Token token = good;
  token.key_id = *KeyId(OtherSmall());
  bad("VerifyToken.2", "another key's id, and all of it signed by this one", {"OtherKey"},
      Signed(sk, token));
  bad("VerifyToken.2", "another key's token", {"OtherKey", "Order"}, MakeToken(OtherSmall()));
  token.audience = Lenders()[1];
  bad("VerifyToken.2", "another key's id and another lender's", {"OtherKey", "Order"}, token);
  token = good;
  token.audience = Lenders()[1];
  bad("VerifyToken.3", "another lender's, and all of it signed", {"Malformed"}, Signed(sk, token));
  bad("VerifyToken.3", "another lender's, and not signed", {"Malformed", "Order"}, token);
  list.Invalid("VerifyToken.3", "shown to a lender without a key", {"Length"}, in(sk, {}, good));
  list.Invalid("VerifyToken.3", "shown to a lender whose key is cut off", {"Length"},
               in(sk, Bytes(Audience().begin(), Audience().end() - 1), good));
  bad("VerifyToken.4", "a bit of the spend key flipped", {"Forgery"},
      Changed([](Token& one) { one.spend_key[31] ^= 1; }));
  bad("VerifyToken.4", "a bit of the signature flipped", {"Forgery"},
      Changed([](Token& one) { one.sig[63] ^= 1; }));
  bad("VerifyToken.4", "a zero byte in front of the signature", {"Length"},
      Changed([](Token& one) { one.sig.insert(one.sig.begin(), 0); }));
  bad("VerifyToken.4", "the last byte of the signature is missing", {"Length"},
      Changed([](Token& one) { one.sig.pop_back(); }));
  bad("VerifyToken.4", "the spend key alone is signed", {"Forgery"}, [&] {
    Token one = good;
    one.sig = SignatureOf(sk, one.spend_key);
    return one;
  }());
  bad("VerifyToken.4", "the encoding is signed, not the message", {"Forgery"}, [&] {
    Token one = good;
    one.sig = SignatureOf(sk, *EncodeToken(good));
    return one;
  }());
}

}  // namespace

Makers TokenMakers() {
  return {{"MintToken", MintTokenCases},
          {"EncodeToken", EncodeTokenCases},
          {"ParseToken", ParseTokenCases},
          {"TokenId", TokenIdCases},
          {"VerifyToken", VerifyTokenCases}};
}

}  // namespace blindlend::vectors
