// What the relay and the proxy have in common. Like wire.h only for the sources that serve.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <map>

#include "app/http/answered.h"
#include "app/http/binding.h"
#include "app/http/options.h"
#include "app/http/wire.h"

namespace blindlend {

/// An error of the spec's table, and headers that go out with it.
struct Refusal {
  std::string_view code;
  std::string step;
  std::vector<Header> headers;
};

/// One request on its connection.
struct Exchange {
  std::shared_ptr<Wire> caller, callee;
  RequestHead head;
  std::vector<Header> kept;
  std::uint64_t length = 0;
  Bytes body;
  /// Whether the caller has gone.
  bool is_gone = false;
};

/// Bounds of what is taken. Times in seconds.
struct Bounds {
  const Targets& targets;
  std::uint64_t max_body;
  double head_time, body_time;
  /// Whether headers are filtered (row 4).
  bool filters = true;
  /// Of the proxy: whether it is reached from other machines (row 2).
  std::optional<bool> anywhere = std::nullopt;
};

/// Rows 1 to 4 of spec 11-http, The order of the relay. Nothing if the caller has gone.
Task<std::optional<Refusal>> TakeHead(Exchange& exchange, const Bounds& bounds);

/// The body, row 9. Whether it is there; if not, the caller has been told or has gone.
Task<bool> TakeBody(Exchange& exchange, const Bounds& bounds);

/// Sends a request and reads the head of the reply, which may come before all of the body has been taken.
/// Whether there is one.
Task<bool> Converse(std::shared_ptr<Wire> wire, Bytes head, std::shared_ptr<const Bytes> body,
                    ReplyReader& reply);

/// Answers with an error. unread: whether the request has not been read to its end.
Task<void> SendError(Exchange& exchange, const Refusal& refusal, bool unread = false);

/// From now on nothing is expected of the caller: when it goes, so does the callee, if there is one then.
void WatchCaller(Exchange& exchange);

/// The reply as it comes, with more headers. Whether it was whole: otherwise the caller has seen that it was
/// not. idle: for a pause of the callee.
Task<bool> PassOn(Exchange& exchange, ReplyReader& reply, const std::vector<Header>& more,
                  Seconds idle);

/// Answers with a body that is there already.
Task<void> SendWhole(Exchange& exchange, int status, std::vector<Header> headers,
                     const Bytes& body);

/// One question, on a connection of its own. body: sent with POST; nothing with GET.
struct Question {
  const Url& url;
  const Route& route;
  const std::string& target;
  const std::optional<Bytes>& body;
  std::size_t max_size;
  Seconds time;
};

/// Asks. answered: as it was where no whole answer of at most max_size bytes came in time. no_way: why not
/// even a connection.
Task<void> Ask(Question question, std::optional<Answered>& answered, NoWay& no_way);

/// Waits.
Task<void> Pause(Seconds time);

/// An address that is listened on, and what connections there are served with.
struct Post {
  boost::asio::io_context io{1};
  /// Of the server, or nothing.
  std::unique_ptr<TlsSide> tls;
  std::optional<Tcp::acceptor> acceptor;
  std::string address;
};

/// Makes the process one that serves. Stops with kExitUnusable: the address, or a certificate.
std::expected<std::unique_ptr<Post>, Stop> Establish(const ServingOptions& options);

/// Says once that the database has failed: those who come meet the same.
class Complaint {
 public:
  Refusal StoreFailed(const Stop& stop);

 private:
  bool is_said_ = false;
};

/// Accepts connections until SIGTERM or SIGINT; what is under way then has some time to end.
class Host {
 public:
  /// answer: what is done with a connection.
  Host(Post& post, const ServingOptions& options,
       std::function<Task<void>(std::shared_ptr<Wire>)> answer);

  /// Returns when everything has ended. tick: called every now and then, or nothing.
  void Run(Seconds every = Seconds(3600), std::function<Task<void>()> tick = nullptr);
  bool is_stopping() const { return is_stopping_; }
  /// Whether the time to end is over too.
  bool is_over() const { return is_over_; }
  /// A connection that is dropped when the time to end is over.
  void Keep(const std::shared_ptr<Wire>& wire);

 private:
  void BeginToStop();
  void LoseAll();
  void EndIfIdle();
  Task<void> Accept();
  /// Whether one came.
  Task<bool> AcceptOne();
  Task<void> Answer(Tcp::socket socket);
  Task<void> Tick(Seconds every, std::function<Task<void>()> tick);

  Post& post_;
  const ServingOptions& options_;
  std::function<Task<void>(std::shared_ptr<Wire>)> answer_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer clock_, ticks_;
  std::map<std::uint64_t, std::weak_ptr<Wire>> wires_;
  std::uint64_t next_wire_ = 0;
  std::size_t connections_ = 0;
  bool is_stopping_ = false, is_over_ = false;
};

/// Adds one to a number for as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& number) : number_(number) { ++number_; }
  ~Counted() { --number_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& number_;
};

}  // namespace blindlend
