// A member's identity, chain of epochs, requests and tokens, in DIRECTORY/wallet.db.
//
// What a token needs is on disk before its request leaves (prepared), r's inverse is erased when
// its token is there (held), and everything about it when its outcome is final: then only a count
// is left.
#pragma once

#include <functional>
#include <memory>

#include "app/store/chain.h"
#include "app/store/group_commit.h"
#include "ref/redemption.h"

namespace blindlend {

/// A request that has no answer yet.
struct OpenRequest {
  /// SHA256 of the blind request in it: what a response names.
  Bytes hash;
  std::uint32_t number;
  Bytes audience;
  std::size_t count;
  TokenState state;
};

/// What the wallet holds.
struct Balance {
  /// Tokens by state; all six are there.
  std::map<TokenState, std::size_t> tokens;
  /// How many of held and spending have lost their use: their epoch is over, or the chain revoked.
  std::size_t expired = 0;
  std::vector<OpenRequest> requests;
  /// The link that counts for issuing, and how many tokens may still be asked for under it.
  std::optional<Link> link;
  std::uint64_t left = 0;
};

/// A request to be written out. resent: whether it had been prepared before.
struct Outgoing {
  Bytes sealed, hash;
  bool resent;
};

/// A borrow to be written out. is_new: whether its token was reserved now. obtained: when tokens of
/// its epoch were last accepted, in seconds since 1970, up to the next full hour.
struct Borrowing {
  Bytes sealed, audience;
  bool is_new;
  std::uint64_t obtained;
};

/// A token that is reserved for a request.
struct Pending {
  Bytes id, audience;
  std::uint32_t number;
};

/// What a response did. evidence: the file against the admin, where something was burnt.
struct Accepted {
  std::size_t held = 0, burnt = 0;
  std::string evidence;
};

/// As for Admin: kExitUnusable for the database, kExitRefused for an algorithm, nothing changed
/// then. Spend, End and EraseEnded may be called by several threads at once.
class Wallet {
 public:
  /// Makes the directory's wallet, or opens it if it is there.
  static std::expected<Wallet, Stop> Init(const std::string& directory, const ByteSource& source,
                                          bool& made);
  static std::expected<Wallet, Stop> Open(const std::string& directory);

  const Bytes& key() const { return key_; }

  /// Verifies a sealed link of admin and puts it at the end of the chain.
  std::expected<Joined, Stop> Join(View admin, View sealed);

  /// The identity key of the admin whose chain this is; empty before the first link.
  std::expected<Bytes, Stop> AdminKey();

  /// The links that have been joined, in ascending order.
  std::expected<std::vector<SealedLink>, Stop> Chain();

  /// A request for count tokens for audience, stored before it is returned. One that was prepared
  /// for the same and has not left is returned again. force: also for more than the quota leaves.
  std::expected<Outgoing, Stop> Request(View audience, std::size_t count, bool force,
                                        std::uint64_t now, const ByteSource& source);

  /// The bytes of an open request, once more. id: the beginning of its hash in hexadecimal, or
  /// nothing if there is only one.
  std::expected<Outgoing, Stop> Resend(const std::string& id);

  /// Remembers that a request has left.
  std::expected<void, Stop> Sent(View hash);

  /// Takes the tokens of a sealed response; those whose value is wrong are burnt, and request and
  /// response are kept as evidence in the directory. now: seconds since 1970-01-01 UTC.
  std::expected<Accepted, Stop> Accept(View sealed, std::uint64_t now);

  /// Burns what a sealed request asked for. Returns how many.
  std::expected<std::size_t, Stop> Cancel(View sealed);

  /// The borrow of a token that can be spent at now, reserved before it is returned. audience: the
  /// lender where, or nothing if any will do. The same request gets the same borrow until its end is
  /// known; with fresh it is another one: for requests that are equal by chance.
  std::expected<Borrowing, Stop> Spend(const std::optional<Bytes>& audience, View request,
                                       std::uint64_t now, const ByteSource& source,
                                       bool fresh = false);

  /// The reserved tokens: what became of their requests is not known.
  std::expected<std::vector<Pending>, Stop> ListPending();

  /// Holds the reserved tokens again, to be spent for other requests. Their lenders may refuse
  /// them as spent, and see that two requests came with one token. Returns how many.
  std::expected<std::size_t, Stop> Reclaim();

  /// What became of a sealed borrow: served, and the token is erased; or released, and it is held
  /// again. erases: whether what is gone is gone from the log too when this returns; otherwise it is
  /// after the next EraseEnded.
  std::expected<void, Stop> End(View sealed, bool served, bool erases = true);

  /// Truncates the log, if a token has come to an end since it last was.
  std::expected<void, Stop> EraseEnded(bool waits);

  /// Burns and erases the tokens whose epoch is over at now, those too that are still asked for.
  /// Returns how many.
  std::expected<std::size_t, Stop> Expire(std::uint64_t now);

  std::expected<Balance, Stop> Look(std::uint64_t now);

 private:
  Wallet(Database database, std::string directory);
  void AddOutcome(std::int64_t number, TokenState state, std::size_t count);
  void EndRequest(const Bytes& hash, const std::string& how);
  void Forget();
  std::uint64_t Asked(std::int64_t number);

  template <class T>
  std::expected<T, Stop> InGroup(const std::function<std::expected<T, Stop>()>& work);

  std::unique_ptr<Database> owned_;
  Database& database_;
  std::unique_ptr<GroupCommit> commits_;
  /// How many tokens have come to an end, one more for what a crash has left; and how many of them are
  /// gone from the log too. Used in the turns that commits_ gives.
  std::unique_ptr<std::uint64_t> ended_, erased_;
  std::string directory_;
  Bytes key_;
};

/// "held" and so on, as in the spec.
std::string StateName(TokenState state);

}  // namespace blindlend
