// How every benchmark here is registered and run.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "bench/fixture.h"

namespace blindlend::bench {

/// One operation on one exchange; false if it failed, which ends the benchmark as an error.
using Operation = std::function<bool(const Fixture&, const Exchange&)>;

/// Registers "name/bits", which runs over the exchanges in turn. The fixture is made when the benchmark
/// first runs, so that a filter for one length does not pay for the others.
inline void Register(const std::string& name, long bits, Operation operation) {
  benchmark::RegisterBenchmark(
      (name + "/" + std::to_string(bits)).c_str(),
      // next goes on from repetition to repetition: few iterations would never reach the last ones.
      [bits, operation = std::move(operation),
       next = std::size_t{0}](benchmark::State& state) mutable {
        const Fixture& at = At(bits);
        for (auto _ : state) {
          if (!operation(at, at.exchanges[next])) {
            state.SkipWithError("the operation failed");
            return;
          }
          next = (next + 1) % at.exchanges.size();
        }
      })
      ->Unit(benchmark::kMicrosecond);
}

/// Keeps the compiler from leaving out what made value.
template <class T>
bool Done(const T& value) {
  benchmark::DoNotOptimize(&value);
  benchmark::ClobberMemory();
  return true;
}

}  // namespace blindlend::bench
