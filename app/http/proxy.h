// The member's local proxy: spec 11-http from the other side.
#pragma once

#include <functional>

#include "app/http/options.h"

namespace blindlend {

/// Where a lender serves, and its identity key where that is known: then it is not asked for it.
struct LenderAddress {
  Url url;
  std::optional<Bytes> key;
};

/// What the command line says. Times in seconds.
struct ProxyOptions : ServingOptions {
  /// Whether other machines may reach it.
  bool anywhere = false;
  /// In the order in which they are asked.
  std::vector<LenderAddress> lenders;
  /// The certificates that theirs are checked against, or empty for the system's.
  std::string ca_file;
  /// The SOCKS proxy that all connections go through, or nothing.
  std::optional<Via> via;
  /// Says so, once, when it spends tokens that were obtained less than this ago, in seconds.
  std::uint64_t min_age = 0;
  /// How often a request whose fate is not known is sent again, with the same bytes.
  int repeats = 4;
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
