// The lender's identity, chain of epochs and spent-set, in DIRECTORY/lender.db.
//
// The spent-set holds what spec 9-redemption lists and nothing else: rows without rowids, so no order of
// arrival; no time, no address. Beside it lies lender.mark, by which an older copy of the database, put
// in its place, is noticed.
#pragma once

#include <mutex>
#include <optional>

#include "app/store/chain.h"
#include "app/store/group_commit.h"
#include "ref/redemption.h"

namespace blindlend {

/// How many entries of an epoch are in which state.
struct SpentCount {
  std::uint32_t number;
  bool closed;
  std::size_t claimed = 0, released = 0, served = 0;
};

/// A borrow that has been verified but for its request.
struct Shown {
  Borrow borrow;
  /// The newest link of the chain that it was verified with.
  std::uint32_t newest;
  /// What Claim would say now.
  Verdict verdict;
};

/// As for Admin: kExitUnusable for the database, kExitRefused for an algorithm, nothing changed then.
/// Look, Redeem, ClaimVerified, Settle, Release, LinkForSpend, WriteMark and Compact may be called by several threads at once.
class Lender {
 public:
  /// Makes the directory's lender, or opens it if it is there.
  static std::expected<std::unique_ptr<Lender>, Stop> Init(const std::string& directory,
                                                           const ByteSource& source, bool& made);
  /// accept_older: also a database that is older than its mark says.
  static std::expected<std::unique_ptr<Lender>, Stop> Open(const std::string& directory,
                                                           bool accept_older = false);

  const Bytes& key() const { return key_; }
  /// What attestations call this database, 16 bytes.
  const Bytes& instance() const { return instance_; }

  /// The chain as it was last read.
  std::vector<Link> Links();

  /// The newest epoch that can be spent at now; if there is none, the newest.
  std::optional<Link> LinkForSpend(std::uint64_t now);

  /// Verifies a sealed link of admin and puts it at the end of the chain. The first one settles who
  /// the admin is.
  std::expected<Joined, Stop> Join(View admin, View sealed);

  /// The identity key of the admin whose chain this is; empty before the first link.
  std::expected<Bytes, Stop> AdminKey();

  /// VerifyBorrow before the request has come, and what Claim would say; nothing is claimed. owner_lives:
  /// as for Claim. Waits for no other thread's fsync.
  std::expected<Shown, Stop> Look(View sealed, std::uint64_t now, bool owner_lives);

  /// VerifyBorrow and Claim, durably. owner_lives: as for Claim.
  std::expected<Claimed, Stop> Redeem(View sealed, View request, std::uint64_t now,
                                      bool owner_lives, const ByteSource& source);

  /// Claim alone, for what VerifyBorrow has returned with chain, the newest link of which is newest.
  /// Nothing if another link has been joined since.
  std::expected<std::optional<Claimed>, Stop> ClaimVerified(const Borrow& borrow,
                                                            std::uint32_t newest, bool owner_lives,
                                                            const ByteSource& source);

  /// Settle and Release of the token that is claimed with claim_id, durably.
  std::expected<void, Stop> Settle(View claim_id);
  std::expected<void, Stop> Release(View claim_id);

  /// Closes the epochs whose spend window is over at now, for good, and drops their entries. Returns
  /// their numbers.
  std::expected<std::vector<std::uint32_t>, Stop> CloseEpochs(std::uint64_t now);

  /// Counts by epoch.
  std::expected<std::vector<SpentCount>, Stop> Count();

  /// Verifies the chain, the entries' form and the database's integrity. Returns what is wrong.
  std::expected<std::vector<std::string>, Stop> Audit();

  /// Rewrites the database and truncates the log, so that neither shows an order or what was erased;
  /// then WriteMark. Holds the new copy in memory meanwhile: about 85 bytes an entry. Other threads'
  /// commits wait so long. waits: also for other processes that read; otherwise it returns false
  /// where one kept the log from being truncated.
  std::expected<bool, Stop> Compact(bool waits = true);

  /// Remembers beside the database how far it has come.
  std::expected<void, Stop> WriteMark();

 private:
  Lender(Database database, std::string directory);
  std::expected<void, Stop> CheckMark();
  void LoadLinks();
  std::expected<std::pair<Borrow, std::uint32_t>, Stop> VerifyNewest(std::uint64_t now,
                                                                     std::optional<View> request,
                                                                     View sealed);
  std::expected<void, Stop> End(View claim_id,
                                std::expected<void, Failure> (*end)(SpentSet&, const Bytes&, View),
                                Failure unknown);

  Database database_;
  std::string directory_;
  Bytes key_, instance_;
  GroupCommit commits_;
  std::mutex mutex_;
  std::vector<Link> links_;
  /// For what only looks: another connection, so that it need not wait for a commit.
  std::mutex looking_;
  std::optional<Database> reader_;
};

/// "fresh" and so on, as in the spec.
std::string VerdictName(Verdict verdict);

}  // namespace blindlend
