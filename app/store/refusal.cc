#include "refusal.h"

#include <sodium.h>

#include <ctime>
#include <map>

namespace blindlend {

namespace {

/// What a refusal at a step means, in plain words; nothing for steps that have only their label.
std::string Sentence(std::string_view step) {
  static const std::map<std::string_view, std::string> kSentences = {
      {"GenerateKey.2", "no first prime was found"},
      {"GenerateKey.3", "no second prime was found"},
      {"GenerateKey.4", "the primes are too close together; try again"},
      {"ValidatePublicKey.1", "the modulus does not have 2048, 3072 or 4096 bits"},
      {"ValidatePublicKey.2", "the public exponent is not 65537"},
      {"ValidatePublicKey.3", "the modulus is even"},
      {"ValidatePublicKey.4", "the modulus has a small factor"},
      {"ValidatePublicKey.5", "the modulus may be a prime"},
      {"ValidatePublicKey.6", "the modulus is a power"},
      {"ValidateSecretKey.1", "a part of the secret key is out of range"},
      {"ValidateSecretKey.2", "the modulus is not the product of the primes"},
      {"ValidateSecretKey.3", "a prime of the secret key is not prime"},
      {"ValidateSecretKey.4", "the private exponent is not the smallest"},
      {"ValidateSecretKey.5", "the private exponent does not undo the public one"},
      {"ValidateSecretKey.6", "the exponents of the primes do not fit the private exponent"},
      {"ValidateSecretKey.7", "the inverse of one prime modulo the other is wrong"},
      {"BlindBatch.1", "more than 1000 messages, or more than 16777216 bytes of them"},
      {"BlindBatch.2", "the same message twice"},
      {"BlindBatch.3", "a message could not be blinded"},
      {"BlindSignBatch.1", "the request is for another key"},
      {"BlindSignBatch.3", "a value cannot be signed"},
      {"FinalizeBatch.1", "the state belongs to another key"},
      {"FinalizeBatch.2", "the response answers another request"},
      {"FinalizeBatch.3", "the response has another width or number of values than the request"},
      {"FinalizeBatch.4", "the signer's answer is not a signature"},
      {"Verify.1", "the signature does not have the length of the key"},
      {"Verify.2", "the signature is zero or not below the modulus"},
      {"Verify.3", "the message has no hash"},
      {"Verify.5", "the signature shares a factor with the modulus"},
      {"Verify.6", "not the signature of this message under this key"},
      {"VerifyLink.1", "not signed by this admin"},
      {"VerifyLink.2", "what the admin signed is not a descriptor"},
      {"VerifyLink.4", "the windows are out of order"},
      {"VerifyLink.5", "the epoch's key is not fit to be relied on"},
      {"VerifyLink.6",
       "the key certificate does not hold: blinding under this key could be seen through"},
      {"Extend.1", "it contradicts what the same admin has signed before"},
      {"Extend.3", "a descriptor in between is missing, or it is older than what is known"},
      {"CheckFork.1", "the first part is not a descriptor of this admin"},
      {"CheckFork.2", "the second part is not a descriptor of this admin"},
      {"CheckFork.3", "the two descriptors do not contradict each other"},
      {"RequestTokens.1", "the epoch is not open for issue"},
      {"RequestTokens.2", "that lender is not in this epoch"},
      {"RequestTokens.3", "a request asks for 1 to 1000 tokens"},
      {"VerifyRequest.1", "too short for a request"},
      {"VerifyRequest.2", "not a request"},
      {"VerifyRequest.3", "not signed by the member that it names"},
      {"Debit.1", "the chain has been revoked"},
      {"Debit.2", "the request is for another key"},
      {"Debit.4", "the member is not enrolled"},
      {"Debit.5", "the epoch is not open for issue"},
      {"Debit.6", "a value of the request would not be signed"},
      {"Debit.7", "more than is left of the member's quota"},
      {"Issue.1", "the request has not been debited"},
      {"Issue.2", "a value could not be signed; nothing was released"},
      {"Accept.1", "not signed by the admin"},
      {"Accept.2", "what the admin signed is not a response"},
      {"Accept.3", "it answers none of this wallet's requests"},
      {"Accept.4", "another width or number of values than the request"},
      {"CheckMisissue.1", "the first part is not an epoch of this admin"},
      {"CheckMisissue.2", "the second part is not a signed request"},
      {"CheckMisissue.3", "the third part is not a response of this admin"},
      {"CheckMisissue.4", "the parts do not belong together"},
      {"MakeBorrow.1", "the token's spend key is not its own"},
      {"ParseBorrow.1", "not a borrow"},
      {"ParseBorrow.2", "not a borrow"},
      {"VerifyBorrow.1", "not a borrow"},
      {"VerifyBorrow.2", "the borrow is for another request"},
      {"VerifyBorrow.3", "the chain has been revoked, or no descriptor was joined"},
      {"VerifyBorrow.4", "the token is of no epoch that this lender knows"},
      {"VerifyBorrow.5", "the epoch's tokens cannot be spent now"},
      {"VerifyBorrow.6", "this lender is not in the token's epoch"},
      {"VerifyBorrow.7", "not signed with the token's spend key"},
      {"VerifyBorrow.8", "the token is not good here"},
      {"Claim.1", "the epoch is closed"},
      {"Settle.1", "no token is claimed with this id"},
      {"Release.1", "no token is claimed with this id"},
      {"Release.2", "the token has been refunded twice already"},
      {"CheckAttestation.1", "too short or too long for an attestation"},
      {"CheckAttestation.2", "not made with this key"},
      {"CheckAttestation.3", "not an attestation"},
      {"CheckAttestation.4", "from another instance or lender, or to another nonce"},
      {"CheckAttestation.5", "more than 300 s old, or from the future"},
      {"CheckAttestation.6", "so old that it may have been seen and forgotten"},
      {"CheckAttestation.7", "seen before"},
      {"CheckMisissue.5", "the response is what was asked for"},
  };
  const auto found = kSentences.find(step);
  return found == kSentences.end() ? "" : found->second;
}

}  // namespace

std::unexpected<Stop> Refused(Failure failure, std::string detail) {
  if (detail.empty()) detail = Sentence(failure.step);
  const std::string step(failure.step);
  const std::string line = "refused at " + step + (detail.empty() ? "" : ": " + detail);
  return std::unexpected(Stop{kExitRefused, line, step, detail});
}

std::string Count(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string Hex(View bytes) {
  std::string hex(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  hex.pop_back();
  return hex;
}

std::string TimeText(std::uint64_t time) {
  constexpr std::uint64_t kYear10000 = 253'402'300'800;
  if (time >= kYear10000) return std::to_string(time) + " s after 1970";
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts;
  gmtime_r(&seconds, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts));
  return text;
}

}  // namespace blindlend
