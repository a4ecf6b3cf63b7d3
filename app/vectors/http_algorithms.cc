#include "app/http/binding.h"
#include "app/http/socks.h"
#include "app/vectors/evaluation.h"

namespace blindlend::vectors {

namespace {

std::string TextIn(const Json& json) {
  return blindlend::ToText(ToBytes(json));
}

Json OutOf(std::string_view text) {
  return ToJson(Ascii(text));
}

std::vector<Header> ToHeaders(const Json& json) {
  if (!json.is_array()) throw std::runtime_error("not a list");
  std::vector<Header> headers;
  for (const Json& each : json) {
    RequireKeys(each, {"name", "value"});
    headers.push_back({TextIn(each.at("name")), TextIn(each.at("value"))});
  }
  return headers;
}

Json HeadersToJson(const std::vector<Header>& headers) {
  Json list = Json::array();
  for (const auto& [name, value] : headers)
    list.push_back({{"name", OutOf(name)}, {"value", OutOf(value)}});
  return list;
}

Targets ToTargets(const Json& json) {
  if (!json.is_array()) throw std::runtime_error("not a list");
  Targets targets;
  for (const Json& each : json) {
    RequireKeys(each, {"method", "path"});
    const bool is_new = targets.insert({TextIn(each.at("method")), TextIn(each.at("path"))}).second;
    if (!is_new) throw std::runtime_error("a target twice");
  }
  return targets;
}

Challenge ToChallenge(const Json& in) {
  return {ToBytes(in.at("group")), ToNumber(in.at("number")), ToBytes(in.at("lender"))};
}

Evaluation RunEncodeChallenge(const Json& in) {
  const auto value = EncodeChallenge(ToChallenge(in));
  return value ? Done({{"value", OutOf(*value)}}) : Failed(value.error());
}

Evaluation RunParseChallenge(const Json& in) {
  const auto challenge = ParseChallenge(TextIn(in.at("value")));
  if (!challenge) return Failed(challenge.error());
  return Done({{"group", ToJson(challenge->group)},
               {"number", challenge->number},
               {"lender", ToJson(challenge->lender)}});
}

Evaluation RunCheckFraming(const Json& in) {
  const auto length = CheckFraming(TextIn(in.at("method")), ToHeaders(in.at("headers")),
                                   ToNumber(in.at("max_body")));
  return length ? Done({{"length", *length}}) : Failed(length.error());
}

Evaluation RunFilterRequestHeaders(const Json& in) {
  const auto kept = FilterRequestHeaders(ToHeaders(in.at("headers")));
  return kept ? Done({{"kept", HeadersToJson(*kept)}}) : Failed(kept.error());
}

Evaluation RunCanonicalRequest(const Json& in) {
  return Done(
      {{"request", ToJson(CanonicalRequest(TextIn(in.at("method")), TextIn(in.at("target")),
                                           ToHeaders(in.at("kept")), ToBytes(in.at("body"))))}});
}

Evaluation RunErrorReply(const Json& in) {
  const auto reply = ErrorReply(TextIn(in.at("code")), TextIn(in.at("step")));
  if (!reply) return Failed(reply.error());
  return Done({{"status", reply->status}, {"body", ToJson(reply->body)}});
}

bool ToBool(const Json& json) {
  if (!json.is_boolean()) throw std::runtime_error("not a bool");
  return json.get<bool>();
}

Stage ToStage(const std::string& name) {
  if (name == "unsent") return Stage::kUnsent;
  if (name == "sent") return Stage::kSent;
  if (name == "replied") return Stage::kReplied;
  throw std::runtime_error("no such stage");
}

Evaluation RunOutcome(const Json& in) {
  if (!in.at("unbilled").is_array()) throw std::runtime_error("not a list");
  std::set<int> unbilled;
  for (const Json& each : in.at("unbilled"))
    if (!unbilled.insert(static_cast<int>(ToNumber(each))).second)
      throw std::runtime_error("a status twice");
  const ClaimEnd end = Outcome(ToStage(ToText(in.at("stage"))),
                               static_cast<int>(ToNumber(in.at("status"))), unbilled);
  return Done({{"end", end == ClaimEnd::kSettle ? "settle" : "release"}});
}

Evaluation RunCodeOfReply(const Json& in) {
  const std::uint64_t status = ToNumber(in.at("status"));
  if (status > 999) throw std::runtime_error("not a status");
  return Done({{"code", OutOf(CodeOfReply(static_cast<int>(status), ToBytes(in.at("body"))))}});
}

Evaluation RunTokenAfter(const Json& in) {
  const std::uint64_t status = ToNumber(in.at("status"));
  if (status < 200 || status > 599) throw std::runtime_error("not a status of a reply");
  const bool resent = ToBool(in.at("resent"));
  switch (TokenAfter(static_cast<int>(status), TextIn(in.at("header")), TextIn(in.at("code")),
                     resent)) {
    case TokenEnd::kServed:
      return Done({{"end", "served"}});
    case TokenEnd::kReleased:
      return Done({{"end", "released"}});
    case TokenEnd::kPending:
      return Done({{"end", "pending"}});
  }
  return {};
}

Evaluation RunEncodeRequestHead(const Json& in) {
  return Done({{"head", ToJson(EncodeRequestHead(TextIn(in.at("method")), TextIn(in.at("target")),
                                                 TextIn(in.at("host")), ToHeaders(in.at("headers")),
                                                 ToNumber(in.at("length"))))}});
}

Evaluation RunCheckReplyFraming(const Json& in) {
  const auto length = CheckReplyFraming(ToHeaders(in.at("headers")));
  if (!length) return Failed(length.error());
  return Done({{"length", *length ? Json(**length) : Json("chunked")}});
}

Evaluation RunSplitEvents(const Json& in) {
  Bytes held = ToBytes(in.at("held"));
  const auto events = SplitEvents(held, ToBytes(in.at("bytes")));
  if (!events) return Failed(events.error());
  return Done({{"events", ToJson(*events)}, {"held", ToJson(held)}});
}

Evaluation RunReadSocksReply(const Json& in) {
  const auto missing = ReadSocksReply(ToBytes(in.at("bytes")));
  return missing ? Done({{"missing", *missing}}) : Failed(missing.error());
}

Evaluation RunSocksCredentials(const Json& in) {
  Tape tape = ToTape(in.at("source"));
  return Drawn("bytes", SocksCredentials(tape.Source()), tape);
}

}  // namespace

std::vector<Algorithm> HttpAlgorithms() {
  constexpr char kChapter[] = "11-http", kSocks[] = "12-socks";
  return {
      {"EncodeBase64Url",
       kChapter,
       {"bytes"},
       [](const Json& in) {
         return Done({{"text", OutOf(EncodeBase64Url(ToBytes(in.at("bytes"))))}});
       }},
      {"DecodeBase64Url",
       kChapter,
       {"text"},
       [](const Json& in) { return One("bytes", DecodeBase64Url(TextIn(in.at("text")))); }},
      {"EncodeAuthorization",
       kChapter,
       {"sealed"},
       [](const Json& in) {
         return Done({{"value", OutOf(EncodeAuthorization(ToBytes(in.at("sealed"))))}});
       }},
      {"ParseAuthorization",
       kChapter,
       {"value"},
       [](const Json& in) { return One("sealed", ParseAuthorization(TextIn(in.at("value")))); }},
      {"EncodeChallenge", kChapter, {"group", "number", "lender"}, RunEncodeChallenge},
      {"ParseChallenge", kChapter, {"value"}, RunParseChallenge},
      {"CheckTarget",
       kChapter,
       {"targets", "method", "target"},
       [](const Json& in) {
         return Nothing(CheckTarget(ToTargets(in.at("targets")), TextIn(in.at("method")),
                                    TextIn(in.at("target"))));
       }},
      {"CheckCaller",
       kChapter,
       {"method", "headers", "anywhere"},
       [](const Json& in) {
         return Nothing(CheckCaller(TextIn(in.at("method")), ToHeaders(in.at("headers")),
                                    ToBool(in.at("anywhere"))));
       }},
      {"CheckFraming", kChapter, {"method", "headers", "max_body"}, RunCheckFraming},
      {"FilterRequestHeaders", kChapter, {"headers"}, RunFilterRequestHeaders},
      {"FilterBody",
       kChapter,
       {"body"},
       [](const Json& in) { return One("filtered", FilterBody(ToBytes(in.at("body")))); }},
      {"EncodeRequestHead",
       kChapter,
       {"method", "target", "host", "headers", "length"},
       RunEncodeRequestHead},
      {"CanonicalRequest", kChapter, {"method", "target", "kept", "body"}, RunCanonicalRequest},
      {"ErrorReply", kChapter, {"code", "step"}, RunErrorReply},
      {"CodeOfReply", kChapter, {"status", "body"}, RunCodeOfReply},
      {"Outcome", kChapter, {"stage", "status", "unbilled"}, RunOutcome},
      {"TokenAfter", kChapter, {"status", "header", "code", "resent"}, RunTokenAfter},
      {"CheckReplyFraming", kChapter, {"headers"}, RunCheckReplyFraming},
      {"FilterResponseHeaders",
       kChapter,
       {"headers"},
       [](const Json& in) {
         return Done({{"kept", HeadersToJson(FilterResponseHeaders(ToHeaders(in.at("headers"))))}});
       }},
      {"SplitEvents", kChapter, {"held", "bytes"}, RunSplitEvents},
      {"SocksGreeting",
       kSocks,
       {},
       [](const Json&) { return Done({{"bytes", ToJson(SocksGreeting())}}); }},
      {"CheckSocksMethod",
       kSocks,
       {"reply"},
       [](const Json& in) { return Nothing(CheckSocksMethod(ToBytes(in.at("reply")))); }},
      {"SocksCredentials", kSocks, {"source"}, RunSocksCredentials},
      {"CheckSocksStatus",
       kSocks,
       {"reply"},
       [](const Json& in) { return Nothing(CheckSocksStatus(ToBytes(in.at("reply")))); }},
      {"SocksConnect",
       kSocks,
       {"host", "port"},
       [](const Json& in) {
         return One("bytes", SocksConnect(ToBytes(in.at("host")), ToNumber(in.at("port"))));
       }},
      {"ReadSocksReply", kSocks, {"bytes"}, RunReadSocksReply},
  };
}

}  // namespace blindlend::vectors
