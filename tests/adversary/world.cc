#include "tests/adversary/world.h"

#include <sodium.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>

namespace {

constexpr std::int64_t kRunning = -1;
std::atomic<std::int64_t> frozen_at{kRunning};

}  // namespace

// The clock, in the place of the C library's.
extern "C" int clock_gettime(clockid_t id, timespec* out) noexcept {
  const std::int64_t at = frozen_at;
  if (at == kRunning) return static_cast<int>(syscall(SYS_clock_gettime, id, out));
  *out = {at, 0};
  return 0;
}

extern "C" time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

extern "C" int gettimeofday(timeval* out, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *out = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

namespace blindlend::test {

FrozenClock::FrozenClock(std::int64_t seconds) {
  frozen_at = seconds;
}

FrozenClock::~FrozenClock() {
  frozen_at = kRunning;
}

Bytes InProcess(const std::function<Bytes()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    close(ends[0]);
    const Bytes made = work();
    std::size_t written = 0;
    while (written < made.size()) {
      const ssize_t count = write(ends[1], made.data() + written, made.size() - written);
      if (count <= 0) _exit(1);
      written += static_cast<std::size_t>(count);
    }
    _exit(0);
  }
  close(ends[1]);
  Bytes made;
  std::uint8_t block[4096];
  for (ssize_t count = 0; (count = read(ends[0], block, sizeof block)) > 0;)
    made.insert(made.end(), block, block + count);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error("the process failed");
  return made;
}

bool SystemSource(std::span<std::uint8_t> bytes) {
  randombytes_buf(bytes.data(), bytes.size());
  return true;
}

std::size_t Times() {
  const char* times = std::getenv("BLINDLEND_ADVERSARY_TIMES");
  return times ? std::clamp<std::size_t>(std::strtoul(times, nullptr, 10), 1, 10'000) : 1;
}

Bytes SeedFor(std::string_view name) {
  const char* seed = std::getenv("BLINDLEND_ADVERSARY_SEED");
  return SHA256(Join({Prefix(Ascii(seed ? seed : "1")), Ascii(name)}));
}

}  // namespace blindlend::test
