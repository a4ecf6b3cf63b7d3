// Objects of the spec in files, and public keys for other programs.
#pragma once

#include "app/store/chain.h"
#include "ref/attestation.h"
#include "ref/issuance.h"

namespace blindlend {

/// The largest textual form of an object. label: of the README's table; size: longest encoding.
constexpr std::size_t TextSize(std::string_view label, std::size_t size) {
  const std::size_t base64 = (size + 2) / 3 * 4;
  const std::size_t lines = (base64 + 63) / 64;
  const std::string_view frame = "-----BEGIN BLINDLEND -----\n-----END BLINDLEND -----\n";
  return frame.size() + 2 * label.size() + base64 + lines;
}

/// A kind whose files hold an object's textual form. size: of its longest encoding.
constexpr Kind TextKind(std::string_view label, std::size_t size, bool secret) {
  return {label, TextSize(label, size), false, secret};
}

constexpr Kind kPublicKeyFile = TextKind("PUBLIC KEY", 8 + 512, false);
constexpr Kind kSecretKeyFile = TextKind("SECRET KEY", 8 + 2 * 512 + 5 * 256, true);
constexpr Kind kRequestFile = TextKind("BLIND REQUEST", 38 + 1000 * 512, false);
constexpr Kind kResponseFile = TextKind("BLIND RESPONSE", 38 + 1000 * 512, false);
constexpr Kind kStateFile = TextKind("BLIND STATE", 70 + 1000 * (512 + 4) + (1 << 24), true);
constexpr Kind kSignatureFile = TextKind("SIGNATURE", 4 + 512, false);
constexpr Kind kAdminFile = TextKind("ADMIN", 34, false);
constexpr Kind kMemberFile = TextKind("MEMBER", 34, false);
constexpr Kind kLenderFile = TextKind("LENDER", 34, false);
constexpr std::size_t kSeal = 64;
constexpr Kind kEpochFile = TextKind("EPOCH", 39 + 64 + 46 + 9 * 512 + 256 * 32 + kSeal, false);
constexpr Kind kRevocationFile = TextKind("REVOCATION", 39 + 64 + kSeal, false);
constexpr Kind kTokenRequestFile = TextKind("TOKEN REQUEST", 50 + 38 + 1000 * 512 + kSeal, false);
constexpr Kind kTokenResponseFile = TextKind("TOKEN RESPONSE", 38 + 1000 * 512 + kSeal, false);
constexpr Kind kBorrowFile = TextKind("BORROW", 34 + 100 + 512 + kSeal, false);
constexpr Kind kAttestationFile = TextKind("ATTESTATION", 107, false);
constexpr Kind kAttestationKeyFile = TextKind("ATTESTATION KEY", 34, true);
/// What is relayed: a request of 8 MiB, and some room.
constexpr Kind kRelayedFile = {"request to be relayed", 1 << 24, true};
/// The largest is a link, a request and a response.
constexpr Kind kEvidenceFile = {
    "evidence", kEpochFile.max_size + kTokenRequestFile.max_size + kTokenResponseFile.max_size};
constexpr Kind kMessageFile = {"message", 1 << 24, true};

/// Any key file: with the secret part, or only the public one.
struct AnyKey {
  SecretKey key;
  bool has_secret;
};

/// Each of these reads the object in a file, form only.
/// Stops with kExitUnusable: as ReadFile, or not of the kind or form (the line has the parser's step).
std::expected<PublicKey, Stop> LoadPublicKey(const std::string& path);
std::expected<SecretKey, Stop> LoadSecretKey(const std::string& path);
std::expected<AnyKey, Stop> LoadAnyKey(const std::string& path);
std::expected<Batch, Stop> LoadRequest(const std::string& path);
std::expected<Batch, Stop> LoadResponse(const std::string& path);
std::expected<State, Stop> LoadState(const std::string& path);
std::expected<Bytes, Stop> LoadSignature(const std::string& path);

/// kind: kAdminFile, kMemberFile or kLenderFile.
std::expected<Bytes, Stop> LoadIdentity(const std::string& path, const Kind& kind);
/// The bytes of a sealed object, not looked into.
std::expected<Bytes, Stop> LoadSealed(const std::string& path, const Kind& kind);
/// A sealed epoch or revocation, and what is in it, unverified.
std::expected<SealedLink, Stop> LoadLink(const std::string& path);
/// The group's attestation key.
std::expected<Bytes, Stop> LoadAttestationKey(const std::string& path);
/// The two or three sealed objects of an evidence file.
std::expected<std::vector<Bytes>, Stop> LoadEvidence(const std::string& path);

/// The textual form of an identity key. kind: as for LoadIdentity.
Bytes IdentityText(const Kind& kind, View key);

/// pk as SubjectPublicKeyInfo in PEM (RFC 5280 section 4.1, RFC 7468 section 13), which other tools
/// read. Stops with kExitUnusable if OpenSSL cannot write it.
std::expected<Bytes, Stop> SpkiPem(const PublicKey& pk);

}  // namespace blindlend
