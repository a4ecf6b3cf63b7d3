// The types of spec/V-vectors as JSON, both ways. Reading is strict: every value has one form.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/vectors/tape.h"
#include "ref/blind_signature.h"

namespace blindlend::vectors {

using Json = nlohmann::ordered_json;

/// Lowercase hexadecimal, two digits a byte.
std::string Hex(View bytes);

Json ToJson(const ZZ& x);
Json ToJson(const Bytes& bytes);
Json ToJson(const PublicKey& pk);
Json ToJson(const SecretKey& sk);
Json ToJson(const Batch& batch);
Json ToJson(const State& state);
Json ToJson(const std::vector<Bytes>& list);

// Each of these throws std::runtime_error when the JSON is not exactly such a value. Check catches it.
ZZ ToInt(const Json& json);
Bytes ToBytes(const Json& json);
std::string ToText(const Json& json);
std::uint64_t ToNumber(const Json& json);
PublicKey ToPublicKey(const Json& json);
SecretKey ToSecretKey(const Json& json);
Batch ToBatch(const Json& json);
State ToState(const Json& json);
std::vector<Bytes> ToBytesList(const Json& json);
Tape ToTape(const Json& json);

/// Throws std::runtime_error unless json is an object with exactly these keys, in this order.
void RequireKeys(const Json& json, const std::vector<std::string>& keys);

}  // namespace blindlend::vectors
