// Spec chapter 5-key-certificate: eight roots that show x -> x^e to be a permutation of the units.
#pragma once

#include "fdh.h"

namespace blindlend {

/// The certificate: eight roots. sk: has passed ValidateSecretKey; group: the group's name.
/// Fails at ProveKey.2 (no hash), .3 (RawPrivate). Catalano, Pointcheval, Pornin 2007 app. D.2.
std::expected<std::vector<ZZ>, Failure> ProveKey(const SecretKey& sk, View group,
                                                 const ByteSource& source);

/// Whether roots show that x -> x^e is a permutation of the units of Z/n; wrong for at most e^-8 of
/// the keys tried. Fails at VerifyKeyProof.1 (not eight), .3 (range), .4 (no hash), .5 (no root).
/// Goldberg, Reyzin, Sagga, Baldimtsi 2018.
std::expected<void, Failure> VerifyKeyProof(const PublicKey& pk, View group,
                                            const std::vector<ZZ>& roots);

}  // namespace blindlend
