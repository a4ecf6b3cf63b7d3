// Small forms of text that the binding to HTTP is made of.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ref/encoding.h"

namespace blindlend {

/// One header as it came: a name and a value, any bytes.
struct Header {
  std::string name, value;
  bool operator==(const Header&) const = default;
};

/// A to Z in lower case, all else as it is.
std::string Lower(std::string_view text);

/// Without its spaces and tabs.
std::string Bare(std::string_view text);

/// What is before the first occurrence of mark, or all of it.
std::string_view Before(std::string_view text, char mark);

/// The parts of text between the marks, none with a quote in it; nothing if it does not begin and end with a
/// mark and alternate. marks: two or more.
std::optional<std::vector<std::string_view>> Between(std::string_view text,
                                                     std::span<const std::string_view> marks);

/// Whether text is four numbers of one to three digits with "." between them.
bool IsDottedQuad(std::string_view text);

/// Whether text is "[", hexadecimal digits, colons and points, and "]".
bool IsBracketed(std::string_view text);

/// Whether text is min to max characters of those that are allowed. alphanumeric: letters and digits too.
bool IsMadeOf(std::string_view text, std::size_t min, std::size_t max, bool alphanumeric,
              std::string_view allowed);

/// min to max digits, at most 18, as a number; or nothing.
std::optional<std::uint64_t> Decimal(std::string_view text, std::size_t min, std::size_t max);

/// The values of all headers with this name (in lower case), in their order.
std::vector<std::string> ValuesOf(const std::vector<Header>& headers, std::string_view name);

/// Whether there is a header with this name (in lower case).
bool Has(const std::vector<Header>& headers, std::string_view name);

/// Whether one of them says that the body is encoded.
bool IsEncoded(const std::vector<Header>& headers);

/// first, and then the others.
std::vector<Header> WithFirst(const Header& first, std::vector<Header> others);

/// Bytes as text, and back by Ascii.
std::string ToText(View bytes);

}  // namespace blindlend
