// The commands of spending and of attestations: member spend and outcome, lender, attest.
#include <sodium.h>

#include <algorithm>

#include "app/cli/common.h"
#include "app/cli/objects.h"
#include "app/http/lock.h"
#include "app/simulate/drawing.h"
#include "app/store/lender.h"
#include "app/store/refusal.h"
#include "app/store/replay.h"
#include "app/store/wallet.h"

namespace blindlend {

namespace {

using nlohmann::ordered_json;

/// Bytes that an option gives in hexadecimal. Stops with kExitUnusable unless it is exactly size bytes.
std::expected<Bytes, Stop> FromHex(const std::string& option, const std::string& hex,
                                   std::size_t size) {
  Bytes bytes(size);
  std::size_t length = 0;
  if (hex.size() != 2 * size ||
      sodium_hex2bin(bytes.data(), size, hex.data(), hex.size(), nullptr, &length, nullptr) != 0 ||
      length != size)
    return Unusable(option, "takes " + std::to_string(2 * size) + " hexadecimal digits");
  return bytes;
}

/// WriteMark behind something that is durable already, and must be reported.
void MarkOrWarn(Lender& lender) {
  if (const auto marked = lender.WriteMark(); !marked)
    Complain("warning: " + marked.error().line +
             "; until it can be, an older copy of the database is not noticed");
}

}  // namespace

std::expected<Report, Stop> MemberSpend(const Arguments& arguments) {
  // Whoever has the borrow and the request can be served in the member's place.
  const Target target{arguments.out, false, true};
  std::vector<std::string> inputs{arguments.request};
  if (!arguments.lender.empty()) inputs.push_back(arguments.lender);
  if (const auto targets = CheckOut(arguments, inputs); !targets)
    return std::unexpected(targets.error());
  const auto request = ReadFile(arguments.request, kRelayedFile);
  if (!request) return std::unexpected(request.error());
  std::optional<Bytes> audience;
  if (!arguments.lender.empty()) {
    const auto lender = LoadIdentity(arguments.lender, kLenderFile);
    if (!lender) return std::unexpected(lender.error());
    audience = *lender;
  }
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const std::uint64_t now = Now(arguments);
  const auto borrow = wallet->Spend(audience, *request, now, SystemRandom);
  if (!borrow) return std::unexpected(borrow.error());
  const auto written = WriteAll({{target, EncodeText(kBorrowFile.name, borrow->sealed)}}, false);
  if (!written) return std::unexpected(written.error());
  // Also where the clock has been set back.
  const bool is_early =
      now < borrow->obtained ? arguments.min_age > 0 : now - borrow->obtained < arguments.min_age;
  if (is_early)
    Complain("warning: tokens were obtained less than " +
             simulate::DurationText(static_cast<double>(arguments.min_age)) +
             " ago; whoever knows that can tell by the clock who spends now");
  return Report{"borrow" + std::string(borrow->is_new ? ": " : ", the same as before: ") +
                    target.path + " goes to the lender " + Hex(borrow->audience) +
                    " with the request\n",
                {{"out", target.path},
                 {"lender", Hex(borrow->audience)},
                 {"new", borrow->is_new},
                 {"early", is_early}}};
}

std::expected<Report, Stop> MemberOutcome(const Arguments& arguments) {
  if (arguments.served == arguments.released)
    return Unusable("member outcome", "takes either --served or --released");
  const auto borrow = LoadSealed(arguments.borrow, kBorrowFile);
  if (!borrow) return std::unexpected(borrow.error());
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  if (const auto ended = wallet->End(*borrow, arguments.served); !ended)
    return std::unexpected(ended.error());
  return Report{arguments.served ? "spent, and erased\n" : "held again\n",
                {{"state", arguments.served ? "spent" : "held"}}};
}

std::expected<Report, Stop> LenderRedeem(const Arguments& arguments) {
  const auto borrow = LoadSealed(arguments.borrow, kBorrowFile);
  if (!borrow) return std::unexpected(borrow.error());
  const auto request = ReadFile(arguments.request, kRelayedFile);
  if (!request) return std::unexpected(request.error());
  // A relay would not know that this claim is alive.
  const auto lock = DirectoryLock::Share(arguments.directory, "serving");
  if (!lock) return std::unexpected(lock.error());
  auto lender = Lender::Open(arguments.directory, arguments.accept_older);
  if (!lender) return std::unexpected(lender.error());
  const auto claimed =
      (*lender)->Redeem(*borrow, *request, Now(arguments), !arguments.resume, SystemRandom);
  if (!claimed) return std::unexpected(claimed.error());
  if (!claimed->claim_id.empty()) MarkOrWarn(**lender);

  const std::string name = VerdictName(claimed->verdict);
  Report report{name + "\n", {{"verdict", name}}, name};
  switch (claimed->verdict) {
    case Verdict::kFresh:
    case Verdict::kRetry:
      report.text += "claim " + Hex(claimed->claim_id) + "\n";
      report.json["claim"] = Hex(claimed->claim_id);
      break;
    case Verdict::kBusy:
      report.status = kExitLater;
      break;
    case Verdict::kServed:
    case Verdict::kDoubleSpend:
      report.status = kExitRefused;
      break;
  }
  return report;
}

namespace {

/// Settle or Release of the claim that the command line names.
std::expected<Report, Stop> EndClaim(const Arguments& arguments,
                                     std::expected<void, Stop> (Lender::*end)(View),
                                     const std::string& result) {
  const auto claim = FromHex("--claim", arguments.claim, 16);
  if (!claim) return std::unexpected(claim.error());
  auto lender = Lender::Open(arguments.directory, arguments.accept_older);
  if (!lender) return std::unexpected(lender.error());
  if (const auto ended = (**lender.*end)(*claim); !ended) return std::unexpected(ended.error());
  MarkOrWarn(**lender);
  return Report{result + "\n", {{"state", result}}};
}

}  // namespace

std::expected<Report, Stop> LenderSettle(const Arguments& arguments) {
  return EndClaim(arguments, &Lender::Settle, "served");
}

std::expected<Report, Stop> LenderRelease(const Arguments& arguments) {
  return EndClaim(arguments, &Lender::Release, "released");
}

std::expected<Report, Stop> LenderClose(const Arguments& arguments) {
  auto lender = Lender::Open(arguments.directory, arguments.accept_older);
  if (!lender) return std::unexpected(lender.error());
  const auto closed = (*lender)->CloseEpochs(Now(arguments));
  if (!closed) return std::unexpected(closed.error());
  if (!closed->empty()) MarkOrWarn(**lender);
  Report report{"", {{"closed", *closed}}};
  for (const std::uint32_t number : *closed)
    report.text += "epoch " + std::to_string(number) + " is closed, for good\n";
  if (closed->empty()) report.text = "no epoch is over\n";
  return report;
}

std::expected<Report, Stop> LenderStatus(const Arguments& arguments) {
  auto lender = Lender::Open(arguments.directory, true);
  if (!lender) return std::unexpected(lender.error());
  const auto counts = (*lender)->Count();
  if (!counts) return std::unexpected(counts.error());
  Report report{"lender       " + Hex((*lender)->key()) + "\ninstance     " +
                    Hex((*lender)->instance()) + "\n",
                {{"lender", Hex((*lender)->key())},
                 {"instance", Hex((*lender)->instance())},
                 {"epochs", ordered_json::array()}}};
  for (const SpentCount& each : *counts) {
    report.text += "epoch " + std::to_string(each.number) + ": " + std::to_string(each.claimed) +
                   " claimed, " + std::to_string(each.released) + " released, " +
                   std::to_string(each.served) + " served" + (each.closed ? ", closed" : "") + "\n";
    report.json["epochs"].push_back({{"number", each.number},
                                     {"claimed", each.claimed},
                                     {"released", each.released},
                                     {"served", each.served},
                                     {"closed", each.closed}});
  }
  return report;
}

std::expected<Report, Stop> LenderAudit(const Arguments& arguments) {
  auto lender = Lender::Open(arguments.directory, arguments.accept_older);
  if (!lender) return std::unexpected(lender.error());
  const auto problems = (*lender)->Audit();
  if (!problems) return std::unexpected(problems.error());
  Report report{"", {{"problems", *problems}}, "valid"};
  for (const std::string& problem : *problems) report.text += problem + "\n";
  if (problems->empty()) {
    report.text = "chain, spent-set and database hold\n";
  } else {
    report.result = "failed";
    report.status = kExitRefused;
  }
  return report;
}

std::expected<Report, Stop> LenderCompact(const Arguments& arguments) {
  auto lender = Lender::Open(arguments.directory, arguments.accept_older);
  if (!lender) return std::unexpected(lender.error());
  if (const auto compacted = (*lender)->Compact(); !compacted)
    return std::unexpected(compacted.error());
  return Report{"rewritten without order\n"};
}

std::expected<Report, Stop> AttestKeygen(const Arguments& arguments) {
  const Target target{arguments.out, true};
  if (const auto targets = CheckTargets({}, {target}, arguments.force); !targets)
    return std::unexpected(targets.error());
  Bytes key(32);
  SystemRandom(key);
  const auto written =
      WriteAll({{target, EncodeText(kAttestationKeyFile.name, EncodeAttestationKey(key).value())}},
               arguments.force);
  if (!written) return std::unexpected(written.error());
  return Report{target.path + " is for all of the group, and for nobody else\n",
                {{"out", target.path}}};
}

std::expected<Report, Stop> AttestMake(const Arguments& arguments) {
  const Target target{arguments.out};
  if (const auto targets = CheckOut(arguments, {arguments.key}); !targets)
    return std::unexpected(targets.error());
  const auto nonce = FromHex("--nonce", arguments.nonce, 16);
  if (!nonce) return std::unexpected(nonce.error());
  const auto key = LoadAttestationKey(arguments.key);
  if (!key) return std::unexpected(key.error());
  const auto lender = Lender::Open(arguments.directory, arguments.accept_older);
  if (!lender) return std::unexpected(lender.error());
  const std::uint64_t now = Now(arguments);
  const auto attestation = Attest(*key, {(*lender)->instance(), (*lender)->key(), 1, now, *nonce});
  if (!attestation) return Refused(attestation.error());
  const auto written = WriteAll({{target, EncodeText(kAttestationFile.name, *attestation)}}, false);
  if (!written) return std::unexpected(written.error());
  return Report{
      "instance " + Hex((*lender)->instance()) + " claims a live session at " + TimeText(now) +
          ": " + target.path + "\n",
      {{"instance", Hex((*lender)->instance())}, {"issued_at", now}, {"out", target.path}}};
}

std::expected<Report, Stop> AttestCheck(const Arguments& arguments) {
  const auto instance = FromHex("--instance", arguments.instance, 16);
  if (!instance) return std::unexpected(instance.error());
  const auto nonce = FromHex("--nonce", arguments.nonce, 16);
  if (!nonce) return std::unexpected(nonce.error());
  const auto key = LoadAttestationKey(arguments.key);
  if (!key) return std::unexpected(key.error());
  const auto lender = LoadIdentity(arguments.lender, kLenderFile);
  if (!lender) return std::unexpected(lender.error());
  const auto bytes = LoadSealed(arguments.attestation, kAttestationFile);
  if (!bytes) return std::unexpected(bytes.error());
  const auto attestation =
      CheckOnce(arguments.cache, *key, *instance, *lender, *nonce, Now(arguments), *bytes);
  if (!attestation) return std::unexpected(attestation.error());
  return Report{"valid: somebody with the group's key said at " + TimeText(attestation->issued_at) +
                    " that this instance holds a live session. That is a claim, not a proof.\n",
                {{"issued_at", attestation->issued_at}, {"nonce", Hex(attestation->nonce)}},
                "valid"};
}

}  // namespace blindlend
