#include "bench/self_test.h"

#include "bench/issuance_fixture.h"

namespace blindlend::bench {

namespace {

// Both must refuse msg and sig.
bool BothRefuse(const Fixture& at, View msg, View sig) {
  return !Verify(at.pk, msg, sig) && !PeerVerify(at.peer_pk, msg, sig);
}

Bytes Flipped(Bytes bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

// The first thing that is not as it must be, or an empty string.
std::string FirstMismatch(const Fixture& at, const Exchange& one, const Exchange& other) {
  const auto k = at.peer_pk.k;
  if (PeerFdh(at.peer_pk, "blindlend v1 token", one.msg).value() !=
      *I2OSP(FDH("blindlend v1 token", at.pk, one.msg).value(), k))
    return "FDH";
  const auto blinded = PeerBlind(at.peer_pk, one.msg, Replay(one.tape));
  if (!blinded || blinded->blinded != one.blinded_bytes || blinded->r_inv != one.r_inv_bytes)
    return "Blind on the same bytes";
  const auto again = Blind(at.pk, one.msg, Replay(one.tape));
  if (!again || again->blinded != one.blinded || again->r_inv != one.r_inv)
    return "Blind on its own bytes";
  const auto blind_sig = PeerBlindSign(at.peer_sk, one.blinded_bytes);
  if (!blind_sig || *blind_sig != one.blind_sig_bytes) return "BlindSign";
  const auto sig = PeerFinalize(at.peer_pk, one.msg, one.blind_sig_bytes, one.r_inv_bytes);
  if (!sig || *sig != one.sig) return "Finalize";
  if (!Verify(at.pk, one.msg, *sig)) return "ref's Verify of the peer's signature";
  if (!PeerVerify(at.peer_pk, one.msg, one.sig)) return "the peer's Verify of ref's signature";

  // The peer alone, with bytes of its own.
  const auto fresh = PeerBlind(at.peer_pk, one.msg, RandomBytes);
  if (!fresh || fresh->blinded == one.blinded_bytes) return "Blind on fresh bytes";
  const auto fresh_blind_sig = PeerBlindSign(at.peer_sk, fresh->blinded);
  if (!fresh_blind_sig ||
      PeerFinalize(at.peer_pk, one.msg, *fresh_blind_sig, fresh->r_inv) != one.sig)
    return "the peer's own exchange";

  for (const std::size_t bit : {std::size_t{0}, 8 * (k / 2), 8 * k - 1})
    if (!BothRefuse(at, one.msg, Flipped(one.sig, bit))) return "a damaged signature";
  if (!BothRefuse(at, Flipped(one.msg, 0), one.sig)) return "a damaged message";
  if (!BothRefuse(at, other.msg, one.sig)) return "another message";
  if (!BothRefuse(at, one.msg, View(one.sig).first(k - 1))) return "a short signature";
  if (!BothRefuse(at, one.msg, Bytes(k, 0))) return "a signature of 0";
  if (!BothRefuse(at, one.msg, *I2OSP(at.pk.n, k))) return "a signature of n";
  const ZZ sum = OS2IP(one.sig) + at.pk.n;
  if (const auto bytes = I2OSP(sum, k); bytes && !BothRefuse(at, one.msg, *bytes))
    return "a signature s + n";
  if (Finalize(at.pk, one.msg, OS2IP(Flipped(one.blind_sig_bytes, 9)), one.r_inv) ||
      PeerFinalize(at.peer_pk, one.msg, Flipped(one.blind_sig_bytes, 9), one.r_inv_bytes))
    return "Finalize of a damaged answer";
  if (PeerBlindSign(at.peer_sk, *I2OSP(at.pk.n, k))) return "BlindSign of n";
  return "";
}

// Whether the peer finds the certificate to consist of the roots that it would make itself.
bool IsPeersCertificate(const Fixture& at, const EpochFixture& epoch) {
  for (std::size_t i = 0; i < epoch.roots.size(); ++i) {
    const auto rho = PeerFdh(at.peer_sk, "blindlend v1 key certificate", epoch.challenges[i]);
    if (!rho || PeerRawPrivate(at.peer_sk, *rho) != epoch.roots[i] ||
        PeerRawPublic(at.peer_pk, epoch.roots[i]) != *rho)
      return false;
  }
  return epoch.roots.size() == 8;
}

}  // namespace

std::expected<void, std::string> PeerInteroperates(long bits) {
  const Fixture& at = At(bits);
  if (!IsPeersCertificate(at, EpochAt(bits)))
    return std::unexpected(std::to_string(bits) + " bits: the certificate");
  for (std::size_t i = 0; i + 1 < at.exchanges.size(); i += 4) {
    const std::string mismatch = FirstMismatch(at, at.exchanges[i], at.exchanges[i + 1]);
    if (!mismatch.empty())
      return std::unexpected(std::to_string(bits) + " bits, exchange " + std::to_string(i) + ": " +
                             mismatch);
  }
  return {};
}

}  // namespace blindlend::bench
