#include "tests/support/support.h"

#include <map>
#include <sstream>

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

double Distribution::Share(const std::string& tag) const {
  int count = 0;
  for (const auto& [name, times] : tags)
    if (name == tag) count += times;
  return cases == 0 ? 0 : static_cast<double>(count) / cases;
}

Distribution Report(const rc::detail::TestResult& result) {
  Distribution distribution;
  if (!result.is<rc::detail::SuccessResult>()) {
    std::ostringstream message;
    rc::detail::printResultMessage(result, message);
    ADD_FAILURE() << message.str();
    return distribution;
  }
  const auto& success = result.get<rc::detail::SuccessResult>();
  distribution.cases = success.numSuccess;
  for (const auto& [tags, count] : success.distribution)
    for (const std::string& tag : tags) {
      // RapidCheck shows strings in quotes.
      const bool quoted = tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
      distribution.tags.push_back({quoted ? tag.substr(1, tag.size() - 2) : tag, count});
    }
  std::cout << "cases: " << distribution.cases;
  for (const auto& [name, times] : distribution.tags) std::cout << ", " << name << ": " << times;
  std::cout << std::endl;
  return distribution;
}

}  // namespace blindlend::test
