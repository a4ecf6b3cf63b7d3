// What the benchmarks of the databases share.
#pragma once

#include <cstdlib>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/store/files.h"

namespace blindlend::bench {

/// A time within every epoch that is made here.
constexpr std::uint64_t kStoreTime = 1'800'000'000;
/// Under keys of this length.
constexpr long kStoreBits = 3072;

/// What is measured: time, or the time that this process computes, which others do not prolong.
enum class Clock { kReal, kCpu };

/// Where databases lie: on a disk, and in memory, where durability costs nothing and work shows.
struct Medium {
  std::string name;
  Clock clock;
  /// Of this process, which clears it away when it ends.
  std::filesystem::path folder;
};

/// "disk" is BLINDLEND_BENCH_DIR or the working directory; "memory" is /dev/shm, and left out where
/// there is none.
const std::vector<Medium>& Media();

/// The environment variable's number, or otherwise. Ends the program if it is no positive number.
std::int64_t NumberFrom(const char* variable, std::int64_t otherwise);

/// Ends the program, and clears away.
[[noreturn]] void Die(const std::string& reason);

/// The value, or the end of the program: a benchmark of a failure says nothing.
template <class T>
T Must(std::expected<T, Stop> result) {
  if (!result) Die(result.error().line);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Seconds that work takes.
double Seconds(Clock clock, const std::function<void()>& work);

/// The whole of main: Google Benchmark's options, then what register_all registers.
int RunBenchmarks(int argc, char** argv, const std::function<void()>& register_all);

}  // namespace blindlend::bench
