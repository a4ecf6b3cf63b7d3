// Wipe.1 of spec chapter 1-encoding, seen from outside: this program's own operator delete looks at
// the memory that it is given back. And what else shows only there: what is written behind a byte string's end, and
// how much is asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>

#include "ref/encoding.h"
#include "ref/epoch.h"
#include "ref/fdh.h"

namespace {

constexpr std::size_t kSize = 100'000;  // a size that nothing else here uses
bool watching = false;
int given_back = 0;
int not_zero = 0;

constexpr std::size_t kGuard = 16;  // bytes behind every piece
constexpr std::uint8_t kUntouched = 0xe7;
int checked = 0;
int overrun = 0;
std::size_t most = std::numeric_limits<std::size_t>::max() - kGuard;  // of one piece

void GiveBack(void* memory, std::size_t size) {
  const auto* const guard = static_cast<const std::uint8_t*>(memory) + size;
  ++checked;
  if (std::any_of(guard, guard + kGuard, [](std::uint8_t byte) { return byte != kUntouched; }))
    ++overrun;
  if (watching && size == kSize) {
    ++given_back;
    const auto* const bytes = static_cast<const std::uint8_t*>(memory);
    if (std::any_of(bytes, bytes + size, [](std::uint8_t byte) { return byte != 0; })) ++not_zero;
  }
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = size > most ? nullptr : std::malloc(size + kGuard);
  if (memory == nullptr) throw std::bad_alloc();
  std::fill_n(static_cast<std::uint8_t*>(memory) + size, kGuard, kUntouched);
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t size) noexcept {
  GiveBack(memory, size);
}

namespace {

// Wipe.1: a Bytes, and everything that is made from one by copying, moving and assigning.
TEST(Wipe, EveryByteStringIsZeroWhenGivenBack) {
  watching = true;
  {
    blindlend::Bytes bytes(kSize, 0xa5);
    blindlend::Bytes copy = bytes;
    blindlend::Bytes assigned(kSize, 0x5a);
    assigned = std::move(copy);
    bytes.clear();
  }
  watching = false;
  EXPECT_EQ(given_back, 3);
  EXPECT_EQ(not_zero, 0);
}

// The test itself can fail: a plain vector is given back with what it held.
TEST(Wipe, APlainVectorIsNot) {
  not_zero = 0;
  watching = true;
  {
    const std::vector<std::uint8_t> bytes(kSize, 0xa5);
  }
  watching = false;
  EXPECT_EQ(not_zero, 1);
}

// PublicOf.1 and Seal.1: libsodium writes 32 and 64 bytes, and the strings have room for them.
TEST(Memory, NothingIsWrittenBehindTheEnd) {
  checked = overrun = 0;
  const blindlend::Bytes seed(32, 7), body(5, 1);
  EXPECT_EQ(blindlend::PublicOf(seed).size(), 32u);
  EXPECT_EQ(blindlend::Seal(seed, "tag", body).size(), 69u);
  EXPECT_GT(checked, 4);
  EXPECT_EQ(overrun, 0);
}

// The test itself can fail.
TEST(Memory, AByteBehindTheEndIsSeen) {
  overrun = 0;
  volatile std::size_t size = 31;  // the compiler does not see that the byte is not in the piece
  auto* const bytes = static_cast<std::uint8_t*>(operator new(size));
  bytes[size] = 0;
  operator delete(bytes, size);
  EXPECT_EQ(overrun, 1);
  overrun = 0;
}

// MGF1.1: the longest masks are not refused; that there is no room for them is found later.
TEST(Memory, TheLongestMasksAreTried) {
  const blindlend::Bytes seed(32, 7);
  const std::uint64_t longest = std::uint64_t{1} << 37;
  EXPECT_EQ(blindlend::MGF1(seed, longest + 1).error().step, "MGF1.1");
  const std::size_t before = most;
  most = 1 << 16;
  for (const std::uint64_t len : {longest, longest - 1, longest - 32, longest / 32 * 31 + 1,
                                  longest / 2 + 1, (std::uint64_t{1} << 32) + 33})
    EXPECT_THROW((void)blindlend::MGF1(seed, len), std::bad_alloc) << len;
  most = before;
}

}  // namespace
