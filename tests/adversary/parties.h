// Everybody whom the experiments look at, as functions: the shipped ones, unless a cheat stands in for one.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "ref/attestation.h"
#include "ref/issuance.h"
#include "ref/redemption.h"

namespace blindlend::test {

/// A lender's spent-set. Claim may be called by several threads at once.
class SpentBook {
 public:
  virtual ~SpentBook() = default;
  /// The spec's Claim for the token of a borrow that has passed VerifyBorrow.
  virtual Claimed Claim(const Borrow& borrow, bool owner_lives, const ByteSource& source) = 0;
  /// Settle and Release: whether it was the current claim.
  virtual bool Settle(const Borrow& borrow, View claim_id) = 0;
  virtual bool Release(const Borrow& borrow, View claim_id) = 0;
  /// What whoever seizes the lender's database finds in it.
  virtual std::string Contents() = 0;
  /// How many tokens an experiment may claim: a database on a disk is slower than memory.
  virtual std::size_t Room() const = 0;
};

/// The nonce that an attestation answers: these askers have sent every one of them, so that only the memory
/// keeps a replay out.
Bytes NonceIn(View attestation);

/// Whoever asks a lender for attestations, with its memory.
class Checker {
 public:
  virtual ~Checker() = default;
  /// Whether the attestation passes at now.
  virtual bool Check(View key, View instance, View lender, std::uint64_t now, View bytes) = 0;
};

/// What a client sends: the message of its token, and what the signer gets to see of it.
struct Sent {
  Minted minted;
  Blinded blinded;
};

/// The member, the signer, the lender and the checker. All have the types of ref/.
struct Parties {
  // The member's side.
  std::function<std::expected<ZZ, Failure>(const PublicKey&, View msg)> hash;
  std::function<std::expected<Minted, Failure>(View key_id, View audience, const ByteSource&)> mint;
  std::function<std::expected<Blinded, Failure>(const PublicKey&, View msg, const ByteSource&)>
      blind;
  std::function<std::expected<Bytes, Failure>(const PublicKey&, View msg, const ZZ& blind_sig,
                                              const ZZ& r_inv)>
      finalize;
  /// What a member sends after a session that failed.
  std::function<Sent(const PublicKey&, View audience, const Sent& failed, const ByteSource&)> again;
  // The lender's side.
  std::function<bool(const PublicKey&, View msg, View sig)> verify;
  std::function<bool(const PublicKey&, const std::vector<Bytes>& msgs,
                     const std::vector<Bytes>& sigs)>
      verify_all;
  std::function<std::unique_ptr<SpentBook>()> open_book;
  // The signer's.
  std::function<std::expected<ZZ, Failure>(const SecretKey&, const ZZ& blinded, const ByteSource&)>
      sign;
  // Whoever checks attestations.
  std::function<std::unique_ptr<Checker>()> open_checker;
};

/// All of it from ref/; the spent-set in memory, a claim at a time.
Parties Shipped();

/// A client whose process has just started: what it keeps in memory begins anew. member: the seed of
/// the member's identity, which the shipped client has no use for here.
using Start = std::function<Parties(const Bytes& member)>;

/// The spent-set of ref/ in memory, as the flawed twins vary it.
class MemoryBook : public SpentBook {
 public:
  Claimed Claim(const Borrow& borrow, bool owner_lives, const ByteSource& source) override;
  bool Settle(const Borrow& borrow, View claim_id) override;
  bool Release(const Borrow& borrow, View claim_id) override;
  std::string Contents() override;
  std::size_t Room() const override { return 4000; }

 protected:
  std::mutex mutex_;
  SpentSet spent_;
};

}  // namespace blindlend::test
