// The game of unlinkability: members obtain and spend through the whole protocol of ref/, admin and lender
// keep everything and have the private key, and name whose token it is.
#pragma once

#include "tests/adversary/sessions.h"
#include "tests/support/group.h"

namespace blindlend::test {

/// How a member asks for tokens: RequestTokens, or what a flawed client does in its place.
using Ask = std::function<Requested(const Link&, View member_seed, View audience, std::size_t count,
                                    std::uint64_t now, const ByteSource&)>;

/// RequestTokens itself.
Requested AskAsShipped(const Link& link, View member_seed, View audience, std::size_t count,
                       std::uint64_t now, const ByteSource& source);

/// The same steps with the parts of a cheat.
Ask AskWith(const Parties& parties);

/// What admin and lender keep of a game, in the order in which it came to them.
struct Kept {
  std::vector<Bytes> requests, responses, borrows;
  /// The same, as numbers: what was signed, in order, for which member each; the hashes of what was shown.
  std::vector<ZZ> blinded, hashes;
  std::vector<std::size_t> member;
  /// The truth, which they do not have: whose token was shown at each place.
  std::vector<std::size_t> owner;
};

/// One game of so many members with `each` tokens. order: what the members' secret order is drawn from.
Kept Play(const Link& link, const SecretKey& sk, const Ask& ask, std::size_t members,
          std::size_t each, const ByteSource& source, const ByteSource& order);

/// A number in [0, below), each equally likely.
std::size_t Drawn(std::size_t below, const ByteSource& source);

/// An adversary: how much it believes that value i became the token shown at place j.
struct Adversary {
  std::string name;
  std::function<double(const Kept&, const SecretKey&, std::size_t i, std::size_t j,
                       const ZZ& factor)>
      belief;
};

/// All that we could think of.
const std::vector<Adversary>& Adversaries();

/// Whom an adversary names as the owner of the token shown first: by itself, or as part of the whole
/// matching that it believes most (where there are five tokens at most).
std::size_t Named(const Adversary& adversary, const Kept& kept, const SecretKey& sk,
                  bool by_matching);

/// Wins of each adversary over so many games, by its name and whether it matched.
std::map<std::string, long> Wins(const SecretKey& sk, const Ask& ask, std::size_t members,
                                 std::size_t each, std::size_t games, const ByteSource& source,
                                 const ByteSource& order);

}  // namespace blindlend::test
