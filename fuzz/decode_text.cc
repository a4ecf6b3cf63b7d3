// Targets: DecodeText, EncodeText, DecodeBase64
//
// The input once as text to decode, under the label that it announces and another; once as bytes to
// encode.
#include <string>

#include "fuzz/harness.h"

namespace blindlend {
namespace {

// 1-encoding, DecodeText, read a second time.
std::string_view ExpectedStep(std::string_view label, std::string_view text) {
  const std::string begin = "-----BEGIN BLINDLEND " + std::string(label) + "-----\n";
  const std::string end = "-----END BLINDLEND " + std::string(label) + "-----\n";
  if (!text.starts_with(begin)) return "DecodeText.1";
  text.remove_prefix(begin.size());
  if (!text.ends_with(end)) return "DecodeText.2";
  text.remove_suffix(end.size());
  Bytes base64;
  while (!text.empty()) {
    const std::size_t length = text.find('\n');
    if (length == std::string_view::npos || length == 0 || length > 64) return "DecodeText.3";
    const bool is_last = length + 1 == text.size();
    if (length < 64 && !is_last) return "DecodeText.3";
    base64.insert(base64.end(), text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
    text.remove_prefix(length + 1);
  }
  return StrictBase64(base64) ? "" : "DecodeText.4";
}

void CheckLabel(std::string_view label, View input, std::string_view text) {
  const AllocationWatch watch;
  const auto bytes = DecodeText(label, input);
  watch.RequireProportionate(input.size());
  RequireStep(StepOf(bytes), ExpectedStep(label, text));
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
