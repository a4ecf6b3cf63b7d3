// Spec chapter 8-issuance: requests, the ledger, responses, what a member accepts, a token's life.
#pragma once

#include <map>
#include <set>

#include "token.h"

namespace blindlend {

/// member: identity key, 32 bytes. nonce: 16 bytes. batch: a blind request.
struct Request {
  Bytes member, nonce;
  Batch batch;
};

/// What RequestTokens makes: sealed leaves; state and the spend keys' seeds stay, secret.
struct Requested {
  Bytes sealed;
  State state;
  std::vector<Bytes> seeds;
};

/// What the admin keeps for one epoch: RequestIds, and the tokens debited to each member.
struct Ledger {
  std::set<Bytes> debited;
  std::map<Bytes, std::uint64_t> used;
};

/// The states of a token in a wallet, and what happens to it.
enum class TokenState { kPrepared, kRequested, kHeld, kSpending, kSpent, kBurnt };
enum class TokenEvent {
  kSent,
  kAccepted,
  kRefused,
  kCancelled,
  kReserved,
  kServed,
  kReleased,
  kExpired
};

/// Fails at EncodeRequest.1 (a field has no place in the layout).
std::expected<Bytes, Failure> EncodeRequest(const Request& request);

/// Form only. Fails at ParseRequest.1 (kind), .2 (batch).
std::expected<Request, Failure> ParseRequest(View body);

/// The member's first step. link: verified, open for issue; member_seed: 32 bytes; audience: a
/// lender's identity key; count: in [1, 1000]; now: seconds since 1970-01-01 UTC.
/// Fails at RequestTokens.1 (not open for issue), .2 (no lender of this epoch), .3 (count), .4 to .6
/// (source exhausted).
std::expected<Requested, Failure> RequestTokens(const Link& link, View member_seed, View audience,
                                                std::size_t count, std::uint64_t now,
                                                const ByteSource& source);

/// The request that its member has sealed. Fails at VerifyRequest.1 (length), .2 (form), .3 (signature).
std::expected<Request, Failure> VerifyRequest(View sealed);

/// The ledger's key, 32 bytes. Fails at RequestId.1 (no encoding).
std::expected<Bytes, Failure> RequestId(const Request& request);

/// The ledger in which a verified request is debited, once. link: the revocation if the admin's chain
/// ends in one, otherwise the epoch whose key the request names.
/// Fails at Debit.1 (revoked), .2 (another key), .4 (not enrolled), .5 (not open for issue), .6 (a
/// value that would not be signed), .7 (over the quota).
std::expected<Ledger, Failure> Debit(const Ledger& ledger, const Link& link,
                                     const std::set<Bytes>& roster, std::uint64_t now,
                                     const Request& request);

/// The sealed response to a debited request; the same for every source.
/// Fails at Issue.1 (not debited), .2 (BlindSignBatch).
std::expected<Bytes, Failure> Issue(const SecretKey& sk, View admin_seed, const Ledger& ledger,
                                    const Request& request, const ByteSource& source);

/// The signature of each message, or none where the serial is burnt. admin: identity key.
/// Fails at Accept.1 (signature), .2 (form), .3 (another request's or key's), .4 (width or count): nothing
/// changes.
std::expected<std::vector<std::optional<Bytes>>, Failure> Accept(const PublicKey& pk, View admin,
                                                                 const State& state, View sealed);

/// Whether a sealed link, request and response convict admin of a wrong answer. Fails at
/// CheckMisissue.1 (link), .2 (request), .3 (response), .4 (not together), .5 (the answer is right).
std::expected<void, Failure> CheckMisissue(View admin, View link, View request, View response);

/// One of 0 to count - 1, exactly uniform. source: each candidate takes 4 bytes.
/// Fails at DrawIndex.1 (count not in [1, 2^32 - 1]), .3 (source exhausted), .5 (256 candidates refused).
std::expected<std::uint64_t, Failure> DrawIndex(std::uint64_t count, const ByteSource& source);

/// The next state of a token. Fails at Transition.1 (no such event in this state).
std::expected<TokenState, Failure> Transition(TokenState state, TokenEvent event);

}  // namespace blindlend
