#include "tests/store/spent_support.h"

#include <filesystem>

namespace blindlend::test {

namespace fs = std::filesystem;

namespace {

Held MakeHeld(std::size_t epoch, const Bytes& audience, const std::string& name) {
  const SecretKey& sk = Key(2048, static_cast<int>(epoch));
  const Minted minted = MintToken(*KeyId(sk), audience, SourceOf(name)).value();
  return {{*KeyId(sk), audience, PublicOf(minted.seed), SignatureOf(sk, minted.msg)}, minted.seed};
}

}  // namespace

const Bytes& SpentLender() {
  static const Bytes key = PublicOf(IdentityOf("lender"));
  return key;
}

std::vector<Link> SpentChain(std::size_t epochs, bool is_revoked) {
  std::vector<Link> chain;
  for (std::size_t i = 0; i < epochs; ++i) {
    const SecretKey& sk = Key(2048, static_cast<int>(i));
    const std::uint64_t from = kStart + i * kDay;
    std::vector<Bytes> lenders = {SpentLender(), LenderKey(0)};
    std::ranges::sort(lenders);
    const Bytes predecessor = chain.empty() ? Bytes(32) : *LinkId(chain.back());
    chain.push_back({Ascii("a group"), static_cast<std::uint32_t>(i + 1), predecessor,
                     Epoch{sk, CachedRoots(sk), from, from + kDay, from + kDay / 2, from + 2 * kDay,
                           10, lenders}});
  }
  if (is_revoked)
    chain.push_back({Ascii("a group"), static_cast<std::uint32_t>(epochs + 1),
                     *LinkId(chain.back()), std::nullopt});
  return chain;
}

Bytes SealedNewest(std::size_t epochs, bool is_revoked) {
  return SealLink(IdentityOf("admin"), SpentChain(epochs, is_revoked).back());
}

const Held& HeldToken(std::size_t epoch, std::size_t i) {
  static std::map<std::pair<std::size_t, std::size_t>, Held> made;
  const auto found = made.find({epoch, i});
  if (found != made.end()) return found->second;
  const std::string name = "token " + std::to_string(epoch) + " " + std::to_string(i);
  return made[{epoch, i}] = MakeHeld(epoch, SpentLender(), name);
}

const Held& HeldElsewhere() {
  static const Held held = MakeHeld(0, LenderKey(0), "elsewhere");
  return held;
}

const std::string& LenderDirectory(std::size_t epochs) {
  static const TempDirectory directory;
  static std::map<std::size_t, std::string> made;
  const auto [found, is_new] =
      made.try_emplace(epochs, directory / ("lender" + std::to_string(epochs)));
  if (is_new) {
    bool made_now = false;
    const auto lender = Lender::Init(found->second, SourceOf("lender"), made_now).value();
    for (std::size_t i = 1; i <= epochs; ++i)
      lender->Join(PublicOf(IdentityOf("admin")), SealedNewest(i)).value();
  }
  return found->second;
}

std::unique_ptr<Lender> OpenLender(const std::string& directory) {
  return Lender::Open(directory).value();
}

std::string VerdictOf(const std::expected<Claimed, Stop>& claimed) {
  return claimed ? VerdictName(claimed->verdict) : Outcome(claimed);
}

Table SpentRows(const std::string& path) {
  return Query(path, "SELECT id, key_id, state, refunds, digest, claim_id FROM spent ORDER BY id");
}

Table SpentRows(const SpentSet& spent) {
  Table table;
  for (const auto& [id, entry] : spent.entries) {
    const char* state = entry.state == SpentEntry::State::kClaimed    ? "claimed"
                        : entry.state == SpentEntry::State::kReleased ? "released"
                                                                      : "served";
    table.push_back({AsText(id), AsText(entry.key_id), state, std::to_string(entry.refunds),
                     AsText(entry.digest), AsText(entry.claim_id)});
  }
  return table;
}

std::string AllRows(const std::string& path) {
  std::string all;
  for (const auto& table :
       Query(path, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")) {
    all += table[0] + ":";
    for (const auto& row : Query(path, "SELECT * FROM " + table[0])) {
      for (const auto& column : row) all += std::to_string(column.size()) + "," + column + "|";
      all += ";";
    }
  }
  return all;
}

void CopyAsItIs(const std::string& from, const std::string& to) {
  fs::create_directories(to);
  for (const char* name : {"lender.db", "lender.db-wal", "lender.mark"})
    if (fs::exists(from + "/" + name))
      fs::copy_file(from + "/" + name, to + "/" + name, fs::copy_options::overwrite_existing);
}

}  // namespace blindlend::test
