// Properties whose cases are counted: all, those discarded, and by label.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace blindlend::test {

/// How often each label was given (RC_TAG, RC_CLASSIFY).
struct Distribution {
  int cases = 0;
  int discarded = 0;
  std::vector<std::pair<std::string, int>> tags;
  /// The share of cases with this label, in [0, 1].
  double Share(const std::string& tag) const;
};

/// Counts what RapidCheck does not tell: the cases that a property passed over.
class Discards final : public rc::detail::TestListener {
 public:
  void onTestCaseFinished(const rc::detail::CaseDescription& description) override {
    if (description.result.type == rc::detail::CaseResult::Type::Discard) ++count_;
  }
  void onShrinkTried(const rc::detail::CaseDescription&, bool) override {}
  void onTestFinished(const rc::detail::TestMetadata&, const rc::detail::TestResult&) override {}
  int count() const { return count_; }

 private:
  int count_ = 0;
};

/// What RapidCheck says of its run as a Distribution; a failing property fails the current test. Prints
/// one line, "property: " and JSON: {name, seed, cases, discarded, failed, distribution: {label: count}},
/// which tests/properties/run sums up.
Distribution Report(const rc::detail::TestResult& result, int discarded, std::uint64_t seed);

/// Prints such a line for labels that a test counts by itself, within a case: they belong to no case.
void ReportLabels(const std::map<std::string, int>& labels);

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
  Discards discards;
  const auto result = rc::detail::checkTestable(property, metadata, params, discards);
  return Report(result, discards.count(), params.seed);
}

}  // namespace blindlend::test
