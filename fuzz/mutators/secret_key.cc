// An encoded secret key whose parts fit each other, but for one of them.
#include <algorithm>
#include <array>

#include "fuzz/mutators/big.h"

namespace blindlend::mutators {
namespace {

constexpr std::array<unsigned long, 24> kPrimes = {
    3,  5,  7,  11,  13,  17,  19,    23,    29,    31,    37,         41,
    43, 47, 97, 101, 127, 251, 65521, 65537, 65539, 99991, 2147483647, 4294967291};

Big Prime(const Big& old, Random& random) {
  if (random.OneIn(4)) return Copy(old);
  return BigOf(kPrimes[random.Below(kPrimes.size())]);
}

// What is n bits long, then the parts, each at its width.
Bytes Encoded(const std::array<Big, 8>& parts) {
  const std::size_t bits = static_cast<std::size_t>(BN_num_bits(parts[0].get()));
  const std::size_t k = (bits + 7) / 8;
  const std::size_t h = (bits + 15) / 16;
  const std::array<std::size_t, 8> widths = {k, 4, k, h, h, h, h, h};
  Bytes out = {1, 2, static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Bytes field = BytesOf(parts[i], widths[i]);
    out.insert(out.end(), field.begin(), field.end());
  }
  return out;
}

}  // namespace

std::optional<Bytes> MutatedStructure(const Bytes& input, std::size_t most, Random& random) {
  const auto at = [&](std::size_t i) -> std::size_t { return i < input.size() ? input[i] : 0; };
  const std::size_t bits = std::min<std::size_t>(at(2) * 256 + at(3), 4096);
  const std::size_t k = (bits + 7) / 8;
  const std::size_t h = (bits + 15) / 16;
  const auto field = [&](std::size_t from, std::size_t len) {
    Bytes bytes;
    for (std::size_t i = from; i < from + len; ++i)
      bytes.push_back(static_cast<std::uint8_t>(at(i)));
    return BigOf(bytes);
  };
  const Big one = BigOf(1UL);
  const Big p = Prime(field(8 + 2 * k, h), random);
  const Big q = Prime(field(8 + 2 * k + h, h), random);
  const Big p1 = Difference(p, one);
  const Big q1 = Difference(q, one);
  const Big e = BigOf(random.OneIn(2) ? 65537UL : 3 + 2 * random.Below(64));
  const Big lcm = Quotient(Product(p1, q1), Gcd(p1, q1));
  Big d = Inverse(e, lcm);
  if (random.OneIn(8)) d = Sum(d, lcm);
  std::array<Big, 8> parts = {Product(p, q), Copy(e),     Copy(d),     Copy(p),
                              Copy(q),       Rest(d, p1), Rest(d, q1), Inverse(q, p)};
  if (BN_num_bits(parts[0].get()) < 2) return std::nullopt;
  if (!random.OneIn(4)) {
    Big& part = parts[random.Below(parts.size())];
    part = random.OneIn(3)   ? Sum(part, one)
           : random.OneIn(2) ? Difference(part, one)
                             : BigOf(random.Below(4));
    if (BN_num_bits(parts[0].get()) < 2) return std::nullopt;
  }
  Bytes out = Encoded(parts);
  if (random.OneIn(8)) out = Mutated(out, most);
  if (out.size() > most) return std::nullopt;
  return out;
}

}  // namespace blindlend::mutators
