// Targets: ParsePublicKey, EncodePublicKey, KeyId
#include "fuzz/harness.h"

namespace blindlend {
namespace {

// 2-rsa, EncodePublicKey, read a second time.
std::string_view ExpectedStep(View bytes) {
  if (bytes.size() < 4 || NumberAt(bytes, 0, 2) != 0x0101) return "ParsePublicKey.1";
  const std::size_t bits = NumberAt(bytes, 2, 2);
  if (bits < 2 || bits > 4096) return "ParsePublicKey.2";
  const std::size_t k = (bits + 7) / 8;
  if (bytes.size() != 8 + k) return "ParsePublicKey.3";
  if (BitLength(bytes.subspan(4, k)) != bits) return "ParsePublicKey.4";
  if (NumberAt(bytes, 4 + k, 4) == 0) return "ParsePublicKey.5";
  return "";
}

void Check(View bytes) {
  const AllocationWatch watch;
  const auto pk = ParsePublicKey(bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, ExpectedStep(bytes), pk, EncodePublicKey);
  if (!pk) return;
  Require(IsNumber(pk->n, bytes.subspan(4, bytes.size() - 8)), "n stands where it should");
  Require(IsNumber(pk->e, bytes.last(4)), "e stands where it should");
  const auto id = KeyId(*pk);
  Require(id && id->size() == 32, "every key that parses has a key id");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
