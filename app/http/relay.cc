#include "relay.h"

#include <sodium.h>

#include "app/http/lock.h"
#include "app/http/serve.h"
#include "app/store/lender.h"
#include "ref/attestation.h"

namespace blindlend {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

/// Threads that wait for the disk, so that what comes at once shares its fsync.
constexpr std::size_t kDiskThreads = 16;
/// How often the mark beside the database follows it.
constexpr Seconds kMarkTime{5};

/// A token that a request is under way with. Nobody else's request with it gets that far.
class LiveToken {
 public:
  LiveToken(std::set<Bytes>& live, const Bytes& id) : live_(live), at_(live.insert(id).first) {}
  ~LiveToken() { live_.erase(at_); }
  LiveToken(const LiveToken&) = delete;
  LiveToken& operator=(const LiveToken&) = delete;

 private:
  std::set<Bytes>& live_;
  std::set<Bytes>::iterator at_;
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
  Server(const RelayOptions& options, Lender& lender, Post& post, TlsSide& client)
      : options_(options),
        lender_(lender),
        route_{client, std::nullopt, options.source},
        disk_(kDiskThreads),
        host_(post, options,
              [this](std::shared_ptr<Wire> member) { return Answer(std::move(member)); }) {}

  RelayCounts Run() {
    const Seconds compact(options_.compact_time);
    host_.Run(std::min(kMarkTime, compact), [this] { return TakeCare(); });
    disk_.join();
    return counts_;
  }

  /// Whether whoever stopped it does not want to wait.
  bool is_over() const { return host_.is_over(); }

 private:
  /// Keeps the mark beside the database current, and the database free of an order.
  Task<void> TakeCare() {
    const auto now = Clock::now();
    if (changes_ != compacted_ && now - compacted_at_ >= Seconds(options_.compact_time)) {
      const std::uint64_t changes = changes_;
      const auto compacted = co_await Elsewhere(disk_, [this] { return lender_.Compact(false); });
      // Where it failed, or somebody read meanwhile, it is tried again when its time has come again.
      if (!compacted) complaint_.StoreFailed(compacted.error());
      if (compacted && *compacted) compacted_ = marked_ = changes;
      compacted_at_ = now;
    }
    if (changes_ == marked_) co_return;
    const std::uint64_t changes = changes_;
    const auto written = co_await Elsewhere(disk_, [this] { return lender_.WriteMark(); });
    if (written) marked_ = changes;
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
    std::optional<Shown> shown;
    if (!refusal) refusal = FindToken(exchange.head, sealed);
    if (!refusal) refusal = co_await CheckToken(sealed, shown);
    if (refusal) {
      ++counts_.refused;
      co_await SendError(exchange, *refusal, true);
      co_return;
    }
    const LiveToken live(live_, TokenId(shown->borrow.token).value());
    const Counted counted(inflight_);
    const bool is_there = co_await TakeBody(exchange, bounds);
    if (is_there) co_await Redeem(exchange, sealed, *shown);
  }

  /// Row 5.
  std::optional<Refusal> FindToken(const RequestHead& head, Bytes& sealed) {
    const auto values = ValuesOf(head.headers, "authorization");
    if (values.empty()) return Unauthorized("token_missing", "");
    const auto parsed = ParseAuthorization(values[0]);
    if (values.size() > 1) return Unauthorized("token_malformed", "");
    if (!parsed) return Unauthorized("token_malformed", parsed.error().step);
    sealed = *parsed;
    return std::nullopt;
  }

  /// Rows 6 to 8: all that the head alone tells, before a place is given away for as long as a body takes.
  Task<std::optional<Refusal>> CheckToken(const Bytes& sealed, std::optional<Shown>& shown) {
    const std::size_t size = sealed.size() - std::min<std::size_t>(64, sealed.size());
    const auto borrow = ParseBorrow(View(sealed).first(size));
    if (!borrow) co_return Unauthorized("token_invalid", "VerifyBorrow.1");
    const Bytes id = TokenId(borrow->token).value();
    const bool owner_lives = live_.contains(id);
    const auto looked = co_await Elsewhere(
        disk_, [&] { return lender_.Look(sealed, options_.Now(), owner_lives); });
    if (!looked) co_return OfRedeem(looked.error());
    if (auto refusal = OfVerdict(looked->verdict)) co_return refusal;
    // Another one may have come that far meanwhile.
    if (live_.contains(id)) co_return Busy();
    if (host_.is_stopping() || inflight_ >= options_.max_inflight)
      co_return Refusal{"busy", "", {}};
    shown = *looked;
    co_return std::nullopt;
  }

  static std::optional<Refusal> OfVerdict(Verdict verdict) {
    switch (verdict) {
      case Verdict::kFresh:
      case Verdict::kRetry:
        return std::nullopt;
      case Verdict::kBusy:
        return Busy();
      case Verdict::kServed:
      case Verdict::kDoubleSpend:
        break;
    }
    return Refusal{"token_spent", "", TokenHeaders("spent")};
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

  /// Rows 10 to 12, and what follows a claim.
  Task<void> Redeem(Exchange& exchange, const Bytes& sealed, const Shown& shown) {
    const auto filtered =
        co_await Elsewhere(disk_, [&exchange] { return FilterBody(exchange.body); });
    std::optional<Refusal> refusal;
    Bytes claim_id;
    if (!filtered || *filtered != exchange.body)
      refusal = Refusal{"bad_body", filtered ? "" : std::string(filtered.error().step), {}};
    else
      refusal = co_await Claim(exchange, sealed, shown, claim_id);
    if (refusal) {
      ++counts_.refused;
      co_await SendError(exchange, *refusal);
      co_return;
    }
    ++changes_;
    co_await Forward(exchange, claim_id);
  }

  /// Rows 11 and 12. No other attempt with this token is under way.
  Task<std::optional<Refusal>> Claim(Exchange& exchange, const Bytes& sealed, const Shown& shown,
                                     Bytes& claim_id) {
    using Result = std::expected<Claimed, Stop>;
    const auto claimed = co_await Elsewhere(disk_, [&]() -> Result {
      const Bytes request = CanonicalRequest(exchange.head.method, exchange.head.target,
                                             exchange.kept, exchange.body);
      const Bytes id = TokenId(shown.borrow.token).value();
      if (shown.borrow.digest != RequestDigest(id, request))
        return std::unexpected(Stop{kExitRefused, "", "VerifyBorrow.2", ""});
      const auto done = lender_.ClaimVerified(shown.borrow, shown.newest, false, options_.source);
      if (!done) return std::unexpected(done.error());
      if (*done) return **done;
      // A link has come meanwhile, perhaps a revocation.
      return lender_.Redeem(sealed, request, options_.Now(), false, options_.source);
    });
    if (!claimed) co_return OfRedeem(claimed.error());
    claim_id = claimed->claim_id;
    co_return OfVerdict(claimed->verdict);
  }

  static std::vector<Header> TokenHeaders(std::string_view token) {
    std::vector<Header> headers = {{"blindlend-token", std::string(token)}};
    if (token != "refunded") headers.push_back({"x-should-retry", "false"});
    return headers;
  }

  /// A claim may stand all the same.
  Refusal StoreFailed(const Stop& stop) {
    Refusal refusal = complaint_.StoreFailed(stop);
    refusal.headers = TokenHeaders("pending");
    return refusal;
  }

  static Refusal Busy() { return {"token_busy", "", TokenHeaders("pending")}; }

  Refusal OfRedeem(const Stop& stop) {
    if (stop.status != kExitRefused) return StoreFailed(stop);
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
    ++changes_;
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
    if (token.empty()) refusal = {"store_failed", "", TokenHeaders("pending")};
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
    const Bytes head =
        EncodeRequestHead(exchange.head.method, options_.upstream.path + exchange.head.target,
                          HostOf(options_.upstream), WithFirst(options_.credential, exchange.kept),
                          exchange.body.size());
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
      // The claim stands: with the same bytes the member can ask again.
      const Refusal refusal{"store_failed", "", TokenHeaders("pending")};
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
  /// Of the spent-set: how many there were, up to the last mark, up to the last compacting.
  std::uint64_t changes_ = 0, marked_ = 0, compacted_ = 0;
  Clock::time_point compacted_at_ = Clock::now();
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
  auto client = TlsClient(options.upstream_ca);
  if (!client) return std::unexpected(client.error());
  const auto post = Establish(options);
  if (!post) return std::unexpected(post.error());
  RelayCounts counts;
  {
    Server serving(options, **lender, **post, **client);
    ready((*post)->address);
    counts = serving.Run();
    // While serving catches signals: a second one must not end what the first one has asked for.
    if (const auto compacted = (*lender)->Compact(!serving.is_over()); !compacted)
      return std::unexpected(compacted.error());
  }
  return counts;
}

}  // namespace blindlend
