// Targets: RequestTokens, Accept, CheckMisissue, VerifyToken
//
// One issuance. The member's request comes from a tape; the admin's answer is right but for what the
// input changes in it; the evidence is made of this and of links and requests that may be wrong too.
#include <set>

#include "fuzz/oracle.h"

namespace blindlend {
namespace {

using oracle::Key;
using oracle::Number;

constexpr std::size_t kFrom = 50, kUntil = 200;

Bytes Admin() {
  return oracle::Named("admin");
}

View AdminKey() {
  static const Bytes key = oracle::PublicKeyOf(Admin());
  return key;
}

Bytes LinkOf(const Key& key, bool is_revocation) {
  oracle::LinkParts parts;
  parts.is_revocation = is_revocation;
  parts.key = oracle::EncodedKey(key);
  parts.width = key.n.Size();
  parts.roots = std::vector<Number>(8, Number(1));  // Nobody here asks for the certificate.
  parts.times = {kFrom, kUntil, kFrom, kUntil};
  parts.lenders = {oracle::Named("lender")};
  return oracle::LinkBody(parts);
}

// What RequestTokens is asked, and what it must say.
struct Wish {
  bool is_revocation, is_lender;
  std::size_t count;
  std::uint64_t now;
  oracle::Tape tape;
};

bool DrawsUnit(oracle::Tape& tape, const Number& n) {
  Bytes bytes(n.Size());
  for (int turn = 0; turn < 256; ++turn) {
    if (!tape.Read(bytes)) return false;
    if (oracle::Unit(n, bytes)) return true;
  }
  return false;
}

std::string_view RequestTokensStep(const Key& key, Wish wish) {
  if (wish.is_revocation || wish.now < kFrom || wish.now >= kUntil) return "RequestTokens.1";
  if (!wish.is_lender) return "RequestTokens.2";
  if (wish.count < 1 || wish.count > 1000) return "RequestTokens.3";
  std::set<Bytes> seeds;
  for (std::size_t i = 0; i < wish.count; ++i) {
    Bytes seed(32);
    if (!wish.tape.Read(seed)) return "RequestTokens.4";
    seeds.insert(seed);
  }
  if (seeds.size() < wish.count) return "RequestTokens.5";
  for (std::size_t i = 0; i < wish.count; ++i)
    if (!DrawsUnit(wish.tape, key.n)) return "RequestTokens.5";
  Bytes nonce(16);
  return wish.tape.Read(nonce) ? "" : "RequestTokens.6";
}

Wish MakeWish(Arguments& arguments) {
  const std::uint8_t shape = arguments.Byte();
  const std::uint8_t now = arguments.Byte();
  const View tape = arguments.Take(arguments.Byte());
  // More than any request holds, too: that takes no time, since it is refused.
  const std::size_t count = (shape & 3) == 2 ? 1001 : shape / 16 % 4U;
  return {(shape & 3) == 3, (shape & 12) != 12, count, now, oracle::Tape(tape, (shape & 128) == 0)};
}

std::optional<Requested> Ask(const Key& key, Wish wish) {
  const auto link = ParseLink(LinkOf(key, wish.is_revocation));
  Require(link.has_value(), "the admin's link has its form");
  const Bytes audience = oracle::Named(wish.is_lender ? "lender" : "nobody");
  oracle::Tape tape = wish.tape;
  auto requested = RequestTokens(*link, oracle::Named("member"), audience, wish.count, wish.now,
                                 [&](std::span<std::uint8_t> out) { return tape.Read(out); });
  RequireStep(StepOf(requested), RequestTokensStep(key, wish));
  if (!requested) return std::nullopt;
  Require(requested->seeds.size() == wish.count && requested->state.entries.size() == wish.count,
          "as many tokens as were wished for");
  RequireStep(oracle::VerifyRequestStep(requested->sealed), "");
  for (std::size_t i = 0; i < wish.count; ++i) {
    const Bytes msg =
        Join({Bytes{1, 0x0c}, oracle::Id(key), audience, oracle::PublicKeyOf(requested->seeds[i])});
    Require(requested->state.entries[i].msg == msg, "every message is that of its spend key");
  }
  return *requested;
}

// The batch in an encoded request or response, which has its form.
struct Values {
  Bytes id;
  std::size_t width;
  std::vector<Number> numbers;
};

Values Split(View batch) {
  const View id = batch.subspan(2, 32);
  Values values{Bytes(id.begin(), id.end()), NumberAt(batch, 34, 2), {}};
  for (std::size_t at = 38; at < batch.size(); at += values.width)
    values.numbers.emplace_back(batch.subspan(at, values.width));
  return values;
}

// The right answer, but for what the input changes.
Bytes MakeResponse(const Key& key, View batch, Arguments& arguments) {
  const std::uint8_t shape = arguments.Byte();
  std::size_t width = key.n.Size();
  std::vector<Number> numbers;
  for (const Number& blinded : Split(batch).numbers) {
    Number root = ModExp(blinded, key.d, key.n);
    const std::uint8_t edit = arguments.Byte();
    if (edit % 4 == 1) root = Number(oracle::Flipped(root.ToBytes(width), arguments.Take(width)));
    if (edit % 4 == 2) root = (root + key.n) % (Number(1) << 8 * width);
    if (edit % 4 == 3) root = Number(edit / 4U);
    numbers.push_back(root);
  }
  if ((shape & 1) != 0) std::swap(numbers.front(), numbers.back());
  if ((shape & 6) == 2) numbers.pop_back();
  if ((shape & 6) == 4) numbers.push_back(numbers.front());
  if ((shape & 8) != 0) ++width;
  Bytes id = oracle::Digest(batch);
  if ((shape & 16) != 0) id = oracle::Flipped(id, arguments.Take(32));
  Bytes body = oracle::BatchBody((shape & 32) != 0 ? kRequest : kResponse, id, numbers, width);
  const std::uint8_t signing = arguments.Byte();
  if (signing % 8 == 1) body.pop_back();
  const Bytes seed = signing % 8 == 2 ? oracle::Named("member") : Admin();
  const std::string_view tag = signing % 8 == 3 ? "blindlend v1 link" : "blindlend v1 response";
  Bytes sealed = oracle::Sealed(seed, tag, body);
  if (signing % 8 == 4) sealed[signing / 8U % sealed.size()] ^= 1;
  if (signing % 8 == 5) sealed.resize(signing);
  return sealed;
}

bool IsRoot(const Key& key, const Number& blind_sig, const Number& blinded) {
  return !blind_sig.IsZero() && blind_sig < key.n && ModExp(blind_sig, key.e, key.n) == blinded;
}

std::string_view AcceptStep(const Key& key, View batch, View sealed) {
  if (!oracle::OpenStep(AdminKey(), "blindlend v1 response", sealed).empty()) return "Accept.1";
  const View body = sealed.first(sealed.size() - 64);
  if (!BatchStep(kResponse, body).empty()) return "Accept.2";
  const Values answer = Split(body);
  if (answer.id != oracle::Digest(batch)) return "Accept.3";
  const bool fits =
      answer.width == key.n.Size() && answer.numbers.size() == Split(batch).numbers.size();
  return fits ? "" : "Accept.4";
}

// Property.AcceptEach. Whether the admin has answered with something else than was asked for.
bool CheckAccept(const Key& key, const Requested& requested, View batch, View sealed) {
  const auto sigs = Accept(key.sk, AdminKey(), requested.state, sealed);
  RequireStep(StepOf(sigs), AcceptStep(key, batch, sealed));
  if (!sigs) return StepOf(sigs) == "Accept.4";
  const std::vector<Number> asked = Split(batch).numbers;
  const std::vector<Number> answer = Split(sealed.first(sealed.size() - 64)).numbers;
  Require(sigs->size() == asked.size(), "an answer for each");
  bool is_burnt = false;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& sig = (*sigs)[i];
    Require(sig.has_value() == IsRoot(key, answer[i], asked[i]), "exactly the wrong are burnt");
    is_burnt = is_burnt || !sig;
    if (!sig) continue;
    const Bytes& msg = requested.state.entries[i].msg;
    RequireStep(oracle::VerifyStep(key, msg, *sig), "");
    const View fields = View(msg).subspan(2);
    const auto part = [fields](std::size_t at) {
      const View bytes = fields.subspan(at, 32);
      return Bytes(bytes.begin(), bytes.end());
    };
    const Token token{part(0), part(32), part(64), *sig};
    RequireStep(StepOf(VerifyToken(key.sk, oracle::Named("lender"), token)), "");
  }
  return is_burnt;
}

std::string_view MisissueStep(View link, View request, View response) {
  if (!oracle::OpenStep(AdminKey(), "blindlend v1 link", link).empty()) return "CheckMisissue.1";
  const View body = link.first(link.size() - 64);
  if (!LinkStep(body).empty() || body[1] != 0x0a) return "CheckMisissue.1";
  if (!oracle::VerifyRequestStep(request).empty()) return "CheckMisissue.2";
  if (!oracle::OpenStep(AdminKey(), "blindlend v1 response", response).empty())
    return "CheckMisissue.3";
  const View answer_body = response.first(response.size() - 64);
  if (!BatchStep(kResponse, answer_body).empty()) return "CheckMisissue.3";
  const View rest = body.subspan(39U + body[2]);
  const std::size_t k = (NumberAt(rest, 2, 2) + 7) / 8;
  const Key key{Number(rest.subspan(4, k)), Number(rest.subspan(4 + k, 4)), {}, {}};
  const View batch = request.subspan(50, request.size() - 114);
  const Values asked = Split(batch);
  const Values answer = Split(answer_body);
  if (asked.id != oracle::Id(key) || asked.width != k || answer.id != oracle::Digest(batch))
    return "CheckMisissue.4";
  const bool is_right =
      answer.width == k && std::ranges::equal(answer.numbers, asked.numbers,
                                              [&](const Number& blind_sig, const Number& blinded) {
                                                return IsRoot(key, blind_sig, blinded);
                                              });
  return is_right ? "CheckMisissue.5" : "";
}

// A request that an honest admin would not debit, answered all the same.
struct Dealt {
  Bytes request, response;
};

Dealt MakeOddDealing(const Key& key, View batch, std::uint8_t shape) {
  Values asked = Split(batch);
  if ((shape & 1) != 0) asked.numbers[0] = Number();
  std::vector<Number> roots;
  for (const Number& blinded : asked.numbers) roots.push_back(ModExp(blinded, key.d, key.n));
  const std::size_t k = key.n.Size();
  const Bytes odd =
      oracle::BatchBody(kRequest, asked.id, asked.numbers, (shape & 2) != 0 ? k + 1 : k);
  const Bytes seed = oracle::Named("member");
  const Bytes body = oracle::RequestBody(oracle::PublicKeyOf(seed), Bytes(16), odd);
  return {oracle::Sealed(seed, "blindlend v1 request", body),
          oracle::Sealed(Admin(), "blindlend v1 response",
                         oracle::BatchBody(kResponse, oracle::Digest(odd), roots, k))};
}

// Property.MisissueConvicts, with the right link and request; then with others.
void CheckEvidence(const Key& key, View request, View response, bool is_misissue,
                   Arguments& arguments) {
  const std::uint8_t shape = arguments.Byte();
  const bool is_revocation = shape % 8 == 1;
  const Key& other = oracle::Keys()[1 + arguments.Byte() % 3U];
  Bytes link = oracle::Sealed(shape % 8 == 2 ? oracle::Named("member") : Admin(),
                              shape % 8 == 3 ? "blindlend v1 response" : "blindlend v1 link",
                              LinkOf(shape % 8 == 4 ? other : key, is_revocation));
  if (shape % 8 == 5) link.resize(arguments.Byte());
  Bytes asked(request.begin(), request.end());
  if (shape / 8 % 4 != 0) {
    const View body = request.first(request.size() - 64);
    const Bytes edited = oracle::Flipped(body, arguments.Rest());
    asked = oracle::Sealed(oracle::Named("member"), "blindlend v1 request", edited);
  }
  if (shape / 8 % 4 == 2) asked.back() ^= 1;
  Bytes answer(response.begin(), response.end());
  if (shape / 8 % 4 == 3) {
    const View batch = request.subspan(50, request.size() - 114);
    const Dealt odd = MakeOddDealing(key, batch, shape / 32);
    asked = odd.request;
    answer = odd.response;
  }
  const auto verdict = CheckMisissue(AdminKey(), link, asked, answer);
  RequireStep(StepOf(verdict), MisissueStep(link, asked, answer));
  if (shape == 0) Require(verdict.has_value() == is_misissue, "the evidence is what was answered");
}

void Check(View input) {
  Arguments arguments(input);
  const Key& key = oracle::Keys()[1 + arguments.Byte() % 4U];
  const auto requested = Ask(key, MakeWish(arguments));
  if (!requested) return;
  const View request = requested->sealed;
  const View batch = request.subspan(50, request.size() - 114);
  const Bytes response = MakeResponse(key, batch, arguments);
  const bool is_misissue = CheckAccept(key, *requested, batch, response);
  CheckEvidence(key, request, response, is_misissue, arguments);
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
