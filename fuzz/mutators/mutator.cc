#include "fuzz/mutators/mutator.h"

#include <algorithm>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace blindlend::mutators {
namespace {

std::string DigitsWith(std::string_view last_digits) {
  return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" +
         std::string(last_digits);
}

}  // namespace

std::uint64_t Random::Next() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

Bytes Mutated(Bytes bytes, std::size_t most) {
  if (most == 0) return {};
  const std::size_t size = std::min(bytes.size(), most);
  bytes.resize(most);
  bytes.resize(LLVMFuzzerMutate(bytes.data(), size, most));
  return bytes;
}

std::string Armoured(const Bytes& bytes, std::string_view last_digits) {
  const std::string digits = DigitsWith(last_digits);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? bytes[i + j] : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j <= bytes.size() ? digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

Bytes Dearmoured(std::string_view text, std::string_view last_digits) {
  const std::string digits = DigitsWith(last_digits);
  Bytes bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string::npos) continue;
    group = (group << 6 | static_cast<std::uint32_t>(digit)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<std::uint8_t>(group >> bits));
  }
  return bytes;
}

Bytes ToBytes(std::string_view text) {
  return Bytes(text.begin(), text.end());
}

std::string ToText(const Bytes& bytes) {
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace blindlend::mutators

/// libFuzzer's hook. Half of the mutations stay the engine's own: what has no form must be met, too.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  using namespace blindlend::mutators;
  Random random(seed);
  if (random.OneIn(2)) {
    const auto mutated = MutatedStructure(Bytes(data, data + size), max_size, random);
    if (mutated && !mutated->empty() && mutated->size() <= max_size) {
      std::ranges::copy(*mutated, data);
      return mutated->size();
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
