// What the benchmarks work on: a fixed key for each length, and exchanges made with it.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "bench/peers/openssl_blind.h"
#include "ref/blind_signature.h"

namespace blindlend::bench {

constexpr std::array<long, 3> kLengths = {2048, 3072, 4096};

/// One whole exchange, in the shape of both implementations.
struct Exchange {
  Bytes msg;
  /// All that Blind read, refused candidates too: Blind on it gives blinded and r_inv again.
  Bytes tape;
  ZZ blinded, r_inv, blind_sig;
  Bytes blinded_bytes, r_inv_bytes, blind_sig_bytes;
  Bytes sig;
};

struct Fixture {
  SecretKey sk;
  PublicKey pk;
  PeerKey peer_sk, peer_pk;
  /// Many, since how often the hash is refused depends on the message.
  std::vector<Exchange> exchanges;
};

/// The fixture for keys of this length, made at the first call. bits: one of kLengths.
const Fixture& At(long bits);

/// The production byte source: libsodium's generator.
bool RandomBytes(std::span<std::uint8_t> out);

/// A byte source as costly as RandomBytes that gives the bytes of tape, which it does not copy.
ByteSource Replay(View tape);

/// The endless tape of spec V-vectors with this seed.
ByteSource SeededTape(const Bytes& seed);

}  // namespace blindlend::bench
