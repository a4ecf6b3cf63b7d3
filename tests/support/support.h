// What the tests share: keys, tapes, and properties whose distributions are asserted.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "app/vectors/tape.h"
#include "ref/blind_signature.h"

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

/// How often each tag was given.
struct Distribution {
  int cases = 0;
  std::vector<std::pair<std::string, int>> tags;
  /// The share of cases with this tag, in [0, 1].
  double Share(const std::string& tag) const;
};

/// What RapidCheck says of its run as a Distribution; a failing property fails the current test.
Distribution Report(const rc::detail::TestResult& result);

/// Runs a property (RC_ASSERT, RC_TAG inside) under the current test's name, `times` as often as
/// RapidCheck's configuration says. Thresholds on the shares are far enough below what is expected
/// that a sound generator misses one in fewer than 2^-40 of all runs at the default configuration.
template <class Property>
Distribution CheckProperty(Property property, int times = 1) {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  rc::detail::TestMetadata metadata;
  metadata.id = std::string(info->test_suite_name()) + "/" + info->name();
  metadata.description = metadata.id;
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess *= times;
  return Report(rc::detail::checkTestable(property, metadata, params));
}

}  // namespace blindlend::test
