#include "binding.h"

#include <algorithm>
#include <array>

#include "app/http/tables.h"

namespace blindlend {

std::string EncodeBase64Url(View bytes) {
  // EncodeBase64Url.1  Return EncodeBase64(bytes) with "-" for each "+" and "_" for each "/".
  std::string text = ToText(EncodeBase64(bytes));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::expected<Bytes, Failure> DecodeBase64Url(std::string_view text) {
  // DecodeBase64Url.1  If text has a "+" or a "/", fail.
  if (text.contains('+') || text.contains('/')) return Fail("DecodeBase64Url.1");
  // DecodeBase64Url.2  bytes = DecodeBase64(text with "+" for each "-" and "/" for each "_"). If it fails, fail.
  std::string plain(text);
  std::ranges::replace(plain, '-', '+');
  std::ranges::replace(plain, '_', '/');
  const auto bytes = DecodeBase64(Ascii(plain));
  if (!bytes) return Fail("DecodeBase64Url.2");
  // DecodeBase64Url.3  Return bytes.
  return *bytes;
}

std::string EncodeAuthorization(View sealed) {
  // EncodeAuthorization.1  Return 'Blindlend borrow="' || EncodeBase64Url(sealed) || '"'.
  return "Blindlend borrow=\"" + EncodeBase64Url(sealed) + "\"";
}

std::expected<Bytes, Failure> ParseAuthorization(std::string_view value) {
  // ParseAuthorization.1  If value does not begin with 'Blindlend borrow="', fail; otherwise remove that.
  constexpr std::string_view begin = "Blindlend borrow=\"";
  if (!value.starts_with(begin)) return Fail("ParseAuthorization.1");
  value.remove_prefix(begin.size());
  // ParseAuthorization.2  If what is left does not end with '"' or is longer than 1024 bytes, fail; otherwise remove that '"'.
  if (!value.ends_with('"') || value.size() > 1024) return Fail("ParseAuthorization.2");
  value.remove_suffix(1);
  // ParseAuthorization.3  sealed = DecodeBase64Url(value). If it fails, fail.
  const auto sealed = DecodeBase64Url(value);
  if (!sealed) return Fail("ParseAuthorization.3");
  // ParseAuthorization.4  Return sealed.
  return *sealed;
}

std::expected<std::string, Failure> EncodeChallenge(const Challenge& challenge) {
  // EncodeChallenge.1  If len(group) is not in [1, 64], number is not in [1, 2^32 - 1] or len(lender) != 32, fail.
  const auto& [group, number, lender] = challenge;
  if (group.empty() || group.size() > 64 || number < 1 || number > 0xffffffff ||
      lender.size() != 32)
    return Fail("EncodeChallenge.1");
  // EncodeChallenge.2  Return 'Blindlend group="' || EncodeBase64Url(group) || '", epoch="' || number in decimal || '", lender="' || EncodeBase64Url(lender) || '", context=""'.
  return "Blindlend group=\"" + EncodeBase64Url(group) + "\", epoch=\"" + std::to_string(number) +
         "\", lender=\"" + EncodeBase64Url(lender) + "\", context=\"\"";
}

std::expected<Challenge, Failure> ParseChallenge(std::string_view value) {
  // ParseChallenge.1  If value is not of the form 'Blindlend group="' || a || '", epoch="' || b || '", lender="' || c || '", context=""', with no '"' in a, b and c, fail.
  constexpr std::array<std::string_view, 4> between = {"Blindlend group=\"", "\", epoch=\"",
                                                       "\", lender=\"", "\", context=\"\""};
  const auto parts = Between(value, between);
  if (!parts) return Fail("ParseChallenge.1");
  const std::string_view a = (*parts)[0], b = (*parts)[1], c = (*parts)[2];
  // ParseChallenge.2  group = DecodeBase64Url(a) and lender = DecodeBase64Url(c). If one of them fails, fail.
  const auto group = DecodeBase64Url(a);
  const auto lender = DecodeBase64Url(c);
  if (!group || !lender) return Fail("ParseChallenge.2");
  // ParseChallenge.3  If b is not one to ten digits, fail; otherwise number is what it says in decimal.
  const auto number = Decimal(b, 1, 10);
  if (!number) return Fail("ParseChallenge.3");
  // ParseChallenge.4  If EncodeChallenge(group, number, lender) fails or is not value, fail.
  const Challenge challenge{*group, *number, *lender};
  const auto again = EncodeChallenge(challenge);
  if (!again || *again != value) return Fail("ParseChallenge.4");
  // ParseChallenge.5  Return (group, number, lender).
  return challenge;
}

std::expected<void, Failure> CheckTarget(const Targets& targets, const std::string& method,
                                         std::string_view target) {
  // CheckTarget.1  If len(target) is not in [1, 1024] or target has a byte that is neither a letter, a digit nor one of "-._~/?=&", fail.
  if (!IsMadeOf(target, 1, 1024, true, "-._~/?=&")) return Fail("CheckTarget.1");
  // CheckTarget.2  path = what is before the first "?" of target, or target if it has none.
  const std::string path(Before(target, '?'));
  // CheckTarget.3  If (method, path) is not in targets, fail.
  if (!targets.contains({method, path})) return Fail("CheckTarget.3");
  // CheckTarget.4  If target has a "?" and what is behind the first one is neither empty nor "beta=true" nor "limit=" followed by one to four digits, fail.
  std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
  if (query.starts_with("limit=") && Decimal(query.substr(6), 1, 4)) query = "";
  if (!query.empty() && query != "beta=true") return Fail("CheckTarget.4");
  return {};
}

std::expected<void, Failure> CheckCaller(std::string_view method,
                                         const std::vector<Header>& headers, bool anywhere) {
  // CheckCaller.1  If headers have an origin or a sec-fetch-site, fail.
  if (Has(headers, "origin") || Has(headers, "sec-fetch-site")) return Fail("CheckCaller.1");
  // CheckCaller.2  If method is "GET" and headers have neither an authorization nor an x-api-key, fail.
  if (method == "GET" && !Has(headers, "authorization") && !Has(headers, "x-api-key"))
    return Fail("CheckCaller.2");
  // CheckCaller.3  If headers do not have exactly one host, fail.
  const std::vector<std::string> hosts = ValuesOf(headers, "host");
  if (hosts.size() != 1) return Fail("CheckCaller.3");
  // CheckCaller.4  name = its value without its last ":" and what is behind it, if that is one to five digits; otherwise its value.
  std::string_view name = hosts[0];
  const std::size_t colon = name.rfind(':');
  if (colon != std::string_view::npos && Decimal(name.substr(colon + 1), 1, 5))
    name = name.substr(0, colon);
  // CheckCaller.5  If name is "localhost" or "[::1]", or begins with "127." and is four decimal numbers of one to three digits with "." between them, return.
  if (name == "localhost" || name == "[::1]" || (name.starts_with("127.") && IsDottedQuad(name)))
    return {};
  // CheckCaller.6  If not anywhere, or name is neither four decimal numbers of one to three digits with "." between them nor "[" || one or more of "0123456789abcdef:." || "]", fail.
  if (!anywhere || (!IsDottedQuad(name) && !IsBracketed(name))) return Fail("CheckCaller.6");
  return {};
}

std::expected<std::uint64_t, Failure> CheckFraming(std::string_view method,
                                                   const std::vector<Header>& headers,
                                                   std::uint64_t max_body) {
  // CheckFraming.1  If headers have a transfer-encoding, fail.
  if (Has(headers, "transfer-encoding")) return Fail("CheckFraming.1");
  // CheckFraming.2  If headers have a content-encoding whose value is not "identity" in any case, fail.
  if (IsEncoded(headers)) return Fail("CheckFraming.2");
  // CheckFraming.3  If headers have no content-length, return 0 if method is "GET", otherwise fail.
  const std::vector<std::string> lengths = ValuesOf(headers, "content-length");
  if (lengths.empty() && method == "GET") return 0;
  if (lengths.empty()) return Fail("CheckFraming.3");
  // CheckFraming.4  If headers have more than one content-length, or its value is not one to fifteen digits, fail.
  const auto length = Decimal(lengths[0], 1, 15);
  if (lengths.size() > 1 || !length) return Fail("CheckFraming.4");
  // CheckFraming.5  length = what the value says in decimal. If length > max_body, fail.
  if (*length > max_body) return Fail("CheckFraming.5");
  // CheckFraming.6  If method is "GET" and length != 0, fail.
  if (method == "GET" && *length != 0) return Fail("CheckFraming.6");
  // CheckFraming.7  Return length.
  return *length;
}

std::expected<std::vector<Header>, Failure> FilterRequestHeaders(
    const std::vector<Header>& headers) {
  // FilterRequestHeaders.1  kept = (lower(name), bare(value)) of those headers whose lower(name) is in the table.
  std::vector<Header> kept;
  for (const Header& each : headers)
    if (RuleOf(Lower(each.name)) != nullptr) kept.push_back({Lower(each.name), Bare(each.value)});
  // FilterRequestHeaders.2  The value of each content-type of kept becomes what is before its first ";", in lower case.
  for (Header& each : kept)
    if (each.name == "content-type") each.value = Lower(Before(each.value, ';'));
  // FilterRequestHeaders.3  Remove from kept each accept whose value is not of its form.
  std::erase_if(kept, [](const Header& each) {
    const RequestHeaderRule& rule = *RuleOf(each.name);
    return rule.dropped_otherwise && !rule.has_form(each.value);
  });
  // FilterRequestHeaders.4  If a value of kept is not of the form of its name, fail.
  for (const Header& each : kept)
    if (!RuleOf(each.name)->has_form(each.value)) return Fail("FilterRequestHeaders.4");
  // FilterRequestHeaders.5  If a name stands twice in kept, fail.
  std::ranges::sort(kept, {}, &Header::name);
  if (std::ranges::adjacent_find(kept, {}, &Header::name) != kept.end())
    return Fail("FilterRequestHeaders.5");
  // FilterRequestHeaders.6  Return kept in ascending order of names.
  return kept;
}

std::expected<Bytes, Failure> FilterBody(View body) {
  // FilterBody.1  If body is empty, return body.
  if (body.empty()) return Bytes{};
  // FilterBody.2  If body is not the JSON text of an object (RFC 8259, in UTF-8), with at most 64 levels of objects and lists, at most 10000 members in each object and no name twice in one, fail.
  bool is_refused = false;
  std::vector<std::pair<std::size_t, std::size_t>> cuts;  // in ascending order
  std::array<bool, kJsonDepth + 1> any_kept{};            // of the object at each depth, so far
  const bool is_object = WalkJsonObject(body, [&](const JsonMember& member) {
    bool& is_behind = any_kept[member.path.size() - 1];
    if (member.index == 0) is_behind = false;
    if (IsRefused(member.path) && !member.is_null) is_refused = true;
    if (!IsRemoved(member.path)) {
      is_behind = true;
      return;
    }
    // With a piece goes the comma before it, or, where no other piece is before it, the one behind.
    const bool has_comma = member.end < body.size() && body[member.end] == ',';
    while (!cuts.empty() && cuts.back().first >= member.begin) cuts.pop_back();
    cuts.emplace_back(is_behind ? member.begin - 1 : member.begin,
                      !is_behind && has_comma ? member.end + 1 : member.end);
  });
  if (!is_object) return Fail("FilterBody.2");
  // FilterBody.3  If body has a member at a path that is refused, with a value other than null, fail.
  if (is_refused) return Fail("FilterBody.3");
  // FilterBody.4  Return body with each object that has a member at a removed path written as "{" || its other pieces, with "," between two of them || "}".
  Bytes filtered;
  std::size_t at = 0;
  for (const auto& [begin, end] : cuts) {
    filtered.insert(filtered.end(), body.begin() + static_cast<std::ptrdiff_t>(at),
                    body.begin() + static_cast<std::ptrdiff_t>(begin));
    at = end;
  }
  filtered.insert(filtered.end(), body.begin() + static_cast<std::ptrdiff_t>(at), body.end());
  return filtered;
}

Bytes CanonicalRequest(std::string_view method, std::string_view target,
                       const std::vector<Header>& kept, View body) {
  // CanonicalRequest.1  Return 01 11 || Prefix(method) || Prefix(target) || I2OSP(number of headers in kept, 2) || Prefix(name) || Prefix(value) of each of kept || Prefix(body).
  Bytes headers;
  for (const auto& [name, value] : kept)
    headers = Join({headers, Prefix(Ascii(name)), Prefix(Ascii(value))});
  return Join({Bytes{1, 0x11}, Prefix(Ascii(method)), Prefix(Ascii(target)),
               *I2OSP(ZZ{static_cast<long>(kept.size())}, 2), headers, Prefix(body)});
}

Bytes EncodeRequestHead(std::string_view method, std::string_view target, std::string_view host,
                        const std::vector<Header>& headers, std::uint64_t length) {
  // EncodeRequestHead.1  head = method || " " || target || " HTTP/1.1" CR LF "Host: " || host || CR LF.
  Bytes head = Join({Ascii(method), Ascii(" "), Ascii(target), Ascii(" HTTP/1.1\r\nHost: "),
                     Ascii(host), Ascii("\r\n")});
  // EncodeRequestHead.2  Add name || ": " || value || CR LF of each of headers, in their order, to head.
  const auto add = [&head](const Header& each) {
    head = Join({head, Ascii(each.name), Ascii(": "), Ascii(each.value), Ascii("\r\n")});
  };
  for (const Header& each : headers) add(each);
  // EncodeRequestHead.3  If method is not "GET", add "Content-Length: " || length in decimal || CR LF to head.
  if (method != "GET") add({"Content-Length", std::to_string(length)});
  // EncodeRequestHead.4  Return head || "Accept-Encoding: identity" CR LF "User-Agent: blindlend" CR LF "Connection: close" CR LF CR LF.
  return Join({head, Ascii("Accept-Encoding: identity\r\nUser-Agent: blindlend\r\n"
                           "Connection: close\r\n\r\n")});
}

std::expected<ErrorMessage, Failure> ErrorReply(std::string_view code, std::string_view step) {
  // ErrorReply.1  If code is not in the table of errors, fail; otherwise (status, type, sentence) = its row.
  const ErrorRow* const row = ErrorOf(code);
  if (row == nullptr) return Fail("ErrorReply.1");
  // ErrorReply.2  body = '{"type":"error","error":{"type":"' || type || '","message":"' || sentence || '","code":"' || code || '","step":"' || step || '","param":null}}'.
  const Bytes body =
      Join({Ascii("{\"type\":\"error\",\"error\":{\"type\":\""), Ascii(row->type),
            Ascii("\",\"message\":\""), Ascii(row->sentence), Ascii("\",\"code\":\""), Ascii(code),
            Ascii("\",\"step\":\""), Ascii(step), Ascii("\",\"param\":null}}")});
  // ErrorReply.3  Return (status, body).
  return ErrorMessage{row->status, body};
}

ClaimEnd Outcome(Stage stage, int status, const std::set<int>& unbilled) {
  // Outcome.1  If stage is unsent, return release.
  if (stage == Stage::kUnsent) return ClaimEnd::kRelease;
  // Outcome.2  If stage is sent, return settle.
  if (stage == Stage::kSent) return ClaimEnd::kSettle;
  // Outcome.3  If status is 401, 403, 429 or 529, return release.
  if (status == 401 || status == 403 || status == 429 || status == 529) return ClaimEnd::kRelease;
  // Outcome.4  If status >= 500 and status is in unbilled, return release.
  if (status >= 500 && unbilled.contains(status)) return ClaimEnd::kRelease;
  // Outcome.5  Return settle.
  return ClaimEnd::kSettle;
}

std::string CodeOfReply(int status, View body) {
  // CodeOfReply.1  If body is not of the form '{"type":"error","error":{"type":"' || a || '","message":"' || b || '","code":"' || code || '","step":"' || step || '","param":null}}', with no '"' in a, b, code and step, return "".
  constexpr std::array<std::string_view, 5> between = {"{\"type\":\"error\",\"error\":{\"type\":\"",
                                                       "\",\"message\":\"", "\",\"code\":\"",
                                                       "\",\"step\":\"", "\",\"param\":null}}"};
  const std::string text = ToText(body);
  const auto parts = Between(text, between);
  if (!parts) return "";
  // CodeOfReply.2  If ErrorReply(code, step) fails or is not (status, body), return "".
  const std::string_view code = (*parts)[2], step = (*parts)[3];
  const auto reply = ErrorReply(code, step);
  if (!reply || reply->status != status || reply->body != Bytes(body.begin(), body.end()))
    return "";
  // CodeOfReply.3  Return code.
  return std::string(code);
}

TokenEnd TokenAfter(int status, std::string_view header, std::string_view code, bool resent) {
  // TokenAfter.1  If code is "token_busy" or code is "store_failed", return pending.
  if (code == "token_busy" || code == "store_failed") return TokenEnd::kPending;
  // TokenAfter.2  If header is "spent", return served.
  if (header == "spent") return TokenEnd::kServed;
  // TokenAfter.3  If status < 300 and header is "refunded" or "unspent", return served.
  if (status < 300 && (header == "refunded" || header == "unspent")) return TokenEnd::kServed;
  // TokenAfter.4  If code is "token_spent" and not resent, return served.
  if (code == "token_spent" && !resent) return TokenEnd::kServed;
  // TokenAfter.5  If header is "refunded" or "unspent", and not resent, return released.
  if ((header == "refunded" || header == "unspent") && !resent) return TokenEnd::kReleased;
  // TokenAfter.6  Return pending.
  return TokenEnd::kPending;
}

std::expected<std::optional<std::uint64_t>, Failure> CheckReplyFraming(
    const std::vector<Header>& headers) {
  // CheckReplyFraming.1  If headers have a content-encoding whose value is not "identity" in any case, fail.
  if (IsEncoded(headers)) return Fail("CheckReplyFraming.1");
  // CheckReplyFraming.2  If headers have a transfer-encoding and a content-length, more than one transfer-encoding, or one whose value is not "chunked" in any case, fail.
  const std::vector<std::string> codings = ValuesOf(headers, "transfer-encoding");
  const std::vector<std::string> lengths = ValuesOf(headers, "content-length");
  if (!codings.empty() &&
      (!lengths.empty() || codings.size() > 1 || Lower(codings[0]) != "chunked"))
    return Fail("CheckReplyFraming.2");
  // CheckReplyFraming.3  If headers have a transfer-encoding, return chunked.
  if (!codings.empty()) return std::nullopt;
  // CheckReplyFraming.4  If headers do not have exactly one content-length, or its value is not one to eighteen digits, fail.
  const auto length = lengths.size() == 1 ? Decimal(lengths[0], 1, 18) : std::nullopt;
  if (!length) return Fail("CheckReplyFraming.4");
  // CheckReplyFraming.5  Return what the value says in decimal.
  return *length;
}

std::vector<Header> FilterResponseHeaders(const std::vector<Header>& headers) {
  // FilterResponseHeaders.1  type = bare(value) of the first content-type up to its first ";", in lower case; empty if there is none.
  const std::vector<std::string> types = ValuesOf(headers, "content-type");
  std::string type = types.empty() ? "" : Lower(Before(Bare(types[0]), ';'));
  // FilterResponseHeaders.2  If type is neither "application/json", "text/event-stream" nor "text/plain", type = "application/octet-stream".
  if (type != "application/json" && type != "text/event-stream" && type != "text/plain")
    type = "application/octet-stream";
  // FilterResponseHeaders.3  kept = (("content-type", type)).
  std::vector<Header> kept = {{"content-type", type}};
  // FilterResponseHeaders.4  If headers have exactly one retry-after and its value is one to nine digits, add ("retry-after", t in decimal) to kept, t the least of 1, 5, 30, 120, 600 and 3600 that is not less than it, or 3600.
  const std::vector<std::string> waits = ValuesOf(headers, "retry-after");
  const auto wait = waits.size() == 1 ? Decimal(waits[0], 1, 9) : std::nullopt;
  constexpr std::array<std::uint64_t, 6> coarse = {1, 5, 30, 120, 600, 3600};
  if (wait) {
    const auto least = std::ranges::lower_bound(coarse, *wait);
    kept.push_back({"retry-after", std::to_string(least == coarse.end() ? 3600 : *least)});
  }
  // FilterResponseHeaders.5  Return kept.
  return kept;
}

std::expected<Bytes, Failure> SplitEvents(Bytes& held, View bytes) {
  // SplitEvents.1  all = held || bytes.
  const std::size_t known = held.size();
  held.insert(held.end(), bytes.begin(), bytes.end());
  const Bytes& all = held;
  // SplitEvents.2  end = the greatest position above len(held) such that all[0..end) ends with LF LF, LF CR LF or CR CR; 0 if there is none.
  std::size_t end = all.size();
  for (; end > known; --end) {
    const std::string_view tail(reinterpret_cast<const char*>(all.data()), end);
    if (tail.ends_with("\n\n") || tail.ends_with("\n\r\n") || tail.ends_with("\r\r")) break;
  }
  if (end == known) end = 0;
  // SplitEvents.3  If len(all) - end > 2^20, fail.
  if (all.size() - end > (1U << 20)) return Fail("SplitEvents.3");
  // SplitEvents.4  Return all[0..end) and all[end..).
  const auto at = held.begin() + static_cast<std::ptrdiff_t>(end);
  Bytes events(held.begin(), at);
  held.erase(held.begin(), at);
  return events;
}

}  // namespace blindlend
