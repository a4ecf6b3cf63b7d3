#include "admin.h"

#include <algorithm>

#include "app/store/refusal.h"

namespace blindlend {

namespace {

const DatabaseKind kAdminDatabase = {
    "admin's database", 0x424c6164 /* BLad */, 1,
    // Without rowids, so that no order of arrival is kept.
    "CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), seed BLOB NOT NULL,"
    " group_name BLOB NOT NULL, bits INTEGER NOT NULL) STRICT;"
    "CREATE TABLE member (key BLOB PRIMARY KEY, name TEXT NOT NULL,"
    " enrolled INTEGER NOT NULL CHECK (enrolled IN (0, 1))) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX member_name ON member (name) WHERE enrolled = 1 AND name != '';"
    "CREATE TABLE debit (number INTEGER NOT NULL, request_id BLOB NOT NULL,"
    " PRIMARY KEY (number, request_id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE used (number INTEGER NOT NULL, member BLOB NOT NULL,"
    " count INTEGER NOT NULL CHECK (count > 0), PRIMARY KEY (number, member))"
    " STRICT, WITHOUT ROWID;" +
        std::string(kChainSchema)};

std::string PathIn(const std::string& directory) {
  return directory + "/admin.db";
}

/// The last link, for everything that goes on from it.
std::optional<SealedLink> Last(const std::vector<SealedLink>& chain) {
  return chain.empty() ? std::nullopt : std::optional(chain.back());
}

/// Signs a link and makes sure that everybody will take it.
std::expected<SealedLink, Stop> SignLink(View seed, View key, const std::vector<SealedLink>& chain,
                                         const Link& link) {
  const auto body = EncodeLink(link);
  if (!body) return Refused(body.error());
  const Bytes sealed = Seal(seed, "blindlend v1 link", *body);
  const auto verified = VerifyLink(key, sealed);
  if (!verified) return Refused(verified.error());
  for (const SealedLink& known : chain)
    if (const auto compatible = Compatible(known.link, *verified); !compatible)
      return Refused(compatible.error());
  return SealedLink{*verified, sealed};
}

}  // namespace

Admin::Admin(Database database) : database_(std::move(database)) {
  const auto rows = database_.Run("SELECT seed, group_name, bits FROM identity");
  if (rows.size() != 1 || Blob(rows[0][0]).size() != 32) ThrowDamaged(database_, "identity");
  key_ = PublicOf(Blob(rows[0][0]));
  group_ = Blob(rows[0][1]);
  bits_ = static_cast<long>(Number(rows[0][2]));
}

std::expected<Admin, Stop> Admin::Init(const std::string& directory, const std::string& group,
                                       long bits, const ByteSource& source, bool& made) {
  return Guarded([&]() -> std::expected<Admin, Stop> {
    const Bytes name = Ascii(group);
    if (const auto form = EncodeLink({name, 2, Bytes(32), std::nullopt}); !form)
      return Unusable("--group", "a group's name has 1 to 64 printable ASCII characters");
    MakeDirectory(directory);
    made = Database::Make(kAdminDatabase, PathIn(directory), [&](Database& database) {
      Bytes seed(32);
      if (!source(seed))
        throw StoreError{Unusable(PathIn(directory), "no randomness for its identity").error()};
      database.Run("INSERT INTO identity VALUES (1, ?1, ?2, ?3)", {seed, name, std::int64_t{bits}});
    });
    Admin admin(Database(kAdminDatabase, PathIn(directory)));
    if (admin.group_ != name || admin.bits_ != bits)
      return Unusable(PathIn(directory),
                      "is there already, with another group or another length of keys");
    return admin;
  });
}

std::expected<Admin, Stop> Admin::Open(const std::string& directory) {
  return Guarded([&]() -> std::expected<Admin, Stop> {
    return Admin(Database(kAdminDatabase, PathIn(directory)));
  });
}

Bytes Admin::Seed() {
  return Blob(database_.Run("SELECT seed FROM identity")[0][0]);
}

std::expected<void, Stop> Admin::Enroll(View member, const std::string& name) {
  return Guarded([&]() -> std::expected<void, Stop> {
    const Bytes key(member.begin(), member.end());
    Transaction transaction(database_);
    if (!name.empty() &&
        !database_
             .Run("SELECT 1 FROM member WHERE name = ?1 AND enrolled = 1 AND key != ?2",
                  {name, key})
             .empty())
      return Unusable(database_.path(), "another member is enrolled as " + name);
    database_.Run(
        "INSERT INTO member VALUES (?1, ?2, 1)"
        " ON CONFLICT (key) DO UPDATE SET name = excluded.name, enrolled = 1",
        {key, name});
    transaction.Commit();
    return {};
  });
}

std::expected<Bytes, Stop> Admin::Remove(const std::string& who) {
  return Guarded([&]() -> std::expected<Bytes, Stop> {
    Transaction transaction(database_);
    const auto rows = database_.Run(
        "SELECT key FROM member WHERE enrolled = 1 AND (name = ?1 OR lower(hex(key)) = ?1)", {who});
    if (rows.size() != 1) return Unusable(database_.path(), "no member is enrolled as " + who);
    database_.Run("UPDATE member SET enrolled = 0 WHERE key = ?1", {rows[0][0]});
    transaction.Commit();
    return Blob(rows[0][0]);
  });
}

std::expected<SealedLink, Stop> Admin::AddEpoch(const EpochPlan& plan, const SecretKey& sk,
                                                std::uint64_t now, const ByteSource& source) {
  return Guarded([&]() -> std::expected<SealedLink, Stop> {
    const auto roots = ProveKey(sk, group_, source);
    if (!roots) return Refused(roots.error());
    const auto secret_key = EncodeSecretKey(sk);
    if (!secret_key) return Refused(secret_key.error());

    Transaction transaction(database_);
    const std::vector<SealedLink> chain = LoadChain(database_);
    const auto last = Last(chain);
    if (last && !last->link.epoch) return Unusable(database_.path(), kChainEnded);
    constexpr std::uint64_t kDay = 24 * 60 * 60;
    const std::uint64_t from = last ? std::max(now, last->link.epoch->issue_until) : now;
    const std::uint64_t until = from + plan.days * kDay;
    const std::uint64_t issue_until = plan.issue_days ? from + *plan.issue_days * kDay : until;
    std::vector<Bytes> lenders = plan.lenders;
    std::ranges::sort(lenders);
    const Link link{group_, last ? last->link.number + 1 : 1,
                    last ? LinkId(last->link).value() : Bytes(32),
                    Epoch{sk, *roots, from, issue_until, plan.issue_days ? issue_until : from,
                          until, plan.quota, lenders}};
    const auto signed_link = SignLink(Seed(), key_, chain, link);
    if (!signed_link) return std::unexpected(signed_link.error());
    StoreLink(database_, *signed_link, *secret_key);
    transaction.Commit();
    return *signed_link;
  });
}

std::expected<SealedLink, Stop> Admin::Revoke() {
  return Guarded([&]() -> std::expected<SealedLink, Stop> {
    Transaction transaction(database_);
    const std::vector<SealedLink> chain = LoadChain(database_);
    const auto last = Last(chain);
    if (!last) return Unusable(database_.path(), "there is no epoch yet that could be revoked");
    if (!last->link.epoch) return *last;
    const auto signed_link =
        SignLink(Seed(), key_, chain,
                 {group_, last->link.number + 1, LinkId(last->link).value(), std::nullopt});
    if (!signed_link) return std::unexpected(signed_link.error());
    StoreLink(database_, *signed_link, nullptr);
    transaction.Commit();
    return *signed_link;
  });
}

std::expected<Bytes, Stop> Admin::Issue(View sealed, std::uint64_t now, const ByteSource& source,
                                        bool& is_new) {
  return Guarded([&]() -> std::expected<Bytes, Stop> {
    const auto request = VerifyRequest(sealed);
    if (!request) return Refused(request.error());
    const Bytes id = RequestId(*request).value();

    Transaction transaction(database_);
    // The link that Debit asks for: the revocation, or the epoch whose key the request names.
    const auto rows = database_.Run(
        "SELECT sealed, secret_key FROM link"
        " ORDER BY key_id IS NULL DESC, key_id = ?1 DESC, number DESC LIMIT 1",
        {request->batch.id});
    if (rows.empty()) return Unusable(database_.path(), "there is no epoch yet");
    const Bytes& bytes = Blob(rows[0][0]);
    const View body = View(bytes).first(bytes.size() - std::min<std::size_t>(bytes.size(), 64));
    const Link link = Intact(database_, "a descriptor", ParseLink(body));

    // What the ledger and the roster hold about this request and this member.
    const std::int64_t number = link.number;
    Ledger ledger;
    std::set<Bytes> roster;
    if (!database_.Run("SELECT 1 FROM debit WHERE number = ?1 AND request_id = ?2", {number, id})
             .empty())
      ledger.debited.insert(id);
    for (const Row& row : database_.Run("SELECT count FROM used WHERE number = ?1 AND member = ?2",
                                        {number, request->member}))
      ledger.used[request->member] = static_cast<std::uint64_t>(Number(row[0]));
    if (!database_.Run("SELECT 1 FROM member WHERE key = ?1 AND enrolled = 1", {request->member})
             .empty())
      roster.insert(request->member);

    const auto debited = Debit(ledger, link, roster, now, *request);
    if (!debited) {
      const std::string_view step = debited.error().step;
      std::string detail;
      if (step == "Debit.5") detail = IssueWindowText(link, now);
      if (step == "Debit.7")
        detail = std::to_string(request->batch.values.size()) + " asked for, " +
                 std::to_string(link.epoch->quota - ledger.used[request->member]) + " left of " +
                 std::to_string(link.epoch->quota);
      return Refused(debited.error(), detail);
    }
    is_new = ledger.debited.empty();
    if (is_new) {
      database_.Run("INSERT INTO debit VALUES (?1, ?2)", {number, id});
      database_.Run(
          "INSERT INTO used VALUES (?1, ?2, ?3)"
          " ON CONFLICT (number, member) DO UPDATE SET count = excluded.count",
          {number, request->member, static_cast<std::int64_t>(debited->used.at(request->member))});
    }
    // Durable from here on; only now is anything signed.
    transaction.Commit();

    const SecretKey sk = Intact(database_, "a secret key", ParseSecretKey(Blob(rows[0][1])));
    const auto response = blindlend::Issue(sk, Seed(), *debited, *request, source);
    if (!response) return Refused(response.error());
    return *response;
  });
}

std::expected<std::vector<SealedLink>, Stop> Admin::Chain() {
  return Guarded(
      [&]() -> std::expected<std::vector<SealedLink>, Stop> { return LoadChain(database_); });
}

std::expected<std::vector<MemberStatus>, Stop> Admin::Members() {
  return Guarded([&]() -> std::expected<std::vector<MemberStatus>, Stop> {
    std::vector<MemberStatus> members;
    for (const Row& row :
         database_.Run("SELECT key, name, enrolled FROM member ORDER BY name, key")) {
      MemberStatus& member = members.emplace_back(Blob(row[0]), Text(row[1]), Number(row[2]) == 1,
                                                  std::map<std::uint32_t, std::uint64_t>{});
      for (const Row& used :
           database_.Run("SELECT number, count FROM used WHERE member = ?1", {member.key}))
        member.used[static_cast<std::uint32_t>(Number(used[0]))] =
            static_cast<std::uint64_t>(Number(used[1]));
    }
    return members;
  });
}

}  // namespace blindlend
