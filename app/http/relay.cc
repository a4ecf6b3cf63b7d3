#include "relay.h"

#include <sodium.h>

#include "app/http/lock.h"
#include "app/http/serve.h"
#include "app/store/lender.h"
#include "ref/attestation.h"

namespace blindlend {

namespace asio = boost::asio;

namespace {

/// Threads that wait for the disk, so that what comes at once shares its fsync.
constexpr std::size_t kDiskThreads = 4;
/// How often the mark beside the database follows it.
constexpr Seconds kMarkTime{5};

/// A claim that is under way, so that no other attempt takes it over.
class LiveClaim {
 public:
  LiveClaim(std::set<Bytes>& live, const Bytes& id)
      : live_(live), id_(id), is_first_(live.insert(id).second) {}
  ~LiveClaim() {
    if (is_first_) live_.erase(id_);
  }
  LiveClaim(const LiveClaim&) = delete;
  LiveClaim& operator=(const LiveClaim&) = delete;
  /// Whether another attempt with this token was under way already.
  bool is_contested() const { return !is_first_; }

 private:
  std::set<Bytes>& live_;
  Bytes id_;
  bool is_first_;
};

/// The nonce that a request for an attestation has, or nothing if it is none.
std::optional<Bytes> NonceOf(const RequestHead& head) {
  const std::string_view target = head.target;
  if (head.method != "GET" || !target.starts_with(kAttestationTarget)) return std::nullopt;
  const std::string_view hex = target.substr(kAttestationTarget.size());
  if (!IsMadeOf(hex, 32, 32, false, "0123456789abcdef")) return std::nullopt;
  Bytes nonce(16);
  std::size_t size = 0;
  sodium_hex2bin(nonce.data(), nonce.size(), hex.data(), hex.size(), nullptr, &size, nullptr);
  return nonce;
}

class Server {
 public:
  Server(const RelayOptions& options, Lender& lender, Post& post, asio::ssl::context& client)
      : options_(options),
        lender_(lender),
        route_{client, std::nullopt, options.source},
        disk_(kDiskThreads),
        host_(post, options,
              [this](std::shared_ptr<Wire> member) { return Answer(std::move(member)); }) {}

  RelayCounts Run() {
    host_.Run(kMarkTime, [this] { return Mark(); });
    disk_.join();
    return counts_;
  }

 private:
  /// Keeps the mark beside the database current.
  Task<void> Mark() {
    if (claims_ == marked_) co_return;
    marked_ = claims_;
    co_await Elsewhere(disk_, [this] { return lender_.WriteMark(); });
  }

  Task<void> Answer(std::shared_ptr<Wire> member) {
    Exchange exchange;
    exchange.caller = std::move(member);
    const Bounds bounds{options_.targets, options_.max_body, options_.head_time,
                        options_.body_time};
    std::optional<Refusal> refusal = co_await TakeHead(exchange, bounds);
    if (exchange.is_gone) co_return;
    if (const auto nonce = NonceOf(exchange.head); nonce && !options_.attestation_key.empty()) {
      const Attestation attestation{lender_.instance(), lender_.key(), 1, options_.Now(), *nonce};
      const Bytes text =
          EncodeText("ATTESTATION", Attest(options_.attestation_key, attestation).value());
      const std::vector<Header> headers = {{"content-type", "text/plain"},
                                           {"blindlend-token", "unspent"}};
      co_await SendWhole(exchange, 200, headers, text);
      co_return;
    }
    Bytes sealed;
    if (!refusal) refusal = CheckToken(exchange.head, sealed);
    if (refusal) {
      ++counts_.refused;
      co_await SendError(exchange, *refusal, true);
      co_return;
    }
    const Counted counted(inflight_);
    const bool is_there = co_await TakeBody(exchange, bounds);
    if (is_there) co_await Redeem(exchange, sealed);
  }

  /// Rows 5 and 6.
  std::optional<Refusal> CheckToken(const RequestHead& head, Bytes& sealed) {
    const auto values = ValuesOf(head.headers, "authorization");
    if (values.empty()) return Unauthorized("token_missing", "");
    const auto parsed = ParseAuthorization(values[0]);
    if (values.size() > 1) return Unauthorized("token_malformed", "");
    if (!parsed) return Unauthorized("token_malformed", parsed.error().step);
    sealed = *parsed;
    if (host_.is_stopping() || inflight_ >= options_.max_inflight) return Refusal{"busy", "", {}};
    return std::nullopt;
  }

  /// A 401, with its challenge.
  Refusal Unauthorized(std::string_view code, std::string_view step) {
    Refusal refusal{code, std::string(step), {}};
    const auto link = lender_.LinkForSpend(options_.Now());
    if (!link) return refusal;
    const Challenge challenge{link->group, link->number, lender_.key()};
    refusal.headers.push_back({"www-authenticate", EncodeChallenge(challenge).value()});
    return refusal;
  }

  /// Rows 8 to 10, and what follows a claim.
  Task<void> Redeem(Exchange& exchange, const Bytes& sealed) {
    const auto filtered =
        co_await Elsewhere(disk_, [&exchange] { return FilterBody(exchange.body); });
    const std::size_t size = sealed.size() - std::min<std::size_t>(64, sealed.size());
    const auto borrow = ParseBorrow(View(sealed).first(size));
    std::optional<Refusal> refusal;
    if (!filtered || *filtered != exchange.body)
      refusal = Refusal{"bad_body", filtered ? "" : std::string(filtered.error().step), {}};
    else if (!borrow)
      refusal = Unauthorized("token_invalid", "VerifyBorrow.1");
    if (refusal) {
      ++counts_.refused;
      co_await SendError(exchange, *refusal);
      co_return;
    }
    const Bytes id = TokenId(borrow->token).value();
    const LiveClaim live(live_, id);
    const bool owner_lives = live.is_contested();
    const auto claimed = co_await Elsewhere(disk_, [&]() {
      const Bytes request = CanonicalRequest(exchange.head.method, exchange.head.target,
                                             exchange.kept, exchange.body);
      return lender_.Redeem(sealed, request, options_.Now(), owner_lives, options_.source);
    });
    if (!claimed)
      refusal = OfRedeem(claimed.error());
    else if (claimed->verdict == Verdict::kBusy)
      refusal = Refusal{"token_busy", "", {}};
    else if (claimed->claim_id.empty())
      refusal = Refusal{"token_spent", "", TokenHeaders("spent")};
    if (refusal) {
      ++counts_.refused;
      co_await SendError(exchange, *refusal);
      co_return;
    }
    ++claims_;
    co_await Forward(exchange, claimed->claim_id);
  }

  static std::vector<Header> TokenHeaders(std::string_view token) {
    std::vector<Header> headers = {{"blindlend-token", std::string(token)}};
    if (token == "spent") headers.push_back({"x-should-retry", "false"});
    return headers;
  }

  Refusal OfRedeem(const Stop& stop) {
    if (stop.status != kExitRefused) return complaint_.StoreFailed(stop);
    const bool is_expired = stop.step == "VerifyBorrow.5" || stop.step == "Claim.1";
    return Unauthorized(is_expired ? "token_expired" : "token_invalid", stop.step);
  }

  /// Settles or releases, durably. What Blindlend-Token says then; empty where the database failed.
  Task<std::string_view> End(const Bytes& claim_id, ClaimEnd end) {
    const auto is_released = co_await Elsewhere(disk_, [&]() -> std::expected<bool, Stop> {
      if (end == ClaimEnd::kRelease) {
        const auto released = lender_.Release(claim_id);
        if (released) return true;
        if (released.error().status != kExitRefused) return std::unexpected(released.error());
      }
      const auto settled = lender_.Settle(claim_id);
      if (!settled) return std::unexpected(settled.error());
      return false;
    });
    std::string_view token;
    if (!is_released) {
      complaint_.StoreFailed(is_released.error());
    } else if (*is_released) {
      ++counts_.refunded;
      token = "refunded";
    } else {
      ++counts_.spent;
      token = "spent";
    }
    co_return token;
  }

  /// Ends the claim of a request without a reply, and says so to a member that is still there.
  Task<void> GiveUp(Exchange& exchange, const Bytes& claim_id, Stage stage, std::string_view code) {
    const std::string_view token = co_await End(claim_id, Outcome(stage, 0, options_.unbilled));
    if (exchange.is_gone) co_return;
    Refusal refusal{code, "", TokenHeaders(token)};
    if (token.empty()) refusal = {"store_failed", "", {}};
    co_await SendError(exchange, refusal);
  }

  Task<void> Forward(Exchange& exchange, const Bytes& claim_id) {
    exchange.caller->Unlimit();
    WatchCaller(exchange);
    NoWay no_way;
    exchange.callee =
        co_await Connect(options_.upstream, route_, Seconds(options_.connect_time), no_way);
    if (!exchange.callee || exchange.is_gone) {
      const std::string_view code = no_way.is_late ? "upstream_timeout" : "upstream_unreachable";
      co_await GiveUp(exchange, claim_id, Stage::kUnsent, code);
      co_return;
    }
    Wire& upstream = *exchange.callee;
    host_.Keep(exchange.callee);
    upstream.Limit(Seconds(options_.idle_time));
    const Bytes head = RequestHeadOf(
        exchange.head.method, options_.upstream.path + exchange.head.target,
        HostOf(options_.upstream), exchange.kept, options_.credential, exchange.body.size());
    ReplyReader reply(upstream);
    const auto body = std::make_shared<const Bytes>(std::move(exchange.body));
    const bool has_reply = co_await Converse(exchange.callee, head, body, reply);
    if (!has_reply) {
      const std::string_view code = upstream.is_late() ? "upstream_timeout" : "upstream_broken";
      upstream.Drop();
      co_await GiveUp(exchange, claim_id, Stage::kSent, code);
      co_return;
    }
    const ClaimEnd end = Outcome(Stage::kReplied, reply.status(), options_.unbilled);
    const std::string_view token = co_await End(claim_id, end);
    if (exchange.is_gone) co_return;
    if (token.empty()) {
      const Refusal refusal{"store_failed", "", {}};
      co_await SendError(exchange, refusal);
    } else {
      const std::vector<Header> more = TokenHeaders(token);
      const bool is_whole = co_await PassOn(exchange, reply, more, Seconds(options_.idle_time));
      if (!is_whole) ++counts_.broken;
    }
    upstream.Drop();
  }

  const RelayOptions& options_;
  Lender& lender_;
  const Route route_;
  asio::thread_pool disk_;
  Host host_;
  std::set<Bytes> live_;
  std::uint64_t claims_ = 0, marked_ = 0;
  std::size_t inflight_ = 0;
  RelayCounts counts_;
  Complaint complaint_;
};

}  // namespace

std::expected<RelayCounts, Stop> Relay(const RelayOptions& options,
                                       const std::function<void(const std::string&)>& ready) {
  const auto lock = DirectoryLock::Take(options.directory, "serving");
  if (!lock) return std::unexpected(lock.error());
  auto lender = Lender::Open(options.directory, options.accept_older);
  if (!lender) return std::unexpected(lender.error());
  auto client = ClientContext(options.upstream_ca);
  if (!client) return std::unexpected(client.error());
  const auto post = Establish(options);
  if (!post) return std::unexpected(post.error());
  RelayCounts counts;
  {
    Server serving(options, **lender, **post, **client);
    ready((*post)->address);
    counts = serving.Run();
    // While serving catches signals: a second one must not end what the first one has asked for.
    if (const auto compacted = (*lender)->Compact(); !compacted)
      return std::unexpected(compacted.error());
  }
  return counts;
}

}  // namespace blindlend
