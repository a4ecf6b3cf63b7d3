// Spec chapter 10-attestation: what a lender says about itself, at one moment.
#pragma once

#include <map>

#include "encoding.h"

namespace blindlend {

/// instance, nonce: 16 bytes; lender: 32; claim: 1 ("I hold a live session"); issued_at: seconds
/// since 1970-01-01 UTC.
struct Attestation {
  Bytes instance, lender;
  std::uint8_t claim;
  std::uint64_t issued_at;
  Bytes nonce;
};

/// What a checker remembers. seen: issued_at by instance || nonce.
struct ReplayCache {
  std::map<Bytes, std::uint64_t> seen;
  std::uint64_t forgotten_before = 0;
};

/// HMAC-SHA256, 32 bytes. RFC 2104.
Bytes HMAC(View key, View message);

/// Fails at EncodeAttestation.1 (a field has no place in the layout).
std::expected<Bytes, Failure> EncodeAttestation(const Attestation& attestation);

/// Form only. Fails at ParseAttestation.1 (length, kind or claim).
std::expected<Attestation, Failure> ParseAttestation(View bytes);

/// key: 32 bytes. Fails at EncodeAttestationKey.1 (length).
std::expected<Bytes, Failure> EncodeAttestationKey(View key);

/// Form only. Fails at ParseAttestationKey.1 (length or kind).
std::expected<Bytes, Failure> ParseAttestationKey(View bytes);

/// The attestation and its tag, 107 bytes. key: 32 bytes. Fails at Attest.1 (no encoding).
std::expected<Bytes, Failure> Attest(View key, const Attestation& attestation);

/// The attestation, if it is fresh, from whom it should be and to the asker's nonce; then cache remembers
/// it.
/// Fails at CheckAttestation.1 (length), .2 (tag), .3 (form), .4 (instance, lender or
/// nonce), .5 (time), .6 (perhaps forgotten), .7 (seen before): cache is unchanged.
std::expected<Attestation, Failure> CheckAttestation(View key, View instance, View lender,
                                                     View nonce, std::uint64_t now,
                                                     ReplayCache& cache, View bytes);

/// Forgets what could not pass any more.
void Prune(ReplayCache& cache, std::uint64_t now);

}  // namespace blindlend
