// What the tests share: keys and tapes.
#pragma once

#include <string>
#include <vector>

#include "app/vectors/tape.h"
#include "ref/blind_signature.h"
#include "tests/support/property.h"

namespace blindlend::test {

/// A key of the given length, from a tape: always the same one for a number.
const SecretKey& Key(long bits, int number = 0);

/// n = p*q for toy primes, with the given e.
SecretKey ToyKey(long p, long q, long e);

/// Bytes from what RapidCheck makes.
Bytes ToBytes(const std::vector<std::uint8_t>& bytes);

/// An endless tape from a number that RapidCheck makes.
Tape TapeFrom(std::uint64_t seed);

/// The signature of msg, made with the private exponent and nothing else.
Bytes SignatureOf(const SecretKey& sk, View msg);

/// The step that failed, or "" where nothing did.
template <class T>
std::string Step(const std::expected<T, Failure>& result) {
  return result ? "" : std::string(result.error().step);
}

}  // namespace blindlend::test
