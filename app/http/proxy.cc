#include "proxy.h"

#include "app/http/lock.h"
#include "app/http/serve.h"
#include "app/store/refusal.h"
#include "app/store/replay.h"
#include "app/store/wallet.h"

namespace blindlend {

namespace asio = boost::asio;

namespace {

/// Threads that wait for the disk, so that what comes at once shares its fsync.
constexpr std::size_t kDiskThreads = 16;
/// How often what has ended is erased from the wallet's log.
constexpr Seconds kEraseTime{1};
/// The largest error that is looked into.
constexpr std::uint64_t kMaxError = 65536;
/// How many tokens that turn out to be spent are tried for one request.
constexpr int kMaxSpent = 3;
/// Before a request is sent again, doubled each time.
constexpr Seconds kFirstPause{0.25};

/// A lender, and its identity key as soon as it has said it, if that was not known before.
struct LenderAt {
  Url url;
  std::optional<Bytes> key;
  bool is_known;
};

/// What came of one token at one lender.
enum class Attempt {
  /// The caller has its answer, or has gone.
  kDone,
  /// Another token of this lender, if there is one: this one had been spent before.
  kNextToken,
  /// The lender did not take the request; the token is held again.
  kNextLender,
};

class Member {
 public:
  Member(const ProxyOptions& options, Wallet& wallet, Post& post, TlsSide& client)
      : options_(options),
        wallet_(wallet),
        route_{client, options.via, options.source},
        disk_(kDiskThreads),
        host_(post, options,
              [this](std::shared_ptr<Wire> caller) { return Answer(std::move(caller)); }) {
    for (const auto& [url, key] : options.lenders) lenders_.push_back({url, key, key.has_value()});
  }

  ProxyCounts Run() {
    host_.Run(kEraseTime, [this] { return Erase(); });
    disk_.join();
    // What has ended since the last time.
    if (const auto erased = wallet_.EraseEnded(false); !erased) OfWallet(erased.error());
    return counts_;
  }

 private:
  /// Gone for good a moment after the reply, which need not wait for it.
  Task<void> Erase() {
    const auto erased = co_await Elsewhere(disk_, [this] { return wallet_.EraseEnded(false); });
    if (!erased) OfWallet(erased.error());
  }

  Task<void> Answer(std::shared_ptr<Wire> caller) {
    Exchange exchange;
    exchange.caller = std::move(caller);
    const Bounds bounds{.targets = options_.targets,
                        .max_body = options_.max_body,
                        .head_time = options_.head_time,
                        .body_time = options_.body_time,
                        .anywhere = options_.anywhere};
    const std::optional<Refusal> refusal = co_await TakeHead(exchange, bounds);
    if (exchange.is_gone) co_return;
    if (refusal) {
      ++counts_.refused;
      co_await SendError(exchange, *refusal, true);
      co_return;
    }
    const bool is_there = co_await TakeBody(exchange, bounds);
    if (is_there) co_await Borrow(exchange);
  }

  /// What leaves, and where to.
  Task<void> Borrow(Exchange& exchange) {
    const auto filtered =
        co_await Elsewhere(disk_, [&exchange] { return FilterBody(exchange.body); });
    if (!filtered) {
      const Refusal refusal{"bad_body", std::string(filtered.error().step), {}};
      ++counts_.refused;
      co_await SendError(exchange, refusal);
      co_return;
    }
    exchange.body = *filtered;
    const Bytes request =
        CanonicalRequest(exchange.head.method, exchange.head.target, exchange.kept, exchange.body);
    const auto body = std::make_shared<const Bytes>(std::move(exchange.body));
    exchange.caller->Unlimit();
    WatchCaller(exchange);
    std::optional<Refusal> refusal;
    bool has_spent = false;
    // Always in this order: one who came to the second lender first would be one whom the first has turned down.
    for (LenderAt& lender : lenders_) {
      NoWay no_way;
      if (!lender.key) co_await LearnKey(lender, no_way);
      const std::optional<Bytes> key = lender.key;
      bool is_trusted = false;
      if (key) is_trusted = co_await IsTrusted(lender, *key, no_way);
      std::optional<Refusal> reason;
      if (key && !is_trusted) reason = Refusal{"lender_untrusted", "", {}};
      Attempt attempt = is_trusted ? Attempt::kNextToken : Attempt::kNextLender;
      for (int spent = 0; attempt == Attempt::kNextToken && spent < kMaxSpent; ++spent) {
        if (exchange.is_gone || host_.is_stopping()) break;
        const auto borrow = co_await Elsewhere(disk_, [&] {
          return wallet_.Spend(*key, request, options_.Now(), options_.source, true);
        });
        if (!borrow) {
          reason = OfWallet(borrow.error());
          break;
        }
        WarnOfYouth(borrow->obtained);
        const bool is_last = &lender == &lenders_.back();
        attempt = co_await Try(exchange, lender, borrow->sealed, body, is_last, no_way);
        has_spent = has_spent || attempt == Attempt::kNextToken;
      }
      if (attempt == Attempt::kDone || exchange.is_gone) co_return;
      // The wallet is empty only where it is so for every lender.
      if (no_way.is_via) reason = Refusal{"via_failed", no_way.step, {}};
      if (!reason) reason = Refusal{"lender_unreachable", "", {}};
      if (!refusal || refusal->code == "wallet_empty") refusal = reason;
    }
    ++counts_.refused;
    // Tokens have been used up: a tool that tried again would use up as many.
    if (has_spent) refusal->headers = {{"blindlend-token", "spent"}, {"x-should-retry", "false"}};
    co_await SendError(exchange, *refusal);
  }

  /// obtained: as in Borrowing. Also where the clock has been set back.
  void WarnOfYouth(std::uint64_t obtained) {
    const std::uint64_t now = options_.Now();
    const bool is_young = now < obtained ? options_.min_age > 0 : now - obtained < options_.min_age;
    if (is_young && !has_warned_)
      Complain(
          "warning: tokens are spent that were obtained less than --min-age ago; who knows when "
          "that "
          "was can tell by the clock who spends now (this is said once)");
    has_warned_ = has_warned_ || is_young;
  }

  Refusal OfWallet(const Stop& stop) {
    if (stop.status == kExitRefused) return {"wallet_empty", "", {}};
    return complaint_.StoreFailed(stop);
  }

  /// A GET without a token, on a connection of its own.
  Task<std::optional<Answered>> AskLender(const LenderAt& lender, const std::string& target,
                                          NoWay& no_way) {
    std::optional<Answered> answered;
    const std::optional<Bytes> none;
    const Question question{lender.url, route_,    target,
                            none,       kMaxError, Seconds(options_.connect_time)};
    co_await Ask(question, answered, no_way);
    co_return answered;
  }

  /// Asks a lender who it is, by a request without a token, on a connection of its own.
  Task<void> LearnKey(LenderAt& lender, NoWay& no_way) {
    const std::string target = "/v1/models";
    const auto answered = co_await AskLender(lender, target, no_way);
    if (!answered) co_return;
    const auto values = ValuesOf(answered->headers, "www-authenticate");
    if (values.size() == 1)
      if (const auto challenge = ParseChallenge(values[0])) lender.key = challenge->lender;
  }

  /// Whether a lender shows what it should. It is asked each time: a borrow that came without a question
  /// would be of one of those who have asked of late.
  Task<bool> IsTrusted(const LenderAt& lender, const Bytes& key, NoWay& no_way) {
    if (options_.attestation_key.empty()) co_return true;
    Bytes nonce(16);
    if (!options_.source(nonce)) co_return false;
    const std::string target = std::string(kAttestationTarget) + Hex(nonce);
    const auto answered = co_await AskLender(lender, target, no_way);
    if (!answered || answered->status != 200) co_return false;
    const auto bytes = DecodeText("ATTESTATION", answered->body);
    if (!bytes || bytes->size() != 107) co_return false;
    const Bytes instance(bytes->begin() + 2, bytes->begin() + 18);
    const auto checked = co_await Elsewhere(disk_, [&] {
      return CheckOnce(options_.directory + "/attestations.db", options_.attestation_key, instance,
                       key, nonce, options_.Now(), *bytes);
    });
    co_return checked.has_value();
  }

  /// Tells the wallet what became of a token.
  Task<void> End(const Bytes& sealed, TokenEnd end) {
    if (end == TokenEnd::kPending) {
      ++counts_.pending;
      co_return;
    }
    const bool is_served = end == TokenEnd::kServed;
    const auto ended =
        co_await Elsewhere(disk_, [&] { return wallet_.End(sealed, is_served, false); });
    if (!ended) OfWallet(ended.error());
    ++(!ended ? counts_.pending : is_served ? counts_.spent : counts_.held_again);
  }

  /// One token at one lender: sent again, with the same bytes, until its fate is known.
  /// no_way: why the lender was not reached, with kNextLender.
  Task<Attempt> Try(Exchange& exchange, LenderAt& lender, const Bytes& sealed,
                    std::shared_ptr<const Bytes> body, bool is_last, NoWay& no_way) {
    bool was_sent = false, is_resent = false;
    for (int repeat = 0; repeat <= options_.repeats; ++repeat) {
      if (repeat > 0) co_await Pause(kFirstPause * (1 << (repeat - 1)));
      if (exchange.is_gone || host_.is_over()) break;
      const std::shared_ptr<Wire> callee =
          co_await Connect(lender.url, route_, Seconds(options_.connect_time), no_way);
      if (!callee && was_sent) continue;
      if (!callee) {
        co_await End(sealed, TokenEnd::kReleased);
        co_return Attempt::kNextLender;
      }
      Wire& wire = *callee;
      host_.Keep(callee);
      if (exchange.is_gone) break;
      wire.Limit(Seconds(options_.idle_time));
      const Header authorization{"Authorization", EncodeAuthorization(sealed)};
      const Bytes head = EncodeRequestHead(
          exchange.head.method, lender.url.path + exchange.head.target, HostOf(lender.url),
          WithFirst(authorization, exchange.kept), body->size());
      is_resent = was_sent;
      was_sent = true;
      ReplyReader reply(wire);
      bool has_reply = co_await Converse(callee, head, body, reply);
      Bytes error;
      if (has_reply && reply.status() >= 400) has_reply = co_await ReadError(reply, error);
      if (!has_reply) {
        wire.Drop();
        continue;
      }
      const std::string code = CodeOfReply(reply.status(), error);
      const auto tokens = ValuesOf(reply.headers(), "blindlend-token");
      const TokenEnd end =
          TokenAfter(reply.status(), tokens.size() == 1 ? tokens[0] : "", code, is_resent);
      if (end == TokenEnd::kPending) {
        wire.Drop();
        continue;
      }
      co_await End(sealed, end);
      // Perhaps another lender serves there by now.
      if (reply.status() == 401 && !lender.is_known) lender.key.reset();
      // Spent before this request. On a repeat it may be this request that was served, its reply lost: then
      // another token would have it served twice.
      if (code == "token_spent" && !is_resent) {
        wire.Drop();
        co_return Attempt::kNextToken;
      }
      // Another lender may take what this one, or its upstream, has turned down for the moment.
      const bool is_turned_down = end == TokenEnd::kReleased && reply.status() != 400 &&
                                  reply.status() != 404 && reply.status() != 413 &&
                                  reply.status() != 415;
      if (is_turned_down && !is_last) {
        wire.Drop();
        co_return Attempt::kNextLender;
      }
      // Only now may the caller take the callee with it: before, the token's fate would have stayed open.
      exchange.callee = callee;
      if (!exchange.is_gone) co_await Deliver(exchange, reply, error, end);
      wire.Drop();
      co_return Attempt::kDone;
    }
    // The token stays reserved: its lender may have claimed it.
    co_await End(sealed, was_sent ? TokenEnd::kPending : TokenEnd::kReleased);
    if (!exchange.is_gone) {
      const Refusal refusal{
          "lender_unreachable", "", {{"blindlend-token", "pending"}, {"x-should-retry", "false"}}};
      co_await SendError(exchange, refusal);
    }
    co_return Attempt::kDone;
  }

  /// The body of an error, if it is one that can be held. Whether it is whole.
  static Task<bool> ReadError(ReplyReader& reply, Bytes& error) {
    if (!reply.length() || *reply.length() > kMaxError) co_return true;
    for (;;) {
      Bytes piece;
      const ReplyReader::Next next = co_await reply.ReadPiece(piece);
      if (next == ReplyReader::Next::kBroken) co_return false;
      if (next == ReplyReader::Next::kEnd) co_return true;
      error.insert(error.end(), piece.begin(), piece.end());
    }
  }

  /// error: the body, where it has been read.
  Task<void> Deliver(Exchange& exchange, ReplyReader& reply, const Bytes& error, TokenEnd end) {
    std::vector<Header> more = {
        {"blindlend-token", end == TokenEnd::kServed ? "spent" : "unspent"}};
    if (end == TokenEnd::kServed) more.push_back({"x-should-retry", "false"});
    if (error.empty()) {
      co_await PassOn(exchange, reply, more, Seconds(options_.idle_time));
      co_return;
    }
    std::vector<Header> headers = FilterResponseHeaders(reply.headers());
    headers.insert(headers.end(), more.begin(), more.end());
    co_await SendWhole(exchange, reply.status(), headers, error);
  }

  const ProxyOptions& options_;
  Wallet& wallet_;
  const Route route_;
  asio::thread_pool disk_;
  Host host_;
  std::vector<LenderAt> lenders_;
  ProxyCounts counts_;
  Complaint complaint_;
  bool has_warned_ = false;
};

}  // namespace

std::expected<ProxyCounts, Stop> Proxy(const ProxyOptions& options,
                                       const std::function<void(const std::string&)>& ready) {
  const auto lock = DirectoryLock::Take(options.directory, "serving");
  if (!lock) return std::unexpected(lock.error());
  auto wallet = Wallet::Open(options.directory);
  if (!wallet) return std::unexpected(wallet.error());
  auto client = TlsClient(options.ca_file);
  if (!client) return std::unexpected(client.error());
  const auto post = Establish(options);
  if (!post) return std::unexpected(post.error());
  Member member(options, *wallet, **post, **client);
  ready((*post)->address);
  return member.Run();
}

}  // namespace blindlend
