#include "rsa.h"

#include <gmp.h>

namespace blindlend {

using NTL::GCD;
using NTL::NumBits;
using NTL::NumBytes;
using NTL::PowerMod;

std::expected<ZZ, Failure> UnitFromBytes(const ZZ& n, View bytes) {
  // UnitFromBytes.1  If len(bytes) != k(n), fail.
  if (std::ssize(bytes) != NumBytes(n)) return Fail("UnitFromBytes.1");
  // UnitFromBytes.2  x = OS2IP(bytes) with every bit at and above position bits(n) cleared.
  const ZZ x = trunc_ZZ(OS2IP(bytes), NumBits(n));
  // UnitFromBytes.3  If x = 0 or x >= n, fail.
  if (x == 0 || x >= n) return Fail("UnitFromBytes.3");
  // UnitFromBytes.4  If gcd(x, n) != 1, fail.
  if (GCD(x, n) != 1) return Fail("UnitFromBytes.4");
  // UnitFromBytes.5  Return x.
  return x;
}

std::expected<ZZ, Failure> DrawUnit(const ZZ& n, const ByteSource& source) {
  // DrawUnit.1  Do steps 2 and 3 at most 256 times.
  Bytes bytes(static_cast<std::size_t>(NumBytes(n)));
  for (int turn = 0; turn < 256; ++turn) {
    // DrawUnit.2  Read k(n) bytes from source; if it is exhausted, fail.
    if (!source(bytes)) return Fail("DrawUnit.2");
    // DrawUnit.3  x = UnitFromBytes(n, these bytes). If it does not fail, return x.
    const auto x = UnitFromBytes(n, bytes);
    if (x) return *x;
  }
  // DrawUnit.4  Fail.
  return Fail("DrawUnit.4");
}

std::expected<ZZ, Failure> ModInverse(const ZZ& a, const ZZ& n) {
  // ModInverse.1  If a is not in [1, n-1], fail.
  if (a < 1 || a >= n) return Fail("ModInverse.1");
  // ModInverse.2  (r0, r1) = (n, a) and (t0, t1) = (0, 1).
  ZZ r0 = n, r1 = a, t0{0}, t1{1};
  // ModInverse.3  While r1 != 0: let q, r be quotient and remainder of r0 by r1; (r0, r1) = (r1, r) and (t0, t1) = (t1, t0 - q*t1).
  for (ZZ q, r; r1 != 0;) {
    DivRem(q, r, r0, r1);
    r0.swap(r1);
    r1.swap(r);
    t0 -= q * t1;
    t0.swap(t1);
  }
  // ModInverse.4  If r0 != 1, fail.
  if (r0 != 1) return Fail("ModInverse.4");
  // ModInverse.5  If t0 < 0, t0 = t0 + n.
  if (t0 < 0) t0 += n;
  // ModInverse.6  Return t0.
  return t0;
}

std::expected<ZZ, Failure> RawPublic(const PublicKey& pk, const ZZ& x) {
  // RawPublic.1  If x is not in [1, n-1], fail.
  if (x < 1 || x >= pk.n) return Fail("RawPublic.1");
  // RawPublic.2  Return x^e mod n.
  return PowerMod(x, pk.e, pk.n);
}

std::expected<ZZ, Failure> RawPrivate(const SecretKey& sk, const ZZ& c, const ByteSource& source) {
  // RawPrivate.1  If c is not in [1, n-1], fail.
  if (c < 1 || c >= sk.n) return Fail("RawPrivate.1");
  // RawPrivate.2  b = DrawUnit(n, source). If it fails, fail.
  const auto b = DrawUnit(sk.n, source);
  if (!b) return Fail("RawPrivate.2");
  // RawPrivate.3  b_inv = ModInverse(b, n), which cannot fail.
  const ZZ b_inv = *ModInverse(*b, sk.n);
  // RawPrivate.4  z = c * b^e mod n.
  const ZZ z = MulMod(c, PowerMod(*b, sk.e, sk.n), sk.n);
  // RawPrivate.5  zp = (z mod p)^dp mod p and zq = (z mod q)^dq mod q.
  const ZZ zp = PowerMod(z % sk.p, sk.dp, sk.p);
  const ZZ zq = PowerMod(z % sk.q, sk.dq, sk.q);
  // RawPrivate.6  h = qinv * (zp - zq) mod p and y = zq + q * h.
  const ZZ h = (sk.qinv * (zp - zq)) % sk.p;
  const ZZ y = zq + sk.q * h;
  // RawPrivate.7  x = y * b_inv mod n.
  const ZZ x = (y * b_inv) % sk.n;
  // RawPrivate.8  If x^e mod n != c, fail.
  if (PowerMod(x, sk.e, sk.n) != c) return Fail("RawPrivate.8");
  // RawPrivate.9  Return x.
  return x;
}

std::expected<ZZ, Failure> DrawBase(const ZZ& w, const ByteSource& source) {
  // DrawBase.1  Do steps 2 and 3 at most 256 times.
  Bytes bytes(static_cast<std::size_t>(NumBytes(w)));
  for (int turn = 0; turn < 256; ++turn) {
    // DrawBase.2  Read k(w) bytes from source; if it is exhausted, fail.
    if (!source(bytes)) return Fail("DrawBase.2");
    // DrawBase.3  b = OS2IP(these bytes) with every bit at and above position bits(w) cleared. If b is in [2, w-2], return b.
    const ZZ b = trunc_ZZ(OS2IP(bytes), NumBits(w));
    if (b >= 2 && b <= w - 2) return b;
  }
  // DrawBase.4  Fail.
  return Fail("DrawBase.4");
}

std::expected<bool, Failure> MillerRabin(const ZZ& w, int rounds, const ByteSource& source) {
  // MillerRabin.1  If w < 5 or w is even, fail.
  if (w < 5 || !IsOdd(w)) return Fail("MillerRabin.1");
  // MillerRabin.2  Do steps 3 and 4 rounds times.
  for (int round = 0; round < rounds; ++round) {
    // MillerRabin.3  b = DrawBase(w, source). If it fails, fail.
    const auto b = DrawBase(w, source);
    if (!b) return Fail("MillerRabin.3");
    // MillerRabin.4  If b is a witness against w, return "composite".
    if (MillerWitness(w, *b)) return false;
  }
  // MillerRabin.5  Return "probably prime".
  return true;
}

std::expected<ZZ, Failure> GeneratePrime(long len, const ZZ& e, const ByteSource& source) {
  // GeneratePrime.1  If len < 16, fail.
  if (len < 16) return Fail("GeneratePrime.1");
  // GeneratePrime.2  Do steps 3 to 7 at most 64 * len times.
  Bytes bytes(static_cast<std::size_t>((len + 7) / 8));
  for (long turn = 0; turn < 64 * len; ++turn) {
    // GeneratePrime.3  Read ceil(len/8) bytes from source; if it is exhausted, fail.
    if (!source(bytes)) return Fail("GeneratePrime.3");
    // GeneratePrime.4  w = OS2IP(these bytes) with every bit at and above position len cleared, and the bits at positions len-1, len-2 and 0 set.
    ZZ w = trunc_ZZ(OS2IP(bytes), len);
    SetBit(w, len - 1);
    SetBit(w, len - 2);
    SetBit(w, 0);
    // GeneratePrime.5  If a prime below 2^11 divides w, next.
    NTL::PrimeSeq primes;
    long prime = primes.next();
    while (prime < 2048 && !divide(w, prime)) prime = primes.next();
    if (prime < 2048) continue;
    // GeneratePrime.6  If gcd(w - 1, e) != 1, next.
    if (GCD(w - 1, e) != 1) continue;
    // GeneratePrime.7  If MillerRabin(w, 64, source) fails, fail; if it is "probably prime", return w.
    const auto is_prime = MillerRabin(w, 64, source);
    if (!is_prime) return Fail("GeneratePrime.7");
    if (*is_prime) return w;
  }
  // GeneratePrime.8  Fail.
  return Fail("GeneratePrime.8");
}

std::expected<SecretKey, Failure> KeyFromPrimes(const ZZ& p, const ZZ& q, const ZZ& e) {
  // KeyFromPrimes.1  If p < 3 or q < 3, fail.
  if (p < 3 || q < 3) return Fail("KeyFromPrimes.1");
  // KeyFromPrimes.2  L = lcm(p-1, q-1) and d = ModInverse(e mod L, L). If it fails, fail.
  const ZZ L = (p - 1) * (q - 1) / GCD(p - 1, q - 1);
  const auto d = ModInverse(e % L, L);
  if (!d) return Fail("KeyFromPrimes.2");
  // KeyFromPrimes.3  dp = d mod (p-1) and dq = d mod (q-1).
  const ZZ dp = *d % (p - 1);
  const ZZ dq = *d % (q - 1);
  // KeyFromPrimes.4  qinv = ModInverse(q mod p, p). If it fails, fail.
  const auto qinv = ModInverse(q % p, p);
  if (!qinv) return Fail("KeyFromPrimes.4");
  // KeyFromPrimes.5  Return sk = (n = p*q, e, d, p, q, dp, dq, qinv).
  return SecretKey{{p * q, e}, *d, p, q, dp, dq, *qinv};
}

std::expected<SecretKey, Failure> GenerateKey(long bits, const ByteSource& source) {
  // GenerateKey.1  If bits is not a multiple of 16 in [512, 4096], fail.
  if (bits % 16 != 0 || bits < 512 || bits > 4096) return Fail("GenerateKey.1");
  // GenerateKey.2  p = GeneratePrime(bits/2, 65537, source). If it fails, fail.
  const ZZ e{65537};
  const auto p = GeneratePrime(bits / 2, e, source);
  if (!p) return Fail("GenerateKey.2");
  // GenerateKey.3  q = GeneratePrime(bits/2, 65537, source). If it fails, fail.
  const auto q = GeneratePrime(bits / 2, e, source);
  if (!q) return Fail("GenerateKey.3");
  // GenerateKey.4  If |p - q| <= 2^(bits/2 - 100), fail.
  if (abs(*p - *q) <= NTL::power2_ZZ(bits / 2 - 100)) return Fail("GenerateKey.4");
  // GenerateKey.5  sk = KeyFromPrimes(p, q, 65537). If it fails, fail.
  const auto sk = KeyFromPrimes(*p, *q, e);
  if (!sk) return Fail("GenerateKey.5");
  // GenerateKey.6  Return sk.
  return *sk;
}

bool ProbablyPrime(const ZZ& w) {
  // ProbablyPrime.1  If w is a prime at most 41, return true; if w < 2 or a prime at most 41 divides w, return false.
  constexpr long kPrimes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41};
  for (const long prime : kPrimes)
    if (w == prime) return true;
  if (w < 2) return false;
  for (const long prime : kPrimes)
    if (divide(w, prime)) return false;
  // ProbablyPrime.2  If a prime at most 41 is a witness against w, return false.
  for (const long prime : kPrimes)
    if (MillerWitness(w, ZZ{prime})) return false;
  // ProbablyPrime.3  Return true.
  return true;
}

std::expected<void, Failure> ValidatePublicKey(const PublicKey& pk) {
  // ValidatePublicKey.1  If n < 1 or bits(n) is not 2048, 3072 or 4096, fail.
  const long bits = NumBits(pk.n);
  if (pk.n < 1 || (bits != 2048 && bits != 3072 && bits != 4096))
    return Fail("ValidatePublicKey.1");
  // ValidatePublicKey.2  If e != 65537, fail.
  if (pk.e != 65537) return Fail("ValidatePublicKey.2");
  // ValidatePublicKey.3  If n is even, fail.
  if (!IsOdd(pk.n)) return Fail("ValidatePublicKey.3");
  // ValidatePublicKey.4  If a prime below 2^16 divides n, fail.
  NTL::PrimeSeq primes;
  for (long prime = primes.next(); prime < 65536; prime = primes.next())
    if (divide(pk.n, prime)) return Fail("ValidatePublicKey.4");
  // ValidatePublicKey.5  If 2 is not a witness against n, fail.
  if (!MillerWitness(pk.n, ZZ{2})) return Fail("ValidatePublicKey.5");
  // ValidatePublicKey.6  If n = x^b for integers x and b >= 2, fail.
  const Bytes n = *I2OSP(pk.n, static_cast<std::size_t>(NumBytes(pk.n)));
  mpz_t gmp_n;  // NTL has no test for perfect powers
  mpz_init(gmp_n);
  mpz_import(gmp_n, n.size(), 1, 1, 0, 0, n.data());
  const bool is_power = mpz_perfect_power_p(gmp_n) != 0;
  mpz_clear(gmp_n);
  if (is_power) return Fail("ValidatePublicKey.6");
  // ValidatePublicKey.7  Return.
  return {};
}

std::expected<void, Failure> ValidateSecretKey(const SecretKey& sk) {
  // ValidateSecretKey.1  If n < 9, p or q is not in [3, n-1], d is not in [1, n-1], dp is not in [1, p-1], dq is not in [1, q-1], qinv is not in [1, p-1] or e < 3, fail.
  if (sk.n < 9 || sk.p < 3 || sk.p >= sk.n || sk.q < 3 || sk.q >= sk.n || sk.d < 1 ||
      sk.d >= sk.n || sk.dp < 1 || sk.dp >= sk.p || sk.dq < 1 || sk.dq >= sk.q || sk.qinv < 1 ||
      sk.qinv >= sk.p || sk.e < 3)
    return Fail("ValidateSecretKey.1");
  // ValidateSecretKey.2  If n != p * q, fail.
  if (sk.n != sk.p * sk.q) return Fail("ValidateSecretKey.2");
  // ValidateSecretKey.3  If ProbablyPrime(p) is false or ProbablyPrime(q) is false, fail.
  if (!ProbablyPrime(sk.p) || !ProbablyPrime(sk.q)) return Fail("ValidateSecretKey.3");
  // ValidateSecretKey.4  If d >= lcm(p-1, q-1), fail.
  const ZZ L = (sk.p - 1) * (sk.q - 1) / GCD(sk.p - 1, sk.q - 1);
  if (sk.d >= L) return Fail("ValidateSecretKey.4");
  // ValidateSecretKey.5  If e * d mod lcm(p-1, q-1) != 1, fail.
  if ((sk.e * sk.d) % L != 1) return Fail("ValidateSecretKey.5");
  // ValidateSecretKey.6  If dp != d mod (p-1) or dq != d mod (q-1), fail.
  if (sk.dp != sk.d % (sk.p - 1) || sk.dq != sk.d % (sk.q - 1)) return Fail("ValidateSecretKey.6");
  // ValidateSecretKey.7  If qinv * q mod p != 1, fail.
  if ((sk.qinv * sk.q) % sk.p != 1) return Fail("ValidateSecretKey.7");
  // ValidateSecretKey.8  Return.
  return {};
}

std::expected<Bytes, Failure> EncodePublicKey(const PublicKey& pk) {
  // EncodePublicKey.1  If n < 2, bits(n) > 4096 or e is not in [1, 2^32 - 1], fail.
  if (pk.n < 2 || NumBits(pk.n) > 4096 || pk.e < 1 || NumBits(pk.e) > 32)
    return Fail("EncodePublicKey.1");
  // EncodePublicKey.2  Return 01 01 || I2OSP(bits(n), 2) || I2OSP(n, k) || I2OSP(e, 4).
  const auto k = static_cast<std::size_t>(NumBytes(pk.n));
  return Join({Bytes{1, 1}, *I2OSP(ZZ{NumBits(pk.n)}, 2), *I2OSP(pk.n, k), *I2OSP(pk.e, 4)});
}

std::expected<PublicKey, Failure> ParsePublicKey(View bytes) {
  // ParsePublicKey.1  If len(bytes) < 4 or bytes[0..2) != 01 01, fail.
  if (bytes.size() < 4 || bytes[0] != 1 || bytes[1] != 1) return Fail("ParsePublicKey.1");
  // ParsePublicKey.2  bits = OS2IP(bytes[2..4)). If bits is not in [2, 4096], fail.
  const ZZ bits = OS2IP(bytes.subspan(2, 2));
  if (bits < 2 || bits > 4096) return Fail("ParsePublicKey.2");
  // ParsePublicKey.3  k = ceil(bits/8). If len(bytes) != 8 + k, fail.
  const auto k = NTL::conv<std::size_t>((bits + 7) / 8);
  if (bytes.size() != 8 + k) return Fail("ParsePublicKey.3");
  // ParsePublicKey.4  n = OS2IP(bytes[4..4+k)). If bits(n) != bits, fail.
  const ZZ n = OS2IP(bytes.subspan(4, k));
  if (NumBits(n) != bits) return Fail("ParsePublicKey.4");
  // ParsePublicKey.5  e = OS2IP(bytes[4+k..8+k)). If e = 0, fail.
  const ZZ e = OS2IP(bytes.subspan(4 + k, 4));
  if (e == 0) return Fail("ParsePublicKey.5");
  // ParsePublicKey.6  Return pk = (n, e).
  return PublicKey{n, e};
}

std::expected<Bytes, Failure> EncodeSecretKey(const SecretKey& sk) {
  // EncodeSecretKey.1  If n < 2, bits(n) > 4096 or e is not in [1, 2^32 - 1], fail.
  if (sk.n < 2 || NumBits(sk.n) > 4096 || sk.e < 1 || NumBits(sk.e) > 32)
    return Fail("EncodeSecretKey.1");
  // EncodeSecretKey.2  If d is not in [0, 256^k - 1] or one of p, q, dp, dq, qinv is not in [0, 256^h - 1], fail.
  const auto k = static_cast<std::size_t>(NumBytes(sk.n));
  const auto h = static_cast<std::size_t>((NumBits(sk.n) + 15) / 16);
  const auto d = I2OSP(sk.d, k);
  const auto p = I2OSP(sk.p, h);
  const auto q = I2OSP(sk.q, h);
  const auto dp = I2OSP(sk.dp, h);
  const auto dq = I2OSP(sk.dq, h);
  const auto qinv = I2OSP(sk.qinv, h);
  if (!d || !p || !q || !dp || !dq || !qinv) return Fail("EncodeSecretKey.2");
  // EncodeSecretKey.3  Return 01 02 || I2OSP(bits(n), 2) || I2OSP(n, k) || I2OSP(e, 4) || I2OSP(d, k) || I2OSP(p, h) || I2OSP(q, h) || I2OSP(dp, h) || I2OSP(dq, h) || I2OSP(qinv, h).
  return Join({Bytes{1, 2}, *I2OSP(ZZ{NumBits(sk.n)}, 2), *I2OSP(sk.n, k), *I2OSP(sk.e, 4), *d, *p,
               *q, *dp, *dq, *qinv});
}

std::expected<SecretKey, Failure> ParseSecretKey(View bytes) {
  // ParseSecretKey.1  If len(bytes) < 4 or bytes[0..2) != 01 02, fail.
  if (bytes.size() < 4 || bytes[0] != 1 || bytes[1] != 2) return Fail("ParseSecretKey.1");
  // ParseSecretKey.2  bits = OS2IP(bytes[2..4)). If bits is not in [2, 4096], fail.
  const ZZ bits = OS2IP(bytes.subspan(2, 2));
  if (bits < 2 || bits > 4096) return Fail("ParseSecretKey.2");
  // ParseSecretKey.3  k = ceil(bits/8) and h = ceil(bits/16). If len(bytes) != 8 + 2*k + 5*h, fail.
  const auto k = NTL::conv<std::size_t>((bits + 7) / 8);
  const auto h = NTL::conv<std::size_t>((bits + 15) / 16);
  if (bytes.size() != 8 + 2 * k + 5 * h) return Fail("ParseSecretKey.3");
  // ParseSecretKey.4  n = OS2IP(bytes[4..4+k)). If bits(n) != bits, fail.
  const ZZ n = OS2IP(bytes.subspan(4, k));
  if (NumBits(n) != bits) return Fail("ParseSecretKey.4");
  // ParseSecretKey.5  e = OS2IP(bytes[4+k..8+k)). If e = 0, fail.
  const ZZ e = OS2IP(bytes.subspan(4 + k, 4));
  if (e == 0) return Fail("ParseSecretKey.5");
  // ParseSecretKey.6  d = OS2IP of the next k bytes; p, q, dp, dq, qinv = OS2IP of the next h bytes each, in this order.
  const ZZ d = OS2IP(bytes.subspan(8 + k, k));
  const View rest = bytes.subspan(8 + 2 * k);
  const ZZ p = OS2IP(rest.subspan(0, h));
  const ZZ q = OS2IP(rest.subspan(h, h));
  const ZZ dp = OS2IP(rest.subspan(2 * h, h));
  const ZZ dq = OS2IP(rest.subspan(3 * h, h));
  const ZZ qinv = OS2IP(rest.subspan(4 * h, h));
  // ParseSecretKey.7  Return sk = (n, e, d, p, q, dp, dq, qinv).
  return SecretKey{{n, e}, d, p, q, dp, dq, qinv};
}

std::expected<Bytes, Failure> KeyId(const PublicKey& pk) {
  // KeyId.1  encoding = EncodePublicKey(pk). If it fails, fail.
  const auto encoding = EncodePublicKey(pk);
  if (!encoding) return Fail("KeyId.1");
  // KeyId.2  Return SHA256(Prefix("blindlend v1 key id") || encoding).
  return SHA256(Join({Prefix(Ascii("blindlend v1 key id")), *encoding}));
}

}  // namespace blindlend
