// What the benchmarks of issuance work on: an epoch under a fixture's key, and issuances of it.
#pragma once

#include "bench/fixture.h"
#include "ref/issuance.h"

namespace blindlend::bench {

/// The first epoch of a group of one admin, one member and one lender.
struct EpochFixture {
  Bytes admin_seed, member_seed, admin, member, lender;
  Link link;
  Bytes sealed;
  /// The certificate again, k bytes each, and the messages whose roots it consists of.
  std::vector<Bytes> roots, challenges;
};

/// One issuance, from request to tokens.
struct Issuance {
  Requested requested;
  Request request;
  /// In which the request is debited.
  Ledger ledger;
  Bytes response;
  std::vector<Token> tokens;
};

/// A time within the epoch's issue window.
constexpr std::uint64_t kNow = 1'000;

/// The epoch under At(bits)'s key, made at the first call.
const EpochFixture& EpochAt(long bits);

/// An issuance of count tokens in that epoch, made at the first call: count private operations.
const Issuance& IssuanceAt(long bits, std::size_t count);

}  // namespace blindlend::bench
