#include "bench/protocol.h"

#include "bench/registration.h"

namespace blindlend::bench {

namespace {

bool BlindFinalizeRef(const Fixture& at, const Exchange& one) {
  const auto blinded = Blind(at.pk, one.msg, Replay(one.tape));
  return blinded && Finalize(at.pk, one.msg, one.blind_sig, blinded->r_inv).has_value();
}

bool BlindFinalizePeer(const Fixture& at, const Exchange& one) {
  const auto blinded = PeerBlind(at.peer_pk, one.msg, Replay(one.tape));
  return blinded &&
         PeerFinalize(at.peer_pk, one.msg, one.blind_sig_bytes, blinded->r_inv).has_value();
}

}  // namespace

void RegisterProtocol(long bits) {
  Register("Blind/ref", bits, [](const Fixture& at, const Exchange& one) {
    return Blind(at.pk, one.msg, Replay(one.tape)).has_value();
  });
  Register("Blind/openssl", bits, [](const Fixture& at, const Exchange& one) {
    return PeerBlind(at.peer_pk, one.msg, Replay(one.tape)).has_value();
  });
  Register("BlindSign/ref", bits, [](const Fixture& at, const Exchange& one) {
    return BlindSign(at.sk, one.blinded, RandomBytes).has_value();
  });
  Register("BlindSign/openssl", bits, [](const Fixture& at, const Exchange& one) {
    return PeerBlindSign(at.peer_sk, one.blinded_bytes).has_value();
  });
  Register("Finalize/ref", bits, [](const Fixture& at, const Exchange& one) {
    return Finalize(at.pk, one.msg, one.blind_sig, one.r_inv).has_value();
  });
  Register("Finalize/openssl", bits, [](const Fixture& at, const Exchange& one) {
    return PeerFinalize(at.peer_pk, one.msg, one.blind_sig_bytes, one.r_inv_bytes).has_value();
  });
  Register("Verify/ref", bits, [](const Fixture& at, const Exchange& one) {
    return Verify(at.pk, one.msg, one.sig).has_value();
  });
  Register("Verify/openssl", bits, [](const Fixture& at, const Exchange& one) {
    return PeerVerify(at.peer_pk, one.msg, one.sig).has_value();
  });
  Register("BlindFinalize/ref", bits, BlindFinalizeRef);
  Register("BlindFinalize/openssl", bits, BlindFinalizePeer);
}

}  // namespace blindlend::bench
