// Targets: Verify, FDH, MGF1, KeyId, UnitFromBytes
//
// Input: key, mode, length of msg, msg, and what the signature is made of. The modes other than "as it
// is" bring mutation near to signatures that are valid.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

// The one signature of msg: h^d. Nothing where the key's d is not known or msg has no hash.
std::optional<Number> TrueSignature(const oracle::Key& key, View msg) {
  if (key.d.IsZero()) return std::nullopt;
  const auto h = oracle::Hash(key, msg);
  if (!h) return std::nullopt;
  return ModExp(*h, key.d, key.n);
}

enum class Mode { kAsItIs, kFitted, kEdited, kShifted };

Bytes MakeSignature(const oracle::Key& key, View msg, Mode mode, Arguments& arguments) {
  const std::size_t k = key.n.Size();
  const std::size_t shifts = mode == Mode::kShifted ? arguments.Byte() % 4U : 0U;
  const View rest = arguments.Rest();
  if (mode == Mode::kAsItIs) return Bytes(rest.begin(), rest.end());
  const auto s = mode == Mode::kFitted ? std::nullopt : TrueSignature(key, msg);
  if (mode == Mode::kShifted && s) {
    // s + n, s + 2n, s + 3n: the same residue, another string.
    const Number shifted = *s + Number(shifts) * key.n;
    return shifted.ToBytes(std::max(k, shifted.Size()));
  }
  Bytes sig = s ? s->ToBytes(k) : Bytes(k);
  for (std::size_t i = 0; i < std::min(k, rest.size()); ++i)
    sig[i] = static_cast<std::uint8_t>(sig[i] ^ rest[i]);
  return sig;
}

void Check(View input) {
  Arguments arguments(input);
  const auto key = oracle::ChooseKey(arguments);
  if (!key) return;
  const auto mode = static_cast<Mode>(arguments.Byte() % 4);
  const View msg = arguments.Take(arguments.Byte());
  const Bytes sig = MakeSignature(*key, msg, mode, arguments);
  const auto verified = Verify(key->sk, msg, sig);
  RequireStep(StepOf(verified), oracle::VerifyStep(*key, msg, sig));
  if (!verified || key->d.IsZero()) return;
  const auto s = TrueSignature(*key, msg);
  Require(s && Equal(s->ToBytes(key->n.Size()), sig), "only the true signature passes");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
