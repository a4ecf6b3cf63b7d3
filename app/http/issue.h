// Issuance over HTTP: spec 11-http, Issuance, from both sides.
#pragma once

#include <functional>

#include "app/http/answered.h"
#include "app/http/options.h"

namespace blindlend {

/// The textual forms that travel, by their labels.
inline constexpr std::string_view kTokenRequestLabel = "TOKEN REQUEST",
                                  kTokenResponseLabel = "TOKEN RESPONSE";

/// What the command line says. Times in seconds.
struct IssueOptions : ServingOptions {
  /// Requests for tokens that are answered in a minute, from all members together.
  std::size_t rate = 60;
};

/// What an admin counts. answered: also those that had been debited before.
struct IssueCounts {
  std::uint64_t answered = 0, debited = 0, refused = 0;
};

/// Serves until SIGTERM or SIGINT. ready: as for Relay. Stops with kExitUnusable: the database, the
/// address, a certificate.
std::expected<IssueCounts, Stop> Issuance(const IssueOptions& options,
                                          const std::function<void(const std::string&)>& ready);

/// Who is asked, and how. ca_file, via: as for ProxyOptions; source: for via; time: in seconds.
struct Asking {
  Url url;
  std::string ca_file;
  std::optional<Via> via;
  ByteSource source;
  double time;
};

/// Asks once, on a connection of its own, and waits. body: sent with POST; nothing with GET.
/// Stops with kExitLater: no whole answer of at most max_size bytes.
std::expected<Answered, Stop> AskOnce(const Asking& asking, const std::string& target,
                                      const std::optional<Bytes>& body, std::size_t max_size);

}  // namespace blindlend
