// A lender whose chain is made by hand, good tokens for it, and what its database holds.
#pragma once

#include "tests/store/store_support.h"

namespace blindlend::test {

inline constexpr std::uint64_t kHour = 60 * 60;
/// When tokens of the first epoch, and of no other, can be spent.
inline constexpr std::uint64_t kSpendNow = kStart + kDay;

/// The lender that Lender::Init makes from SourceOf("lender").
const Bytes& SpentLender();

/// Its chain: two epochs under Key(2048, 0) and Key(2048, 1), spent from half a day behind kStart for
/// a day and a half, and the same a day later; then, if it is revoked, a revocation.
std::vector<Link> SpentChain(std::size_t epochs, bool is_revoked = false);

/// The newest link of that chain, sealed by the admin of SourceOf("admin").
Bytes SealedNewest(std::size_t epochs, bool is_revoked = false);

/// A token and the seed of its spend key.
struct Held {
  Token token;
  Bytes seed;
  Bytes Id() const { return TokenId(token).value(); }
  Bytes Borrow(const std::string& request) const {
    return MakeBorrow(token, seed, Ascii(request)).value();
  }
};

/// Good tokens, made once. epoch: 0 or 1.
const Held& HeldToken(std::size_t epoch, std::size_t i);

/// The same for another lender of the epoch.
const Held& HeldElsewhere();

/// A directory with such a lender, closed, that has joined so many epochs; made once, to be copied.
const std::string& LenderDirectory(std::size_t epochs);

std::unique_ptr<Lender> OpenLender(const std::string& directory);

/// "fresh" and so on, or how it was refused.
std::string VerdictOf(const std::expected<Claimed, Stop>& claimed);

/// The rows of the spent-set, by id: in the file, and as they should be.
Table SpentRows(const std::string& path);
Table SpentRows(const SpentSet& spent);

/// The rows of all tables, and their names.
std::string AllRows(const std::string& path);

/// Copies a database and its log, as a machine that stops leaves them.
void CopyAsItIs(const std::string& from, const std::string& to);

}  // namespace blindlend::test
