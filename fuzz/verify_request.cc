// Targets: VerifyRequest, ParseRequest, Open
//
// Input: mode, then a request's parts, which the member or somebody else seals, or a request as it is.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

Bytes MakeSealed(Arguments& arguments) {
  const std::uint8_t mode = arguments.Byte();
  if (mode % 8 == 0) {
    const View sealed = arguments.Rest();
    return Bytes(sealed.begin(), sealed.end());
  }
  const Bytes seed = oracle::Named("member");
  const std::size_t width = 1 + mode / 32U;
  std::vector<Number> values;
  for (std::uint8_t count = 1 + arguments.Byte() % 8; count > 0; --count)
    values.emplace_back(arguments.Take(width));
  const Bytes nonce = oracle::Flipped(Bytes(16), arguments.Take(16));
  Bytes body =
      oracle::RequestBody(oracle::PublicKeyOf(seed), nonce,
                          oracle::BatchBody(kRequest, oracle::Named("key"), values, width));
  if (mode % 8 == 1) body = oracle::Flipped(body, arguments.Rest());
  if (mode % 8 == 2) body.resize(arguments.Byte());
  const bool is_forged = mode % 8 == 3;
  const std::string_view tag = mode % 8 == 4 ? "blindlend v1 response" : "blindlend v1 request";
  Bytes sealed = oracle::Sealed(is_forged ? oracle::Named("admin") : seed, tag, body);
  if (mode % 8 == 5) sealed = oracle::Flipped(sealed, arguments.Rest());
  if (mode % 8 == 6) sealed.resize(sealed.size() - arguments.Byte() % sealed.size());
  return sealed;
}

void Check(View input) {
  Arguments arguments(input);
  const Bytes sealed = MakeSealed(arguments);
  const auto request = VerifyRequest(sealed);
  RequireStep(StepOf(request), oracle::VerifyRequestStep(sealed));
  if (!request) return;
  const auto body = EncodeRequest(*request);
  Require(body && Equal(*body, View(sealed).first(sealed.size() - 64)),
          "the request is what was signed");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
