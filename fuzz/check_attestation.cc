// Targets: CheckAttestation, Attest, HMAC, Prune
//
// The input is a sequence of what can happen to an asker, three bytes each: attestations, honest or not,
// checks of them as they are or changed, prunings, clocks that jump. Beside ref/'s cache there is a plain
// list of what has passed.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

constexpr std::uint64_t kMost = ~std::uint64_t{0};

Bytes Key() {
  return oracle::Named("attestation key");
}

Bytes InstanceOf(std::size_t number) {
  Bytes instance = oracle::Named(number == 0 ? "instance" : "another instance");
  instance.resize(16);
  return instance;
}

Bytes LenderOf(std::size_t number) {
  return oracle::Named(number == 0 ? "lender" : "library");
}

Bytes BigEndian(std::uint64_t value) {
  Bytes bytes(8);
  for (std::size_t i = 8; i-- > 0; value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
  return bytes;
}

Bytes Tagged(View key, View body) {
  return Join(
      {body, oracle::Tag(
                 key, Join({oracle::Prefixed(oracle::AsView("blindlend v1 attestation")), body}))});
}

class Asker {
 public:
  void Step(Arguments& arguments) {
    const std::uint8_t choice = arguments.Byte();
    const std::uint8_t a = arguments.Byte();
    const std::uint8_t b = arguments.Byte();
    switch (choice % 8) {
      case 0:
        return Ask(choice / 8U, now_ + Offset(a, b));
      case 1:
      case 2: {
        if (asked_.empty()) return;
        const Bytes& asked = asked_[a % asked_.size()];
        // The asker's own question, or always the same one.
        return CheckOne(Edited(asked, b), choice % 8 == 1 ? NonceOf(asked) : Bytes(16));
      }
      case 3:
        // The last second in which it could pass, and those about it.
        if (asked_.empty()) return;
        now_ = NumberAt(asked_[a % asked_.size()], 51, 8) + 299 + b % 3U;
        return CheckOne(asked_[a % asked_.size()], NonceOf(asked_[a % asked_.size()]));
      case 4:
        return PruneAll();
      case 5:
        now_ += Offset(a, b);
        return;
      case 6:
        now_ = std::array<std::uint64_t, 8>{
            0, 1, 299, 300, 301, 1ULL << 32, kMost - 300, kMost}[a % 8U];
        return;
      default: {
        const View key = arguments.Take(a);
        const View message = arguments.Take(b);
        Require(HMAC(key, message) == oracle::Tag(key, message), "HMAC is OpenSSL's");
      }
    }
  }

 private:
  // From -512 to 511; over the end it goes on at the beginning.
  static std::uint64_t Offset(std::uint8_t a, std::uint8_t b) {
    return (a * 256U + b) % 1024U - std::uint64_t{512};
  }

  void Ask(std::uint8_t shape, std::uint64_t issued_at) {
    const Bytes key = (shape & 16) != 0 ? oracle::Named("another key") : Key();
    const Bytes instance = InstanceOf(shape & 1), lender = LenderOf(shape / 2U & 1);
    const Bytes nonce(16, shape / 4U % 4U);
    const Bytes bytes = Tagged(
        key, Join({Bytes{1, 0x0f}, instance, lender, Bytes{1}, BigEndian(issued_at), nonce}));
    Attestation attestation{instance, lender, 1, issued_at, nonce};
    const auto made = Attest(key, attestation);
    Require(made && *made == bytes, "Attest makes the layout and its tag");
    attestation.nonce.pop_back();
    RequireStep(StepOf(Attest(key, attestation)), "Attest.1");
    asked_.push_back(bytes);
  }

  static Bytes NonceOf(const Bytes& asked) { return Bytes(asked.begin() + 59, asked.begin() + 75); }

  static Bytes Edited(const Bytes& bytes, std::uint8_t how) {
    if (how < 32) return bytes;
    Bytes edited = bytes;
    if (how < 64) {
      edited.resize(how * 4U - 20U);  // 108 to 232, and the one length that is right
      if (how == 32) edited.resize(75);
      if (how == 33) edited.resize(106);
      if (how == 34) edited.clear();
      return edited;
    }
    if (how < 139) {
      // Somebody who holds the key says something else.
      edited.resize(75);
      edited[how - 64U] ^= 1;
      return Tagged(Key(), edited);
    }
    edited[how - 139U < 107 ? how - 139U : 106U] ^= 128;
    return edited;
  }

  std::string_view ExpectedStep(const Bytes& bytes, const Bytes& nonce) const {
    if (bytes.size() != 107) return "CheckAttestation.1";
    const View body = View(bytes).first(75);
    if (Tagged(Key(), body) != bytes) return "CheckAttestation.2";
    if (!AttestationStep(body).empty()) return "CheckAttestation.3";
    if (!Equal(body.subspan(2, 16), InstanceOf(0)) || !Equal(body.subspan(18, 32), LenderOf(0)) ||
        !Equal(body.subspan(59, 16), nonce))
      return "CheckAttestation.4";
    const std::uint64_t issued_at = NumberAt(body, 51, 8);
    const std::uint64_t apart = issued_at < now_ ? now_ - issued_at : issued_at - now_;
    if (apart > 300) return "CheckAttestation.5";
    if (issued_at < forgotten_before_) return "CheckAttestation.6";
    // What passed and is forgotten has been refused by now.
    const bool is_seen = std::ranges::any_of(passed_, [&](const Bytes& each) {
      return NumberAt(each, 51, 8) >= forgotten_before_ &&
             Equal(View(each).subspan(59, 16), body.subspan(59));
    });
    return is_seen ? "CheckAttestation.7" : "";
  }

  void CheckOne(const Bytes& bytes, const Bytes& nonce) {
    const std::string_view expected = ExpectedStep(bytes, nonce);
    const auto checked =
        CheckAttestation(Key(), InstanceOf(0), LenderOf(0), nonce, now_, cache_, bytes);
    RequireStep(StepOf(checked), expected);
    if (checked) {
      const auto body = EncodeAttestation(*checked);
      Require(body && Equal(*body, View(bytes).first(75)), "the attestation is what was signed");
      // Property.NoReplay
      Require(std::ranges::find(passed_, bytes) == passed_.end(), "no attestation passes twice");
      passed_.push_back(bytes);
    }
    RequireCache();
  }

  void PruneAll() {
    Prune(cache_, now_);
    if (now_ > 300) forgotten_before_ = std::max(forgotten_before_, now_ - 300);
    RequireCache();
  }

  void RequireCache() const {
    Require(cache_.forgotten_before == forgotten_before_, "what is forgotten stays so");
    std::size_t count = 0;
    for (const Bytes& each : passed_) {
      const std::uint64_t issued_at = NumberAt(each, 51, 8);
      if (issued_at < forgotten_before_) continue;
      ++count;
      const auto at =
          cache_.seen.find(Join({View(each).subspan(2, 16), View(each).subspan(59, 16)}));
      Require(at != cache_.seen.end() && at->second == issued_at, "what has passed is remembered");
    }
    Require(cache_.seen.size() == count, "nothing else is remembered");
  }

  std::uint64_t now_ = 1000;
  std::uint64_t forgotten_before_ = 0;
  ReplayCache cache_;
  std::vector<Bytes> asked_;
  std::vector<Bytes> passed_;
};

void Check(View input) {
  // Long sequences say nothing that several short ones do not.
  Arguments arguments(input.first(std::min<std::size_t>(input.size(), 384)));
  Asker asker;
  for (std::size_t turn = 0; turn < (input.size() + 2) / 3 && turn < 32; ++turn)
    asker.Step(arguments);
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
