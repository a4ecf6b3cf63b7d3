#include "app/vectors/evaluation.h"

namespace blindlend::vectors {

namespace {

Evaluation RunMakeBorrow(const Json& in) {
  const auto sealed =
      MakeBorrow(ToToken(in.at("token")), ToDigest(in.at("seed")), ToBytes(in.at("request")));
  return With(One("sealed", sealed), "body",
              [&] { return ToJson(Bytes(sealed->begin(), sealed->end() - 64)); });
}

Evaluation RunVerifyBorrow(const Json& in) {
  for (const Json& link : in.at("chain")) ToEncodable(link);
  Bytes bytes;
  std::optional<View> request;
  if (!in.at("request").is_null()) {
    bytes = ToBytes(in.at("request"));
    request = bytes;
  }
  return One("borrow", VerifyBorrow(ToChain(in.at("chain")), ToBytes(in.at("lender")),
                                    ToU64(in.at("now")), request, ToBytes(in.at("sealed"))));
}

Evaluation RunClaim(const Json& in) {
  SpentSet spent = ToSpentSet(in.at("spent"));
  Tape tape = ToTape(in.at("source"));
  if (!in.at("owner_lives").is_boolean()) throw std::runtime_error("not a bool");
  const auto claimed =
      Claim(spent, ToDigest(in.at("id")), ToDigest(in.at("key_id")), ToDigest(in.at("digest")),
            in.at("owner_lives").get<bool>(), tape.Source());
  if (!claimed) return Failed(claimed.error());
  return Done({{"verdict", ToJson(claimed->verdict)},
               {"claim_id", ToJson(claimed->claim_id)},
               {"spent", ToJson(spent)},
               {"tape_used", tape.used()}});
}

// Settle and Release.
template <auto end>
Evaluation RunEnd(const Json& in) {
  SpentSet spent = ToSpentSet(in.at("spent"));
  const auto ended = end(spent, ToDigest(in.at("id")), ToBytes(in.at("claim_id")));
  return ended ? Done({{"spent", ToJson(spent)}}) : Failed(ended.error());
}

Evaluation RunClose(const Json& in) {
  SpentSet spent = ToSpentSet(in.at("spent"));
  Close(spent, ToDigest(in.at("key_id")));
  return Done({{"spent", ToJson(spent)}});
}

Evaluation RunAttest(const Json& in) {
  const Attestation attestation = ToAttestation(in.at("attestation"));
  return With(One("bytes", Attest(ToDigest(in.at("key")), attestation)), "body",
              [&] { return ToJson(*EncodeAttestation(attestation)); });
}

Evaluation RunCheckAttestation(const Json& in) {
  ReplayCache cache = ToReplayCache(in.at("cache"));
  const auto attestation = CheckAttestation(ToDigest(in.at("key")), ToBytes(in.at("instance")),
                                            ToBytes(in.at("lender")), ToBytes(in.at("nonce")),
                                            ToU64(in.at("now")), cache, ToBytes(in.at("bytes")));
  if (!attestation) return Failed(attestation.error());
  return Done({{"attestation", ToJson(*attestation)}, {"cache", ToJson(cache)}});
}

Evaluation RunPrune(const Json& in) {
  ReplayCache cache = ToReplayCache(in.at("cache"));
  Prune(cache, ToU64(in.at("now")));
  return Done({{"cache", ToJson(cache)}});
}

}  // namespace

std::vector<Algorithm> LenderAlgorithms() {
  return {
      {"RequestDigest",
       "9-redemption",
       {"id", "request"},
       [](const Json& in) {
         return Done(
             {{"digest", ToJson(RequestDigest(ToDigest(in.at("id")), ToBytes(in.at("request"))))}});
       }},
      {"EncodeBorrow",
       "9-redemption",
       {"borrow"},
       [](const Json& in) { return One("body", EncodeBorrow(ToBorrow(in.at("borrow")))); }},
      {"ParseBorrow",
       "9-redemption",
       {"body"},
       [](const Json& in) { return One("borrow", ParseBorrow(ToBytes(in.at("body")))); }},
      {"MakeBorrow", "9-redemption", {"token", "seed", "request"}, RunMakeBorrow},
      {"VerifyBorrow",
       "9-redemption",
       {"chain", "lender", "now", "request", "sealed"},
       RunVerifyBorrow},
      {"Claim",
       "9-redemption",
       {"spent", "id", "key_id", "digest", "owner_lives", "source"},
       RunClaim},
      {"Settle", "9-redemption", {"spent", "id", "claim_id"}, RunEnd<Settle>},
      {"Release", "9-redemption", {"spent", "id", "claim_id"}, RunEnd<Release>},
      {"Close", "9-redemption", {"spent", "key_id"}, RunClose},
      {"HMAC",
       "10-attestation",
       {"key", "message"},
       [](const Json& in) {
         return Done({{"tag", ToJson(HMAC(ToBytes(in.at("key")), ToBytes(in.at("message"))))}});
       }},
      {"EncodeAttestation",
       "10-attestation",
       {"attestation"},
       [](const Json& in) {
         return One("bytes", EncodeAttestation(ToAttestation(in.at("attestation"))));
       }},
      {"ParseAttestation",
       "10-attestation",
       {"bytes"},
       [](const Json& in) {
         return One("attestation", ParseAttestation(ToBytes(in.at("bytes"))));
       }},
      {"EncodeAttestationKey",
       "10-attestation",
       {"key"},
       [](const Json& in) { return One("bytes", EncodeAttestationKey(ToBytes(in.at("key")))); }},
      {"ParseAttestationKey",
       "10-attestation",
       {"bytes"},
       [](const Json& in) { return One("key", ParseAttestationKey(ToBytes(in.at("bytes")))); }},
      {"Attest", "10-attestation", {"key", "attestation"}, RunAttest},
      {"CheckAttestation",
       "10-attestation",
       {"key", "instance", "lender", "nonce", "now", "cache", "bytes"},
       RunCheckAttestation},
      {"Prune", "10-attestation", {"cache", "now"}, RunPrune},
  };
}

}  // namespace blindlend::vectors
