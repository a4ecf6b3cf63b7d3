// What all who serve are told on the command line.
#pragma once

#include <ctime>
#include <optional>

#include "app/http/tables.h"
#include "app/http/url.h"
#include "app/store/files.h"

namespace blindlend {

/// Times in seconds.
struct ServingOptions {
  /// listen: ADDRESS:PORT; port 0 takes any.
  std::string directory, listen;
  /// Both or neither.
  std::string tls_certificate, tls_key;
  std::uint64_t max_body = 8U << 20;
  Targets targets = DefaultTargets();
  /// The group's, 32 bytes, or empty: then no attestation is served, or asked for.
  Bytes attestation_key;
  /// For the head of a request, its body, connecting, a pause of whom is asked, and what is under way
  /// when told to stop.
  double head_time = 10, body_time = 60, connect_time = 10, idle_time = 600, grace_time = 30;
  /// All the randomness that is needed.
  ByteSource source;
  /// Instead of the clock; for tests.
  std::optional<std::uint64_t> now;

  std::uint64_t Now() const { return now.value_or(static_cast<std::uint64_t>(std::time(nullptr))); }
};

}  // namespace blindlend
