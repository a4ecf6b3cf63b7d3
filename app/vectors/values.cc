#include "app/vectors/values.h"

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

Json ToJson(const std::vector<Bytes>& list) {
  return ListToJson(list);
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
  return json.get<std::uint64_t>();
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
  Batch batch{ToBytes(json.at("id")), ToNumber(json.at("width")), {}};
  for (const Json& value : RequireList(json.at("values"))) batch.values.push_back(ToInt(value));
  return batch;
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

std::vector<Bytes> ToBytesList(const Json& json) {
  std::vector<Bytes> list;
  for (const Json& item : RequireList(json)) list.push_back(ToBytes(item));
  return list;
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
