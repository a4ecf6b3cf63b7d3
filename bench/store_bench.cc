// blindlend_store_bench: what obtaining tokens costs with the databases of app/store, by batch size, by
// size of the ledger and by number of members.
//
//   Exchange/MEDIUM/tokens:N   Request, Issue and Accept of N tokens: a counter each, seconds a token
//   Issue/MEDIUM/ledger:N      one token, with N debits in the ledger
//   Issue/MEDIUM/members:N     one token, with N members, each of whom has obtained some
//
//   BLINDLEND_BENCH_SIZE  the largest ledger and group, up to 1000000 (the default)

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/store/admin.h"
#include "app/store/wallet.h"
#include "bench/database_support.h"
#include "bench/fixture.h"

namespace blindlend::bench {

namespace {

namespace fs = std::filesystem;

/// A group of one admin, one lender and one member.
class Group {
 public:
  Group(const fs::path& folder, std::int64_t debits, std::int64_t members) {
    fs::create_directories(folder);
    bool made = false;
    admin.emplace(Must(Admin::Init(folder / "admin", "bench", kStoreBits, RandomBytes, made)));
    wallet.emplace(Must(Wallet::Init(folder / "wallet", RandomBytes, made)));
    Must(admin->Enroll(wallet->key(), ""));
    const EpochPlan plan{4'000'000'000, 10, std::nullopt, {lender}};
    const SealedLink link = Must(admin->AddEpoch(plan, At(kStoreBits).sk, kStoreTime, RandomBytes));
    Must(wallet->Join(admin->key(), link.sealed));
    Fill(folder / "admin" / "admin.db", debits, members);
  }

  const Bytes lender = Bytes(32, 7);
  std::optional<Admin> admin;
  std::optional<Wallet> wallet;

 private:
  /// Other members and debits of theirs, so many of them.
  static void Fill(const fs::path& path, std::int64_t debits, std::int64_t members) {
    const auto numbers = [](std::int64_t count) {
      return "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < " +
             std::to_string(count) + ") ";
    };
    const std::string sql =
        "BEGIN;" + numbers(debits) + "INSERT INTO debit SELECT 1, randomblob(32) FROM i;" +
        numbers(members) + "INSERT INTO member SELECT randomblob(32), '', 1 FROM i;" +
        "INSERT INTO used SELECT 1, key, 7 FROM member; COMMIT;";
    sqlite3* database = nullptr;
    char* error = nullptr;
    if (sqlite3_open(path.c_str(), &database) != SQLITE_OK ||
        sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK)
      Die(error != nullptr ? error : "cannot open " + path.string());
    sqlite3_close(database);
  }
};

/// One part of an exchange each, in seconds.
struct Parts {
  double request, issue, accept;
};

Parts Exchange(Group& group, std::size_t count, Clock clock) {
  Parts parts{};
  Outgoing outgoing;
  Bytes response;
  bool is_new = false;
  parts.request = Seconds(clock, [&] {
    outgoing = Must(group.wallet->Request(group.lender, count, false, kStoreTime, RandomBytes));
  });
  Must(group.wallet->Sent(outgoing.hash));
  parts.issue = Seconds(clock, [&] {
    response = Must(group.admin->Issue(outgoing.sealed, kStoreTime, RandomBytes, is_new));
  });
  parts.accept = Seconds(clock, [&] { Must(group.wallet->Accept(response, kStoreTime)); });
  return parts;
}

/// Each benchmark has a group of its own, which it keeps from repetition to repetition.
struct Case {
  std::string name;
  fs::path folder;
  Clock clock;
  std::int64_t debits = 1, members = 100;
  std::size_t count = 1;
  std::unique_ptr<Group> group = nullptr;

  Group& Made() {
    if (!group) group = std::make_unique<Group>(folder, debits, members);
    return *group;
  }
};

void Register(Case one, bool only_issue) {
  static std::map<std::string, Case> cases;
  Case& own = cases.try_emplace(one.name, std::move(one)).first->second;
  benchmark::RegisterBenchmark(
      own.name.c_str(),
      [&own, only_issue](benchmark::State& state) {
        Group& group = own.Made();
        Parts sum{};
        for (auto _ : state) {
          const Parts parts = Exchange(group, own.count, own.clock);
          sum.request += parts.request;
          sum.issue += parts.issue;
          sum.accept += parts.accept;
          state.SetIterationTime(only_issue ? parts.issue
                                            : parts.request + parts.issue + parts.accept);
        }
        if (only_issue) return;
        const double tokens =
            static_cast<double>(state.iterations()) * static_cast<double>(own.count);
        state.counters["seconds:Request"] = sum.request / tokens;
        state.counters["seconds:Issue"] = sum.issue / tokens;
        state.counters["seconds:Accept"] = sum.accept / tokens;
      })
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

void RegisterAll() {
  const std::int64_t largest = NumberFrom("BLINDLEND_BENCH_SIZE", 1'000'000);
  for (const Medium& medium : Media()) {
    int number = 0;
    const auto folder = [&] { return medium.folder / std::to_string(number++); };
    for (const std::size_t count : {1UZ, 10UZ, 100UZ, 1000UZ})
      Register({.name = "Exchange/" + medium.name + "/tokens:" + std::to_string(count),
                .folder = folder(),
                .clock = medium.clock,
                .count = count},
               false);
    for (std::int64_t rows = 1'000; rows <= std::min<std::int64_t>(largest, 1'000'000); rows *= 10)
      Register({.name = "Issue/" + medium.name + "/ledger:" + std::to_string(rows),
                .folder = folder(),
                .clock = medium.clock,
                .debits = rows},
               true);
    for (std::int64_t rows = 10; rows <= std::min<std::int64_t>(largest, 100'000); rows *= 10)
      Register({.name = "Issue/" + medium.name + "/members:" + std::to_string(rows),
                .folder = folder(),
                .clock = medium.clock,
                .members = rows},
               true);
  }
}

}  // namespace

}  // namespace blindlend::bench

int main(int argc, char** argv) {
  return blindlend::bench::RunBenchmarks(argc, argv, blindlend::bench::RegisterAll);
}
