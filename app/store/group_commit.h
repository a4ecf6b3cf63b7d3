// One transaction for several threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "app/store/database.h"

namespace blindlend {

/// Transactions of several threads as one, so that many of them share one fsync: whoever comes while
/// another one writes is taken along by the next. Under load the next waits a moment, a quarter of a
/// commit at most, for those whose commit has just ended: they would come back just too late for it.
class GroupCommit {
 public:
  explicit GroupCommit(Database& database) : database_(database) {}

  /// Runs work in a transaction, and returns when it is durable. Throws what one of the group's works or
  /// the database throws, then nothing of the whole group has happened.
  void Run(const std::function<void()>& work);

  /// Runs work, which is no transaction, while none is open: as soon as the one that is has ended, before
  /// those who wait. Throws what it throws.
  void Alone(const std::function<void()>& work);

 private:
  struct Pending {
    const std::function<void()>* work = nullptr;
    std::exception_ptr failure;
    bool done = false, leads = false;
    std::condition_variable changed;
  };
  std::exception_ptr RunAll(std::vector<Pending*>& group);
  static void Tell(const std::vector<Pending*>& group, const std::exception_ptr& failure);
  void LetNextWrite();
  using Clock = std::chrono::steady_clock;

  Database& database_;
  std::mutex mutex_;
  std::vector<Pending*> waiting_, alone_;
  bool writing_ = false;
  /// Of the last commit: how many there were, with those who came meanwhile, and until when the next
  /// waits for as many.
  std::size_t expected_ = 0;
  Clock::time_point until_;
  std::condition_variable arrived_;
};

}  // namespace blindlend
