// Spec chapter 6-epoch: identities, signed objects, the chain of epoch descriptors, evidence of a fork.
#pragma once

#include <optional>

#include "key_certificate.h"

namespace blindlend {

/// Kinds of EncodeIdentity.
inline constexpr std::uint8_t kAdmin = 7, kMember = 8, kLender = 9;

/// One RSA key and what it is for. Times: seconds since 1970-01-01 UTC; windows are half open.
/// roots: 8. quota: tokens per member, at least 1. lenders: 1 to 256 identity keys, ascending.
struct Epoch {
  PublicKey pk;
  std::vector<ZZ> roots;
  std::uint64_t issue_from, issue_until, spend_from, spend_until;
  std::uint32_t quota;
  std::vector<Bytes> lenders;
};

/// One element of the chain; a revocation has no epoch. group: 1 to 64 bytes of printable ASCII.
/// number: at least 1. predecessor: 32 bytes.
struct Link {
  Bytes group;
  std::uint32_t number;
  Bytes predecessor;
  std::optional<Epoch> epoch;
};

/// The Ed25519 public key, 32 bytes, of a seed of 32 bytes. RFC 8032 section 5.1.5.
Bytes PublicOf(View seed);

/// body and, behind it, 64 bytes of Ed25519 signature under tag. seed: 32 bytes. Deterministic.
/// RFC 8032 section 5.1.6.
Bytes Seal(View seed, std::string_view tag, View body);

/// The body of what key's holder has sealed under tag. Fails at Open.1 (length), .2 (signature).
/// RFC 8032 section 5.1.7, strict.
std::expected<Bytes, Failure> Open(View key, std::string_view tag, View sealed);

/// kind: kAdmin, kMember or kLender. Fails at EncodeIdentity.1 (kind, or key not of 32 bytes).
std::expected<Bytes, Failure> EncodeIdentity(std::uint8_t kind, View key);

/// Form only. Fails at ParseIdentity.1 (kind or length).
std::expected<Bytes, Failure> ParseIdentity(std::uint8_t kind, View bytes);

/// Fails at EncodeLink.1 (head), .3 (key or roots), .4 (quota or lenders): no place in the layout.
std::expected<Bytes, Failure> EncodeLink(const Link& link);

/// Form only. Fails at ParseLink.1 (kind), .2 and .5 (cut off), .4 and .8 (length), .6 (key),
/// .9 (a value out of its range).
std::expected<Link, Failure> ParseLink(View body);

/// The link's name, 32 bytes: what the next one names. Fails at LinkId.1.
std::expected<Bytes, Failure> LinkId(const Link& link);

/// What people compare, of the newest link: text as of Fingerprint. admin: the key by which it was
/// verified. Fails at ChainFingerprint.1 (the link has no encoding).
std::expected<Bytes, Failure> ChainFingerprint(View admin, const Link& link);

/// The link, if admin has signed it and it is fit to be relied on. Milliseconds.
/// Fails at VerifyLink.1 (signature), .2 (form), .4 (windows), .5 (key), .6 (certificate).
std::expected<Link, Failure> VerifyLink(View admin, View sealed);

/// Whether one honest admin can have made both. a, b: have an encoding.
/// Fails at Compatible.1 (groups), .4 (two of one number), .5 (does not follow), .6 (after a
/// revocation), .8 (issue windows), .9 (one key twice).
std::expected<void, Failure> Compatible(const Link& a, const Link& b);

/// chain with a verified link at its end, or unchanged if it has it.
/// Fails at Extend.1 (contradiction), .3 (a gap, or older than the chain).
std::expected<std::vector<Link>, Failure> Extend(const std::vector<Link>& chain, const Link& link);

/// Whether two sealed links convict admin. Fails at CheckFork.1 and .2 (not its link), .3 (no
/// contradiction).
std::expected<void, Failure> CheckFork(View admin, View a, View b);

}  // namespace blindlend
