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

std::optional<std::vector<std::string_view>> Between(std::string_view text,
                                                     std::span<const std::string_view> marks) {
  std::vector<std::string_view> parts;
  for (const std::string_view mark : marks.first(marks.size() - 1)) {
    if (!text.starts_with(mark)) return std::nullopt;
    text.remove_prefix(mark.size());
    parts.push_back(Before(text, '"'));
    text.remove_prefix(parts.back().size());
  }
  if (text != marks.back()) return std::nullopt;
  return parts;
}

bool IsDottedQuad(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    const std::string_view number = Before(text, '.');
    if (!Decimal(number, 1, 3)) return false;
    text.remove_prefix(number.size());
    const bool has_point = text.starts_with('.');
    if (has_point != (i < 3)) return false;
    if (has_point) text.remove_prefix(1);
  }
  return text.empty();
}

bool IsBracketed(std::string_view text) {
  return text.size() > 2 && text.starts_with('[') && text.ends_with(']') &&
         IsMadeOf(text.substr(1, text.size() - 2), 1, text.size(), false, "0123456789abcdef:.");
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

bool Has(const std::vector<Header>& headers, std::string_view name) {
  return !ValuesOf(headers, name).empty();
}

bool IsEncoded(const std::vector<Header>& headers) {
  return std::ranges::any_of(ValuesOf(headers, "content-encoding"),
                             [](const std::string& coding) { return Lower(coding) != "identity"; });
}

std::vector<Header> WithFirst(const Header& first, std::vector<Header> others) {
  others.insert(others.begin(), first);
  return others;
}

std::string ToText(View bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace blindlend
