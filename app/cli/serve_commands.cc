// The commands that serve: lender serve, member proxy; and what goes with them.
#include <cstdio>
#include <ctime>
#include <thread>

#include "app/cli/common.h"
#include "app/cli/objects.h"
#include "app/http/issue.h"
#include "app/http/lock.h"
#include "app/http/proxy.h"
#include "app/http/relay.h"
#include "app/store/admin.h"
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

/// What all who serve are told.
std::expected<void, Stop> TakeServing(const Arguments& arguments, ServingOptions& options) {
  options.directory = arguments.directory;
  options.listen = arguments.listen;
  if (arguments.tls_certificate.empty() != arguments.tls_key.empty())
    return Unusable("--tls-cert", "goes with --tls-key");
  options.tls_certificate = arguments.tls_certificate;
  options.tls_key = arguments.tls_key;
  options.max_body = arguments.max_body;
  for (const std::string& each : arguments.targets) {
    const auto target = ParseTarget(each);
    if (!target) return std::unexpected(target.error());
    options.targets.insert(*target);
  }
  if (!arguments.key.empty()) {
    const auto key = LoadAttestationKey(arguments.key);
    if (!key) return std::unexpected(key.error());
    options.attestation_key = *key;
  }
  options.head_time = arguments.head_time;
  options.body_time = arguments.body_time;
  options.connect_time = arguments.connect_time;
  options.idle_time = arguments.idle_time;
  options.grace_time = arguments.grace_time;
  options.source = SystemRandom;
  options.now = arguments.now;
  return {};
}

/// Says what of these options gives a member away.
void WarnOfLinks(const ProxyOptions& options) {
  const auto warn = [](const std::string& text) { Complain("warning: " + text); };
  if (options.min_age == 0)
    warn(
        "--min-age 0: nothing will say when tokens are spent so soon that the clock gives you "
        "away");
  if (!IsLoopback(options.listen))
    warn(options.listen +
         " can be reached by others: they spend your tokens, and their requests are taken for "
         "yours");
  for (const auto& [url, key] : options.lenders) {
    const std::string host = HostOf(url);
    const bool is_here = IsLoopback(host + ":");
    const bool is_onion = options.via && url.host.ends_with(".onion");
    if (!url.is_secure && !is_here && !is_onion)
      warn("http://" + host +
           " without TLS: whoever listens on the way reads the requests, and sees "
           "which of them come from you");
  }
  if (options.lenders.size() > 1)
    warn(
        "several lenders: a request that one of them turns down is shown to the next, so that both "
        "see it");
  if (options.via && !IsLoopback(options.via->host + ":") && options.via->host != "::1")
    warn(
        "the SOCKS proxy is on another machine: whoever listens on the way to it sees whom you "
        "ask");
}

}  // namespace

std::expected<Report, Stop> LenderServe(const Arguments& arguments) {
  RelayOptions options;
  if (const auto taken = TakeServing(arguments, options); !taken)
    return std::unexpected(taken.error());
  options.accept_older = arguments.accept_older;
  const auto upstream = ParseUrl(arguments.upstream);
  if (!upstream) return std::unexpected(upstream.error());
  options.upstream = *upstream;
  options.upstream_ca = arguments.ca_file;
  const auto credential = LoadCredential(arguments.credential);
  if (!credential) return std::unexpected(credential.error());
  options.credential = *credential;
  options.max_inflight = arguments.max_inflight;
  options.unbilled = {arguments.unbilled.begin(), arguments.unbilled.end()};
  if (arguments.every > 0) options.compact_time = static_cast<double>(arguments.every);
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
  if (const auto taken = TakeServing(arguments, options); !taken)
    return std::unexpected(taken.error());
  options.idle_time = arguments.lender_time;
  options.anywhere = arguments.anywhere;
  if (!IsLoopback(arguments.listen) && !arguments.anywhere)
    return Unusable(arguments.listen,
                    "is not of this machine alone: whoever reaches it spends your tokens "
                    "(--anywhere, if you mean it)");
  for (const std::string& each : arguments.lenders) {
    const std::string address(Before(each, '='));
    const auto url = ParseUrl(address);
    if (!url) return std::unexpected(url.error());
    LenderAddress lender{*url, {}};
    if (address.size() < each.size()) {
      const auto key = LoadIdentity(each.substr(address.size() + 1), kLenderFile);
      if (!key) return std::unexpected(key.error());
      lender.key = *key;
    }
    options.lenders.push_back(lender);
  }
  options.ca_file = arguments.ca_file;
  const auto via = TakeVia(arguments);
  if (!via) return std::unexpected(via.error());
  options.via = *via;
  options.min_age = arguments.min_age;
  WarnOfLinks(options);
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

std::expected<Report, Stop> AdminServe(const Arguments& arguments) {
  IssueOptions options;
  if (const auto taken = TakeServing(arguments, options); !taken)
    return std::unexpected(taken.error());
  options.rate = arguments.rate;
  const std::string scheme = options.tls_key.empty() ? "http://" : "https://";
  const auto counts = Issuance(options, [&](const std::string& address) {
    SayReady(arguments, "issuing at " + scheme + address + "\n");
  });
  if (!counts) return std::unexpected(counts.error());
  return Report{
      std::to_string(counts->answered) + " answered, " + std::to_string(counts->debited) +
          " of them debited now, " + std::to_string(counts->refused) + " refused\n",
      {{"answered", counts->answered}, {"debited", counts->debited}, {"refused", counts->refused}}};
}

namespace {

/// What an admin's refusal says: its step.
std::unexpected<Stop> NotIssued(const Answered& answered) {
  const auto json =
      nlohmann::json::parse(answered.body.begin(), answered.body.end(), nullptr, false);
  const auto member = [&json](const char* name) -> std::string {
    if (!json.is_object() || !json.contains("error")) return "";
    const auto& error = json["error"];
    if (!error.is_object() || !error.contains(name) || !error[name].is_string()) return "";
    return error[name];
  };
  const std::string code = member("code"), step = member("step");
  const auto is_plain = [](const std::string& text) { return IsMadeOf(text, 1, 64, true, "._"); };
  const bool is_busy = answered.status == 503;
  std::string detail = "the admin answers with status " + std::to_string(answered.status);
  if (is_plain(code)) detail += ", " + code;
  if (is_plain(step)) detail += " at " + step;
  return std::unexpected(Stop{is_busy ? kExitLater : kExitRefused, "refused: " + detail,
                              is_plain(step) ? step : "", detail});
}

/// Brings the wallet's chain up to the admin's.
std::expected<std::size_t, Stop> FetchChain(const Asking& asking, View admin, Wallet& wallet) {
  const auto answered = AskOnce(asking, "/blindlend/v1/chain", std::nullopt, std::size_t{1} << 26);
  if (!answered) return std::unexpected(answered.error());
  if (answered->status != 200) return NotIssued(*answered);
  const auto known = wallet.Chain();
  if (!known) return std::unexpected(known.error());
  const std::uint32_t first = known->empty() ? 0 : known->front().link.number;
  std::size_t joined = 0;
  std::string_view rest(reinterpret_cast<const char*>(answered->body.data()),
                        answered->body.size());
  while (!rest.empty()) {
    const std::string_view label = rest.starts_with("-----BEGIN BLINDLEND REVOCATION-----")
                                       ? kRevocationFile.name
                                       : kEpochFile.name;
    const std::string end = "-----END BLINDLEND " + std::string(label) + "-----\n";
    const std::size_t at = rest.find(end);
    const std::size_t size = at == std::string_view::npos ? rest.size() : at + end.size();
    const auto sealed = DecodeText(label, Ascii(rest.substr(0, size)));
    if (!sealed) return Unusable(HostOf(asking.url), "sends something else than a chain");
    const auto link = VerifyLink(admin, *sealed);
    if (!link) return Refused(link.error());
    rest.remove_prefix(size);
    if (link->number < first) continue;  // the wallet joined later than that
    const auto result = wallet.Join(admin, *sealed);
    if (!result) return std::unexpected(result.error());
    if (result->is_new) ++joined;
  }
  return joined;
}

/// One request and its response.
std::expected<Accepted, Stop> FetchTokens(const Arguments& arguments, const Asking& asking,
                                          Wallet& wallet, const Outgoing& outgoing) {
  if (const auto sent = wallet.Sent(outgoing.hash); !sent) return std::unexpected(sent.error());
  const auto answered =
      AskOnce(asking, "/blindlend/v1/issue", EncodeText(kTokenRequestFile.name, outgoing.sealed),
              kTokenResponseFile.max_size);
  if (!answered) return std::unexpected(answered.error());
  if (answered->status != 200) return NotIssued(*answered);
  const auto sealed = DecodeText(kTokenResponseFile.name, answered->body);
  if (!sealed) return Unusable(HostOf(asking.url), "sends something else than a response");
  return wallet.Accept(*sealed, Now(arguments));
}

/// What member fetch does once.
std::expected<Report, Stop> FetchOnce(const Arguments& arguments, const Asking& asking, View admin,
                                      View lender) {
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto joined = FetchChain(asking, admin, *wallet);
  if (!joined) return std::unexpected(joined.error());
  const auto balance = wallet->Look(Now(arguments));
  if (!balance) return std::unexpected(balance.error());
  // Requests without an answer first: the same bytes again.
  std::vector<Outgoing> all;
  for (const OpenRequest& each : balance->requests) {
    const auto again = wallet->Resend(Hex(each.hash));
    if (!again) return std::unexpected(again.error());
    all.push_back(*again);
  }
  if (all.empty()) {
    const auto fresh =
        wallet->Request(lender, arguments.count, arguments.force, Now(arguments), SystemRandom);
    if (!fresh) return std::unexpected(fresh.error());
    all.push_back(*fresh);
  }
  Accepted total;
  for (const Outgoing& each : all) {
    const auto accepted = FetchTokens(arguments, asking, *wallet, each);
    if (!accepted) return std::unexpected(accepted.error());
    total.held += accepted->held;
    total.burnt += accepted->burnt;
    if (!accepted->evidence.empty()) total.evidence = accepted->evidence;
  }
  Report report{Count(*joined, "new link") + ", " + Count(total.held, "token") + " accepted\n",
                {{"joined", *joined}, {"held", total.held}, {"burnt", total.burnt}}};
  if (total.burnt > 0) {
    report.text += Count(total.burnt, "token") + " burnt; the proof against the admin is " +
                   total.evidence + "\n";
    report.json["evidence"] = total.evidence;
    report.result = "burnt";
    report.status = kExitRefused;
  }
  return report;
}

}  // namespace

std::expected<Report, Stop> MemberFetch(const Arguments& arguments) {
  const auto asking = HowToAsk(arguments, arguments.upstream, arguments.body_time);
  if (!asking) return std::unexpected(asking.error());
  const auto admin = LoadIdentity(arguments.admin, kAdminFile);
  if (!admin) return std::unexpected(admin.error());
  const auto lender = LoadIdentity(arguments.lender, kLenderFile);
  if (!lender) return std::unexpected(lender.error());
  while (arguments.every > 0) {
    // At moments that are the same for every member, and for the same number.
    const std::uint64_t now = static_cast<std::uint64_t>(std::time(nullptr));
    std::this_thread::sleep_for(std::chrono::seconds(arguments.every - now % arguments.every));
    const auto done = FetchOnce(arguments, *asking, *admin, *lender);
    SayReady(arguments, done ? done->text : done.error().line + "\n");
  }
  return FetchOnce(arguments, *asking, *admin, *lender);
}

}  // namespace blindlend
