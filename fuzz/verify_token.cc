// Targets: VerifyToken, EncodeToken, MintToken
//
// Input: key, mode, what is asked besides, and what the token's fields are flipped with.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

// The token that the admin has signed, by the oracle alone; without a signature if there is no d.
Token Honest(const oracle::Key& key, View seed) {
  Token token{oracle::Id(key), oracle::Named("lender"), oracle::PublicKeyOf(seed), {}};
  const Bytes msg = Join({Bytes{1, 0x0c}, token.key_id, token.audience, token.spend_key});
  const ByteSource source = [seed](std::span<std::uint8_t> out) {
    if (out.size() != seed.size()) return false;
    std::ranges::copy(seed, out.begin());
    return true;
  };
  const auto minted = MintToken(token.key_id, token.audience, source);
  Require(minted && Equal(minted->msg, msg) && Equal(minted->seed, seed),
          "MintToken makes the message of the layout");
  const ByteSource exhausted = [](std::span<std::uint8_t>) { return false; };
  RequireStep(StepOf(MintToken(token.key_id, token.audience, exhausted)), "MintToken.1");
  const auto h = oracle::Hash(key, msg);
  const std::size_t k = key.n.Size();
  token.sig = key.d.IsZero() || !h ? Bytes(k) : ModExp(*h, key.d, key.n).ToBytes(k);
  return token;
}

std::string_view ExpectedStep(const oracle::Key& key, View audience, const Token& token) {
  for (const Bytes* field : {&token.key_id, &token.audience, &token.spend_key})
    if (field->size() != 32) return "VerifyToken.1";
  if (token.sig.empty() || token.sig.size() > 512) return "VerifyToken.1";
  if (key.n.Bits() > 4096 || !Equal(token.key_id, oracle::Id(key))) return "VerifyToken.2";
  if (!Equal(token.audience, audience)) return "VerifyToken.3";
  const Bytes msg = Join({Bytes{1, 0x0c}, token.key_id, token.audience, token.spend_key});
  return oracle::VerifyStep(key, msg, token.sig).empty() ? "" : "VerifyToken.4";
}

void Check(View input) {
  Arguments arguments(input);
  const auto key = oracle::ChooseKey(arguments);
  if (!key) return;
  const std::uint8_t mode = arguments.Byte();
  const Bytes seed = oracle::Flipped(oracle::Named("token"), arguments.Take(mode / 8U % 4U));
  const Token honest = Honest(*key, seed);
  Token token = honest;
  Bytes audience = token.audience;
  const std::array<Bytes*, 4> fields = {&token.key_id, &token.audience, &token.spend_key,
                                        &token.sig};
  Bytes& field = *fields[mode % 4];
  if ((mode & 4) == 0) {
    field = oracle::Flipped(field, arguments.Take(field.size()));
  } else {
    const std::size_t high = arguments.Byte();
    field.resize((high * 256 + arguments.Byte()) % 1024);
  }
  if ((mode & 32) != 0) audience = oracle::Flipped(audience, arguments.Take(32));
  if ((mode & 64) != 0) audience = token.audience;
  if ((mode & 128) != 0) {
    // The same residue, another string.
    const Number shifted = Number(honest.sig) + key->n;
    token.sig = shifted.ToBytes(std::max(key->n.Size(), shifted.Size()));
  }
  const auto verified = VerifyToken(key->sk, audience, token);
  RequireStep(StepOf(verified), ExpectedStep(*key, audience, token));
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
