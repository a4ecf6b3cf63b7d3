// Issuance over HTTP: spec 11-http, Issuance, from both sides.
#pragma once

#include <functional>
#include <optional>

#include "app/http/answered.h"
#include "app/http/url.h"
#include "app/store/files.h"

namespace blindlend {

/// The textual forms that travel, by their labels.
inline constexpr std::string_view kTokenRequestLabel = "TOKEN REQUEST",
                                  kTokenResponseLabel = "TOKEN RESPONSE";

/// What the command line says. Times in seconds.
struct IssueOptions {
  std::string directory, listen;
  /// Both or neither.
  std::string tls_certificate, tls_key;
  /// Requests for tokens that are answered in a minute, from all members together.
  std::size_t rate = 60;
  double head_time = 10, body_time = 60, grace_time = 30;
  /// Instead of the clock; for tests.
  std::optional<std::uint64_t> now;
};

/// What an admin counts. answered: also those that had been debited before.
struct IssueCounts {
  std::uint64_t answered = 0, debited = 0, refused = 0;
};

/// Serves until SIGTERM or SIGINT. ready: as for Relay. Stops with kExitUnusable: the database, the
/// address, a certificate.
std::expected<IssueCounts, Stop> Issuance(const IssueOptions& options,
                                          const std::function<void(const std::string&)>& ready);

/// Asks once, on a connection of its own, and waits. body: sent with POST; nothing with GET. ca_file: as
/// for ProxyOptions. Stops with kExitLater: no whole answer of at most max_size bytes.
std::expected<Answered, Stop> AskOnce(const Url& url, const std::string& ca_file,
                                      const std::string& target, const std::optional<Bytes>& body,
                                      std::size_t max_size, double time);

}  // namespace blindlend
