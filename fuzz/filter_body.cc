// Targets: FilterBody
//
// Against a JSON library: what is accepted is JSON to it too, and what is left is the same value without
// what is removed.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string>

#include "app/http/binding.h"
#include "fuzz/harness.h"

namespace blindlend {
namespace {

using nlohmann::json;

json Parse(View text) {
  return json::parse(text.begin(), text.end(), nullptr, false);
}

/// Whether the text has half of a surrogate pair, perhaps: a form that the library refuses.
bool HasSurrogate(std::string_view text) {
  return text.contains("\\ud") || text.contains("\\uD");
}

/// Whether a number is too large for the library; JSON has no largest one.
bool HasHugeNumber(View text) {
  try {
    (void)json::parse(text.begin(), text.end());
    return false;
  } catch (const json::out_of_range&) {
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

bool HasFile(const json& value, std::initializer_list<const char*> path) {
  const json* at = &value;
  for (const char* const name : path) {
    if (!at->is_object() || !at->contains(name)) return false;
    at = &at->at(name);
  }
  return !at->is_null();
}

/// Whether some readers take name, in UTF-8, for wanted. Letter by letter, from behind.
bool IsAlike(std::string_view name, std::string_view wanted) {
  for (; !wanted.empty(); wanted.remove_suffix(1)) {
    const std::string_view other = wanted.ends_with('s')   ? "\xc5\xbf"
                                   : wanted.ends_with('k') ? "\xe2\x84\xaa"
                                                           : "";
    if (!other.empty() && name.ends_with(other)) {
      name.remove_suffix(other.size());
    } else {
      if (name.empty() || std::tolower(name.back()) != wanted.back()) return false;
      name.remove_suffix(1);
    }
  }
  return name.empty();
}

/// Removes what is alike from an object, if it is one.
void Remove(json& value, std::initializer_list<const char*> names) {
  if (!value.is_object()) return;
  for (auto at = value.begin(); at != value.end();) {
    const bool is_removed =
        std::ranges::any_of(names, [&](const char* const name) { return IsAlike(at.key(), name); });
    at = is_removed ? value.erase(at) : std::next(at);
  }
}

void Check(View input) {
  if (input.size() > (1U << 16)) return;
  const std::string text(input.begin(), input.end());
  const auto filtered = FilterBody(input);
  if (!filtered) {
    RequireStep(StepOf(filtered),
                StepOf(filtered) == "FilterBody.2" ? "FilterBody.2" : "FilterBody.3");
    return;
  }
  const auto again = FilterBody(*filtered);
  Require(again && *again == *filtered, "what is left is left");
  if (input.empty() || HasSurrogate(text) || HasHugeNumber(input)) return;
  json value = Parse(input);
  Require(value.is_object(), "an object to others too");
  for (const char* const name : {"previous_response_id", "conversation", "container"})
    Require(!HasFile(value, {name}), "no reference");
  if (value.contains("messages") && value["messages"].is_array())
    for (const json& message : value["messages"])
      if (message.is_object() && message.contains("content") && message["content"].is_array())
        for (const json& block : message["content"])
          Require(!HasFile(block, {"source", "file_id"}) && !HasFile(block, {"file", "file_id"}),
                  "no file");
  Remove(value, {"user", "safety_identifier", "prompt_cache_key", "metadata"});
  for (auto& [name, each] : value.items()) {
    if (IsAlike(name, "web_search_options")) Remove(each, {"user_location"});
    if (IsAlike(name, "tools") && each.is_array())
      for (json& tool : each) Remove(tool, {"user_location"});
  }
  // As texts, where -0.0 and what is no number compare as they should.
  Require(Parse(*filtered).dump() == value.dump(), "the same value without what is removed");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
