// Targets: SplitEvents
//
// The first byte says in how large pieces the rest comes.
#include <string>

#include "app/http/binding.h"
#include "fuzz/harness.h"

namespace blindlend {
namespace {

bool EndsEvent(std::string_view text) {
  return text.ends_with("\n\n") || text.ends_with("\n\r\n") || text.ends_with("\r\r");
}

void Check(View input) {
  Arguments arguments(input);
  const std::size_t piece = arguments.Byte() % 16U + 1U;
  const View stream = arguments.Rest();
  Bytes held, passed;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    const auto events = SplitEvents(held, stream.subspan(at, std::min(piece, stream.size() - at)));
    Require(events.has_value(), "an event of this size is not too long");
    Require(events->empty() || EndsEvent(ToText(*events)), "only whole events go");
    const std::string left = ToText(held);
    for (std::size_t end = 0; end <= left.size(); ++end)
      Require(!EndsEvent(std::string_view(left).substr(0, end)), "no whole event is held");
    passed = Join({passed, *events});
  }
  Require(Equal(Join({passed, held}), stream), "nothing is lost");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 4096) blindlend::Check({data, size});
  return 0;
}
