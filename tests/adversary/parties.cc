#include "tests/adversary/parties.h"

namespace blindlend::test {

namespace {

class MemoryChecker : public Checker {
 public:
  bool Check(View key, View instance, View lender, std::uint64_t now, View bytes) override {
    Prune(cache_, now);
    return CheckAttestation(key, instance, lender, NonceIn(bytes), now, cache_, bytes).has_value();
  }

 private:
  ReplayCache cache_;
};

}  // namespace

Bytes NonceIn(View attestation) {
  return attestation.size() < 75 ? Bytes(16)
                                 : Bytes(attestation.begin() + 59, attestation.begin() + 75);
}

Claimed MemoryBook::Claim(const Borrow& borrow, bool owner_lives, const ByteSource& source) {
  const std::lock_guard lock(mutex_);
  return blindlend::Claim(spent_, *TokenId(borrow.token), borrow.token.key_id, borrow.digest,
                          owner_lives, source)
      .value();
}

bool MemoryBook::Settle(const Borrow& borrow, View claim_id) {
  const std::lock_guard lock(mutex_);
  return blindlend::Settle(spent_, *TokenId(borrow.token), claim_id).has_value();
}

bool MemoryBook::Release(const Borrow& borrow, View claim_id) {
  const std::lock_guard lock(mutex_);
  return blindlend::Release(spent_, *TokenId(borrow.token), claim_id).has_value();
}

std::string MemoryBook::Contents() {
  std::string all;
  for (const auto& [id, entry] : spent_.entries) {
    for (const Bytes& part : {id, entry.key_id, entry.digest, entry.claim_id})
      all.append(part.begin(), part.end()).push_back('|');
    all += std::to_string(static_cast<int>(entry.state)) + std::to_string(entry.refunds) + "\n";
  }
  return all;
}

Parties Shipped() {
  return {
      .hash = [](const PublicKey& pk, View msg) { return FDH("blindlend v1 token", pk, msg); },
      .mint = MintToken,
      .blind = Blind,
      .finalize = Finalize,
      .again =
          [](const PublicKey& pk, View audience, const Sent&, const ByteSource& source) {
            // The serial that failed is burnt (spec 8): everything is fresh.
            const Minted minted = MintToken(*KeyId(pk), audience, source).value();
            return Sent{minted, Blind(pk, minted.msg, source).value()};
          },
      .verify = [](const PublicKey& pk, View msg,
                   View sig) { return Verify(pk, msg, sig).has_value(); },
      .verify_all =
          [](const PublicKey& pk, const std::vector<Bytes>& msgs, const std::vector<Bytes>& sigs) {
            for (std::size_t i = 0; i < msgs.size(); ++i)
              if (!Verify(pk, msgs[i], sigs[i])) return false;
            return true;
          },
      .open_book = [] { return std::make_unique<MemoryBook>(); },
      .sign = BlindSign,
      .open_checker = [] { return std::make_unique<MemoryChecker>(); },
  };
}

}  // namespace blindlend::test
