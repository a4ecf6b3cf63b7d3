// Targets: VerifyKeyProof, ProveKey
//
// Input: key, group, count of roots, and for each how it is made: the honest root with some bytes
// flipped or n added, or a number as it is.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

enum class Mode { kHonest, kEdited, kShifted, kAsItIs };

std::vector<Number> HonestRoots(const oracle::Key& key, View group, View tape) {
  if (key.d.IsZero()) return std::vector<Number>(8, Number(1));
  const std::vector<Number> roots = oracle::Certificate(key, group);
  oracle::Tape bytes(tape, true);
  const auto proved =
      ProveKey(key.sk, group, [&](std::span<std::uint8_t> out) { return bytes.Read(out); });
  Require(proved && proved->size() == 8, "the certificate of a valid key can be made");
  for (std::size_t i = 0; i < 8; ++i)
    Require(IsNumber((*proved)[i], roots[i].ToBytes(key.n.Size())), "ProveKey gives the roots");
  return roots;
}

Number MakeRoot(const Number& honest, const oracle::Key& key, Arguments& arguments) {
  const std::uint8_t choice = arguments.Byte();
  switch (static_cast<Mode>(choice % 4)) {
    case Mode::kHonest:
      return honest;
    case Mode::kEdited:
      return Number(
          oracle::Flipped(honest.ToBytes(key.n.Size()), arguments.Take(choice / 4 % 32U)));
    case Mode::kShifted:
      return honest + Number(choice / 4 % 4U) * key.n;
    default:
      return Number(arguments.Take(choice / 4 % 64U));
  }
}

void Check(View input) {
  Arguments arguments(input);
  // All but the largest: that one is verify_link's.
  const std::size_t choice = arguments.Byte() % oracle::Keys().size();
  const auto key =
      choice + 1 < oracle::Keys().size() ? oracle::Keys()[choice] : oracle::TakeKey(arguments);
  if (!key) return;
  const View group = arguments.Take(arguments.Byte() % 65U);
  const std::uint8_t flags = arguments.Byte();
  const std::vector<Number> honest = HonestRoots(*key, group, input);
  std::vector<Number> roots;
  const std::size_t count = (flags & 1) == 0 ? 8 : flags / 16U;
  for (std::size_t i = 0; i < count; ++i) roots.push_back(MakeRoot(honest[i % 8], *key, arguments));
  if ((flags & 2) != 0 && count >= 2) std::swap(roots[flags / 16U % count], roots[0]);
  const bool negative = (flags & 4) != 0 && count > 0;
  std::vector<ZZ> theirs;
  for (const Number& root : roots) theirs.push_back(root.ToZZ());
  if (negative) theirs[0] = -theirs[0];
  // A negative root is as far out of range as 0 is.
  if (negative) roots[0] = Number();
  const auto verified = VerifyKeyProof(key->sk, group, theirs);
  RequireStep(StepOf(verified), oracle::KeyProofStep(*key, group, roots));
  if (!verified || key->d.IsZero()) return;
  Require(roots == honest, "where x -> x^e is a permutation, there is one certificate");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
