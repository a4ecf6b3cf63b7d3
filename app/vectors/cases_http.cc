#include "app/http/binding.h"
#include "app/http/socks.h"
#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

Json Bytewise(std::string_view text) {
  return ToJson(Ascii(text));
}

Json HeaderList(const std::vector<Header>& headers) {
  Json list = Json::array();
  for (const auto& [name, value] : headers)
    list.push_back({{"name", Bytewise(name)}, {"value", Bytewise(value)}});
  return list;
}

// All bytes that base64url writes with its two other characters.
Bytes WithBoth() {
  return Bytes{0xfb, 0xef, 0xbe, 0xff, 0xff, 0xff};
}

void EncodeBase64UrlCases(List& list) {
  for (const std::string_view text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    list.Valid("RFC 4648 section 10", {"Published"}, {{"bytes", Bytewise(text)}});
  list.Valid("both characters that differ from base64", {"EdgeCase"},
             {{"bytes", ToJson(WithBoth())}});
}

void DecodeBase64UrlCases(List& list) {
  const auto in = [](std::string_view text) { return Json{{"text", Bytewise(text)}}; };
  list.Valid("nothing", {"EdgeCase"}, in(""));
  list.Valid("padded twice", {"Published"}, in("Zg=="));
  list.Valid("both characters that differ from base64", {"EdgeCase"}, in("----____"));
  list.Invalid("DecodeBase64Url.1", "a plus", {"Canonical"}, in("+---"));
  list.Invalid("DecodeBase64Url.1", "a slash", {"Canonical"}, in("___/"));
  list.Invalid("DecodeBase64Url.1", "a slash, and the length is wrong", {"Order"}, in("/"));
  list.Invalid("DecodeBase64Url.2", "without its padding", {"Canonical"}, in("Zg"));
  list.Invalid("DecodeBase64Url.2", "bits that are not zero", {"Canonical"}, in("Zh=="));
  list.Invalid("DecodeBase64Url.2", "a line end", {"Canonical"}, in("Zm9v\n"));
  list.Invalid("DecodeBase64Url.2", "a space", {"Malformed"}, in("Zm 9"));
  list.Invalid("DecodeBase64Url.2", "percent-encoded padding", {"Malformed"}, in("Zg%3D%3D"));
}

void EncodeAuthorizationCases(List& list) {
  list.Valid("a string of a borrow's length", {"Normal"},
             {{"sealed", ToJson(Start("borrow", 582))}});
  list.Valid("nothing", {"EdgeCase"}, {{"sealed", ""}});
  list.Valid("both characters that differ from base64", {"EdgeCase"},
             {{"sealed", ToJson(WithBoth())}});
}

void ParseAuthorizationCases(List& list) {
  const auto in = [](std::string_view text) { return Json{{"value", Bytewise(text)}}; };
  const auto bad = [&](const char* step, const char* why, const char* flag, std::string_view text) {
    list.Invalid(step, why, {flag}, in(text));
  };
  list.Valid("a string of a borrow's length", {"Normal"},
             in(EncodeAuthorization(Start("borrow", 582))));
  list.Valid("nothing in it", {"EdgeCase"}, in("Blindlend borrow=\"\""));
  const std::string longest = EncodeAuthorization(Start("borrow", 765));
  list.Valid("1020 characters, as many as fit", {"EdgeCase"}, in(longest));
  bad("ParseAuthorization.1", "empty", "Length", "");
  bad("ParseAuthorization.1", "another scheme", "Malformed", "Bearer sk-1");
  bad("ParseAuthorization.1", "the scheme in another case", "Canonical",
      "blindlend borrow=\"Zm9v\"");
  bad("ParseAuthorization.1", "the parameter in another case", "Canonical",
      "Blindlend Borrow=\"Zm9v\"");
  bad("ParseAuthorization.1", "two spaces", "Canonical", "Blindlend  borrow=\"Zm9v\"");
  bad("ParseAuthorization.1", "a space before it", "Canonical", " Blindlend borrow=\"Zm9v\"");
  bad("ParseAuthorization.1", "not quoted", "Canonical", "Blindlend borrow=Zm9v");
  bad("ParseAuthorization.1", "space around the sign", "Canonical", "Blindlend borrow = \"Zm9v\"");
  bad("ParseAuthorization.1", "another parameter first", "Malformed",
      "Blindlend realm=\"x\", borrow=\"Zm9v\"");
  bad("ParseAuthorization.2", "not closed", "Malformed", "Blindlend borrow=\"Zm9v");
  bad("ParseAuthorization.2", "only opened", "Length", "Blindlend borrow=\"");
  bad("ParseAuthorization.2", "a space behind it", "Canonical", "Blindlend borrow=\"Zm9v\" ");
  bad("ParseAuthorization.2", "a parameter without quotes behind it", "Malformed",
      "Blindlend borrow=\"Zm9v\", realm=x");
  list.Invalid("ParseAuthorization.2", "1024 characters", {"Length"},
               in(EncodeAuthorization(Start("borrow", 768))));
  list.Invalid("ParseAuthorization.3",
               "1023 characters: not too many, but none of base64's lengths", {"Length"},
               in(EncodeAuthorization(Start("borrow", 768)).erase(1041, 1)));
  bad("ParseAuthorization.3", "another parameter behind it", "Malformed",
      "Blindlend borrow=\"Zm9v\", realm=\"x\"");
  bad("ParseAuthorization.3", "not padded", "Canonical", "Blindlend borrow=\"Zg\"");
  bad("ParseAuthorization.3", "base64 instead of base64url", "Canonical",
      "Blindlend borrow=\"+/+/\"");
  bad("ParseAuthorization.3", "an escaped character", "Canonical", "Blindlend borrow=\"Zm9\\v\"");
}

Json ChallengeIn(const Bytes& group, std::uint64_t number, const Bytes& lender) {
  return {{"group", ToJson(group)}, {"number", number}, {"lender", ToJson(lender)}};
}

void EncodeChallengeCases(List& list) {
  const Bytes& lender = Lenders()[0];
  list.Valid("a challenge", {"Normal"}, ChallengeIn(Group(), 7, lender));
  list.Valid("the shortest name, the first epoch", {"EdgeCase"},
             ChallengeIn(Ascii("g"), 1, lender));
  list.Valid("the longest name, the last epoch", {"EdgeCase"},
             ChallengeIn(Repeat(64, 'g'), 0xffffffff, lender));
  const auto bad = [&](const char* why, const char* flag, const Json& in) {
    list.Invalid("EncodeChallenge.1", why, {flag}, in);
  };
  bad("no name", "Length", ChallengeIn({}, 7, lender));
  bad("a name of 65 bytes", "Length", ChallengeIn(Repeat(65, 'g'), 7, lender));
  bad("epoch 0", "Range", ChallengeIn(Group(), 0, lender));
  bad("an epoch of 33 bits", "Range", ChallengeIn(Group(), std::uint64_t{1} << 32, lender));
  bad("a lender of 31 bytes", "Length", ChallengeIn(Group(), 7, Repeat(31, 1)));
  bad("a lender of 33 bytes", "Length", ChallengeIn(Group(), 7, Repeat(33, 1)));
}

void ParseChallengeCases(List& list) {
  const std::string lender = EncodeBase64Url(Lenders()[0]);
  const auto with = [](const std::string& group, const std::string& number, const std::string& whom,
                       const std::string& rest = ", context=\"\"") {
    return Json{{"value", Bytewise("Blindlend group=\"" + group + "\", epoch=\"" + number +
                                   "\", lender=\"" + whom + "\"" + rest)}};
  };
  list.Valid("a challenge", {"Normal"}, with("Zw==", "7", lender));
  list.Valid("the last epoch", {"EdgeCase"}, with("Zw==", "4294967295", lender));
  const auto bad = [&](const char* step, const char* why, const char* flag, const Json& in) {
    list.Invalid(step, why, {flag}, in);
  };
  bad("ParseChallenge.1", "empty", "Length", {{"value", ""}});
  bad("ParseChallenge.1", "another scheme", "Malformed", {{"value", Bytewise("Bearer")}});
  bad("ParseChallenge.1", "no parameter", "Malformed", {{"value", Bytewise("Blindlend")}});
  const std::string rest = ", epoch=\"7\", lender=\"" + lender + "\", context=\"\"";
  bad("ParseChallenge.1", "another scheme, all else right", "Malformed",
      {{"value", Bytewise("Bearer group=\"Zw==\"" + rest)}});
  bad("ParseChallenge.1", "another name", "Malformed",
      {{"value", Bytewise("Blindlend name=\"Zw==\"" + rest)}});
  bad("ParseChallenge.1", "a space behind it", "Canonical",
      {{"value", Bytewise("Blindlend group=\"Zw==\"" + rest + " ")}});
  bad("ParseChallenge.1", "a context", "Malformed",
      with("Zw==", "7", lender, ", context=\"MQ==\""));
  bad("ParseChallenge.1", "no context", "Malformed", with("Zw==", "7", lender, ""));
  bad("ParseChallenge.1", "one parameter more", "Malformed",
      with("Zw==", "7", lender, ", context=\"\", realm=\"x\""));
  bad("ParseChallenge.1", "no space", "Canonical", with("Zw==", "7", lender, ",context=\"\""));
  bad("ParseChallenge.2", "a group that is not padded", "Canonical", with("Zw", "7", lender));
  bad("ParseChallenge.2", "a lender that is not padded", "Canonical",
      with("Zw==", "7", lender.substr(0, 43)));
  bad("ParseChallenge.1", "a line end", "Malformed", with("Zw==\n", "7", lender, ""));
  bad("ParseChallenge.2", "a line end in the group", "Malformed", with("Zw==\n", "7", lender));
  bad("ParseChallenge.2", "a group that is not padded, and no number", "Order",
      with("Zw", "x", lender));
  bad("ParseChallenge.3", "no number", "Length", with("Zw==", "", lender));
  bad("ParseChallenge.3", "a sign", "Canonical", with("Zw==", "+7", lender));
  bad("ParseChallenge.3", "eleven digits", "Length", with("Zw==", "00000000007", lender));
  bad("ParseChallenge.4", "a zero in front", "Canonical", with("Zw==", "07", lender));
  bad("ParseChallenge.4", "epoch 0", "Range", with("Zw==", "0", lender));
  bad("ParseChallenge.4", "an epoch of 33 bits", "Range", with("Zw==", "4294967296", lender));
  bad("ParseChallenge.4", "no group", "Length", with("", "7", lender));
  bad("ParseChallenge.4", "a lender of 3 bytes", "Length", with("Zw==", "7", "Zm9v"));
}

void CheckTargetCases(List& list) {
  const auto in = [](const char* method, std::string_view target) {
    Json targets = Json::array();
    for (const auto& [allowed, path] : DefaultTargets())
      targets.push_back({{"method", Bytewise(allowed)}, {"path", Bytewise(path)}});
    return Json{{"targets", targets}, {"method", Bytewise(method)}, {"target", Bytewise(target)}};
  };
  for (const auto& [method, path] : DefaultTargets())
    list.Valid("of the table", {"Normal"}, in(method.c_str(), path));
  list.Valid("with a query", {"Normal"}, in("POST", "/v1/messages?beta=true"));
  list.Valid("with an empty query", {"EdgeCase"}, in("POST", "/v1/messages?"));
  list.Valid("a number", {"Normal"}, in("GET", "/v1/models?limit=1000"));
  list.Valid("a number of one digit", {"EdgeCase"}, in("GET", "/v1/models?limit=0"));
  list.Valid("a number with zeros in front", {"EdgeCase"}, in("GET", "/v1/models?limit=0007"));
  list.Valid("a lent target that is empty", {"EdgeCase"},
             {{"targets", Json::array({{{"method", Bytewise("GET")}, {"path", ""}}})},
              {"method", Bytewise("GET")},
              {"target", Bytewise("?")}});
  const auto bad = [&](const char* step, const char* why, const char* flag, const char* method,
                       std::string_view target) {
    list.Invalid(step, why, {flag}, in(method, target));
  };
  bad("CheckTarget.1", "empty", "Length", "POST", "");
  bad("CheckTarget.1", "1025 bytes", "Length", "POST", "/v1/messages?" + std::string(1012, 'a'));
  bad("CheckTarget.4", "1024 bytes", "Length", "POST", "/v1/messages?" + std::string(1011, 'a'));
  bad("CheckTarget.4", "a second question mark", "Malformed", "POST", "/v1/messages?beta=true?");
  bad("CheckTarget.4", "a name and a key", "Malformed", "POST", "/v1/messages?user=me&key=k");
  bad("CheckTarget.4", "twice", "Malformed", "POST", "/v1/messages?beta=true&beta=true");
  bad("CheckTarget.4", "another value", "Malformed", "POST", "/v1/messages?beta=false");
  bad("CheckTarget.4", "no digit", "Length", "GET", "/v1/models?limit=");
  bad("CheckTarget.4", "five digits", "Length", "GET", "/v1/models?limit=10000");
  bad("CheckTarget.4", "no digits", "Malformed", "GET", "/v1/models?limit=x");
  bad("CheckTarget.4", "another sign", "Malformed", "GET", "/v1/models?limit-5");
  bad("CheckTarget.3", "another path, and a query", "Order", "GET", "/v1/files?user=me");
  bad("CheckTarget.1", "the absolute form: no proxy for everything", "Malformed", "POST",
      "http://upstream/v1/messages");
  bad("CheckTarget.1", "the form of CONNECT", "Malformed", "CONNECT", "upstream:443");
  bad("CheckTarget.1", "an asterisk", "Malformed", "OPTIONS", "*");
  bad("CheckTarget.1", "percent-encoded", "Canonical", "POST", "/v1/mess%61ges");
  bad("CheckTarget.1", "a percent-encoded line end in the query", "Malformed", "POST",
      "/v1/messages?a=%0d%0aX:1");
  bad("CheckTarget.1", "a line end", "Malformed", "POST", "/v1/messages\r\nX: 1");
  bad("CheckTarget.1", "a space", "Malformed", "POST", "/v1/messages HTTP/1.1");
  bad("CheckTarget.1", "a fragment", "Malformed", "POST", "/v1/messages#a");
  bad("CheckTarget.1", "a byte above 7f", "Malformed", "POST", "/v1/messages?\xff");
  bad("CheckTarget.3", "another path", "Malformed", "GET", "/v1/files");
  bad("CheckTarget.3", "dot segments", "Canonical", "POST", "/v1/files/../messages");
  bad("CheckTarget.3", "two slashes", "Canonical", "POST", "//v1/messages");
  bad("CheckTarget.3", "a slash behind it", "Canonical", "POST", "/v1/messages/");
  bad("CheckTarget.3", "another method", "Malformed", "GET", "/v1/messages");
  bad("CheckTarget.3", "a method in another case", "Canonical", "post", "/v1/messages");
  bad("CheckTarget.3", "in another case", "Canonical", "POST", "/V1/messages");
  bad("CheckTarget.3", "only a query", "Malformed", "POST", "?a=b");
  bad("CheckTarget.3", "one byte", "Length", "GET", "/");
}

void CheckCallerCases(List& list) {
  const auto in = [](const char* method, const std::vector<Header>& headers, bool anywhere) {
    return Json{
        {"method", Bytewise(method)}, {"headers", HeaderList(headers)}, {"anywhere", anywhere}};
  };
  const auto post = [&](const std::vector<Header>& headers, bool anywhere = false) {
    return in("POST", headers, anywhere);
  };
  const Header host{"Host", "127.0.0.1:8080"}, key{"x-api-key", "any"};
  for (const char* const name : {"127.0.0.1:8080", "localhost:8080", "localhost", "127.0.0.1",
                                 "[::1]:8080", "[::1]", "127.255.3.4:65535"})
    list.Valid("where a tool finds it", {"Normal"}, post({{"Host", name}}));
  for (const char* const name : {"10.0.0.17:80", "[fe80::1]:65535", "192.168.1.7", "localhost:1"})
    list.Valid("from another machine", {"Normal"}, post({{"host", name}}, true));
  list.Valid("what tools send besides", {"Normal"},
             in("GET", {host, key, {"Sec-Fetch-Mode", "cors"}, {"User-Agent", "node"}}, false));
  list.Valid("a key of another kind", {"Normal"},
             in("GET", {host, {"AUTHORIZATION", "Bearer any"}}, false));
  list.Valid("an address of IPv4 in IPv6", {"EdgeCase"},
             post({{"Host", "[::ffff:10.0.0.1]:80"}}, true));
  list.Valid("one digit in brackets", {"EdgeCase"}, post({{"Host", "[a]"}}, true));
  list.Valid("a number above 255", {"EdgeCase"}, post({{"Host", "127.999.0.1"}}));
  list.Valid("a number above 255, from another machine", {"EdgeCase"},
             post({{"Host", "999.1.1.1"}}, true));
  list.Valid("a port above 65535", {"EdgeCase"}, post({{"Host", "localhost:99999"}}));
  list.Valid("an empty key", {"EdgeCase"}, in("GET", {host, {"Authorization", ""}}, false));
  const auto bad = [&](const char* step, const char* why, const char* flag, const Json& input) {
    list.Invalid(step, why, {flag}, input);
  };
  bad("CheckCaller.1", "a page", "Normal", post({host, {"Origin", "https://page.example"}}));
  bad("CheckCaller.1", "a page without a name", "EdgeCase", post({host, {"origin", "null"}}));
  bad("CheckCaller.1", "an empty origin", "EdgeCase", post({host, {"origin", ""}}));
  bad("CheckCaller.1", "a picture in a page", "Normal",
      in("GET", {host, key, {"Sec-Fetch-Site", "cross-site"}}, false));
  bad("CheckCaller.1", "a page of the proxy's own", "EdgeCase",
      post({host, {"sec-fetch-site", "same-origin"}}));
  bad("CheckCaller.1", "a page, and no host", "Order", post({{"Origin", "https://page.example"}}));
  bad("CheckCaller.2", "a picture, of a browser that names no page", "Normal",
      in("GET", {host}, false));
  bad("CheckCaller.2", "the same, and no host", "Order", in("GET", {}, true));
  bad("CheckCaller.3", "no host", "Malformed", post({}));
  bad("CheckCaller.3", "two hosts", "Malformed", post({host, host}));
  for (const char* const name : {"page.example:8080",
                                 "page.example",
                                 "127.0.0.1.page.example",
                                 "localhost.page.example:80",
                                 "",
                                 ":8080",
                                 "LOCALHOST",
                                 "127.0.0.1:",
                                 "127.0.0.1:123456",
                                 "127.0.0.1:8080:",
                                 "127.0.0",
                                 "127.0.0.1.",
                                 "127.0.0.1.1",
                                 "1277.0.0.1",
                                 "127..0.1",
                                 "::1",
                                 "[]",
                                 "[::1",
                                 "[::g]",
                                 "127.0.0.1 ",
                                 "localhost:80a",
                                 "[::a",
                                 "fe80::1]:80",
                                 "[FE80::1]"})
    for (const bool anywhere : {false, true})
      bad("CheckCaller.6", "a name, or nothing of this form", "Malformed",
          post({{"Host", name}}, anywhere));
  for (const char* const name :
       {"0.0.0.0:8080", "[::]:8080", "192.168.1.7:8080", "10.0.0.1", "[::2]", "128.0.0.1"})
    bad("CheckCaller.6", "an address that is not this machine's own", "Malformed",
        post({{"Host", name}}));
}

void CheckFramingCases(List& list) {
  const auto in = [](const char* method, const std::vector<Header>& headers,
                     std::uint64_t max = 8388608) {
    return Json{{"method", Bytewise(method)}, {"headers", HeaderList(headers)}, {"max_body", max}};
  };
  const Header length{"Content-Length", "17"}, host{"Host", "lender"};
  list.Valid("a body", {"Normal"}, in("POST", {host, length}));
  list.Valid("a GET", {"Normal"}, in("GET", {host}));
  list.Valid("a GET that says that it has no body", {"EdgeCase"},
             in("GET", {{"content-length", "0"}}));
  list.Valid("no byte", {"EdgeCase"}, in("POST", {{"content-length", "0"}}));
  list.Valid("zeros in front", {"EdgeCase"}, in("POST", {{"content-length", "000000000000017"}}));
  list.Valid("as large as it may be", {"EdgeCase"}, in("POST", {length}, 17));
  list.Valid("length 0, of which none is taken", {"EdgeCase"},
             in("POST", {{"content-length", "0"}}, 0));
  list.Valid("identity", {"EdgeCase"}, in("POST", {length, {"Content-Encoding", "Identity"}}));
  const auto bad = [&](const char* step, const char* why, const char* flag, const Json& input) {
    list.Invalid(step, why, {flag}, input);
  };
  bad("CheckFraming.1", "in chunks", "Malformed", in("POST", {{"Transfer-Encoding", "chunked"}}));
  bad("CheckFraming.1", "in chunks, with a length too", "Malformed",
      in("POST", {length, {"TRANSFER-ENCODING", "chunked"}}));
  bad("CheckFraming.1", "an empty transfer coding", "Malformed",
      in("GET", {{"transfer-encoding", ""}}));
  bad("CheckFraming.2", "compressed", "Malformed",
      in("POST", {length, {"Content-Encoding", "gzip"}}));
  bad("CheckFraming.2", "compressed behind identity", "Malformed",
      in("POST", {length, {"content-encoding", "identity"}, {"content-encoding", "br"}}));
  bad("CheckFraming.2", "no coding, by no name", "Malformed",
      in("POST", {length, {"content-encoding", ""}}));
  bad("CheckFraming.2", "identity twice in one", "Canonical",
      in("POST", {length, {"content-encoding", "identity, identity"}}));
  bad("CheckFraming.2", "identity with a space", "Canonical",
      in("POST", {length, {"content-encoding", " identity"}}));
  bad("CheckFraming.3", "another name", "Canonical", in("POST", {{"content-length ", "17"}}));
  bad("CheckFraming.3", "another method", "Canonical", in("get", {host}));
  bad("CheckFraming.4", "a space before it", "Malformed", in("POST", {{"content-length", " 1"}}));
  bad("CheckFraming.5", "a GET with too much", "Order", in("GET", {{"content-length", "10"}}, 9));
  bad("CheckFraming.2", "compressed, without a length", "Order",
      in("POST", {{"Content-Encoding", "gzip"}}));
  bad("CheckFraming.3", "no length", "Malformed", in("POST", {host}));
  bad("CheckFraming.4", "twice the same length", "Canonical", in("POST", {length, length}));
  bad("CheckFraming.4", "two lengths", "Malformed", in("POST", {length, {"content-length", "18"}}));
  bad("CheckFraming.4", "two lengths in one", "Canonical",
      in("POST", {{"content-length", "17, 17"}}));
  bad("CheckFraming.4", "a sign", "Canonical", in("POST", {{"content-length", "+17"}}));
  bad("CheckFraming.4", "below zero", "Range", in("POST", {{"content-length", "-1"}}));
  bad("CheckFraming.4", "hexadecimal", "Canonical", in("POST", {{"content-length", "0x11"}}));
  bad("CheckFraming.4", "empty", "Length", in("POST", {{"content-length", ""}}));
  bad("CheckFraming.4", "sixteen digits", "Length",
      in("POST", {{"content-length", "0000000000000017"}}));
  bad("CheckFraming.5", "a byte too large", "Range", in("POST", {length}, 16));
  bad("CheckFraming.5", "much too large", "Range",
      in("POST", {{"content-length", "999999999999999"}}));
  bad("CheckFraming.6", "a GET with a body", "Malformed", in("GET", {{"content-length", "1"}}));
}

void FilterRequestHeadersCases(List& list) {
  const auto in = [](const std::vector<Header>& headers) {
    return Json{{"headers", HeaderList(headers)}};
  };
  const auto one = [&](const char* name, std::string_view value) {
    return in({{name, std::string(value)}});
  };
  list.Valid("what a common SDK sends", {"Normal"},
             in({{"Host", "localhost:8080"},
                 {"User-Agent", "Client/JS 0.1"},
                 {"X-Stainless-OS", "Linux"},
                 {"Accept", "application/json"},
                 {"Anthropic-Version", "2023-06-01"},
                 {"anthropic-beta", "a-2025-01-01, b-2025-02-02"},
                 {"X-Api-Key", "none"},
                 {"Authorization", "Bearer none"},
                 {"Accept-Language", "de"},
                 {"Cookie", "a=b"},
                 {"traceparent", "00-1-1-00"},
                 {"Forwarded", "for=192.0.2.1"},
                 {"Content-Type", "Application/JSON; charset=utf-8"},
                 {"OpenAI-Beta", "assistants=v2"},
                 {"Content-Length", "17"}}));
  list.Valid("nothing", {"EdgeCase"}, in({}));
  list.Valid("nothing that is kept, with values that no header may have", {"EdgeCase"},
             in({{"x", "\r\nY: 1"}, {"", std::string(1, '\0')}}));
  list.Valid("everything is accepted", {"Normal"}, one("accept", " */* "));
  list.Valid("a type with a parameter, alone", {"EdgeCase"},
             one("content-type", "application/json; charset=utf-8"));
  list.Valid("the case of another value stays", {"EdgeCase"}, one("openai-beta", "Assistants=V2"));
  list.Valid("an accept of another form is dropped", {"EdgeCase"},
             one("accept", "application/json, text/event-stream"));
  list.Valid("an accept with a line end is dropped", {"EdgeCase"}, one("accept", "*/*\r\nX: 1"));
  list.Valid("of two accepts one is of another form", {"EdgeCase"},
             in({{"accept", "text/html"}, {"accept", "*/*"}}));
  list.Valid("an accept in another case is dropped", {"EdgeCase"},
             one("accept", "Application/JSON"));
  list.Valid("an accept with a parameter is dropped", {"EdgeCase"},
             one("accept", "application/json;q=1"));
  list.Valid("512 bytes", {"EdgeCase"}, one("anthropic-beta", std::string(512, 'b')));
  list.Valid("one byte", {"EdgeCase"}, one("anthropic-beta", "b"));
  list.Valid("tabs are white space too", {"EdgeCase"}, one("anthropic-beta", "a,\tb"));
  list.Valid("Z is a letter", {"EdgeCase"}, one("CONTENT-TYPE", "APPLICATION/JSON;Z"));
  const auto bad = [&](const char* step, const char* why, const char* flag, const Json& input) {
    list.Invalid(step, why, {flag}, input);
  };
  const char* const form = "FilterRequestHeaders.4";
  bad(form, "a line end", "Malformed", one("anthropic-beta", "a\r\nX: 1"));
  bad(form, "a percent-encoded line end", "Malformed", one("anthropic-beta", "a%0d%0aX:1"));
  bad(form, "a zero byte", "Malformed", one("openai-beta", std::string_view("a\0", 2)));
  bad(form, "a byte above 7f", "Malformed", one("openai-beta", "a\xff"));
  bad(form, "empty", "Length", one("anthropic-beta", "  "));
  bad(form, "513 bytes", "Length", one("openai-beta", std::string(513, 'b')));
  bad(form, "not a date", "Malformed", one("anthropic-version", "latest"));
  bad(form, "a date of nine bytes", "Length", one("anthropic-version", "2023-06-0"));
  bad(form, "a date of eleven digits", "Length", one("anthropic-version", "2023-06-011"));
  bad(form, "a date and more", "Length", one("anthropic-version", "2023-06-01a"));
  bad(form, "a date of other lengths", "Malformed", one("anthropic-version", "202-306-011"));
  bad(form, "a date with a sign", "Malformed", one("anthropic-version", "+023-06-01"));
  bad(form, "a date with other signs, first", "Malformed", one("anthropic-version", "2023/06-01"));
  bad(form, "a date with other signs, second", "Malformed", one("anthropic-version", "2023-06/01"));
  bad(form, "a letter in the month", "Malformed", one("anthropic-version", "2023-o6-01"));
  bad(form, "a letter in the day", "Malformed", one("anthropic-version", "2023-06-0l"));
  bad(form, "a form", "Malformed", one("content-type", "multipart/form-data; boundary=x"));
  bad(form, "no type", "Length", one("content-type", ""));
  bad(form, "a type that has spaces only in front of its parameters", "Malformed",
      one("content-type", "; charset=utf-8"));
  const char* const twice = "FilterRequestHeaders.5";
  bad(twice, "a type twice", "Canonical",
      in({{"content-type", "application/json"}, {"Content-Type", "application/json"}}));
  bad(twice, "a version twice, not side by side", "Canonical",
      in({{"anthropic-version", "2023-06-01"},
          {"accept", "*/*"},
          {"anthropic-version", "2024-01-01"}}));
  bad(form, "twice, and one of another form", "Order",
      in({{"anthropic-beta", "a"}, {"anthropic-beta", "?"}}));
}

void FilterBodyCases(List& list) {
  const auto in = [](std::string_view text) { return Json{{"body", Bytewise(text)}}; };
  const auto good = [&](const char* why, const char* flag, std::string_view text) {
    list.Valid(why, {flag}, in(text));
  };
  good("nothing, as with a GET", "EdgeCase", "");
  good(
      "nothing to remove", "Normal",
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"stream\":true}");
  good("numbers and texts keep their form", "EdgeCase",
       " { \"t\" : 1.50e+01 , \"s\" : \"\\u00e4\\/\" , \"n\" : -0 }\n");
  good("a user", "Normal", "{\"model\":\"m\",\"user\":\"me\",\"n\":1}");
  good("a user first", "EdgeCase", "{ \"user\":\"me\" , \"n\":1}");
  good("a user last", "EdgeCase", "{\"n\":1 , \"user\":{\"name\":[1,2]} }");
  good("only a user", "EdgeCase", "{ \"user\":null }");
  good("all that is removed, and nothing else", "EdgeCase",
       "{\"user\":1,\"safety_identifier\":2,\"prompt_cache_key\":3}");
  good("removed ones around others", "EdgeCase",
       "{\"user\":1,\"a\":2,\"safety_identifier\":3,\"b\":4,\"prompt_cache_key\":5}");
  good("the user in the metadata", "Normal", "{\"metadata\":{\"user_id\":\"me\"},\"n\":1}");
  good("metadata of other names", "Normal", "{\"n\":1,\"metadata\":{\"session\":\"s\"}}");
  good("where the user is, inside of what stays", "Normal",
       "{\"web_search_options\":{\"user_location\":{\"city\":\"c\"},\"a\":1},\"user\":2}");
  good("where the user is, behind others", "EdgeCase",
       "{\"web_search_options\":{\"a\":1,\"user_location\":2,\"b\":3}}");
  good("where the user is, in a tool", "Normal",
       "{\"tools\":[{\"type\":\"web_search\"},{\"user_location\":{},\"type\":\"web_search\"}]}");
  good("names spelled otherwise", "EdgeCase",
       "{\"us\\u0065r\":1,\"w\\u0065b_search_options\":{\"user\\u005Flocation\":2}}");
  good("names in another case", "EdgeCase",
       "{\"User\":1,\"a\":2,\"METADATA\":{\"b\":3},\"Tools\":[{\"User_Location\":4}]}");
  good("two names that some take for one", "EdgeCase", "{\"user\":1,\"USER\":2,\"a\":3,\"A\":4}");
  good("a long s and the sign of the kelvin", "EdgeCase",
       "{\"u\\u017fer\":1,\"u\xc5\xbf\xc5\xbf\":2,\"prompt_cache_\xe2\x84\xaa"
       "ey\":3,\"\\u212a\":4}");
  good("another s and another k", "EdgeCase",
       "{\"u\\u0455er\":1,\"prompt_cache_\\u043aey\":2,\"\\u00fcser\":3}");
  good("the same names elsewhere", "EdgeCase",
       "{\"a\":{\"user\":1},\"b\":{\"metadata\":2},\"metadata.user_id\":3,\"user_id\":4,"
       "\"messages\":[{\"user\":5}],\"user_location\":6,\"tools\":{\"user_location\":7}}");
  good("references that refer to nothing", "EdgeCase",
       "{\"previous_response_id\":null,\"container\":null}");
  good("a file id where a tool has a field of this name", "EdgeCase",
       "{\"tools\":[{\"input_schema\":{\"properties\":{\"file_id\":{}}}}],"
       "\"messages\":[{\"content\":[{\"input\":{\"file_id\":\"a\"}}]}]}");
  good("a metadata that is no object", "EdgeCase", "{\"metadata\":[{\"user_id\":1}]}");
  good("composed and not composed", "EdgeCase", "{\"\\u00e4\":1,\"a\\u0308\":2}");
  good("exponents of both forms, and both words", "EdgeCase",
       "{\"a\":1E5,\"b\":-2e-07,\"c\":false,\"d\":true}");
  good("names that end where another name goes on", "EdgeCase",
       "{\"user\\n\":1,\"user\\/\":2,\"use\":3,\"\\\"user\":4}");
  good("low surrogates without a high one", "EdgeCase",
       "{\"\\udc00\":1,\"a\":\"\\udfff\\ud83d\\ue000\"}");
  good("the first and last characters of two, three and four bytes", "EdgeCase",
       "{\"\xc2\x80\xdf\xbf\":"
       "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}");
  good("a surrogate pair, a lone surrogate, a character of four bytes", "EdgeCase",
       "{\"\\ud83d\\ude00\":\"\\ud83d\",\"\xf0\x9f\x98\x80 \":\"\xc3\xa4\xe2\x82\xac\"}");
  good("64 levels", "EdgeCase", "{\"a\":" + std::string(63, '[') + std::string(63, ']') + "}");
  std::string objects = "1";
  for (int i = 0; i < 64; ++i) objects = "{\"a\":" + objects + "}";
  good("64 levels of objects", "EdgeCase", objects);
  good("where the user is, first, behind an object with members", "EdgeCase",
       "{\"a\":{\"b\":1},\"web_search_options\":{\"user_location\":1,\"c\":2}}");
  good("lone surrogates are characters of their own", "EdgeCase",
       "{\"\\ud83d\":1,\"\\ud83e\":2,\"\\ufffd\":3}");
  good("a name goes on behind a zero byte", "EdgeCase",
       "{\"a\":1,\"a\\u0000\":2,\"user\\u0000\":3}");
  good("a number beyond all others, a byte 7f", "EdgeCase", "{\"a\":1e400,\"b\":\"\x7f\"}");
  good("a list in a list is not an element of it", "EdgeCase",
       "{\"messages\":[[{\"content\":[{\"file_id\":\"f\"}]}]],\"input\":{\"content\":[{\"file_id\":"
       "1}]}}");
  good("a list in an object is not the object", "EdgeCase",
       "{\"web_search_options\":{\"a\":[{\"user_location\":1}],\"user_location\":2}}");
  good("a prompt that is a text", "Normal", "{\"prompt\":\"id\"}");
  const auto bad = [&](const char* step, const char* why, const char* flag, std::string_view text) {
    list.Invalid(step, why, {flag}, in(text));
  };
  const char* const no_json = "FilterBody.2";
  bad(no_json, "a lone surrogate twice, in another case", "Canonical",
      "{\"\\ud83d\":1,\"\\uD83D\":2}");
  bad(no_json, "a pair and the character it means", "Canonical",
      "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}");
  bad(no_json, "a name twice in what is removed", "Canonical", "{\"user\":{\"a\":1,\"a\":2}}");
  bad(no_json, "65 levels in what is removed", "Range",
      "{\"user\":" + std::string(64, '[') + std::string(64, ']') + "}");
  bad(no_json, "a zero byte behind it", "Malformed", std::string_view("{\"a\":1}\0", 8));
  bad(no_json, "a byte 1f in a text", "Malformed", "{\"a\":\"\x1f\"}");
  bad(no_json, "a semicolon", "Malformed", "{\"a\";1}");
  bad(no_json, "a letter before the name", "Malformed", "{xa\":1}");
  for (const auto& [escape, code] :
       std::vector<std::pair<std::string, std::string>>{{"b", "0008"},
                                                        {"f", "000c"},
                                                        {"r", "000d"},
                                                        {"t", "0009"},
                                                        {"\"", "0022"},
                                                        {"\\", "005c"}})
    bad(no_json, "an escape and its code", "Canonical",
        "{\"\\" + escape + "\":1,\"\\u" + code + "\":2}");
  bad(no_json, "a form feed", "Malformed", "{\f}");
  bad(no_json, "a vertical tab", "Malformed", "{\v}");
  bad(no_json, "no digit before the point", "Malformed", "{\"a\":.5}");
  bad(no_json, "a sign alone", "Malformed", "{\"a\":-}");
  bad(no_json, "a zero behind the sign", "Malformed", "{\"a\":-01}");
  bad(no_json, "65 levels", "Range", "{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}");
  bad(no_json, "65 levels of objects", "Range", "{\"a\":" + objects + "}");
  bad(no_json, "a list", "Malformed", "[{\"user\":1}]");
  bad(no_json, "a number", "Malformed", "1");
  bad(no_json, "white space only", "Malformed", " ");
  bad(no_json, "not closed", "Malformed", "{\"user\":1");
  bad(no_json, "two objects", "Malformed", "{}{\"user\":1}");
  bad(no_json, "a comma too many", "Malformed", "{\"user\":1,}");
  bad(no_json, "a comma too many in a list", "Malformed", "{\"a\":[1,]}");
  bad(no_json, "a comma too few", "Malformed", "{\"a\":1 \"user\":2}");
  bad(no_json, "no colon", "Malformed", "{\"user\"}");
  bad(no_json, "no value", "Malformed", "{\"user\":}");
  bad(no_json, "a name without quotes", "Malformed", "{user:1}");
  bad(no_json, "single quotes", "Malformed", "{'user':1}");
  bad(no_json, "a comment", "Malformed", "{/**/\"user\":1}");
  bad(no_json, "a byte order mark", "Malformed", "\xef\xbb\xbf{}");
  bad(no_json, "a name twice", "Canonical", "{\"user\":1,\"user\":2}");
  bad(no_json, "a name twice, spelled otherwise", "Canonical", "{\"a\":1,\"\\u0061\":2}");
  bad(no_json, "a name twice, inside", "Canonical", "{\"a\":[{\"b\":1,\"b\":2}]}");
  bad(no_json, "a name twice, of two bytes", "Canonical", "{\"\\u00e4\":1,\"\xc3\xa4\":2}");
  bad(no_json, "a name twice, of three bytes", "Canonical", "{\"\\u20AC\":1,\"\xe2\x82\xac\":2}");
  bad(no_json, "a name twice, of four bytes", "Canonical",
      "{\"\\uD83D\\uDE00\":1,\"\xf0\x9f\x98\x80\":2}");
  bad(no_json, "a name twice, with a short escape", "Canonical", "{\"a\\n\":1,\"a\\u000a\":2}");
  bad(no_json, "a zero in front", "Malformed", "{\"a\":01}");
  bad(no_json, "a plus", "Malformed", "{\"a\":+1}");
  bad(no_json, "no digit behind the point", "Malformed", "{\"a\":1.}");
  bad(no_json, "no digit in the exponent", "Malformed", "{\"a\":1e}");
  bad(no_json, "not a number", "Malformed", "{\"a\":NaN}");
  bad(no_json, "another word", "Malformed", "{\"a\":nul}");
  bad(no_json, "a line end in a text", "Malformed", "{\"a\":\"\n\"}");
  bad(no_json, "an unknown escape", "Malformed", "{\"a\":\"\\x\"}");
  bad(no_json, "three hexadecimal digits", "Malformed", "{\"a\":\"\\u00e\"}");
  bad(no_json, "a letter that is no hexadecimal digit", "Malformed", "{\"a\":\"\\u00eg\"}");
  bad(no_json, "a sign between the hexadecimal digits", "Malformed", "{\"a\":\"\\u00@0\"}");
  bad(no_json, "a text that ends in its escape", "Malformed", "{\"a\":\"\\");
  bad(no_json, "Latin-1", "Malformed", "{\"a\":\"\xe4\"}");
  bad(no_json, "a slash in two bytes", "Canonical", "{\"a\":\"\xc0\xaf\"}");
  bad(no_json, "a surrogate in UTF-8", "Malformed", "{\"a\":\"\xed\xa0\x80\"}");
  bad(no_json, "beyond the last character", "Range", "{\"a\":\"\xf4\x90\x80\x80\"}");
  bad(no_json, "a slash in three bytes", "Canonical", "{\"a\":\"\xe0\x80\xaf\"}");
  bad(no_json, "a slash in four bytes", "Canonical", "{\"a\":\"\xf0\x80\x80\xaf\"}");
  bad(no_json, "a byte that begins no character", "Malformed", "{\"a\":\"\xf5\x80\x80\x80\"}");
  bad(no_json, "a byte that only goes on", "Malformed", "{\"a\":\"\x80\"}");
  bad(no_json, "a character that the text's end cuts", "Malformed", "{\"a\":\"\xe2\x82");
  bad(no_json, "a character that a quote cuts", "Malformed", "{\"a\":\"\xe2\x82\"}");
  bad(no_json, "not JSON, and a reference", "Order", "{\"container\":\"c\"");
  const char* const refers = "FilterBody.3";
  bad(refers, "goes on with a response", "Normal", "{\"previous_response_id\":\"r\"}");
  bad(refers, "goes on with a conversation", "Normal", "{\"conversation\":{\"id\":\"c\"}}");
  bad(refers, "a container", "Normal", "{\"container\":\"c\"}");
  bad(refers, "a file in a message", "Normal",
      "{\"messages\":[{\"content\":[{\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}]}]}");
  bad(refers, "a file in a message, another API", "Normal",
      "{\"messages\":[{},{\"content\":[{},{\"file\":{\"file_id\":\"f\"}}]}]}");
  bad(refers, "a file in a tool's result", "Normal",
      "{\"messages\":[{\"content\":[{\"content\":[{\"source\":{\"file_id\":\"f\"}}]}]}]}");
  bad(refers, "a file in an input", "Normal", "{\"input\":[{\"content\":[{\"file_id\":\"f\"}]}]}");
  bad(refers, "a file that is put into a container", "Normal",
      "{\"messages\":[{\"content\":[{\"type\":\"container_upload\",\"file_id\":\"f\"}]}]}");
  bad(refers, "a file in a tool's output", "Normal",
      "{\"input\":[{\"output\":[{\"file_id\":\"f\"}]}]}");
  bad(refers, "a reply that was spoken", "Normal", "{\"messages\":[{\"audio\":{\"id\":\"a\"}}]}");
  bad(refers, "a prompt that is kept", "Normal", "{\"prompt\":{\"id\":\"p\"}}");
  bad(refers, "stores of a tool", "Normal", "{\"tools\":[{},{\"vector_store_ids\":[]}]}");
  bad(refers, "a container of a tool", "Normal", "{\"tools\":[{\"container\":{}}]}");
  bad(refers, "resources of tools", "Normal", "{\"tool_resources\":{}}");
  bad(refers, "a screenshot that is kept", "Normal",
      "{\"input\":[{\"output\":{\"file_id\":\"f\"}}]}");
  bad(refers, "a container of an input", "Normal", "{\"input\":[{},{\"container_id\":\"c\"}]}");
  bad(refers, "a mask that is kept", "Normal",
      "{\"tools\":[{\"input_image_mask\":{\"file_id\":\"f\"}}]}");
  bad(refers, "a file in a document in a message", "Normal",
      "{\"messages\":[{\"content\":[{\"source\":{\"type\":\"content\",\"content\":[{\"source\":"
      "{\"file_id\":\"f\"}}]}}]}]}");
  bad(refers, "a key for a server of tools", "Normal",
      "{\"mcp_servers\":[{\"url\":\"u\",\"authorization_token\":\"t\"}]}");
  bad(refers, "a key for a server of tools, another API", "Normal",
      "{\"tools\":[{\"type\":\"mcp\",\"authorization\":\"t\"}]}");
  bad(refers, "headers for a server of tools", "Normal",
      "{\"tools\":[{\"type\":\"mcp\",\"headers\":{\"a\":\"b\"}}]}");
  bad(refers, "in another case", "Canonical", "{\"Previous_Response_ID\":\"r\"}");
  bad(refers, "with a sign of the kelvin and a long s", "Canonical",
      "{\"tool\xc5\xbf\":[{\"vector_store_ids\":[]}]}");
  bad(refers, "one that is false", "EdgeCase", "{\"container\":false}");
  bad(refers, "one that is removed, and one that is refused", "Order",
      "{\"user\":1,\"container\":\"c\"}");
  bad(refers, "spelled otherwise", "Canonical", "{\"c\\u006fntainer\":\"c\"}");
  bad(refers, "an empty reference", "EdgeCase", "{\"container\":\"\"}");
}

void CanonicalRequestCases(List& list) {
  const auto in = [](const char* method, const char* target, const std::vector<Header>& kept,
                     std::string_view body) {
    return Json{{"method", Bytewise(method)},
                {"target", Bytewise(target)},
                {"kept", HeaderList(kept)},
                {"body", Bytewise(body)}};
  };
  list.Valid("a chat", {"Normal"},
             in("POST", "/v1/messages",
                {{"anthropic-version", "2023-06-01"}, {"content-type", "application/json"}},
                "{\"model\":\"m\"}"));
  list.Valid("no header, no body", {"EdgeCase"}, in("GET", "/v1/models", {}, ""));
  list.Valid("what is in the target is not in the method", {"EdgeCase"}, in("GE", "T/", {}, ""));
  list.Valid("what is in the body is not in a header", {"EdgeCase"},
             in("POST", "/", {{"accept", ""}}, "*/*"));
}

void ErrorReplyCases(List& list) {
  for (const ErrorRow& row : Errors())
    list.Valid("of the table", {"Normal"}, {{"code", Bytewise(row.code)}, {"step", ""}});
  list.Valid("with its step", {"Normal"},
             {{"code", Bytewise("token_invalid")}, {"step", Bytewise("VerifyBorrow.8")}});
  const auto bad = [&](const char* why, const char* flag, std::string_view code) {
    list.Invalid("ErrorReply.1", why, {flag}, {{"code", Bytewise(code)}, {"step", ""}});
  };
  bad("no code", "Length", "");
  bad("an unknown code", "Malformed", "conflict");
  bad("in another case", "Canonical", "Busy");
}

void CodeOfReplyCases(List& list) {
  const auto valid = [&](const char* why, const char* flag, int status, std::string_view body) {
    list.Valid(why, {flag}, {{"status", status}, {"body", Bytewise(body)}});
  };
  for (const ErrorRow& row : Errors()) {
    const ErrorMessage reply = ErrorReply(row.code, "").value();
    valid("of the table", "Normal", reply.status, blindlend::ToText(reply.body));
  }
  const std::string body = blindlend::ToText(ErrorReply("token_busy", "").value().body);
  valid("with its step", "Normal", 503, body);
  valid("with another status", "Malformed", 500, body);
  valid("with one byte more", "Malformed", 503, body + "\n");
  valid("with one byte less", "Malformed", 503, body.substr(0, body.size() - 1));
  valid("upstream's own error", "Normal", 400,
        "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"No.\"}}");
  valid("upstream's own error with a code of ours", "Malformed", 503,
        "{\"error\":{\"code\":\"token_busy\"}}");
  valid("of our form, with another sentence", "Malformed", 503,
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Wait.\","
        "\"code\":\"token_busy\",\"step\":\"\",\"param\":null}}");
  valid("of our form, with an unknown code", "Malformed", 503,
        "{\"type\":\"error\",\"error\":{\"type\":\"a\",\"message\":\"b\",\"code\":\"c\",\"step\":"
        "\"\",\"param\":null}}");
  valid("a quote in the step", "Malformed", 503,
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Another "
        "request with "
        "this token is under way.\",\"code\":\"token_busy\",\"step\":\"\"\",\"param\":null}}");
  for (const char* const step : {"\\", "A.1\n"})
    valid("a step that no algorithm has", "EdgeCase", 503,
          blindlend::ToText(ErrorReply("token_busy", step).value().body));
  valid("nothing", "Length", 200, "");
}

void OutcomeCases(List& list) {
  const auto valid = [&](const char* why, const char* flag, const char* stage, int status,
                         const std::vector<int>& unbilled) {
    list.Valid(why, {flag}, {{"stage", stage}, {"status", status}, {"unbilled", unbilled}});
  };
  valid("upstream was not reached", "Normal", "unsent", 0, {});
  valid("no reply", "Normal", "sent", 0, {});
  for (const int status : {200, 201, 204, 299, 301, 304, 400, 402, 404, 408, 409, 413,
                           422, 428, 430, 499, 500, 502, 503, 504, 528, 530, 599})
    valid("a reply that is paid for", "Normal", "replied", status, {});
  for (const int status : {401, 403, 429, 529})
    valid("a reply that is given back", "Normal", "replied", status, {});
  valid("not billed by this upstream", "Normal", "replied", 503, {500, 503});
  valid("billed by this upstream", "Normal", "replied", 502, {500, 503});
  valid("the first that can be unbilled", "EdgeCase", "replied", 500, {500});
  valid("below the first that can be unbilled", "EdgeCase", "replied", 499, {499});
  valid("a good reply is never given back", "EdgeCase", "replied", 200, {200});
}

void TokenAfterCases(List& list) {
  const auto add = [&](const char* why, const char* flag, int status, std::string_view header,
                       std::string_view code, bool resent) {
    list.Valid(why, {flag},
               {{"status", status},
                {"header", Bytewise(header)},
                {"code", Bytewise(code)},
                {"resent", resent}});
  };
  const auto valid = [&](const char* why, const char* flag, int status, std::string_view header,
                         std::string_view code) { add(why, flag, status, header, code, false); };
  const auto again = [&](const char* why, const char* flag, int status, std::string_view header,
                         std::string_view code) { add(why, flag, status, header, code, true); };
  again("served, the second time", "Normal", 200, "spent", "");
  again("the first one was served", "Normal", 403, "spent", "token_spent");
  again("the second one took nothing, and the first one?", "Normal", 503, "unspent", "busy");
  again("the second one was given back, and the first one?", "Normal", 529, "refunded", "");
  again("no word again", "Normal", 502, "", "");
  again("a good reply that takes nothing, the second time", "EdgeCase", 200, "unspent", "");
  again("spent, says one that takes nothing, the second time", "EdgeCase", 403, "unspent",
        "token_spent");
  valid("served", "Normal", 200, "spent", "");
  valid("given back, says one that gives nothing back", "EdgeCase", 503, "refunded", "token_busy");
  valid("spent, says one whose database has failed", "EdgeCase", 500, "spent", "store_failed");
  valid("two words", "Malformed", 503, "unspent, spent", "");
  valid("a space behind it", "Malformed", 429, "refunded ", "");
  valid("spent with an error", "Normal", 403, "spent", "token_spent");
  valid("spent, says one that gives it back", "EdgeCase", 403, "refunded", "token_spent");
  valid("spent, says one that takes nothing", "EdgeCase", 403, "unspent", "token_spent");
  valid("spent, without a word", "EdgeCase", 403, "", "token_spent");
  valid("nothing was taken", "Normal", 503, "unspent", "busy");
  valid("nothing was taken, with no code of ours", "EdgeCase", 404, "unspent", "");
  valid("given back", "Normal", 529, "refunded", "");
  valid("a good reply that gives back", "EdgeCase", 200, "refunded", "");
  valid("a good reply that takes nothing", "EdgeCase", 200, "unspent", "");
  valid("the last good reply", "EdgeCase", 299, "refunded", "");
  valid("the first that is none", "EdgeCase", 300, "refunded", "");
  valid("a good reply without a word", "EdgeCase", 200, "", "");
  valid("no word", "Normal", 502, "", "");
  valid("an unknown word", "EdgeCase", 200, "Spent", "");
  valid("another attempt is under way", "Normal", 503, "pending", "token_busy");
  valid("another attempt is under way, says a body that was lost on the way", "EdgeCase", 503,
        "pending", "");
  valid("the database has failed, the claim may stand", "Normal", 500, "unspent", "store_failed");
  valid("the code comes first", "EdgeCase", 503, "spent", "token_busy");
  valid("a code without a header", "EdgeCase", 503, "", "busy");
}

void EncodeRequestHeadCases(List& list) {
  const auto valid = [&](const char* why, const char* flag, const char* method, const char* target,
                         const char* host, const std::vector<Header>& headers,
                         std::uint64_t length) {
    list.Valid(why, {flag},
               {{"method", Bytewise(method)},
                {"target", Bytewise(target)},
                {"host", Bytewise(host)},
                {"headers", HeaderList(headers)},
                {"length", length}});
  };
  valid("to the relay", "Normal", "POST", "/v1/messages?beta=true", "relay.example:8443",
        {{"Authorization", "Blindlend borrow=\"Zm9v\""},
         {"accept", "application/json"},
         {"anthropic-version", "2023-06-01"},
         {"content-type", "application/json"}},
        17);
  valid("upstream, with a path in front", "Normal", "POST", "/api/v1/messages", "upstream.example",
        {{"x-api-key", "the lender's"}, {"content-type", "application/json"}}, 1);
  valid("a GET has no length", "EdgeCase", "GET", "/v1/models", "[::1]:8080",
        {{"x-api-key", "the lender's"}}, 0);
  valid("without a token", "EdgeCase", "GET", "/v1/models", "relay.example", {}, 0);
  valid("tokens are asked for", "Normal", "POST", "/blindlend/v1/issue", "admin.example",
        {{"Content-Type", "text/plain"}}, 1000000);
  valid("no byte", "EdgeCase", "POST", "/", "a", {}, 0);
}

void CheckReplyFramingCases(List& list) {
  const auto in = [](const std::vector<Header>& headers) {
    return Json{{"headers", HeaderList(headers)}};
  };
  const Header length{"Content-Length", "17"}, chunks{"Transfer-Encoding", "chunked"};
  list.Valid("a length", {"Normal"}, in({{"Date", "today"}, length}));
  list.Valid("chunks", {"Normal"}, in({chunks, {"Content-Type", "text/event-stream"}}));
  list.Valid("chunks, in another case", {"EdgeCase"}, in({{"TRANSFER-ENCODING", "Chunked"}}));
  list.Valid("no byte", {"EdgeCase"}, in({{"content-length", "0"}}));
  list.Valid("eighteen digits", {"EdgeCase"}, in({{"content-length", "000000000000000017"}}));
  list.Valid("identity", {"EdgeCase"}, in({length, {"Content-Encoding", "Identity"}}));
  const auto bad = [&](const char* step, const char* why, const char* flag, const Json& input) {
    list.Invalid(step, why, {flag}, input);
  };
  bad("CheckReplyFraming.1", "compressed", "Malformed", in({length, {"content-encoding", "gzip"}}));
  bad("CheckReplyFraming.1", "compressed, and no clear end", "Order",
      in({length, chunks, {"content-encoding", "br"}}));
  bad("CheckReplyFraming.1", "no coding, by no name", "Malformed",
      in({chunks, {"content-encoding", ""}}));
  bad("CheckReplyFraming.2", "a length and chunks", "Malformed", in({length, chunks}));
  bad("CheckReplyFraming.2", "chunks twice", "Canonical", in({chunks, chunks}));
  bad("CheckReplyFraming.2", "compressed on the way", "Malformed",
      in({{"transfer-encoding", "gzip, chunked"}}));
  bad("CheckReplyFraming.2", "until the connection ends", "Malformed",
      in({{"transfer-encoding", "identity"}}));
  bad("CheckReplyFraming.2", "by no name", "Length", in({{"transfer-encoding", ""}}));
  bad("CheckReplyFraming.4", "neither", "Malformed", in({{"connection", "close"}}));
  bad("CheckReplyFraming.4", "the same length twice", "Canonical", in({length, length}));
  bad("CheckReplyFraming.4", "two lengths", "Malformed", in({length, {"content-length", "18"}}));
  bad("CheckReplyFraming.4", "two lengths in one", "Canonical", in({{"content-length", "17, 17"}}));
  bad("CheckReplyFraming.4", "a sign", "Canonical", in({{"content-length", "+17"}}));
  bad("CheckReplyFraming.4", "no digit", "Length", in({{"content-length", ""}}));
  bad("CheckReplyFraming.4", "nineteen digits", "Length",
      in({{"content-length", "0000000000000000017"}}));
}

void FilterResponseHeadersCases(List& list) {
  const auto valid = [&](const char* why, const char* flag, const std::vector<Header>& headers) {
    list.Valid(why, {flag}, {{"headers", HeaderList(headers)}});
  };
  valid("what a common API sends", "Normal",
        {{"Date", "Thu, 26 Nov 2026 10:00:00 GMT"},
         {"Content-Type", "text/event-stream; charset=utf-8"},
         {"request-id", "req_1"},
         {"anthropic-organization-id", "o"},
         {"openai-organization", "o"},
         {"anthropic-ratelimit-requests-remaining", "49"},
         {"x-ratelimit-reset-tokens", "1s"},
         {"Set-Cookie", "a=b"},
         {"CF-RAY", "1"},
         {"Via", "1.1 x"}});
  valid("nothing", "EdgeCase", {});
  valid("a type of another kind", "Normal", {{"content-type", "text/html"}});
  valid("a type with a line end", "Malformed", {{"content-type", "text/plain\r\nX: 1"}});
  valid("the first of two types", "EdgeCase",
        {{"content-type", " Text/Plain "}, {"content-type", "application/json"}});
  for (const char* const wait : {"0", "1", "2", "5", "6", "30", "31", "120", "121", "600", "601",
                                 "3600", "3601", "999999999"})
    valid("a time to wait", "Normal",
          {{"content-type", "application/json"}, {"Retry-After", wait}});
  for (const char* const wait : {"", "-1", "1.5", "1000000000", "Thu, 26 Nov 2026 10:00:00 GMT"})
    valid("a time to wait of another form", "Malformed", {{"retry-after", wait}});
  valid("a time to wait with zeros in front", "EdgeCase", {{"retry-after", "000000005"}});
  valid("a time to wait with a space in front", "Malformed", {{"retry-after", " 5"}});
  valid("no type, and one behind it", "EdgeCase",
        {{"content-type", ""}, {"content-type", "text/plain"}});
  valid("two times to wait", "Malformed", {{"retry-after", "1"}, {"retry-after", "2"}});
  valid("the same time to wait twice", "Malformed", {{"retry-after", "5"}, {"retry-after", "5"}});
}

void SplitEventsCases(List& list) {
  const auto in = [](std::string_view held, std::string_view bytes) {
    return Json{{"held", Bytewise(held)}, {"bytes", Bytewise(bytes)}};
  };
  const auto valid = [&](const char* why, const char* flag, std::string_view held,
                         std::string_view bytes) { list.Valid(why, {flag}, in(held, bytes)); };
  valid("an event", "Normal", "", "event: a\ndata: 1\n\n");
  valid("two events and a half", "Normal", "", "data: 1\n\ndata: 2\n\ndata");
  valid("half an event, held", "Normal", "data: 1", "\ndata: 2");
  valid("its end", "Normal", "data: 1\n", "\n");
  valid("CR LF", "Normal", "", "data: 1\r\n\r\ndata: 2\r\n");
  valid("CR LF, cut in the middle", "EdgeCase", "data: 1\r\n\r", "\n");
  valid("CR", "EdgeCase", "", "data: 1\r\rdata: 2\r");
  valid("CR CR and LF: the LF is of the next event", "EdgeCase", "", "data: 1\r\r\n");
  valid("CR LF and CR are no end here, though they are one for readers", "EdgeCase", "",
        "data: 1\r\n\rdata");
  valid("CR, cut in the middle", "EdgeCase", "data: 1\r", "\r");
  valid("LF and CR LF", "EdgeCase", "", "data: 1\n\r\ndata");
  valid("CR LF and LF", "EdgeCase", "", "data: 1\r\n\ndata");
  valid("LF and CR are not an end yet", "EdgeCase", "", "data: 1\n\r");
  valid("one line end", "EdgeCase", "", "\n");
  valid("nothing", "EdgeCase", "", "");
  valid("nothing new", "EdgeCase", "data", "");
}

void SocksGreetingCases(List& list) {
  list.Valid("the only one", {"Normal"}, Json::object());
}

void CheckSocksMethodCases(List& list) {
  const auto in = [](const Bytes& reply) { return Json{{"reply", ToJson(reply)}}; };
  list.Valid("user name and password", {"Published"}, in({5, 2}));
  list.Invalid("CheckSocksMethod.1", "nothing came", {"Length"}, in({}));
  list.Invalid("CheckSocksMethod.1", "one byte", {"Length"}, in({5}));
  list.Invalid("CheckSocksMethod.1", "three bytes", {"Length"}, in({5, 2, 2}));
  list.Invalid("CheckSocksMethod.1", "version 4", {"Malformed"}, in({4, 2}));
  list.Invalid("CheckSocksMethod.1", "HTTP", {"Malformed"}, in(Ascii("HT")));
  list.Invalid("CheckSocksMethod.2", "no authentication, which was not offered", {"Range"},
               in({5, 0}));
  list.Invalid("CheckSocksMethod.2", "GSSAPI, which was not offered", {"Range"}, in({5, 1}));
  list.Invalid("CheckSocksMethod.2", "none of those offered", {"Published"}, in({5, 0xff}));
}

void SocksCredentialsCases(List& list) {
  const auto in = [](const Json& tape) { return Json{{"source", tape}}; };
  list.Valid("drawn", {"Normal"}, in(Seed("socks")));
  list.Valid("all bits zero", {"EdgeCase"}, in(TapeOf(Bytes(32))));
  list.Valid("all bits one", {"EdgeCase"}, in(TapeOf(Repeat(32, 0xff))));
  list.Invalid("SocksCredentials.1", "an empty tape", {"Exhausted"}, in(TapeOf({})));
  list.Invalid("SocksCredentials.1", "a byte too few", {"Exhausted"}, in(TapeOf(Bytes(31))));
}

void CheckSocksStatusCases(List& list) {
  const auto in = [](const Bytes& reply) { return Json{{"reply", ToJson(reply)}}; };
  list.Valid("taken", {"Published"}, in({1, 0}));
  list.Invalid("CheckSocksStatus.1", "nothing came", {"Length"}, in({}));
  list.Invalid("CheckSocksStatus.1", "one byte", {"Length"}, in({1}));
  list.Invalid("CheckSocksStatus.1", "three bytes", {"Length"}, in({1, 0, 0}));
  list.Invalid("CheckSocksStatus.1", "the version of SOCKS", {"Malformed"}, in({5, 0}));
  list.Invalid("CheckSocksStatus.2", "refused", {"Published"}, in({1, 1}));
  list.Invalid("CheckSocksStatus.2", "refused with all bits", {"EdgeCase"}, in({1, 0xff}));
}

void SocksConnectCases(List& list) {
  const auto in = [](const Bytes& host, std::uint64_t port) {
    return Json{{"host", ToJson(host)}, {"port", port}};
  };
  list.Valid("a name", {"Normal"}, in(Ascii("relay.example"), 443));
  list.Valid("an address as its text", {"EdgeCase"}, in(Ascii("192.0.2.1"), 8080));
  list.Valid("the shortest name, the first port", {"EdgeCase"}, in(Ascii("a"), 1));
  list.Valid("the longest name, the last port", {"EdgeCase"}, in(Repeat(255, 'a'), 65535));
  list.Valid("bytes that no name has", {"EdgeCase"}, in({0, 0x5b, 0x80, 0xff}, 443));
  list.Invalid("SocksConnect.1", "no name", {"Length"}, in({}, 443));
  list.Invalid("SocksConnect.1", "a name of 256 bytes", {"Length"}, in(Repeat(256, 'a'), 443));
  list.Invalid("SocksConnect.1", "port 0", {"Range"}, in(Ascii("a"), 0));
  list.Invalid("SocksConnect.1", "a port of 17 bits", {"Range"}, in(Ascii("a"), 65536));
}

void ReadSocksReplyCases(List& list) {
  const auto in = [](const Bytes& bytes) { return Json{{"bytes", ToJson(bytes)}}; };
  const auto name = [](std::uint8_t length, std::size_t rest) {
    return Join({Bytes{5, 0, 0, 3, length}, Repeat(rest, 'a')});
  };
  list.Valid("nothing yet", {"EdgeCase"}, in({}));
  const Bytes ipv4{5, 0, 0, 1, 127, 0, 0, 1, 0, 80};
  for (std::size_t size = 1; size <= 10; ++size)
    list.Valid("an IPv4 address, so far", {"Normal"},
               in({ipv4.begin(), ipv4.begin() + static_cast<std::ptrdiff_t>(size)}));
  list.Valid("an IPv6 address, five bytes of it", {"Normal"}, in({5, 0, 0, 4, 0x20}));
  list.Valid("an IPv6 address, whole", {"Normal"}, in(Join({Bytes{5, 0, 0, 4}, Bytes(18)})));
  list.Valid("a name, its length", {"Normal"}, in(name(7, 0)));
  list.Valid("a name, whole", {"Normal"}, in(name(7, 9)));
  list.Valid("the shortest name", {"EdgeCase"}, in(name(1, 3)));
  list.Valid("the longest name", {"EdgeCase"}, in(name(255, 257)));
  list.Valid("the longest name, but for a byte", {"EdgeCase"}, in(name(255, 256)));
  const auto bad = [&](const char* step, const char* why, const char* flag, const Bytes& bytes) {
    list.Invalid(step, why, {flag}, in(bytes));
  };
  bad("ReadSocksReply.1", "version 4", "Malformed", {4});
  bad("ReadSocksReply.1", "version 4, refused", "Order", {4, 1});
  bad("ReadSocksReply.1", "HTTP", "Malformed", Ascii("HTTP/1.1 400"));
  for (std::uint8_t why = 1; why <= 9; ++why)
    bad("ReadSocksReply.2", "refused", "Published", {5, why, 0, 1, 0, 0, 0, 0, 0, 0});
  bad("ReadSocksReply.2", "refused, and no more came", "EdgeCase", {5, 1});
  bad("ReadSocksReply.2", "refused with all bits", "EdgeCase", {5, 0xff, 1});
  bad("ReadSocksReply.3", "reserved is not zero", "Malformed", {5, 0, 1});
  bad("ReadSocksReply.3", "reserved is not zero, unknown kind", "Order", {5, 0, 1, 2});
  bad("ReadSocksReply.4", "a kind of address that is none", "Malformed", {5, 0, 0, 2});
  bad("ReadSocksReply.4", "kind 0", "EdgeCase", {5, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  bad("ReadSocksReply.4", "kind 5", "EdgeCase", {5, 0, 0, 5});
  bad("ReadSocksReply.4", "a name of no length", "Length", {5, 0, 0, 3, 0});
  bad("ReadSocksReply.4", "a name of no length, and bytes more", "Order", {5, 0, 0, 3, 0, 0, 0, 0});
  bad("ReadSocksReply.6", "a byte behind an IPv4 address", "Length",
      {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
  bad("ReadSocksReply.6", "a byte behind an IPv6 address", "Length",
      Join({Bytes{5, 0, 0, 4}, Bytes(19)}));
  bad("ReadSocksReply.6", "a byte behind a name", "Length", name(7, 10));
}

}  // namespace

Makers HttpMakers() {
  return {{"EncodeBase64Url", EncodeBase64UrlCases},
          {"DecodeBase64Url", DecodeBase64UrlCases},
          {"EncodeAuthorization", EncodeAuthorizationCases},
          {"ParseAuthorization", ParseAuthorizationCases},
          {"EncodeChallenge", EncodeChallengeCases},
          {"ParseChallenge", ParseChallengeCases},
          {"CheckTarget", CheckTargetCases},
          {"CheckCaller", CheckCallerCases},
          {"CheckFraming", CheckFramingCases},
          {"FilterRequestHeaders", FilterRequestHeadersCases},
          {"FilterBody", FilterBodyCases},
          {"EncodeRequestHead", EncodeRequestHeadCases},
          {"CanonicalRequest", CanonicalRequestCases},
          {"ErrorReply", ErrorReplyCases},
          {"CodeOfReply", CodeOfReplyCases},
          {"Outcome", OutcomeCases},
          {"TokenAfter", TokenAfterCases},
          {"CheckReplyFraming", CheckReplyFramingCases},
          {"FilterResponseHeaders", FilterResponseHeadersCases},
          {"SplitEvents", SplitEventsCases},
          {"SocksGreeting", SocksGreetingCases},
          {"CheckSocksMethod", CheckSocksMethodCases},
          {"SocksCredentials", SocksCredentialsCases},
          {"CheckSocksStatus", CheckSocksStatusCases},
          {"SocksConnect", SocksConnectCases},
          {"ReadSocksReply", ReadSocksReplyCases}};
}

}  // namespace blindlend::vectors
