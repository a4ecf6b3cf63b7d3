// Targets: ParseAuthorization, EncodeAuthorization, DecodeBase64Url, EncodeBase64Url, ParseChallenge, EncodeChallenge, CodeOfReply
//
// The input as the value of both headers, and as the body of an error.
#include <string>

#include "app/http/binding.h"
#include "fuzz/harness.h"

namespace blindlend {
namespace {

/// DecodeBase64Url, read a second time.
std::optional<Bytes> StrictBase64Url(std::string_view text) {
  Bytes plain;
  for (const char c : text) {
    if (c == '+' || c == '/') return std::nullopt;
    plain.push_back(static_cast<std::uint8_t>(c == '-' ? '+' : c == '_' ? '/' : c));
  }
  return StrictBase64(plain);
}

std::string_view AuthorizationStep(std::string_view value) {
  constexpr std::string_view begin = "Blindlend borrow=\"";
  if (value.substr(0, begin.size()) != begin) return "ParseAuthorization.1";
  value = value.substr(begin.size());
  if (value.empty() || value.back() != '"' || value.size() > 1024) return "ParseAuthorization.2";
  return StrictBase64Url(value.substr(0, value.size() - 1)) ? "" : "ParseAuthorization.3";
}

void Check(View input) {
  const std::string value(input.begin(), input.end());
  const AllocationWatch watch;
  const auto sealed = ParseAuthorization(value);
  watch.RequireProportionate(input.size());
  RequireStep(StepOf(sealed), AuthorizationStep(value));
  if (sealed) Require(EncodeAuthorization(*sealed) == value, "encode(parse(x)) = x");

  const auto challenge = ParseChallenge(value);
  if (challenge) {
    const auto again = EncodeChallenge(*challenge);
    Require(again && *again == value, "encode(parse(x)) = x");
    Require(challenge->lender.size() == 32 && challenge->number >= 1 &&
                challenge->number <= 0xffffffff && !challenge->group.empty() &&
                challenge->group.size() <= 64,
            "what was parsed is in range");
  }
  for (const int status : {400, 401, 403, 502, 503}) {
    const std::string code = CodeOfReply(status, input);
    if (code.empty()) continue;
    const auto empty = ErrorReply(code, "");
    Require(empty && empty->status == status, "one of the table");
    Require(input.size() >= empty->body.size() && value.contains("\"" + code + "\""),
            "with its code in the body");
  }
  const auto bytes = DecodeBase64Url(value);
  const auto expected = StrictBase64Url(value);
  Require(bytes.has_value() == expected.has_value(), "base64url is strict");
  if (bytes) Require(*bytes == *expected && EncodeBase64Url(*bytes) == value, "and canonical");
  Require(DecodeBase64Url(EncodeBase64Url(input)).value() == Bytes(input.begin(), input.end()),
          "decode(encode(x)) = x");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
