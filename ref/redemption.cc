#include "redemption.h"

#include <algorithm>

namespace blindlend {

using enum SpentEntry::State;

Bytes RequestDigest(View id, View request) {
  // RequestDigest.1  Return SHA256(Prefix("blindlend v1 request digest") || Prefix(id) || Prefix(request)).
  return SHA256(Join({Prefix(Ascii("blindlend v1 request digest")), Prefix(id), Prefix(request)}));
}

std::expected<Bytes, Failure> EncodeBorrow(const Borrow& borrow) {
  // EncodeBorrow.1  bytes = EncodeToken(token). If it fails or len(digest) != 32, fail.
  const auto bytes = EncodeToken(borrow.token);
  if (!bytes || borrow.digest.size() != 32) return Fail("EncodeBorrow.1");
  // EncodeBorrow.2  Return 01 0e || digest || bytes.
  return Join({Bytes{1, 0x0e}, borrow.digest, *bytes});
}

std::expected<Borrow, Failure> ParseBorrow(View body) {
  // ParseBorrow.1  If len(body) < 34 or body[0..2) != 01 0e, fail.
  if (body.size() < 34 || body[0] != 1 || body[1] != 0x0e) return Fail("ParseBorrow.1");
  // ParseBorrow.2  token = ParseToken(body[34..)). If it fails, fail.
  const auto token = ParseToken(body.subspan(34));
  if (!token) return Fail("ParseBorrow.2");
  // ParseBorrow.3  Return borrow = (body[2..34), token).
  return Borrow{Bytes(body.begin() + 2, body.begin() + 34), *token};
}

std::expected<Bytes, Failure> MakeBorrow(const Token& token, View seed, View request) {
  // MakeBorrow.1  If TokenId(token) fails or PublicOf(seed) != token.spend_key, fail.
  const auto id = TokenId(token);
  if (!id || PublicOf(seed) != token.spend_key) return Fail("MakeBorrow.1");
  // MakeBorrow.2  body = EncodeBorrow(RequestDigest(TokenId(token), request), token), which cannot fail.
  const Bytes body = *EncodeBorrow({RequestDigest(*id, request), token});
  // MakeBorrow.3  Return Seal(seed, "blindlend v1 borrow", body).
  return Seal(seed, "blindlend v1 borrow", body);
}

std::expected<Borrow, Failure> VerifyBorrow(const std::vector<Link>& chain, View lender,
                                            std::uint64_t now, std::optional<View> request,
                                            View sealed) {
  // VerifyBorrow.1  If len(sealed) < 64, fail; otherwise borrow = ParseBorrow(sealed without its last 64 bytes). If it fails, fail.
  if (sealed.size() < 64) return Fail("VerifyBorrow.1");
  const auto borrow = ParseBorrow(sealed.first(sealed.size() - 64));
  if (!borrow) return Fail("VerifyBorrow.1");
  // VerifyBorrow.2  If there is a request and borrow.digest != RequestDigest(TokenId(token), request), fail; TokenId cannot fail.
  const Token& token = borrow->token;
  if (request && borrow->digest != RequestDigest(*TokenId(token), *request))
    return Fail("VerifyBorrow.2");
  // VerifyBorrow.3  If chain is empty or its last link is a revocation, fail.
  if (chain.empty() || !chain.back().epoch) return Fail("VerifyBorrow.3");
  // VerifyBorrow.4  epoch = the epoch of chain with KeyId(pk) = token.key_id. If there is none, fail.
  const auto link = std::ranges::find_if(
      chain, [&](const Link& each) { return each.epoch && KeyId(each.epoch->pk) == token.key_id; });
  if (link == chain.end()) return Fail("VerifyBorrow.4");
  const Epoch& epoch = *link->epoch;
  // VerifyBorrow.5  If now is not in [spend_from, spend_until - 1], fail.
  if (now < epoch.spend_from || now >= epoch.spend_until) return Fail("VerifyBorrow.5");
  // VerifyBorrow.6  If lender is not one of lenders, fail.
  if (std::ranges::find(epoch.lenders, Bytes(lender.begin(), lender.end())) == epoch.lenders.end())
    return Fail("VerifyBorrow.6");
  // VerifyBorrow.7  If Open(token.spend_key, "blindlend v1 borrow", sealed) fails, fail.
  if (!Open(token.spend_key, "blindlend v1 borrow", sealed)) return Fail("VerifyBorrow.7");
  // VerifyBorrow.8  If VerifyToken(pk, lender, token) fails, fail.
  if (!VerifyToken(epoch.pk, lender, token)) return Fail("VerifyBorrow.8");
  // VerifyBorrow.9  Return borrow.
  return *borrow;
}

std::expected<Claimed, Failure> Claim(SpentSet& spent, const Bytes& id, const Bytes& key_id,
                                      View digest, bool owner_lives, const ByteSource& source) {
  // Claim.1  If key_id is in closed, fail.
  if (spent.closed.contains(key_id)) return Fail("Claim.1");
  // Claim.2  If id has an entry that is served, return served.
  const auto at = spent.entries.find(id);
  const SpentEntry* const entry = at == spent.entries.end() ? nullptr : &at->second;
  if (entry && entry->state == kServed) return Claimed{Verdict::kServed, {}};
  // Claim.3  If id has an entry that is claimed and its digest is not digest, return double-spend.
  const bool is_claimed = entry && entry->state == kClaimed;
  if (is_claimed && !std::ranges::equal(entry->digest, digest))
    return Claimed{Verdict::kDoubleSpend, {}};
  // Claim.4  If id has an entry that is claimed and owner_lives, return busy.
  if (is_claimed && owner_lives) return Claimed{Verdict::kBusy, {}};
  // Claim.5  claim_id = 16 bytes from source. If source is exhausted, fail.
  Bytes claim_id(16);
  if (!source(claim_id)) return Fail("Claim.5");
  // Claim.6  verdict = retry if id has an entry that is claimed, otherwise fresh.
  const Verdict verdict = is_claimed ? Verdict::kRetry : Verdict::kFresh;
  // Claim.7  The entry of id becomes (claimed, key_id, its refunds or 0, digest, claim_id). Return verdict, claim_id and spent.
  const int refunds = entry ? entry->refunds : 0;
  spent.entries[id] = {kClaimed, key_id, refunds, Bytes(digest.begin(), digest.end()), claim_id};
  return Claimed{verdict, claim_id};
}

std::expected<void, Failure> Settle(SpentSet& spent, const Bytes& id, View claim_id) {
  // Settle.1  If id has no entry that is claimed with claim_id, fail.
  const auto at = spent.entries.find(id);
  if (at == spent.entries.end() || at->second.state != kClaimed ||
      !std::ranges::equal(at->second.claim_id, claim_id))
    return Fail("Settle.1");
  // Settle.2  The entry of id becomes served, its digest and claim_id empty. Return spent.
  at->second = {kServed, at->second.key_id, at->second.refunds, {}, {}};
  return {};
}

std::expected<void, Failure> Release(SpentSet& spent, const Bytes& id, View claim_id) {
  // Release.1  If id has no entry that is claimed with claim_id, fail.
  const auto at = spent.entries.find(id);
  if (at == spent.entries.end() || at->second.state != kClaimed ||
      !std::ranges::equal(at->second.claim_id, claim_id))
    return Fail("Release.1");
  // Release.2  If its refunds are 2, fail.
  if (at->second.refunds >= 2) return Fail("Release.2");
  // Release.3  The entry of id becomes released, with one refund more, its digest and claim_id empty. Return spent.
  at->second = {kReleased, at->second.key_id, at->second.refunds + 1, {}, {}};
  return {};
}

void Close(SpentSet& spent, const Bytes& key_id) {
  // Close.1  Put key_id into closed.
  spent.closed.insert(key_id);
  // Close.2  Remove all entries with key_id. Return spent.
  std::erase_if(spent.entries, [&](const auto& each) { return each.second.key_id == key_id; });
}

}  // namespace blindlend
