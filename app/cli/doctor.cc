// blindlend doctor: what is wrong with a member's or a lender's directory, or around it.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "app/cli/common.h"
#include "app/cli/objects.h"
#include "app/http/binding.h"
#include "app/http/issue.h"
#include "app/store/lender.h"
#include "app/store/refusal.h"
#include "app/store/wallet.h"

namespace blindlend {

namespace {

/// 2024-01-01 00:00 UTC: before that no clock of anybody who runs this can be right.
constexpr std::uint64_t kEarliest = 1'704'067'200;
constexpr std::size_t kMaxChain = std::size_t{1} << 26;

/// Collects what is well and what is not.
class Findings {
 public:
  void Add(bool is_well, const std::string& what, const std::string& found) {
    report_.text += (is_well ? "well   " : "WRONG  ") + what + ": " + found + "\n";
    report_.json["findings"].push_back({{"well", is_well}, {"what", what}, {"found", found}});
    is_well_ = is_well_ && is_well;
  }
  Report Done() {
    if (!is_well_) {
      report_.result = "failed";
      report_.status = kExitRefused;
    }
    return report_;
  }

 private:
  Report report_{"", {{"findings", nlohmann::ordered_json::array()}}};
  bool is_well_ = true;
};

std::string Octal(unsigned mode) {
  std::string digits;
  for (int shift = 6; shift >= 0; shift -= 3)
    digits += static_cast<char>('0' + (mode >> shift & 7));
  return digits;
}

/// The directory, and all files in it: for its owner only.
void CheckModes(const std::string& directory, Findings& findings) {
  struct stat status{};
  std::error_code error;
  if (stat(directory.c_str(), &status) == 0)
    findings.Add((status.st_mode & 077) == 0, "mode of the directory", Octal(status.st_mode));
  for (const auto& each : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = each.path().filename().string();
    const bool is_secret = name.contains(".db");
    if (is_secret && stat(each.path().c_str(), &status) == 0 && (status.st_mode & 077) != 0)
      findings.Add(false, "mode of " + name, Octal(status.st_mode));
  }
}

void CheckClock(std::uint64_t now, const std::string& database, Findings& findings) {
  findings.Add(now >= kEarliest, "clock", TimeText(now));
  struct stat status{};
  if (stat(database.c_str(), &status) == 0) {
    const auto changed = static_cast<std::uint64_t>(status.st_mtime);
    if (changed > now + 300)
      findings.Add(false, "clock",
                   "the database was changed at " + TimeText(changed) +
                       ", which is in the future: the clock has been set back");
  }
}

/// The newest link and what can be done under it now.
void CheckChain(const std::vector<Link>& chain, View admin, std::uint64_t now, Findings& findings) {
  if (chain.empty()) {
    findings.Add(false, "epoch", "no descriptor has been joined");
    return;
  }
  const Link& newest = chain.back();
  const Bytes fingerprint = ChainFingerprint(admin, newest).value();
  findings.Add(true, "fingerprint, to be compared aloud",
               std::string(fingerprint.begin(), fingerprint.end()));
  if (!newest.epoch) {
    findings.Add(false, "epoch", "the chain ends in a revocation");
    return;
  }
  const bool is_valid = ValidatePublicKey(newest.epoch->pk).has_value();
  findings.Add(is_valid, "key of epoch " + std::to_string(newest.number),
               is_valid ? "valid" : "not what ValidatePublicKey asks for");
  bool can_spend = false;
  for (const Link& link : chain)
    can_spend =
        can_spend || (link.epoch && link.epoch->spend_from <= now && now < link.epoch->spend_until);
  findings.Add(can_spend, "epoch",
               can_spend ? "tokens can be spent now"
                         : "no epoch can be spent now; " + IssueWindowText(newest, now));
}

/// Whether a relay answers at a url, and for whom.
void CheckLender(const std::string& text, const Arguments& arguments,
                 const std::vector<Link>& chain, Findings& findings) {
  const std::string what = "lender at " + text;
  const auto asking = HowToAsk(arguments, text, arguments.connect_time);
  if (!asking) {
    findings.Add(false, what, asking.error().line);
    return;
  }
  const auto answered = AskOnce(*asking, "/v1/models", std::nullopt, 65536);
  const auto values =
      answered ? ValuesOf(answered->headers, "www-authenticate") : std::vector<std::string>{};
  const auto challenge = ParseChallenge(values.size() == 1 ? values[0] : "");
  if (!challenge) {
    findings.Add(
        false, what,
        answered ? "answers, and is no relay" : "cannot be reached: " + answered.error().detail);
    return;
  }
  bool is_listed = false;
  for (const Link& link : chain)
    if (link.epoch && link.number == challenge->number)
      is_listed =
          std::ranges::find(link.epoch->lenders, challenge->lender) != link.epoch->lenders.end();
  findings.Add(is_listed, what,
               Hex(challenge->lender) + ", epoch " + std::to_string(challenge->number) +
                   (is_listed ? "" : ": not a lender of an epoch that is known here"));
  if (!asking->url.is_secure && !IsLoopback(HostOf(asking->url) + ":"))
    findings.Add(false, what, "without TLS: whoever listens reads along");
}

/// Whether the admin's chain ends as the one here. sealed: the newest link, or empty.
void CheckAdmin(const Arguments& arguments, const Bytes& sealed, Findings& findings) {
  const std::string what = "admin at " + arguments.upstream;
  const auto asking = HowToAsk(arguments, arguments.upstream, arguments.connect_time);
  if (!asking) {
    findings.Add(false, what, asking.error().line);
    return;
  }
  const auto answered = AskOnce(*asking, "/blindlend/v1/chain", std::nullopt, kMaxChain);
  if (!answered || answered->status != 200) {
    findings.Add(false, what, "cannot be reached");
    return;
  }
  const std::string text(answered->body.begin(), answered->body.end());
  const std::size_t at = text.rfind("-----BEGIN BLINDLEND ");
  const Bytes newest = at == std::string::npos ? Bytes{} : Ascii(text.substr(at));
  const bool is_same = !sealed.empty() && newest == LinkText(sealed);
  findings.Add(is_same, what,
               is_same ? "its newest link is the one that is known here"
                       : "its newest link is another one: member fetch or join brings it in");
}

}  // namespace

std::expected<Report, Stop> Doctor(const Arguments& arguments) {
  Findings findings;
  const std::uint64_t now = Now(arguments);
  std::vector<Link> chain;
  Bytes sealed;
  const std::string wallet_path = arguments.directory + "/wallet.db";
  const bool is_wallet = std::filesystem::exists(wallet_path);
  CheckModes(arguments.directory, findings);
  if (is_wallet) {
    auto wallet = Wallet::Open(arguments.directory);
    if (!wallet) return std::unexpected(wallet.error());
    const auto links = wallet->Chain();
    if (!links) return std::unexpected(links.error());
    for (const SealedLink& each : *links) chain.push_back(each.link);
    if (!links->empty()) sealed = links->back().sealed;
    const auto admin = wallet->AdminKey();
    if (!admin) return std::unexpected(admin.error());
    CheckClock(now, wallet_path, findings);
    CheckChain(chain, *admin, now, findings);
    const auto balance = wallet->Look(now);
    if (!balance) return std::unexpected(balance.error());
    const std::size_t held = balance->tokens.at(TokenState::kHeld);
    findings.Add(held > 0, "wallet", Count(held, "token") + " held");
    const std::size_t pending = balance->tokens.at(TokenState::kSpending);
    if (pending > 0)
      findings.Add(false, "wallet",
                   Count(pending, "token") + " pending: see member pending and member reclaim");
  } else {
    auto lender = Lender::Open(arguments.directory);
    if (!lender) return std::unexpected(lender.error());
    chain = (*lender)->Links();
    const auto admin = (*lender)->AdminKey();
    if (!admin) return std::unexpected(admin.error());
    CheckClock(now, arguments.directory + "/lender.db", findings);
    CheckChain(chain, *admin, now, findings);
    const auto problems = (*lender)->Audit();
    if (!problems) return std::unexpected(problems.error());
    findings.Add(problems->empty(), "spent-set",
                 problems->empty() ? "chain, spent-set and database hold" : problems->front());
  }
  for (const std::string& each : arguments.lenders) CheckLender(each, arguments, chain, findings);
  if (!arguments.upstream.empty()) CheckAdmin(arguments, sealed, findings);
  return findings.Done();
}

}  // namespace blindlend
