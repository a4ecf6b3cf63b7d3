// Spec chapter 7-token: what a member has signed blindly and later shows.
#pragma once

#include "blind_signature.h"
#include "epoch.h"

namespace blindlend {

/// A fresh token before it is signed. seed: 32 bytes, the spend key's, secret. msg: 98 bytes.
struct Minted {
  Bytes seed, msg;
};

/// key_id, audience, spend_key: 32 bytes each. sig: 1 to 512 bytes.
struct Token {
  Bytes key_id, audience, spend_key, sig;
};

/// key_id: 32 bytes, of the epoch's key; audience: a lender's identity key, 32 bytes.
/// Fails at MintToken.1 (source exhausted).
std::expected<Minted, Failure> MintToken(View key_id, View audience, const ByteSource& source);

/// Fails at EncodeToken.1 (a field has no place in the layout).
std::expected<Bytes, Failure> EncodeToken(const Token& token);

/// Form only. Fails at ParseToken.1 (kind), .2 (width), .3 (length).
std::expected<Token, Failure> ParseToken(View bytes);

/// What a lender remembers, 32 bytes. Fails at TokenId.1 (no encoding).
std::expected<Bytes, Failure> TokenId(const Token& token);

/// Whether token is good under pk at this audience.
/// Fails at VerifyToken.1 (no encoding), .2 (key), .3 (audience), .4 (signature).
std::expected<void, Failure> VerifyToken(const PublicKey& pk, View audience, const Token& token);

}  // namespace blindlend
