// The chain of epochs as members, lenders and the admin keep it in their databases.
#pragma once

#include <optional>

#include "app/store/database.h"
#include "ref/issuance.h"

namespace blindlend {

/// The tables of an identity of one's own, and of whose chain is followed.
inline constexpr char kIdentitySchema[] =
    "CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), seed BLOB NOT NULL) STRICT;";
inline constexpr char kAnchorSchema[] =
    "CREATE TABLE anchor (id INTEGER PRIMARY KEY CHECK (id = 1), admin BLOB NOT NULL) STRICT;";

/// The table of a chain, for every store's schema. secret_key: of an epoch, the admin's only.
inline constexpr char kChainSchema[] =
    "CREATE TABLE link (number INTEGER PRIMARY KEY, key_id BLOB UNIQUE, sealed BLOB NOT NULL,"
    " secret_key BLOB) STRICT;";

/// What an admin hears who wants to go on with a revoked chain.
inline constexpr char kChainEnded[] =
    "the chain ends in a revocation; a group that goes on begins a new one with init in another "
    "directory";

/// Makes path with the kind's schema and a fresh identity, unless it is there; fill: stores what
/// else belongs in it. Returns whether it did. Throws StoreError.
bool InitIdentity(const DatabaseKind& kind, const std::string& directory, const std::string& path,
                  const ByteSource& source, const std::function<void(Database&)>& fill);

/// The identity's seed, 32 bytes. Throws StoreError.
Bytes IdentitySeed(Database& database);

/// The identity key of the admin whose chain is followed, or nothing before the first link.
std::optional<Bytes> Anchor(Database& database);

/// A link and the signed bytes that it came in.
struct SealedLink {
  Link link;
  Bytes sealed;
};

/// A chain in ascending order, without gaps.
std::vector<SealedLink> LoadChain(Database& database);

/// Puts a link that continues the chain at its end. secret_key: nullptr, or the epoch's, encoded.
void StoreLink(Database& database, const SealedLink& link, const Value& secret_key);

/// What joining a link did.
struct Joined {
  Link link;
  bool is_new;
};

/// Verifies a sealed link and puts it at the end of the chain. The first one settles whose chain it is. If it contradicts the chain, the two
/// sealed links go to a file evidence-fork-*.txt in directory first.
/// Stops with kExitRefused: VerifyLink or Extend refuses; the line names the evidence file.
std::expected<Joined, Stop> JoinChain(Database& database, const std::string& directory, View admin,
                                      View sealed);

/// The link that counts for issuing at now: the revocation if the chain ends in one, otherwise the
/// epoch open for issue, otherwise the newest. Nothing if the chain is empty.
std::optional<SealedLink> LinkForIssue(const std::vector<SealedLink>& chain, std::uint64_t now);

/// The textual form of a sealed link, under its label.
Bytes LinkText(View sealed);

/// "epoch 7 is open for issue from ... until ...; it is ..."
std::string IssueWindowText(const Link& link, std::uint64_t now);

}  // namespace blindlend
