// The same protocol (spec chapter 4) on OpenSSL alone, put together as the implementers of RFC 9474 do
// it: values are byte strings, gcd(m, n) = 1 is checked once, in Blind, hashing is by EVP and PKCS1_MGF1
// (as OpenSSL's PSS has it), and raw RSA is RSA_private_encrypt and RSA_public_decrypt. ref/ is measured
// against it; it shares no arithmetic and no hashing with ref/.
#pragma once

#include <openssl/bn.h>
#include <openssl/rsa.h>

#include <expected>
#include <memory>
#include <string_view>

#include "ref/rsa.h"

namespace blindlend::bench {

/// What went wrong in the peer: a string literal.
struct PeerFailure {
  std::string_view what;
};

struct PeerFree {
  void operator()(RSA* rsa) const { RSA_free(rsa); }
  void operator()(BN_MONT_CTX* mont) const { BN_MONT_CTX_free(mont); }
};

/// A key as implementers keep it: the RSA object, n's Montgomery context and the key id, made once.
struct PeerKey {
  std::unique_ptr<RSA, PeerFree> rsa;
  std::unique_ptr<BN_MONT_CTX, PeerFree> mont;
  Bytes id;
  std::size_t k;
};

/// What PeerBlind makes, k bytes each.
struct PeerBlinded {
  Bytes blinded, r_inv;
};

/// The key with its private parts. With pk alone: one for the member and the verifier.
std::expected<PeerKey, PeerFailure> MakePeerKey(const SecretKey& sk);
std::expected<PeerKey, PeerFailure> MakePeerKey(const PublicKey& pk);

/// The full-domain hash of spec chapter 3, k bytes; that it is a unit is left to PeerBlind.
std::expected<Bytes, PeerFailure> PeerFdh(const PeerKey& key, std::string_view tag, View msg);

/// RFC 9474 section 4.2. source: gives r's bytes, as BN_rand_range would draw them.
std::expected<PeerBlinded, PeerFailure> PeerBlind(const PeerKey& key, View msg,
                                                  const ByteSource& source);

/// RFC 9474 section 4.3. key: with private parts; blinded: k bytes.
std::expected<Bytes, PeerFailure> PeerBlindSign(const PeerKey& key, View blinded);

/// RFC 9474 section 4.4. blind_sig, r_inv: k bytes.
std::expected<Bytes, PeerFailure> PeerFinalize(const PeerKey& key, View msg, View blind_sig,
                                               View r_inv);

/// Whether sig is the signature of msg.
std::expected<void, PeerFailure> PeerVerify(const PeerKey& key, View msg, View sig);

/// x^e mod n and x^d mod n, raw. x: k bytes, below n.
std::expected<Bytes, PeerFailure> PeerRawPublic(const PeerKey& key, View x);
std::expected<Bytes, PeerFailure> PeerRawPrivate(const PeerKey& key, View x);

}  // namespace blindlend::bench
