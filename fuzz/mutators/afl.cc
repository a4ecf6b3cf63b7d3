// The same mutators for AFL++, as a library for AFL_CUSTOM_MUTATOR_LIBRARY: afl-fuzz calls them besides its
// own mutation. Here is also what libFuzzer offers them and AFL++ does not, mutation of some bytes.
#include <algorithm>
#include <array>

#include "fuzz/mutators/mutator.h"

using blindlend::mutators::Bytes;
using blindlend::mutators::Random;

namespace {

struct Mutator {
  Random random;
  Bytes out;
};

Random* the_random = nullptr;  // of the call that is running; afl-fuzz has one thread

}  // namespace

extern "C" {

/// One to four edits: a bit, a byte, a number at the edge of its range, bytes left out, doubled or moved.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  constexpr std::array<std::uint8_t, 8> edges = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, 0x10, 0x40};
  Random& random = *the_random;
  Bytes bytes(data, data + size);
  for (std::size_t edits = 1 + random.Below(4); edits > 0; --edits) {
    const std::size_t kind = bytes.empty() ? 3 : random.Below(6);
    const std::size_t at = bytes.empty() ? 0 : random.Below(bytes.size());
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t length =
        bytes.empty() ? 0 : 1 + random.Below(std::min<std::size_t>(bytes.size() - at, 32));
    const Bytes piece(begin, begin + static_cast<std::ptrdiff_t>(length));
    switch (kind) {
      case 0:
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << random.Below(8));
        break;
      case 1:
        bytes[at] = static_cast<std::uint8_t>(random.Below(256));
        break;
      case 2:
        bytes[at] = edges[random.Below(edges.size())];
        break;
      case 3:
        bytes.insert(begin, static_cast<std::uint8_t>(random.Below(256)));
        break;
      case 4:
        bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
        break;
      default:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(random.Below(bytes.size() + 1)),
                     piece.begin(), piece.end());
    }
  }
  bytes.resize(std::min(bytes.size(), max_size));
  std::ranges::copy(bytes, data);
  return bytes.size();
}

void* afl_custom_init(void* /*afl*/, unsigned int seed) {
  return new Mutator{Random(seed), {}};
}

std::size_t afl_custom_fuzz(void* data, std::uint8_t* buf, std::size_t buf_size,
                            std::uint8_t** out_buf, std::uint8_t* /*add_buf*/,
                            std::size_t /*add_buf_size*/, std::size_t max_size) {
  Mutator& mutator = *static_cast<Mutator*>(data);
  the_random = &mutator.random;
  const Bytes input(buf, buf + buf_size);
  auto mutated = blindlend::mutators::MutatedStructure(input, max_size, mutator.random);
  if (!mutated || mutated->empty() || mutated->size() > max_size)
    mutated = blindlend::mutators::Mutated(input, max_size);
  mutator.out = *mutated;
  mutator.out.reserve(1);  // never null
  *out_buf = mutator.out.data();
  return mutator.out.size();
}

void afl_custom_deinit(void* data) {
  delete static_cast<Mutator*>(data);
}

}  // extern "C"
