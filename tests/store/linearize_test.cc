// Many threads on one lender, and many processes on one file: whatever they do to a token at once is as
// if it had been done one after the other.
#include <sys/mman.h>

#include <atomic>
#include <bitset>
#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "app/store/refusal.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

enum class What { kClaim, kSettle, kRelease };
enum class Result {
  kFresh,
  kRetry,
  kBusy,
  kServed,
  kDoubleSpend,
  kOk,
  kNotCurrent,
  kRefunded,
  kOther
};

/// What somebody asked, what came back, and when. Lies in memory that processes share.
struct Operation {
  What what;
  std::size_t token;
  int request;
  bool owner_lives;
  std::array<std::uint8_t, 16> claim_id;
  Result result;
  std::int64_t invoked, returned;
};

std::int64_t Clock() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

// ---- The model, straight from the table of spec 9-redemption ----

struct State {
  enum { kNone, kClaimed, kReleased, kServed } state = kNone;
  int refunds = 0, request = 0;
  std::array<std::uint8_t, 16> claim_id{};
  auto operator<=>(const State&) const = default;
};

/// The state behind the operation, or nothing if it cannot have had its result in this state.
std::optional<State> Apply(const Operation& operation, State state) {
  const auto if_result = [&](Result result) {
    return operation.result == result ? std::optional(state) : std::nullopt;
  };
  const bool is_claimed = state.state == State::kClaimed;
  if (operation.what == What::kClaim) {
    if (state.state == State::kServed) return if_result(Result::kServed);
    if (is_claimed && state.request != operation.request) return if_result(Result::kDoubleSpend);
    if (is_claimed && operation.owner_lives) return if_result(Result::kBusy);
    state = {State::kClaimed, state.refunds, operation.request, operation.claim_id};
    return if_result(is_claimed ? Result::kRetry : Result::kFresh);
  }
  if (!is_claimed || state.claim_id != operation.claim_id) return if_result(Result::kNotCurrent);
  if (operation.what == What::kSettle) {
    state = {State::kServed, state.refunds, 0, {}};
    return if_result(Result::kOk);
  }
  if (state.refunds == 2) return if_result(Result::kRefunded);
  state = {State::kReleased, state.refunds + 1, 0, {}};
  return if_result(Result::kOk);
}

/// Whether the operations of one token can be put into an order that fits their times and their
/// results, and ends in `end`. Searches; where it has been is not searched again.
class Linearization {
 public:
  static constexpr std::size_t kMax = 256;
  using Done = std::bitset<kMax>;

  Linearization(std::vector<Operation> operations, State end)
      : operations_(std::move(operations)), end_(end) {
    std::ranges::sort(operations_, {}, &Operation::invoked);
  }
  bool Exists() { return operations_.size() <= kMax && Search({}, {}); }

 private:
  /// Those that no other one which is to come has ended before.
  std::vector<std::size_t> Next(const Done& done) const {
    std::int64_t first_end = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < operations_.size(); ++i)
      if (!done[i]) first_end = std::min(first_end, operations_[i].returned);
    std::vector<std::size_t> next;
    for (std::size_t i = 0; i < operations_.size() && operations_[i].invoked <= first_end; ++i)
      if (!done[i]) next.push_back(i);
    return next;
  }

  bool Search(Done done, const State& state) {
    // What changes nothing may as well come at once.
    for (bool goes_on = true; goes_on;) {
      goes_on = false;
      for (const std::size_t i : Next(done))
        if (Apply(operations_[i], state) == state) {
          done.set(i);
          goes_on = true;
        }
    }
    if (done.count() == operations_.size()) return state == end_;
    if (!visited_.emplace(done.to_string(), state).second) return false;
    for (const std::size_t i : Next(done))
      if (const auto after = Apply(operations_[i], state)) {
        Done more = done;
        if (Search(more.set(i), *after)) return true;
      }
    return false;
  }

  std::vector<Operation> operations_;
  State end_;
  std::set<std::pair<std::string, State>> visited_;
};

// ---- The histories ----

constexpr std::size_t kMaxOperations = 8192;

/// What all workers have done, in memory that processes share.
struct History {
  std::atomic<std::size_t> reserved, arrived;
  std::array<std::atomic<bool>, kMaxOperations> is_ready;
  std::array<Operation, kMaxOperations> operations;

  void Add(const Operation& operation) {
    const std::size_t at = reserved.fetch_add(1);
    operations.at(at) = operation;
    is_ready[at].store(true, std::memory_order_release);
  }
  /// A claim id that was given for this token: often a late one.
  std::array<std::uint8_t, 16> SomeClaim(std::size_t token, std::mt19937& random) const {
    std::vector<const Operation*> claims;
    for (std::size_t i = 0; i < std::min(reserved.load(), kMaxOperations); ++i) {
      const Operation& each = operations[i];
      if (is_ready[i].load(std::memory_order_acquire) && each.token == token &&
          (each.result == Result::kFresh || each.result == Result::kRetry))
        claims.push_back(&each);
    }
    if (claims.empty()) return {};
    const std::size_t back = random() % 4 == 0 ? random() % claims.size() : 0;
    return claims[claims.size() - 1 - back]->claim_id;
  }
};

struct Unmap {
  void operator()(History* history) const { munmap(history, sizeof(History)); }
};

std::unique_ptr<History, Unmap> NewHistory() {
  void* const memory =
      mmap(nullptr, sizeof(History), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory");
  return std::unique_ptr<History, Unmap>(new (memory) History{});
}

constexpr std::size_t kRounds = 40, kTokens = 2, kPerRound = 8;

std::string RequestOf(int request) {
  return "request " + std::to_string(request);
}

Result ResultOf(const std::expected<Claimed, Stop>& claimed) {
  if (!claimed) return Result::kOther;
  switch (claimed->verdict) {
    case Verdict::kFresh:
      return Result::kFresh;
    case Verdict::kRetry:
      return Result::kRetry;
    case Verdict::kBusy:
      return Result::kBusy;
    case Verdict::kServed:
      return Result::kServed;
    case Verdict::kDoubleSpend:
      return Result::kDoubleSpend;
  }
  return Result::kOther;
}

Result ResultOf(const std::expected<void, Stop>& ended) {
  const std::string outcome = Outcome(ended);
  return outcome == "ok"                                   ? Result::kOk
         : outcome == "Settle.1" || outcome == "Release.1" ? Result::kNotCurrent
         : outcome == "Release.2"                          ? Result::kRefunded
                                                           : Result::kOther;
}

/// What one of so many workers does: in each round a few random things to the few tokens of that round.
/// Every other one is asked for by all workers before any of them is let go, so that they meet however
/// busy the machine is; in between each goes on as fast as it can.
void Work(Lender& lender, History& history, std::size_t worker, std::size_t workers) {
  std::mt19937 random(static_cast<unsigned>(worker));
  const ByteSource source = SourceOf("worker " + std::to_string(worker));
  std::size_t meetings = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < kPerRound; ++i) {
      Operation operation{};
      operation.token = round * kTokens + random() % kTokens;
      operation.request = random() % 4 == 0 ? 1 : 0;
      operation.owner_lives = random() % 2 == 0;
      const auto choice = random() % 16;
      operation.what = choice < 9 ? What::kClaim : choice < 14 ? What::kRelease : What::kSettle;
      if (operation.what != What::kClaim)
        operation.claim_id = history.SomeClaim(operation.token, random);
      const Held& held = HeldToken(0, operation.token);
      const std::string request = RequestOf(operation.request);
      // Also what has been verified before and is only claimed now.
      const Borrow borrow{RequestDigest(held.Id(), Ascii(request)), held.token};
      const Bytes sealed = i % 4 == 0 ? held.Borrow(request) : Bytes{};
      operation.invoked = Clock();
      if (i % 2 == 0) {
        ++history.arrived;
        for (++meetings; history.arrived < meetings * workers;) std::this_thread::yield();
      }
      if (operation.what == What::kClaim) {
        std::expected<Claimed, Stop> claimed;
        if (sealed.empty()) {
          const auto verified = lender.ClaimVerified(borrow, 1, operation.owner_lives, source);
          claimed = verified ? std::expected<Claimed, Stop>(verified->value())
                             : std::unexpected(verified.error());
        } else {
          claimed = lender.Redeem(sealed, Ascii(request), kSpendNow, operation.owner_lives, source);
        }
        operation.returned = Clock();
        operation.result = ResultOf(claimed);
        if (claimed && !claimed->claim_id.empty())
          std::ranges::copy(claimed->claim_id, operation.claim_id.begin());
      } else {
        const auto ended = operation.what == What::kSettle ? lender.Settle(operation.claim_id)
                                                           : lender.Release(operation.claim_id);
        operation.returned = Clock();
        operation.result = ResultOf(ended);
      }
      history.Add(operation);
    }
  }
}

/// The state of a token in the file.
State StoredState(const std::string& path, std::size_t token) {
  State state;
  for (const auto& row : SpentRows(path)) {
    if (row[0] != AsText(HeldToken(0, token).Id())) continue;
    state.state = row[2] == "claimed"    ? State::kClaimed
                  : row[2] == "released" ? State::kReleased
                                         : State::kServed;
    state.refunds = std::stoi(row[3]);
    if (state.state != State::kClaimed) continue;
    for (const int request : {0, 1})
      if (AsText(RequestDigest(HeldToken(0, token).Id(), Ascii(RequestOf(request)))) == row[4])
        state.request = request;
    std::ranges::copy(AsBytes(row[5]), state.claim_id.begin());
  }
  return state;
}

/// Every token's history has an order, and the plain totals hold.
void Check(const History& history, const std::string& path, std::size_t workers) {
  const std::size_t count = history.reserved;
  ASSERT_EQ(count, workers * kRounds * kPerRound);
  std::map<std::size_t, std::vector<Operation>> by_token;
  std::map<Result, int> results;
  std::set<std::array<std::uint8_t, 16>> claim_ids;
  std::size_t overlaps = 0, events = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Operation& each = history.operations[i];
    ++results[each.result];
    events += each.result == Result::kOk ? 1 : 0;
    if (each.result == Result::kFresh || each.result == Result::kRetry) {
      ++events;
      EXPECT_TRUE(claim_ids.insert(each.claim_id).second) << "a claim id twice";
    }
    for (const Operation& other : by_token[each.token])
      if (other.invoked < each.returned && each.invoked < other.returned) ++overlaps;
    by_token[each.token].push_back(each);
  }
  EXPECT_EQ(by_token.size(), kRounds * kTokens);
  for (const auto& [token, operations] : by_token) {
    const auto total = [&](What what, Result result) {
      return std::ranges::count_if(operations, [&](const Operation& each) {
        return each.what == what && each.result == result;
      });
    };
    EXPECT_LE(total(What::kSettle, Result::kOk), 1) << "token " << token;
    EXPECT_LE(total(What::kRelease, Result::kOk), 2) << "token " << token;
    EXPECT_LE(total(What::kClaim, Result::kFresh), 3) << "token " << token;
    EXPECT_TRUE(Linearization(operations, StoredState(path, token)).Exists())
        << "token " << token << ": no order of its " << operations.size() << " operations";
  }
  EXPECT_EQ(Query(path, "SELECT events FROM counter"), (Table{{std::to_string(events)}}));
  // They did meet, at the fewest where the tokens shared them equally, and all kinds of things came of it.
  std::cout << count << " operations, " << overlaps << " pairs at once; results:";
  for (const auto& [result, times] : results)
    std::cout << " " << static_cast<int>(result) << ":" << times;
  std::cout << std::endl;
  const std::size_t meetings = kRounds * kPerRound / 2, each_token = workers / kTokens;
  EXPECT_GE(overlaps, meetings * kTokens * (each_token * (each_token - 1) / 2));
  EXPECT_EQ(results[Result::kOther], 0);
  for (const Result result : {Result::kFresh, Result::kRetry, Result::kBusy, Result::kServed,
                              Result::kDoubleSpend, Result::kOk, Result::kNotCurrent})
    EXPECT_GE(results[result], 1) << static_cast<int>(result);
}

// Claim.SpentOnce, with EightProcesses below: whatever runs at once is as one after the other.
TEST(Linearizable, SixteenThreads) {
  constexpr std::size_t kWorkers = 16;
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  for (std::size_t i = 0; i < kRounds * kTokens; ++i)
    HeldToken(0, i);  // made before they are shared
  const auto history = NewHistory();
  {
    const auto lender = OpenLender(directory / "lender");
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kWorkers; ++i)
      threads.emplace_back([&, i] { Work(*lender, *history, i, kWorkers); });
  }
  Check(*history, directory / "lender/lender.db", kWorkers);
}

TEST(Linearizable, EightProcesses) {
  constexpr std::size_t kWorkers = 8;
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  for (std::size_t i = 0; i < kRounds * kTokens; ++i) HeldToken(0, i);
  const auto history = NewHistory();
  std::vector<std::function<int()>> children;
  for (std::size_t i = 0; i < kWorkers; ++i)
    children.push_back([&, i] {
      const auto lender = OpenLender(directory / "lender");
      Work(*lender, *history, i, kWorkers);
      return 0;
    });
  EXPECT_EQ(InChildren(children), std::vector<int>(kWorkers, 0));
  Check(*history, directory / "lender/lender.db", kWorkers);
}

// The checker sees what has no order, and lets pass what has one.
TEST(Linearizable, TheCheckerSees) {
  const std::array<std::uint8_t, 16> a{1}, b{2};
  const auto claim = [](Result result, int request, bool owner_lives,
                        const std::array<std::uint8_t, 16>& claim_id, std::int64_t from,
                        std::int64_t to) {
    return Operation{What::kClaim, 0, request, owner_lives, claim_id, result, from, to};
  };
  const auto end = [](What what, Result result, const std::array<std::uint8_t, 16>& claim_id,
                      std::int64_t from, std::int64_t to) {
    return Operation{what, 0, 0, false, claim_id, result, from, to};
  };
  const State served{State::kServed, 0, 0, {}}, claimed{State::kClaimed, 0, 0, a};
  const auto exists = [](const std::vector<Operation>& operations, const State& last) {
    return Linearization(operations, last).Exists();
  };
  const Operation fresh = claim(Result::kFresh, 0, true, a, 1, 9);
  EXPECT_TRUE(exists({fresh, claim(Result::kBusy, 0, true, {}, 2, 3)}, claimed));
  EXPECT_FALSE(exists({fresh, claim(Result::kBusy, 0, true, {}, 0, 0)}, claimed)) << "before it";
  EXPECT_FALSE(exists({fresh, claim(Result::kFresh, 0, true, b, 2, 3)}, claimed)) << "two at once";
  EXPECT_FALSE(exists({fresh}, served)) << "another end";
  EXPECT_FALSE(exists({}, served));
  const Operation settle = end(What::kSettle, Result::kOk, a, 10, 19);
  EXPECT_TRUE(exists({fresh, settle}, served));
  EXPECT_FALSE(exists({fresh, settle, end(What::kSettle, Result::kOk, a, 10, 19)}, served));
  EXPECT_TRUE(exists({fresh, settle, claim(Result::kDoubleSpend, 1, true, {}, 12, 30)}, served))
      << "its moment was before the settling";
  EXPECT_FALSE(exists({fresh, settle, claim(Result::kDoubleSpend, 1, true, {}, 20, 30)}, served));
  EXPECT_FALSE(exists({fresh, end(What::kSettle, Result::kNotCurrent, a, 10, 11)}, claimed));
  EXPECT_FALSE(exists({fresh, claim(Result::kOther, 0, true, {}, 10, 11)}, claimed));
}

}  // namespace
}  // namespace blindlend::test
