// Targets: none
//
// Aborts on inputs that contain "crash", for the test that the runner reports it.
#include <string_view>

#include "fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  blindlend::Require(!text.contains("crash"), "no input contains \"crash\"");
  return 0;
}
