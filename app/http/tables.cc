#include "tables.h"

#include <algorithm>

#include "app/http/text.h"

namespace blindlend {

namespace {

bool IsAccept(std::string_view value) {
  return value == "application/json" || value == "text/event-stream" || value == "*/*";
}

bool IsBeta(std::string_view value) {
  return IsMadeOf(value, 1, 512, true, "-._=,");
}

bool IsDate(std::string_view value) {
  return value.size() == 10 && value[4] == '-' && value[7] == '-' &&
         Decimal(value.substr(0, 4), 4, 4) && Decimal(value.substr(5, 2), 2, 2) &&
         Decimal(value.substr(8), 2, 2);
}

bool IsJson(std::string_view value) {
  return value == "application/json";
}

constexpr std::array<RequestHeaderRule, 5> kRules = {{{"accept", IsAccept, true},
                                                      {"anthropic-beta", IsBeta, false},
                                                      {"anthropic-version", IsDate, false},
                                                      {"content-type", IsJson, false},
                                                      {"openai-beta", IsBeta, false}}};

/// Steps of a path, "[]" for every element of a list; the rest of the array is empty.
using Path = std::array<std::string_view, 10>;

constexpr std::array<Path, 6> kRemoved = {{{"metadata"},
                                           {"user"},
                                           {"safety_identifier"},
                                           {"tools", "[]", "user_location"},
                                           {"web_search_options", "user_location"},
                                           {"prompt_cache_key"}}};
constexpr std::array<Path, 21> kRefused = {
    {{"mcp_servers", "[]", "authorization_token"},
     {"tools", "[]", "authorization"},
     {"tools", "[]", "headers"},
     {"previous_response_id"},
     {"conversation"},
     {"container"},
     {"input", "[]", "container_id"},
     {"messages", "[]", "audio", "id"},
     {"prompt", "id"},
     {"tools", "[]", "vector_store_ids"},
     {"tools", "[]", "container"},
     {"tool_resources"},
     {"messages", "[]", "content", "[]", "file_id"},
     {"messages", "[]", "content", "[]", "source", "file_id"},
     {"messages", "[]", "content", "[]", "file", "file_id"},
     {"messages", "[]", "content", "[]", "content", "[]", "source", "file_id"},
     {"messages", "[]", "content", "[]", "source", "content", "[]", "source", "file_id"},
     {"input", "[]", "content", "[]", "file_id"},
     {"input", "[]", "output", "[]", "file_id"},
     {"input", "[]", "output", "file_id"},
     {"tools", "[]", "input_image_mask", "file_id"}}};

/// A to Z in lower case, and the two other characters that some readers take for letters of these names.
std::string Fold(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, char>, 2> kAlike = {
      {{"\xc5\xbf", 's'}, {"\xe2\x84\xaa", 'k'}}};
  std::string folded = Lower(name);
  for (const auto& [character, letter] : kAlike)
    for (std::size_t at = 0; (at = folded.find(character, at)) != std::string::npos;)
      folded.replace(at, character.size(), 1, letter);
  return folded;
}

bool IsOneOf(std::span<const Path> paths, const std::vector<JsonStep>& path) {
  return std::ranges::any_of(paths, [&path](const Path& each) {
    const auto length =
        static_cast<std::size_t>(std::ranges::find(each, std::string_view()) - each.begin());
    if (path.size() != length) return false;
    for (std::size_t i = 0; i < length; ++i)
      if (path[i].is_element != (each[i] == "[]") ||
          (!path[i].is_element && Fold(path[i].name) != each[i]))
        return false;
    return true;
  });
}

constexpr std::array<ErrorRow, 25> kErrors = {{
    {"bad_request", 400, "invalid_request_error", "This is not a request that can be lent."},
    {"bad_target", 404, "not_found_error", "This target is not lent here."},
    {"bad_header", 415, "invalid_request_error",
     "A header is missing, stands twice or has a value that is not passed on."},
    {"bad_body", 400, "invalid_request_error",
     "The body is not a JSON object, names its sender or refers to something kept upstream."},
    {"length_required", 411, "invalid_request_error", "The body needs a Content-Length."},
    {"too_large", 413, "request_too_large", "The body is too large."},
    {"encoded", 415, "invalid_request_error", "The body must not be encoded."},
    {"timeout", 408, "invalid_request_error", "The request did not come in time."},
    {"token_missing", 401, "authentication_error", "A borrow is needed."},
    {"token_malformed", 401, "authentication_error", "This is not a borrow."},
    {"token_invalid", 401, "authentication_error", "The borrow does not hold."},
    {"token_expired", 401, "authentication_error",
     "The token is not of an epoch that can be spent now."},
    {"token_spent", 403, "permission_error", "The token has been spent."},
    {"foreign_page", 403, "permission_error", "A web page may not borrow."},
    {"token_busy", 503, "overloaded_error", "Another request with this token is under way."},
    {"busy", 503, "overloaded_error", "The relay takes no more requests at the moment."},
    {"not_issued", 403, "permission_error", "The request for tokens is not answered."},
    {"store_failed", 500, "api_error", "The database cannot be written."},
    {"upstream_unreachable", 502, "api_error", "Upstream cannot be reached."},
    {"upstream_timeout", 504, "timeout_error", "Upstream took too long."},
    {"upstream_broken", 502, "api_error", "Upstream broke off."},
    {"wallet_empty", 402, "billing_error", "The wallet has no token that can be spent now."},
    {"lender_untrusted", 502, "api_error", "The lender does not show what it should."},
    {"lender_unreachable", 502, "api_error", "No lender can be reached."},
    {"via_failed", 502, "api_error", "The SOCKS proxy makes no connection."},
}};

}  // namespace

const Targets& DefaultTargets() {
  static const Targets targets = {{"GET", "/v1/models"},
                                  {"POST", "/v1/messages"},
                                  {"POST", "/v1/messages/count_tokens"},
                                  {"POST", "/v1/completions"},
                                  {"POST", "/v1/embeddings"},
                                  {"POST", "/v1/chat/completions"},
                                  {"POST", "/v1/responses"}};
  return targets;
}

const RequestHeaderRule* RuleOf(std::string_view name) {
  const auto found = std::ranges::find(kRules, name, &RequestHeaderRule::name);
  return found == kRules.end() ? nullptr : &*found;
}

bool IsRemoved(const std::vector<JsonStep>& path) {
  return IsOneOf(kRemoved, path);
}

bool IsRefused(const std::vector<JsonStep>& path) {
  return IsOneOf(kRefused, path);
}

const ErrorRow* ErrorOf(std::string_view code) {
  const auto found = std::ranges::find(kErrors, code, &ErrorRow::code);
  return found == kErrors.end() ? nullptr : &*found;
}

std::span<const ErrorRow> Errors() {
  return kErrors;
}

}  // namespace blindlend
