#include "tests/support/support.h"

#include <map>

namespace blindlend::test {

const SecretKey& Key(long bits, int number) {
  static std::map<std::pair<long, int>, SecretKey> keys;
  const auto found = keys.find({bits, number});
  if (found != keys.end()) return found->second;
  Tape tape = Tape::FromSeed(Ascii("test key " + std::to_string(number)));
  return keys[{bits, number}] = *GenerateKey(bits, tape.Source());
}

SecretKey ToyKey(long p, long q, long e) {
  return *KeyFromPrimes(ZZ{p}, ZZ{q}, ZZ{e});
}

Bytes ToBytes(const std::vector<std::uint8_t>& bytes) {
  return Bytes(bytes.begin(), bytes.end());
}

Tape TapeFrom(std::uint64_t seed) {
  return Tape::FromSeed(*I2OSP(NTL::conv<ZZ>(seed), 8));
}

Bytes SignatureOf(const SecretKey& sk, View msg) {
  const ZZ h = *FDH("blindlend v1 token", sk, msg);
  return *I2OSP(PowerMod(h, sk.d, sk.n), static_cast<std::size_t>(NumBytes(sk.n)));
}

}  // namespace blindlend::test
