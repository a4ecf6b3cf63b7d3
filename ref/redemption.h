// Spec chapter 9-redemption: a token is spent once.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "token.h"

namespace blindlend {

/// What a member shows a lender. digest: 32 bytes.
struct Borrow {
  Bytes digest;
  Token token;
};

/// What a lender keeps of one token. digest, claim_id: 32 and 16 bytes while claimed, else empty.
struct SpentEntry {
  enum class State { kClaimed, kReleased, kServed };
  State state;
  Bytes key_id;
  int refunds;
  Bytes digest, claim_id;
};

/// By TokenId; and the KeyIds of the epochs that are over for good.
struct SpentSet {
  std::map<Bytes, SpentEntry> entries;
  std::set<Bytes> closed;
};

/// What Claim says.
enum class Verdict { kFresh, kRetry, kBusy, kServed, kDoubleSpend };

/// claim_id: 16 bytes with kFresh and kRetry, otherwise empty.
struct Claimed {
  Verdict verdict;
  Bytes claim_id;
};

/// What a spend signature is bound to, 32 bytes. id: TokenId.
Bytes RequestDigest(View id, View request);

/// Fails at EncodeBorrow.1 (a field has no place in the layout).
std::expected<Bytes, Failure> EncodeBorrow(const Borrow& borrow);

/// Form only. Fails at ParseBorrow.1 (kind), .2 (token).
std::expected<Borrow, Failure> ParseBorrow(View body);

/// The sealed borrow of one request. seed: the spend key's, 32 bytes.
/// Fails at MakeBorrow.1 (no encoding, or another token's seed).
std::expected<Bytes, Failure> MakeBorrow(const Token& token, View seed, View request);

/// The borrow, if all but the spent-set speaks for it. chain: of verified links; lender: identity
/// key; now: seconds since 1970-01-01 UTC; request: nothing, if it has not come yet: then the digest
/// remains to be compared.
/// Fails at VerifyBorrow.1 (form), .2 (another request), .3 (revoked), .4 (unknown key), .5 (window),
/// .6 (not a lender of this epoch), .7 (spend signature), .8 (token).
std::expected<Borrow, Failure> VerifyBorrow(const std::vector<Link>& chain, View lender,
                                            std::uint64_t now, std::optional<View> request,
                                            View sealed);

/// One attempt to spend a verified token; spent changes with kFresh and kRetry only.
/// owner_lives: true unless the attempt that holds the claim has certainly ended.
/// Fails at Claim.1 (epoch closed), .5 (source exhausted).
std::expected<Claimed, Failure> Claim(SpentSet& spent, const Bytes& id, const Bytes& key_id,
                                      View digest, bool owner_lives, const ByteSource& source);

/// The request has been served. Fails at Settle.1 (not the current claim): spent is unchanged.
std::expected<void, Failure> Settle(SpentSet& spent, const Bytes& id, View claim_id);

/// Upstream has consumed nothing. Fails at Release.1 (not the current claim), .2 (refunded twice
/// already): spent is unchanged.
std::expected<void, Failure> Release(SpentSet& spent, const Bytes& id, View claim_id);

/// The end of an epoch, for good.
void Close(SpentSet& spent, const Bytes& key_id);

}  // namespace blindlend
