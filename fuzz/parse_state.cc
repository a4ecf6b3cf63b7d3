// Targets: ParseState, EncodeState
#include "fuzz/harness.h"

namespace blindlend {
namespace {

// 4-blind-signature, EncodeState, read a second time. Where parsed is given, its fields are held
// against the bytes on the way.
std::string_view ExpectedStep(View bytes, const State* parsed) {
  if (bytes.size() < 70 || NumberAt(bytes, 0, 2) != 0x0105) return "ParseState.1";
  const std::size_t width = NumberAt(bytes, 66, 2);
  const std::size_t count = NumberAt(bytes, 68, 2);
  if (width < 1 || width > 512 || count < 1 || count > 1000) return "ParseState.2";
  std::size_t at = 70;
  std::size_t sizes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (at + width + 4 > bytes.size()) return "ParseState.4";
    const View r_inv = bytes.subspan(at, width);
    const std::size_t size = NumberAt(bytes, at + width, 4);
    at += width + 4;
    sizes += size;
    if (sizes > 16777216) return "ParseState.5";
    if (at + size > bytes.size()) return "ParseState.6";
    if (parsed != nullptr) {
      Require(IsNumber(parsed->entries[i].r_inv, r_inv), "every r_inv stands where it should");
      Require(Equal(parsed->entries[i].msg, bytes.subspan(at, size)),
              "every msg stands where it should");
    }
    at += size;
  }
  if (at != bytes.size()) return "ParseState.7";
  return "";
}

void Check(View bytes) {
  const AllocationWatch watch;
  const auto state = ParseState(bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, ExpectedStep(bytes, nullptr), state, EncodeState);
  if (!state) return;
  Require(Equal(state->key_id, bytes.subspan(2, 32)), "key_id stands where it should");
  Require(Equal(state->request_hash, bytes.subspan(34, 32)), "request_hash stands where it should");
  Require(state->width == NumberAt(bytes, 66, 2), "width stands where it should");
  Require(state->entries.size() == NumberAt(bytes, 68, 2), "count stands where it should");
  ExpectedStep(bytes, &*state);
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
