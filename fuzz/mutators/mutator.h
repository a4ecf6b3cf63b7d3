// Structure-aware mutation, for harnesses whose inputs have a form that blind mutation mostly destroys.
//
// Nothing here is linked with the code under test, nor instrumented: a mutator that shared its parser would
// share its mistakes. All is determined by the input and the engine's seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace blindlend::mutators {

using Bytes = std::vector<std::uint8_t>;

/// SplitMix64 (Steele, Lea, Flood 2014). For mutation alone.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next();
  /// In [0, end), end > 0; as good as uniform for the small ends here.
  std::size_t Below(std::size_t end) { return static_cast<std::size_t>(Next() % end); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

/// Each mutator is one definition of this: the input changed within its structure, or nothing where it has
/// none or the result would be longer than most.
std::optional<Bytes> MutatedStructure(const Bytes& input, std::size_t most, Random& random);

/// By the engine's own mutation, at most `most` bytes.
Bytes Mutated(Bytes bytes, std::size_t most);

/// RFC 4648, section 4, with "+/" or other last digits; all that is no digit is skipped when decoding.
std::string Armoured(const Bytes& bytes, std::string_view last_digits = "+/");
Bytes Dearmoured(std::string_view text, std::string_view last_digits = "+/");

Bytes ToBytes(std::string_view text);
std::string ToText(const Bytes& bytes);

}  // namespace blindlend::mutators
