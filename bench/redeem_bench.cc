// blindlend_redeem_bench: what redeeming costs, by size of the spent-set and by number of threads, next
// to SQLite's own insert into the same schema, in the same run. Times are for one token, whatever the
// number of threads: all of them together redeem one in that time.
//
//   VerifyBorrow/ref/3072               all but the spent-set
//   Spend/ref/entries:N/threads:T       Claim and Settle on the spent-set of ref/, under a mutex
//   Redeem/ref/entries:N/threads:T      VerifyBorrow, and then that
//   Claims/MEDIUM/entries:N/threads:T   counters, seconds: Claim on the database by T threads, each
//                                       durable; and SQLite's bare Insert, T in each transaction
//   Redeem/MEDIUM/entries:N/threads:T   VerifyBorrow and Claim, durable
//   Serve/MEDIUM/entries:N/threads:T    Redeem and Settle, each durable
//   Footprint/ref/entries:N             counters, bytes for each entry: heap
//   Footprint/disk/entries:N            counters, bytes for each entry: the file, before and after
//                                       Compact; a process that claims; one that compacts
//
//   BLINDLEND_BENCH_SIZE  the largest spent-set, 100000 to 10000000 (default: 1000000)

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/store/admin.h"
#include "app/store/lender.h"
#include "bench/database_support.h"
#include "bench/fixture.h"

namespace blindlend::bench {

namespace {

namespace fs = std::filesystem;

/// So many tokens are redeemed in one turn; by all threads together.
constexpr std::size_t kTokens = 64;

/// 32 bytes in ascending order with i, spread over everything: a b-tree is filled quickly in order.
Bytes IdAt(std::uint64_t i, std::uint64_t size) {
  Bytes id(32);
  RandomBytes(id);
  const std::uint64_t head = ~std::uint64_t{0} / size * i;
  for (std::size_t byte = 0; byte < 8; ++byte)
    id[byte] = static_cast<std::uint8_t>(head >> (56 - 8 * byte));
  return id;
}

Bytes RandomId() {
  Bytes id(32);
  RandomBytes(id);
  return id;
}

/// SQLite itself, set up as the stores set it up.
class Connection {
 public:
  explicit Connection(const fs::path& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) Die("cannot open " + path.string());
    sqlite3_busy_timeout(database_, 60'000);
    for (const char* pragma : {"journal_mode = WAL", "synchronous = FULL", "secure_delete = ON",
                               "foreign_keys = ON", "temp_store = MEMORY"})
      Run(std::string("PRAGMA ") + pragma);
  }
  ~Connection() {
    for (sqlite3_stmt* const statement : {insert_, begin_, commit_}) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Run(const std::string& sql) {
    char* error = nullptr;
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) Die(error);
  }
  void Begin() { Step(begin_, "BEGIN IMMEDIATE"); }
  void Commit() { Step(commit_, "COMMIT"); }
  void Insert(const Bytes& id, const Bytes& key_id, const std::string& state, const Bytes& digest,
              const Bytes& claim_id) {
    Prepare(insert_, "INSERT INTO spent VALUES (?1, ?2, ?3, 0, ?4, ?5)");
    const auto bind = [this](int at, const Bytes& bytes) {
      sqlite3_bind_blob(insert_, at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
    };
    bind(1, id);
    bind(2, key_id);
    sqlite3_bind_text(insert_, 3, state.data(), static_cast<int>(state.size()), SQLITE_STATIC);
    bind(4, digest);
    bind(5, claim_id);
    Step(insert_, "");
  }

 private:
  void Prepare(sqlite3_stmt*& statement, const char* sql) {
    if (statement == nullptr &&
        sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK)
      Die(sqlite3_errmsg(database_));
  }
  void Step(sqlite3_stmt*& statement, const char* sql) {
    Prepare(statement, sql);
    if (sqlite3_step(statement) != SQLITE_DONE) Die(sqlite3_errmsg(database_));
    sqlite3_reset(statement);
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt *insert_ = nullptr, *begin_ = nullptr, *commit_ = nullptr;
};

/// A lender that has joined an epoch, closed; and tokens that are good there.
struct Tokens {
  fs::path lender;
  Bytes key_id, lender_key, request = Ascii("a request");
  std::vector<Link> chain;
  std::vector<Bytes> ids, borrows;
};

const Tokens& TheTokens() {
  static const Tokens tokens = [] {
    Tokens made;
    const fs::path folder = Media()[0].folder;
    made.lender = folder / "lender";
    bool is_new = false;
    Admin admin = Must(Admin::Init(folder / "admin", "bench", kStoreBits, RandomBytes, is_new));
    const auto lender = Must(Lender::Init(made.lender, RandomBytes, is_new));
    made.lender_key = lender->key();
    const SecretKey& sk = At(kStoreBits).sk;
    const SealedLink link =
        Must(admin.AddEpoch({1, 10, std::nullopt, {lender->key()}}, sk, kStoreTime, RandomBytes));
    Must(lender->Join(admin.key(), link.sealed));
    made.chain = {link.link};
    made.key_id = KeyId(sk).value();
    for (std::size_t i = 0; i < kTokens; ++i) {
      const Minted minted = MintToken(made.key_id, lender->key(), RandomBytes).value();
      const Blinded blinded = Blind(sk, minted.msg, RandomBytes).value();
      const ZZ blind_sig = BlindSign(sk, blinded.blinded, RandomBytes).value();
      const Token token{made.key_id, lender->key(), PublicOf(minted.seed),
                        Finalize(sk, minted.msg, blind_sig, blinded.r_inv).value()};
      made.ids.push_back(TokenId(token).value());
      made.borrows.push_back(MakeBorrow(token, minted.seed, made.request).value());
    }
    return made;
  }();
  return tokens;
}

/// That lender with a spent-set of a size, in a place.
struct World {
  fs::path folder;
  std::uint64_t size;
  std::unique_ptr<Lender> lender;

  fs::path database() const { return folder / "lender.db"; }

  World(const Medium& medium, std::uint64_t entries)
      : folder(medium.folder / ("entries" + std::to_string(entries))), size(entries) {
    fs::copy(TheTokens().lender, folder, fs::copy_options::recursive);
    {
      Connection connection(database());
      for (const char* pragma : {"journal_mode = OFF", "synchronous = OFF", "cache_size = -100000"})
        connection.Run(std::string("PRAGMA ") + pragma);
      connection.Begin();
      for (std::uint64_t i = 0; i < size; ++i)
        connection.Insert(IdAt(i, size), TheTokens().key_id, "served", Bytes(32), Bytes(16));
      // Nearly all entries of a real spent-set have been claimed, and then served: they have left room.
      connection.Run("UPDATE spent SET digest = x'', claim_id = x''");
      connection.Commit();
    }
    lender = Must(Lender::Open(folder));
  }
};

/// Made when it is first needed.
World& WorldOf(const Medium& medium, std::int64_t size) {
  static std::map<std::pair<std::string, std::int64_t>, std::unique_ptr<World>> worlds;
  auto& world = worlds[{medium.name, size}];
  if (!world) world = std::make_unique<World>(medium, static_cast<std::uint64_t>(size));
  return *world;
}

/// The spent-set of ref/ with so many entries, and how much of the heap it took.
struct Memory {
  SpentSet spent;
  std::mutex mutex;
  double heap = 0;
};

Memory& MemoryOf(std::int64_t size) {
  static std::map<std::int64_t, Memory> memories;
  Memory& memory = memories[size];
  if (!memory.spent.entries.empty()) return memory;
  // Blocks of a mapping of their own are counted apart.
  const auto in_use = [] {
    const struct mallinfo2 heap = mallinfo2();
    return static_cast<double>(heap.uordblks + heap.hblkhd);
  };
  const double before = in_use();
  const auto count = static_cast<std::uint64_t>(size);
  for (std::uint64_t i = 0; i < count; ++i)
    memory.spent.entries.emplace_hint(
        memory.spent.entries.end(), IdAt(i, count),
        SpentEntry{SpentEntry::State::kServed, TheTokens().key_id, 0, {}, {}});
  memory.heap = in_use() - before;
  return memory;
}

void SpendInMemory(Memory& memory, const Bytes& key_id) {
  const Bytes id = RandomId();
  const std::lock_guard lock(memory.mutex);
  const auto claimed = Claim(memory.spent, id, key_id, id, true, RandomBytes);
  if (!claimed || !Settle(memory.spent, id, claimed->claim_id)) Die("a claim failed");
}

void Verify(const Tokens& tokens, std::size_t i) {
  if (!VerifyBorrow(tokens.chain, tokens.lender_key, kStoreTime, tokens.request, tokens.borrows[i]))
    Die("a good borrow was refused");
}

void VerifyAlone(benchmark::State& state) {
  const Tokens& tokens = TheTokens();
  std::size_t i = 0;
  for (auto _ : state) Verify(tokens, i++ % kTokens);
}

/// Threads that work at the same time, again and again; the one that calls Run is one of them.
class Team {
 public:
  Team(int threads, std::function<void(std::size_t)> work)
      : work_(std::move(work)), together_(threads) {
    for (std::size_t i = 1; i < static_cast<std::size_t>(threads); ++i)
      others_.emplace_back([this, i] {
        for (;;) {
          together_.arrive_and_wait();
          if (is_over_) return;
          work_(i);
          together_.arrive_and_wait();
        }
      });
  }
  ~Team() {
    is_over_ = true;
    together_.arrive_and_wait();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  void Run() {
    together_.arrive_and_wait();
    work_(0);
    together_.arrive_and_wait();
  }

 private:
  std::function<void(std::size_t)> work_;
  std::barrier<> together_;
  bool is_over_ = false;
  std::vector<std::jthread> others_;
};

/// Measures a team, by the clock on the wall or of the processor, and tells the seconds for each token,
/// of which one turn takes so many. (Google Benchmark's own threads are each measured alone: where there
/// are more of them than processors, that says too little.) before: not measured.
void Measure(benchmark::State& state, Clock clock, const std::string& name, Team& team,
             std::size_t tokens, const std::function<void()>& before) {
  double sum = 0;
  for (auto _ : state) {
    before();
    const double turn = Seconds(clock, [&team] { team.Run(); });
    sum += turn;
    state.SetIterationTime(turn);
  }
  state.counters["seconds:" + name] =
      sum / static_cast<double>(state.iterations()) / static_cast<double>(tokens);
}

void SpendRef(benchmark::State& state, std::int64_t size, int threads, bool verify) {
  Memory& memory = MemoryOf(size);
  const Tokens& tokens = TheTokens();
  const std::size_t each = verify ? 32 : 512;
  Team team(threads, [&](std::size_t thread) {
    for (std::size_t i = 0; i < each; ++i) {
      if (verify) Verify(tokens, (thread + i) % kTokens);
      SpendInMemory(memory, tokens.key_id);
    }
  });
  Measure(state, Clock::kReal, verify ? "Redeem" : "Spend", team,
          each * static_cast<std::size_t>(threads), [] {});
}

/// Claims and bare inserts by turns, since a disk has its moods: within one, both meet the same.
void Claims(benchmark::State& state, const Medium& medium, std::int64_t size, int threads) {
  constexpr int kTurn = 32;  // so many for each thread, and so many transactions
  World& world = WorldOf(medium, size);
  const Tokens& tokens = TheTokens();
  Connection connection(world.database());
  Team team(threads, [&](std::size_t) {
    for (int i = 0; i < kTurn; ++i) {
      const Borrow borrow = {RandomId(),
                             {tokens.key_id, tokens.lender_key, RandomId(), Bytes(384, 1)}};
      const auto claimed = world.lender->ClaimVerified(borrow, 1, true, RandomBytes);
      if (!claimed || !*claimed || (*claimed)->verdict != Verdict::kFresh) Die("a claim failed");
    }
  });
  const auto insert = [&] {
    for (int i = 0; i < kTurn; ++i) {
      connection.Begin();
      for (int j = 0; j < threads; ++j)
        connection.Insert(RandomId(), tokens.key_id, "claimed", Bytes(32), RandomId());
      connection.Commit();
    }
  };
  double claims = 0, inserts = 0;
  static bool claims_first = true;
  for (auto _ : state) {
    if (!claims_first) inserts += Seconds(medium.clock, insert);
    const double turn = Seconds(medium.clock, [&team] { team.Run(); });
    claims += turn;
    if (claims_first) inserts += Seconds(medium.clock, insert);
    claims_first = !claims_first;
    state.SetIterationTime(turn);
  }
  const double each = static_cast<double>(state.iterations()) * kTurn * threads;
  state.counters["seconds:Claim"] = claims / each;
  state.counters["seconds:Insert"] = inserts / each;
}

void Redeems(benchmark::State& state, const Medium& medium, std::int64_t size, int threads,
             bool settle) {
  World& world = WorldOf(medium, size);
  const Tokens& tokens = TheTokens();
  Team team(threads, [&](std::size_t thread) {
    for (std::size_t i = thread; i < kTokens; i += static_cast<std::size_t>(threads)) {
      const auto claimed =
          world.lender->Redeem(tokens.borrows[i], tokens.request, kStoreTime, true, RandomBytes);
      if (!claimed || claimed->verdict != Verdict::kFresh) Die("a redeem failed");
      if (settle) Must(world.lender->Settle(claimed->claim_id));
    }
  });
  Connection connection(world.database());
  const auto forget = [&] {
    connection.Begin();
    for (const Bytes& id : tokens.ids) {
      std::string hex(2 * id.size() + 1, '\0');
      sodium_bin2hex(hex.data(), hex.size(), id.data(), id.size());
      hex.pop_back();
      connection.Run("DELETE FROM spent WHERE id = x'" + hex + "'");
    }
    connection.Commit();
  };
  Measure(state, medium.clock, settle ? "Serve" : "Redeem", team, kTokens, forget);
}

void FootprintRef(benchmark::State& state, std::int64_t size) {
  const Memory& memory = MemoryOf(size);
  for (auto _ : state) benchmark::DoNotOptimize(memory.heap);
  state.counters["bytes:heap"] = memory.heap / static_cast<double>(size);
}

/// The most memory that a process of its own takes which opens this lender, and claims or compacts.
double PeakOf(const fs::path& lender, const std::string& what) {
  const fs::path out = lender / "peak";
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "blindlend_redeem_bench", "--footprint", lender.c_str(), what.c_str(),
          out.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
    Die("the process of --footprint failed");
  double kibibytes = 0;
  std::ifstream(out) >> kibibytes;
  return 1024 * kibibytes;
}

int Footprint(const fs::path& folder, const std::string& what, const fs::path& out) {
  const auto lender = Must(Lender::Open(folder));
  if (what == "compact")
    Must(lender->Compact());
  else
    for (int i = 0; i < 1'000; ++i) {
      const Borrow borrow = {RandomId(), {RandomId(), lender->key(), RandomId(), Bytes(384, 1)}};
      Must(lender->ClaimVerified(borrow, 1, true, RandomBytes));
    }
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:" && status >> word) std::ofstream(out) << word;
  return 0;
}

void FootprintDatabase(benchmark::State& state, const Medium& medium, std::int64_t size) {
  struct Measured {
    double file, compacted, process, compact_process, seconds;
  };
  static std::map<std::int64_t, Measured> all;  // once is enough: these do not scatter
  if (!all.contains(size)) {
    const World& world = WorldOf(medium, size);
    Connection(world.database()).Run("PRAGMA wal_checkpoint(TRUNCATE)");
    const fs::path copy = world.folder.string() + "-copy";
    fs::copy(world.folder, copy, fs::copy_options::recursive);
    for (const char* end : {"lender.db-wal", "lender.db-shm"}) fs::remove(copy / end);
    Measured one{};
    const auto bytes = [&copy] { return static_cast<double>(fs::file_size(copy / "lender.db")); };
    one.file = bytes();
    one.process = PeakOf(copy, "claim");
    one.seconds = Seconds(Clock::kReal, [&] { one.compact_process = PeakOf(copy, "compact"); });
    one.compacted = bytes();
    fs::remove_all(copy);
    all[size] = one;
  }
  const Measured& one = all[size];
  for (auto _ : state) benchmark::DoNotOptimize(one.seconds);
  const auto entries = static_cast<double>(size);
  state.counters["bytes:file"] = one.file / entries;
  state.counters["bytes:compacted"] = one.compacted / entries;
  state.counters["bytes:process"] = one.process / entries;
  state.counters["bytes:compact_process"] = one.compact_process / entries;
  state.counters["seconds:Compact"] = one.seconds;
}

benchmark::internal::Benchmark* Register(const std::string& name,
                                         const std::function<void(benchmark::State&)>& function) {
  return benchmark::RegisterBenchmark(name.c_str(), function)->Unit(benchmark::kMicrosecond);
}

void RegisterSize(std::int64_t size) {
  const std::string entries = "/entries:" + std::to_string(size);
  for (const int threads : {1, 2, 4, 8, 16}) {
    const std::string end = entries + "/threads:" + std::to_string(threads);
    for (const bool verify : {false, true})
      Register((verify ? "Redeem/ref" : "Spend/ref") + end, [=](benchmark::State& state) {
        SpendRef(state, size, threads, verify);
      })->UseManualTime();
    for (const Medium& medium : Media()) {
      if (medium.clock == Clock::kCpu && threads > 1) continue;  // there is nothing to wait for
      Register("Claims/" + medium.name + end, [&medium, size, threads](benchmark::State& state) {
        Claims(state, medium, size, threads);
      })->UseManualTime();
      if (threads != 1 && threads != 16) continue;
      for (const bool settle : {false, true})
        Register((settle ? "Serve/" : "Redeem/") + medium.name + end, [&medium, size, threads,
                                                                       settle](
                                                                          benchmark::State& state) {
          Redeems(state, medium, size, threads, settle);
        })->UseManualTime();
    }
  }
  Register("Footprint/ref" + entries, [size](benchmark::State& state) {
    FootprintRef(state, size);
  })->Iterations(1);
  Register("Footprint/disk" + entries, [size](benchmark::State& state) {
    FootprintDatabase(state, Media()[0], size);
  })->Iterations(1);
}

void RegisterAll() {
  const std::int64_t limit = NumberFrom("BLINDLEND_BENCH_SIZE", 1'000'000);
  Register("VerifyBorrow/ref/3072", VerifyAlone);
  for (const std::int64_t size : {100'000, 1'000'000, 10'000'000})
    if (size <= limit) RegisterSize(size);
}

}  // namespace

}  // namespace blindlend::bench

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--footprint")
    return sodium_init() < 0 ? 1 : blindlend::bench::Footprint(argv[2], argv[3], argv[4]);
  return blindlend::bench::RunBenchmarks(argc, argv, blindlend::bench::RegisterAll);
}
