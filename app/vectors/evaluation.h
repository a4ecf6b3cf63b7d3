// How the evaluators of the algorithms report, and the inputs that several of them check.
#pragma once

#include <stdexcept>

#include "app/vectors/algorithms.h"

namespace blindlend::vectors {

/// The algorithms of chapters 5 to 8.
std::vector<Algorithm> LaterAlgorithms();

/// The algorithms of chapters 9 and 10.
std::vector<Algorithm> LenderAlgorithms();

/// The algorithms of chapters 11 and 12.
std::vector<Algorithm> HttpAlgorithms();

inline Json ToJson(bool value) {
  return value;
}

inline Evaluation Failed(const Failure& failure) {
  return {{}, {}, std::string(failure.step)};
}

inline Evaluation Done(Json outputs, Json intermediates = Json::object()) {
  return {std::move(intermediates), std::move(outputs), ""};
}

// The result under one name, or the failure.
template <class T>
Evaluation One(const char* name, const std::expected<T, Failure>& result) {
  if (!result) return Failed(result.error());
  return Done({{name, ToJson(*result)}});
}

// The same for an algorithm that has read from a tape.
template <class T>
Evaluation Drawn(const char* name, const std::expected<T, Failure>& result, const Tape& tape) {
  if (!result) return Failed(result.error());
  return Done({{name, ToJson(*result)}, {"tape_used", tape.used()}});
}

// The same for an algorithm that only accepts or refuses.
inline Evaluation Nothing(const std::expected<void, Failure>& result) {
  return result ? Done(Json::object()) : Failed(result.error());
}

// The evaluation with one more intermediate, where it has not failed.
template <class Make>
Evaluation With(Evaluation evaluation, const char* name, Make make) {
  if (evaluation.fails_at.empty()) evaluation.intermediates[name] = make();
  return evaluation;
}

inline std::uint8_t ToKind(const Json& json) {
  const std::uint64_t kind = ToNumber(json);
  if (kind > 255) throw std::runtime_error("kind is not a byte");
  return static_cast<std::uint8_t>(kind);
}

// A precondition of several algorithms.
inline Bytes ToDigest(const Json& json) {
  Bytes digest = ToBytes(json);
  if (digest.size() != 32) throw std::runtime_error("not 32 bytes");
  return digest;
}

// The same: outside their range the algorithms are undefined.
inline Link ToEncodable(const Json& json) {
  Link link = ToLink(json);
  if (!EncodeLink(link)) throw std::runtime_error("a link without an encoding");
  return link;
}

}  // namespace blindlend::vectors
