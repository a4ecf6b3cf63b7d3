// Targets: DecodeText, ParsePublicKey, ParseSecretKey, ParseBatch, ParseState, ParseSignature, ParseIdentity, ParseLink, ParseToken, ParseRequest, ParseBorrow, ParseAttestation, ParseAttestationKey
//
// The way of a file from outside: its text under every label, then the parser that goes with the label.
// Of a sealed object and of an attestation the body is parsed; who signed it, this harness does not ask.
#include "fuzz/harness.h"

namespace blindlend {
namespace {

// What encode makes of what was parsed, or the step at which it was refused.
std::expected<Bytes, Failure> Again(const auto& parsed, const auto& encode) {
  if (!parsed) return Fail(parsed.error());
  return encode(*parsed);
}

// How many bytes of signature or tag follow the body.
std::size_t SealOf(std::string_view label) {
  const bool is_sealed = label == "EPOCH" || label == "REVOCATION" || label == "TOKEN REQUEST" ||
                         label == "TOKEN RESPONSE" || label == "BORROW";
  return is_sealed ? 64 : label == "ATTESTATION" ? 32 : 0;
}

std::uint8_t KindOf(std::string_view label) {
  if (label == "BLIND REQUEST") return kRequest;
  if (label == "BLIND RESPONSE" || label == "TOKEN RESPONSE") return kResponse;
  return label == "ADMIN" ? kAdmin : label == "MEMBER" ? kMember : kLender;
}

// A link's file says by its label which of the two it is.
std::expected<Bytes, Failure> LinkAgain(std::string_view label, View body) {
  const auto link = ParseLink(body);
  if (link && link->epoch.has_value() != (label == "EPOCH")) return Fail("ParseLink.1");
  return Again(link, EncodeLink);
}

// The object, or a sealed one's body, in its encoding again, or the step at which it was refused.
std::expected<Bytes, Failure> ParseAndEncode(std::string_view label, View bytes) {
  if (label == "PUBLIC KEY") return Again(ParsePublicKey(bytes), EncodePublicKey);
  if (label == "SECRET KEY") return Again(ParseSecretKey(bytes), EncodeSecretKey);
  if (label == "BLIND STATE") return Again(ParseState(bytes), EncodeState);
  if (label == "SIGNATURE") return Again(ParseSignature(bytes), EncodeSignature);
  if (label == "EPOCH" || label == "REVOCATION") return LinkAgain(label, bytes);
  if (label == "TOKEN") return Again(ParseToken(bytes), EncodeToken);
  if (label == "TOKEN REQUEST") return Again(ParseRequest(bytes), EncodeRequest);
  if (label == "BORROW") return Again(ParseBorrow(bytes), EncodeBorrow);
  if (label == "ATTESTATION") return Again(ParseAttestation(bytes), EncodeAttestation);
  if (label == "ATTESTATION KEY") return Again(ParseAttestationKey(bytes), EncodeAttestationKey);
  const std::uint8_t kind = KindOf(label);
  if (kind >= kAdmin)
    return Again(ParseIdentity(kind, bytes),
                 [kind](const Bytes& key) { return EncodeIdentity(kind, key); });
  return Again(ParseBatch(kind, bytes),
               [kind](const Batch& batch) { return EncodeBatch(kind, batch); });
}

std::string_view ParserOf(std::string_view label) {
  if (label == "PUBLIC KEY") return "ParsePublicKey.";
  if (label == "SECRET KEY") return "ParseSecretKey.";
  if (label == "BLIND STATE") return "ParseState.";
  if (label == "SIGNATURE") return "ParseSignature.";
  if (label == "EPOCH" || label == "REVOCATION") return "ParseLink.";
  if (label == "TOKEN") return "ParseToken.";
  if (label == "TOKEN REQUEST") return "ParseRequest.";
  if (label == "BORROW") return "ParseBorrow.";
  if (label == "ATTESTATION") return "ParseAttestation.";
  if (label == "ATTESTATION KEY") return "ParseAttestationKey.";
  return KindOf(label) >= kAdmin ? "ParseIdentity." : "ParseBatch.";
}

void Check(View text) {
  int accepted = 0;
  for (const std::string_view label : kLabels) {
    const AllocationWatch watch;
    const auto bytes = DecodeText(label, text);
    if (!bytes) {
      Require(bytes.error().step.starts_with("DecodeText."), "DecodeText fails at its own steps");
      continue;
    }
    const std::size_t seal = SealOf(label);
    if (bytes->size() < seal) continue;
    const View body = View(*bytes).first(bytes->size() - seal);
    const View signature = View(*bytes).last(seal);
    const auto encoded = ParseAndEncode(label, body);
    watch.RequireProportionate(text.size());
    if (!encoded) {
      Require(encoded.error().step.starts_with(ParserOf(label)), "a parser fails at its own steps");
      continue;
    }
    ++accepted;
    Require(Equal(EncodeText(label, Join({*encoded, signature})), text),
            "a file that is accepted is written again");
  }
  Require(accepted <= 1, "a file is one kind of object");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
