// Targets: none
//
// Aborts on inputs that contain "crash", and elsewhere on those that contain "bang", for the tests of the
// runner.
#include <string_view>

#include "fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  blindlend::Require(!text.contains("crash"), "no input contains \"crash\"");
  blindlend::Require(!text.contains("bang"), "no input contains \"bang\"");
  return 0;
}
