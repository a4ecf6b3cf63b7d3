// Wipe.1 of spec chapter 1-encoding, seen from outside: this program's own operator delete looks at
// the memory that it is given back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "ref/encoding.h"

namespace {

constexpr std::size_t kSize = 100'000;  // a size that nothing else here uses
bool watching = false;
int given_back = 0;
int not_zero = 0;

void GiveBack(void* memory, std::size_t size) {
  if (watching && size == kSize) {
    ++given_back;
    const auto* const bytes = static_cast<const std::uint8_t*>(memory);
    if (std::any_of(bytes, bytes + size, [](std::uint8_t byte) { return byte != 0; })) ++not_zero;
  }
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t size) noexcept {
  GiveBack(memory, size);
}

namespace {

// A Bytes, and everything that is made from one by copying, moving and assigning.
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

}  // namespace
