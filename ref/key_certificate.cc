#include "key_certificate.h"

namespace blindlend {

std::expected<std::vector<ZZ>, Failure> ProveKey(const SecretKey& sk, View group,
                                                 const ByteSource& source) {
  // ProveKey.1  For i = 1, 2, ..., 8, in this order, do steps 2 and 3.
  std::vector<ZZ> roots;
  for (long i = 1; i <= 8; ++i) {
    // ProveKey.2  rho_i = FDH("blindlend v1 key certificate", sk, group || I2OSP(i, 1)). If it fails, fail.
    const auto rho = FDH("blindlend v1 key certificate", sk, Join({group, *I2OSP(ZZ{i}, 1)}));
    if (!rho) return Fail("ProveKey.2");
    // ProveKey.3  root_i = RawPrivate(sk, rho_i, source). If it fails, fail.
    const auto root = RawPrivate(sk, *rho, source);
    if (!root) return Fail("ProveKey.3");
    roots.push_back(*root);
  }
  // ProveKey.4  Return roots = (root_1, ..., root_8).
  return roots;
}

std::expected<void, Failure> VerifyKeyProof(const PublicKey& pk, View group,
                                            const std::vector<ZZ>& roots) {
  // VerifyKeyProof.1  If there are not exactly 8 roots, fail.
  if (roots.size() != 8) return Fail("VerifyKeyProof.1");
  // VerifyKeyProof.2  For i = 1, 2, ..., 8, in this order, do steps 3 to 5.
  for (long i = 1; i <= 8; ++i) {
    // VerifyKeyProof.3  If root_i is not in [1, n-1], fail.
    const ZZ& root = roots[static_cast<std::size_t>(i - 1)];
    if (root < 1 || root >= pk.n) return Fail("VerifyKeyProof.3");
    // VerifyKeyProof.4  rho_i = FDH("blindlend v1 key certificate", pk, group || I2OSP(i, 1)). If it fails, fail.
    const auto rho = FDH("blindlend v1 key certificate", pk, Join({group, *I2OSP(ZZ{i}, 1)}));
    if (!rho) return Fail("VerifyKeyProof.4");
    // VerifyKeyProof.5  If root_i^e mod n != rho_i, fail.
    if (PowerMod(root, pk.e, pk.n) != *rho) return Fail("VerifyKeyProof.5");
  }
  // VerifyKeyProof.6  Return.
  return {};
}

}  // namespace blindlend
