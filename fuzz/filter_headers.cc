// Targets: FilterRequestHeaders, FilterResponseHeaders, CheckFraming, CheckReplyFraming, CheckTarget, CheckCaller, CanonicalRequest, EncodeRequestHead
//
// The input is a method, a target and headers, each ended by LF, with a colon between name and value; the
// body is what is left after an empty line.
#include <string>

#include "app/http/binding.h"
#include "fuzz/harness.h"

namespace blindlend {
namespace {

std::string_view TakeLine(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

void RequireVisible(const std::vector<Header>& headers) {
  for (const auto& [name, value] : headers)
    for (const char c : value)
      Require(c >= 0x21 && c <= 0x7e, "no value has a control character, a space or more");
}

void Check(View input) {
  std::string text(input.begin(), input.end());
  std::string_view rest = text;
  const std::string method(TakeLine(rest)), target(TakeLine(rest));
  std::vector<Header> headers;
  for (std::string_view line = TakeLine(rest); !line.empty(); line = TakeLine(rest)) {
    const std::string_view name = Before(line, ':');
    headers.push_back(
        {std::string(name), std::string(line.substr(std::min(line.size(), name.size() + 1)))});
  }
  // A carriage return stands for any line end inside of a value.
  for (Header& each : headers) std::ranges::replace(each.value, '\r', '\n');

  if (CheckTarget(DefaultTargets(), method, target)) {
    Require(target.starts_with("/v1/"), "only paths that are lent");
    for (const char c : target)
      Require(c > ' ' && c < 0x7f && c != '%' && c != '#' && c != ':', "a plain target");
  }
  if (CheckCaller(method, headers, input.size() % 2 == 0)) {
    for (const Header& each : headers) {
      const std::string name = Lower(each.name);
      Require(name != "origin" && name != "sec-fetch-site", "no page");
      const std::string host = Lower(Before(each.value, 'l'));
      if (name == "host")
        Require(each.value.starts_with("localhost") ||
                    host.find_first_of("ghijkmnopqrstuvwxyz") == std::string::npos,
                "no name");
    }
  }
  const auto length = CheckFraming(method, headers, 1000);
  if (length) {
    Require(*length <= 1000, "no more than may be");
    std::size_t lengths = 0;
    for (const Header& each : headers) {
      const std::string name = Lower(each.name);
      Require(name != "transfer-encoding", "no chunks");
      lengths += name == "content-length" ? 1 : 0;
    }
    Require(lengths <= 1 && (lengths == 1 || method == "GET"), "one length");
  }
  const auto kept = FilterRequestHeaders(headers);
  if (kept) {
    RequireVisible(*kept);
    const auto again = FilterRequestHeaders(*kept);
    Require(again && *again == *kept, "what was kept is kept");
    const Bytes canonical = CanonicalRequest(method, target, *kept, input);
    std::size_t size = 2 + 8 + method.size() + 8 + target.size() + 2 + 8 + input.size();
    for (const auto& [name, value] : *kept) size += 16 + name.size() + value.size();
    Require(canonical.size() == size, "its length");
    if (CheckTarget(DefaultTargets(), method, target)) {
      const std::string head =
          ToText(EncodeRequestHead(method, target, "relay", *kept, length.value_or(0)));
      const auto lines = static_cast<std::size_t>(std::ranges::count(head, '\n'));
      Require(lines == kept->size() + (method == "GET" ? 6 : 7), "a line each, and no other");
    }
  }
  if (const auto ends = CheckReplyFraming(headers)) {
    std::string told;
    for (const Header& each : headers) {
      const std::string name = Lower(each.name);
      Require(name != "content-encoding" || Lower(each.value) == "identity", "not encoded");
      if (name != "content-length" && name != "transfer-encoding") continue;
      Require(told.empty(), "one end");
      told = name;
    }
    Require(told == (*ends ? "content-length" : "transfer-encoding"), "the end that it says");
  }
  const std::vector<Header> passed = FilterResponseHeaders(headers);
  RequireVisible(passed);
  Require(FilterResponseHeaders(passed) == passed, "what was passed on is passed on");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
