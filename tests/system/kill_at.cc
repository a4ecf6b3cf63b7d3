// Preloaded into a process (LD_PRELOAD): SIGKILL at one chosen moment, so that all can be tried.
//
// KILL_AT=N, from 1: the process ends before its Nth change to a file or directory. A write counts
// twice, whole and half done. What a process has done between two changes is seen by nobody.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <cstdarg>
#include <cstdlib>

namespace {

/// Whether this is the moment.
bool IsNow() {
  static const char* const text = std::getenv("KILL_AT");
  static long left = text == nullptr ? 0 : std::atol(text);
  return left > 0 && --left == 0;
}

void MaybeDie() {
  if (IsNow()) raise(SIGKILL);
}

template <class Function>
Function* Next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// A write whose first half can be all there is of it.
template <class Real>
ssize_t Write(const Real& real, int fd, size_t size) {
  if (fd > 2) {
    MaybeDie();
    if (size > 1 && IsNow()) {
      real(size / 2);
      raise(SIGKILL);
    }
  }
  return real(size);
}

template <class Function>
int Open(Function* real, const char* path, int flags, mode_t mode) {
  if ((flags & (O_CREAT | O_TRUNC)) != 0) MaybeDie();
  return real(path, flags, mode);
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const real = Next(&write, "write");
  return Write([&](size_t count) { return real(fd, data, count); }, fd, size);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static auto* const real = Next(&pwrite, "pwrite");
  return Write([&](size_t count) { return real(fd, data, count, offset); }, fd, size);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static auto* const real = Next(&pwrite64, "pwrite64");
  return Write([&](size_t count) { return real(fd, data, count, offset); }, fd, size);
}

int open(const char* path, int flags, ...) {
  std::va_list more;
  va_start(more, flags);
  const auto mode = static_cast<mode_t>(va_arg(more, unsigned));
  va_end(more);
  static auto* const real = Next(&open, "open");
  return Open(real, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  std::va_list more;
  va_start(more, flags);
  const auto mode = static_cast<mode_t>(va_arg(more, unsigned));
  va_end(more);
  static auto* const real = Next(&open64, "open64");
  return Open(real, path, flags, mode);
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const real = Next(&ftruncate, "ftruncate");
  MaybeDie();
  return real(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept {
  static auto* const real = Next(&ftruncate64, "ftruncate64");
  MaybeDie();
  return real(fd, size);
}

int unlink(const char* path) noexcept {
  static auto* const real = Next(&unlink, "unlink");
  MaybeDie();
  return real(path);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const real = Next(&rename, "rename");
  MaybeDie();
  return real(from, to);
}

int link(const char* from, const char* to) noexcept {
  static auto* const real = Next(&link, "link");
  MaybeDie();
  return real(from, to);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const real = Next(&mkdir, "mkdir");
  MaybeDie();
  return real(path, mode);
}

}  // extern "C"
