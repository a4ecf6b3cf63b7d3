// Targets: ParseBatch, EncodeBatch
//
// The input as a request and as a response.
#include "fuzz/harness.h"

namespace blindlend {
namespace {

void Check(std::uint8_t kind, View bytes) {
  const AllocationWatch watch;
  const auto batch = ParseBatch(kind, bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, BatchStep(kind, bytes), batch,
                   [kind](const Batch& parsed) { return EncodeBatch(kind, parsed); });
  if (!batch) return;
  Require(Equal(batch->id, bytes.subspan(2, 32)), "id stands where it should");
  Require(batch->width == NumberAt(bytes, 34, 2), "width stands where it should");
  Require(batch->values.size() == NumberAt(bytes, 36, 2), "count stands where it should");
  for (std::size_t i = 0; i < batch->values.size(); ++i)
    Require(IsNumber(batch->values[i], bytes.subspan(38 + i * batch->width, batch->width)),
            "every value stands where it should");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check(blindlend::kRequest, {data, size});
  blindlend::Check(blindlend::kResponse, {data, size});
  return 0;
}
