// A whole group on ref/ alone, with a short key, for experiments that are repeated often: members
// who obtain and spend, an admin and lenders who do everything right and keep all that they see.
#pragma once

#include "ref/redemption.h"
#include "tests/support/group.h"

namespace blindlend::test {

/// Obtained and spent at any time in [kGroupFrom, kGroupUntil).
inline constexpr std::uint64_t kGroupFrom = 1'000'000, kGroupUntil = 2'000'000;

/// What the admin has of one request: everything.
struct Issued {
  std::uint64_t at;
  std::size_t member;
  Request request;
  Bytes response;
};

/// What a lender has of one borrow: everything.
struct Served {
  std::uint64_t at;
  std::size_t lender;
  Bytes sealed, request;
  Token token;
};

/// A token in a wallet, with the seed of its spend key.
struct Owned {
  Token token;
  Bytes seed;
};

class SmallGroup {
 public:
  /// seed: of the tape that all randomness comes from.
  SmallGroup(std::size_t members, std::uint64_t seed, const SecretKey& sk = Key(512),
             std::uint32_t quota = 100);

  /// A member obtains tokens for a lender, by the whole protocol.
  void Obtain(std::size_t member, std::size_t count, std::uint64_t at, std::size_t lender = 0);

  /// A member spends a token of its own for a lender, and is served.
  const Served& Spend(std::size_t member, const Bytes& request, std::uint64_t at,
                      std::size_t lender = 0);

  /// A token is shown with a seed, by whoever has both. Served, unless VerifyBorrow refuses.
  std::expected<Served, Failure> Show(const Owned& owned, const Bytes& request, std::uint64_t at,
                                      std::size_t lender = 0);

  std::size_t members() const { return seeds_.size(); }
  const std::vector<Issued>& issued() const { return issued_; }
  const std::vector<Served>& served() const { return served_; }
  const std::vector<Owned>& wallet(std::size_t member) const { return wallets_[member]; }
  const Link& link() const { return link_; }
  const Ledger& ledger() const { return ledger_; }
  Bytes MemberKey(std::size_t member) const { return PublicOf(seeds_[member]); }
  static Bytes LenderOf(std::size_t lender);

  /// Uniform in [0, below), from the tape.
  std::size_t Draw(std::size_t below);

 private:
  ByteSource Source();

  const SecretKey& sk_;
  Tape tape_;
  Link link_;
  std::vector<Bytes> seeds_;
  std::vector<std::vector<Owned>> wallets_;
  Ledger ledger_;
  std::vector<Issued> issued_;
  std::vector<Served> served_;
};

/// The only blinding factor by which the token can have come out of this blinded value, computed
/// with the private key; nothing if there is none: then the token is from elsewhere.
std::optional<ZZ> FactorOf(const SecretKey& sk, const ZZ& blinded, const Token& token);

/// Who can be behind the token, for an admin and lender with the private key: the members one of
/// whose blinded values it can have come from.
std::set<std::size_t> Candidates(const SmallGroup& group, const SecretKey& sk, const Token& token);

}  // namespace blindlend::test
