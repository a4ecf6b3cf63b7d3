// Targets: ModInverse, RawPublic, RawPrivate, DrawUnit, UnitFromBytes, I2OSP, OS2IP
//
// Differential, against OpenSSL's BIGNUM. Input: which operation, then its numbers of 1 to 512 bytes.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Key;
using oracle::Number;

// A number as ref/ reads it and as OpenSSL does.
struct Both {
  ZZ zz;
  Number number;
};

// A number of 1 to 512 bytes, its length in front in two. 0 beyond the end of the input.
Both TakeNumber(Arguments& arguments) {
  const std::size_t high = arguments.Byte();
  const std::size_t size = 1 + (high * 256 + arguments.Byte()) % 512;
  const View bytes = arguments.Take(size);
  return {OS2IP(bytes), Number(bytes)};
}

// Most numbers are out of range: half of the inputs ask for them to be brought into it.
Both Reduced(const Both& x, const Number& n) {
  const Number rest = x.number % n;
  return {OS2IP(rest.ToBytes()), rest};
}

void RequireSame(const ZZ& ours, const Number& theirs) {
  const auto bytes = I2OSP(ours, theirs.Size());
  Require(bytes && *bytes == theirs.ToBytes(), "NTL and OpenSSL give the same number");
  if (theirs.IsZero()) return;
  RequireStep(StepOf(I2OSP(ours, theirs.Size() - 1)), "I2OSP.1");
  RequireStep(StepOf(I2OSP(-ours, theirs.Size())), "I2OSP.1");
}

bool InRange(const Number& x, const Number& n) {
  return !x.IsZero() && x < n;
}

void CheckInverse(bool reduce, bool negative, Arguments& arguments) {
  const Both n = TakeNumber(arguments);
  Both a = TakeNumber(arguments);
  if (reduce && !n.number.IsZero()) a = Reduced(a, n.number);
  const auto inverse = ModInverse(negative ? -a.zz : a.zz, n.zz);
  if (n.number < Number(2) || !InRange(a.number, n.number) || negative) {
    RequireStep(StepOf(inverse), "ModInverse.1");
    return;
  }
  const auto expected = ModInverse(a.number, n.number);
  RequireStep(StepOf(inverse), expected ? "" : "ModInverse.4");
  if (expected) RequireSame(*inverse, *expected);
}

void CheckPublic(bool reduce, bool negative, Arguments& arguments) {
  const Both n = TakeNumber(arguments);
  const View exponent = arguments.Take(4);
  const Number e = Number(exponent).IsZero() ? Number(1) : Number(exponent);
  Both x = TakeNumber(arguments);
  if (reduce && !n.number.IsZero()) x = Reduced(x, n.number);
  const auto y = RawPublic(PublicKey{n.zz, e.ToZZ()}, negative ? -x.zz : x.zz);
  const bool is_refused = negative || !InRange(x.number, n.number);
  RequireStep(StepOf(y), is_refused ? "RawPublic.1" : "");
  if (y) RequireSame(*y, ModExp(x.number, e, n.number));
}

// Whether DrawUnit finds a unit on this tape.
bool FindsUnit(oracle::Tape tape, const Number& n) {
  Bytes bytes(n.Size());
  for (int turn = 0; turn < 256 && tape.Read(bytes); ++turn)
    if (oracle::Unit(n, bytes)) return true;
  return false;
}

const Key& TakeKnownKey(Arguments& arguments) {
  return oracle::Keys()[arguments.Byte() % oracle::Keys().size()];
}

void CheckPrivate(bool reduce, bool endless, Arguments& arguments) {
  const Key& key = TakeKnownKey(arguments);
  const View bytes = arguments.Take(key.n.Size());
  Both c{OS2IP(bytes), Number(bytes)};
  if (reduce) c = Reduced(c, key.n);
  const oracle::Tape tape(arguments.Rest(), endless);
  oracle::Tape read = tape;
  const auto x =
      RawPrivate(key.sk, c.zz, [&](std::span<std::uint8_t> out) { return read.Read(out); });
  if (!InRange(c.number, key.n)) {
    RequireStep(StepOf(x), "RawPrivate.1");
    return;
  }
  RequireStep(StepOf(x), FindsUnit(tape, key.n) ? "" : "RawPrivate.2");
  if (x) RequireSame(*x, ModExp(c.number, key.d, key.n));
}

// Property.FaultCaught: with a part of the key damaged, the right answer or none.
void CheckFault(Arguments& arguments) {
  const Key& key = TakeKnownKey(arguments);
  SecretKey sk = key.sk;
  const std::uint8_t choice = arguments.Byte();
  const std::array<ZZ*, 5> parts = {&sk.p, &sk.q, &sk.dp, &sk.dq, &sk.qinv};
  ZZ& part = *parts[choice % parts.size()];
  part ^= OS2IP(arguments.Take(static_cast<std::size_t>(NumBytes(part))));
  if (sk.p < 2 || sk.q < 2) return;  // no arithmetic modulo those; ValidateSecretKey refuses them
  const Number c = Number(arguments.Take(key.n.Size())) % key.n;
  if (c.IsZero()) return;
  const oracle::Tape tape(arguments.Rest(), true);
  oracle::Tape read = tape;
  const auto x =
      RawPrivate(sk, c.ToZZ(), [&](std::span<std::uint8_t> out) { return read.Read(out); });
  if (x)
    RequireSame(*x, ModExp(c, key.d, key.n));
  else
    RequireStep(StepOf(x), FindsUnit(tape, key.n) ? "RawPrivate.8" : "RawPrivate.2");
}

void Check(View input) {
  Arguments arguments(input);
  const std::uint8_t choice = arguments.Byte();
  const bool reduce = (choice & 64) != 0;
  const bool flag = (choice & 128) != 0;
  switch (choice % 4) {
    case 0:
      return CheckInverse(reduce, flag, arguments);
    case 1:
      return CheckPublic(reduce, flag, arguments);
    case 2:
      return CheckPrivate(reduce, flag, arguments);
    default:
      return CheckFault(arguments);
  }
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
