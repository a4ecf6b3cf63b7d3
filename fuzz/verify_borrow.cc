// Targets: VerifyBorrow, MakeBorrow, RequestDigest
//
// Input: the token's key, the links of the chain, the clock, who is asked and who was meant, what is
// changed, and with what; then the request. Small keys: nothing here depends on their size.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

// Epoch i has key kKeys[i], the spend window [100 + 20 * i, 150 + 20 * i) and the lenders i and i + 1.
constexpr std::array<std::size_t, 3> kKeys = {1, 3, 4};
constexpr std::size_t kUnknownKey = 2;

const oracle::Key& KeyOf(std::size_t epoch) {
  return oracle::Keys()[epoch < kKeys.size() ? kKeys[epoch] : kUnknownKey];
}

Bytes LenderOf(std::size_t number) {
  constexpr std::array<std::string_view, 4> names = {"lender", "library", "archive", "nobody"};
  return oracle::Named(names[number % names.size()]);
}

std::vector<Bytes> LendersOf(std::size_t epoch) {
  std::vector<Bytes> lenders = {LenderOf(epoch), LenderOf(epoch + 1)};
  std::ranges::sort(lenders);
  return lenders;
}

std::uint64_t SpendFrom(std::size_t epoch) {
  return 100 + 20 * std::uint64_t{epoch};
}

// The epochs of the chain, and where there are revocations.
struct Chain {
  std::vector<std::size_t> epochs;
  bool revoked_first, revoked_last;

  std::vector<Link> Links() const {
    std::vector<Link> links;
    const Link revocation{Ascii("readers"), 9, Bytes(32, 1), std::nullopt};
    if (revoked_first) links.push_back(revocation);
    for (const std::size_t i : epochs)
      links.push_back({Ascii("readers"), static_cast<std::uint32_t>(i) + 1, Bytes(32),
                       Epoch{KeyOf(i).sk, std::vector<ZZ>(8, ZZ{1}), 0, SpendFrom(i), SpendFrom(i),
                             SpendFrom(i) + 50, 1, LendersOf(i)}});
    if (revoked_last) links.push_back(revocation);
    return links;
  }
};

// 9-redemption, VerifyBorrow, read a second time.
std::string_view ExpectedStep(const Chain& chain, const Bytes& lender, std::uint64_t now,
                              View request, View sealed) {
  if (sealed.size() < 64) return "VerifyBorrow.1";
  const View body = sealed.first(sealed.size() - 64);
  if (!BorrowStep(body).empty()) return "VerifyBorrow.1";
  const View token = body.subspan(34);
  const View msg = token.first(98);
  if (!Equal(body.subspan(2, 32), oracle::BorrowDigest(oracle::Digest(msg), request)))
    return "VerifyBorrow.2";
  if (chain.revoked_last || chain.epochs.empty()) return "VerifyBorrow.3";
  const auto epoch = std::ranges::find_if(chain.epochs, [&](std::size_t each) {
    return Equal(oracle::Id(KeyOf(each)), msg.subspan(2, 32));
  });
  if (epoch == chain.epochs.end()) return "VerifyBorrow.4";
  if (now < SpendFrom(*epoch) || now - SpendFrom(*epoch) >= 50) return "VerifyBorrow.5";
  if (lender != LenderOf(*epoch) && lender != LenderOf(*epoch + 1)) return "VerifyBorrow.6";
  if (!oracle::OpenStep(msg.subspan(66, 32), "blindlend v1 borrow", sealed).empty())
    return "VerifyBorrow.7";
  const bool is_meant = Equal(msg.subspan(34, 32), lender);
  const bool is_signed = oracle::VerifyStep(KeyOf(*epoch), msg, token.subspan(100)).empty();
  return is_meant && is_signed ? "" : "VerifyBorrow.8";
}

// The token that the admin has signed, by the oracle alone.
Token Honest(const oracle::Key& key, const Bytes& audience, View seed) {
  Token token{oracle::Id(key), audience, oracle::PublicKeyOf(seed), {}};
  const Bytes msg = Join({Bytes{1, 0x0c}, token.key_id, token.audience, token.spend_key});
  token.sig = ModExp(*oracle::Hash(key, msg), key.d, key.n).ToBytes(key.n.Size());
  return token;
}

Bytes Body(View digest, const Token& token) {
  const std::size_t width = token.sig.size();
  return Join(
      {Bytes{1, 0x0e}, digest, Bytes{1, 0x0c}, token.key_id, token.audience, token.spend_key,
       Bytes{static_cast<std::uint8_t>(width >> 8), static_cast<std::uint8_t>(width)}, token.sig});
}

Bytes DigestOf(const Token& token, View request) {
  const Bytes id =
      oracle::Digest(Join({Bytes{1, 0x0c}, token.key_id, token.audience, token.spend_key}));
  const Bytes digest = oracle::BorrowDigest(id, request);
  Require(RequestDigest(id, request) == digest, "RequestDigest is the hash of the layout");
  return digest;
}

// What the lender gets: the honest member's borrow, or one of many kinds that are not.
Bytes MakeSealed(Token token, View seed, View request, std::uint8_t mode, Arguments& arguments) {
  constexpr std::string_view tag = "blindlend v1 borrow";
  const Bytes body = Body(DigestOf(token, request), token);
  const Bytes honest = oracle::Sealed(seed, tag, body);
  const auto made = MakeBorrow(token, seed, request);
  Require(made && *made == honest, "MakeBorrow seals the layout");
  const Bytes other = oracle::Named("another token");
  RequireStep(StepOf(MakeBorrow(token, other, request)), "MakeBorrow.1");
  switch (mode % 8) {
    case 0:
      return honest;
    case 1:
      return oracle::Flipped(honest, arguments.Rest());
    case 2: {
      Bytes resized = honest;
      resized.resize((arguments.Byte() * 256U + arguments.Byte()) % 512U);
      return resized;
    }
    case 3:
      return oracle::Sealed(seed, tag, oracle::Flipped(body, arguments.Rest()));
    case 4: {
      // Another token, whose owner seals it as is right.
      const std::array<Bytes*, 4> fields = {&token.key_id, &token.audience, &token.spend_key,
                                            &token.sig};
      Bytes& field = *fields[mode / 8U % 4U];
      field = oracle::Flipped(field, arguments.Rest());
      return oracle::Sealed(seed, tag, Body(DigestOf(token, request), token));
    }
    case 5:
      return oracle::Sealed(other, tag, body);
    case 6:
      return oracle::Sealed(seed, "blindlend v1 request", body);
    default: {
      const View sealed = arguments.Rest();
      return Bytes(sealed.begin(), sealed.end());
    }
  }
}

void Check(View input) {
  Arguments arguments(input);
  const std::size_t epoch = arguments.Byte() % (kKeys.size() + 1);
  const std::uint8_t links = arguments.Byte();
  Chain chain{{}, (links & 8) != 0, (links & 16) != 0};
  for (std::size_t i = 0; i < kKeys.size(); ++i)
    if ((links & 1U << i) == 0) chain.epochs.push_back(i);
  const std::uint8_t clock = arguments.Byte();
  const std::uint64_t now = clock == 255 ? ~std::uint64_t{0} : clock;
  const std::uint8_t who = arguments.Byte();
  const std::uint8_t mode = arguments.Byte();
  const View request = arguments.Take(arguments.Byte() % 32U);
  Bytes lender = LenderOf(who);
  if ((who & 128) != 0) lender.pop_back();
  const Bytes seed = oracle::Named("token");
  const Token token = Honest(KeyOf(epoch), LenderOf(who / 4U), seed);
  Bytes asked(request.begin(), request.end());
  if ((mode & 128) != 0) asked = oracle::Flipped(asked, arguments.Take(1));
  if ((mode & 64) != 0) asked.push_back(arguments.Byte());
  const Bytes sealed = MakeSealed(token, seed, request, mode, arguments);
  const auto borrow = VerifyBorrow(chain.Links(), lender, now, asked, sealed);
  RequireStep(StepOf(borrow), ExpectedStep(chain, lender, now, asked, sealed));
  // Before the request has come all else is checked, in the same order.
  const auto shown = VerifyBorrow(chain.Links(), lender, now, std::nullopt, sealed);
  if (StepOf(borrow) == "VerifyBorrow.2") {
    const auto parsed = ParseBorrow(View(sealed).first(sealed.size() - 64));
    const Bytes asked_for = RequestDigest(*TokenId(parsed->token), asked);
    Require(parsed->digest != asked_for, "step 2 is about the request");
  } else {
    RequireStep(StepOf(shown), StepOf(borrow));
  }
  if (!borrow) return;
  const auto body = EncodeBorrow(*borrow);
  Require(body && Equal(*body, View(sealed).first(sealed.size() - 64)),
          "the borrow is what was sealed");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
