#include "app/vectors/values.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace blindlend::vectors {

namespace {

// The value of a hexadecimal digit; throws for anything else, capitals too.
int DigitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  throw std::runtime_error("not a lowercase hexadecimal digit");
}

template <class List>
Json ListToJson(const List& list) {
  Json json = Json::array();
  for (const auto& item : list) json.push_back(ToJson(item));
  return json;
}

const Json& RequireList(const Json& json) {
  if (!json.is_array()) throw std::runtime_error("not a list");
  return json;
}

template <class Item>
std::vector<Item> ListOf(const Json& json, Item (*read)(const Json&)) {
  std::vector<Item> list;
  for (const Json& item : RequireList(json)) list.push_back(read(item));
  return list;
}

std::uint32_t ToU32(const Json& json) {
  const std::uint64_t number = ToNumber(json);
  if (number >> 32 != 0) throw std::runtime_error("a number of more than 32 bits");
  return static_cast<std::uint32_t>(number);
}

// In the order of the enumerations.
constexpr std::array<std::string_view, 6> kTokenStates = {"prepared", "requested", "held",
                                                          "spending", "spent",     "burnt"};
constexpr std::array<std::string_view, 8> kTokenEvents = {
    "sent", "accepted", "refused", "cancelled", "reserved", "served", "released", "expired"};
constexpr std::array<std::string_view, 3> kSpentStates = {"claimed", "released", "served"};
constexpr std::array<std::string_view, 5> kVerdicts = {"fresh", "retry", "busy", "served",
                                                       "double-spend"};

template <class Enumeration, std::size_t count>
Enumeration ToEnumeration(const std::array<std::string_view, count>& names, const Json& json) {
  const auto name = std::ranges::find(names, ToText(json));
  if (name == names.end()) throw std::runtime_error("not one of the names");
  return static_cast<Enumeration>(name - names.begin());
}

Json EpochToJson(const Epoch& epoch) {
  return {{"pk", ToJson(epoch.pk)},
          {"roots", ToJson(epoch.roots)},
          {"issue_from", U64ToJson(epoch.issue_from)},
          {"issue_until", U64ToJson(epoch.issue_until)},
          {"spend_from", U64ToJson(epoch.spend_from)},
          {"spend_until", U64ToJson(epoch.spend_until)},
          {"quota", epoch.quota},
          {"lenders", ToJson(epoch.lenders)}};
}

Epoch ToEpoch(const Json& json) {
  RequireKeys(json, {"pk", "roots", "issue_from", "issue_until", "spend_from", "spend_until",
                     "quota", "lenders"});
  return {ToPublicKey(json.at("pk")),   ToIntList(json.at("roots")),
          ToU64(json.at("issue_from")), ToU64(json.at("issue_until")),
          ToU64(json.at("spend_from")), ToU64(json.at("spend_until")),
          ToU32(json.at("quota")),      ToBytesList(json.at("lenders"))};
}

Bytes ToBytesOf(const Json& json, std::size_t size) {
  Bytes bytes = ToBytes(json);
  if (bytes.size() != size) throw std::runtime_error("bytes of another length");
  return bytes;
}

SpentEntry ToSpentEntry(const Json& json) {
  RequireKeys(json, {"id", "state", "key_id", "refunds", "digest", "claim_id"});
  const auto state = ToEnumeration<SpentEntry::State>(kSpentStates, json.at("state"));
  const std::uint64_t refunds = ToNumber(json.at("refunds"));
  if (refunds > 2) throw std::runtime_error("more than two refunds");
  const bool claimed = state == SpentEntry::State::kClaimed;
  return {state, ToBytesOf(json.at("key_id"), 32), static_cast<int>(refunds),
          ToBytesOf(json.at("digest"), claimed ? 32 : 0),
          ToBytesOf(json.at("claim_id"), claimed ? 16 : 0)};
}

}  // namespace

std::string Hex(View bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Json ToJson(const ZZ& x) {
  if (x == 0) return "0";
  const ZZ magnitude = abs(x);
  const std::string digits = Hex(*I2OSP(magnitude, static_cast<std::size_t>(NumBytes(x))));
  return (x < 0 ? "-" : "") + digits.substr(digits[0] == '0' ? 1 : 0);
}

Json ToJson(const Bytes& bytes) {
  return Hex(bytes);
}

Json ToJson(const PublicKey& pk) {
  return {{"n", ToJson(pk.n)}, {"e", ToJson(pk.e)}};
}

Json ToJson(const SecretKey& sk) {
  return {{"n", ToJson(sk.n)},   {"e", ToJson(sk.e)},      {"d", ToJson(sk.d)},
          {"p", ToJson(sk.p)},   {"q", ToJson(sk.q)},      {"dp", ToJson(sk.dp)},
          {"dq", ToJson(sk.dq)}, {"qinv", ToJson(sk.qinv)}};
}

Json ToJson(const Batch& batch) {
  return {{"id", ToJson(batch.id)}, {"width", batch.width}, {"values", ListToJson(batch.values)}};
}

Json ToJson(const State& state) {
  Json entries = Json::array();
  for (const auto& [r_inv, msg] : state.entries)
    entries.push_back(Json{{"r_inv", ToJson(r_inv)}, {"msg", ToJson(msg)}});
  return {{"key_id", ToJson(state.key_id)},
          {"request_hash", ToJson(state.request_hash)},
          {"width", state.width},
          {"entries", entries}};
}

Json ToJson(const Link& link) {
  return {{"group", ToJson(link.group)},
          {"number", link.number},
          {"predecessor", ToJson(link.predecessor)},
          {"epoch", link.epoch ? EpochToJson(*link.epoch) : Json()}};
}

Json ToJson(const Token& token) {
  return {{"key_id", ToJson(token.key_id)},
          {"audience", ToJson(token.audience)},
          {"spend_key", ToJson(token.spend_key)},
          {"sig", ToJson(token.sig)}};
}

Json ToJson(const Request& request) {
  return {{"member", ToJson(request.member)},
          {"nonce", ToJson(request.nonce)},
          {"batch", ToJson(request.batch)}};
}

Json ToJson(const Ledger& ledger) {
  Json used = Json::array();
  for (const auto& [member, count] : ledger.used)
    used.push_back(Json{{"member", ToJson(member)}, {"count", U64ToJson(count)}});
  return {{"debited", ToJson(ledger.debited)}, {"used", used}};
}

Json ToJson(TokenState state) {
  return kTokenStates.at(static_cast<std::size_t>(state));
}

Json ToJson(TokenEvent event) {
  return kTokenEvents.at(static_cast<std::size_t>(event));
}

Json ToJson(const Borrow& borrow) {
  return {{"digest", ToJson(borrow.digest)}, {"token", ToJson(borrow.token)}};
}

Json ToJson(const SpentSet& spent) {
  Json entries = Json::array();
  for (const auto& [id, entry] : spent.entries)
    entries.push_back(Json{{"id", ToJson(id)},
                           {"state", kSpentStates.at(static_cast<std::size_t>(entry.state))},
                           {"key_id", ToJson(entry.key_id)},
                           {"refunds", entry.refunds},
                           {"digest", ToJson(entry.digest)},
                           {"claim_id", ToJson(entry.claim_id)}});
  return {{"entries", entries}, {"closed", ToJson(spent.closed)}};
}

Json ToJson(Verdict verdict) {
  return kVerdicts.at(static_cast<std::size_t>(verdict));
}

Json ToJson(const Attestation& attestation) {
  return {{"instance", ToJson(attestation.instance)},
          {"lender", ToJson(attestation.lender)},
          {"claim", attestation.claim},
          {"issued_at", U64ToJson(attestation.issued_at)},
          {"nonce", ToJson(attestation.nonce)}};
}

Json ToJson(const ReplayCache& cache) {
  Json seen = Json::array();
  for (const auto& [question, issued_at] : cache.seen)
    seen.push_back(Json{{"instance", ToJson(Bytes(question.begin(), question.begin() + 16))},
                        {"nonce", ToJson(Bytes(question.begin() + 16, question.end()))},
                        {"issued_at", U64ToJson(issued_at)}});
  return {{"seen", seen}, {"forgotten_before", U64ToJson(cache.forgotten_before)}};
}

Json ToJson(const std::vector<ZZ>& list) {
  return ListToJson(list);
}

Json ToJson(const std::vector<Bytes>& list) {
  return ListToJson(list);
}

Json ToJson(const std::vector<Link>& list) {
  return ListToJson(list);
}

Json ToJson(const std::set<Bytes>& set) {
  return ListToJson(set);
}

Json ToJson(const std::vector<std::optional<Bytes>>& list) {
  Json json = Json::array();
  for (const auto& item : list) json.push_back(item ? ToJson(*item) : Json());
  return json;
}

Json U64ToJson(std::uint64_t time) {
  return ToJson(NTL::conv<ZZ>(time));
}

void RequireKeys(const Json& json, const std::vector<std::string>& keys) {
  if (!json.is_object()) throw std::runtime_error("not an object");
  std::vector<std::string> found;
  for (const auto& item : json.items()) found.push_back(item.key());
  if (found == keys) return;
  std::string message = "keys are not:";
  for (const std::string& key : keys) message += " " + key;
  throw std::runtime_error(message);
}

std::string ToText(const Json& json) {
  if (!json.is_string()) throw std::runtime_error("not a string");
  return json.get<std::string>();
}

std::uint64_t ToNumber(const Json& json) {
  const bool negative = json.is_number() && !json.is_number_unsigned() && json.get<double>() < 0;
  if (!json.is_number_integer() || negative) throw std::runtime_error("not a number");
  const auto number = json.get<std::uint64_t>();
  if (number >> 53 != 0) throw std::runtime_error("a number of more than 53 bits");
  return number;
}

ZZ ToInt(const Json& json) {
  const std::string text = ToText(json);
  ZZ x;
  for (const char digit : text.substr(text.starts_with('-') ? 1 : 0))
    x = 16 * x + DigitValue(digit);
  if (text.starts_with('-')) x = -x;
  if (ToJson(x) != json) throw std::runtime_error("not a canonical integer");
  return x;
}

Bytes ToBytes(const Json& json) {
  const std::string text = ToText(json);
  if (text.size() % 2 != 0) throw std::runtime_error("an odd number of hexadecimal digits");
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(DigitValue(text[i]) * 16 + DigitValue(text[i + 1])));
  return bytes;
}

PublicKey ToPublicKey(const Json& json) {
  RequireKeys(json, {"n", "e"});
  return {ToInt(json.at("n")), ToInt(json.at("e"))};
}

SecretKey ToSecretKey(const Json& json) {
  RequireKeys(json, {"n", "e", "d", "p", "q", "dp", "dq", "qinv"});
  return {{ToInt(json.at("n")), ToInt(json.at("e"))},
          ToInt(json.at("d")),
          ToInt(json.at("p")),
          ToInt(json.at("q")),
          ToInt(json.at("dp")),
          ToInt(json.at("dq")),
          ToInt(json.at("qinv"))};
}

Batch ToBatch(const Json& json) {
  RequireKeys(json, {"id", "width", "values"});
  return {ToBytes(json.at("id")), ToNumber(json.at("width")), ToIntList(json.at("values"))};
}

State ToState(const Json& json) {
  RequireKeys(json, {"key_id", "request_hash", "width", "entries"});
  State state{
      ToBytes(json.at("key_id")), ToBytes(json.at("request_hash")), ToNumber(json.at("width")), {}};
  for (const Json& entry : RequireList(json.at("entries"))) {
    RequireKeys(entry, {"r_inv", "msg"});
    state.entries.push_back({ToInt(entry.at("r_inv")), ToBytes(entry.at("msg"))});
  }
  return state;
}

Link ToLink(const Json& json) {
  RequireKeys(json, {"group", "number", "predecessor", "epoch"});
  Link link{ToBytes(json.at("group")), ToU32(json.at("number")), ToBytes(json.at("predecessor")),
            std::nullopt};
  if (!json.at("epoch").is_null()) link.epoch = ToEpoch(json.at("epoch"));
  return link;
}

Token ToToken(const Json& json) {
  RequireKeys(json, {"key_id", "audience", "spend_key", "sig"});
  return {ToBytes(json.at("key_id")), ToBytes(json.at("audience")), ToBytes(json.at("spend_key")),
          ToBytes(json.at("sig"))};
}

Request ToRequest(const Json& json) {
  RequireKeys(json, {"member", "nonce", "batch"});
  return {ToBytes(json.at("member")), ToBytes(json.at("nonce")), ToBatch(json.at("batch"))};
}

Ledger ToLedger(const Json& json) {
  RequireKeys(json, {"debited", "used"});
  Ledger ledger{ToSet(json.at("debited")), {}};
  for (const Json& entry : RequireList(json.at("used"))) {
    RequireKeys(entry, {"member", "count"});
    ledger.used[ToBytes(entry.at("member"))] = ToU64(entry.at("count"));
  }
  if (ToJson(ledger) != json) throw std::runtime_error("a ledger that is not in order");
  return ledger;
}

TokenState ToTokenState(const Json& json) {
  return ToEnumeration<TokenState>(kTokenStates, json);
}

TokenEvent ToTokenEvent(const Json& json) {
  return ToEnumeration<TokenEvent>(kTokenEvents, json);
}

Borrow ToBorrow(const Json& json) {
  RequireKeys(json, {"digest", "token"});
  return {ToBytes(json.at("digest")), ToToken(json.at("token"))};
}

SpentSet ToSpentSet(const Json& json) {
  RequireKeys(json, {"entries", "closed"});
  SpentSet spent{{}, ToSet(json.at("closed"))};
  for (const Json& entry : RequireList(json.at("entries"))) {
    SpentEntry kept = ToSpentEntry(entry);
    spent.entries[ToBytesOf(entry.at("id"), 32)] = std::move(kept);
  }
  if (ToJson(spent) != json) throw std::runtime_error("a spent-set that is not in order");
  return spent;
}

Attestation ToAttestation(const Json& json) {
  RequireKeys(json, {"instance", "lender", "claim", "issued_at", "nonce"});
  const std::uint64_t claim = ToNumber(json.at("claim"));
  if (claim > 255) throw std::runtime_error("claim is not a byte");
  return {ToBytes(json.at("instance")), ToBytes(json.at("lender")),
          static_cast<std::uint8_t>(claim), ToU64(json.at("issued_at")), ToBytes(json.at("nonce"))};
}

ReplayCache ToReplayCache(const Json& json) {
  RequireKeys(json, {"seen", "forgotten_before"});
  ReplayCache cache{{}, ToU64(json.at("forgotten_before"))};
  for (const Json& entry : RequireList(json.at("seen"))) {
    RequireKeys(entry, {"instance", "nonce", "issued_at"});
    const Bytes question =
        Join({ToBytesOf(entry.at("instance"), 16), ToBytesOf(entry.at("nonce"), 16)});
    cache.seen[question] = ToU64(entry.at("issued_at"));
  }
  if (ToJson(cache) != json) throw std::runtime_error("a cache that is not in order");
  return cache;
}

std::uint64_t ToU64(const Json& json) {
  const ZZ time = ToInt(json);
  if (time < 0 || NumBits(time) > 64) throw std::runtime_error("not in [0, 2^64 - 1]");
  return NTL::conv<std::uint64_t>(time);
}

std::vector<ZZ> ToIntList(const Json& json) {
  return ListOf(json, ToInt);
}

std::vector<Bytes> ToBytesList(const Json& json) {
  return ListOf(json, ToBytes);
}

std::vector<Link> ToChain(const Json& json) {
  return ListOf(json, ToLink);
}

std::set<Bytes> ToSet(const Json& json) {
  const std::vector<Bytes> list = ToBytesList(json);
  const std::set<Bytes> set(list.begin(), list.end());
  if (ToJson(set) != json) throw std::runtime_error("a set that is not in order");
  return set;
}

Tape ToTape(const Json& json) {
  if (json.is_object() && json.contains("seed")) {
    RequireKeys(json, {"seed"});
    return Tape::FromSeed(ToBytes(json.at("seed")));
  }
  RequireKeys(json, {"bytes"});
  return Tape::Of(ToBytes(json.at("bytes")));
}

}  // namespace blindlend::vectors
