// Whether the peer computes the same protocol as ref/: without that a ratio would mean nothing.
#pragma once

#include <expected>
#include <string>

namespace blindlend::bench {

/// Exchanges with each side in each role, and damaged ones, for keys of this length.
/// bits: one of kLengths. On failure: which comparison failed.
std::expected<void, std::string> PeerInteroperates(long bits);

}  // namespace blindlend::bench
