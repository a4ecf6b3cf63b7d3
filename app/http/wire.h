// Connections and the messages on them. For the sources of app/http/ that serve: it brings Asio's headers along,
// which are slow to compile; nothing else includes it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "app/http/text.h"
#include "app/http/url.h"

namespace blindlend {

template <class T>
using Task = boost::asio::awaitable<T>;
using Tcp = boost::asio::ip::tcp;
using Seconds = std::chrono::duration<double>;

/// As the clocks take it.
inline std::chrono::steady_clock::duration DurationOf(Seconds time) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(time);
}

/// Lets those who take long go on one in each round of the loop, and everything else that is ready in between.
class Turns {
 public:
  /// Returns when it is one's turn.
  Task<void> Take();

 private:
  void Go(const boost::asio::any_io_executor& executor);
  void Next(const boost::asio::any_io_executor& executor);

  std::deque<std::move_only_function<void()>> waiting_;
  bool is_going_ = false;
};

/// TLS as a client or as a server.
struct TlsSide {
  boost::asio::ssl::context context;
  /// For the steps of handshakes: each takes as long as many events of a stream.
  Turns turns{};
};

/// One connection, with TLS or without. All its functions are called by the one thread that serves.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  explicit Wire(Tcp::socket socket);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// From now on Read and Write have this long together; then they fail, and is_late is true.
  void Limit(Seconds time);
  /// From now on as long as they want.
  void Unlimit();
  bool is_late() const { return is_late_; }

  /// Connects to endpoint.
  Task<bool> Open(Tcp::endpoint endpoint);
  /// Puts TLS on the connection. host: whose name the certificate must have; empty for the server.
  Task<bool> Secure(TlsSide& side, const std::string& host);

  /// Up to bytes.size() bytes, at least one; 0 at the end or when the connection is lost.
  Task<std::size_t> Read(std::span<std::uint8_t> bytes);
  /// Whether all of it went out.
  Task<bool> Write(View bytes);

  /// Calls gone once when the other side closes or is lost. Nothing is read from now on.
  void Watch(std::function<void()> gone);

  /// Ends the connection after what was written has been sent. unread: whether the other side may
  /// still be sending: it is given a moment to read before its bytes make the connection break.
  Task<void> Close(bool unread);
  /// Breaks the connection: the other side sees an error, not an end.
  void Reset();
  /// Gives the connection up: whatever waits on it fails.
  void Drop();
  /// The same, as if the other side had gone.
  void Lose();

 private:
  struct Freeing {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };

  /// Calls a function of OpenSSL's with tls_ until it has done its work. Whether it has. turns: to be taken
  /// each time, or nothing.
  template <class Function>
  Task<bool> Carry(Function function, Turns* turns = nullptr);
  static Task<void> Heed(std::shared_ptr<Wire> wire);
  void Wait();

  Tcp::socket socket_;
  /// On the socket itself: a stream of Asio's would hold four buffers of a record's length for each connection.
  std::unique_ptr<SSL, Freeing> tls_;
  boost::asio::steady_timer timer_;
  /// When time is over, and when the timer looks next: it is not set anew each time that more is given.
  std::chrono::steady_clock::time_point deadline_, looks_at_;
  bool is_waiting_ = false;
  std::function<void()> gone_;
  std::uint8_t spare_ = 0;
  bool is_late_ = false, is_closing_ = false;
};

/// The way to whom is asked.
struct Route {
  /// For https.
  TlsSide& tls;
  /// The SOCKS proxy that all goes through (spec 12-socks), or nothing for the straight way.
  std::optional<Via> via;
  /// For the credentials that the proxy gets.
  ByteSource source;
};

/// Why there is no connection.
struct NoWay {
  /// Whether time was what it lacked.
  bool is_late = false;
  /// Whether the SOCKS proxy made none. step: what failed there, a label; empty where it was not reached.
  /// detail: what it said, for people.
  bool is_via = false;
  std::string step, detail;
};

/// A connection to the url's host, TLS included; nothing if it does not come about.
Task<std::shared_ptr<Wire>> Connect(const Url& url, const Route& route, Seconds time,
                                    NoWay& no_way);

/// Who accepts connections at "address:port". Stops with kExitUnusable: the address cannot be had.
std::expected<Tcp::acceptor, Stop> Listen(boost::asio::io_context& io, const std::string& address);

/// "127.0.0.1:8080" as it has come about.
std::string AddressOf(const Tcp::acceptor& acceptor);

/// TLS as a client: the system's certificates, or those of a file. Stops with kExitUnusable.
std::expected<std::unique_ptr<TlsSide>, Stop> TlsClient(const std::string& ca_file);
/// TLS as a server. Stops with kExitUnusable.
std::expected<std::unique_ptr<TlsSide>, Stop> TlsServer(const std::string& certificate,
                                                        const std::string& key);

/// The head of a request, and what came of its body along with it.
struct RequestHead {
  std::string method, target;
  std::vector<Header> headers;
  Bytes rest;
};

enum class HeadState { kWhole, kMalformed, kLate, kClosed };

/// Bounds: 16 KiB, 64 headers, HTTP/1.1; time is the connection's limit.
Task<HeadState> ReadRequestHead(Wire& wire, RequestHead& head);

/// The body of this length, of which rest is the beginning, or nothing.
Task<std::optional<Bytes>> ReadBody(Wire& wire, Bytes rest, std::uint64_t length);

/// Reads a reply.
class ReplyReader {
 public:
  explicit ReplyReader(Wire& wire);
  ~ReplyReader();

  /// Whether a head came that can be passed on (spec 11-http, The reply); interim replies are skipped.
  Task<bool> ReadHead();
  int status() const { return status_; }
  const std::vector<Header>& headers() const { return headers_; }
  /// Of the body, if it is known.
  const std::optional<std::uint64_t>& length() const { return length_; }

  enum class Next { kMore, kEnd, kBroken };
  /// The next bytes of the body, with kMore at least one.
  Task<Next> ReadPiece(Bytes& piece);

 private:
  struct Parser;
  Wire& wire_;
  std::unique_ptr<Parser> parser_;
  int status_ = 0;
  std::vector<Header> headers_;
  std::optional<std::uint64_t> length_;
};

/// The head of a reply as it goes out. length: of the body, or nothing for chunks.
Bytes ReplyHead(int status, const std::vector<Header>& headers,
                const std::optional<std::uint64_t>& length);

/// bytes as one chunk of a body. bytes: not empty.
Bytes Chunk(View bytes);
constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// Runs work on another thread, since it waits for the disk, and comes back with its result.
template <class Work>
Task<std::invoke_result_t<Work>> Elsewhere(boost::asio::thread_pool& pool, Work work) {
  namespace asio = boost::asio;
  using Result = std::optional<std::invoke_result_t<Work>>;
  const auto here = co_await asio::this_coro::executor;
  const auto begin = [&pool, here, &work](auto handler) {
    // The loop must not end while the work goes on.
    auto back = asio::prefer(here, asio::execution::outstanding_work.tracked);
    asio::post(pool, [back, work = std::move(work), handler = std::move(handler)]() mutable {
      Result result;
      std::exception_ptr thrown;
      try {
        result.emplace(work());
      } catch (...) {
        thrown = std::current_exception();
      }
      asio::post(back,
                 [handler = std::move(handler), thrown, result = std::move(result)]() mutable {
                   std::move(handler)(thrown, std::move(result));
                 });
    });
  };
  const auto& token = asio::use_awaitable;
  auto result = co_await asio::async_initiate<decltype(token), void(std::exception_ptr, Result)>(
      begin, token);
  co_return *std::move(result);
}

}  // namespace blindlend
