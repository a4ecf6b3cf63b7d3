// Spec chapter 3-fdh: MGF1 and the full-domain hash.
#pragma once

#include "rsa.h"

namespace blindlend {

/// len bytes from seed. Fails at MGF1.1 (len above 2^37). RFC 8017 appendix B.2.1 with SHA-256.
std::expected<Bytes, Failure> MGF1(View seed, std::uint64_t len);

/// msg as a unit of Z/n, uniform over all of them in the random-oracle model.
/// tag: one for each use of a key; pk: any that has an encoding; msg: any length.
/// Fails at FDH.1 (the key has no id), .6 (256 candidates refused).
std::expected<ZZ, Failure> FDH(std::string_view tag, const PublicKey& pk, View msg);

}  // namespace blindlend
