// Targets: DecodeText, EncodeText, DecodeBase64
//
// The input as text to decode, under the label that it announces and another: all those that it does
// not begin with are alike. Where it announces none, also as bytes to encode.
#include <string>

#include "fuzz/harness.h"

namespace blindlend {
namespace {

void CheckLabel(std::string_view label, View input, std::string_view text) {
  const AllocationWatch watch;
  const auto bytes = DecodeText(label, input);
  watch.RequireProportionate(input.size());
  RequireStep(StepOf(bytes), StrictTextStep(label, text));
  if (bytes) Require(Equal(EncodeText(label, *bytes), input), "EncodeText(DecodeText(x)) = x");
}

std::optional<std::string_view> Announced(std::string_view text) {
  for (const std::string_view label : kLabels)
    if (text.starts_with("-----BEGIN BLINDLEND " + std::string(label) + "-----")) return label;
  return std::nullopt;
}

void Check(View input) {
  const std::string text(input.begin(), input.end());
  const auto announced = Announced(text);
  const std::string_view other = kLabels[input.size() % kLabels.size()];
  CheckLabel(other, input, text);
  if (announced) {
    if (*announced != other) CheckLabel(*announced, input, text);
    return;
  }
  const auto back = DecodeText(other, EncodeText(other, input));
  Require(back && Equal(*back, input), "DecodeText(EncodeText(x)) = x");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
