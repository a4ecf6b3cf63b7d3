#include "serve.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <csignal>

#include "app/http/lock.h"

namespace blindlend {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// For one piece to be taken by a caller who reads slowly.
constexpr Seconds kWriteTime{120};
constexpr std::size_t kMaxConnections = 4096;
/// A body that is copied behind its head, so that both go in one piece.
constexpr std::size_t kAtOnce = 65536;

Refusal OfFraming(const Failure& failure) {
  const std::string step(failure.step);
  if (step == "CheckFraming.1" || step == "CheckFraming.3") return {"length_required", step, {}};
  if (step == "CheckFraming.2") return {"encoded", step, {}};
  if (step == "CheckFraming.5") return {"too_large", step, {}};
  return {"bad_request", step, {}};
}

/// Rows 2 to 4.
std::optional<Refusal> CheckHead(Exchange& exchange, const Bounds& bounds) {
  const RequestHead& head = exchange.head;
  if (bounds.anywhere) {
    const auto tool = CheckCaller(head.method, head.headers, *bounds.anywhere);
    if (!tool) return Refusal{"foreign_page", std::string(tool.error().step), {}};
  }
  const auto lent = CheckTarget(bounds.targets, head.method, head.target);
  if (!lent) return Refusal{"bad_target", std::string(lent.error().step), {}};
  const auto length = CheckFraming(head.method, head.headers, bounds.max_body);
  if (!length) return OfFraming(length.error());
  exchange.length = *length;
  if (!bounds.filters) return std::nullopt;
  auto kept = FilterRequestHeaders(head.headers);
  if (!kept) return Refusal{"bad_header", std::string(kept.error().step), {}};
  exchange.kept = *std::move(kept);
  if (head.method != "GET" && ValuesOf(exchange.kept, "content-type").empty())
    return Refusal{"bad_header", "", {}};
  return std::nullopt;
}

Task<bool> Send(Wire& wire, const Bytes& bytes) {
  wire.Limit(kWriteTime);
  const bool went = co_await wire.Write(bytes);
  wire.Unlimit();
  co_return went;
}

/// Keeps what it needs: it may still be writing when nobody wants that any more.
Task<void> WriteRequest(std::shared_ptr<Wire> wire, Bytes head, std::shared_ptr<const Bytes> body) {
  if (body->size() <= kAtOnce) {
    const Bytes whole = Join({head, *body});
    co_await wire->Write(whole);
    co_return;
  }
  const bool went = co_await wire->Write(head);
  if (went) co_await wire->Write(*body);
}

Task<void> SendLast(Wire& wire, const Bytes& bytes, bool unread) {
  const bool went = co_await Send(wire, bytes);
  if (went)
    co_await wire.Close(unread);
  else
    wire.Reset();
}

}  // namespace

Task<std::optional<Refusal>> TakeHead(Exchange& exchange, const Bounds& bounds) {
  exchange.caller->Limit(Seconds(bounds.head_time));
  const HeadState state = co_await ReadRequestHead(*exchange.caller, exchange.head);
  exchange.is_gone = state == HeadState::kClosed;
  std::optional<Refusal> refusal;
  if (state == HeadState::kMalformed) refusal = Refusal{"bad_request", "", {}};
  if (state == HeadState::kLate) refusal = Refusal{"timeout", "", {}};
  if (state == HeadState::kWhole) refusal = CheckHead(exchange, bounds);
  co_return refusal;
}

Task<bool> TakeBody(Exchange& exchange, const Bounds& bounds) {
  Wire& caller = *exchange.caller;
  caller.Limit(Seconds(bounds.body_time));
  const auto expected = ValuesOf(exchange.head.headers, "expect");
  if (expected.size() == 1 && Lower(expected[0]) == "100-continue" && exchange.head.rest.empty()) {
    const Bytes interim = Ascii("HTTP/1.1 100 Continue\r\n\r\n");
    const bool went = co_await caller.Write(interim);
    if (!went) co_return false;
  }
  auto body = co_await ReadBody(caller, std::move(exchange.head.rest), exchange.length);
  if (body) {
    exchange.body = *std::move(body);
    co_return true;
  }
  if (caller.is_late()) {
    const Refusal late{"timeout", "", {}};
    co_await SendError(exchange, late, true);
  }
  co_return false;
}

Task<bool> Converse(std::shared_ptr<Wire> wire, Bytes head, std::shared_ptr<const Bytes> body,
                    ReplyReader& reply) {
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, WriteRequest(std::move(wire), std::move(head), std::move(body)),
                 asio::detached);
  co_return co_await reply.ReadHead();
}

Task<void> SendError(Exchange& exchange, const Refusal& refusal, bool unread) {
  const ErrorMessage error = ErrorReply(refusal.code, refusal.step).value();
  std::vector<Header> headers = {{"content-type", "application/json"}};
  headers.insert(headers.end(), refusal.headers.begin(), refusal.headers.end());
  if (ValuesOf(headers, "blindlend-token").empty())
    headers.push_back({"blindlend-token", "unspent"});
  if (error.status == 503) headers.push_back({"retry-after", "1"});
  const Bytes whole = Join({ReplyHead(error.status, headers, error.body.size()), error.body});
  co_await SendLast(*exchange.caller, whole, unread);
}

Task<void> SendWhole(Exchange& exchange, int status, std::vector<Header> headers,
                     const Bytes& body) {
  const Bytes whole = Join({ReplyHead(status, headers, body.size()), body});
  co_await SendLast(*exchange.caller, whole, false);
}

void WatchCaller(Exchange& exchange) {
  exchange.caller->Watch([&exchange] {
    exchange.is_gone = true;
    if (exchange.callee) exchange.callee->Drop();
  });
}

Task<bool> PassOn(Exchange& exchange, ReplyReader& reply, const std::vector<Header>& more,
                  Seconds idle) {
  std::vector<Header> headers = FilterResponseHeaders(reply.headers());
  const bool is_stream = headers[0].value == "text/event-stream";
  headers.insert(headers.end(), more.begin(), more.end());
  const auto length = is_stream ? std::nullopt : reply.length();
  const bool is_empty = reply.status() == 204 || reply.status() == 304;
  Wire& caller = *exchange.caller;
  const Bytes head = ReplyHead(reply.status(), headers, length);
  bool goes = co_await Send(caller, head);
  Bytes held;
  bool is_broken = false;
  while (goes && !is_broken) {
    Bytes piece;
    exchange.callee->Limit(idle);
    const ReplyReader::Next next = co_await reply.ReadPiece(piece);
    if (next == ReplyReader::Next::kEnd) {
      Bytes last = held.empty() ? Bytes{} : Chunk(held);
      if (!length && !is_empty) last = Join({last, Ascii(kLastChunk)});
      if (!last.empty()) goes = co_await Send(caller, last);
      if (!goes) break;
      co_await caller.Close(false);
      co_return true;
    }
    is_broken = next == ReplyReader::Next::kBroken;
    if (!is_broken && is_stream) {
      auto events = SplitEvents(held, piece);
      is_broken = !events;
      if (events) piece = *std::move(events);
    }
    if (is_broken || piece.empty()) continue;
    if (!length) piece = Chunk(piece);
    goes = co_await Send(caller, piece);
  }
  if (is_broken && is_stream && !exchange.is_gone) {
    const Bytes error = ErrorReply("upstream_broken", "").value().body;
    const Bytes event = Chunk(Join({Ascii("event: error\ndata: "), error, Ascii("\n\n")}));
    co_await Send(caller, event);
    co_await caller.Close(false);
  } else {
    caller.Reset();
  }
  co_return false;
}

Task<void> Pause(Seconds time) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, DurationOf(time));
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> Ask(Question question, std::optional<Answered>& answered, NoWay& no_way) {
  const auto wire = co_await Connect(question.url, question.route, question.time, no_way);
  if (!wire) co_return;
  wire->Limit(question.time);
  const auto body = std::make_shared<const Bytes>(question.body.value_or(Bytes{}));
  std::vector<Header> headers;
  if (question.body) headers.push_back({"Content-Type", "text/plain"});
  const Bytes out =
      EncodeRequestHead(question.body ? "POST" : "GET", question.url.path + question.target,
                        HostOf(question.url), headers, body->size());
  ReplyReader reply(*wire);
  bool goes = co_await Converse(wire, out, body, reply);
  Answered all{reply.status(), reply.headers(), {}};
  while (goes) {
    Bytes piece;
    const ReplyReader::Next next = co_await reply.ReadPiece(piece);
    if (next == ReplyReader::Next::kEnd) {
      answered = std::move(all);
      break;
    }
    goes = next == ReplyReader::Next::kMore && all.body.size() + piece.size() <= question.max_size;
    all.body.insert(all.body.end(), piece.begin(), piece.end());
  }
  wire->Drop();
}

std::expected<std::unique_ptr<Post>, Stop> Establish(const ServingOptions& options) {
  auto post = std::make_unique<Post>();
  if (!options.tls_certificate.empty()) {
    auto made = TlsServer(options.tls_certificate, options.tls_key);
    if (!made) return std::unexpected(made.error());
    post->tls = *std::move(made);
  }
  auto acceptor = Listen(post->io, options.listen);
  if (!acceptor) return std::unexpected(acceptor.error());
  post->address = AddressOf(*acceptor);
  post->acceptor = *std::move(acceptor);
  RaiseFileLimit();
  std::signal(SIGPIPE, SIG_IGN);
  return post;
}

Refusal Complaint::StoreFailed(const Stop& stop) {
  if (!is_said_) Complain(stop.line);
  is_said_ = true;
  return {"store_failed", "", {}};
}

Host::Host(Post& post, const ServingOptions& options,
           std::function<Task<void>(std::shared_ptr<Wire>)> answer)
    : post_(post),
      options_(options),
      answer_(std::move(answer)),
      signals_(post.io, SIGTERM, SIGINT),
      clock_(post.io),
      ticks_(post.io) {}

void Host::Run(Seconds every, std::function<Task<void>()> tick) {
  asio::co_spawn(post_.io, Accept(), asio::detached);
  if (tick) asio::co_spawn(post_.io, Tick(every, std::move(tick)), asio::detached);
  signals_.async_wait([this](error_code error, int) {
    if (error) return;
    // A second one does not wait for what is under way.
    signals_.async_wait([this](error_code again, int) {
      if (!again) LoseAll();
    });
    BeginToStop();
  });
  // What throws out of a handler, want of memory say, ends that handler and nothing else.
  for (bool goes_on = true; goes_on;) {
    try {
      post_.io.run();
      goes_on = false;
    } catch (const std::exception&) {
    }
  }
}

void Host::Keep(const std::shared_ptr<Wire>& wire) {
  wires_[next_wire_++] = wire;
  if (wires_.size() > 4 * connections_ + 64)
    std::erase_if(wires_, [](const auto& each) { return each.second.expired(); });
}

void Host::BeginToStop() {
  is_stopping_ = true;
  error_code ignored;
  post_.acceptor->close(ignored);
  ticks_.cancel(ignored);
  clock_.expires_after(DurationOf(Seconds(options_.grace_time)));
  clock_.async_wait([this](error_code error) {
    if (!error) LoseAll();
  });
  EndIfIdle();
}

void Host::LoseAll() {
  is_over_ = true;
  const auto wires = wires_;  // losing one may add or remove others
  for (const auto& [number, each] : wires)
    if (const auto wire = each.lock()) wire->Lose();
}

void Host::EndIfIdle() {
  error_code ignored;
  if (!is_stopping_ || connections_ > 0) return;
  clock_.cancel(ignored);
  signals_.cancel(ignored);
}

Task<void> Host::Accept() {
  bool has_failed = false;
  while (!is_stopping_) {
    try {
      // Most likely out of memory or of file descriptors: whoever ends gives some back.
      if (has_failed) co_await Pause(Seconds(0.05));
      has_failed = !co_await AcceptOne() && !is_stopping_;
    } catch (const std::exception&) {
      has_failed = true;
    }
  }
}

Task<bool> Host::AcceptOne() {
  error_code error;
  Tcp::socket socket(post_.io);
  co_await post_.acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
  // Beyond the bound it is closed again.
  if (!error && connections_ < kMaxConnections)
    asio::co_spawn(post_.io, Answer(std::move(socket)), asio::detached);
  co_return !error;
}

Task<void> Host::Answer(Tcp::socket socket) {
  {
    const Counted counted(connections_);
    std::shared_ptr<Wire> wire;
    // Out of memory, say: this connection ends, the others do not.
    try {
      wire = std::make_shared<Wire>(std::move(socket));
      Keep(wire);
      bool is_ready = true;
      if (post_.tls) {
        wire->Limit(Seconds(options_.head_time));
        is_ready = co_await wire->Secure(*post_.tls, "");
      }
      if (is_ready) co_await answer_(wire);
    } catch (const std::exception&) {
      if (wire) wire->Reset();
    }
    if (wire) wire->Drop();
  }
  EndIfIdle();
}

Task<void> Host::Tick(Seconds every, std::function<Task<void>()> tick) {
  while (!is_stopping_) {
    error_code ignored;
    ticks_.expires_after(DurationOf(every));
    co_await ticks_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (is_stopping_) break;
    // The next turn does what this one could not.
    try {
      co_await tick();
    } catch (const std::exception&) {
    }
  }
}

}  // namespace blindlend
