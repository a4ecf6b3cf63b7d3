// Byte sources for tests that compare ref/ with somebody else: they owe nothing to ref/.
#pragma once

#include <random>

#include "ref/encoding.h"

namespace blindlend {

/// Endless, and the same bytes in every run for a seed. Not for secrets.
inline ByteSource PlainTape(std::uint64_t seed) {
  return [engine = std::mt19937_64{seed}](std::span<std::uint8_t> bytes) mutable {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine());
    return true;
  };
}

/// Exhausted from the beginning.
inline bool NoSource(std::span<std::uint8_t>) {
  return false;
}

}  // namespace blindlend
