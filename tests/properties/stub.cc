// What run_test.py plants: properties that hold, that fail for few seeds, and that stop.
#include <cstdlib>

#include "tests/support/property.h"

namespace blindlend::test {
namespace {

TEST(Stub, Holds) {
  const auto distribution = CheckProperty([](std::uint8_t x) {
    RC_PRE(x % 5 != 4);
    RC_TAG(x % 2 == 0 ? "even" : "odd, or so");
    RC_CLASSIFY(x < 10, "small");
  });
  EXPECT_GE(distribution.Share("even"), 0.05);
}

// One shard in five: 100 cases, each with probability 1/450.
TEST(Stub, FailsForFewSeeds) {
  CheckProperty([] {
    const auto x = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, 450 * 1000));
    RC_ASSERT(x < 449 * 1000);
  });
}

TEST(Stub, Stops) {
  CheckProperty([] { std::abort(); });
}

// RapidCheck gives up on a property that passes over nearly all of its cases.
TEST(Stub, IsVacuous) {
  CheckProperty([](std::uint64_t x) { RC_PRE(x % 1000003 == 5); });
}

TEST(Stub, NoProperty) {}

}  // namespace
}  // namespace blindlend::test
