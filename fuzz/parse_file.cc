// Targets: DecodeText, ParsePublicKey, ParseSecretKey, ParseBatch, ParseState, ParseSignature
//
// The way of a file from outside: its text under every label, then the parser that goes with the label.
#include "fuzz/harness.h"

namespace blindlend {
namespace {

// What encode makes of what was parsed, or the step at which it was refused.
std::expected<Bytes, Failure> Again(const auto& parsed, const auto& encode) {
  if (!parsed) return Fail(parsed.error());
  return encode(*parsed);
}

// The object in its encoding again, or the step at which it was refused.
std::expected<Bytes, Failure> ParseAndEncode(std::string_view label, View bytes) {
  if (label == "PUBLIC KEY") return Again(ParsePublicKey(bytes), EncodePublicKey);
  if (label == "SECRET KEY") return Again(ParseSecretKey(bytes), EncodeSecretKey);
  if (label == "BLIND STATE") return Again(ParseState(bytes), EncodeState);
  if (label == "SIGNATURE") return Again(ParseSignature(bytes), EncodeSignature);
  const std::uint8_t kind = label == "BLIND REQUEST" ? kRequest : kResponse;
  return Again(ParseBatch(kind, bytes),
               [kind](const Batch& batch) { return EncodeBatch(kind, batch); });
}

std::string_view ParserOf(std::string_view label) {
  if (label == "PUBLIC KEY") return "ParsePublicKey.";
  if (label == "SECRET KEY") return "ParseSecretKey.";
  if (label == "BLIND STATE") return "ParseState.";
  if (label == "SIGNATURE") return "ParseSignature.";
  return "ParseBatch.";
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
    const auto encoded = ParseAndEncode(label, *bytes);
    watch.RequireProportionate(text.size());
    if (!encoded) {
      Require(encoded.error().step.starts_with(ParserOf(label)), "a parser fails at its own steps");
      continue;
    }
    ++accepted;
    Require(Equal(EncodeText(label, *encoded), text), "a file that is accepted is written again");
  }
  Require(accepted <= 1, "a file is one kind of object");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
