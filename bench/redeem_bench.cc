// blindlend_redeem_bench: what redeeming costs, by size of the spent-set and by number of threads, next
// to SQLite's own insert into the same schema, in the same run.
//
//   Verify            VerifyBorrow alone, at 3072 bits
//   Memory/N          Claim and Settle on the spent-set of ref/ with N entries
//   Claim/N/threads   a claim, durable when it returns, on the database with N entries
//   Insert/N/each:K   SQLite's bare insert into such a database, K of them in each durable transaction
//
// items_per_second are to be compared: Claim by one thread with Insert/each:1, by 16 with each:16.
//
//   BLINDLEND_BENCH_DIR   where the databases go (default: the working directory)
//   BLINDLEND_BENCH_SIZE  the largest spent-set, up to 10000000 (default: 1000000)

#include <benchmark/benchmark.h>
#include <sodium.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "app/store/admin.h"
#include "app/store/lender.h"
#include "bench/fixture.h"

namespace blindlend::bench {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNow = 1'800'000'000;
constexpr long kBits = 3072;

[[noreturn]] void Die(const std::string& reason) {
  std::fprintf(stderr, "blindlend_redeem_bench: %s\n", reason.c_str());
  std::exit(1);
}

template <class T>
T Must(std::expected<T, Stop> result) {
  if (!result) Die(result.error().line);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

fs::path Folder() {
  const char* const directory = std::getenv("BLINDLEND_BENCH_DIR");
  return fs::path(directory != nullptr ? directory : ".") /
         ("blindlend-bench-" + std::to_string(getpid()));
}

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

class Connection {
 public:
  explicit Connection(const fs::path& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) Die("cannot open " + path.string());
    Run("PRAGMA journal_mode = WAL");
    Run("PRAGMA synchronous = FULL");
    Run("PRAGMA secure_delete = ON");
    sqlite3_prepare_v2(database_, "INSERT INTO spent VALUES (?1, ?2, 'claimed', 0, ?3, ?4)", -1,
                       &insert_, nullptr);
  }
  ~Connection() {
    sqlite3_finalize(insert_);
    sqlite3_close(database_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Run(const std::string& sql) {
    char* error = nullptr;
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK) Die(error);
  }
  void Insert(const Bytes& id, const Bytes& key_id, const Bytes& digest, const Bytes& claim_id) {
    const auto bind = [this](int at, const Bytes& bytes) {
      sqlite3_bind_blob(insert_, at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
    };
    bind(1, id);
    bind(2, key_id);
    bind(3, digest);
    bind(4, claim_id);
    if (sqlite3_step(insert_) != SQLITE_DONE) Die(sqlite3_errmsg(database_));
    sqlite3_reset(insert_);
  }

 private:
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

/// A lender with one epoch and a spent-set of a size, and a token that is good there.
struct World {
  fs::path folder;
  Bytes key_id;
  std::unique_ptr<Lender> lender;
  Bytes borrow, request = Ascii("a request");
  std::vector<Link> chain;
  std::uint64_t size;

  fs::path database() const { return folder / "lender" / "lender.db"; }
};

World Make(std::uint64_t size) {
  World world;
  world.size = size;
  world.folder = Folder() / std::to_string(size);
  fs::create_directories(world.folder);
  bool made = false;
  Admin admin = Must(Admin::Init(world.folder / "admin", "bench", kBits, RandomBytes, made));
  world.lender = Must(Lender::Init(world.folder / "lender", RandomBytes, made));
  const SecretKey& sk = At(kBits).sk;
  const SealedLink link =
      Must(admin.AddEpoch({1, 10, std::nullopt, {world.lender->key()}}, sk, kNow, RandomBytes));
  Must(world.lender->Join(admin.key(), link.sealed));
  world.chain = {link.link};
  world.key_id = KeyId(sk).value();
  const Minted minted = MintToken(world.key_id, world.lender->key(), RandomBytes).value();
  const Blinded blinded = Blind(sk, minted.msg, RandomBytes).value();
  const ZZ blind_sig = BlindSign(sk, blinded.blinded, RandomBytes).value();
  const Token token{world.key_id, world.lender->key(), PublicOf(minted.seed),
                    Finalize(sk, minted.msg, blind_sig, blinded.r_inv).value()};
  world.borrow = MakeBorrow(token, minted.seed, world.request).value();

  Connection connection(world.database());
  connection.Run("BEGIN");
  connection.Run("PRAGMA cache_size = -200000");
  for (std::uint64_t i = 0; i < size; ++i)
    connection.Insert(IdAt(i, size), world.key_id, Bytes(32), RandomId());
  // Nearly all entries of a real spent-set have been served.
  connection.Run("UPDATE spent SET state = 'served', digest = x'', claim_id = x''");
  connection.Run("COMMIT");
  connection.Run("PRAGMA wal_checkpoint(TRUNCATE)");
  return world;
}

/// The world of a size, made when it is first needed; one at a time.
World& WorldOf(std::uint64_t size) {
  static std::unique_ptr<World> world;
  if (!world || world->size != size) {
    if (world) fs::remove_all(world->folder);
    world.reset();
    world = std::make_unique<World>(Make(size));
  }
  return *world;
}

Borrow FreshBorrow(const World& world) {
  return {RandomId(), {world.key_id, world.lender->key(), RandomId(), Bytes(384, 1)}};
}

void VerifyAlone(benchmark::State& state) {
  const World& world = WorldOf(100'000);
  for (auto _ : state)
    if (!VerifyBorrow(world.chain, world.lender->key(), kNow, world.request, world.borrow))
      Die("a good borrow was refused");
}

void Memory(benchmark::State& state) {
  const auto size = static_cast<std::uint64_t>(state.range(0));
  SpentSet spent;
  const Bytes key_id(32, 1);
  for (std::uint64_t i = 0; i < size; ++i)
    spent.entries.emplace_hint(spent.entries.end(), IdAt(i, size),
                               SpentEntry{SpentEntry::State::kServed, key_id, 0, {}, {}});
  for (auto _ : state) {
    const Bytes id = RandomId();
    const auto claimed = Claim(spent, id, key_id, id, true, RandomBytes);
    if (!claimed || !Settle(spent, id, claimed->claim_id)) Die("a claim failed");
  }
}

void Claims(benchmark::State& state) {
  static World* world = nullptr;
  if (state.thread_index() == 0) world = &WorldOf(static_cast<std::uint64_t>(state.range(0)));
  for (auto _ : state) {
    const auto claimed = world->lender->ClaimVerified(FreshBorrow(*world), 1, true, RandomBytes);
    if (!claimed || !*claimed || (*claimed)->verdict != Verdict::kFresh) Die("a claim failed");
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0)
    state.counters["file_bytes_per_entry"] =
        static_cast<double>(fs::file_size(world->database())) / static_cast<double>(world->size);
}

void Inserts(benchmark::State& state) {
  World& world = WorldOf(static_cast<std::uint64_t>(state.range(0)));
  Connection connection(world.database());
  const std::int64_t each = state.range(1);
  for (auto _ : state) {
    connection.Run("BEGIN IMMEDIATE");
    for (std::int64_t i = 0; i < each; ++i)
      connection.Insert(RandomId(), world.key_id, Bytes(32), RandomId());
    connection.Run("COMMIT");
  }
  state.SetItemsProcessed(state.iterations() * each);
}

void RegisterAll() {
  const char* const largest = std::getenv("BLINDLEND_BENCH_SIZE");
  const std::int64_t limit = largest != nullptr ? std::atoll(largest) : 1'000'000;
  benchmark::RegisterBenchmark("Verify", VerifyAlone)->Unit(benchmark::kMicrosecond);
  for (const std::int64_t size : {100'000, 1'000'000, 10'000'000}) {
    if (size > limit) continue;
    benchmark::RegisterBenchmark("Memory", Memory)->Arg(size)->Unit(benchmark::kMicrosecond);
    for (const int each : {1, 16})
      benchmark::RegisterBenchmark("Insert", Inserts)
          ->ArgNames({"", "each"})
          ->Args({size, each})
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    for (const int threads : {1, 2, 4, 8, 16})
      benchmark::RegisterBenchmark("Claim", Claims)
          ->Arg(size)
          ->Threads(threads)
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace

}  // namespace blindlend::bench

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  blindlend::bench::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  std::filesystem::remove_all(blindlend::bench::Folder());
}
