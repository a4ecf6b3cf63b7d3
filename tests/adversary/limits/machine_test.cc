// Limits of the arithmetic on a real machine: its time and its memory.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/support/support.h"

namespace blindlend::test {
namespace {

/// The least time of many runs: what a machine that is busy with other things adds is not in it.
template <class Work>
double LeastSeconds(const Work& work) {
  double least = 1e9;
  for (int i = 0; i < 60; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    least = std::min(
        least, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return least;
}

// Limit.NotConstantTime: ModInverse, which every unblinding goes through with r, divides as often
// as Euclid's algorithm does for its argument: some 1,200 times for most r of 2048 bits, half as
// often for r of half the length, once for 2. The order of the times shows it, with a factor of 1.3
// where the work differs by 2 and of 5 where it differs by more than 100.
TEST(Limits, NotConstantTime) {
  const PublicKey& pk = Key(2048);
  Tape tape = TapeFrom(1);
  const ZZ r = DrawUnit(pk.n, tape.Source()).value();
  const ZZ half = NTL::RightShift(r, 1024) + 1;
  ASSERT_TRUE(ModInverse(half, pk.n).has_value());
  const auto seconds = [&](const ZZ& a) {
    return LeastSeconds([&] { (void)ModInverse(a, pk.n); });
  };
  const double whole = seconds(r), shorter = seconds(half), shortest = seconds(ZZ{2});
  EXPECT_GT(whole, 1.3 * shorter);
  EXPECT_GT(whole, 5 * shortest);
}

/// Four words of a secret that are nowhere in memory as they are: each has its bits turned over.
struct Masked {
  std::array<std::uint64_t, 4> words;

  /// bytes: 32; reversed: the other way round.
  Masked(std::span<const std::uint8_t, 32> bytes, bool reversed) {
    std::array<std::uint8_t, 32> turned{};
    for (std::size_t i = 0; i < 32; ++i)
      turned.at(reversed ? 31 - i : i) = static_cast<std::uint8_t>(~bytes[i]);
    std::memcpy(words.data(), turned.data(), 32);
  }

  /// Whether they begin at text[at], which has room for them.
  bool IsAt(const std::vector<std::uint64_t>& text, std::size_t at) const {
    for (std::size_t i = 0; i < 4; ++i)
      if (~text[at + i] != words.at(i)) return false;
    return true;
  }
};

/// How often each of these is in the process's own memory, as a debugger reads it; nothing where
/// the system does not let it be read. A copy in the reader's own buffer can add to what was found,
/// never make a finding. Looked for at addresses that eight divides, where the limbs are.
std::optional<std::vector<int>> InMemory(const std::vector<Masked>& wanted) {
  const int memory = open("/proc/self/mem", O_RDONLY);
  std::ifstream maps("/proc/self/maps");
  if (memory < 0 || !maps) return std::nullopt;
  std::vector<int> found(wanted.size());
  std::vector<std::uint64_t> buffer(1 << 13);
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uint64_t from = 0, until = 0;
    char dash = 0;
    std::string mode;
    words >> std::hex >> from >> dash >> until >> mode;
    // A sanitizer's shadow is larger than any memory.
    if (!mode.starts_with("rw") || until - from > (1u << 28)) continue;
    for (std::uint64_t at = from; at < until; at += (buffer.size() - 4) * 8) {
      const std::uint64_t size = std::min<std::uint64_t>(buffer.size() * 8, until - at);
      const ssize_t got = pread(memory, buffer.data(), size, static_cast<off_t>(at));
      if (got < 32) break;
      for (std::size_t i = 0; i < wanted.size(); ++i)
        for (std::size_t k = 0; k + 4 <= static_cast<std::size_t>(got) / 8; ++k)
          found[i] += wanted[i].IsAt(buffer, k) ? 1 : 0;
    }
  }
  close(memory);
  return found;
}

// Limit.NotWiped: a session is over and all that it made is gone. Its r is still in the memory that
// was given back, as the integer's limbs; as a byte string, which ref/ wipes, it is not.
TEST(Limits, NotWiped) {
  const PublicKey& pk = Key(2048);
  const Bytes n = I2OSP(pk.n, 256).value();
  // A tape that begins with an r that is taken: below n, and a unit but for a chance of 2^-1000.
  std::uint64_t seed = 1000;  // a tape of no other test
  std::vector<Masked> wanted;
  for (; wanted.empty(); ++seed) {
    Tape tape = TapeFrom(seed + 1);
    Bytes r(256);
    ASSERT_TRUE(tape.Source()(r));
    if (!std::ranges::lexicographical_compare(r, n)) continue;
    const auto middle = View(r).subspan<96, 32>();
    wanted.emplace_back(middle, false);
    wanted.emplace_back(middle, true);  // limbs: the low end first
  }
  const auto before = InMemory(wanted);
  if (!before) GTEST_SKIP() << "this system does not let a process read its own memory: not shown";
  EXPECT_EQ(*before, (std::vector<int>{0, 0})) << "it is nowhere yet";
  {
    Tape tape = TapeFrom(seed);
    ASSERT_TRUE(Blind(pk, Ascii("message"), tape.Source()).has_value());
  }
  const auto found = InMemory(wanted);
  EXPECT_EQ((*found)[0], 0) << "as bytes";
  EXPECT_GE((*found)[1], 1) << "as an integer";
}

}  // namespace
}  // namespace blindlend::test
