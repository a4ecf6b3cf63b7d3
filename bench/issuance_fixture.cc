#include "bench/issuance_fixture.h"

#include <map>

namespace blindlend::bench {

namespace {

EpochFixture MakeEpoch(long bits) {
  const Fixture& at = At(bits);
  EpochFixture epoch{SHA256(Ascii("admin")), SHA256(Ascii("member")), {}, {}, {}, {}, {}, {}, {}};
  epoch.admin = PublicOf(epoch.admin_seed);
  epoch.member = PublicOf(epoch.member_seed);
  epoch.lender = PublicOf(SHA256(Ascii("lender")));
  const Bytes group = Ascii("readers");
  const auto roots = ProveKey(at.sk, group, RandomBytes).value();
  epoch.link = {group, 1, Bytes(32),
                Epoch{at.pk, roots, 0, 2 * kNow, 0, 3 * kNow, 1'000'000, {epoch.lender}}};
  epoch.sealed = Seal(epoch.admin_seed, "blindlend v1 link", EncodeLink(epoch.link).value());
  for (std::size_t i = 0; i < roots.size(); ++i) {
    epoch.roots.push_back(I2OSP(roots[i], at.peer_pk.k).value());
    epoch.challenges.push_back(Join({group, Bytes{static_cast<std::uint8_t>(i + 1)}}));
  }
  return epoch;
}

Issuance MakeIssuance(long bits, std::size_t count) {
  const Fixture& at = At(bits);
  const EpochFixture& epoch = EpochAt(bits);
  Issuance one;
  one.requested =
      RequestTokens(epoch.link, epoch.member_seed, epoch.lender, count, kNow, RandomBytes).value();
  one.request = VerifyRequest(one.requested.sealed).value();
  one.ledger = Debit({}, epoch.link, {epoch.member}, kNow, one.request).value();
  one.response = Issue(at.sk, epoch.admin_seed, one.ledger, one.request, RandomBytes).value();
  const auto sigs = Accept(at.pk, epoch.admin, one.requested.state, one.response).value();
  for (std::size_t i = 0; i < count; ++i)
    one.tokens.push_back(
        {KeyId(at.pk).value(), epoch.lender, PublicOf(one.requested.seeds[i]), sigs[i].value()});
  return one;
}

}  // namespace

const EpochFixture& EpochAt(long bits) {
  static std::map<long, EpochFixture> epochs;
  auto at = epochs.find(bits);
  if (at == epochs.end()) at = epochs.emplace(bits, MakeEpoch(bits)).first;
  return at->second;
}

const Issuance& IssuanceAt(long bits, std::size_t count) {
  static std::map<std::pair<long, std::size_t>, Issuance> issuances;
  auto at = issuances.find({bits, count});
  if (at == issuances.end())
    at = issuances.emplace(std::pair(bits, count), MakeIssuance(bits, count)).first;
  return at->second;
}

}  // namespace blindlend::bench
