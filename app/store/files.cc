#include "files.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace blindlend {

namespace {

namespace fs = std::filesystem;

/// What the last system call complained about.
std::string SystemError() {
  return std::generic_category().message(errno);
}

std::string Directory(const std::string& path) {
  const fs::path directory = fs::path(path).parent_path();
  return directory.empty() ? "." : directory.string();
}

/// Writes content under a new name beside path, durably, and says which. Leaves nothing on failure.
std::expected<std::string, Stop> WriteAside(const Output& output) {
  // Its length does not depend on the name, which may be as long as names can be.
  std::array<std::uint8_t, 8> random;
  randombytes_buf(random.data(), random.size());
  std::array<char, 2 * random.size() + 1> hex;
  sodium_bin2hex(hex.data(), hex.size(), random.data(), random.size());
  const std::string& path = output.target.path;
  const std::string aside = Directory(path) + "/.blindlend-" + hex.data() + ".tmp";

  File file(open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                 output.target.secret || output.target.is_private ? 0600 : 0644));
  if (file.fd() < 0) return Unusable(path, "cannot be written: " + SystemError());
  View rest = output.content;
  bool written = true;
  while (written && !rest.empty()) {
    const ssize_t count = write(file.fd(), rest.data(), rest.size());
    if (count >= 0) rest = rest.subspan(static_cast<std::size_t>(count));
    written = count >= 0 || errno == EINTR;
  }
  if (!written || fsync(file.fd()) != 0 || !file.Close()) {
    const std::string error = SystemError();
    unlink(aside.c_str());
    return Unusable(path, "cannot be written: " + error);
  }
  return aside;
}

/// Gives what was written aside its name, durably. false, with errno, if that cannot be done.
bool PutInPlace(const std::string& aside, const Target& target, bool force) {
  if (target.secret && !force) {
    // Unlike rename, link fails if something appeared there since CheckTargets looked.
    if (link(aside.c_str(), target.path.c_str()) != 0) return false;
    unlink(aside.c_str());
  } else if (rename(aside.c_str(), target.path.c_str()) != 0) {
    return false;
  }
  return SyncDirectory(OpenDirectoryOf(target.path));
}

/// Whether two paths lead, or would lead, to the same file.
bool Same(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error) && !error) return true;
  const fs::path full_a = fs::weakly_canonical(fs::absolute(a, error), error);
  if (error) return a == b;
  const fs::path full_b = fs::weakly_canonical(fs::absolute(b, error), error);
  return error ? a == b : full_a == full_b;
}

/// Whether a file begins as those of SQLite do.
bool IsDatabase(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::array<char, 16> begin{};
  return file.fd() >= 0 && read(file.fd(), begin.data(), begin.size()) > 0 &&
         std::string_view(begin.data(), begin.size()) == std::string_view("SQLite format 3", 16);
}

/// Whether a path, by its name, is what a database keeps beside itself, or a lender's mark, whether or not
/// it is there now.
bool IsBesideDatabase(const std::string& path) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"-wal", ""}, {"-shm", ""}, {"-journal", ""}, {".new", ""}, {".mark", ".db"}};
  for (const auto& [end, of] : kNames)
    if (path.ends_with(end) &&
        IsDatabase(path.substr(0, path.size() - end.size()) + std::string(of)))
      return true;
  return false;
}

}  // namespace

bool File::Close() {
  const int fd = fd_;
  fd_ = -1;
  return fd < 0 || close(fd) == 0;
}

File OpenDirectoryOf(const std::string& path) {
  return File(open(Directory(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool SyncDirectory(const File& directory) {
  // Some file systems know no fsync of a directory.
  return directory.fd() >= 0 && (fsync(directory.fd()) == 0 || errno == EINVAL);
}

void Complain(std::string line) {
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  std::fprintf(stderr, "blindlend: %s\n", line.c_str());
}

std::unexpected<Stop> Unusable(const std::string& path, const std::string& reason) {
  return std::unexpected(Stop{kExitUnusable, path + ": " + reason, "", ""});
}

std::unexpected<Stop> TooLarge(const std::string& path, const Kind& kind) {
  return Unusable(path, "is larger than any " + std::string(kind.name) + " (" +
                            std::to_string(kind.max_size) + " bytes)");
}

std::expected<Content, Stop> ReadStart(const std::string& path, const Kind& kind) {
  // O_NONBLOCK: opening a FIFO would wait for a writer.
  const File file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status;
  if (file.fd() < 0 || fstat(file.fd(), &status) != 0)
    return Unusable(path, "cannot be read: " + SystemError());
  if (S_ISDIR(status.st_mode)) return Unusable(path, "is a directory");
  if (!S_ISREG(status.st_mode)) return Unusable(path, "is not a regular file");
  if (status.st_size == 0 && !kind.may_be_empty) return Unusable(path, "is empty");
  const auto size = static_cast<std::size_t>(status.st_size);
  Bytes bytes(std::min(size, kind.max_size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = read(file.fd(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unusable(path, "cannot be read: " + SystemError());
    if (count == 0) return Unusable(path, "became shorter while it was read");
    filled += static_cast<std::size_t>(count);
  }
  if (kind.secret && (status.st_mode & 0077) != 0)
    Complain("warning: " + path + ": others may read it (chmod 600 ends that)");
  return Content{std::move(bytes), size <= kind.max_size};
}

std::expected<Bytes, Stop> ReadFile(const std::string& path, const Kind& kind) {
  auto content = ReadStart(path, kind);
  if (!content) return std::unexpected(content.error());
  if (!content->whole) return TooLarge(path, kind);
  return std::move(content->bytes);
}

std::expected<void, Stop> CheckTargets(const std::vector<std::string>& inputs,
                                       const std::vector<Target>& targets, bool force) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::string& path = targets[i].path;
    for (const std::string& input : inputs)
      if (Same(path, input)) return Unusable(path, "is both input and output");
    for (std::size_t j = 0; j < i; ++j)
      if (Same(path, targets[j].path)) return Unusable(path, "is two outputs at once");
    if (IsBesideDatabase(path))
      return Unusable(path, "belongs to a database, and is never written");
    struct stat status;
    if (lstat(path.c_str(), &status) != 0) continue;
    if (!S_ISREG(status.st_mode)) return Unusable(path, "is there and not a regular file");
    if (IsDatabase(path)) return Unusable(path, "is a database, and never overwritten");
    if (targets[i].secret && !force)
      return Unusable(path, "is a secret that exists already (--force overwrites it)");
  }
  return {};
}

std::expected<void, Stop> WriteAll(const std::vector<Output>& outputs, bool force) {
  std::vector<std::string> asides;
  const auto remove_asides = [&asides] {
    for (const std::string& aside : asides) unlink(aside.c_str());
  };
  for (const Output& output : outputs) {
    const auto aside = WriteAside(output);
    if (!aside) {
      remove_asides();
      return std::unexpected(aside.error());
    }
    asides.push_back(*aside);
  }
  std::vector<std::string> placed;  // those that replaced nothing, so can be taken back
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Target& target = outputs[i].target;
    struct stat status;
    const bool is_new = lstat(target.path.c_str(), &status) != 0;
    if (!PutInPlace(asides[i], target, force)) {
      const std::string error = SystemError();
      remove_asides();
      for (const std::string& path : placed) unlink(path.c_str());
      return Unusable(target.path, "cannot be written: " + error);
    }
    if (is_new) placed.push_back(target.path);
  }
  return {};
}

}  // namespace blindlend
