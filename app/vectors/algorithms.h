// Every algorithm of the spec as a function from a vector's inputs to what the vector records.
#pragma once

#include <string>
#include <vector>

#include "app/vectors/values.h"

namespace blindlend::vectors {

/// What an algorithm did with its inputs. fails_at: empty, or the label of the step that failed.
struct Evaluation {
  Json intermediates = Json::object();
  Json outputs = Json::object();
  std::string fails_at;
};

/// An algorithm of spec/V-vectors.
struct Algorithm {
  std::string name, spec;
  std::vector<std::string> inputs;  // keys, in order
  /// Throws std::runtime_error where a value is not of its type.
  Evaluation (*run)(const Json& inputs);
};

/// All of them, in the spec's order.
const std::vector<Algorithm>& Algorithms();

}  // namespace blindlend::vectors
