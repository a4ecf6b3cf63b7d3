// Targets: ValidateSecretKey, ValidatePublicKey, ProbablyPrime, RawPrivate
//
// Any secret key that parses: what the validators say of it, and that what they let pass can be
// computed with. Nothing here may reach NTL's aborts.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

// The parts of an encoded secret key; 2-rsa, EncodeSecretKey.
struct Parts {
  Number n, e, d, p, q, dp, dq, qinv;
};

Parts Split(View bytes) {
  const std::size_t bits = NumberAt(bytes, 2, 2);
  const std::size_t k = (bits + 7) / 8;
  const std::size_t h = (bits + 15) / 16;
  Arguments fields(bytes.subspan(4));
  // The parts of a braced list are read from left to right.
  return Parts{Number(fields.Take(k)), Number(fields.Take(4)), Number(fields.Take(k)),
               Number(fields.Take(h)), Number(fields.Take(h)), Number(fields.Take(h)),
               Number(fields.Take(h)), Number(fields.Take(h))};
}

// 2-rsa, ValidateSecretKey, by OpenSSL's arithmetic.
std::string_view ExpectedStep(const Parts& sk) {
  const Number one(1);
  const Number three(3);
  const auto within = [](const Number& x, const Number& low, const Number& end) {
    return x >= low && x < end;
  };
  if (sk.n < Number(9) || !within(sk.p, three, sk.n) || !within(sk.q, three, sk.n) ||
      !within(sk.d, one, sk.n) || !within(sk.dp, one, sk.p) || !within(sk.dq, one, sk.q) ||
      !within(sk.qinv, one, sk.p) || sk.e < three)
    return "ValidateSecretKey.1";
  if (sk.n != sk.p * sk.q) return "ValidateSecretKey.2";
  if (!oracle::LooksPrime(sk.p) || !oracle::LooksPrime(sk.q)) return "ValidateSecretKey.3";
  const Number p1 = sk.p - one;
  const Number q1 = sk.q - one;
  const Number lcm = p1 * q1 / Gcd(p1, q1);
  if (sk.d >= lcm) return "ValidateSecretKey.4";
  if (sk.e * sk.d % lcm != one) return "ValidateSecretKey.5";
  if (sk.dp != sk.d % p1 || sk.dq != sk.d % q1) return "ValidateSecretKey.6";
  if (sk.qinv * sk.q % sk.p != one) return "ValidateSecretKey.7";
  return "";
}

void Check(View bytes) {
  const auto sk = ParseSecretKey(bytes);
  if (!sk) return;
  const Parts parts = Split(bytes);
  RequireStep(StepOf(ValidatePublicKey(*sk)), oracle::ValidateStep(parts.n, parts.e));
  const auto valid = ValidateSecretKey(*sk);
  RequireStep(StepOf(valid), ExpectedStep(parts));
  if (!valid) return;
  oracle::Tape tape(bytes, true);
  const auto x =
      RawPrivate(*sk, ZZ{2}, [&](std::span<std::uint8_t> out) { return tape.Read(out); });
  Require(x.has_value(), "a valid key computes");
  const auto back = RawPublic(*sk, *x);
  Require(back && *back == 2, "RawPublic(RawPrivate(c)) = c");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
