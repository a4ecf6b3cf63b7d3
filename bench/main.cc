// blindlend_bench: Google Benchmark's own options, or --self-test alone. Nothing is measured before the
// peer has shown that it computes the same protocol.
#include <benchmark/benchmark.h>
#include <sodium.h>

#include <iostream>
#include <string_view>

#include "bench/context.h"
#include "bench/fixture.h"
#include "bench/issuance.h"
#include "bench/primitives.h"
#include "bench/protocol.h"
#include "bench/self_test.h"

int main(int argc, char** argv) {
  using namespace blindlend::bench;
  if (sodium_init() < 0) {
    std::cerr << "blindlend_bench: libsodium did not start\n";
    return 2;
  }
  const bool only_self_test = argc == 2 && std::string_view(argv[1]) == "--self-test";
  if (!only_self_test) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  }
  for (const long bits : kLengths)
    if (const auto ok = PeerInteroperates(bits); !ok) {
      std::cerr << "blindlend_bench: the peer differs from ref/: " << ok.error() << '\n';
      return 1;
    }
  if (only_self_test) {
    std::cout << "ref/ and its peer interoperate at 2048, 3072 and 4096 bits\n";
    return 0;
  }
  AddContext();
  for (const long bits : kLengths) {
    RegisterProtocol(bits);
    RegisterPrimitives(bits);
    RegisterIssuance(bits);
  }
  const bool any = benchmark::RunSpecifiedBenchmarks() > 0;
  benchmark::Shutdown();
  return any ? 0 : 2;  // no name matches the filter: Google Benchmark has said so
}
