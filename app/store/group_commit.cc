#include "group_commit.h"

namespace blindlend {

namespace {

constexpr std::chrono::microseconds kQuickCommit{500};

/// The same failure for one more thread. If they shared one, who frees it would rest on libstdc++'s count,
/// which ThreadSanitizer does not see.
std::exception_ptr Again(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const StoreError& error) {
    return std::make_exception_ptr(error);
  } catch (...) {
    // Of a kind that nobody here reads.
  }
  return failure;
}

}  // namespace

void GroupCommit::Run(const std::function<void()>& work) {
  Pending mine;
  mine.work = &work;
  std::unique_lock lock(mutex_);
  waiting_.push_back(&mine);
  arrived_.notify_one();
  if (writing_) mine.changed.wait(lock, [&mine] { return mine.done || mine.leads; });
  if (!mine.done) {
    // Nobody writes: this thread does, for all who wait.
    writing_ = true;
    arrived_.wait_until(lock, until_, [this] { return waiting_.size() >= expected_; });
    lock.unlock();
    const Clock::time_point begin = Clock::now();
    std::vector<Pending*> group;
    const std::exception_ptr failure = RunAll(group);
    const Clock::time_point end = Clock::now();
    lock.lock();
    expected_ = group.size() + waiting_.size();
    // Where a commit is quick, to wait for it costs more than it brings.
    until_ = end - begin < kQuickCommit ? end : end + (end - begin) / 4;
    Tell(group, failure);
    // Whatever stopped this thread, nobody must wait for ever: also not who could not be taken along.
    if (failure) Tell(waiting_, failure);
    if (failure) waiting_.clear();
    LetNextWrite();
  }
  if (mine.failure) std::rethrow_exception(mine.failure);
}

void GroupCommit::Tell(const std::vector<Pending*>& group, const std::exception_ptr& failure) {
  for (Pending* const each : group) {
    each->failure = Again(failure);
    each->done = true;
    each->changed.notify_one();
  }
}

/// One of those who came meanwhile goes on, and only that one wakes.
void GroupCommit::LetNextWrite() {
  std::vector<Pending*>& next = alone_.empty() ? waiting_ : alone_;
  writing_ = !next.empty();
  if (!writing_) return;
  next.front()->leads = true;
  next.front()->changed.notify_one();
}

void GroupCommit::Alone(const std::function<void()>& work) {
  Pending mine;
  std::unique_lock lock(mutex_);
  if (writing_) {
    alone_.push_back(&mine);
    mine.changed.wait(lock, [&mine] { return mine.leads; });
    alone_.erase(alone_.begin());
  }
  writing_ = true;
  lock.unlock();
  std::exception_ptr failure;
  try {
    work();
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  LetNextWrite();
  if (failure) std::rethrow_exception(failure);
}

std::exception_ptr GroupCommit::RunAll(std::vector<Pending*>& group) {
  std::size_t begun = 0;
  const auto anybody = [&] {
    const std::lock_guard lock(mutex_);
    group.insert(group.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
    return begun < group.size();
  };
  try {
    Transaction transaction(database_);
    // Those who come while others' work is done are taken along too. Each thread comes once.
    while (anybody())
      while (begun < group.size()) (*group[begun++]->work)();
    transaction.Commit();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

}  // namespace blindlend
