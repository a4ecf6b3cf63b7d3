// The member's local proxy: spec 11-http from the other side.
#pragma once

#include <functional>
#include <optional>

#include "app/http/tables.h"
#include "app/http/url.h"
#include "app/store/files.h"

namespace blindlend {

/// What the command line says. Times in seconds.
struct ProxyOptions {
  std::string directory, listen;
  /// Whether other machines may reach it.
  bool anywhere = false;
  /// In the order in which they are asked.
  std::vector<Url> lenders;
  /// The certificates that theirs are checked against, or empty for the system's.
  std::string ca_file;
  std::uint64_t max_body = 8U << 20;
  Targets targets = DefaultTargets();
  double head_time = 10, body_time = 60, connect_time = 10, idle_time = 660, grace_time = 30;
  /// How often a request whose fate is not known is sent again, with the same bytes.
  int repeats = 4;
  /// The group's, 32 bytes, or empty: then lenders are not asked for an attestation.
  Bytes attestation_key;
  /// Instead of the clock; for tests.
  std::optional<std::uint64_t> now;
};

/// What a proxy counts. pending: requests whose tokens are still reserved.
struct ProxyCounts {
  std::uint64_t spent = 0, held_again = 0, pending = 0, refused = 0;
};

/// Serves until SIGTERM or SIGINT. ready: as for Relay.
/// Stops with kExitUnusable: the wallet, the address, a certificate, or another process serves this
/// wallet.
std::expected<ProxyCounts, Stop> Proxy(const ProxyOptions& options,
                                       const std::function<void(const std::string&)>& ready);

}  // namespace blindlend
