#include "tests/support/property.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace blindlend::test {
namespace {

nlohmann::ordered_json Line() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  return {{"name", std::string(info->test_suite_name()) + "." + info->name()}};
}

void Print(const nlohmann::ordered_json& line) {
  std::cout << "property: "
            << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
            << std::endl;
}

}  // namespace

double Distribution::Share(const std::string& tag) const {
  int count = 0;
  for (const auto& [name, times] : tags)
    if (name == tag) count += times;
  return cases == 0 ? 0 : static_cast<double>(count) / cases;
}

Distribution Report(const rc::detail::TestResult& result, int discarded, std::uint64_t seed) {
  Distribution distribution;
  distribution.discarded = discarded;
  const bool failed = !result.is<rc::detail::SuccessResult>();
  if (result.is<rc::detail::FailureResult>())
    distribution.cases = result.get<rc::detail::FailureResult>().numSuccess;
  if (result.is<rc::detail::GaveUpResult>())
    distribution.cases = result.get<rc::detail::GaveUpResult>().numSuccess;
  std::map<std::string, int> labels;
  if (!failed) {
    const auto& success = result.get<rc::detail::SuccessResult>();
    distribution.cases = success.numSuccess;
    for (const auto& [tags, count] : success.distribution)
      for (const std::string& tag : tags) {
        // RapidCheck shows strings in quotes.
        const bool quoted = tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
        distribution.tags.push_back({quoted ? tag.substr(1, tag.size() - 2) : tag, count});
        labels[distribution.tags.back().first] += count;
      }
  }
  auto line = Line();
  line["seed"] = seed;
  line["cases"] = distribution.cases;
  line["discarded"] = discarded;
  line["failed"] = failed;
  line["distribution"] = labels;
  Print(line);
  if (failed) {
    std::ostringstream message;
    rc::detail::printResultMessage(result, message);
    ADD_FAILURE() << message.str() << "\nRC_PARAMS=\"seed=" << seed << "\" repeats it.";
  }
  return distribution;
}

void ReportLabels(const std::map<std::string, int>& labels) {
  auto line = Line();
  line["distribution"] = labels;
  Print(line);
}

}  // namespace blindlend::test
