// Properties of spec chapters 11-http and 12-socks.
#include <map>

#include "app/http/binding.h"
#include "app/http/socks.h"
#include "tests/support/support.h"

namespace blindlend::test {
namespace {

Bytes AnyBytes(int max) {
  return ToBytes(*rc::gen::resize(max, rc::gen::arbitrary<std::vector<std::uint8_t>>()));
}

// Text of a few bytes, mostly of those that mean something where it is put.
std::string TextOf(std::string_view alphabet, int min, int max) {
  const int length = *rc::gen::inRange(min, max + 1);
  std::string text;
  for (int i = 0; i < length; ++i) text += *rc::gen::elementOf(std::string(alphabet));
  return text;
}

// text with one byte replaced, inserted or taken out; never text itself.
std::string Edited(const std::string& text) {
  for (;;) {
    std::string edited = text;
    const auto at = static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(0, text.size() + 1));
    const char byte = *rc::gen::oneOf(rc::gen::elementOf(std::string("\"=+-/_ ,%\n07Az")),
                                      rc::gen::arbitrary<char>());
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        if (at < edited.size()) edited[at] = byte;
        break;
      case 1:
        edited.insert(at, 1, byte);
        break;
      default:
        if (at < edited.size()) edited.erase(at, 1);
    }
    if (edited != text) return edited;
  }
}

bool Same(const Challenge& a, const Challenge& b) {
  return a.group == b.group && a.number == b.number && a.lender == b.lender;
}

// Property.AuthorizationRoundTrip
TEST(Http, AuthorizationRoundTrip) {
  const auto distribution = CheckProperty(
      [] {
        const Bytes sealed = AnyBytes(700);
        const std::string value = EncodeAuthorization(sealed);
        RC_ASSERT(ParseAuthorization(value).value() == sealed);
        // What is accepted is what would be made of what it says.
        const std::string edited = Edited(value);
        const auto other = ParseAuthorization(edited);
        RC_TAG(other ? "edited, accepted" : "edited, refused");
        if (other) RC_ASSERT(EncodeAuthorization(*other) == edited);

        const Challenge challenge{ToBytes(*rc::gen::container<std::vector<std::uint8_t>>(
                                      static_cast<std::size_t>(*rc::gen::inRange(1, 65)),
                                      rc::gen::arbitrary<std::uint8_t>())),
                                  *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 32),
                                  ToBytes(*rc::gen::container<std::vector<std::uint8_t>>(
                                      32, rc::gen::arbitrary<std::uint8_t>()))};
        const std::string asked = EncodeChallenge(challenge).value();
        RC_ASSERT(Same(ParseChallenge(asked).value(), challenge));
        const std::string changed = Edited(asked);
        const auto read = ParseChallenge(changed);
        if (read) RC_ASSERT(EncodeChallenge(*read).value() == changed);
      },
      10);
  // Only an edit inside of the base64 can be accepted.
  EXPECT_GT(distribution.Share("edited, accepted"), 0.015);
  EXPECT_GT(distribution.Share("edited, refused"), 0.1);
}

struct Parts {
  std::string method, target;
  std::vector<Header> kept;
  Bytes body;
  bool operator==(const Parts&) const = default;
};

Parts AnyParts() {
  Parts parts{TextOf("ab", 0, 2), TextOf("ab", 0, 2), {}, Ascii(TextOf("ab", 0, 2))};
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
    parts.kept.push_back({TextOf("ab", 0, 2), TextOf("ab", 0, 2)});
  return parts;
}

Bytes Canonical(const Parts& parts) {
  return CanonicalRequest(parts.method, parts.target, parts.kept, parts.body);
}

// Property.CanonicalInjective
TEST(Http, CanonicalInjective) {
  const auto distribution = CheckProperty(
      [] {
        const Parts a = AnyParts();
        // Small parts: they are the same often, and nearly the same more often.
        Parts b = AnyParts();
        if (*rc::gen::inRange(0, 2) == 0) b = a;
        RC_TAG(a == b ? "same" : "different");
        RC_ASSERT((Canonical(a) == Canonical(b)) == (a == b));
      },
      20);
  EXPECT_GT(distribution.Share("same"), 0.3);
  EXPECT_GT(distribution.Share("different"), 0.15);
}

// The same on purpose: whatever moves from one part to its neighbour shows.
TEST(Http, CanonicalParts) {
  const std::vector<Parts> all = {
      {"ab", "", {}, {}},
      {"a", "b", {}, {}},
      {"", "ab", {}, {}},
      {"", "", {{"ab", ""}}, {}},
      {"", "", {{"a", "b"}}, {}},
      {"", "", {{"", "ab"}}, {}},
      {"", "", {{"a", ""}, {"b", ""}}, {}},
      {"", "", {{"b", ""}, {"a", ""}}, {}},
      {"", "", {{"a", ""}, {"", "b"}}, {}},
      {"", "", {}, Ascii("ab")},
      {"", "a", {}, Ascii("b")},
      {"", "", {{"a", ""}}, Ascii("b")},
  };
  for (const Parts& a : all)
    for (const Parts& b : all) EXPECT_EQ(Canonical(a) == Canonical(b), a == b);
}

const std::vector<std::string>& Names() {
  static const std::vector<std::string> names = {"accept",         "Accept",
                                                 "anthropic-beta", "Anthropic-Version",
                                                 "content-type",   "CONTENT-TYPE",
                                                 "openai-beta",    "user-agent",
                                                 "cookie",         "x-api-key",
                                                 "authorization",  "traceparent",
                                                 "forwarded",      "x-stainless-os",
                                                 "retry-after",    "set-cookie",
                                                 "request-id",     ""};
  return names;
}

std::string AnyValue() {
  return *rc::gen::oneOf(
      rc::gen::elementOf(std::vector<std::string>{
          "application/json", "application/json; charset=utf-8", "text/event-stream", "*/*",
          "2023-06-01", "a-1,b-2", "a, b", "17", "3601", "me", ""}),
      rc::gen::arbitrary<std::string>(),
      rc::gen::map(rc::gen::elementOf(std::string("\r\n\t \0%\x7f\xff", 8)),
                   [](char byte) { return std::string("application/json") + byte + "X: 1"; }));
}

std::vector<Header> AnyHeaders(int max) {
  const std::vector<Header> good = {{"Accept", "*/*"},
                                    {"anthropic-version", "2023-06-01"},
                                    {"Anthropic-Beta", "a-1, b-2"},
                                    {"content-type", "application/json; charset=utf-8"},
                                    {"openai-beta", "assistants=v2"},
                                    {"retry-after", "17"},
                                    {"user-agent", "x"}};
  std::vector<Header> headers;
  for (int i = *rc::gen::inRange(1, max); i > 0; --i)
    headers.push_back(*rc::gen::inRange(0, 4) > 0
                          ? *rc::gen::elementOf(good)
                          : Header{*rc::gen::elementOf(Names()), AnyValue()});
  return headers;
}

// Property.HeadersAllowed, Property.FilterIdempotent
TEST(Http, HeadersAllowed) {
  const auto distribution = CheckProperty(
      [] {
        const std::vector<Header> headers = AnyHeaders(4);
        const auto kept = FilterRequestHeaders(headers);
        RC_TAG(!kept ? "refused" : kept->empty() ? "nothing kept" : "kept");
        if (kept) {
          std::string before;
          for (const auto& [name, value] : *kept) {
            RC_ASSERT(name > before);
            before = name;
            RC_ASSERT(name == "accept" || name == "anthropic-beta" || name == "anthropic-version" ||
                      name == "content-type" || name == "openai-beta");
            RC_ASSERT(!value.empty());
            for (const char c : value) RC_ASSERT(c >= 0x21 && c <= 0x7e);
          }
          RC_ASSERT(FilterRequestHeaders(*kept).value() == *kept);
        }
        const std::vector<Header> passed = FilterResponseHeaders(headers);
        RC_ASSERT(FilterResponseHeaders(passed) == passed);
        RC_ASSERT(passed.size() == 1 || passed.size() == 2);
        RC_ASSERT(passed[0].name == "content-type");
        for (const auto& [name, value] : passed)
          for (const char c : value) RC_ASSERT(c >= 0x21 && c <= 0x7e);
      },
      20);
  EXPECT_GT(distribution.Share("kept"), 0.05);
  EXPECT_GT(distribution.Share("nothing kept"), 0.05);
  EXPECT_GT(distribution.Share("refused"), 0.05);
}

// A JSON text with its expectation, made together: what FilterBody must make of it.
struct Made {
  std::string text, filtered;
  bool refused = false;
};

std::string Blank() {
  return TextOf(" \n\t\r", 0, 1);
}

// The name as JSON, each character perhaps as an escape or as one that some readers take for it.
std::string Spelled(const std::string& name) {
  std::string text = "\"";
  constexpr std::string_view digits = "0123456789abcdef";
  const std::map<char, std::string> alike = {{'s', "\u017f"}, {'k', "\\u212a"}};
  for (char c : name) {
    if (*rc::gen::inRange(0, 32) == 0 && alike.contains(c)) {
      text += alike.at(c);
      continue;
    }
    if (*rc::gen::inRange(0, 16) == 0) c = static_cast<char>(std::toupper(c));
    if (*rc::gen::inRange(0, 8) == 0) {
      const auto code = static_cast<unsigned char>(c);
      text += std::string("\\u00") + digits[code >> 4] + digits[code & 15];
    } else {
      text += c;
    }
  }
  return text + "\"";
}

std::string Scalar() {
  return *rc::gen::elementOf(std::vector<std::string>{"1", "-0.50e+1", "true", "null", "\"\"",
                                                      "\"a,}\\\"{\"", "\"\\ud83d\\ude00\"", "[]",
                                                      "{}", "[ 1 ,{\"user\":2}]"});
}

// An object of the given members, each with what becomes of it.
Made Object(const std::vector<std::pair<std::string, Made>>& members,
            const std::set<std::string>& removed) {
  Made made{"{", "{", false};
  bool is_first = true, is_first_kept = true;
  for (const auto& [name, value] : members) {
    const std::string head = Blank() + Spelled(name) + Blank() + ":" + Blank(), tail = Blank();
    made.text += (is_first ? "" : ",") + head + value.text + tail;
    is_first = false;
    made.refused |= value.refused;
    if (removed.contains(name)) continue;
    made.filtered += (is_first_kept ? "" : ",") + head + value.filtered + tail;
    is_first_kept = false;
  }
  if (members.empty()) made.text += Blank();
  if (members.empty()) made.filtered = made.text;
  made.text += "}";
  made.filtered += "}";
  return made;
}

Made Plain() {
  const std::string text = Scalar();
  return {text, text, false};
}

std::vector<std::pair<std::string, Made>> Members(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, Made>> members;
  for (const std::string& name : *rc::gen::unique<std::vector<std::string>>(
           static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(0, names.size() + 1)),
           rc::gen::elementOf(names)))
    members.emplace_back(name, Plain());
  return members;
}

// Property.BodyKept, Property.FilterIdempotent
TEST(Http, BodyKept) {
  const auto distribution = CheckProperty(
      [] {
        auto members =
            Members({"model", "user", "safety_identifier", "metadata", "web_search_options",
                     "prompt_cache_key", "container", "messages", "x"});
        for (auto& [name, value] : members) {
          if (name == "web_search_options" && *rc::gen::inRange(0, 2) == 0)
            value = Object(Members({"user_location", "a", "b"}), {"user_location"});
          if (name == "container") value.refused = value.text != "null";
          if (name == "messages" && *rc::gen::inRange(0, 2) == 0) {
            auto inner = Members({"file_id", "type"});
            for (auto& [inner_name, each] : inner)
              if (inner_name == "file_id") each.refused = each.text != "null";
            const Made source = Object(inner, {});
            const Made block = Object({{"source", source}}, {});
            const auto list = [](const Made& element) {
              return Made{"[" + element.text + "]", "[" + element.filtered + "]", element.refused};
            };
            value = list(Object({{"content", list(block)}}, {}));
          }
        }
        const Made made =
            Object(members, {"user", "safety_identifier", "metadata", "prompt_cache_key"});
        const auto filtered = FilterBody(Ascii(made.text));
        RC_TAG(made.refused ? "refused" : made.text == made.filtered ? "as it was" : "removed");
        RC_ASSERT(Step(filtered) == (made.refused ? "FilterBody.3" : ""));
        if (!filtered) return;
        RC_ASSERT(blindlend::ToText(*filtered) == made.filtered);
        RC_ASSERT(FilterBody(*filtered).value() == *filtered);
      },
      20);
  EXPECT_GT(distribution.Share("refused"), 0.1);
  EXPECT_GT(distribution.Share("removed"), 0.1);
  EXPECT_GT(distribution.Share("as it was"), 0.01);
}

// The bounds of FilterBody.2, and that a text of many members or levels costs no time.
TEST(Http, BodyBounds) {
  const auto many = [](int count) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
    return Ascii(text + "}");
  };
  EXPECT_EQ(Step(FilterBody(many(10000))), "");
  EXPECT_EQ(Step(FilterBody(many(10001))), "FilterBody.2");
  std::string deep = "{\"a\":";
  deep.append(1 << 23, '[');
  EXPECT_EQ(Step(FilterBody(Ascii(deep))), "FilterBody.2");
  std::string lists = "{\"a\":[";
  for (int i = 0; i < (1 << 21); ++i) lists += "[],";
  EXPECT_EQ(Step(FilterBody(Ascii(lists + "0]}"))), "");
}

// Where a blank line ends, by a reading of its own.
std::size_t LastEnd(const std::string& text) {
  std::size_t end = 0;
  for (std::size_t i = 2; i <= text.size(); ++i) {
    const bool lines = text.compare(i - 2, 2, "\n\n") == 0 || text.compare(i - 2, 2, "\r\r") == 0 ||
                       (i >= 3 && text.compare(i - 3, 3, "\n\r\n") == 0);
    if (lines) end = i;
  }
  return end;
}

// Property.EventsWhole
TEST(Http, EventsWhole) {
  const auto distribution = CheckProperty(
      [] {
        std::string stream, passed;
        Bytes held;
        for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
          const std::string piece = TextOf("\n\ra\n", 0, 4);
          stream += piece;
          const std::string whole = blindlend::ToText(SplitEvents(held, Ascii(piece)).value());
          RC_ASSERT(LastEnd(whole) == whole.size());
          passed += whole;
          RC_ASSERT(passed + blindlend::ToText(held) == stream);
          // Nothing is held back that could go; the end of an event may lie across what has gone.
          RC_ASSERT(LastEnd(blindlend::ToText(held)) == 0);
        }
        RC_TAG(passed.empty() ? "none" : held.empty() ? "all" : "some");
      },
      20);
  EXPECT_GT(distribution.Share("none"), 0.05);
  EXPECT_GT(distribution.Share("all"), 0.02);
  EXPECT_GT(distribution.Share("some"), 0.04);
}

TEST(Http, EventsBound) {
  const Bytes longest((1 << 20), 'a');
  Bytes held = Ascii("data\n");
  EXPECT_EQ(SplitEvents(held, Join({Ascii("\n"), longest})).value(), Ascii("data\n\n"));
  EXPECT_EQ(held, longest);
  EXPECT_EQ(SplitEvents(held, {}).value(), Bytes());
  EXPECT_EQ(held, longest);
  EXPECT_EQ(SplitEvents(held, Ascii("\n\n")).value().size(), longest.size() + 2);
  EXPECT_EQ(held, Bytes());
  held = longest;
  EXPECT_EQ(Step(SplitEvents(held, Ascii("a"))), "SplitEvents.3");
}

// One event of a million bytes, byte by byte: each costs what it is long, not what is held.
TEST(Http, EventsByteByByte) {
  Bytes held;
  const Bytes line = Ascii("data: 1\n");
  for (std::size_t i = 0; i < (1 << 20); ++i)
    EXPECT_EQ(SplitEvents(held, View(line).subspan(i % line.size(), 1)).value().size(), 0u);
  EXPECT_EQ(held.size(), std::size_t{1} << 20);
}

// Property.SocksTotal
TEST(Socks, Total) {
  const auto distribution = CheckProperty(
      [] {
        // A reply, mostly a good one, with more behind it; read as a connection is, in pieces.
        const auto kind = *rc::gen::element<std::uint8_t>(1, 1, 3, 3, 4, 4, 0, 2);
        const auto byte = [] { return *rc::gen::arbitrary<std::uint8_t>(); };
        Bytes stream{5, *rc::gen::element<std::uint8_t>(0, 0, 0, 5), 0, kind};
        for (int i = *rc::gen::inRange(0, 300); i > 0; --i) stream.push_back(byte());
        std::size_t read = 0;
        std::string_view end = "cut off";
        for (;;) {
          const auto missing = ReadSocksReply(View(stream).first(read));
          if (!missing) end = "refused";
          if (missing && *missing == 0) end = "whole";
          if (!missing || *missing == 0 || read == stream.size()) break;
          RC_ASSERT(read + *missing <= 262u);
          read +=
              std::min(stream.size() - read,
                       static_cast<std::size_t>(*rc::gen::inRange<std::size_t>(1, *missing + 1)));
        }
        if (end == "whole") {
          const std::size_t length = kind == 1 ? 10 : kind == 4 ? 22 : 7U + stream[4];
          RC_ASSERT(read == length);
        }
        if (end == "refused")
          RC_ASSERT(stream[1] != 0 || kind == 0 || kind == 2 ||
                    (kind == 3 && stream.size() > 4 && stream[4] == 0));
        RC_TAG(end);
      },
      20);
  EXPECT_GT(distribution.Share("whole"), 0.2);
  EXPECT_GT(distribution.Share("refused"), 0.2);
  EXPECT_GT(distribution.Share("cut off"), 0.02);
}

// Property.SocksApart
TEST(Socks, Apart) {
  CheckProperty([] {
    const auto drawn = ToBytes(
        *rc::gen::container<std::vector<std::uint8_t>>(32, rc::gen::arbitrary<std::uint8_t>()));
    std::size_t at = 0;
    const auto source = [&](std::span<std::uint8_t> bytes) {
      for (std::uint8_t& byte : bytes) byte = drawn.at(at++);
      return true;
    };
    const Bytes message = SocksCredentials(source).value();
    RC_ASSERT(at == 32u);
    // Both are there, and nothing else: RFC 1929 has version, length, user name, length, password.
    RC_ASSERT(message.size() == 51u);
    const View view(message);
    RC_ASSERT(Join({DecodeBase64(view.subspan(2, 24)).value(),
                    DecodeBase64(view.subspan(27, 24)).value()}) == drawn);
    RC_ASSERT((message[0] == 1 && message[1] == 24 && message[26] == 24));
  });
}

// Property.RefundTable
TEST(Http, RefundTable) {
  const std::set<int> given_back = {401, 403, 429, 529};
  for (int status = 200; status < 600; ++status) {
    for (const std::set<int>& unbilled :
         {std::set<int>{}, std::set<int>{500, 503}, std::set<int>{status}}) {
      const bool is_free = status >= 500 && unbilled.contains(status);
      const ClaimEnd expected =
          given_back.contains(status) || is_free ? ClaimEnd::kRelease : ClaimEnd::kSettle;
      EXPECT_EQ(Outcome(Stage::kReplied, status, unbilled), expected) << status;
      EXPECT_EQ(Outcome(Stage::kSent, status, unbilled), ClaimEnd::kSettle);
      EXPECT_EQ(Outcome(Stage::kUnsent, status, unbilled), ClaimEnd::kRelease);
    }
  }
  for (const std::string_view code : {"token_busy", "store_failed"})
    for (int status = 200; status < 600; ++status)
      for (const bool resent : {false, true})
        for (const std::string_view header : {"spent", "refunded", "unspent", ""})
          EXPECT_EQ(TokenAfter(status, header, code, resent), TokenEnd::kPending);
  for (int status = 300; status < 600; ++status)
    for (const std::string_view code : {"", "busy"})
      for (const bool resent : {false, true}) {
        EXPECT_EQ(TokenAfter(status, "spent", code, resent), TokenEnd::kServed);
        EXPECT_EQ(TokenAfter(status, "unspent", code, resent),
                  resent ? TokenEnd::kPending : TokenEnd::kReleased);
        EXPECT_EQ(TokenAfter(status, "refunded", code, resent),
                  resent ? TokenEnd::kPending : TokenEnd::kReleased);
        EXPECT_EQ(TokenAfter(status, "pending", code, resent), TokenEnd::kPending);
        EXPECT_EQ(TokenAfter(status, "", code, resent), TokenEnd::kPending);
        EXPECT_EQ(TokenAfter(status, "unspent ", code, resent), TokenEnd::kPending);
      }
  // Whatever is said beside it, it does not come back when it was spent before this request.
  for (const std::string_view header : {"spent", "refunded", "unspent", "", "x"})
    EXPECT_EQ(TokenAfter(403, header, "token_spent", false), TokenEnd::kServed);
}

// Property.ServedIsPaid: a lender that serves cannot have the member show the same token for the next
// request too.
TEST(Http, ServedIsPaid) {
  for (int status = 200; status < 300; ++status)
    for (const ErrorRow& row : Errors())
      for (const std::string_view code : {std::string_view(), row.code})
        for (const bool resent : {false, true})
          for (const std::string_view header : {"spent", "refunded", "unspent", "", "x"})
            EXPECT_NE(TokenAfter(status, header, code, resent), TokenEnd::kReleased)
                << status << header << code;
}

// The table of errors: no status on which SDKs send a request again where the token may be gone, and
// never 409 or 429.
TEST(Http, ErrorsAreNotRetried) {
  constexpr std::string_view any_step = "AnyStep.1";  // of no algorithm: none is run
  std::map<std::string_view, int> statuses;
  for (const ErrorRow& row : Errors()) {
    EXPECT_TRUE(statuses.emplace(row.code, row.status).second) << row.code << " stands twice";
    EXPECT_NE(row.status, 409);
    EXPECT_NE(row.status, 429);
    const Bytes body = ErrorReply(row.code, any_step).value().body;
    EXPECT_EQ(FilterBody(body).value(), body) << "not JSON";
    // Each is known again, by itself only.
    EXPECT_EQ(CodeOfReply(row.status, body), row.code);
    EXPECT_EQ(CodeOfReply(row.status + 1, body), "");
    const std::size_t step = blindlend::ToText(body).find(any_step);
    for (std::size_t i = 0; i < body.size(); ++i) {
      Bytes changed = body;
      changed[i] ^= 1;
      const bool is_of_step = i >= step && i < step + any_step.size();
      EXPECT_EQ(CodeOfReply(row.status, changed), is_of_step ? row.code : "") << i;
    }
  }
  EXPECT_EQ(statuses.at("token_spent"), 403);
  EXPECT_EQ(statuses.at("wallet_empty"), 402);
}

}  // namespace
}  // namespace blindlend::test
