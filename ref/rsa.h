// Spec chapter 2-rsa: units, inverses, raw RSA, primes, keys.
// Nothing here is constant-time. Arithmetic by NTL, which aborts on bad input: ranges come first.
#pragma once

#include "encoding.h"

namespace blindlend {

/// n: at least 2 wherever it is computed with. e: in [1, 2^32 - 1].
struct PublicKey {
  ZZ n, e;
};

/// The parts belong together if ValidateSecretKey says so. Secret.
struct SecretKey : PublicKey {
  ZZ d, p, q, dp, dq, qinv;
};

/// bytes as a unit of Z/n: exactly uniform over the units if bytes are uniform.
/// n: any; bytes: k(n) of them.
/// Fails at UnitFromBytes.1 (length), .3 (zero or not below n), .4 (shares a factor with n).
std::expected<ZZ, Failure> UnitFromBytes(const ZZ& n, View bytes);

/// A unit of Z/n, exactly uniform, by rejection.
/// Fails at DrawUnit.2 (source exhausted), .4 (256 candidates refused).
std::expected<ZZ, Failure> DrawUnit(const ZZ& n, const ByteSource& source);

/// The x in [1, n-1] with a*x = 1 (mod n).
/// a: in [1, n-1], so n: at least 2. Secret-dependent time.
/// Fails at ModInverse.1 (range) or ModInverse.4 (a and n share a factor).
/// Spec 2-rsa, ModInverse; Knuth TAOCP 2, 4.5.2 X.
std::expected<ZZ, Failure> ModInverse(const ZZ& a, const ZZ& n);

/// x^e mod n, for x in [1, n-1]. Fails at RawPublic.1 (range). RFC 8017 section 5.2.2.
std::expected<ZZ, Failure> RawPublic(const PublicKey& pk, const ZZ& x);

/// The x with x^e = c (mod n), by CRT, blinded, and checked before it is released.
/// sk: has passed ValidateSecretKey; c: in [1, n-1]. Secret-dependent time.
/// Fails at RawPrivate.1 (range), .2 (source exhausted), .8 (a fault in the computation).
/// RFC 8017 section 5.2.1; Kocher 1996; Boneh, DeMillo, Lipton 1997.
std::expected<ZZ, Failure> RawPrivate(const SecretKey& sk, const ZZ& c, const ByteSource& source);

/// A base for Miller-Rabin, uniform in [2, w-2]. w: odd, at least 5.
/// Fails at DrawBase.2 (source exhausted), .4 (256 candidates refused).
std::expected<ZZ, Failure> DrawBase(const ZZ& w, const ByteSource& source);

/// Whether w is probably prime: false is certain, true wrong for at most 4^-rounds of all runs.
/// Fails at MillerRabin.1 (w even or below 5), .3 (no base). FIPS 186-5 appendix B.3.1.
std::expected<bool, Failure> MillerRabin(const ZZ& w, int rounds, const ByteSource& source);

/// A random prime w of exactly len bits, the two top ones set, with gcd(w-1, e) = 1.
/// len: 16 or more. Fails at GeneratePrime.1 (len), .3 and .7 (source exhausted), .8 (none found).
/// FIPS 186-5 appendix A.1.3.
std::expected<ZZ, Failure> GeneratePrime(long len, const ZZ& e, const ByteSource& source);

/// The secret key with the odd primes p != q.
/// Fails at KeyFromPrimes.1 (p or q below 3), .2 (e not invertible), .4 (q not invertible mod p).
std::expected<SecretKey, Failure> KeyFromPrimes(const ZZ& p, const ZZ& q, const ZZ& e);

/// A fresh key with e = 65537. bits: a multiple of 16 in [512, 4096]; 2048, 3072 or 4096 in production.
/// Fails at GenerateKey.1 (bits), .2 and .3 (no prime), .4 (p and q too close), .5 (not prime after all).
std::expected<SecretKey, Failure> GenerateKey(long bits, const ByteSource& source);

/// Whether w passes strong tests to the bases 2, 3, 5, ..., 41. Exact below 3.3 * 10^24.
bool ProbablyPrime(const ZZ& w);

/// Whether a key is fit to be relied on: the policy. Milliseconds. Fails at each of its steps 1 to 6.
std::expected<void, Failure> ValidatePublicKey(const PublicKey& pk);

/// Whether the parts of a secret key belong together. Fails at each of its steps 1 to 7.
std::expected<void, Failure> ValidateSecretKey(const SecretKey& sk);

/// Fails at EncodePublicKey.1 (n or e has no place in the layout).
std::expected<Bytes, Failure> EncodePublicKey(const PublicKey& pk);

/// Form only. Fails at ParsePublicKey.1 (kind), .2 (bits), .3 (length), .4 (n's length), .5 (e = 0).
std::expected<PublicKey, Failure> ParsePublicKey(View bytes);

/// Fails at EncodeSecretKey.1 (n or e), .2 (another part) has no place in the layout.
std::expected<Bytes, Failure> EncodeSecretKey(const SecretKey& sk);

/// Form only. Fails at ParseSecretKey.1 (kind), .2 (bits), .3 (length), .4 (n's length), .5 (e = 0).
std::expected<SecretKey, Failure> ParseSecretKey(View bytes);

/// The key's name everywhere, 32 bytes. Fails at KeyId.1 (the key has no encoding).
std::expected<Bytes, Failure> KeyId(const PublicKey& pk);

}  // namespace blindlend
