#include "lender.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "app/store/refusal.h"

namespace blindlend {

namespace {

const DatabaseKind kLenderDatabase = {
    "lender's database", 0x424c6c65 /* BLle */, 1,
    std::string(kIdentitySchema) + kAnchorSchema + kChainSchema +
        "CREATE TABLE spent (id BLOB PRIMARY KEY, key_id BLOB NOT NULL, state TEXT NOT NULL"
        " CHECK (state IN ('claimed', 'released', 'served')), refunds INTEGER NOT NULL,"
        " digest BLOB NOT NULL, claim_id BLOB NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE UNIQUE INDEX spent_claim ON spent (claim_id) WHERE state = 'claimed';"
        "CREATE TABLE closed (key_id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;"
        // How many claims, endings and closings there have ever been, for lender.mark.
        "CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 1), events INTEGER NOT NULL)"
        " STRICT;"
        "INSERT INTO counter VALUES (1, 0);"
        "CREATE TABLE instance (id INTEGER PRIMARY KEY CHECK (id = 1), name BLOB NOT NULL) "
        "STRICT;"};

constexpr std::array kStates = {SpentEntry::State::kClaimed, SpentEntry::State::kReleased,
                                SpentEntry::State::kServed};
constexpr Kind kMarkFile = {"lender.mark", 32};

std::string StateName(SpentEntry::State state) {
  switch (state) {
    case SpentEntry::State::kClaimed:
      return "claimed";
    case SpentEntry::State::kReleased:
      return "released";
    case SpentEntry::State::kServed:
      return "served";
  }
  return "";
}

SpentEntry::State StateOf(const Database& database, const std::string& name) {
  const auto found = std::ranges::find(kStates, name, StateName);
  if (found == kStates.end()) ThrowDamaged(database, "the state of an entry");
  return *found;
}

std::string PathIn(const std::string& directory) {
  return directory + "/lender.db";
}

std::string MarkIn(const std::string& directory) {
  return directory + "/lender.mark";
}

/// The spent-set as far as it matters for one token, and the number of the newest link. One
/// statement, since this is what redeeming costs.
SpentSet LoadEntry(Database& database, const Bytes& id, const Bytes& key_id, std::int64_t& newest) {
  const Row row = database.Run(
      "SELECT (SELECT max(number) FROM link), EXISTS (SELECT 1 FROM closed WHERE key_id = ?2),"
      " key_id, state, refunds, digest, claim_id"
      " FROM (SELECT 1) LEFT JOIN spent ON id = ?1",
      {id, key_id})[0];
  newest = Number(row[0]);
  SpentSet spent;
  if (Number(row[1]) != 0) spent.closed.insert(key_id);
  if (!std::holds_alternative<std::nullptr_t>(row[3]))
    spent.entries[id] = {StateOf(database, Text(row[3])), Blob(row[2]),
                         static_cast<int>(Number(row[4])), Blob(row[5]), Blob(row[6])};
  return spent;
}

/// One event for each row that the statement before has changed.
void CountEvents(Database& database) {
  database.Run("UPDATE counter SET events = events + changes()");
}

void StoreEntry(Database& database, const Bytes& id, const SpentEntry& entry) {
  database.Run(
      "INSERT INTO spent VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
      " ON CONFLICT (id) DO UPDATE SET state = excluded.state,"
      " refunds = excluded.refunds, digest = excluded.digest, claim_id = excluded.claim_id",
      {id, entry.key_id, StateName(entry.state), std::int64_t{entry.refunds}, entry.digest,
       entry.claim_id});
  CountEvents(database);
}

std::int64_t Events(Database& database) {
  const auto rows = database.Run("SELECT events FROM counter");
  if (rows.size() != 1) ThrowDamaged(database, "the count of events");
  return Number(rows[0][0]);
}

}  // namespace

std::string VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFresh:
      return "fresh";
    case Verdict::kRetry:
      return "retry";
    case Verdict::kBusy:
      return "busy";
    case Verdict::kServed:
      return "served";
    case Verdict::kDoubleSpend:
      return "double-spend";
  }
  return "";
}

Lender::Lender(Database database, std::string directory)
    : database_(std::move(database)), directory_(std::move(directory)), commits_(database_) {
  key_ = PublicOf(IdentitySeed(database_));
  const auto rows = database_.Run("SELECT name FROM instance");
  if (rows.size() != 1 || Blob(rows[0][0]).size() != 16) ThrowDamaged(database_, "instance");
  instance_ = Blob(rows[0][0]);
  LoadLinks();
}

std::expected<std::unique_ptr<Lender>, Stop> Lender::Init(const std::string& directory,
                                                          const ByteSource& source, bool& made) {
  const auto init = Guarded([&]() -> std::expected<void, Stop> {
    made = InitIdentity(
        kLenderDatabase, directory, PathIn(directory), source, [&source](Database& database) {
          Bytes instance(16);
          if (!source(instance))
            throw StoreError{Unusable(database.path(), "no randomness for its instance").error()};
          database.Run("INSERT INTO instance VALUES (1, ?1)", {instance});
        });
    return {};
  });
  if (!init) return std::unexpected(init.error());
  return Open(directory);
}

std::expected<std::unique_ptr<Lender>, Stop> Lender::Open(const std::string& directory,
                                                          bool accept_older) {
  return Guarded([&]() -> std::expected<std::unique_ptr<Lender>, Stop> {
    std::unique_ptr<Lender> lender(
        new Lender(Database(kLenderDatabase, PathIn(directory)), directory));
    if (accept_older) return lender;
    if (const auto checked = lender->CheckMark(); !checked) return std::unexpected(checked.error());
    return lender;
  });
}

/// Whether the database has come at least as far as its mark says.
std::expected<void, Stop> Lender::CheckMark() {
  std::error_code unknown;  // then reading says what is wrong
  if (!std::filesystem::exists(MarkIn(directory_), unknown) && !unknown) return {};
  const auto mark = ReadFile(MarkIn(directory_), kMarkFile);
  if (!mark) return std::unexpected(mark.error());
  const std::string text(mark->begin(), mark->end());
  std::int64_t marked = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), marked);
  if (error != std::errc() || std::string_view(end) != "\n")
    return Unusable(MarkIn(directory_), "is damaged");
  const std::int64_t events = Events(database_);
  if (events < marked)
    return Unusable(
        database_.path(),
        "is older than lender.mark: it knows " + std::to_string(events) + " events of " +
            std::to_string(marked) +
            ". Tokens spent since could be spent again; --accept-older goes on with it");
  return {};
}

std::expected<void, Stop> Lender::WriteMark() {
  return Guarded([&]() -> std::expected<void, Stop> {
    std::int64_t events = 0;
    commits_.Run([&] { events = Events(database_); });
    return WriteAll({{{MarkIn(directory_)}, Ascii(std::to_string(events) + "\n")}}, false);
  });
}

void Lender::LoadLinks() {
  std::vector<Link> links;
  for (const SealedLink& each : LoadChain(database_)) links.push_back(each.link);
  const std::lock_guard lock(mutex_);
  links_ = std::move(links);
}

std::vector<Link> Lender::Links() {
  const std::lock_guard lock(mutex_);
  return links_;
}

std::optional<Link> Lender::LinkForSpend(std::uint64_t now) {
  std::optional<Link> found;
  for (const Link& link : Links()) {
    if (!link.epoch) continue;
    const bool is_open = link.epoch->spend_from <= now && now < link.epoch->spend_until;
    const bool found_open =
        found && found->epoch->spend_from <= now && now < found->epoch->spend_until;
    if (is_open || !found_open) found = link;
  }
  return found;
}

std::expected<Bytes, Stop> Lender::AdminKey() {
  return Guarded(
      [&]() -> std::expected<Bytes, Stop> { return Anchor(database_).value_or(Bytes{}); });
}

std::expected<Joined, Stop> Lender::Join(View admin, View sealed) {
  return Guarded([&]() -> std::expected<Joined, Stop> {
    auto joined = JoinChain(database_, directory_, admin, sealed);
    LoadLinks();
    return joined;
  });
}

/// VerifyBorrow with the chain as it is now, and the number of its newest link.
std::expected<std::pair<Borrow, std::uint32_t>, Stop> Lender::VerifyNewest(
    std::uint64_t now, std::optional<View> request, View sealed) {
  for (;;) {
    const std::vector<Link> chain = Links();
    const auto borrow = VerifyBorrow(chain, key_, now, request, sealed);
    if (borrow) return std::pair{*borrow, chain.back().number};
    const bool knows_epoch =
        borrow.error().step != "VerifyBorrow.3" && borrow.error().step != "VerifyBorrow.4";
    if (knows_epoch) return Refused(borrow.error());
    // Perhaps a link has come in by another process.
    const auto looked = Guarded([&]() -> std::expected<void, Stop> {
      commits_.Run([&] { LoadLinks(); });
      return {};
    });
    if (!looked) return std::unexpected(looked.error());
    if (Links().size() == chain.size()) return Refused(borrow.error());
  }
}

std::expected<Shown, Stop> Lender::Look(View sealed, std::uint64_t now, bool owner_lives) {
  const auto verified = VerifyNewest(now, std::nullopt, sealed);
  if (!verified) return std::unexpected(verified.error());
  const auto& [borrow, newest] = *verified;
  return Guarded([&]() -> std::expected<Shown, Stop> {
    const Bytes id = TokenId(borrow.token).value();
    const std::lock_guard lock(looking_);
    if (!reader_) reader_.emplace(kLenderDatabase, PathIn(directory_));
    std::int64_t found = 0;
    SpentSet spent = LoadEntry(*reader_, id, borrow.token.key_id, found);
    const auto zeros = [](std::span<std::uint8_t>) { return true; };
    const auto claimed = Claim(spent, id, borrow.token.key_id, borrow.digest, owner_lives, zeros);
    if (!claimed) return Refused(claimed.error());
    return Shown{borrow, newest, claimed->verdict};
  });
}

std::expected<Claimed, Stop> Lender::Redeem(View sealed, View request, std::uint64_t now,
                                            bool owner_lives, const ByteSource& source) {
  for (;;) {
    const auto verified = VerifyNewest(now, request, sealed);
    if (!verified) return std::unexpected(verified.error());
    const auto claimed = ClaimVerified(verified->first, verified->second, owner_lives, source);
    if (!claimed) return std::unexpected(claimed.error());
    if (*claimed) return **claimed;
    // A link came in between, perhaps a revocation: look again.
  }
}

std::expected<std::optional<Claimed>, Stop> Lender::ClaimVerified(const Borrow& borrow,
                                                                  std::uint32_t newest,
                                                                  bool owner_lives,
                                                                  const ByteSource& source) {
  return Guarded([&]() -> std::expected<std::optional<Claimed>, Stop> {
    const Bytes id = TokenId(borrow.token).value();
    const Bytes& key_id = borrow.token.key_id;
    bool is_stale = false;
    std::expected<Claimed, Failure> claimed = Claimed{};
    commits_.Run([&] {
      std::int64_t found = 0;
      SpentSet spent = LoadEntry(database_, id, key_id, found);
      is_stale = found != newest;
      if (is_stale) {
        LoadLinks();
        return;
      }
      claimed = Claim(spent, id, key_id, borrow.digest, owner_lives, source);
      if (!claimed || claimed->claim_id.empty()) return;
      StoreEntry(database_, id, spent.entries.at(id));
    });
    if (is_stale) return std::nullopt;
    if (!claimed) return Refused(claimed.error());
    return *claimed;
  });
}

/// What Settle and Release have in common. unknown: the failure where no token has this claim.
std::expected<void, Stop> Lender::End(View claim_id,
                                      std::expected<void, Failure> (*end)(SpentSet&, const Bytes&,
                                                                          View),
                                      Failure unknown) {
  return Guarded([&]() -> std::expected<void, Stop> {
    std::expected<void, Failure> ended = std::unexpected(unknown);
    commits_.Run([&] {
      const auto rows =
          database_.Run("SELECT id, key_id FROM spent WHERE state = 'claimed' AND claim_id = ?1",
                        {Bytes(claim_id.begin(), claim_id.end())});
      if (rows.empty()) return;
      const Bytes& id = Blob(rows[0][0]);
      std::int64_t newest = 0;
      SpentSet spent = LoadEntry(database_, id, Blob(rows[0][1]), newest);
      ended = end(spent, id, claim_id);
      if (ended) StoreEntry(database_, id, spent.entries.at(id));
    });
    if (!ended) return Refused(ended.error());
    return {};
  });
}

std::expected<void, Stop> Lender::Settle(View claim_id) {
  return End(claim_id, blindlend::Settle, {"Settle.1"});
}

std::expected<void, Stop> Lender::Release(View claim_id) {
  return End(claim_id, blindlend::Release, {"Release.1"});
}

std::expected<std::vector<std::uint32_t>, Stop> Lender::CloseEpochs(std::uint64_t now) {
  return Guarded([&]() -> std::expected<std::vector<std::uint32_t>, Stop> {
    std::vector<std::uint32_t> numbers;
    for (const Link& link : Links()) {
      if (!link.epoch || now < link.epoch->spend_until) continue;
      const Bytes key_id = KeyId(link.epoch->pk).value();
      // Close.1, durable before Close.2: what is dropped could otherwise be spent again.
      commits_.Run([&] {
        database_.Run("INSERT OR IGNORE INTO closed VALUES (?1)", {key_id});
        CountEvents(database_);
      });
      commits_.Run([&] { database_.Run("DELETE FROM spent WHERE key_id = ?1", {key_id}); });
      numbers.push_back(link.number);
    }
    database_.Erase();
    return numbers;
  });
}

std::expected<std::vector<SpentCount>, Stop> Lender::Count() {
  return Guarded([&]() -> std::expected<std::vector<SpentCount>, Stop> {
    std::vector<SpentCount> counts;
    for (const Link& link : Links()) {
      if (!link.epoch) continue;
      const Bytes key_id = KeyId(link.epoch->pk).value();
      SpentCount& count = counts.emplace_back(
          link.number, !database_.Run("SELECT 1 FROM closed WHERE key_id = ?1", {key_id}).empty());
      for (const Row& row : database_.Run(
               "SELECT state, count(*) FROM spent WHERE key_id = ?1 GROUP BY state", {key_id})) {
        const auto number = static_cast<std::size_t>(Number(row[1]));
        switch (StateOf(database_, Text(row[0]))) {
          case SpentEntry::State::kClaimed:
            count.claimed = number;
            break;
          case SpentEntry::State::kReleased:
            count.released = number;
            break;
          case SpentEntry::State::kServed:
            count.served = number;
            break;
        }
      }
    }
    return counts;
  });
}

std::expected<std::vector<std::string>, Stop> Lender::Audit() {
  return Guarded([&]() -> std::expected<std::vector<std::string>, Stop> {
    std::vector<std::string> problems;
    for (const Row& row : database_.Run("PRAGMA integrity_check"))
      if (Text(row[0]) != "ok") problems.push_back("database: " + Text(row[0]));
    const auto anchor = Anchor(database_);
    std::vector<Link> chain;
    for (const SealedLink& each : LoadChain(database_)) {
      const auto link = VerifyLink(anchor.value_or(Bytes{}), each.sealed);
      const auto longer = link ? Extend(chain, *link) : std::unexpected(link.error());
      if (!longer)
        problems.push_back("descriptor " + std::to_string(each.link.number) + ": refused at " +
                           std::string(longer.error().step));
      else
        chain = *longer;
    }
    const auto count = [&](const std::string& what, const std::string& condition) {
      const auto rows = database_.Run("SELECT count(*) FROM spent WHERE " + condition);
      if (const std::int64_t wrong = Number(rows[0][0]); wrong != 0)
        problems.push_back(std::to_string(wrong) + " entries " + what);
    };
    count("of unknown epochs", "key_id NOT IN (SELECT key_id FROM link WHERE key_id NOT NULL)");
    count("of closed epochs (lender close drops them)", "key_id IN (SELECT key_id FROM closed)");
    count("with a wrong id", "length(id) != 32");
    count("with a wrong number of refunds", "refunds NOT BETWEEN 0 AND 2");
    count("claimed without digest or claim",
          "state = 'claimed' AND (length(digest) != 32 OR length(claim_id) != 16)");
    count("that have ended and keep digest or claim",
          "state != 'claimed' AND (length(digest) != 0 OR length(claim_id) != 0)");
    return problems;
  });
}

std::expected<bool, Stop> Lender::Compact(bool waits) {
  return Guarded([&]() -> std::expected<bool, Stop> {
    bool is_erased = false;
    commits_.Alone([&] {
      const Patience patience(database_, waits ? kPatient : kImpatient);
      database_.Run("VACUUM");
      is_erased = database_.Erase();
    });
    if (const auto marked = WriteMark(); !marked) return std::unexpected(marked.error());
    return is_erased;
  });
}

}  // namespace blindlend
