#include "attestation.h"

#include <sodium.h>

#include <algorithm>

namespace blindlend {

Bytes HMAC(View key, View message) {
  // HMAC.1  Return the HMAC-SHA256 of message under key, 32 bytes.
  const std::uint8_t none = 0;
  crypto_auth_hmacsha256_state state;
  Bytes tag(32);
  crypto_auth_hmacsha256_init(&state, key.empty() ? &none : key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, message.empty() ? &none : message.data(), message.size());
  crypto_auth_hmacsha256_final(&state, tag.data());
  sodium_memzero(&state, sizeof state);
  return tag;
}

std::expected<Bytes, Failure> EncodeAttestation(const Attestation& attestation) {
  // EncodeAttestation.1  If len(instance) != 16, len(lender) != 32, claim is not 1 or len(nonce) != 16, fail.
  const auto& [instance, lender, claim, issued_at, nonce] = attestation;
  if (instance.size() != 16 || lender.size() != 32 || claim != 1 || nonce.size() != 16)
    return Fail("EncodeAttestation.1");
  // EncodeAttestation.2  Return 01 0f || instance || lender || claim || I2OSP(issued_at, 8) || nonce.
  return Join(
      {Bytes{1, 0x0f}, instance, lender, Bytes{claim}, *I2OSP(NTL::conv<ZZ>(issued_at), 8), nonce});
}

std::expected<Attestation, Failure> ParseAttestation(View bytes) {
  // ParseAttestation.1  If len(bytes) != 75, bytes[0..2) != 01 0f or bytes[50] != 1, fail.
  if (bytes.size() != 75 || bytes[0] != 1 || bytes[1] != 0x0f || bytes[50] != 1)
    return Fail("ParseAttestation.1");
  // ParseAttestation.2  Return attestation = (bytes[2..18), bytes[18..50), bytes[50], OS2IP(bytes[51..59)), bytes[59..75)).
  const auto at = bytes.begin();
  return Attestation{Bytes(at + 2, at + 18), Bytes(at + 18, at + 50), bytes[50],
                     NTL::conv<std::uint64_t>(OS2IP(bytes.subspan(51, 8))),
                     Bytes(at + 59, at + 75)};
}

std::expected<Bytes, Failure> EncodeAttestationKey(View key) {
  // EncodeAttestationKey.1  If len(key) != 32, fail.
  if (key.size() != 32) return Fail("EncodeAttestationKey.1");
  // EncodeAttestationKey.2  Return 01 10 || key.
  return Join({Bytes{1, 0x10}, key});
}

std::expected<Bytes, Failure> ParseAttestationKey(View bytes) {
  // ParseAttestationKey.1  If len(bytes) != 34 or bytes[0..2) != 01 10, fail.
  if (bytes.size() != 34 || bytes[0] != 1 || bytes[1] != 0x10) return Fail("ParseAttestationKey.1");
  // ParseAttestationKey.2  Return bytes[2..34).
  return Bytes(bytes.begin() + 2, bytes.end());
}

std::expected<Bytes, Failure> Attest(View key, const Attestation& attestation) {
  // Attest.1  body = EncodeAttestation(attestation). If it fails, fail.
  const auto body = EncodeAttestation(attestation);
  if (!body) return Fail("Attest.1");
  // Attest.2  Return body || HMAC(key, Prefix("blindlend v1 attestation") || body), 107 bytes.
  return Join({*body, HMAC(key, Join({Prefix(Ascii("blindlend v1 attestation")), *body}))});
}

std::expected<Attestation, Failure> CheckAttestation(View key, View instance, View lender,
                                                     View nonce, std::uint64_t now,
                                                     ReplayCache& cache, View bytes) {
  // CheckAttestation.1  If len(bytes) != 107, fail.
  if (bytes.size() != 107) return Fail("CheckAttestation.1");
  // CheckAttestation.2  If bytes[75..107) != HMAC(key, Prefix("blindlend v1 attestation") || bytes[0..75)), compared in constant time, fail.
  const Bytes tag = HMAC(key, Join({Prefix(Ascii("blindlend v1 attestation")), bytes.first(75)}));
  if (sodium_memcmp(tag.data(), bytes.data() + 75, 32) != 0) return Fail("CheckAttestation.2");
  // CheckAttestation.3  attestation = ParseAttestation(bytes[0..75)). If it fails, fail.
  const auto attestation = ParseAttestation(bytes.first(75));
  if (!attestation) return Fail("CheckAttestation.3");
  // CheckAttestation.4  If attestation.instance != instance, attestation.lender != lender or attestation.nonce != nonce, fail.
  if (!std::ranges::equal(attestation->instance, instance) ||
      !std::ranges::equal(attestation->lender, lender) ||
      !std::ranges::equal(attestation->nonce, nonce))
    return Fail("CheckAttestation.4");
  // CheckAttestation.5  If issued_at and now are more than 300 apart, fail.
  const std::uint64_t issued_at = attestation->issued_at;
  if (std::max(issued_at, now) - std::min(issued_at, now) > 300) return Fail("CheckAttestation.5");
  // CheckAttestation.6  If issued_at < forgotten_before, fail.
  if (issued_at < cache.forgotten_before) return Fail("CheckAttestation.6");
  // CheckAttestation.7  If seen has (instance, nonce) with any issued_at, fail.
  const Bytes question = Join({attestation->instance, attestation->nonce});
  if (cache.seen.contains(question)) return Fail("CheckAttestation.7");
  // CheckAttestation.8  Put (instance, nonce, issued_at) into seen. Return attestation and cache.
  cache.seen[question] = issued_at;
  return *attestation;
}

void Prune(ReplayCache& cache, std::uint64_t now) {
  // Prune.1  If now > 300 and now - 300 > forgotten_before, forgotten_before = now - 300.
  if (now > 300 && now - 300 > cache.forgotten_before) cache.forgotten_before = now - 300;
  // Prune.2  Remove from seen everything with issued_at < forgotten_before. Return cache.
  std::erase_if(cache.seen, [&](const auto& each) { return each.second < cache.forgotten_before; });
}

}  // namespace blindlend
