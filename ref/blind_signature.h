// Spec chapter 4-blind-signature: Blind, BlindSign, Finalize, Verify, batches and their encodings.
#pragma once

#include "fdh.h"

namespace blindlend {

/// What Blind makes. blinded goes to the signer; r_inv is the member's secret.
struct Blinded {
  ZZ blinded, r_inv;
};

/// A blind request (id: KeyId of the key asked for) or a blind response (id: SHA256 of the encoded
/// request). width: bytes of each value, 1 to 512. values: 1 to 1,000.
struct Batch {
  Bytes id;
  std::size_t width;
  std::vector<ZZ> values;
};

/// What a member keeps between BlindBatch and FinalizeBatch. Secret.
struct State {
  struct Entry {
    ZZ r_inv;
    Bytes msg;
  };
  Bytes key_id, request_hash;
  std::size_t width;
  std::vector<Entry> entries;
};

/// What BlindBatch makes: the request for the signer, the state for oneself.
struct BlindedBatch {
  Batch request;
  State state;
};

/// The kind byte of a batch, for EncodeBatch and ParseBatch.
constexpr std::uint8_t kRequest = 3;
constexpr std::uint8_t kResponse = 4;

/// The member's first step: hides msg behind a fresh unit r. A msg is blinded once.
/// Fails at Blind.1 (no hash), .2 (no unit could be drawn). Chaum 1982; RFC 9474 section 4.2.
std::expected<Blinded, Failure> Blind(const PublicKey& pk, View msg, const ByteSource& source);

/// The signer's step. sk: has passed ValidateSecretKey; blinded: in [2, n-2].
/// Fails at BlindSign.1 (range), .2 (shares a factor with n), .3 (RawPrivate). RFC 9474 section 4.3.
std::expected<ZZ, Failure> BlindSign(const SecretKey& sk, const ZZ& blinded,
                                     const ByteSource& source);

/// Whether sig, k bytes, is the signature of msg.
/// Fails at Verify.1 (length), .2 (range), .3 (no hash), .5 (shares a factor with n), .6 (it is not).
std::expected<void, Failure> Verify(const PublicKey& pk, View msg, View sig);

/// The member's last step: the signature of msg, k bytes, verified.
/// Fails at Finalize.1 and .2 (range), .4 (not a signature of msg). RFC 9474 section 4.4.
std::expected<Bytes, Failure> Finalize(const PublicKey& pk, View msg, const ZZ& blind_sig,
                                       const ZZ& r_inv);

/// Blind for 1 to 1,000 different messages of at most 2^24 bytes together.
/// Fails at BlindBatch.1 (counts), .2 (a message twice), .3 (Blind).
std::expected<BlindedBatch, Failure> BlindBatch(const PublicKey& pk, const std::vector<Bytes>& msgs,
                                                const ByteSource& source);

/// BlindSign for a whole request, all or nothing.
/// Fails at BlindSignBatch.1 (another key's), .2 (not a batch), .3 (BlindSign).
std::expected<Batch, Failure> BlindSignBatch(const SecretKey& sk, const Batch& request,
                                             const ByteSource& source);

/// Finalize for a whole response, all or nothing: the signatures in the order of the messages.
/// Fails at FinalizeBatch.1 (another key's state), .2 (another request's response), .3 (width or
/// count), .4 (Finalize).
std::expected<std::vector<Bytes>, Failure> FinalizeBatch(const PublicKey& pk, const State& state,
                                                         const Batch& response);

/// kind: kRequest or kResponse. Fails at EncodeBatch.1 (a field has no place in the layout).
std::expected<Bytes, Failure> EncodeBatch(std::uint8_t kind, const Batch& batch);

/// Form only. Fails at ParseBatch.1 (kind), .2 (width or count), .3 (length).
std::expected<Batch, Failure> ParseBatch(std::uint8_t kind, View bytes);

/// Fails at EncodeState.1 (a field has no place in the layout).
std::expected<Bytes, Failure> EncodeState(const State& state);

/// Form only. Fails at ParseState.1 (kind), .2 (width or count), .4 and .6 (cut off), .5 (messages
/// too long), .7 (trailing bytes).
std::expected<State, Failure> ParseState(View bytes);

/// sig: 1 to 512 bytes. Fails at EncodeSignature.1 (length).
std::expected<Bytes, Failure> EncodeSignature(View sig);

/// Form only. Fails at ParseSignature.1 (kind), .2 (width), .3 (length).
std::expected<Bytes, Failure> ParseSignature(View bytes);

}  // namespace blindlend
