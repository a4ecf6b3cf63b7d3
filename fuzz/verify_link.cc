// Targets: VerifyLink, ValidatePublicKey, VerifyKeyProof, ParseLink, Open
//
// Property.LinkChecked: a link with any of its parts changed and signed again is refused where it must
// be. Input: which key and which times, then edits of the encoded body, then how it is signed.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Number;

// The only key here that may be relied on. Its certificate is made once: eight roots take long.
const oracle::Key& GoodKey() {
  return oracle::Keys().back();
}

oracle::Key MakeKey(Arguments& arguments) {
  const std::uint8_t choice = arguments.Byte();
  if (choice % 4 != 3) return choice % 4 == 2 ? oracle::Keys()[4] : GoodKey();
  oracle::Key key = GoodKey();
  key.n = Number(oracle::Flipped(key.n.ToBytes(), arguments.Take(arguments.Byte())));
  key.e = Number(oracle::Flipped(key.e.ToBytes(4), arguments.Take(choice / 64U)));
  return key;
}

std::vector<Number> MakeRoots(const oracle::Key& key, Arguments& arguments) {
  static const std::vector<Number> good = oracle::Certificate(GoodKey(), oracle::AsView("readers"));
  const std::uint8_t choice = arguments.Byte();
  std::vector<Number> roots;
  for (const Number& root : good) roots.push_back(root % (Number(1) << 8 * key.n.Size()));
  if (choice % 4 == 1) std::swap(roots[0], roots[choice / 4 % 8U]);
  if (choice % 4 == 2) roots[choice / 4 % 8U] = Number();
  if (choice % 4 == 3) {
    const Bytes bytes = roots[choice / 4 % 8U].ToBytes(key.n.Size());
    roots[choice / 4 % 8U] = Number(oracle::Flipped(bytes, arguments.Take(arguments.Byte())));
  }
  return roots;
}

oracle::LinkParts MakeParts(Arguments& arguments) {
  const std::uint8_t choice = arguments.Byte();
  oracle::LinkParts parts;
  parts.is_revocation = choice % 8 == 7;
  if (choice % 8 == 6) parts.group = "writers";
  parts.number = 1 + choice / 8U;
  if (parts.number > 1) parts.predecessor = oracle::Named("predecessor");
  const oracle::Key key = MakeKey(arguments);
  parts.key = oracle::EncodedKey(key);
  parts.width = key.n.Size();
  parts.roots = MakeRoots(key, arguments);
  for (std::size_t& time : parts.times) time = arguments.Byte();
  parts.lenders = {oracle::Named("lender")};
  return parts;
}

Bytes MakeSealed(Arguments& arguments) {
  Bytes body = oracle::LinkBody(MakeParts(arguments));
  for (std::uint8_t edits = arguments.Byte() % 8; edits > 0; --edits) {
    const std::size_t high = arguments.Byte();
    const std::size_t at = (high * 256 + arguments.Byte()) % body.size();
    body[at] = static_cast<std::uint8_t>(body[at] ^ arguments.Byte());
  }
  const std::uint8_t signing = arguments.Byte();
  if (signing % 8 == 1) body.resize(body.size() - arguments.Byte() % body.size());
  if (signing % 8 == 2) body.push_back(arguments.Byte());
  const Bytes seed = oracle::Named(signing % 8 == 3 ? "member" : "admin");
  Bytes sealed =
      oracle::Sealed(seed, signing % 8 == 4 ? "blindlend v1 response" : "blindlend v1 link", body);
  if (signing % 8 == 5) sealed[arguments.Byte() % sealed.size()] ^= 1;
  if (signing % 8 == 6) sealed.resize(arguments.Byte() % 128U);
  return sealed;
}

std::string_view ExpectedStep(View admin, View sealed) {
  if (!oracle::OpenStep(admin, "blindlend v1 link", sealed).empty()) return "VerifyLink.1";
  const View body = sealed.first(sealed.size() - 64);
  if (!LinkStep(body).empty()) return "VerifyLink.2";
  if (body[1] == 0x0b) return "";
  const std::size_t g = body[2];
  const View group = body.subspan(3, g), rest = body.subspan(39 + g);
  const std::size_t k = (NumberAt(rest, 2, 2) + 7) / 8;
  std::array<std::size_t, 4> times;
  for (std::size_t i = 0; i < 4; ++i) times[i] = NumberAt(rest, 8 + 9 * k + 8 * i, 8);
  const auto [issue_from, issue_until, spend_from, spend_until] = times;
  const bool in_order = issue_from < issue_until && spend_from < spend_until &&
                        issue_from <= spend_from && issue_until <= spend_until;
  if (!in_order) return "VerifyLink.4";
  const oracle::Key key{Number(rest.subspan(4, k)), Number(rest.subspan(4 + k, 4)), {}, {}};
  // The oracle is far slower than the policy itself: what it says of the good key is known.
  const bool is_good = key.n == GoodKey().n && key.e == GoodKey().e;
  if (!is_good && !oracle::ValidateStep(key.n, key.e).empty()) return "VerifyLink.5";
  std::vector<Number> roots;
  for (std::size_t i = 1; i <= 8; ++i) roots.emplace_back(rest.subspan(8 + i * k, k));
  return oracle::KeyProofStep(key, group, roots).empty() ? "" : "VerifyLink.6";
}

void Check(View input) {
  static const Bytes admin = oracle::PublicKeyOf(oracle::Named("admin"));
  Arguments arguments(input);
  const Bytes sealed = MakeSealed(arguments);
  const auto link = VerifyLink(admin, sealed);
  RequireStep(StepOf(link), ExpectedStep(admin, sealed));
  if (!link) return;
  const auto body = EncodeLink(*link);
  Require(body && Equal(*body, View(sealed).first(sealed.size() - 64)),
          "the link is what was signed");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
