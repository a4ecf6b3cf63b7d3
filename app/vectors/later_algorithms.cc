#include "app/vectors/evaluation.h"

namespace blindlend::vectors {

namespace {

// A precondition of Debit.
Request ToVerified(const Json& json) {
  Request request = ToRequest(json);
  if (!EncodeRequest(request)) throw std::runtime_error("a request without an encoding");
  return request;
}

Json RhoToJson(const PublicKey& pk, View group) {
  std::vector<ZZ> rho;
  for (long i = 1; i <= 8; ++i)
    rho.push_back(*FDH("blindlend v1 key certificate", pk, Join({group, *I2OSP(ZZ{i}, 1)})));
  return ToJson(rho);
}

Evaluation RunProveKey(const Json& in) {
  Tape tape = ToTape(in.at("source"));
  const SecretKey sk = ToSecretKey(in.at("sk"));
  const Bytes group = ToBytes(in.at("group"));
  return With(Drawn("roots", ProveKey(sk, group, tape.Source()), tape), "rho",
              [&] { return RhoToJson(sk, group); });
}

Evaluation RunVerifyKeyProof(const Json& in) {
  const PublicKey pk = ToPublicKey(in.at("pk"));
  const Bytes group = ToBytes(in.at("group"));
  return With(Nothing(VerifyKeyProof(pk, group, ToIntList(in.at("roots")))), "rho",
              [&] { return RhoToJson(pk, group); });
}

Evaluation RunSeal(const Json& in) {
  const Bytes sealed = Seal(ToDigest(in.at("seed")), ToText(in.at("tag")), ToBytes(in.at("body")));
  return Done({{"sealed", ToJson(sealed)}},
              {{"signature", ToJson(Bytes(sealed.end() - 64, sealed.end()))}});
}

Evaluation RunEncodeLink(const Json& in) {
  const Link link = ToLink(in.at("link"));
  const auto body = EncodeLink(link);
  return With(One("body", body), "head", [&] {
    return ToJson(Bytes(body->begin(), body->begin() + 39 + static_cast<long>(link.group.size())));
  });
}

Evaluation RunLinkId(const Json& in) {
  const Link link = ToLink(in.at("link"));
  return With(One("id", LinkId(link)), "body", [&] { return ToJson(*EncodeLink(link)); });
}

Evaluation RunChainFingerprint(const Json& in) {
  const Link link = ToLink(in.at("link"));
  const auto text = ChainFingerprint(ToBytes(in.at("admin")), link);
  if (!text) return Failed(text.error());
  return With(Done({{"text", std::string(text->begin(), text->end())}}), "id",
              [&] { return ToJson(*LinkId(link)); });
}

Evaluation RunMintToken(const Json& in) {
  Tape tape = ToTape(in.at("source"));
  const auto minted =
      MintToken(ToDigest(in.at("key_id")), ToDigest(in.at("audience")), tape.Source());
  if (!minted) return Failed(minted.error());
  return Done(
      {{"seed", ToJson(minted->seed)}, {"msg", ToJson(minted->msg)}, {"tape_used", tape.used()}});
}

Evaluation RunTokenId(const Json& in) {
  const Token token = ToToken(in.at("token"));
  return With(One("id", TokenId(token)), "bytes", [&] { return ToJson(*EncodeToken(token)); });
}

Evaluation RunVerifyToken(const Json& in) {
  const Token token = ToToken(in.at("token"));
  return With(Nothing(VerifyToken(ToPublicKey(in.at("pk")), ToBytes(in.at("audience")), token)),
              "bytes", [&] { return ToJson(*EncodeToken(token)); });
}

Evaluation RunRequestTokens(const Json& in) {
  Tape tape = ToTape(in.at("source"));
  const Link link = ToEncodable(in.at("link"));
  const Bytes seed = ToDigest(in.at("member_seed"));
  const auto made = RequestTokens(link, seed, ToBytes(in.at("audience")), ToNumber(in.at("count")),
                                  ToU64(in.at("now")), tape.Source());
  if (!made) return Failed(made.error());
  std::vector<Bytes> msgs;
  for (const auto& [r_inv, msg] : made->state.entries) msgs.push_back(msg);
  const Bytes body(made->sealed.begin(), made->sealed.end() - 64);
  const Request request = *ParseRequest(body);
  return Done({{"sealed", ToJson(made->sealed)},
               {"state", ToJson(made->state)},
               {"seeds", ToJson(made->seeds)},
               {"tape_used", tape.used()}},
              {{"msgs", ToJson(msgs)},
               {"batch", ToJson(request.batch)},
               {"nonce", ToJson(request.nonce)},
               {"body", ToJson(body)}});
}

Evaluation RunRequestId(const Json& in) {
  const Request request = ToRequest(in.at("request"));
  return With(One("id", RequestId(request)), "body",
              [&] { return ToJson(*EncodeRequest(request)); });
}

Evaluation RunDebit(const Json& in) {
  const Request request = ToVerified(in.at("request"));
  return With(One("ledger", Debit(ToLedger(in.at("ledger")), ToLink(in.at("link")),
                                  ToSet(in.at("roster")), ToU64(in.at("now")), request)),
              "id", [&] { return ToJson(*RequestId(request)); });
}

Evaluation RunIssue(const Json& in) {
  Tape tape = ToTape(in.at("source"));
  const auto sealed = Issue(ToSecretKey(in.at("sk")), ToDigest(in.at("admin_seed")),
                            ToLedger(in.at("ledger")), ToRequest(in.at("request")), tape.Source());
  return With(Drawn("sealed", sealed, tape), "response", [&] {
    return ToJson(*ParseBatch(kResponse, View(*sealed).first(sealed->size() - 64)));
  });
}

Evaluation RunAccept(const Json& in) {
  const Bytes sealed = ToBytes(in.at("sealed"));
  return With(One("sigs", Accept(ToPublicKey(in.at("pk")), ToBytes(in.at("admin")),
                                 ToState(in.at("state")), sealed)),
              "response", [&] {
                return ToJson(*ParseBatch(kResponse, View(sealed).first(sealed.size() - 64)));
              });
}

}  // namespace

std::vector<Algorithm> LaterAlgorithms() {
  return {
      {"ProveKey", "5-key-certificate", {"sk", "group", "source"}, RunProveKey},
      {"VerifyKeyProof", "5-key-certificate", {"pk", "group", "roots"}, RunVerifyKeyProof},
      {"PublicOf",
       "6-epoch",
       {"seed"},
       [](const Json& in) { return Done({{"key", ToJson(PublicOf(ToDigest(in.at("seed"))))}}); }},
      {"Seal", "6-epoch", {"seed", "tag", "body"}, RunSeal},
      {"Open",
       "6-epoch",
       {"key", "tag", "sealed"},
       [](const Json& in) {
         return One("body",
                    Open(ToBytes(in.at("key")), ToText(in.at("tag")), ToBytes(in.at("sealed"))));
       }},
      {"EncodeIdentity",
       "6-epoch",
       {"kind", "key"},
       [](const Json& in) {
         return One("bytes", EncodeIdentity(ToKind(in.at("kind")), ToBytes(in.at("key"))));
       }},
      {"ParseIdentity",
       "6-epoch",
       {"kind", "bytes"},
       [](const Json& in) {
         return One("key", ParseIdentity(ToKind(in.at("kind")), ToBytes(in.at("bytes"))));
       }},
      {"EncodeLink", "6-epoch", {"link"}, RunEncodeLink},
      {"ParseLink",
       "6-epoch",
       {"body"},
       [](const Json& in) { return One("link", ParseLink(ToBytes(in.at("body")))); }},
      {"LinkId", "6-epoch", {"link"}, RunLinkId},
      {"ChainFingerprint", "6-epoch", {"admin", "link"}, RunChainFingerprint},
      {"VerifyLink",
       "6-epoch",
       {"admin", "sealed"},
       [](const Json& in) {
         return One("link", VerifyLink(ToBytes(in.at("admin")), ToBytes(in.at("sealed"))));
       }},
      {"Compatible",
       "6-epoch",
       {"a", "b"},
       [](const Json& in) {
         return Nothing(Compatible(ToEncodable(in.at("a")), ToEncodable(in.at("b"))));
       }},
      {"Extend",
       "6-epoch",
       {"chain", "link"},
       [](const Json& in) {
         for (const Json& link : in.at("chain")) ToEncodable(link);
         return One("chain", Extend(ToChain(in.at("chain")), ToEncodable(in.at("link"))));
       }},
      {"CheckFork",
       "6-epoch",
       {"admin", "a", "b"},
       [](const Json& in) {
         return Nothing(
             CheckFork(ToBytes(in.at("admin")), ToBytes(in.at("a")), ToBytes(in.at("b"))));
       }},
      {"MintToken", "7-token", {"key_id", "audience", "source"}, RunMintToken},
      {"EncodeToken",
       "7-token",
       {"token"},
       [](const Json& in) { return One("bytes", EncodeToken(ToToken(in.at("token")))); }},
      {"ParseToken",
       "7-token",
       {"bytes"},
       [](const Json& in) { return One("token", ParseToken(ToBytes(in.at("bytes")))); }},
      {"TokenId", "7-token", {"token"}, RunTokenId},
      {"VerifyToken", "7-token", {"pk", "audience", "token"}, RunVerifyToken},
      {"EncodeRequest",
       "8-issuance",
       {"request"},
       [](const Json& in) { return One("body", EncodeRequest(ToRequest(in.at("request")))); }},
      {"ParseRequest",
       "8-issuance",
       {"body"},
       [](const Json& in) { return One("request", ParseRequest(ToBytes(in.at("body")))); }},
      {"RequestTokens",
       "8-issuance",
       {"link", "member_seed", "audience", "count", "now", "source"},
       RunRequestTokens},
      {"VerifyRequest",
       "8-issuance",
       {"sealed"},
       [](const Json& in) { return One("request", VerifyRequest(ToBytes(in.at("sealed")))); }},
      {"RequestId", "8-issuance", {"request"}, RunRequestId},
      {"Debit", "8-issuance", {"ledger", "link", "roster", "now", "request"}, RunDebit},
      {"Issue", "8-issuance", {"sk", "admin_seed", "ledger", "request", "source"}, RunIssue},
      {"Accept", "8-issuance", {"pk", "admin", "state", "sealed"}, RunAccept},
      {"CheckMisissue",
       "8-issuance",
       {"admin", "link", "request", "response"},
       [](const Json& in) {
         return Nothing(CheckMisissue(ToBytes(in.at("admin")), ToBytes(in.at("link")),
                                      ToBytes(in.at("request")), ToBytes(in.at("response"))));
       }},
      {"DrawIndex",
       "8-issuance",
       {"count", "source"},
       [](const Json& in) {
         Tape tape = ToTape(in.at("source"));
         const auto index = DrawIndex(ToNumber(in.at("count")), tape.Source());
         if (!index) return Failed(index.error());
         return Done({{"index", *index}, {"tape_used", tape.used()}});
       }},
      {"Transition",
       "8-issuance",
       {"state", "event"},
       [](const Json& in) {
         return One("state",
                    Transition(ToTokenState(in.at("state")), ToTokenEvent(in.at("event"))));
       }},
  };
}

}  // namespace blindlend::vectors
