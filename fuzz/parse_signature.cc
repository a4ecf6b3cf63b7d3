// Targets: ParseSignature, EncodeSignature
#include "fuzz/harness.h"

namespace blindlend {
namespace {

// 4-blind-signature, EncodeSignature, read a second time.
std::string_view ExpectedStep(View bytes) {
  if (bytes.size() < 4 || NumberAt(bytes, 0, 2) != 0x0106) return "ParseSignature.1";
  const std::size_t width = NumberAt(bytes, 2, 2);
  if (width < 1 || width > 512) return "ParseSignature.2";
  if (bytes.size() != 4 + width) return "ParseSignature.3";
  return "";
}

void Check(View bytes) {
  const AllocationWatch watch;
  const auto sig = ParseSignature(bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, ExpectedStep(bytes), sig, EncodeSignature);
  if (!sig) return;
  Require(Equal(*sig, bytes.subspan(4)), "sig stands where it should");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
