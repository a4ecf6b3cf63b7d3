#include "json.h"

#include <optional>
#include <unordered_set>

namespace blindlend {

namespace {

void AppendUtf8(std::string& text, std::uint32_t code) {
  const auto put = [&text](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

/// Reads from the front; every function says whether what it is named after stood there.
class Reader {
 public:
  Reader(View text, const std::function<void(const JsonMember&)>& visit)
      : text_(text), visit_(visit) {}

  bool Document() {
    Space();
    if (Peek() != '{' || !Object(1)) return false;
    Space();
    return at_ == text_.size();
  }

 private:
  /// The next byte, or -1 at the end.
  int Peek() const { return at_ < text_.size() ? text_[at_] : -1; }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  bool Word(std::string_view word) {
    for (const char c : word)
      if (!Take(c)) return false;
    return true;
  }

  void Space() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n' || Peek() == '\r') ++at_;
  }

  bool Digits() {
    const std::size_t begin = at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Peek() != 'e' && Peek() != 'E') return true;
    ++at_;
    if (Peek() == '+' || Peek() == '-') ++at_;
    return Digits();
  }

  std::optional<std::uint32_t> FourHex() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const int c = Peek();
      int digit = -1;
      if (c >= '0' && c <= '9') digit = c - '0';
      if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
      if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
      if (digit < 0) return std::nullopt;
      code = code << 4 | static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return code;
  }

  bool Escape(std::string* value) {
    const int c = Peek();
    ++at_;
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    if (c > 0 && kNames.contains(static_cast<char>(c))) {
      if (value != nullptr) value->push_back(kMeant[kNames.find(static_cast<char>(c))]);
      return true;
    }
    if (c != 'u') return false;
    auto code = FourHex();
    if (!code) return false;
    if (*code >= 0xd800 && *code < 0xdc00) {  // perhaps the first half of a pair
      const std::size_t behind = at_;
      const bool escaped = Word("\\u");
      const auto low = escaped ? FourHex() : std::nullopt;
      if (low && *low >= 0xdc00 && *low < 0xe000)
        code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
      else
        at_ = behind;
    }
    if (value != nullptr) AppendUtf8(*value, *code);
    return true;
  }

  /// One character of several bytes: as UTF-8 writes it, in the shortest way, and no surrogate.
  bool Utf8(std::string* value) {
    const std::uint32_t lead = text_[at_];
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text_.size() - at_ < size) return false;
    std::uint32_t code = lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      const std::uint32_t byte = text_[at_ + i];
      if ((byte & 0xc0) != 0x80) return false;
      code = code << 6 | (byte & 0x3f);
    }
    if (size == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return false;
    if (size == 4 && (code < 0x10000 || code > 0x10ffff)) return false;
    if (value != nullptr) AppendUtf8(*value, code);
    at_ += size;
    return true;
  }

  /// value: where what the string means goes, or nullptr.
  bool String(std::string* value) {
    if (!Take('"')) return false;
    for (;;) {
      const int c = Peek();
      if (c < 0x20) return false;  // a control character, or the end
      if (c >= 0x80) {
        if (!Utf8(value)) return false;
        continue;
      }
      ++at_;
      if (c == '"') return true;
      if (c == '\\') {
        if (!Escape(value)) return false;
      } else if (value != nullptr) {
        value->push_back(static_cast<char>(c));
      }
    }
  }

  bool Value(std::size_t depth) {
    switch (Peek()) {
      case '{':
        return Object(depth);
      case '[':
        return List(depth);
      case '"':
        return String(nullptr);
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  bool List(std::size_t depth) {
    if (depth > kJsonDepth || !Take('[')) return false;
    Space();
    if (Take(']')) return true;
    path_.push_back({true, ""});
    do {
      Space();
      if (!Value(depth + 1)) return false;
      Space();
    } while (Take(','));
    path_.pop_back();
    return Take(']');
  }

  bool Object(std::size_t depth) {
    if (depth > kJsonDepth || !Take('{')) return false;
    std::unordered_set<std::string> names;
    std::size_t begin = at_;
    Space();
    if (Take('}')) return true;
    for (;;) {
      Space();
      std::string name;
      if (!String(&name) || names.size() == kJsonMembers || !names.insert(name).second)
        return false;
      Space();
      if (!Take(':')) return false;
      Space();
      path_.push_back({false, std::move(name)});
      const bool is_null = Peek() == 'n';
      if (!Value(depth + 1)) return false;
      Space();
      visit_({path_, names.size() - 1, begin, at_, is_null});
      path_.pop_back();
      if (!Take(',')) return Take('}');
      begin = at_;
    }
  }

  View text_;
  const std::function<void(const JsonMember&)>& visit_;
  std::size_t at_ = 0;
  std::vector<JsonStep> path_;
};

}  // namespace

bool WalkJsonObject(View text, const std::function<void(const JsonMember&)>& visit) {
  return Reader(text, visit).Document();
}

}  // namespace blindlend
