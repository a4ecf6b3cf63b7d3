// The admin's roster, chain of epochs and ledger, in DIRECTORY/admin.db.
#pragma once

#include "app/store/chain.h"

namespace blindlend {

/// What an epoch is to be. days: of the whole; issue_days: of the issue window, with which spending
/// then begins when issuing ends, or nothing: both windows are the whole.
struct EpochPlan {
  std::uint32_t quota;
  std::uint32_t days;
  std::optional<std::uint32_t> issue_days;
  std::vector<Bytes> lenders;
};

/// A member as the admin knows it. used: tokens debited, by epoch number.
struct MemberStatus {
  Bytes key;
  std::string name;
  bool enrolled;
  std::map<std::uint32_t, std::uint64_t> used;
};

/// All public functions stop with kExitUnusable when the database cannot be read or written, and with
/// kExitRefused when an algorithm refuses. Then nothing has changed.
class Admin {
 public:
  /// Makes the directory's admin, or opens it if it is there with the same group and bits.
  /// bits: of the epochs' keys, 2048, 3072 or 4096. made: whether it was not there before.
  static std::expected<Admin, Stop> Init(const std::string& directory, const std::string& group,
                                         long bits, const ByteSource& source, bool& made);
  static std::expected<Admin, Stop> Open(const std::string& directory);

  const Bytes& key() const { return key_; }
  const Bytes& group() const { return group_; }
  long bits() const { return bits_; }

  /// Puts a member on the roster, again if it was removed. name: unique among the enrolled, or empty.
  std::expected<void, Stop> Enroll(View member, const std::string& name);

  /// Takes a member off the roster. who: its name, or its key in hexadecimal. Returns the key.
  std::expected<Bytes, Stop> Remove(const std::string& who);

  /// A new epoch under sk at the end of the chain; it begins at now, or when issuing in the epoch
  /// before ends. sk: fresh.
  std::expected<SealedLink, Stop> AddEpoch(const EpochPlan& plan, const SecretKey& sk,
                                           std::uint64_t now, const ByteSource& source);

  /// Ends the chain, or returns the revocation that has ended it.
  std::expected<SealedLink, Stop> Revoke();

  /// Debits a sealed request, durably and once, then answers it. is_new: whether it was debited now.
  std::expected<Bytes, Stop> Issue(View sealed, std::uint64_t now, const ByteSource& source,
                                   bool& is_new);

  std::expected<std::vector<SealedLink>, Stop> Chain();
  std::expected<std::vector<MemberStatus>, Stop> Members();

 private:
  explicit Admin(Database database);
  Bytes Seed();

  Database database_;
  Bytes key_, group_;
  long bits_;
};

}  // namespace blindlend
