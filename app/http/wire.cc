#include "wire.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <cstdio>

#include "app/http/binding.h"
#include "app/http/socks.h"
#include "app/store/files.h"

namespace blindlend {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kRequestHead = 16384, kReplyHead = 65536, kHeaders = 64, kPiece = 16384;
/// How long somebody may go on sending what nobody reads, and how much of it.
constexpr Seconds kLinger{2};
constexpr std::size_t kLingerBytes = 1U << 26;

asio::const_buffer BufferOf(View bytes) {
  return {bytes.data(), bytes.size()};
}

template <class Fields>
std::vector<Header> HeadersOf(const Fields& fields) {
  std::vector<Header> headers;
  for (const auto& each : fields)
    headers.push_back({std::string(each.name_string()), std::string(each.value())});
  return headers;
}

}  // namespace

Task<void> Turns::Take() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto begin = [this, &executor](auto handler) {
    waiting_.emplace_back(std::move(handler));
    if (!is_going_) Go(executor);
  };
  const auto& token = asio::use_awaitable;
  co_await asio::async_initiate<decltype(token), void()>(begin, token);
}

void Turns::Go(const asio::any_io_executor& executor) {
  asio::post(executor, [this, executor] { Next(executor); });
  is_going_ = true;
}

void Turns::Next(const asio::any_io_executor& executor) {
  is_going_ = false;
  if (waiting_.empty()) return;
  // Behind all that is ready by now.
  Go(executor);
  auto turn = std::move(waiting_.front());
  waiting_.pop_front();
  turn();
}

Wire::Wire(Tcp::socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {
  error_code ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
}

Wire::~Wire() = default;

void Wire::Limit(Seconds time) {
  is_late_ = false;
  deadline_ = Clock::now() + DurationOf(time);
  if (!is_waiting_ || looks_at_ > deadline_) Wait();
}

void Wire::Unlimit() {
  deadline_ = Clock::time_point::max();
}

void Wire::Wait() {
  is_waiting_ = true;
  looks_at_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->is_waiting_ = false;
    if (self->deadline_ == Clock::time_point::max()) return;
    if (self->deadline_ > Clock::now()) {
      self->Wait();
      return;
    }
    self->is_late_ = true;
    error_code ignored;
    // What is closing must not begin anything new.
    if (self->is_closing_)
      self->socket_.close(ignored);
    else
      self->socket_.cancel(ignored);
  });
}

template <class Function>
Task<bool> Wire::Carry(Function function, Turns* turns) {
  for (;;) {
    if (turns) co_await turns->Take();
    // A socket that was closed has lost its number, perhaps to another one.
    if (is_late_ || !socket_.is_open()) break;
    ERR_clear_error();
    const int result = function(tls_.get());
    if (result == 1) co_return true;
    const int why = SSL_get_error(tls_.get(), result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) break;
    error_code error;
    co_await socket_.async_wait(
        why == SSL_ERROR_WANT_READ ? Tcp::socket::wait_read : Tcp::socket::wait_write,
        asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
  }
  co_return false;
}

Task<bool> Wire::Secure(TlsSide& side, const std::string& host) {
  tls_.reset(SSL_new(side.context.native_handle()));
  error_code error;
  socket_.native_non_blocking(true, error);
  if (error || !tls_ || SSL_set_fd(tls_.get(), socket_.native_handle()) != 1) co_return false;
  if (host.empty()) co_return co_await Carry(SSL_accept, &side.turns);
  SSL_set_verify(tls_.get(), SSL_VERIFY_PEER, nullptr);
  const bool is_address =
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str()) == 1;
  // An address is not named to the server: RFC 6066 section 3.
  if (!is_address && (SSL_set1_host(tls_.get(), host.c_str()) != 1 ||
                      SSL_set_tlsext_host_name(tls_.get(), host.c_str()) != 1))
    co_return false;
  co_return co_await Carry(SSL_connect, &side.turns);
}

Task<std::size_t> Wire::Read(std::span<std::uint8_t> bytes) {
  error_code error;
  std::size_t size = 0;
  if (is_late_) co_return 0;
  if (!tls_) {
    size = co_await socket_.async_read_some(asio::buffer(bytes.data(), bytes.size()),
                                            asio::redirect_error(asio::use_awaitable, error));
    co_return error ? 0 : size;
  }
  // Nobody who sends without a pause keeps the others waiting.
  if (SSL_has_pending(tls_.get()) == 0)
    co_await socket_.async_wait(Tcp::socket::wait_read,
                                asio::redirect_error(asio::use_awaitable, error));
  const bool has_read = !error && co_await Carry([&](SSL* tls) {
    return SSL_read_ex(tls, bytes.data(), bytes.size(), &size);
  });
  co_return has_read ? size : 0;
}

Task<bool> Wire::Write(View bytes) {
  error_code error;
  std::size_t size = 0;
  if (is_late_) co_return false;
  if (tls_)
    co_return bytes.empty() || co_await Carry([&](SSL* tls) {
      return SSL_write_ex(tls, bytes.data(), bytes.size(), &size);
    });
  co_await asio::async_write(socket_, BufferOf(bytes),
                             asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

void Wire::Watch(std::function<void()> gone) {
  gone_ = std::move(gone);
  asio::co_spawn(socket_.get_executor(), Heed(shared_from_this()), asio::detached);
}

Task<void> Wire::Heed(std::shared_ptr<Wire> wire) {
  const std::size_t size = co_await wire->Read(std::span(&wire->spare_, 1));
  // A byte more is nothing that anybody asked for; its sender is there, so nothing else is known.
  if (size > 0 || !wire->gone_) co_return;
  const auto call = std::exchange(wire->gone_, nullptr);
  call();
}

Task<void> Wire::Close(bool unread) {
  gone_ = nullptr;
  is_closing_ = true;
  Limit(kLinger);
  error_code error;
  // That it ends here, and is not cut off.
  if (tls_) co_await Carry([](SSL* tls) { return SSL_shutdown(tls) < 0 ? -1 : 1; });
  socket_.shutdown(Tcp::socket::shutdown_send, error);
  if (unread && !error) {
    std::vector<std::uint8_t> sink(65536);
    const asio::mutable_buffer buffer(sink.data(), sink.size());
    std::size_t total = 0;
    while (!error && !is_late_ && total < kLingerBytes)
      total += co_await socket_.async_read_some(buffer,
                                                asio::redirect_error(asio::use_awaitable, error));
  }
  Drop();
}

void Wire::Reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  Drop();
}

void Wire::Lose() {
  const auto gone = std::exchange(gone_, nullptr);
  Drop();
  if (gone) gone();
}

void Wire::Drop() {
  gone_ = nullptr;
  error_code ignored;
  timer_.cancel(ignored);
  socket_.close(ignored);
}

namespace {

/// Up to size bytes; fewer where the connection ends or time is over.
Task<Bytes> ReadUpTo(Wire& wire, std::size_t size) {
  Bytes bytes(size);
  std::size_t read = 0;
  while (read < size) {
    const std::size_t more = co_await wire.Read(std::span(bytes).subspan(read));
    if (more == 0) break;
    read += more;
  }
  bytes.resize(read);
  co_return bytes;
}

/// RFC 1928 section 6.
std::string ReplyText(std::uint8_t reply) {
  constexpr std::array<std::string_view, 8> kReplies = {
      "general failure",     "not allowed by its rules",   "network unreachable",
      "host unreachable",    "connection refused",         "TTL expired",
      "unsupported command", "unsupported kind of address"};
  const std::string number = std::to_string(reply);
  return reply >= 1 && reply <= kReplies.size()
             ? std::string(kReplies[reply - 1U]) + " (" + number + ")"
             : "reason " + number;
}

/// Has the SOCKS proxy on this connection make one to the url's host: spec 12-socks. The step that
/// failed, or "". detail: what the proxy said.
Task<std::string> AskProxy(Wire& wire, const Url& url, const ByteSource& source,
                           std::string& detail) {
  const auto credentials = SocksCredentials(source);
  if (!credentials) co_return std::string(credentials.error().step);
  const auto connect = SocksConnect(Ascii(url.host), *Decimal(url.port, 1, 5));
  if (!connect) co_return std::string(connect.error().step);
  const Bytes greeting = SocksGreeting();
  // Where writing fails, reading says so.
  co_await wire.Write(greeting);
  const Bytes method = co_await ReadUpTo(wire, 2);
  if (const auto checked = CheckSocksMethod(method); !checked)
    co_return std::string(checked.error().step);
  co_await wire.Write(*credentials);
  const Bytes status = co_await ReadUpTo(wire, 2);
  if (const auto checked = CheckSocksStatus(status); !checked)
    co_return std::string(checked.error().step);
  co_await wire.Write(*connect);
  Bytes reply;
  for (;;) {
    const auto missing = ReadSocksReply(reply);
    if (!missing && missing.error().step == "ReadSocksReply.2") detail = ReplyText(reply[1]);
    if (!missing) co_return std::string(missing.error().step);
    if (*missing == 0) co_return "";
    Bytes more(*missing);
    more.resize(co_await wire.Read(more));
    if (more.empty()) co_return "ReadSocksReply.6";
    reply = Join({reply, more});
  }
}

}  // namespace

Task<std::shared_ptr<Wire>> Connect(const Url& url, const Route& route, Seconds time,
                                    NoWay& no_way) {
  const auto executor = co_await asio::this_coro::executor;
  no_way = {};
  const auto end = Clock::now() + DurationOf(time);
  error_code error;
  std::vector<Tcp::endpoint> endpoints;
  if (route.via) {
    const auto address = asio::ip::make_address(route.via->host, error);
    endpoints.emplace_back(address, route.via->port);
  } else {
    // The resolver cannot be interrupted, so nobody waits for it longer than it takes; what follows can.
    Tcp::resolver resolver(executor);
    const auto found = co_await resolver.async_resolve(
        url.host, url.port, asio::redirect_error(asio::use_awaitable, error));
    for (const auto& each : found) endpoints.push_back(each.endpoint());
  }
  if (error) co_return nullptr;
  auto remaining = static_cast<double>(endpoints.size());
  for (const Tcp::endpoint& each : endpoints) {
    const auto wire = std::make_shared<Wire>(Tcp::socket(executor));
    // An address that does not answer leaves the others their share.
    const Seconds left = Seconds(end - Clock::now()) / remaining--;
    if (left <= Seconds(0)) {
      no_way.is_late = true;
      break;
    }
    wire->Limit(left);
    no_way.is_via = route.via.has_value();
    if (!co_await wire->Open(each)) {
      no_way.is_late = wire->is_late();
      continue;
    }
    if (route.via) {
      no_way.step = co_await AskProxy(*wire, url, route.source, no_way.detail);
      no_way.is_late = wire->is_late();
      if (!no_way.step.empty()) break;
    }
    no_way.is_via = false;
    if (!url.is_secure) co_return wire;
    const bool is_secured = co_await wire->Secure(route.tls, url.host);
    if (is_secured) co_return wire;
    no_way.is_late = wire->is_late();
    break;  // the host is there, and is not whom it should be
  }
  co_return nullptr;
}

Task<bool> Wire::Open(Tcp::endpoint endpoint) {
  error_code error;
  co_await socket_.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return false;
  socket_.set_option(Tcp::no_delay(true), error);
  co_return true;
}

std::expected<Tcp::acceptor, Stop> Listen(asio::io_context& io, const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const auto number =
      colon == std::string::npos ? std::nullopt : Decimal(address.substr(colon + 1), 1, 5);
  if (!number || *number > 65535)
    return Unusable(address, "is not of the form ADDRESS:PORT, such as 127.0.0.1:8080");
  std::string host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto ip = asio::ip::make_address(host, error);
  if (error) return Unusable(address, "has no numeric address to listen on");
  const Tcp::endpoint endpoint(ip, static_cast<std::uint16_t>(*number));
  Tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  // On Linux this lets a port be taken again at once, and never one that somebody listens on.
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) return Unusable(address, "cannot be listened on: " + error.message());
  return acceptor;
}

std::string AddressOf(const Tcp::acceptor& acceptor) {
  const Tcp::endpoint endpoint = acceptor.local_endpoint();
  const std::string ip = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(endpoint.port());
}

namespace {

/// A connection where nothing happens holds no buffers; and a record is not read in two pieces.
void SaveMemory(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
}

}  // namespace

std::expected<std::unique_ptr<TlsSide>, Stop> TlsClient(const std::string& ca_file) {
  auto side = std::make_unique<TlsSide>(asio::ssl::context(asio::ssl::context::tls_client));
  asio::ssl::context& context = side->context;
  error_code error;
  if (ca_file.empty())
    context.set_default_verify_paths(error);
  else
    context.load_verify_file(ca_file, error);
  if (error)
    return Unusable(ca_file.empty() ? "the system's certificates" : ca_file,
                    "cannot be used: " + error.message());
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  // One connection must not be told by another.
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
  SaveMemory(context.native_handle());
  return side;
}

std::expected<std::unique_ptr<TlsSide>, Stop> TlsServer(const std::string& certificate,
                                                        const std::string& key) {
  auto side = std::make_unique<TlsSide>(asio::ssl::context(asio::ssl::context::tls_server));
  asio::ssl::context& context = side->context;
  error_code error;
  context.use_certificate_chain_file(certificate, error);
  if (error) return Unusable(certificate, "is no certificate chain: " + error.message());
  context.use_private_key_file(key, asio::ssl::context::pem, error);
  if (error) return Unusable(key, "is not the certificate's key: " + error.message());
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
  // Of TLS 1.2, and of TLS 1.3.
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context.native_handle(), 0);
  SaveMemory(context.native_handle());
  return side;
}

Task<HeadState> ReadRequestHead(Wire& wire, RequestHead& head) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kRequestHead);
  parser.body_limit(boost::none);
  Bytes unparsed;
  Bytes buffer(4096);
  std::string all;
  while (!parser.is_header_done()) {
    const std::size_t size = co_await wire.Read(buffer);
    if (size == 0) co_return wire.is_late() ? HeadState::kLate : HeadState::kClosed;
    all.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    unparsed.insert(unparsed.end(), buffer.begin(),
                    buffer.begin() + static_cast<std::ptrdiff_t>(size));
    error_code error;
    const std::size_t used = parser.put(BufferOf(unparsed), error);
    unparsed.erase(unparsed.begin(), unparsed.begin() + static_cast<std::ptrdiff_t>(used));
    if (error && error != http::error::need_more) co_return HeadState::kMalformed;
    if (!parser.is_header_done() && all.size() > kRequestHead) co_return HeadState::kMalformed;
  }
  // The parser unfolds lines, silently.
  const std::string_view lines = std::string_view(all).substr(0, all.size() - unparsed.size());
  if (lines.contains("\r\n ") || lines.contains("\r\n\t")) co_return HeadState::kMalformed;
  const auto& message = parser.get();
  head.method = message.method_string();
  head.target = message.target();
  head.headers = HeadersOf(message);
  head.rest = std::move(unparsed);
  if (message.version() != 11 || head.headers.size() > kHeaders) co_return HeadState::kMalformed;
  co_return HeadState::kWhole;
}

Task<std::optional<Bytes>> ReadBody(Wire& wire, Bytes rest, std::uint64_t length) {
  if (rest.size() > length) rest.resize(length);
  Bytes buffer(65536);
  while (rest.size() < length) {
    const std::size_t size = co_await wire.Read(
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), length - rest.size())));
    if (size == 0) co_return std::nullopt;
    rest.insert(rest.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  }
  co_return rest;
}

struct ReplyReader::Parser {
  std::optional<http::response_parser<http::buffer_body>> parser;
  Bytes unparsed, buffer = Bytes(kPiece), body = Bytes(kPiece);
  bool is_broken = false;

  /// Feeds what has come. Whether the parser went on.
  bool Put(error_code& error) {
    const std::size_t used = parser->put(BufferOf(unparsed), error);
    unparsed.erase(unparsed.begin(), unparsed.begin() + static_cast<std::ptrdiff_t>(used));
    return used > 0;
  }
};

ReplyReader::ReplyReader(Wire& wire) : wire_(wire), parser_(std::make_unique<Parser>()) {}
ReplyReader::~ReplyReader() = default;

Task<bool> ReplyReader::ReadHead() {
  Parser& own = *parser_;
  do {
    own.parser.emplace();
    own.parser->header_limit(kReplyHead);
    own.parser->body_limit(boost::none);
    while (!own.parser->is_header_done()) {
      error_code error;
      if (!own.unparsed.empty()) own.Put(error);
      if (own.parser->is_header_done()) break;
      if (error && error != http::error::need_more) co_return false;
      const std::size_t size = co_await wire_.Read(own.buffer);
      if (size == 0) co_return false;
      own.unparsed.insert(own.unparsed.end(), own.buffer.begin(),
                          own.buffer.begin() + static_cast<std::ptrdiff_t>(size));
    }
    status_ = static_cast<int>(own.parser->get().result_int());
  } while (status_ < 200 && status_ != 101);
  const auto& message = own.parser->get();
  headers_ = HeadersOf(message);
  if (status_ < 200 || status_ > 599) co_return false;
  if (status_ != 204 && status_ != 304 && !CheckReplyFraming(headers_)) co_return false;
  if (own.parser->is_done())
    length_ = 0;
  else if (const auto length = own.parser->content_length())
    length_ = *length;
  co_return true;
}

Task<ReplyReader::Next> ReplyReader::ReadPiece(Bytes& piece) {
  Parser& own = *parser_;
  for (;;) {
    if (own.is_broken) co_return Next::kBroken;
    if (own.parser->is_done()) co_return Next::kEnd;
    if (!own.unparsed.empty()) {
      auto& into = own.parser->get().body();
      into.data = own.body.data();
      into.size = own.body.size();
      error_code error;
      const bool went_on = own.Put(error);
      piece.assign(own.body.begin(), own.body.end() - static_cast<std::ptrdiff_t>(into.size));
      own.is_broken = error && error != http::error::need_more && error != http::error::need_buffer;
      if (!piece.empty()) co_return Next::kMore;
      if (went_on || own.is_broken) continue;
    }
    const std::size_t size = co_await wire_.Read(own.buffer);
    if (size == 0) co_return Next::kBroken;
    own.unparsed.insert(own.unparsed.end(), own.buffer.begin(),
                        own.buffer.begin() + static_cast<std::ptrdiff_t>(size));
  }
}

Bytes ReplyHead(int status, const std::vector<Header>& headers,
                const std::optional<std::uint64_t>& length) {
  std::string reason(http::obsolete_reason(static_cast<http::status>(status)));
  if (reason.starts_with('<')) reason.clear();  // not in the library's table
  std::string head = "HTTP/1.1 " + std::to_string(status) + " " + reason + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  if (status != 204 && status != 304)
    head += length ? "content-length: " + std::to_string(*length) + "\r\n"
                   : "transfer-encoding: chunked\r\n";
  return Ascii(head + "connection: close\r\n\r\n");
}

Bytes Chunk(View bytes) {
  std::array<char, 16> digits{};
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16);
  const std::string size(digits.data(), end);
  return Join({Ascii(size + "\r\n"), bytes, Ascii("\r\n")});
}

}  // namespace blindlend
