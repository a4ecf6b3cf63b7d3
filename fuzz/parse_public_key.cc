// Targets: ParsePublicKey, EncodePublicKey, KeyId
#include "fuzz/harness.h"

namespace blindlend {
namespace {

void Check(View bytes) {
  const AllocationWatch watch;
  const auto pk = ParsePublicKey(bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, PublicKeyStep(bytes), pk, EncodePublicKey);
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
