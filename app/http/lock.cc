#include "lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace blindlend {

namespace {

std::string PathOf(const std::string& directory, const std::string& name) {
  return directory + "/" + name + ".lock";
}

}  // namespace

std::expected<DirectoryLock, Stop> DirectoryLock::Hold(const std::string& path, int flags,
                                                       int how) {
  const int file = open(path.c_str(), flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0 && errno == ENOENT && (flags & O_CREAT) == 0) return DirectoryLock(-1);
  if (file < 0) return Unusable(path, std::string("cannot be opened: ") + std::strerror(errno));
  DirectoryLock lock(file);
  if (flock(file, how | LOCK_NB) != 0)
    return Unusable(path, errno == EWOULDBLOCK ? "is held: another process serves here"
                                               : std::string("cannot be locked"));
  return lock;
}

std::expected<DirectoryLock, Stop> DirectoryLock::Take(const std::string& directory,
                                                       const std::string& name) {
  return Hold(PathOf(directory, name), O_CREAT, LOCK_EX);
}

std::expected<DirectoryLock, Stop> DirectoryLock::Share(const std::string& directory,
                                                        const std::string& name) {
  return Hold(PathOf(directory, name), 0, LOCK_SH);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) close(file_);
}

void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace blindlend
