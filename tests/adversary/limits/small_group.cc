#include "small_group.h"

namespace blindlend::test {

using NTL::GCD;
using NTL::MulMod;
using NTL::PowerMod;

SmallGroup::SmallGroup(std::size_t members, std::uint64_t seed, const SecretKey& sk,
                       std::uint32_t quota)
    : sk_(sk), tape_(TapeFrom(seed)), link_(EpochLink(sk, 1, Bytes(32), quota)), wallets_(members) {
  Epoch& epoch = *link_.epoch;
  epoch.issue_from = epoch.spend_from = kGroupFrom;
  epoch.issue_until = epoch.spend_until = kGroupUntil;
  for (std::size_t i = 0; i < members; ++i)
    seeds_.push_back(SeedOf("member " + std::to_string(i + 1)));
}

Bytes SmallGroup::LenderOf(std::size_t lender) {
  return PublicOf(SeedOf("lender " + std::to_string(lender + 1)));
}

ByteSource SmallGroup::Source() {
  return [this](std::span<std::uint8_t> bytes) { return tape_.Source()(bytes); };
}

std::size_t SmallGroup::Draw(std::size_t below) {
  // The bias of 64 bits is nothing that a test could see.
  std::array<std::uint8_t, 8> bytes{};
  Source()(bytes);
  std::uint64_t drawn = 0;
  for (const std::uint8_t byte : bytes) drawn = drawn << 8 | byte;
  return drawn % below;
}

void SmallGroup::Obtain(std::size_t member, std::size_t count, std::uint64_t at,
                        std::size_t lender) {
  const Requested requested =
      RequestTokens(link_, seeds_[member], LenderOf(lender), count, at, Source()).value();
  const Request request = VerifyRequest(requested.sealed).value();
  std::set<Bytes> roster;
  for (const Bytes& seed : seeds_) roster.insert(PublicOf(seed));
  ledger_ = Debit(ledger_, link_, roster, at, request).value();
  const Bytes admin = SeedOf("admin");
  const Bytes response = Issue(sk_, admin, ledger_, request, Source()).value();
  issued_.push_back({at, member, request, response});
  const auto sigs = Accept(sk_, PublicOf(admin), requested.state, response).value();
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes& msg = requested.state.entries[i].msg;
    wallets_[member].push_back(
        {{Bytes(msg.begin() + 2, msg.begin() + 34), Bytes(msg.begin() + 34, msg.begin() + 66),
          Bytes(msg.begin() + 66, msg.end()), sigs[i].value()},
         requested.seeds[i]});
  }
}

std::expected<Served, Failure> SmallGroup::Show(const Owned& owned, const Bytes& request,
                                                std::uint64_t at, std::size_t lender) {
  const auto sealed = MakeBorrow(owned.token, owned.seed, request);
  if (!sealed) return std::unexpected(sealed.error());
  const auto borrow = VerifyBorrow({link_}, LenderOf(lender), at, request, *sealed);
  if (!borrow) return std::unexpected(borrow.error());
  return served_.emplace_back(at, lender, *sealed, request, borrow->token);
}

const Served& SmallGroup::Spend(std::size_t member, const Bytes& request, std::uint64_t at,
                                std::size_t lender) {
  std::vector<Owned>& wallet = wallets_[member];
  const auto found = std::ranges::find(wallet, LenderOf(lender),
                                       [](const Owned& each) { return each.token.audience; });
  EXPECT_NE(found, wallet.end());
  const Owned owned = *found;
  wallet.erase(found);
  EXPECT_EQ(Step(Show(owned, request, at, lender)), "");
  return served_.back();
}

std::optional<ZZ> FactorOf(const SecretKey& sk, const ZZ& blinded, const Token& token) {
  const Bytes encoded = EncodeToken(token).value();
  const ZZ hash = FDH("blindlend v1 token", sk, View(encoded).first(98)).value();
  const ZZ factor = PowerMod(MulMod(blinded, ModInverse(hash, sk.n).value(), sk.n), sk.d, sk.n);
  if (GCD(factor, sk.n) != 1) return std::nullopt;
  if (MulMod(hash, PowerMod(factor, sk.e, sk.n), sk.n) != blinded) return std::nullopt;
  return factor;
}

std::set<std::size_t> Candidates(const SmallGroup& group, const SecretKey& sk, const Token& token) {
  std::set<std::size_t> candidates;
  for (const Issued& each : group.issued())
    for (const ZZ& blinded : each.request.batch.values)
      if (FactorOf(sk, blinded, token)) candidates.insert(each.member);
  return candidates;
}

}  // namespace blindlend::test
