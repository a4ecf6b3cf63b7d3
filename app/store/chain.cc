#include "chain.h"

#include <algorithm>

#include "app/store/refusal.h"

namespace blindlend {

namespace {

std::vector<Link> Links(const std::vector<SealedLink>& chain) {
  std::vector<Link> links;
  for (const SealedLink& each : chain) links.push_back(each.link);
  return links;
}

/// Keeps the two links where they can be shown to others. Returns the file's name.
std::expected<std::string, Stop> KeepFork(const std::string& directory, View known,
                                          const Link& link, View sealed) {
  const std::string path =
      directory + "/evidence-fork-" + Hex(LinkId(link).value()).substr(0, 16) + ".txt";
  const auto written = WriteAll({{{path}, Join({LinkText(known), LinkText(sealed)})}}, false);
  if (!written) return std::unexpected(written.error());
  return path;
}

}  // namespace

bool InitIdentity(const DatabaseKind& kind, const std::string& directory, const std::string& path,
                  const ByteSource& source, const std::function<void(Database&)>& fill) {
  MakeDirectory(directory);
  return Database::Make(kind, path, [&](Database& database) {
    Bytes seed(32);
    if (!source(seed)) throw StoreError{Unusable(path, "no randomness for its identity").error()};
    database.Run("INSERT INTO identity VALUES (1, ?1)", {seed});
    fill(database);
  });
}

Bytes IdentitySeed(Database& database) {
  const auto rows = database.Run("SELECT seed FROM identity");
  if (rows.size() != 1 || Blob(rows[0][0]).size() != 32) ThrowDamaged(database, "identity");
  return Blob(rows[0][0]);
}

std::optional<Bytes> Anchor(Database& database) {
  const auto rows = database.Run("SELECT admin FROM anchor");
  return rows.empty() ? std::nullopt : std::optional(Blob(rows[0][0]));
}

std::vector<SealedLink> LoadChain(Database& database) {
  std::vector<SealedLink> chain;
  for (const Row& row : database.Run("SELECT sealed, number FROM link ORDER BY number")) {
    const Bytes& sealed = Blob(row[0]);
    const View body = View(sealed).first(sealed.size() - std::min<std::size_t>(sealed.size(), 64));
    chain.push_back({Intact(database, "a descriptor", ParseLink(body)), sealed});
    if (chain.back().link.number != Number(row[1]))
      ThrowDamaged(database, "the number of a descriptor");
  }
  return chain;
}

void StoreLink(Database& database, const SealedLink& link, const Value& secret_key) {
  Value key_id = nullptr;
  if (link.link.epoch) key_id = KeyId(link.link.epoch->pk).value();
  database.Run("INSERT INTO link (number, key_id, sealed, secret_key) VALUES (?1, ?2, ?3, ?4)",
               {std::int64_t{link.link.number}, key_id, link.sealed, secret_key});
}

std::expected<Joined, Stop> JoinChain(Database& database, const std::string& directory, View admin,
                                      View sealed) {
  const auto link = VerifyLink(admin, sealed);
  // Also what is refused by itself can contradict what the admin signed before.
  Transaction transaction(database);
  const auto anchor = Anchor(database);
  if (anchor && !std::ranges::equal(*anchor, admin))
    return Unusable(database.path(), "follows another admin's chain");
  const std::vector<SealedLink> chain = LoadChain(database);
  for (const SealedLink& known : chain) {
    if (!CheckFork(admin, known.sealed, sealed)) continue;
    const auto contradicting = ParseLink(sealed.first(sealed.size() - 64));
    const auto kept = KeepFork(directory, known.sealed, *contradicting, sealed);
    if (!kept) return std::unexpected(kept.error());
    return Refused({"Extend.1"}, "it contradicts number " + std::to_string(known.link.number) +
                                     ", which the same admin has signed; both are kept in " +
                                     *kept + ": show them to the others");
  }
  if (!link) return Refused(link.error());
  const auto longer = Extend(Links(chain), *link);
  if (!longer)
    return Refused(longer.error(), "it has number " + std::to_string(link->number) +
                                       ", the next one here is " +
                                       std::to_string(chain.back().link.number + 1ul));
  if (longer->size() == chain.size()) return Joined{*link, false};
  if (!anchor)
    database.Run("INSERT INTO anchor VALUES (1, ?1)", {Bytes(admin.begin(), admin.end())});
  StoreLink(database, {*link, Bytes(sealed.begin(), sealed.end())}, nullptr);
  transaction.Commit();
  return Joined{*link, true};
}

std::optional<SealedLink> LinkForIssue(const std::vector<SealedLink>& chain, std::uint64_t now) {
  if (chain.empty()) return std::nullopt;
  if (!chain.back().link.epoch) return chain.back();
  const auto is_open = [now](const SealedLink& each) {
    return each.link.epoch->issue_from <= now && now < each.link.epoch->issue_until;
  };
  const auto open = std::ranges::find_if(chain, is_open);
  return open == chain.end() ? chain.back() : *open;
}

Bytes LinkText(View sealed) {
  return EncodeText(sealed[1] == 0x0a ? "EPOCH" : "REVOCATION", sealed);
}

std::string IssueWindowText(const Link& link, std::uint64_t now) {
  if (!link.epoch) return "the chain ends in a revocation";
  return "epoch " + std::to_string(link.number) + " is open for issue from " +
         TimeText(link.epoch->issue_from) + " until " + TimeText(link.epoch->issue_until) +
         "; it is " + TimeText(now);
}

}  // namespace blindlend
