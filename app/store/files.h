// Files of the command line: reading within bounds, writing whole or not at all.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "ref/encoding.h"

namespace blindlend {

/// Exit status: an algorithm refused something well-formed.
constexpr int kExitRefused = 1;
/// Exit status: usage, or a file that cannot be read or written or is not what it should be.
constexpr int kExitUnusable = 2;

/// Exit status: not now, but perhaps later.
constexpr int kExitLater = 3;

/// Why a command ended without doing its work.
struct Stop {
  /// kExitRefused or kExitUnusable.
  int status;
  /// What stderr says behind "blindlend: ". Never holds a secret.
  std::string line;
  /// With kExitRefused: the label of the step, and what is known beyond it (may be empty).
  std::string step, detail;
};

/// "blindlend: " and line on stderr: one line, whatever is in the file names that it speaks of.
void Complain(std::string line);

/// A Stop with kExitUnusable: what is wrong with a file.
std::unexpected<Stop> Unusable(const std::string& path, const std::string& reason);

/// What a file to be read may hold.
struct Kind {
  /// For messages; with objects the label of their textual form.
  std::string_view name;
  /// The largest file of this kind, in bytes.
  std::size_t max_size;
  bool may_be_empty = false;
  /// Whether others should not be able to read it.
  bool secret = false;
};

/// What was read of a file: all of it, or the first bytes of one that is too large.
struct Content {
  Bytes bytes;
  bool whole;
};

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() { Close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool Close();

 private:
  int fd_;
};

/// The directory that a path is in, opened; its fd is negative, with errno, where that fails.
File OpenDirectoryOf(const std::string& path);

/// Makes the names in a directory durable. false, with errno, if that cannot be done.
bool SyncDirectory(const File& directory);

/// A regular file, no more of it than its kind may be. Complains if a secret is readable by others.
/// Stops with kExitUnusable: not there, not regular, empty, cannot be read.
std::expected<Content, Stop> ReadStart(const std::string& path, const Kind& kind);

/// The same, where nothing but the size shows what does not belong.
/// Stops with kExitUnusable: also where the file is larger than its kind may be.
std::expected<Bytes, Stop> ReadFile(const std::string& path, const Kind& kind);

/// A Stop with kExitUnusable: the file is larger than its kind may be.
std::unexpected<Stop> TooLarge(const std::string& path, const Kind& kind);

/// Where something will be written.
struct Target {
  std::string path;
  /// Mode 0600, and never in the place of another file without force.
  bool secret = false;
  /// Mode 0600, and may be written anew.
  bool is_private = false;
};

/// What will be written there.
struct Output {
  Target target;
  Bytes content;
};

/// Whether the targets can be meant: to be asked before any work is done.
/// Stops with kExitUnusable: a target is an input or another target, is there and not a regular file, is a
/// database or named as what one keeps beside itself, or is a secret that is there while force is false.
std::expected<void, Stop> CheckTargets(const std::vector<std::string>& inputs,
                                       const std::vector<Target>& targets, bool force);

/// Writes all outputs or none. All are written aside and made durable first; then each takes its
/// place, in the given order, one durable before the next appears.
/// Stops with kExitUnusable: something cannot be written, or a secret is there while force is false.
std::expected<void, Stop> WriteAll(const std::vector<Output>& outputs, bool force);

}  // namespace blindlend
