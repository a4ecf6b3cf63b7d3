#include "issuance.h"

#include <algorithm>
#include <ranges>

namespace blindlend {

std::expected<Bytes, Failure> EncodeRequest(const Request& request) {
  // EncodeRequest.1  batch = EncodeBatch(3, request.batch). If it fails, len(member) != 32 or len(nonce) != 16, fail.
  const auto batch = EncodeBatch(kRequest, request.batch);
  if (!batch || request.member.size() != 32 || request.nonce.size() != 16)
    return Fail("EncodeRequest.1");
  // EncodeRequest.2  Return 01 0d || member || nonce || batch.
  return Join({Bytes{1, 0x0d}, request.member, request.nonce, *batch});
}

std::expected<Request, Failure> ParseRequest(View body) {
  // ParseRequest.1  If len(body) < 50 or body[0..2) != 01 0d, fail.
  if (body.size() < 50 || body[0] != 1 || body[1] != 0x0d) return Fail("ParseRequest.1");
  // ParseRequest.2  batch = ParseBatch(3, body[50..)). If it fails, fail.
  const auto batch = ParseBatch(kRequest, body.subspan(50));
  if (!batch) return Fail("ParseRequest.2");
  // ParseRequest.3  Return request = (body[2..34), body[34..50), batch).
  return Request{Bytes(body.begin() + 2, body.begin() + 34),
                 Bytes(body.begin() + 34, body.begin() + 50), *batch};
}

std::expected<Requested, Failure> RequestTokens(const Link& link, View member_seed, View audience,
                                                std::size_t count, std::uint64_t now,
                                                const ByteSource& source) {
  // RequestTokens.1  If link is a revocation or now is not in [issue_from, issue_until - 1], fail.
  if (!link.epoch || now < link.epoch->issue_from || now >= link.epoch->issue_until)
    return Fail("RequestTokens.1");
  // RequestTokens.2  If audience is not one of lenders, fail.
  const auto& [pk, lenders] = std::tie(link.epoch->pk, link.epoch->lenders);
  if (std::ranges::find(lenders, Bytes(audience.begin(), audience.end())) == lenders.end())
    return Fail("RequestTokens.2");
  // RequestTokens.3  If count is not in [1, 1000], fail.
  if (count < 1 || count > 1000) return Fail("RequestTokens.3");
  // RequestTokens.4  count times: (seed, msg) = MintToken(KeyId(pk), audience, source). If KeyId(pk) or MintToken fails, fail.
  const auto key_id = KeyId(pk);
  if (!key_id) return Fail("RequestTokens.4");
  std::vector<Bytes> seeds, msgs;
  for (std::size_t i = 0; i < count; ++i) {
    const auto minted = MintToken(*key_id, audience, source);
    if (!minted) return Fail("RequestTokens.4");
    seeds.push_back(minted->seed);
    msgs.push_back(minted->msg);
  }
  // RequestTokens.5  (batch, state) = BlindBatch(pk, all msg, source). If it fails, fail.
  const auto blinded = BlindBatch(pk, msgs, source);
  if (!blinded) return Fail("RequestTokens.5");
  // RequestTokens.6  nonce = 16 bytes from source. If source is exhausted, fail.
  Bytes nonce(16);
  if (!source(nonce)) return Fail("RequestTokens.6");
  // RequestTokens.7  body = EncodeRequest(PublicOf(member_seed), nonce, batch), which cannot fail.
  const Bytes body = *EncodeRequest({PublicOf(member_seed), nonce, blinded->request});
  // RequestTokens.8  Return sealed = Seal(member_seed, "blindlend v1 request", body), state and all seeds.
  return Requested{Seal(member_seed, "blindlend v1 request", body), blinded->state, seeds};
}

std::expected<Request, Failure> VerifyRequest(View sealed) {
  // VerifyRequest.1  If len(sealed) < 64, fail.
  if (sealed.size() < 64) return Fail("VerifyRequest.1");
  // VerifyRequest.2  request = ParseRequest(sealed without its last 64 bytes). If it fails, fail.
  const auto request = ParseRequest(sealed.first(sealed.size() - 64));
  if (!request) return Fail("VerifyRequest.2");
  // VerifyRequest.3  If Open(request.member, "blindlend v1 request", sealed) fails, fail.
  if (!Open(request->member, "blindlend v1 request", sealed)) return Fail("VerifyRequest.3");
  // VerifyRequest.4  Return request.
  return *request;
}

std::expected<Bytes, Failure> RequestId(const Request& request) {
  // RequestId.1  body = EncodeRequest(request). If it fails, fail.
  const auto body = EncodeRequest(request);
  if (!body) return Fail("RequestId.1");
  // RequestId.2  Return SHA256(Prefix("blindlend v1 request id") || body).
  return SHA256(Join({Prefix(Ascii("blindlend v1 request id")), *body}));
}

std::expected<Ledger, Failure> Debit(const Ledger& ledger, const Link& link,
                                     const std::set<Bytes>& roster, std::uint64_t now,
                                     const Request& request) {
  // Debit.1  If link is a revocation, fail.
  if (!link.epoch) return Fail("Debit.1");
  // Debit.2  If KeyId(pk) fails, request.batch.id != KeyId(pk) or request.batch.width != k, fail.
  const auto& [pk, roots, issue_from, issue_until, spend_from, spend_until, quota, lenders] =
      *link.epoch;
  const auto k = static_cast<std::size_t>(NumBytes(pk.n));
  if (request.batch.id != KeyId(pk) || request.batch.width != k) return Fail("Debit.2");
  // Debit.3  If RequestId(request), which cannot fail, is in debited, return ledger unchanged.
  const Bytes id = *RequestId(request);
  if (ledger.debited.contains(id)) return ledger;
  // Debit.4  If request.member is not in roster, fail.
  if (!roster.contains(request.member)) return Fail("Debit.4");
  // Debit.5  If now is not in [issue_from, issue_until - 1], fail.
  if (now < issue_from || now >= issue_until) return Fail("Debit.5");
  // Debit.6  If a value of request.batch is not in [2, n-2] or shares a factor with n, fail.
  for (const ZZ& value : request.batch.values)
    if (value < 2 || value > pk.n - 2 || GCD(value, pk.n) != 1) return Fail("Debit.6");
  // Debit.7  If used(request.member) plus the number of values is more than quota, fail.
  const auto entry = ledger.used.find(request.member);
  const std::uint64_t used = entry == ledger.used.end() ? 0 : entry->second;
  if (used > quota || request.batch.values.size() > quota - used) return Fail("Debit.7");
  // Debit.8  Return ledger with RequestId(request) in debited and used(request.member) greater by the number of values.
  Ledger debited = ledger;
  debited.debited.insert(id);
  debited.used[request.member] = used + request.batch.values.size();
  return debited;
}

std::expected<Bytes, Failure> Issue(const SecretKey& sk, View admin_seed, const Ledger& ledger,
                                    const Request& request, const ByteSource& source) {
  // Issue.1  If RequestId(request) fails or is not in debited, fail.
  const auto id = RequestId(request);
  if (!id || !ledger.debited.contains(*id)) return Fail("Issue.1");
  // Issue.2  response = BlindSignBatch(sk, request.batch, source). If it fails, fail.
  const auto response = BlindSignBatch(sk, request.batch, source);
  if (!response) return Fail("Issue.2");
  // Issue.3  Return Seal(admin_seed, "blindlend v1 response", EncodeBatch(4, response)), which cannot fail.
  return Seal(admin_seed, "blindlend v1 response", *EncodeBatch(kResponse, *response));
}

std::expected<std::vector<std::optional<Bytes>>, Failure> Accept(const PublicKey& pk, View admin,
                                                                 const State& state, View sealed) {
  // Accept.1  body = Open(admin, "blindlend v1 response", sealed). If it fails, fail.
  const auto body = Open(admin, "blindlend v1 response", sealed);
  if (!body) return Fail("Accept.1");
  // Accept.2  response = ParseBatch(4, body). If it fails, fail.
  const auto response = ParseBatch(kResponse, *body);
  if (!response) return Fail("Accept.2");
  // Accept.3  If response.id != state.request_hash, KeyId(pk) fails or state.key_id != KeyId(pk), fail.
  const auto id = KeyId(pk);
  if (response->id != state.request_hash || !id || state.key_id != *id) return Fail("Accept.3");
  // Accept.4  If response.width != k or response has not as many values as state has entries, fail.
  const auto k = static_cast<std::size_t>(NumBytes(pk.n));
  if (response->width != k || response->values.size() != state.entries.size())
    return Fail("Accept.4");
  // Accept.5  For each entry (r_inv, msg) and value blind_sig, in order: sig = Finalize(pk, msg, blind_sig, r_inv), or none if it fails.
  std::vector<std::optional<Bytes>> sigs;
  for (std::size_t i = 0; i < state.entries.size(); ++i) {
    const auto& [r_inv, msg] = state.entries[i];
    const auto sig = Finalize(pk, msg, response->values[i], r_inv);
    sigs.push_back(sig ? std::optional(*sig) : std::nullopt);
  }
  // Accept.6  Return all sig.
  return sigs;
}

std::expected<void, Failure> CheckMisissue(View admin, View link, View request, View response) {
  // CheckMisissue.1  epoch = ParseLink(Open(admin, "blindlend v1 link", link)). If either fails or it is a revocation, fail.
  const auto epoch = ParseLink(Open(admin, "blindlend v1 link", link).value_or(Bytes{}));
  if (!epoch || !epoch->epoch) return Fail("CheckMisissue.1");
  // CheckMisissue.2  asked = VerifyRequest(request). If it fails, fail.
  const auto asked = VerifyRequest(request);
  if (!asked) return Fail("CheckMisissue.2");
  // CheckMisissue.3  answer = ParseBatch(4, Open(admin, "blindlend v1 response", response)). If either fails, fail.
  const auto answer =
      ParseBatch(kResponse, Open(admin, "blindlend v1 response", response).value_or(Bytes{}));
  if (!answer) return Fail("CheckMisissue.3");
  // CheckMisissue.4  If asked.batch.id != KeyId(pk), asked.batch.width != k or answer.id != SHA256(EncodeBatch(3, asked.batch)), fail.
  const PublicKey& pk = epoch->epoch->pk;
  const auto k = static_cast<std::size_t>(NumBytes(pk.n));
  if (asked->batch.id != KeyId(pk) || asked->batch.width != k ||
      answer->id != SHA256(*EncodeBatch(kRequest, asked->batch)))
    return Fail("CheckMisissue.4");
  // CheckMisissue.5  If answer.width = k, both have equally many values, and for each pair blind_sig is in [1, n-1] and blind_sig^e mod n = blinded, fail.
  const auto is_root = [&](const ZZ& blind_sig, const ZZ& blinded) {
    return blind_sig >= 1 && blind_sig < pk.n && PowerMod(blind_sig, pk.e, pk.n) == blinded;
  };
  if (answer->width == k && std::ranges::equal(answer->values, asked->batch.values, is_root))
    return Fail("CheckMisissue.5");
  // CheckMisissue.6  Return.
  return {};
}

std::expected<std::uint64_t, Failure> DrawIndex(std::uint64_t count, const ByteSource& source) {
  // DrawIndex.1  If count is not in [1, 2^32 - 1], fail.
  if (count < 1 || count > 0xffffffff) return Fail("DrawIndex.1");
  // DrawIndex.2  Do steps 3 and 4 at most 256 times.
  Bytes bytes(4);
  for (int turn = 0; turn < 256; ++turn) {
    // DrawIndex.3  index = OS2IP(4 bytes from source) mod 2^b, b the bit length of count - 1. If source is exhausted, fail.
    if (!source(bytes)) return Fail("DrawIndex.3");
    const ZZ index = trunc_ZZ(OS2IP(bytes), NumBits(ZZ{static_cast<long>(count - 1)}));
    // DrawIndex.4  If index < count, return index.
    if (index < static_cast<long>(count)) return static_cast<std::uint64_t>(conv<long>(index));
  }
  // DrawIndex.5  Fail.
  return Fail("DrawIndex.5");
}

std::expected<TokenState, Failure> Transition(TokenState state, TokenEvent event) {
  // Transition.1  If the table has no such event for state, fail.
  using enum TokenState;
  using enum TokenEvent;
  static const std::map<std::pair<TokenState, TokenEvent>, TokenState> kTable = {
      {{kPrepared, kSent}, kRequested}, {{kPrepared, kAccepted}, kHeld},
      {{kPrepared, kRefused}, kBurnt},  {{kPrepared, kCancelled}, kBurnt},
      {{kPrepared, kExpired}, kBurnt},  {{kRequested, kAccepted}, kHeld},
      {{kRequested, kRefused}, kBurnt}, {{kRequested, kCancelled}, kBurnt},
      {{kRequested, kExpired}, kBurnt}, {{kHeld, kReserved}, kSpending},
      {{kHeld, kExpired}, kBurnt},      {{kSpending, kServed}, kSpent},
      {{kSpending, kReleased}, kHeld},  {{kSpending, kExpired}, kBurnt}};
  const auto next = kTable.find({state, event});
  if (next == kTable.end()) return Fail("Transition.1");
  // Transition.2  Return the next state.
  return next->second;
}

}  // namespace blindlend
