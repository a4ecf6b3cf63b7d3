#include "bench/context.h"

#include <NTL/version.h>
#include <benchmark/benchmark.h>
#include <gmp.h>
#include <openssl/crypto.h>
#include <sodium.h>

#include <fstream>
#include <string>

#include "build_info.h"

namespace blindlend::bench {

namespace {

// Of the first processor: family, model and stepping too, since virtual machines hide the name.
std::string Cpu() {
  std::ifstream info("/proc/cpuinfo");
  std::string cpu;
  for (std::string line; std::getline(info, line) && !line.empty();)
    for (const std::string_view wanted : {"vendor_id", "cpu family", "model", "stepping"})
      if (line.starts_with(wanted)) {
        const auto colon = line.find(": ");
        if (colon != std::string::npos) cpu += (cpu.empty() ? "" : ", ") + line.substr(colon + 2);
        break;
      }
  return cpu.empty() ? "unknown" : cpu;
}

}  // namespace

void AddContext() {
  benchmark::AddCustomContext("compiler", std::string(kCompiler));
  benchmark::AddCustomContext("build_type", std::string(kBuildType));
  benchmark::AddCustomContext("flags", std::string(kFlags));
  benchmark::AddCustomContext("ntl", NTL_VERSION);
  benchmark::AddCustomContext("gmp", gmp_version);
  benchmark::AddCustomContext("openssl", OpenSSL_version(OPENSSL_VERSION));
  benchmark::AddCustomContext("libsodium", sodium_version_string());
  benchmark::AddCustomContext("cpu", Cpu());
}

}  // namespace blindlend::bench
