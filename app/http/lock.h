// What a process that serves takes for itself.
#pragma once

#include "app/store/files.h"

namespace blindlend {

/// Holds DIRECTORY/NAME.lock until it is destroyed or the process dies.
class DirectoryLock {
 public:
  /// Stops with kExitUnusable: somebody else holds it, or it cannot be made.
  static std::expected<DirectoryLock, Stop> Take(const std::string& directory,
                                                 const std::string& name);
  /// Keeps others from taking it, and is one of any number who do. Where it has never been taken there is
  /// nothing to hold. Stops as Take.
  static std::expected<DirectoryLock, Stop> Share(const std::string& directory,
                                                  const std::string& name);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  static std::expected<DirectoryLock, Stop> Hold(const std::string& path, int flags, int how);
  int file_;
};

/// As many open files as the system lets this process have.
void RaiseFileLimit();

}  // namespace blindlend
