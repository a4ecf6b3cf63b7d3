// Targets: ParseIdentity, EncodeIdentity
//
// The input as a key file of each role, and of the kinds next to them.
#include "fuzz/harness.h"

namespace blindlend {
namespace {

// 6-epoch, EncodeIdentity, read a second time.
std::string_view ExpectedStep(std::uint8_t kind, View bytes) {
  const bool is_right = kind >= 7 && kind <= 9 && bytes.size() == 34 &&
                        NumberAt(bytes, 0, 2) == std::size_t{0x0100} + kind;
  return is_right ? "" : "ParseIdentity.1";
}

void Check(std::uint8_t kind, View bytes) {
  const AllocationWatch watch;
  const auto key = ParseIdentity(kind, bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, ExpectedStep(kind, bytes), key,
                   [kind](const Bytes& parsed) { return EncodeIdentity(kind, parsed); });
  if (key) Require(Equal(*key, bytes.subspan(2)), "key stands where it should");
  const bool has_encoding = kind >= 7 && kind <= 9 && bytes.size() == 32;
  RequireStep(StepOf(EncodeIdentity(kind, bytes)), has_encoding ? "" : "EncodeIdentity.1");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (std::uint8_t kind = 6; kind <= 10; ++kind) blindlend::Check(kind, {data, size});
  return 0;
}
