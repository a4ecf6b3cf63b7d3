// Flawed twins of CheckAttestation and Prune.
#include "tests/adversary/cheats/cheats.h"

namespace blindlend::test {

namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};

// CheckAttestation and Prune, with the window, and how long after a nonce was seen it is forgotten.
class CheckerTwin : public Checker {
 public:
  CheckerTwin(std::uint64_t window, std::uint64_t remembered)
      : window_(window), remembered_(remembered) {}

  bool Check(View key, View instance, View lender, std::uint64_t now, View bytes) override {
    std::erase_if(seen_, [&](const auto& each) {
      return now >= each.second && now - each.second >= remembered_;
    });
    ReplayCache empty;
    const auto parsed = ParseAttestation(bytes.first(std::min<std::size_t>(bytes.size(), 75)));
    if (!parsed) return false;
    // Everything but the time and the memory, by the shipped function.
    if (!CheckAttestation(key, instance, lender, parsed->nonce, parsed->issued_at, empty, bytes))
      return false;
    if (std::max(now, parsed->issued_at) - std::min(now, parsed->issued_at) > window_) return false;
    const Bytes question = Join({parsed->instance, parsed->nonce});
    if (seen_.contains(question)) return false;
    seen_[question] = now;
    return true;
  }

 private:
  std::uint64_t window_, remembered_;
  std::map<Bytes, std::uint64_t> seen_;
};

Cheat Checks(const std::string& name, const std::string& caught_by, std::uint64_t window,
             std::uint64_t remembered) {
  return {name, "CheckAttestation", {Part::kChecker}, caught_by, [=](const Bytes&) {
            Parties parties = Shipped();
            parties.open_checker = [=] {
              return std::make_unique<CheckerTwin>(window, remembered);
            };
            return parties;
          }};
}

}  // namespace

std::vector<Cheat> AttestingCheats() {
  return {
      Checks("attestation window of 301 s", "attestation: window", 301, kNever),
      Checks("attestation without replay cache", "attestation: replay", 300, 0),
      Checks("replay cache that forgets at 300 s", "attestation: span", 300, 300),
  };
}

}  // namespace blindlend::test
