// The world around a client, as an experiment turns it: the clock stands still, processes are born.
#pragma once

#include <cstdint>
#include <functional>

#include "ref/encoding.h"

namespace blindlend::test {

/// While it lives, this process's clock stands still at so many seconds since 1970: time, gettimeofday,
/// clock_gettime and what is built on them.
class FrozenClock {
 public:
  explicit FrozenClock(std::int64_t seconds);
  ~FrozenClock();
  FrozenClock(const FrozenClock&) = delete;
  FrozenClock& operator=(const FrozenClock&) = delete;
};

/// What work returns in a process of its own. Throws std::runtime_error if that process fails.
Bytes InProcess(const std::function<Bytes()>& work);

/// Endless, from the operating system: what a client really has.
bool SystemSource(std::span<std::uint8_t> bytes);

/// How many times as much an experiment does as by default: BLINDLEND_ADVERSARY_TIMES, 1 to 10,000.
std::size_t Times();

/// A tape for an experiment: endless, from BLINDLEND_ADVERSARY_SEED (default 1) and a name.
Bytes SeedFor(std::string_view name);

}  // namespace blindlend::test
