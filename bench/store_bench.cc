// blindlend_store_bench: what obtaining tokens costs with the databases of app/store, by batch size
// and by size of the ledger. Ratios within one run; us_per_token should be the same down each column.
//
//   BLINDLEND_BENCH_DIR  where the databases go (default: the working directory). The rows called
//   memory are on /dev/shm, where durability costs nothing.

#include <benchmark/benchmark.h>
#include <sodium.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "app/store/admin.h"
#include "app/store/wallet.h"
#include "bench/fixture.h"

namespace blindlend::bench {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNow = 1'800'000'000;
constexpr long kBits = 3072;

/// The value, or the end of the program: a benchmark of a failure says nothing.
template <class T>
T Must(std::expected<T, Stop> result) {
  if (!result) {
    std::fprintf(stderr, "blindlend_store_bench: %s\n", result.error().line.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// A group of one admin, one lender and one member, in a folder that goes with it.
class Group {
 public:
  explicit Group(const fs::path& where)
      : folder_(where / ("blindlend-bench-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    bool made = false;
    admin.emplace(Must(Admin::Init(folder_ / "admin", "bench", kBits, RandomBytes, made)));
    wallet.emplace(Must(Wallet::Init(folder_ / "wallet", RandomBytes, made)));
    Must(admin->Enroll(wallet->key(), ""));
    const EpochPlan plan{4'000'000'000, 10, std::nullopt, {lender}};
    const SealedLink link = Must(admin->AddEpoch(plan, At(kBits).sk, kNow, RandomBytes));
    Must(wallet->Join(admin->key(), link.sealed));
  }
  ~Group() {
    admin.reset();
    wallet.reset();
    fs::remove_all(folder_);
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  /// Debits of 100 other members, so many of them.
  void FillLedger(std::int64_t rows) {
    sqlite3* database = nullptr;
    sqlite3_open((folder_ / "admin" / "admin.db").c_str(), &database);
    const std::string sql =
        "BEGIN; WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < " +
        std::to_string(rows) +
        ") INSERT INTO debit SELECT 1, randomblob(32) FROM i;"
        "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 100)"
        " INSERT INTO used SELECT 1, randomblob(32), 7 FROM i; COMMIT;";
    char* error = nullptr;
    if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) {
      std::fprintf(stderr, "blindlend_store_bench: %s\n", error);
      std::exit(1);
    }
    sqlite3_close(database);
  }

  const Bytes lender = Bytes(32, 7);
  std::optional<Admin> admin;
  std::optional<Wallet> wallet;

 private:
  fs::path folder_;
};

fs::path Disk() {
  const char* const directory = std::getenv("BLINDLEND_BENCH_DIR");
  return directory != nullptr ? directory : ".";
}

double Seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

enum class Part { kRequest, kIssue, kAccept };

/// Whole exchanges of count tokens, of which one part is measured.
void Exchanges(benchmark::State& state, const fs::path& where, Part part, std::size_t count,
               std::int64_t ledger) {
  Group group(where);
  if (ledger > 0) group.FillLedger(ledger);
  double total = 0;
  for (auto _ : state) {
    Outgoing outgoing;
    Bytes response;
    bool is_new = false;
    const double request = Seconds([&] {
      outgoing = Must(group.wallet->Request(group.lender, count, false, kNow, RandomBytes));
    });
    Must(group.wallet->Sent(outgoing.hash));
    const double issue = Seconds(
        [&] { response = Must(group.admin->Issue(outgoing.sealed, kNow, RandomBytes, is_new)); });
    const double accept = Seconds([&] { Must(group.wallet->Accept(response, kNow)); });
    const double seconds = part == Part::kRequest ? request : part == Part::kIssue ? issue : accept;
    state.SetIterationTime(seconds);
    total += seconds;
  }
  state.counters["us_per_token"] =
      1e6 * total / static_cast<double>(state.iterations()) / static_cast<double>(count);
}

void Register(const std::string& name, const fs::path& where, Part part, std::size_t count,
              std::int64_t ledger) {
  benchmark::RegisterBenchmark(
      name.c_str(), [=](benchmark::State& state) { Exchanges(state, where, part, count, ledger); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void RegisterAll() {
  const fs::path memory = "/dev/shm";
  for (const std::size_t count : {1u, 10u, 100u, 1000u}) {
    const std::string end = "/tokens:" + std::to_string(count);
    Register("Request/disk" + end, Disk(), Part::kRequest, count, 0);
    Register("Issue/disk" + end, Disk(), Part::kIssue, count, 0);
    Register("Accept/disk" + end, Disk(), Part::kAccept, count, 0);
    if (!fs::exists(memory)) continue;
    Register("Request/memory" + end, memory, Part::kRequest, count, 0);
    Register("Issue/memory" + end, memory, Part::kIssue, count, 0);
    Register("Accept/memory" + end, memory, Part::kAccept, count, 0);
  }
  for (const std::int64_t rows : {1'000, 10'000, 100'000, 1'000'000})
    Register("Issue/disk/tokens:1/ledger:" + std::to_string(rows), Disk(), Part::kIssue, 1, rows);
}

}  // namespace blindlend::bench

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  blindlend::bench::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
