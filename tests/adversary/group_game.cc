#include "tests/adversary/group_game.h"

#include <bit>
#include <numeric>

#include "ref/redemption.h"

namespace blindlend::test {

Requested AskAsShipped(const Link& link, View member_seed, View audience, std::size_t count,
                       std::uint64_t now, const ByteSource& source) {
  return RequestTokens(link, member_seed, audience, count, now, source).value();
}

Ask AskWith(const Parties& parties) {
  return [parties](const Link& link, View member_seed, View audience, std::size_t count,
                   std::uint64_t, const ByteSource& source) {
    const PublicKey& pk = link.epoch->pk;
    const auto k = static_cast<std::size_t>(NumBytes(pk.n));
    Requested asked;
    std::vector<Minted> minted;
    for (std::size_t i = 0; i < count; ++i) {
      minted.push_back(parties.mint(*KeyId(pk), audience, source).value());
      asked.seeds.push_back(minted.back().seed);
    }
    Batch batch{*KeyId(pk), k, {}};
    asked.state = {batch.id, {}, k, {}};
    for (const Minted& one : minted) {
      const Blinded blinded = parties.blind(pk, one.msg, source).value();
      batch.values.push_back(blinded.blinded);
      asked.state.entries.push_back({blinded.r_inv, one.msg});
    }
    asked.state.request_hash = SHA256(*EncodeBatch(kRequest, batch));
    Bytes nonce(16);
    source(nonce);
    asked.sealed = Seal(member_seed, "blindlend v1 request",
                        *EncodeRequest({PublicOf(member_seed), nonce, batch}));
    return asked;
  };
}

std::size_t Drawn(std::size_t below, const ByteSource& source) {
  const std::size_t mask = std::bit_ceil(below) - 1;
  for (;;) {
    Bytes byte(1);
    source(byte);
    if ((byte[0] & mask) < below) return byte[0] & mask;
  }
}

Kept Play(const Link& link, const SecretKey& sk, const Ask& ask, std::size_t members,
          std::size_t each, const ByteSource& source, const ByteSource& order) {
  static const Bytes admin_seed = SeedOf("admin"), admin = PublicOf(admin_seed),
                     lender = PublicOf(SeedOf("lender 1"));
  Kept kept;
  Ledger ledger;
  std::set<Bytes> roster;
  std::vector<Bytes> borrows;
  for (std::size_t i = 0; i < members; ++i) {
    const Bytes seed = SeedOf("member " + std::to_string(i));
    roster.insert(PublicOf(seed));
    const Requested asked = ask(link, seed, lender, each, kIssueFrom, source);
    const Request request = VerifyRequest(asked.sealed).value();
    ledger = Debit(ledger, link, roster, kIssueFrom, request).value();
    const Bytes response = Issue(sk, admin_seed, ledger, request, source).value();
    const auto sigs = Accept(sk, admin, asked.state, response).value();
    kept.requests.push_back(asked.sealed);
    kept.responses.push_back(response);
    for (std::size_t at = 0; at < each; ++at) {
      const Bytes& sig = sigs[at].value();
      const Token token = *ParseToken(
          Join({asked.state.entries[at].msg, *I2OSP(NTL::conv<ZZ>(sig.size()), 2), sig}));
      borrows.push_back(*MakeBorrow(token, asked.seeds[at], Ascii("the same request")));
      kept.blinded.push_back(request.batch.values[at]);
      kept.member.push_back(i);
    }
  }

  // The secret order: each permutation equally likely.
  std::vector<std::size_t> places(borrows.size());
  std::iota(places.begin(), places.end(), 0);
  for (std::size_t i = places.size(); i > 1; --i) std::swap(places[i - 1], places[Drawn(i, order)]);
  SpentSet spent;
  for (const std::size_t i : places) {
    const Borrow borrow =
        VerifyBorrow({link}, lender, kSpendFrom, Ascii("the same request"), borrows[i]).value();
    const Bytes id = *TokenId(borrow.token);
    const Claimed claimed =
        Claim(spent, id, borrow.token.key_id, borrow.digest, true, source).value();
    Settle(spent, id, claimed.claim_id).value();
    kept.borrows.push_back(borrows[i]);
    kept.owner.push_back(kept.member[i]);
    kept.hashes.push_back(
        *FDH("blindlend v1 token", sk, View(*EncodeToken(borrow.token)).first(98)));
  }
  return kept;
}

const std::vector<Adversary>& Adversaries() {
  static const std::vector<Adversary> all = {
      {"the smallest factor", [](const Kept&, const SecretKey& sk, std::size_t, std::size_t,
                                 const ZZ& r) { return -std::log(Share(r, sk.n) + 1e-300); }},
      {"the largest factor", [](const Kept&, const SecretKey& sk, std::size_t, std::size_t,
                                const ZZ& r) { return Share(r, sk.n); }},
      {"a factor below the top bit",
       [](const Kept&, const SecretKey& sk, std::size_t, std::size_t, const ZZ& r) {
         return NumBits(r) < NumBits(sk.n) ? 0.0 : -1.0;
       }},
      {"a factor that wraps around",
       [](const Kept&, const SecretKey& sk, std::size_t, std::size_t, const ZZ& r) {
         return NumBits(r + sk.n) <= NumBits(sk.n) ? 1.0 : 0.0;
       }},
      {"an odd factor", [](const Kept&, const SecretKey&, std::size_t, std::size_t,
                           const ZZ& r) { return IsOdd(r) ? 0.0 : -1.0; }},
      {"a square factor", [](const Kept&, const SecretKey& sk, std::size_t, std::size_t,
                             const ZZ& r) { return ResidueClass(sk, r) == 3 ? 0.0 : -1.0; }},
      {"few bits in the factor", [](const Kept&, const SecretKey&, std::size_t, std::size_t,
                                    const ZZ& r) { return -static_cast<double>(weight(r)); }},
      {"a factor near its inverse",
       [](const Kept&, const SecretKey& sk, std::size_t, std::size_t, const ZZ& r) {
         return -std::abs(Share(r, sk.n) - Share(*ModInverse(r, sk.n), sk.n));
       }},
      {"values near each other",
       [](const Kept& kept, const SecretKey& sk, std::size_t i, std::size_t j, const ZZ&) {
         return -std::abs(Share(kept.blinded[i], sk.n) - Share(kept.hashes[j], sk.n));
       }},
      {"the same order", [](const Kept&, const SecretKey&, std::size_t i, std::size_t j,
                            const ZZ&) { return i == j ? 1.0 : 0.0; }},
      {"bytes in common",
       [](const Kept& kept, const SecretKey&, std::size_t i, std::size_t j, const ZZ&) {
         // Of request (its nonce) and of token (its serial and signature), and of their hashes.
         const Bytes one = SHA256(kept.requests[kept.member[i]]), two = SHA256(kept.borrows[j]);
         double common = 0;
         for (std::size_t at = 0; at < 16; ++at) {
           common += kept.requests[kept.member[i]][34 + at] == kept.borrows[j][34 + 66 + at];
           common += one[at] == two[at];
         }
         return common;
       }},
  };
  return all;
}

namespace {

using Beliefs = std::vector<std::vector<double>>;  // [i][j]

Beliefs BeliefsOf(const Adversary& adversary, const Kept& kept, const SecretKey& sk,
                  const Pairs& pairs) {
  const std::size_t tokens = kept.owner.size();
  Beliefs beliefs(tokens, std::vector<double>(tokens));
  for (std::size_t i = 0; i < tokens; ++i)
    for (std::size_t j = 0; j < tokens; ++j)
      beliefs[i][j] = adversary.belief(kept, sk, i, j, pairs(i, j));
  return beliefs;
}

// The value that is believed to have become the token shown first.
std::size_t Matched(const Beliefs& beliefs, bool by_matching) {
  const std::size_t tokens = beliefs.size();
  if (!by_matching) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < tokens; ++i)
      if (beliefs[i][0] > beliefs[best][0]) best = i;
    return best;
  }
  std::vector<std::size_t> order(tokens), best;
  std::iota(order.begin(), order.end(), 0);
  double most = 0;
  do {
    double belief = 0;
    for (std::size_t j = 0; j < tokens; ++j) belief += beliefs[order[j]][j];
    if (best.empty() || belief > most) {
      best = order;
      most = belief;
    }
  } while (std::ranges::next_permutation(order).found);
  return best[0];
}

}  // namespace

std::size_t Named(const Adversary& adversary, const Kept& kept, const SecretKey& sk,
                  bool by_matching) {
  const Pairs pairs(sk, kept.blinded, kept.hashes);
  return kept.member[Matched(BeliefsOf(adversary, kept, sk, pairs), by_matching)];
}

std::map<std::string, long> Wins(const SecretKey& sk, const Ask& ask, std::size_t members,
                                 std::size_t each, std::size_t games, const ByteSource& source,
                                 const ByteSource& order) {
  const Link link = EpochLink(sk);
  std::map<std::string, long> wins;
  for (std::size_t game = 0; game < games; ++game) {
    const Kept kept = Play(link, sk, ask, members, each, source, order);
    const Pairs pairs(sk, kept.blinded, kept.hashes);
    for (const Adversary& adversary : Adversaries()) {
      const Beliefs beliefs = BeliefsOf(adversary, kept, sk, pairs);
      wins[adversary.name] += kept.member[Matched(beliefs, false)] == kept.owner[0];
      if (members * each <= 5)
        wins[adversary.name + ", matched"] += kept.member[Matched(beliefs, true)] == kept.owner[0];
    }
  }
  return wins;
}

}  // namespace blindlend::test
