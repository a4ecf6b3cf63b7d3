// The lender's relay: spec 11-http, served.
#pragma once

#include <functional>

#include "app/http/options.h"

namespace blindlend {

/// What the command line says. Times in seconds.
struct RelayOptions : ServingOptions {
  bool accept_older = false;
  Url upstream;
  /// The certificates that upstream's is checked against, or empty for the system's.
  std::string upstream_ca;
  Header credential;
  std::size_t max_inflight = 50;
  std::set<int> unbilled;
  /// Between two times that the database is compacted, if it has changed; in seconds.
  double compact_time = 600;
};

/// What a relay counts; nothing else of a request is kept.
struct RelayCounts {
  std::uint64_t refused = 0, spent = 0, refunded = 0, broken = 0;
};

/// Serves until SIGTERM or SIGINT, then lets what is under way end, and compacts the database. ready: called
/// with the address when connections are accepted.
/// Stops with kExitUnusable: the database, the address, a certificate, or another process serves this
/// lender.
std::expected<RelayCounts, Stop> Relay(const RelayOptions& options,
                                       const std::function<void(const std::string&)>& ready);

}  // namespace blindlend
