#include "issue.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>

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

class Issuer {
 public:
  Issuer(const IssueOptions& options, Admin& admin, Post& post)
      : options_(options),
        admin_(admin),
        disk_(1),  // one: a database is for one thread
        host_(post, options,
              [this](std::shared_ptr<Wire> member) { return Answer(std::move(member)); }),
        allowed_(static_cast<double>(options.rate)) {}

  IssueCounts Run() {
    host_.Run();
    disk_.join();
    return counts_;
  }

 private:
  /// Whether one more answer is within the rate. What is refused costs nothing of it: strangers would use it up.
  bool IsAllowed() {
    const double rate = static_cast<double>(options_.rate);
    const Clock::time_point now = Clock::now();
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now - asked_).count();
    asked_ = now;
    allowed_ = std::min(rate, allowed_ + rate * minutes);
    return allowed_ >= 1;
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
      const Refusal refusal = complaint_.StoreFailed(chain.error());
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
    // Others have come since its head.
    if (waiting_ >= kMaxWaiting || !IsAllowed()) {
      const Refusal refusal{"busy", "", {}};
      ++counts_.refused;
      co_await SendError(exchange, refusal);
      co_return;
    }
    const Counted counted(waiting_);
    allowed_ -= 1;
    bool is_new = false;
    const auto response = co_await Elsewhere(
        disk_, [&] { return admin_.Issue(*sealed, options_.Now(), options_.source, is_new); });
    if (!response) {
      allowed_ += 1;
      ++counts_.refused;
      Refusal refusal{"not_issued", response.error().step, {}};
      if (response.error().status != kExitRefused)
        refusal = complaint_.StoreFailed(response.error());
      co_await SendError(exchange, refusal);
      co_return;
    }
    ++counts_.answered;
    if (is_new) ++counts_.debited;
    const std::vector<Header> headers = {{"content-type", "text/plain"}};
    const Bytes text = EncodeText(kTokenResponseLabel, *response);
    co_await SendWhole(exchange, 200, headers, text);
  }

  const IssueOptions& options_;
  Admin& admin_;
  asio::thread_pool disk_;
  Host host_;
  double allowed_;
  Clock::time_point asked_ = Clock::now();
  std::size_t waiting_ = 0;
  IssueCounts counts_;
  Complaint complaint_;
};

}  // namespace

std::expected<IssueCounts, Stop> Issuance(const IssueOptions& options,
                                          const std::function<void(const std::string&)>& ready) {
  auto admin = Admin::Open(options.directory);
  if (!admin) return std::unexpected(admin.error());
  const auto post = Establish(options);
  if (!post) return std::unexpected(post.error());
  Issuer issuer(options, *admin, **post);
  ready((*post)->address);
  return issuer.Run();
}

std::expected<Answered, Stop> AskOnce(const Asking& asking, const std::string& target,
                                      const std::optional<Bytes>& body, std::size_t max_size) {
  auto tls = TlsClient(asking.ca_file);
  if (!tls) return std::unexpected(tls.error());
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  std::optional<Answered> answered;
  NoWay no_way;
  const Route route{**tls, asking.via, asking.source};
  const Question question{asking.url, route, target, body, max_size, Seconds(asking.time)};
  asio::co_spawn(io, Ask(question, answered, no_way), asio::detached);
  io.run();
  if (answered) return *std::move(answered);
  std::string detail = HostOf(asking.url) + " gives no answer";
  if (no_way.is_via) detail += ": the SOCKS proxy makes no connection";
  if (!no_way.step.empty()) detail += ", at " + no_way.step;
  if (!no_way.detail.empty()) detail += ": " + no_way.detail;
  return std::unexpected(Stop{kExitLater, detail, no_way.step, detail});
}

}  // namespace blindlend
