#include "fdh.h"

#include <algorithm>

namespace blindlend {

std::expected<Bytes, Failure> MGF1(View seed, std::uint64_t len) {
  // MGF1.1  If len > 2^32 * 32, fail.
  if (len > (std::uint64_t{1} << 32) * 32) return Fail("MGF1.1");
  // MGF1.2  T = SHA256(seed || I2OSP(0, 4)) || SHA256(seed || I2OSP(1, 4)) || ... up to counter ceil(len/32) - 1.
  Bytes T;
  Bytes input = Join({seed, Bytes(4)});
  for (std::uint64_t ctr = 0; ctr < (len + 31) / 32; ++ctr) {
    std::ranges::copy(*I2OSP(NTL::conv<ZZ>(ctr), 4), input.end() - 4);
    const Bytes block = SHA256(input);
    T.insert(T.end(), block.begin(), block.end());
  }
  // MGF1.3  Return the first len bytes of T.
  T.resize(len);
  return T;
}

std::expected<ZZ, Failure> FDH(std::string_view tag, const PublicKey& pk, View msg) {
  // FDH.1  id = KeyId(pk). If it fails, fail.
  const auto id = KeyId(pk);
  if (!id) return Fail("FDH.1");
  // FDH.2  seed = SHA256(Prefix(tag) || Prefix(id) || Prefix(msg)).
  const Bytes seed = SHA256(Join({Prefix(Ascii(tag)), Prefix(*id), Prefix(msg)}));
  // FDH.3  For ctr = 0, 1, ..., 255, in this order, do steps 4 and 5.
  for (long ctr = 0; ctr < 256; ++ctr) {
    // FDH.4  candidate = MGF1(seed || I2OSP(ctr, 4), k), which cannot fail.
    const auto k = static_cast<std::uint64_t>(NumBytes(pk.n));
    const Bytes candidate = *MGF1(Join({seed, *I2OSP(ZZ{ctr}, 4)}), k);
    // FDH.5  h = UnitFromBytes(n, candidate). If it does not fail, return h.
    const auto h = UnitFromBytes(pk.n, candidate);
    if (h) return *h;
  }
  // FDH.6  Fail.
  return Fail("FDH.6");
}

}  // namespace blindlend
