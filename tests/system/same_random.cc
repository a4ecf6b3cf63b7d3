// Preloaded into a process (LD_PRELOAD): its generator is the name in RANDOM_TAPE, so that two runs can
// be compared byte by byte. For tests alone: whoever knows the name knows all that is drawn.
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

/// SplitMix64 (Steele, Lea, Flood 2014), begun with the FNV-1a hash of the tape's name.
std::uint64_t Draw() {
  static std::uint64_t state = [] {
    std::uint64_t hash = 0xcbf29ce484222325;
    const char* const name = std::getenv("RANDOM_TAPE");
    for (const char* at = name == nullptr ? "" : name; *at != '\0'; ++at)
      hash = (hash ^ static_cast<unsigned char>(*at)) * 0x100000001b3;
    return hash;
  }();
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

/// What libsodium asks the system.
extern "C" ssize_t getrandom(void* bytes, size_t size, unsigned) noexcept {
  auto* const out = static_cast<unsigned char*>(bytes);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(Draw());
  return static_cast<ssize_t>(size);
}
