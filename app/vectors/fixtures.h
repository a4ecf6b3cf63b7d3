// What the cases of several chapters share: lists of cases, keys, tapes, and ways to spoil bytes.
#pragma once

#include <utility>

#include "app/vectors/cases.h"

namespace blindlend::vectors {

using Flags = std::vector<std::string>;

/// Collects the cases of one algorithm.
struct List {
  std::vector<Case> cases;
  void Valid(std::string comment, Flags flags, Json inputs) {
    cases.push_back({std::move(comment), std::move(flags), std::move(inputs), ""});
  }
  void Invalid(std::string step, std::string comment, Flags flags, Json inputs) {
    cases.push_back({std::move(comment), std::move(flags), std::move(inputs), std::move(step)});
  }
};

/// What fills the list of an algorithm, by the algorithm's name.
using Makers = std::map<std::string, void (*)(List&)>;

Makers KeyCertificateMakers();
Makers IdentityMakers();  // chapter 6 up to identities
Makers LinkMakers();      // the rest of it
Makers TokenMakers();
Makers IssuanceMakers();
Makers RedemptionMakers();
Makers AttestationMakers();
Makers HttpMakers();

Bytes Repeat(std::size_t count, std::uint8_t byte);
Bytes Int(const ZZ& x, std::size_t len);
std::size_t Width(const PublicKey& pk);

/// An endless tape and a finite one, as inputs.
Json Seed(std::string_view text);
Json TapeOf(const Bytes& bytes);

/// The first size bytes of an endless tape.
Bytes Start(std::string_view seed, std::size_t size);

SecretKey MakeKey(long bits, std::string_view seed);

/// n = 3 * 11, e = 7: small enough to check by hand.
const SecretKey& Toy();

/// Keys of 512 bits: toys too, but with real widths.
const SecretKey& Small();
const SecretKey& OtherSmall();

/// The smallest key that the policy allows.
const SecretKey& Real();

/// A modulus of 497 bits with so few units (17 times the product of all primes up to 367) that some
/// messages have no hash. Those that the cases use were found by trying.
PublicKey FewUnits();

const Bytes& Msg();
Bytes SignatureOf(const SecretKey& sk, View msg);

/// Whose identities: seeds of Ed25519 keys. PublicOf makes the key.
const Bytes& AdminSeed();
const Bytes& MemberSeed();
/// The identity keys of two lenders, ascending.
const std::vector<Bytes>& Lenders();

/// A group's name, and the eight roots that certify a key for one.
const Bytes& Group();
std::vector<ZZ> Certificate(const SecretKey& sk, const Bytes& group);

/// An epoch of Group(): issue from 1000 * turn for 1000 seconds, spending begins 500 and ends 1000
/// seconds later; quota 3, Lenders().
Epoch MakeEpoch(const SecretKey& sk, std::uint64_t turn = 1);
/// The first link of the chain, and the one behind another. No epoch: a revocation.
Link FirstLink(std::optional<Epoch> epoch);
Link NextLink(const Link& before, std::optional<Epoch> epoch);
/// As the admin seals it.
Bytes SealLink(const Link& link);

/// A token as its fields are, with the right signature.
Token Signed(const SecretKey& sk, Token token);
/// A good one for Lenders()[0], with the spend key of SpendSeed().
const Bytes& SpendSeed();
Token MakeToken(const SecretKey& sk);
/// Tokens without an encoding, and why they have none.
std::vector<std::pair<std::string, Token>> UnencodableTokens();

/// bytes with one of their bits flipped, or with one byte replaced.
Bytes FlipBit(Bytes bytes, std::size_t bit);
Bytes With(Bytes bytes, std::size_t at, std::uint8_t value);

/// The malformed variants that every object has, of one good encoding. key: the name of the input.
void MalformedCases(List& list, const Bytes& good, const std::string& header_step,
                    const std::string& short_step, const std::string& long_step,
                    const Json& rest_of_inputs, const char* key = "bytes");

}  // namespace blindlend::vectors
