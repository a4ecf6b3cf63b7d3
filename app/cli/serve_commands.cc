// The commands that serve: lender serve, member proxy; and what goes with them.
#include <cstdio>

#include "app/cli/common.h"
#include "app/cli/objects.h"
#include "app/http/lock.h"
#include "app/http/proxy.h"
#include "app/http/relay.h"
#include "app/store/refusal.h"
#include "app/store/wallet.h"

namespace blindlend {

namespace {

/// Says at once where somebody listens: what a command reports otherwise comes at its end.
void SayReady(const Arguments& arguments, const std::string& text) {
  std::FILE* const out = arguments.json ? stderr : stdout;
  std::fputs(text.c_str(), out);
  std::fflush(out);
}

/// "POST /v1/path" as a target.
std::expected<std::pair<std::string, std::string>, Stop> ParseTarget(const std::string& text) {
  const std::string method(Before(text, ' '));
  const std::string path = text.substr(std::min(text.size(), method.size() + 1));
  if ((method != "GET" && method != "POST") || !path.starts_with('/') ||
      !IsMadeOf(path, 1, 1024, true, "-._~/"))
    return Unusable(text, "is not of the form \"POST /PATH\" or \"GET /PATH\"");
  return std::pair{method, path};
}

}  // namespace

std::expected<Report, Stop> LenderServe(const Arguments& arguments) {
  RelayOptions options;
  options.directory = arguments.directory;
  options.listen = arguments.listen;
  options.accept_older = arguments.accept_older;
  const auto upstream = ParseUrl(arguments.upstream);
  if (!upstream) return std::unexpected(upstream.error());
  options.upstream = *upstream;
  options.upstream_ca = arguments.ca_file;
  const auto credential = LoadCredential(arguments.credential);
  if (!credential) return std::unexpected(credential.error());
  options.credential = *credential;
  if (arguments.tls_certificate.empty() != arguments.tls_key.empty())
    return Unusable("--tls-cert", "goes with --tls-key");
  options.tls_certificate = arguments.tls_certificate;
  options.tls_key = arguments.tls_key;
  options.max_body = arguments.max_body;
  options.max_inflight = arguments.max_inflight;
  for (const std::string& each : arguments.targets) {
    const auto target = ParseTarget(each);
    if (!target) return std::unexpected(target.error());
    options.targets.insert(*target);
  }
  options.unbilled = {arguments.unbilled.begin(), arguments.unbilled.end()};
  options.head_time = arguments.head_time;
  options.body_time = arguments.body_time;
  options.connect_time = arguments.connect_time;
  options.idle_time = arguments.idle_time;
  options.grace_time = arguments.grace_time;
  options.now = arguments.now;
  const std::string scheme = options.tls_key.empty() ? "http://" : "https://";
  const auto counts = Relay(options, [&](const std::string& address) {
    SayReady(arguments, "lending at " + scheme + address + "\n");
  });
  if (!counts) return std::unexpected(counts.error());
  return Report{std::to_string(counts->spent) + " spent, " + std::to_string(counts->refunded) +
                    " refunded, " + std::to_string(counts->refused) + " refused, " +
                    std::to_string(counts->broken) + " broken off\n",
                {{"spent", counts->spent},
                 {"refunded", counts->refunded},
                 {"refused", counts->refused},
                 {"broken", counts->broken}}};
}

std::expected<Report, Stop> MemberProxy(const Arguments& arguments) {
  ProxyOptions options;
  options.directory = arguments.directory;
  options.listen = arguments.listen;
  if (!IsLoopback(arguments.listen) && !arguments.anywhere)
    return Unusable(arguments.listen,
                    "is not of this machine alone: whoever reaches it spends your tokens "
                    "(--anywhere, if you mean it)");
  for (const std::string& each : arguments.lenders) {
    const auto url = ParseUrl(each);
    if (!url) return std::unexpected(url.error());
    options.lenders.push_back(*url);
  }
  options.ca_file = arguments.ca_file;
  options.max_body = arguments.max_body;
  for (const std::string& each : arguments.targets) {
    const auto target = ParseTarget(each);
    if (!target) return std::unexpected(target.error());
    options.targets.insert(*target);
  }
  options.head_time = arguments.head_time;
  options.body_time = arguments.body_time;
  options.connect_time = arguments.connect_time;
  options.idle_time = arguments.idle_time;
  options.grace_time = arguments.grace_time;
  options.now = arguments.now;
  const auto counts = Proxy(options, [&](const std::string& address) {
    const std::string url = "http://" + address;
    SayReady(arguments, "borrowing at " + url + "\nexport ANTHROPIC_BASE_URL=" + url +
                            "\nexport OPENAI_BASE_URL=" + url + "/v1\n");
  });
  if (!counts) return std::unexpected(counts.error());
  return Report{std::to_string(counts->spent) + " spent, " + std::to_string(counts->held_again) +
                    " held again, " + std::to_string(counts->pending) + " pending, " +
                    std::to_string(counts->refused) + " refused\n",
                {{"spent", counts->spent},
                 {"held_again", counts->held_again},
                 {"pending", counts->pending},
                 {"refused", counts->refused}}};
}

std::expected<Report, Stop> MemberPending(const Arguments& arguments) {
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto pending = wallet->ListPending();
  if (!pending) return std::unexpected(pending.error());
  Report report{"", {{"pending", nlohmann::ordered_json::array()}}};
  for (const Pending& each : *pending) {
    report.text += "token " + Hex(each.id).substr(0, 16) + " of epoch " +
                   std::to_string(each.number) + " for the lender " + Hex(each.audience) + "\n";
    report.json["pending"].push_back(
        {{"token", Hex(each.id)}, {"number", each.number}, {"lender", Hex(each.audience)}});
  }
  if (pending->empty()) report.text = "no token is reserved\n";
  return report;
}

std::expected<Report, Stop> MemberReclaim(const Arguments& arguments) {
  // A proxy that runs knows better what its tokens are reserved for.
  const auto lock = DirectoryLock::Take(arguments.directory, "serving");
  if (!lock) return std::unexpected(lock.error());
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto count = wallet->Reclaim();
  if (!count) return std::unexpected(count.error());
  return Report{Count(*count, "token") +
                    " held again; a lender that has claimed one refuses it as spent, and sees that "
                    "both requests came with it\n",
                {{"reclaimed", *count}}};
}

}  // namespace blindlend
