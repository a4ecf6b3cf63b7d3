// The nonces of attestations that have been seen, in a file of their own.
#pragma once

#include "app/store/database.h"
#include "ref/attestation.h"

namespace blindlend {

/// CheckAttestation against the cache in the file path, which is made if it is missing; what passes is
/// remembered, durably, before this returns. Prunes first.
/// Stops with kExitUnusable for the file, and with kExitRefused where the attestation is refused.
std::expected<Attestation, Stop> CheckOnce(const std::string& path, View key, View instance,
                                           View lender, View nonce, std::uint64_t now, View bytes);

}  // namespace blindlend
