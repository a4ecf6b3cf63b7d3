#include "bench/fixture.h"

#include <sodium.h>

#include <algorithm>
#include <map>
#include <string>

namespace blindlend::bench {

namespace {

constexpr int kExchanges = 32;

Exchange MakeExchange(const SecretKey& sk, Bytes msg) {
  Bytes tape;
  const ByteSource recorder = [&tape](std::span<std::uint8_t> out) {
    if (!RandomBytes(out)) return false;
    tape.insert(tape.end(), out.begin(), out.end());
    return true;
  };
  const auto k = static_cast<std::size_t>(NumBytes(sk.n));
  const auto [blinded, r_inv] = Blind(sk, msg, recorder).value();
  const ZZ blind_sig = BlindSign(sk, blinded, RandomBytes).value();
  const Bytes sig = Finalize(sk, msg, blind_sig, r_inv).value();
  return {msg,
          tape,
          blinded,
          r_inv,
          blind_sig,
          I2OSP(blinded, k).value(),
          I2OSP(r_inv, k).value(),
          I2OSP(blind_sig, k).value(),
          sig};
}

Fixture MakeFixture(long bits) {
  const Bytes seed = Ascii("blindlend bench key " + std::to_string(bits));
  const SecretKey sk = GenerateKey(bits, SeededTape(seed)).value();
  const PublicKey pk = sk;
  Fixture fixture{sk, pk, MakePeerKey(sk).value(), MakePeerKey(pk).value(), {}};
  for (int i = 0; i < kExchanges; ++i)
    fixture.exchanges.push_back(MakeExchange(sk, SHA256(Ascii("message " + std::to_string(i)))));
  return fixture;
}

}  // namespace

const Fixture& At(long bits) {
  static std::map<long, Fixture> fixtures;
  auto at = fixtures.find(bits);
  if (at == fixtures.end()) at = fixtures.emplace(bits, MakeFixture(bits)).first;
  return at->second;
}

bool RandomBytes(std::span<std::uint8_t> out) {
  randombytes_buf(out.data(), out.size());
  return true;
}

ByteSource Replay(View tape) {
  return [tape](std::span<std::uint8_t> out) mutable {
    if (out.size() > tape.size()) return false;
    RandomBytes(out);
    std::ranges::copy(tape.first(out.size()), out.begin());
    tape = tape.subspan(out.size());
    return true;
  };
}

ByteSource SeededTape(const Bytes& seed) {
  return [seed, block = Bytes{}, used = std::size_t{32},
          ctr = 0L](std::span<std::uint8_t> out) mutable {
    for (std::uint8_t& byte : out) {
      if (used == 32) {
        block = SHA256(Join({seed, I2OSP(ZZ{ctr++}, 8).value()}));
        used = 0;
      }
      byte = block[used++];
    }
    return true;
  };
}

}  // namespace blindlend::bench
