#include "text.h"

#include <algorithm>

namespace blindlend {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string Bare(std::string_view text) {
  std::string bare(text);
  std::erase_if(bare, [](char c) { return c == ' ' || c == '\t'; });
  return bare;
}

std::string_view Before(std::string_view text, char mark) {
  return text.substr(0, text.find(mark));
}

bool IsMadeOf(std::string_view text, std::size_t min, std::size_t max, bool alphanumeric,
              std::string_view allowed) {
  if (text.size() < min || text.size() > max) return false;
  return std::ranges::all_of(text, [&](char c) {
    const bool is_alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return (alphanumeric && is_alphanumeric) || allowed.contains(c);
  });
}

std::optional<std::uint64_t> Decimal(std::string_view text, std::size_t min, std::size_t max) {
  if (!IsMadeOf(text, min, std::min<std::size_t>(max, 18), false, "0123456789"))
    return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) number = 10 * number + static_cast<std::uint64_t>(c - '0');
  return number;
}

std::vector<std::string> ValuesOf(const std::vector<Header>& headers, std::string_view name) {
  std::vector<std::string> values;
  for (const Header& each : headers)
    if (Lower(each.name) == name) values.push_back(each.value);
  return values;
}

std::string ToText(View bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace blindlend
