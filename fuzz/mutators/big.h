// OpenSSL's integers, as far as the mutators need them.
#pragma once

#include <openssl/bn.h>

#include <memory>

#include "fuzz/mutators/mutator.h"

namespace blindlend::mutators {

struct FreeBignum {
  void operator()(BIGNUM* bn) const { BN_free(bn); }
};
using Big = std::unique_ptr<BIGNUM, FreeBignum>;

/// The number of big-endian bytes.
Big BigOf(const Bytes& bytes);
Big BigOf(unsigned long value);
Big Copy(const Big& a);
/// len bytes of it, the lowest if it is longer.
Bytes BytesOf(const Big& number, std::size_t len);
std::size_t SizeOf(const Big& number);

Big Sum(const Big& a, const Big& b);
/// |a - b|
Big Difference(const Big& a, const Big& b);
Big Product(const Big& a, const Big& b);
/// a mod n; 0 for n = 0.
Big Rest(const Big& a, const Big& n);
/// a / b, rounded down; 0 for b = 0.
Big Quotient(const Big& a, const Big& b);
/// 0 if there is none.
Big Inverse(const Big& a, const Big& n);
Big Gcd(const Big& a, const Big& b);

}  // namespace blindlend::mutators
