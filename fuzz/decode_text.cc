// Targets: DecodeText, EncodeText, DecodeBase64
//
// The input once as text to decode, under the label that it announces and another; once as bytes to
// encode.
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

void Check(View input) {
  const std::string text(input.begin(), input.end());
  // Under all labels would be slow, and those that the text does not begin with are all alike.
  const std::size_t any = input.size() % kLabels.size();
  std::size_t announced = 0;
  while (announced < kLabels.size() &&
         !text.starts_with("-----BEGIN BLINDLEND " + std::string(kLabels[announced]) + "-----"))
    ++announced;
  CheckLabel(kLabels[any], input, text);
  if (announced < kLabels.size() && announced != any) CheckLabel(kLabels[announced], input, text);

  const auto back = DecodeText(kLabels[any], EncodeText(kLabels[any], input));
  Require(back && Equal(*back, input), "DecodeText(EncodeText(x)) = x");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
