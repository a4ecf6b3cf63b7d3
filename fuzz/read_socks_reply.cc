// Targets: ReadSocksReply, CheckSocksMethod, CheckSocksStatus, SocksConnect, SocksCredentials
//
// The first byte says in how large pieces the rest comes, as a proxy's reply and what is behind it.
#include "app/http/socks.h"
#include "fuzz/harness.h"

namespace blindlend {
namespace {

/// 12-socks, read a second time: how long the reply is that begins so, 0 where it is none.
std::size_t LengthOf(View reply) {
  if (reply.size() < 5 || NumberAt(reply, 0, 3) != 0x050000) return 0;
  switch (reply[3]) {
    case 1:
      return 4 + 4 + 2;
    case 3:
      return reply[4] == 0 ? 0 : 4U + 1U + reply[4] + 2U;
    case 4:
      return 4 + 16 + 2;
    default:
      return 0;
  }
}

void Check(View input) {
  Arguments arguments(input);
  const std::size_t piece = arguments.Byte() % 16U + 1U;
  const View stream = arguments.Rest();
  // As a connection is read: no more than is missing, and perhaps less.
  std::size_t read = 0;
  for (;;) {
    const auto missing = ReadSocksReply(stream.first(read));
    if (!missing) {
      Require(LengthOf(stream) == 0, "what has the form of a reply is taken");
      break;
    }
    Require(read + *missing <= 262, "no reply is longer");
    if (*missing == 0) {
      Require(read == LengthOf(stream), "not a byte beyond the reply");
      break;
    }
    const std::size_t more = std::min({*missing, piece, stream.size() - read});
    if (more == 0) break;  // the connection ends here
    read += more;
  }
  const auto whole = ReadSocksReply(stream);
  const std::size_t length = LengthOf(stream);
  Require(stream.size() < 5 || whole.has_value() == (length > 0 && stream.size() <= length),
          "and nothing else is");

  const bool is_pair = stream.size() == 2;
  RequireStep(StepOf(CheckSocksMethod(stream)), !is_pair || stream[0] != 5 ? "CheckSocksMethod.1"
                                                : stream[1] != 2           ? "CheckSocksMethod.2"
                                                                           : "");
  RequireStep(StepOf(CheckSocksStatus(stream)), !is_pair || stream[0] != 1 ? "CheckSocksStatus.1"
                                                : stream[1] != 0           ? "CheckSocksStatus.2"
                                                                           : "");
  const auto asked = SocksConnect(stream, piece);
  Require(asked.has_value() == (!stream.empty() && stream.size() <= 255), "a name has 1 to 255");
  if (asked)
    Require(asked->size() == stream.size() + 7 && (*asked)[4] == stream.size() &&
                Equal(View(*asked).subspan(5, stream.size()), stream) &&
                NumberAt(*asked, asked->size() - 2, 2) == piece,
            "the name as it is");
  std::size_t at = 0;
  const auto drawn = SocksCredentials([&](std::span<std::uint8_t> bytes) {
    if (stream.size() - at < bytes.size()) return false;
    for (std::uint8_t& byte : bytes) byte = stream[at++];
    return true;
  });
  Require(drawn.has_value() == (stream.size() >= 32), "32 bytes are taken");
  if (drawn)
    Require(drawn->size() == 51 && (*drawn)[0] == 1 && (*drawn)[1] == 24 && (*drawn)[26] == 24 &&
                Equal(*StrictBase64(View(*drawn).subspan(2, 24)), stream.first(16)) &&
                Equal(*StrictBase64(View(*drawn).subspan(27)), stream.subspan(16, 16)),
            "all of them are in it");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 4096) blindlend::Check({data, size});
  return 0;
}
