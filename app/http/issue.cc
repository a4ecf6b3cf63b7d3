#include "issue.h"

#include <sodium.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <ctime>

#include "app/http/lock.h"
#include "app/http/serve.h"
#include "app/store/admin.h"

namespace blindlend {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

constexpr char kChainTarget[] = "/blindlend/v1/chain", kIssueTarget[] = "/blindlend/v1/issue";
/// The textual form of a request with 1000 values of 512 bytes.
constexpr std::uint64_t kMaxRequest = 720'000;
/// How many requests may wait for their turn.
constexpr std::size_t kMaxWaiting = 16;

const Targets& IssueTargets() {
  static const Targets targets = {{"GET", kChainTarget}, {"POST", kIssueTarget}};
  return targets;
}

bool SystemBytes(std::span<std::uint8_t> bytes) {
  randombytes_buf(bytes.data(), bytes.size());
  return true;
}

class Issuer {
 public:
  Issuer(const IssueOptions& options, Admin& admin, Tcp::acceptor acceptor, asio::io_context& io,
         asio::ssl::context* server)
      : options_(options),
        admin_(admin),
        disk_(1),  // one: a database is for one thread
        host_(io, std::move(acceptor), server, options.head_time, options.grace_time,
              [this](std::shared_ptr<Wire> member) { return Answer(std::move(member)); }),
        allowed_(static_cast<double>(options.rate)) {}

  IssueCounts Run() {
    host_.Run(Seconds(3600), [] { return Nothing(); });
    disk_.join();
    return counts_;
  }

 private:
  static Task<void> Nothing() { co_return; }

  /// Whether one more request is within the rate.
  bool IsAllowed() {
    const double rate = static_cast<double>(options_.rate);
    const Clock::time_point now = Clock::now();
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now - asked_).count();
    asked_ = now;
    allowed_ = std::min(rate, allowed_ + rate * minutes);
    if (allowed_ < 1) return false;
    allowed_ -= 1;
    return true;
  }

  Task<void> Answer(std::shared_ptr<Wire> member) {
    Exchange exchange;
    exchange.caller = std::move(member);
    const Bounds bounds{IssueTargets(), kMaxRequest, options_.head_time, options_.body_time, false};
    std::optional<Refusal> refusal = co_await TakeHead(exchange, bounds);
    if (exchange.is_gone) co_return;
    const bool is_chain = exchange.head.method == "GET";
    if (!refusal && !is_chain && (waiting_ >= kMaxWaiting || !IsAllowed()))
      refusal = Refusal{"busy", "", {}};
    if (refusal) {
      ++counts_.refused;
      co_await SendError(exchange, *refusal, true);
      co_return;
    }
    const bool is_there = co_await TakeBody(exchange, bounds);
    if (!is_there) co_return;
    if (is_chain)
      co_await SendChain(exchange);
    else
      co_await Issue(exchange);
  }

  Task<void> SendChain(Exchange& exchange) {
    const auto chain = co_await Elsewhere(disk_, [this] { return admin_.Chain(); });
    if (!chain) {
      const Refusal refusal = StoreFailed(chain.error());
      co_await SendError(exchange, refusal);
      co_return;
    }
    Bytes text;
    for (const SealedLink& each : *chain) text = Join({text, LinkText(each.sealed)});
    const std::vector<Header> headers = {{"content-type", "text/plain"}};
    co_await SendWhole(exchange, 200, headers, text);
  }

  Task<void> Issue(Exchange& exchange) {
    const auto sealed = DecodeText(kTokenRequestLabel, exchange.body);
    if (!sealed) {
      ++counts_.refused;
      const Refusal refusal{"not_issued", std::string(sealed.error().step), {}};
      co_await SendError(exchange, refusal);
      co_return;
    }
    const Counted counted(waiting_);
    const std::uint64_t now = options_.now.value_or(static_cast<std::uint64_t>(std::time(nullptr)));
    bool is_new = false;
    const auto response =
        co_await Elsewhere(disk_, [&] { return admin_.Issue(*sealed, now, SystemBytes, is_new); });
    if (!response) {
      ++counts_.refused;
      Refusal refusal{"not_issued", response.error().step, {}};
      if (response.error().status != kExitRefused) refusal = StoreFailed(response.error());
      co_await SendError(exchange, refusal);
      co_return;
    }
    ++counts_.answered;
    if (is_new) ++counts_.debited;
    const std::vector<Header> headers = {{"content-type", "text/plain"}};
    const Bytes text = EncodeText(kTokenResponseLabel, *response);
    co_await SendWhole(exchange, 200, headers, text);
  }

  Refusal StoreFailed(const Stop& stop) {
    if (!has_complained_) Complain(stop.line);
    has_complained_ = true;
    return {"store_failed", "", {}};
  }

  const IssueOptions& options_;
  Admin& admin_;
  asio::thread_pool disk_;
  Host host_;
  double allowed_;
  Clock::time_point asked_ = Clock::now();
  std::size_t waiting_ = 0;
  IssueCounts counts_;
  bool has_complained_ = false;
};

}  // namespace

std::expected<IssueCounts, Stop> Issuance(const IssueOptions& options,
                                          const std::function<void(const std::string&)>& ready) {
  auto admin = Admin::Open(options.directory);
  if (!admin) return std::unexpected(admin.error());
  std::unique_ptr<asio::ssl::context> server;
  if (!options.tls_certificate.empty()) {
    auto made = ServerContext(options.tls_certificate, options.tls_key);
    if (!made) return std::unexpected(made.error());
    server = *std::move(made);
  }
  asio::io_context io(1);
  auto acceptor = Listen(io, options.listen);
  if (!acceptor) return std::unexpected(acceptor.error());
  const std::string address = AddressOf(*acceptor);
  RaiseFileLimit();
  std::signal(SIGPIPE, SIG_IGN);
  Issuer issuer(options, *admin, *std::move(acceptor), io, server.get());
  ready(address);
  return issuer.Run();
}

std::expected<Answered, Stop> AskOnce(const Url& url, const std::string& ca_file,
                                      const std::string& target, const std::optional<Bytes>& body,
                                      std::size_t max_size, double time) {
  auto context = ClientContext(ca_file);
  if (!context) return std::unexpected(context.error());
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  std::optional<Answered> answered;
  const Question question{url, **context, target, body, max_size, Seconds(time)};
  asio::co_spawn(io, Ask(question, answered), asio::detached);
  io.run();
  if (!answered) {
    const std::string detail = HostOf(url) + " gives no answer";
    return std::unexpected(Stop{kExitLater, detail, "", detail});
  }
  return *std::move(answered);
}

}  // namespace blindlend
