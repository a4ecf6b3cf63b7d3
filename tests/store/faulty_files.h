// SQLite's files under observation: which are written and synced when, and failures at will.
#pragma once

#include <string>
#include <vector>

namespace blindlend::test {

/// From now on every database is opened through what FaultyFiles looks at, and nothing waits for the
/// disk.
void ObserveFiles();

/// What happens to the files as long as it lives. One at a time.
class FaultyFiles {
 public:
  FaultyFiles();
  ~FaultyFiles();
  FaultyFiles(const FaultyFiles&) = delete;
  FaultyFiles& operator=(const FaultyFiles&) = delete;

  /// From now on the operation number `at` (from 1) that changes a file fails as on a full disk; with
  /// for_good, all after it too, as if the process or the disk died there. 0: none.
  void FailAt(int at, bool for_good);

  /// How many operations have changed files since FailAt.
  int operations() const;

  /// Whether one has failed since FailAt.
  bool has_failed() const;

  /// The files that hold something that was written and not synced since, by the end of their names.
  std::vector<std::string> Unsynced() const;
};

}  // namespace blindlend::test
