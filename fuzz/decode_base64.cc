// Targets: DecodeBase64, EncodeBase64
//
// The input once as text to decode, once as bytes to encode.
#include "fuzz/harness.h"

using namespace blindlend;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const View input(data, size);
  const auto expected = StrictBase64(input);
  const AllocationWatch watch;
  const auto bytes = DecodeBase64(input);
  watch.RequireProportionate(size);
  RequireStep(StepOf(bytes), expected ? "" : "DecodeBase64.1");
  if (bytes) {
    Require(*bytes == *expected, "DecodeBase64 gives what the strict reading gives");
    Require(Equal(EncodeBase64(*bytes), input), "EncodeBase64(DecodeBase64(x)) = x");
  }

  const auto back = StrictBase64(EncodeBase64(input));
  Require(back && Equal(*back, input), "EncodeBase64 makes strict base64 of its input");
  return 0;
}
