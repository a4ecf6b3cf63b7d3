// Targets: Finalize, Verify
//
// Input: key, length of msg, msg, mode, and what blind_sig and r_inv are made of: as they are, reduced
// mod n, from an honest run with a given r, or that run edited.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

// Unsigned numbers with their signs apart: OpenSSL's part of the harness has no use for negative ones.
struct Values {
  Number blind_sig, r_inv;
  bool is_blind_sig_negative = false;
  bool is_r_inv_negative = false;
};

enum class Mode { kAsTheyAre, kReduced, kHonest, kEdited };

// What an honest signer answers to h * r^e, and r's inverse, for the unit r that bytes make.
std::optional<Values> HonestRun(const oracle::Key& key, View msg, View bytes) {
  Bytes padded(bytes.begin(), bytes.end());
  padded.resize(key.n.Size());
  const auto r = oracle::Unit(key.n, padded);
  const auto h = oracle::Hash(key, msg);
  if (!r || !h || key.d.IsZero()) return std::nullopt;
  return Values{ModExp(*h, key.d, key.n) * *r % key.n, *ModInverse(*r, key.n)};
}

// value with the bytes of mask flipped in its first k bytes, then shifts times n.
Number Edited(const Number& value, View mask, unsigned long shifts, const oracle::Key& key) {
  Bytes bytes = value.ToBytes(key.n.Size());
  for (std::size_t i = 0; i < std::min(bytes.size(), mask.size()); ++i)
    bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ mask[i]);
  return Number(bytes) + Number(shifts) * key.n;
}

Values MakeValues(const oracle::Key& key, View msg, Arguments& arguments) {
  const std::uint8_t choice = arguments.Byte();
  const auto mode = static_cast<Mode>(choice % 4);
  const std::size_t k = key.n.Size();
  if (mode == Mode::kHonest || mode == Mode::kEdited) {
    auto honest = HonestRun(key, msg, arguments.Take(k));
    if (honest && mode == Mode::kEdited) {
      honest->blind_sig = Edited(honest->blind_sig, arguments.Take(k), choice / 4 % 4U, key);
      honest->r_inv = Edited(honest->r_inv, arguments.Take(k), choice / 16 % 4U, key);
      honest->is_blind_sig_negative = (choice & 64) != 0;
      honest->is_r_inv_negative = (choice & 128) != 0;
    }
    if (honest) return *honest;
  }
  Values values{Number(arguments.Take(k)), Number(arguments.Take(k)), (choice & 64) != 0,
                (choice & 128) != 0};
  if (mode == Mode::kReduced) {
    values.blind_sig = values.blind_sig % key.n;
    values.r_inv = values.r_inv % key.n;
  }
  return values;
}

std::string_view ExpectedStep(const oracle::Key& key, View msg, const Values& values) {
  const auto in_range = [&](const Number& x, bool is_negative) {
    return !is_negative && !x.IsZero() && x < key.n;
  };
  if (!in_range(values.blind_sig, values.is_blind_sig_negative)) return "Finalize.1";
  if (!in_range(values.r_inv, values.is_r_inv_negative)) return "Finalize.2";
  const Bytes sig = (values.blind_sig * values.r_inv % key.n).ToBytes(key.n.Size());
  return oracle::VerifyStep(key, msg, sig).empty() ? "" : "Finalize.4";
}

void Check(View input) {
  Arguments arguments(input);
  const auto key = oracle::ChooseKey(arguments);
  if (!key) return;
  const View msg = arguments.Take(arguments.Byte());
  const Values values = MakeValues(*key, msg, arguments);
  const ZZ blind_sig =
      values.is_blind_sig_negative ? -values.blind_sig.ToZZ() : values.blind_sig.ToZZ();
  const ZZ r_inv = values.is_r_inv_negative ? -values.r_inv.ToZZ() : values.r_inv.ToZZ();
  const auto sig = Finalize(key->sk, msg, blind_sig, r_inv);
  RequireStep(StepOf(sig), ExpectedStep(*key, msg, values));
  if (!sig) return;
  Require(Verify(key->sk, msg, *sig).has_value(), "what Finalize releases passes Verify");
  Require(oracle::VerifyStep(*key, msg, *sig).empty(), "and passes it by OpenSSL's arithmetic");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
