// A strict reader of JSON that keeps no tree: it says where each member of each object stands, so that
// members can be cut out and everything else stay as it was, byte for byte.
#pragma once

#include <functional>
#include <string>

#include "ref/encoding.h"

namespace blindlend {

/// A step of a path: the member with this name, or every element of a list.
struct JsonStep {
  bool is_element;
  std::string name;
  bool operator==(const JsonStep&) const = default;
};

/// A member of an object, when its value has been read.
struct JsonMember {
  /// From the outermost object to this member.
  const std::vector<JsonStep>& path;
  /// How many members stand before it in its object.
  std::size_t index;
  /// Its piece of the text: between "{" or "," and "," or "}" (or the end of a text that is cut off).
  std::size_t begin, end;
  bool is_null;
};

constexpr std::size_t kJsonDepth = 64, kJsonMembers = 10000;

/// Whether text is the JSON text of an object (RFC 8259; UTF-8; at most kJsonDepth levels, kJsonMembers
/// members an object, no name twice in one). visit: called for each member of each object, those
/// inside before the one around them, also before an error is found.
bool WalkJsonObject(View text, const std::function<void(const JsonMember&)>& visit);

}  // namespace blindlend
