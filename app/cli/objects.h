// Objects of the spec in files, and public keys for other programs.
#pragma once

#include "app/cli/files.h"
#include "ref/blind_signature.h"

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
constexpr Kind kMessageFile = {"message", 1 << 24, true};

/// Any key file: with the secret part, or only the public one.
struct AnyKey {
  SecretKey key;
  bool has_secret;
};

/// Each of these reads the object in a file, form only.
/// Stops with kUnusable: as ReadFile, or not of the kind or form (the line has the parser's step).
std::expected<PublicKey, Stop> LoadPublicKey(const std::string& path);
std::expected<SecretKey, Stop> LoadSecretKey(const std::string& path);
std::expected<AnyKey, Stop> LoadAnyKey(const std::string& path);
std::expected<Batch, Stop> LoadRequest(const std::string& path);
std::expected<Batch, Stop> LoadResponse(const std::string& path);
std::expected<State, Stop> LoadState(const std::string& path);
std::expected<Bytes, Stop> LoadSignature(const std::string& path);

/// pk as SubjectPublicKeyInfo in PEM (RFC 5280 section 4.1, RFC 7468 section 13), which other tools
/// read. Stops with kUnusable if OpenSSL cannot write it.
std::expected<Bytes, Stop> SpkiPem(const PublicKey& pk);

}  // namespace blindlend
