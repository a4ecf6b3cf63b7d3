// The lender's relay: spec 11-http, served.
#pragma once

#include <functional>
#include <optional>

#include "app/http/tables.h"
#include "app/http/url.h"
#include "app/store/files.h"

namespace blindlend {

/// What the command line says. Times in seconds.
struct RelayOptions {
  /// ADDRESS:PORT; port 0 takes any.
  std::string directory, listen;
  bool accept_older = false;
  Url upstream;
  /// The certificates that upstream's is checked against, or empty for the system's.
  std::string upstream_ca;
  Header credential;
  /// Both or neither.
  std::string tls_certificate, tls_key;
  std::uint64_t max_body = 8U << 20;
  std::size_t max_inflight = 50;
  Targets targets = DefaultTargets();
  /// The group's, 32 bytes, or empty: then no attestation is served.
  Bytes attestation_key;
  std::set<int> unbilled;
  /// For the head of a request, its body, connecting upstream, a pause of upstream, and what is under
  /// way when the relay is told to stop.
  double head_time = 10, body_time = 60, connect_time = 10, idle_time = 600, grace_time = 30;
  /// Instead of the clock; for tests.
  std::optional<std::uint64_t> now;
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
