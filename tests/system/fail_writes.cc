// Preloaded into a process (LD_PRELOAD): what it writes to its databases fails while a file is there.
//
// FAIL_WRITES names that file. It says "full": writing fails as on a full disk; or "sync": writing works, and
// what makes it durable fails. Files whose names hold ".db" are meant.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

template <class Function>
Function* Next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// Whether how is what fails now, for this file.
bool Fails(int fd, const char* how) {
  static const char* const path = std::getenv("FAIL_WRITES");
  if (path == nullptr) return false;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 5> said{};
  const bool is_read = read(file, said.data(), 4) == 4;
  close(file);
  std::array<char, 4096> name{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  return is_read && std::strcmp(said.data(), how) == 0 &&
         readlink(link.c_str(), name.data(), name.size() - 1) > 0 &&
         std::strstr(name.data(), ".db") != nullptr;
}

template <class Result, class Real>
Result Try(int fd, const char* how, int error, const Real& real) {
  if (!Fails(fd, how)) return real();
  errno = error;
  return -1;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const real = Next(&write, "write");
  return Try<ssize_t>(fd, "full", ENOSPC, [&] { return real(fd, data, size); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static auto* const real = Next(&pwrite, "pwrite");
  return Try<ssize_t>(fd, "full", ENOSPC, [&] { return real(fd, data, size, offset); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static auto* const real = Next(&pwrite64, "pwrite64");
  return Try<ssize_t>(fd, "full", ENOSPC, [&] { return real(fd, data, size, offset); });
}

int fsync(int fd) {
  static auto* const real = Next(&fsync, "fsync");
  return Try<int>(fd, "sync", EIO, [&] { return real(fd); });
}

int fdatasync(int fd) {
  static auto* const real = Next(&fdatasync, "fdatasync");
  return Try<int>(fd, "sync", EIO, [&] { return real(fd); });
}

}  // extern "C"
