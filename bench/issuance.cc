#include "bench/issuance.h"

#include "bench/issuance_fixture.h"
#include "bench/registration.h"

namespace blindlend::bench {

namespace {

constexpr std::string_view kCertificate = "blindlend v1 key certificate";

bool ProveKeyPeer(const Fixture& at, const Exchange&) {
  const EpochFixture& epoch = EpochAt(NumBits(at.pk.n));
  for (const Bytes& msg : epoch.challenges) {
    const auto rho = PeerFdh(at.peer_sk, kCertificate, msg);
    if (!rho || !PeerRawPrivate(at.peer_sk, *rho)) return false;
  }
  return true;
}

bool VerifyKeyProofPeer(const Fixture& at, const Exchange&) {
  const EpochFixture& epoch = EpochAt(NumBits(at.pk.n));
  for (std::size_t i = 0; i < epoch.roots.size(); ++i) {
    const auto rho = PeerFdh(at.peer_pk, kCertificate, epoch.challenges[i]);
    const auto power = PeerRawPublic(at.peer_pk, epoch.roots[i]);
    if (!rho || !power || *rho != *power) return false;
  }
  return true;
}

/// One operation on an issuance; false if it failed.
using OnIssuance = std::function<bool(const Fixture&, const EpochFixture&, const Issuance&)>;

// Registers "name/ref/count/bits". per_token: seconds for each token.
void RegisterCounted(const std::string& name, long bits, std::size_t count, OnIssuance operation) {
  benchmark::RegisterBenchmark(
      (name + "/ref/" + std::to_string(count) + "/" + std::to_string(bits)).c_str(),
      [bits, count, operation = std::move(operation)](benchmark::State& state) {
        const Fixture& at = At(bits);
        const EpochFixture& epoch = EpochAt(bits);
        const Issuance& one = IssuanceAt(bits, count);
        for (auto _ : state) {
          if (!operation(at, epoch, one)) {
            state.SkipWithError("the operation failed");
            return;
          }
        }
        using benchmark::Counter;
        state.counters["per_token"] = Counter(
            static_cast<double>(count), Counter::kIsIterationInvariantRate | Counter::kInvert);
      })
      ->Unit(benchmark::kMicrosecond);
}

bool RequestTokensRef(const Fixture&, const EpochFixture& epoch, const Issuance& one) {
  return RequestTokens(epoch.link, epoch.member_seed, epoch.lender, one.tokens.size(), kNow,
                       RandomBytes)
      .has_value();
}

bool DebitRef(const Fixture&, const EpochFixture& epoch, const Issuance& one) {
  return Debit({}, epoch.link, {epoch.member}, kNow, one.request).has_value();
}

bool IssueRef(const Fixture& at, const EpochFixture& epoch, const Issuance& one) {
  return Issue(at.sk, epoch.admin_seed, one.ledger, one.request, RandomBytes).has_value();
}

bool AcceptRef(const Fixture& at, const EpochFixture& epoch, const Issuance& one) {
  return Accept(at.pk, epoch.admin, one.requested.state, one.response).has_value();
}

}  // namespace

void RegisterIssuance(long bits) {
  Register("ProveKey/ref", bits, [](const Fixture& at, const Exchange&) {
    return ProveKey(at.sk, Ascii("readers"), RandomBytes).has_value();
  });
  Register("ProveKey/openssl", bits, ProveKeyPeer);
  Register("VerifyKeyProof/ref", bits, [bits](const Fixture& at, const Exchange&) {
    const Link& link = EpochAt(bits).link;
    return VerifyKeyProof(at.pk, link.group, link.epoch->roots).has_value();
  });
  Register("VerifyKeyProof/openssl", bits, VerifyKeyProofPeer);
  // By count at one length only: what a token costs depends on the length as BlindSign and Verify do.
  if (bits != 3072) return;
  Register("VerifyLink/ref", bits, [bits](const Fixture&, const Exchange&) {
    return VerifyLink(EpochAt(bits).admin, EpochAt(bits).sealed).has_value();
  });
  RegisterCounted("VerifyToken", bits, 1,
                  [](const Fixture& at, const EpochFixture& epoch, const Issuance& one) {
                    return VerifyToken(at.pk, epoch.lender, one.tokens[0]).has_value();
                  });
  for (const std::size_t count : {1UZ, 10UZ, 100UZ, 1000UZ}) {
    RegisterCounted("RequestTokens", bits, count, RequestTokensRef);
    RegisterCounted("VerifyRequest", bits, count,
                    [](const Fixture&, const EpochFixture&, const Issuance& one) {
                      return VerifyRequest(one.requested.sealed).has_value();
                    });
    RegisterCounted("Debit", bits, count, DebitRef);
    RegisterCounted("Accept", bits, count, AcceptRef);
    if (count < 1000) RegisterCounted("Issue", bits, count, IssueRef);
  }
}

}  // namespace blindlend::bench
