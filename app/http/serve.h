// What the relay and the proxy have in common. Like wire.h only for the sources that serve.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <map>

#include "app/http/answered.h"
#include "app/http/binding.h"
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

/// The body, row 7. Whether it is there; if not, the caller has been told or has gone.
Task<bool> TakeBody(Exchange& exchange, const Bounds& bounds);

/// Answers with an error. unread: whether the request has not been read to its end.
Task<void> SendError(Exchange& exchange, const Refusal& refusal, bool unread = false);

/// From now on nothing is expected of the caller: when it goes, so does the callee.
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
  boost::asio::ssl::context& context;
  const std::string& target;
  const std::optional<Bytes>& body;
  std::size_t max_size;
  Seconds time;
};

/// Asks. answered: as it was where no whole answer of at most max_size bytes came in time.
Task<void> Ask(Question question, std::optional<Answered>& answered);

/// Waits.
Task<void> Pause(Seconds time);

/// Accepts connections until SIGTERM or SIGINT; what is under way then has some time to end.
class Host {
 public:
  /// answer: what is done with a connection. tls: of the server, or nullptr. Times in seconds.
  Host(boost::asio::io_context& io, Tcp::acceptor acceptor, boost::asio::ssl::context* tls,
       double handshake_time, double grace_time,
       std::function<Task<void>(std::shared_ptr<Wire>)> answer);

  /// Returns when everything has ended. tick: called every now and then.
  void Run(Seconds every, std::function<Task<void>()> tick);
  bool is_stopping() const { return is_stopping_; }
  /// A connection that is dropped when the time to end is over.
  void Keep(const std::shared_ptr<Wire>& wire);

 private:
  void BeginToStop();
  void EndIfIdle();
  Task<void> Accept();
  Task<void> Answer(Tcp::socket socket);
  Task<void> Tick(Seconds every, std::function<Task<void>()> tick);

  boost::asio::io_context& io_;
  Tcp::acceptor acceptor_;
  boost::asio::ssl::context* tls_;
  double handshake_time_, grace_time_;
  std::function<Task<void>(std::shared_ptr<Wire>)> answer_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer clock_, ticks_;
  std::map<std::uint64_t, std::weak_ptr<Wire>> wires_;
  std::uint64_t next_wire_ = 0;
  std::size_t connections_ = 0;
  bool is_stopping_ = false;
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
