#include "blind_signature.h"

#include <algorithm>
#include <set>

namespace blindlend {

using NTL::MulMod;
using NTL::PowerMod;

std::expected<Blinded, Failure> Blind(const PublicKey& pk, View msg, const ByteSource& source) {
  // Blind.1  h = FDH("blindlend v1 token", pk, msg). If it fails, fail.
  const auto h = FDH("blindlend v1 token", pk, msg);
  if (!h) return Fail("Blind.1");
  // Blind.2  r = DrawUnit(n, source). If it fails, fail.
  const auto r = DrawUnit(pk.n, source);
  if (!r) return Fail("Blind.2");
  // Blind.3  r_inv = ModInverse(r, n), which cannot fail.
  const ZZ r_inv = *ModInverse(*r, pk.n);
  // Blind.4  blinded = h * r^e mod n.
  const ZZ blinded = MulMod(*h, PowerMod(*r, pk.e, pk.n), pk.n);
  // Blind.5  Return (blinded, r_inv).
  return Blinded{blinded, r_inv};
}

std::expected<ZZ, Failure> BlindSign(const SecretKey& sk, const ZZ& blinded,
                                     const ByteSource& source) {
  // BlindSign.1  If blinded is not in [2, n-2], fail.
  if (blinded < 2 || blinded > sk.n - 2) return Fail("BlindSign.1");
  // BlindSign.2  If gcd(blinded, n) != 1, fail.
  if (GCD(blinded, sk.n) != 1) return Fail("BlindSign.2");
  // BlindSign.3  blind_sig = RawPrivate(sk, blinded, source). If it fails, fail.
  const auto blind_sig = RawPrivate(sk, blinded, source);
  if (!blind_sig) return Fail("BlindSign.3");
  // BlindSign.4  Return blind_sig.
  return *blind_sig;
}

std::expected<void, Failure> Verify(const PublicKey& pk, View msg, View sig) {
  // Verify.1  If len(sig) != k, fail.
  if (std::ssize(sig) != NumBytes(pk.n)) return Fail("Verify.1");
  // Verify.2  s = OS2IP(sig). If s is not in [1, n-1], fail.
  const ZZ s = OS2IP(sig);
  if (s < 1 || s >= pk.n) return Fail("Verify.2");
  // Verify.3  h = FDH("blindlend v1 token", pk, msg). If it fails, fail.
  const auto h = FDH("blindlend v1 token", pk, msg);
  if (!h) return Fail("Verify.3");
  // Verify.4  If s^e mod n = h, return.
  if (PowerMod(s, pk.e, pk.n) == *h) return {};
  // Verify.5  If gcd(s, n) != 1, fail.
  if (GCD(s, pk.n) != 1) return Fail("Verify.5");
  // Verify.6  Fail.
  return Fail("Verify.6");
}

std::expected<Bytes, Failure> Finalize(const PublicKey& pk, View msg, const ZZ& blind_sig,
                                       const ZZ& r_inv) {
  // Finalize.1  If blind_sig is not in [1, n-1], fail.
  if (blind_sig < 1 || blind_sig >= pk.n) return Fail("Finalize.1");
  // Finalize.2  If r_inv is not in [1, n-1], fail.
  if (r_inv < 1 || r_inv >= pk.n) return Fail("Finalize.2");
  // Finalize.3  sig = I2OSP(blind_sig * r_inv mod n, k), which cannot fail.
  const auto k = static_cast<std::size_t>(NumBytes(pk.n));
  const Bytes sig = *I2OSP(MulMod(blind_sig, r_inv, pk.n), k);
  // Finalize.4  If Verify(pk, msg, sig) fails, fail.
  if (!Verify(pk, msg, sig)) return Fail("Finalize.4");
  // Finalize.5  Return sig.
  return sig;
}

std::expected<BlindedBatch, Failure> BlindBatch(const PublicKey& pk, const std::vector<Bytes>& msgs,
                                                const ByteSource& source) {
  // BlindBatch.1  If there are not 1 to 1,000 msgs, or their lengths sum to more than 2^24, fail.
  std::size_t size = 0;
  for (const Bytes& msg : msgs) size += msg.size();
  if (msgs.empty() || msgs.size() > 1000 || size > 1 << 24) return Fail("BlindBatch.1");
  // BlindBatch.2  If two msgs are equal, fail.
  if (std::set(msgs.begin(), msgs.end()).size() != msgs.size()) return Fail("BlindBatch.2");
  // BlindBatch.3  For each msg in order: (blinded, r_inv) = Blind(pk, msg, source). If it fails, fail.
  std::vector<ZZ> values;
  std::vector<State::Entry> entries;
  for (const Bytes& msg : msgs) {
    const auto one = Blind(pk, msg, source);
    if (!one) return Fail("BlindBatch.3");
    values.push_back(one->blinded);
    entries.push_back({one->r_inv, msg});
  }
  // BlindBatch.4  request = (KeyId(pk), k, all blinded), which cannot fail; request_hash = SHA256(EncodeBatch(3, request)), which cannot fail.
  const auto k = static_cast<std::size_t>(NumBytes(pk.n));
  const Batch request{*KeyId(pk), k, values};
  const Bytes request_hash = SHA256(*EncodeBatch(kRequest, request));
  // BlindBatch.5  Return request and state = (KeyId(pk), request_hash, k, all (r_inv, msg)).
  return BlindedBatch{request, {request.id, request_hash, k, entries}};
}

std::expected<Batch, Failure> BlindSignBatch(const SecretKey& sk, const Batch& request,
                                             const ByteSource& source) {
  // BlindSignBatch.1  If KeyId(sk) fails, request.id != KeyId(sk) or request.width != k, fail.
  const auto k = static_cast<std::size_t>(NumBytes(sk.n));
  if (request.id != KeyId(sk) || request.width != k) return Fail("BlindSignBatch.1");
  // BlindSignBatch.2  encoding = EncodeBatch(3, request). If it fails, fail.
  const auto encoding = EncodeBatch(kRequest, request);
  if (!encoding) return Fail("BlindSignBatch.2");
  // BlindSignBatch.3  For each blinded of request.values in order: blind_sig = BlindSign(sk, blinded, source). If it fails, fail.
  std::vector<ZZ> values;
  for (const ZZ& blinded : request.values) {
    const auto blind_sig = BlindSign(sk, blinded, source);
    if (!blind_sig) return Fail("BlindSignBatch.3");
    values.push_back(*blind_sig);
  }
  // BlindSignBatch.4  Return response = (SHA256(encoding), k, all blind_sig).
  return Batch{SHA256(*encoding), k, values};
}

std::expected<std::vector<Bytes>, Failure> FinalizeBatch(const PublicKey& pk, const State& state,
                                                         const Batch& response) {
  // FinalizeBatch.1  If KeyId(pk) fails, state.key_id != KeyId(pk) or state.width != k, fail.
  const auto k = static_cast<std::size_t>(NumBytes(pk.n));
  if (state.key_id != KeyId(pk) || state.width != k) return Fail("FinalizeBatch.1");
  // FinalizeBatch.2  If response.id != state.request_hash, fail.
  if (response.id != state.request_hash) return Fail("FinalizeBatch.2");
  // FinalizeBatch.3  If response.width != k or response has not as many values as state has entries, fail.
  if (response.width != k || response.values.size() != state.entries.size())
    return Fail("FinalizeBatch.3");
  // FinalizeBatch.4  For each entry (r_inv, msg) and value blind_sig, in order: sig = Finalize(pk, msg, blind_sig, r_inv). If it fails, fail.
  std::vector<Bytes> sigs;
  for (std::size_t i = 0; i < state.entries.size(); ++i) {
    const auto& [r_inv, msg] = state.entries[i];
    const auto sig = Finalize(pk, msg, response.values[i], r_inv);
    if (!sig) return Fail("FinalizeBatch.4");
    sigs.push_back(*sig);
  }
  // FinalizeBatch.5  Return all sig.
  return sigs;
}

std::expected<Bytes, Failure> EncodeBatch(std::uint8_t kind, const Batch& batch) {
  // EncodeBatch.1  If len(id) != 32, width is not in [1, 512], there are not 1 to 1,000 values, or a value is not in [0, 256^width - 1], fail.
  const std::size_t count = batch.values.size();
  if (batch.id.size() != 32 || batch.width < 1 || batch.width > 512 || count < 1 || count > 1000 ||
      !std::ranges::all_of(batch.values,
                           [&](const ZZ& value) { return I2OSP(value, batch.width).has_value(); }))
    return Fail("EncodeBatch.1");
  // EncodeBatch.2  Return 01 || kind || id || I2OSP(width, 2) || I2OSP(count, 2) || I2OSP(value, width) for each value.
  Bytes bytes = Join({Bytes{1, kind}, batch.id, *I2OSP(NTL::conv<ZZ>(batch.width), 2),
                      *I2OSP(NTL::conv<ZZ>(count), 2)});
  for (const ZZ& value : batch.values) {
    const Bytes encoded = *I2OSP(value, batch.width);
    bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  }
  return bytes;
}

std::expected<Batch, Failure> ParseBatch(std::uint8_t kind, View bytes) {
  // ParseBatch.1  If len(bytes) < 38, bytes[0] != 01 or bytes[1] != kind, fail.
  if (bytes.size() < 38 || bytes[0] != 1 || bytes[1] != kind) return Fail("ParseBatch.1");
  // ParseBatch.2  id = bytes[2..34), width = OS2IP(bytes[34..36)), count = OS2IP(bytes[36..38)). If width is not in [1, 512] or count is not in [1, 1000], fail.
  const Bytes id(bytes.begin() + 2, bytes.begin() + 34);
  const auto width = NTL::conv<std::size_t>(OS2IP(bytes.subspan(34, 2)));
  const auto count = NTL::conv<std::size_t>(OS2IP(bytes.subspan(36, 2)));
  if (width < 1 || width > 512 || count < 1 || count > 1000) return Fail("ParseBatch.2");
  // ParseBatch.3  If len(bytes) != 38 + count * width, fail.
  if (bytes.size() != 38 + count * width) return Fail("ParseBatch.3");
  // ParseBatch.4  values = OS2IP of each next width bytes. Return batch = (id, width, values).
  std::vector<ZZ> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(OS2IP(bytes.subspan(38 + i * width, width)));
  return Batch{id, width, values};
}

std::expected<Bytes, Failure> EncodeState(const State& state) {
  // EncodeState.1  If len(key_id) != 32, len(request_hash) != 32, width is not in [1, 512], there are not 1 to 1,000 entries, an r_inv is not in [0, 256^width - 1], or the lengths of all msg sum to more than 2^24, fail.
  const std::size_t count = state.entries.size();
  std::size_t size = 0;
  for (const State::Entry& entry : state.entries) size += entry.msg.size();
  if (state.key_id.size() != 32 || state.request_hash.size() != 32 || state.width < 1 ||
      state.width > 512 || count < 1 || count > 1000 || size > 1 << 24 ||
      !std::ranges::all_of(state.entries, [&](const State::Entry& entry) {
        return I2OSP(entry.r_inv, state.width).has_value();
      }))
    return Fail("EncodeState.1");
  // EncodeState.2  Return 01 05 || key_id || request_hash || I2OSP(width, 2) || I2OSP(count, 2) || for each entry I2OSP(r_inv, width) || I2OSP(len(msg), 4) || msg.
  Bytes bytes = Join({Bytes{1, 5}, state.key_id, state.request_hash,
                      *I2OSP(NTL::conv<ZZ>(state.width), 2), *I2OSP(NTL::conv<ZZ>(count), 2)});
  for (const auto& [r_inv, msg] : state.entries) {
    const Bytes encoded =
        Join({*I2OSP(r_inv, state.width), *I2OSP(NTL::conv<ZZ>(msg.size()), 4), msg});
    bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  }
  return bytes;
}

std::expected<State, Failure> ParseState(View bytes) {
  // ParseState.1  If len(bytes) < 70 or bytes[0..2) != 01 05, fail.
  if (bytes.size() < 70 || bytes[0] != 1 || bytes[1] != 5) return Fail("ParseState.1");
  // ParseState.2  key_id = bytes[2..34), request_hash = bytes[34..66), width = OS2IP(bytes[66..68)), count = OS2IP(bytes[68..70)). If width is not in [1, 512] or count is not in [1, 1000], fail.
  const Bytes key_id(bytes.begin() + 2, bytes.begin() + 34);
  const Bytes request_hash(bytes.begin() + 34, bytes.begin() + 66);
  const auto width = NTL::conv<std::size_t>(OS2IP(bytes.subspan(66, 2)));
  const auto count = NTL::conv<std::size_t>(OS2IP(bytes.subspan(68, 2)));
  if (width < 1 || width > 512 || count < 1 || count > 1000) return Fail("ParseState.2");
  // ParseState.3  Do steps 4 to 6 count times, beginning at offset 70.
  View rest = bytes.subspan(70);
  std::size_t sizes = 0;
  std::vector<State::Entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    // ParseState.4  If fewer than width + 4 bytes remain, fail; otherwise r_inv = OS2IP of the next width bytes and size = OS2IP of the next 4.
    if (rest.size() < width + 4) return Fail("ParseState.4");
    const ZZ r_inv = OS2IP(rest.first(width));
    const auto size = NTL::conv<std::size_t>(OS2IP(rest.subspan(width, 4)));
    rest = rest.subspan(width + 4);
    // ParseState.5  If size, added to the sizes of all former entries, is more than 2^24, fail.
    sizes += size;
    if (sizes > 1 << 24) return Fail("ParseState.5");
    // ParseState.6  If fewer than size bytes remain, fail; otherwise msg = the next size bytes, and the entry is (r_inv, msg).
    if (rest.size() < size) return Fail("ParseState.6");
    entries.push_back({r_inv, Bytes(rest.begin(), rest.begin() + static_cast<long>(size))});
    rest = rest.subspan(size);
  }
  // ParseState.7  If bytes remain, fail.
  if (!rest.empty()) return Fail("ParseState.7");
  // ParseState.8  Return state = (key_id, request_hash, width, entries).
  return State{key_id, request_hash, width, entries};
}

std::expected<Bytes, Failure> EncodeSignature(View sig) {
  // EncodeSignature.1  If len(sig) is not in [1, 512], fail.
  if (sig.size() < 1 || sig.size() > 512) return Fail("EncodeSignature.1");
  // EncodeSignature.2  Return 01 06 || I2OSP(len(sig), 2) || sig.
  return Join({Bytes{1, 6}, *I2OSP(NTL::conv<ZZ>(sig.size()), 2), sig});
}

std::expected<Bytes, Failure> ParseSignature(View bytes) {
  // ParseSignature.1  If len(bytes) < 4 or bytes[0..2) != 01 06, fail.
  if (bytes.size() < 4 || bytes[0] != 1 || bytes[1] != 6) return Fail("ParseSignature.1");
  // ParseSignature.2  width = OS2IP(bytes[2..4)). If width is not in [1, 512], fail.
  const auto width = NTL::conv<std::size_t>(OS2IP(bytes.subspan(2, 2)));
  if (width < 1 || width > 512) return Fail("ParseSignature.2");
  // ParseSignature.3  If len(bytes) != 4 + width, fail.
  if (bytes.size() != 4 + width) return Fail("ParseSignature.3");
  // ParseSignature.4  Return sig = bytes[4..4+width).
  return Bytes(bytes.begin() + 4, bytes.end());
}

}  // namespace blindlend
