#include "bench/database_support.h"

#include <benchmark/benchmark.h>
#include <sodium.h>
#include <sqlite3.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <ctime>

#include "bench/context.h"

namespace blindlend::bench {

namespace fs = std::filesystem;

namespace {

void ClearAway() {
  std::error_code ignored;  // there is nothing else to be done about it
  for (const Medium& medium : Media()) fs::remove_all(medium.folder, ignored);
}

}  // namespace

const std::vector<Medium>& Media() {
  static const std::vector<Medium> media = [] {
    const fs::path own = "blindlend-bench-" + std::to_string(getpid());
    const char* const directory = std::getenv("BLINDLEND_BENCH_DIR");
    std::vector<Medium> made{
        {"disk", Clock::kReal, fs::path(directory != nullptr ? directory : ".") / own}};
    if (fs::exists("/dev/shm")) made.push_back({"memory", Clock::kCpu, "/dev/shm" / own});
    return made;
  }();
  return media;
}

std::int64_t NumberFrom(const char* variable, std::int64_t otherwise) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return otherwise;
  const std::string_view digits = text;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 1)
    Die(std::string(variable) + " is not a positive number");
  return number;
}

void Die(const std::string& reason) {
  std::fprintf(stderr, "benchmark: %s\n", reason.c_str());
  ClearAway();
  std::_Exit(1);  // other threads may wait for this one
}

double Seconds(Clock clock, const std::function<void()>& work) {
  const auto now = [clock] {
    timespec time{};
    clock_gettime(clock == Clock::kReal ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begin = now();
  work();
  return now() - begin;
}

int RunBenchmarks(int argc, char** argv, const std::function<void()>& register_all) {
  if (sodium_init() < 0) return 2;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  AddContext();
  benchmark::AddCustomContext("sqlite", sqlite3_libversion());
  for (const Medium& medium : Media()) {
    std::error_code error;
    fs::create_directories(medium.folder, error);
    if (error) Die(medium.folder.string() + ": " + error.message());
  }
  register_all();
  const bool any = benchmark::RunSpecifiedBenchmarks() > 0;
  benchmark::Shutdown();
  ClearAway();
  return any ? 0 : 2;
}

}  // namespace blindlend::bench
