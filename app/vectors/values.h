// The types of spec/V-vectors as JSON, both ways. Reading is strict: every value has one form.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/vectors/tape.h"
#include "ref/attestation.h"
#include "ref/issuance.h"
#include "ref/redemption.h"

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
Json ToJson(const Link& link);
Json ToJson(const Token& token);
Json ToJson(const Request& request);
Json ToJson(const Ledger& ledger);
Json ToJson(TokenState state);
Json ToJson(TokenEvent event);
Json ToJson(const Borrow& borrow);
Json ToJson(const SpentSet& spent);
Json ToJson(Verdict verdict);
Json ToJson(const Attestation& attestation);
Json ToJson(const ReplayCache& cache);
Json ToJson(const std::vector<ZZ>& list);
Json ToJson(const std::vector<Bytes>& list);
Json ToJson(const std::vector<Link>& list);
Json ToJson(const std::set<Bytes>& set);
/// null stands for none.
Json ToJson(const std::vector<std::optional<Bytes>>& list);
/// A time or a count of 64 bits: an int, since many readers of JSON round numbers above 2^53.
Json U64ToJson(std::uint64_t time);

// Each of these throws std::runtime_error when the JSON is not exactly such a value. Check catches it.
ZZ ToInt(const Json& json);
Bytes ToBytes(const Json& json);
std::string ToText(const Json& json);
std::uint64_t ToNumber(const Json& json);
PublicKey ToPublicKey(const Json& json);
SecretKey ToSecretKey(const Json& json);
Batch ToBatch(const Json& json);
State ToState(const Json& json);
Link ToLink(const Json& json);
Token ToToken(const Json& json);
Request ToRequest(const Json& json);
Ledger ToLedger(const Json& json);
TokenState ToTokenState(const Json& json);
TokenEvent ToTokenEvent(const Json& json);
Borrow ToBorrow(const Json& json);
SpentSet ToSpentSet(const Json& json);
Attestation ToAttestation(const Json& json);
ReplayCache ToReplayCache(const Json& json);
std::uint64_t ToU64(const Json& json);
std::vector<ZZ> ToIntList(const Json& json);
std::vector<Bytes> ToBytesList(const Json& json);
std::vector<Link> ToChain(const Json& json);
std::set<Bytes> ToSet(const Json& json);
Tape ToTape(const Json& json);

/// Throws std::runtime_error unless json is an object with exactly these keys, in this order.
void RequireKeys(const Json& json, const std::vector<std::string>& keys);

}  // namespace blindlend::vectors
