#include "wallet.h"

#include <algorithm>
#include <array>

#include "app/store/refusal.h"

namespace blindlend {

namespace {

const DatabaseKind kWalletDatabase = {
    "wallet", 0x424c7761 /* BLwa */, 2,
    std::string(kIdentitySchema) + kAnchorSchema + kChainSchema +
        // sealed and audience are there as long as the request is open.
        "CREATE TABLE request (hash BLOB PRIMARY KEY, number INTEGER NOT NULL,"
        " audience BLOB, state TEXT NOT NULL"
        " CHECK (state IN ('prepared', 'requested', 'accepted', 'cancelled', 'expired')), sealed "
        "BLOB)"
        " STRICT, WITHOUT ROWID;"
        "CREATE TABLE entry (hash BLOB NOT NULL REFERENCES request, position INTEGER NOT NULL,"
        " seed BLOB NOT NULL, msg BLOB NOT NULL, r_inv BLOB NOT NULL, PRIMARY KEY (hash, position))"
        " STRICT, WITHOUT ROWID;"
        "CREATE TABLE token (id BLOB PRIMARY KEY, number INTEGER NOT NULL,"
        " state TEXT NOT NULL CHECK (state IN ('held', 'spending')), seed BLOB NOT NULL,"
        // digest: of the request that it is reserved for; empty where it was reserved before and is
        // held again, NULL where it never was.
        " token BLOB NOT NULL, digest BLOB) STRICT, WITHOUT ROWID;"
        // When tokens of an epoch were last accepted, as long as one is left. Not of each token:
        // which of them is shown tells nobody anything, that some were obtained just before does.
        "CREATE TABLE obtained (number INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;"
        "CREATE TABLE outcome (number INTEGER NOT NULL, state TEXT NOT NULL"
        " CHECK (state IN ('spent', 'burnt')), count INTEGER NOT NULL, PRIMARY KEY (number, state))"
        " STRICT, WITHOUT ROWID;"};

constexpr std::array kStates = {TokenState::kPrepared, TokenState::kRequested, TokenState::kHeld,
                                TokenState::kSpending, TokenState::kSpent,     TokenState::kBurnt};

std::string PathIn(const std::string& directory) {
  return directory + "/wallet.db";
}

TokenState StateOf(const Database& database, const std::string& name) {
  const auto found = std::ranges::find(kStates, name, StateName);
  if (found == kStates.end()) ThrowDamaged(database, "the state of a token");
  return *found;
}

/// The next full hour: no finer time is kept.
std::int64_t FullHour(std::uint64_t now) {
  constexpr std::int64_t kHour = 60 * 60;
  const auto time = static_cast<std::int64_t>(std::min<std::uint64_t>(now, INT64_MAX / 2));
  return (time + kHour - 1) / kHour * kHour;
}

/// The next state of a token in the database, which only does what the table allows.
TokenState Next(const Database& database, TokenState state, TokenEvent event) {
  return Intact(database, "the state of a token", Transition(state, event));
}

/// Whether a request that is in this state is no longer open.
bool HasEnded(const std::string& state) {
  return state == "accepted" || state == "cancelled" || state == "expired";
}

const SealedLink* Find(const std::vector<SealedLink>& chain, std::int64_t number) {
  const auto found = std::ranges::find(
      chain, number, [](const SealedLink& each) { return std::int64_t{each.link.number}; });
  return found == chain.end() ? nullptr : &*found;
}

}  // namespace

std::string StateName(TokenState state) {
  switch (state) {
    case TokenState::kPrepared:
      return "prepared";
    case TokenState::kRequested:
      return "requested";
    case TokenState::kHeld:
      return "held";
    case TokenState::kSpending:
      return "spending";
    case TokenState::kSpent:
      return "spent";
    case TokenState::kBurnt:
      return "burnt";
  }
  return "";
}

Wallet::Wallet(Database database, std::string directory)
    : owned_(std::make_unique<Database>(std::move(database))),
      database_(*owned_),
      commits_(std::make_unique<GroupCommit>(database_)),
      ended_(std::make_unique<std::uint64_t>(1)),
      erased_(std::make_unique<std::uint64_t>(0)),
      directory_(std::move(directory)) {
  key_ = PublicOf(IdentitySeed(database_));
}

std::expected<Wallet, Stop> Wallet::Init(const std::string& directory, const ByteSource& source,
                                         bool& made) {
  return Guarded([&]() -> std::expected<Wallet, Stop> {
    made = InitIdentity(kWalletDatabase, directory, PathIn(directory), source, [](Database&) {});
    return Wallet(Database(kWalletDatabase, PathIn(directory)), directory);
  });
}

std::expected<Wallet, Stop> Wallet::Open(const std::string& directory) {
  return Guarded([&]() -> std::expected<Wallet, Stop> {
    return Wallet(Database(kWalletDatabase, PathIn(directory)), directory);
  });
}

std::expected<Bytes, Stop> Wallet::AdminKey() {
  return Guarded(
      [&]() -> std::expected<Bytes, Stop> { return Anchor(database_).value_or(Bytes{}); });
}

std::expected<Joined, Stop> Wallet::Join(View admin, View sealed) {
  return Guarded([&]() -> std::expected<Joined, Stop> {
    return JoinChain(database_, directory_, admin, sealed);
  });
}

std::expected<std::vector<SealedLink>, Stop> Wallet::Chain() {
  return Guarded(
      [&]() -> std::expected<std::vector<SealedLink>, Stop> { return LoadChain(database_); });
}

/// Adds to the counts of what has ended.
void Wallet::AddOutcome(std::int64_t number, TokenState state, std::size_t count) {
  if (count == 0) return;
  database_.Run(
      "INSERT INTO outcome VALUES (?1, ?2, ?3)"
      " ON CONFLICT (number, state) DO UPDATE SET count = count + excluded.count",
      {number, StateName(state), static_cast<std::int64_t>(count)});
}

/// Erases what an open request kept: only its hash and how it ended stay.
void Wallet::EndRequest(const Bytes& hash, const std::string& how) {
  database_.Run("DELETE FROM entry WHERE hash = ?1", {hash});
  database_.Run("UPDATE request SET state = ?2, sealed = NULL, audience = NULL WHERE hash = ?1",
                {hash, how});
}

/// Erases when tokens were obtained of which none is left.
void Wallet::Forget() {
  database_.Run("DELETE FROM obtained WHERE number NOT IN (SELECT number FROM token)");
}

/// How many tokens of an epoch this wallet has ever asked for.
std::uint64_t Wallet::Asked(std::int64_t number) {
  const auto rows = database_.Run(
      "SELECT (SELECT count(*) FROM entry JOIN request USING (hash) WHERE number = ?1)"
      " + (SELECT count(*) FROM token WHERE number = ?1)"
      " + (SELECT coalesce(sum(count), 0) FROM outcome WHERE number = ?1)",
      {number});
  return static_cast<std::uint64_t>(Number(rows[0][0]));
}

std::expected<Outgoing, Stop> Wallet::Request(View audience, std::size_t count, bool force,
                                              std::uint64_t now, const ByteSource& source) {
  return Guarded([&]() -> std::expected<Outgoing, Stop> {
    Transaction transaction(database_);
    const auto sealed_link = LinkForIssue(LoadChain(database_), now);
    if (!sealed_link) return Unusable(database_.path(), "has no descriptor yet; join brings it in");
    const Link& link = sealed_link->link;
    const std::int64_t number = link.number;
    const Bytes lender(audience.begin(), audience.end());

    const auto prepared = database_.Run(
        "SELECT sealed, hash FROM request WHERE state = 'prepared' AND number = ?1 AND audience = "
        "?2"
        " AND (SELECT count(*) FROM entry WHERE entry.hash = request.hash) = ?3 LIMIT 1",
        {number, lender, static_cast<std::int64_t>(count)});
    const bool is_open =
        link.epoch && link.epoch->issue_from <= now && now < link.epoch->issue_until;
    if (is_open && !prepared.empty())
      return Outgoing{Blob(prepared[0][0]), Blob(prepared[0][1]), true};
    if (is_open && !force) {  // a closed one is refused with its times
      const std::uint64_t asked = Asked(number), quota = link.epoch->quota;
      if (count > quota || asked > quota - count) {
        const std::string detail = "this wallet has asked for " + std::to_string(asked) +
                                   " of the " + std::to_string(quota) +
                                   " tokens that a member can have in epoch " +
                                   std::to_string(number) + "; " + std::to_string(count) +
                                   " more are too many (--force asks all the same)";
        return std::unexpected(Stop{kExitRefused, "refused: " + detail, "", detail});
      }
    }
    const auto made = RequestTokens(link, IdentitySeed(database_), audience, count, now, source);
    if (!made)
      return Refused(made.error(),
                     made.error().step == "RequestTokens.1" ? IssueWindowText(link, now) : "");
    const State& state = made->state;
    database_.Run("INSERT INTO request VALUES (?1, ?2, ?3, 'prepared', ?4)",
                  {state.request_hash, number, lender, made->sealed});
    for (std::size_t i = 0; i < state.entries.size(); ++i)
      database_.Run("INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5)",
                    {state.request_hash, static_cast<std::int64_t>(i), made->seeds[i],
                     state.entries[i].msg, I2OSP(state.entries[i].r_inv, state.width).value()});
    // Durable from here on; only now may the request leave.
    transaction.Commit();
    return Outgoing{made->sealed, state.request_hash, false};
  });
}

std::expected<Outgoing, Stop> Wallet::Resend(const std::string& id) {
  return Guarded([&]() -> std::expected<Outgoing, Stop> {
    const auto rows = database_.Run(
        "SELECT sealed, hash FROM request WHERE sealed NOT NULL"
        " AND substr(lower(hex(hash)), 1, length(?1)) = ?1",
        {id});
    if (rows.empty()) return Unusable(database_.path(), "has no such open request");
    if (rows.size() > 1)
      return Unusable(database_.path(), "has " + Count(rows.size(), "open request") +
                                            " that this could mean; balance lists them");
    return Outgoing{Blob(rows[0][0]), Blob(rows[0][1]), true};
  });
}

std::expected<void, Stop> Wallet::Sent(View hash) {
  return Guarded([&]() -> std::expected<void, Stop> {
    Transaction transaction(database_);
    const Bytes key(hash.begin(), hash.end());
    const auto rows = database_.Run("SELECT state FROM request WHERE hash = ?1", {key});
    if (rows.size() == 1 && Text(rows[0][0]) == "prepared")
      database_.Run("UPDATE request SET state = ?2 WHERE hash = ?1",
                    {key, StateName(Next(database_, TokenState::kPrepared, TokenEvent::kSent))});
    transaction.Commit();
    return {};
  });
}

std::expected<Accepted, Stop> Wallet::Accept(View sealed, std::uint64_t now) {
  return Guarded([&]() -> std::expected<Accepted, Stop> {
    Transaction transaction(database_);
    const auto admin = Anchor(database_);
    if (!admin) return Unusable(database_.path(), "has no descriptor yet; join brings it in");
    const auto body = blindlend::Open(*admin, "blindlend v1 response", sealed);
    if (!body) return Refused({"Accept.1"});
    const auto named = ParseBatch(kResponse, *body);
    if (!named) return Refused({"Accept.2"});
    const auto rows =
        database_.Run("SELECT number, state, sealed FROM request WHERE hash = ?1", {named->id});
    if (rows.empty()) return Refused({"Accept.3"});
    const std::string& name = Text(rows[0][1]);
    if (HasEnded(name))
      return Refused({"Accept.3"}, "the request that it answers has been " + name + " already");

    // What RequestTokens returned, out of the wallet.
    const std::int64_t number = Number(rows[0][0]);
    const TokenState before = StateOf(database_, name);
    const std::vector<SealedLink> chain = LoadChain(database_);
    const SealedLink* const link = Find(chain, number);
    if (link == nullptr || !link->link.epoch)
      ThrowDamaged(database_, "a request without its epoch");
    const PublicKey& pk = link->link.epoch->pk;
    State state{KeyId(pk).value(), named->id, static_cast<std::size_t>(NumBytes(pk.n)), {}};
    std::vector<Bytes> seeds;
    for (const Row& row : database_.Run(
             "SELECT seed, msg, r_inv FROM entry WHERE hash = ?1 ORDER BY position", {named->id})) {
      seeds.push_back(Blob(row[0]));
      state.entries.push_back({OS2IP(Blob(row[2])), Blob(row[1])});
    }

    const auto keep_evidence = [&]() -> std::expected<std::string, Stop> {
      const Bytes& request = Blob(rows[0][2]);
      if (const auto convicts = CheckMisissue(*admin, link->sealed, request, sealed); !convicts)
        return Refused(convicts.error(),
                       "the wallet's own record of this request is damaged; "
                       "nothing has changed");
      const std::string path =
          directory_ + "/evidence-response-" + Hex(named->id).substr(0, 16) + ".txt";
      const auto written =
          WriteAll({{{path},
                     blindlend::Join({LinkText(link->sealed), EncodeText("TOKEN REQUEST", request),
                                      EncodeText("TOKEN RESPONSE", sealed)})}},
                   false);
      if (!written) return std::unexpected(written.error());
      return path;
    };

    const auto sigs = blindlend::Accept(pk, *admin, state, sealed);
    if (!sigs) {
      if (sigs.error().step != "Accept.4") return Refused(sigs.error());
      const auto evidence = keep_evidence();
      if (!evidence) return std::unexpected(evidence.error());
      return Refused(sigs.error(),
                     "another width or number of values than the request, signed by "
                     "the admin: kept in " +
                         *evidence + "; nothing has changed");
    }
    Accepted accepted;
    accepted.burnt = static_cast<std::size_t>(
        std::ranges::count_if(*sigs, [](const auto& sig) { return !sig; }));
    accepted.held = sigs->size() - accepted.burnt;
    if (accepted.burnt > 0) {
      const auto evidence = keep_evidence();
      if (!evidence) return std::unexpected(evidence.error());
      accepted.evidence = *evidence;
    }
    for (std::size_t i = 0; i < sigs->size(); ++i) {
      if (!(*sigs)[i]) continue;
      const Bytes& msg = state.entries[i].msg;
      const Token token{Bytes(msg.begin() + 2, msg.begin() + 34),
                        Bytes(msg.begin() + 34, msg.begin() + 66),
                        Bytes(msg.begin() + 66, msg.end()), *(*sigs)[i]};
      database_.Run("INSERT INTO token VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
                    {TokenId(token).value(), number,
                     StateName(Next(database_, before, TokenEvent::kAccepted)), seeds[i],
                     EncodeToken(token).value()});
    }
    if (accepted.held > 0)
      database_.Run(
          "INSERT INTO obtained VALUES (?1, ?2)"
          " ON CONFLICT (number) DO UPDATE SET at = max(at, excluded.at)",
          {number, FullHour(now)});
    AddOutcome(number, Next(database_, before, TokenEvent::kRefused), accepted.burnt);
    EndRequest(named->id, "accepted");
    transaction.Commit();
    database_.Erase();
    return accepted;
  });
}

std::expected<std::size_t, Stop> Wallet::Cancel(View sealed) {
  return Guarded([&]() -> std::expected<std::size_t, Stop> {
    const auto request = VerifyRequest(sealed);
    if (!request) return Refused(request.error());
    const Bytes hash = SHA256(EncodeBatch(kRequest, request->batch).value());
    Transaction transaction(database_);
    const auto rows = database_.Run(
        "SELECT number, state, (SELECT count(*) FROM entry WHERE entry.hash = request.hash)"
        " FROM request WHERE hash = ?1",
        {hash});
    if (rows.empty()) return Unusable(database_.path(), "knows no such request");
    const std::string& name = Text(rows[0][1]);
    if (HasEnded(name))
      return Unusable(database_.path(), "the request has been " + name + " already");
    const auto count = static_cast<std::size_t>(Number(rows[0][2]));
    AddOutcome(Number(rows[0][0]),
               Next(database_, StateOf(database_, name), TokenEvent::kCancelled), count);
    EndRequest(hash, "cancelled");
    transaction.Commit();
    database_.Erase();
    return count;
  });
}

/// What work returns, in one transaction with the work of other threads; durable then.
template <class T>
std::expected<T, Stop> Wallet::InGroup(const std::function<std::expected<T, Stop>()>& work) {
  return Guarded([&]() -> std::expected<T, Stop> {
    std::optional<std::expected<T, Stop>> result;
    commits_->Run([&] { result = work(); });
    return *std::move(result);
  });
}

std::expected<Borrowing, Stop> Wallet::Spend(const std::optional<Bytes>& audience, View request,
                                             std::uint64_t now, const ByteSource& source,
                                             bool fresh) {
  return InGroup<Borrowing>([&]() -> std::expected<Borrowing, Stop> {
    const std::vector<SealedLink> chain = LoadChain(database_);
    if (chain.empty())
      return Unusable(database_.path(), "has no descriptor yet; join brings it in");
    if (!chain.back().link.epoch)
      return Unusable(database_.path(), "the chain ends in a revocation");
    const auto borrow = [&](const Token& token, const Bytes& seed, bool is_new,
                            std::int64_t number) {
      const Bytes sealed =
          Intact(database_, "a token's spend key", MakeBorrow(token, seed, request));
      const auto rows = database_.Run("SELECT at FROM obtained WHERE number = ?1", {number});
      if (rows.empty()) ThrowDamaged(database_, "when a token was obtained");
      return Borrowing{sealed, token.audience, is_new,
                       static_cast<std::uint64_t>(Number(rows[0][0]))};
    };
    const auto fits = [&](const Token& token) { return !audience || token.audience == *audience; };

    // The same request again: the same borrow.
    const std::string reserved =
        "SELECT id, seed, token, digest, number FROM token WHERE state = 'spending' ORDER BY id";
    for (const Row& row : fresh ? std::vector<Row>{} : database_.Run(reserved)) {
      const Token token = Intact(database_, "a token", ParseToken(Blob(row[2])));
      if (fits(token) && RequestDigest(Blob(row[0]), request) == Blob(row[3]))
        return borrow(token, Blob(row[1]), false, Number(row[4]));
    }
    // One that was shown joins its requests, so it comes last; then the epoch that ends first; of these any.
    bool is_elsewhere = false;
    for (const bool was_reserved : {false, true})
      for (const SealedLink& each : chain) {
        std::vector<Row> rows = database_.Run(
            "SELECT id, seed, token FROM token WHERE state = 'held' AND number = ?1"
            " AND (digest IS NOT NULL) = ?2 ORDER BY id",
            {std::int64_t{each.link.number}, std::int64_t{was_reserved}});
        is_elsewhere = is_elsewhere || !rows.empty();
        const Epoch& epoch = *each.link.epoch;
        if (now < epoch.spend_from || now >= epoch.spend_until) continue;
        std::erase_if(rows, [&](const Row& row) {
          return !fits(Intact(database_, "a token", ParseToken(Blob(row[2]))));
        });
        if (rows.empty()) continue;
        const auto index = DrawIndex(rows.size(), source);
        if (!index) return Refused(index.error());
        const Row& row = rows[*index];
        database_.Run("UPDATE token SET state = ?2, digest = ?3 WHERE id = ?1",
                      {row[0], StateName(Next(database_, TokenState::kHeld, TokenEvent::kReserved)),
                       RequestDigest(Blob(row[0]), request)});
        const Token token = Intact(database_, "a token", ParseToken(Blob(row[2])));
        return borrow(token, Blob(row[1]), true, each.link.number);
      }
    const std::string detail =
        is_elsewhere ? "of the held tokens none is for this lender and for " + TimeText(now)
                     : "no token is held";
    return std::unexpected(Stop{kExitRefused, "refused: " + detail, "", detail});
  });
}

std::expected<std::vector<Pending>, Stop> Wallet::ListPending() {
  return Guarded([&]() -> std::expected<std::vector<Pending>, Stop> {
    std::vector<Pending> pending;
    for (const Row& row : database_.Run(
             "SELECT id, number, token FROM token WHERE state = 'spending' ORDER BY id")) {
      const Token token = Intact(database_, "a token", ParseToken(Blob(row[2])));
      pending.push_back({Blob(row[0]), token.audience, static_cast<std::uint32_t>(Number(row[1]))});
    }
    return pending;
  });
}

std::expected<std::size_t, Stop> Wallet::Reclaim() {
  return Guarded([&]() -> std::expected<std::size_t, Stop> {
    Transaction transaction(database_);
    const auto rows = database_.Run("SELECT id FROM token WHERE state = 'spending'");
    const TokenState next = Next(database_, TokenState::kSpending, TokenEvent::kReleased);
    for (const Row& row : rows)
      database_.Run("UPDATE token SET state = ?2, digest = x'' WHERE id = ?1",
                    {row[0], StateName(next)});
    transaction.Commit();
    return rows.size();
  });
}

std::expected<void, Stop> Wallet::End(View sealed, bool served, bool erases) {
  const auto borrow =
      ParseBorrow(sealed.first(sealed.size() - std::min<std::size_t>(sealed.size(), 64)));
  if (!borrow) return Refused(borrow.error());
  const Bytes id = TokenId(borrow->token).value();
  const auto ended = InGroup<std::uint64_t>([&]() -> std::expected<std::uint64_t, Stop> {
    const auto rows = database_.Run("SELECT number, state, digest FROM token WHERE id = ?1", {id});
    if (rows.empty() || Text(rows[0][1]) != "spending" || Blob(rows[0][2]) != borrow->digest)
      return Unusable(database_.path(), "no token is reserved for this borrow");
    const TokenState next = Next(database_, TokenState::kSpending,
                                 served ? TokenEvent::kServed : TokenEvent::kReleased);
    if (served) {
      AddOutcome(Number(rows[0][0]), next, 1);
      database_.Run("DELETE FROM token WHERE id = ?1", {id});
      Forget();
    } else {
      database_.Run("UPDATE token SET state = ?2, digest = x'' WHERE id = ?1",
                    {id, StateName(next)});
    }
    return ++*ended_;
  });
  if (!ended) return std::unexpected(ended.error());
  return erases ? EraseEnded(true) : std::expected<void, Stop>{};
}

std::expected<void, Stop> Wallet::EraseEnded(bool waits) {
  return Guarded([&]() -> std::expected<void, Stop> {
    commits_->Alone([&] {
      if (*erased_ == *ended_) return;
      const Patience patience(database_, waits ? kPatient : kImpatient);
      if (database_.Erase()) *erased_ = *ended_;
    });
    return {};
  });
}

std::expected<std::size_t, Stop> Wallet::Expire(std::uint64_t now) {
  return Guarded([&]() -> std::expected<std::size_t, Stop> {
    Transaction transaction(database_);
    const std::vector<SealedLink> chain = LoadChain(database_);
    const bool is_revoked = !chain.empty() && !chain.back().link.epoch;
    std::size_t count = 0;
    for (const SealedLink& each : chain) {
      if (!each.link.epoch || (!is_revoked && now < each.link.epoch->spend_until)) continue;
      const std::int64_t number = each.link.number;
      for (const Row& row :
           database_.Run("SELECT id, state FROM token WHERE number = ?1", {number})) {
        const TokenState state = StateOf(database_, Text(row[1]));
        AddOutcome(number, Next(database_, state, TokenEvent::kExpired), 1);
        database_.Run("DELETE FROM token WHERE id = ?1", {row[0]});
        ++count;
      }
      for (const Row& row : database_.Run(
               "SELECT hash, state, (SELECT count(*) FROM entry WHERE entry.hash = request.hash)"
               " FROM request WHERE number = ?1 AND sealed NOT NULL",
               {number})) {
        const TokenState state = StateOf(database_, Text(row[1]));
        const auto tokens = static_cast<std::size_t>(Number(row[2]));
        AddOutcome(number, Next(database_, state, TokenEvent::kExpired), tokens);
        EndRequest(Blob(row[0]), "expired");
        count += tokens;
      }
    }
    Forget();
    transaction.Commit();
    database_.Erase();
    return count;
  });
}

std::expected<Balance, Stop> Wallet::Look(std::uint64_t now) {
  return Guarded([&]() -> std::expected<Balance, Stop> {
    Transaction transaction(database_);  // so that all counts are of one moment
    Balance balance;
    for (const TokenState state : kStates) balance.tokens[state] = 0;
    const std::vector<SealedLink> chain = LoadChain(database_);
    const bool is_revoked = !chain.empty() && !chain.back().link.epoch;
    const auto is_over = [&](std::int64_t number) {
      const SealedLink* const link = Find(chain, number);
      return is_revoked || (link != nullptr && now >= link->link.epoch->spend_until);
    };
    for (const Row& row :
         database_.Run("SELECT hash, number, audience, state,"
                       " (SELECT count(*) FROM entry WHERE entry.hash = request.hash)"
                       " FROM request WHERE sealed NOT NULL ORDER BY number, hash")) {
      const OpenRequest& request = balance.requests.emplace_back(
          Blob(row[0]), static_cast<std::uint32_t>(Number(row[1])), Blob(row[2]),
          static_cast<std::size_t>(Number(row[4])), StateOf(database_, Text(row[3])));
      balance.tokens[request.state] += request.count;
      if (is_over(request.number)) balance.expired += request.count;
    }
    for (const Row& row :
         database_.Run("SELECT state, number, count(*) FROM token GROUP BY state, number")) {
      const auto count = static_cast<std::size_t>(Number(row[2]));
      balance.tokens[StateOf(database_, Text(row[0]))] += count;
      if (is_over(Number(row[1]))) balance.expired += count;
    }
    for (const Row& row : database_.Run("SELECT state, sum(count) FROM outcome GROUP BY state"))
      balance.tokens[StateOf(database_, Text(row[0]))] += static_cast<std::size_t>(Number(row[1]));
    if (const auto current = LinkForIssue(chain, now)) {
      balance.link = current->link;
      if (current->link.epoch) {
        const std::uint64_t asked = Asked(current->link.number), quota = current->link.epoch->quota;
        balance.left = quota - std::min(quota, asked);
      }
    }
    return balance;
  });
}

}  // namespace blindlend
