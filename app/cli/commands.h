// What each command does, from files to files and to a report.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "app/simulate/simulation.h"
#include "app/store/files.h"

namespace blindlend {

/// What a command has to say on stdout when it has done its work.
struct Report {
  /// For people, lines with their LFs; and for programs. Neither holds a secret.
  std::string text;
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  /// How it went, in one word for programs: "done", "valid" or "failed".
  std::string result = "done";
  /// 0, or kExitRefused when vectors fail.
  int status = 0;
};

/// The default of member spend --min-age, in seconds. tests/simulate/ holds it against the
/// simulation: tokens so old are found no more often than in a group where nobody spends in haste.
constexpr std::uint64_t kMinAge = 24 * 60 * 60;

/// What the command line said; each command reads what it takes.
struct Arguments {
  long bits = 3072;
  std::string key, secret, public_key, out, request, response, state, message, signature, directory;
  std::vector<std::string> messages, signatures;
  bool force = false, json = false;
  bool resume = false, accept_older = false, served = false, released = false;
  // Of a group.
  std::string group, name, identity, who, admin, descriptor, lender, evidence, id, borrow, claim,
      instance, nonce, cache, attestation;
  std::vector<std::string> lenders;
  std::size_t count = 0;
  std::uint32_t quota = 0, days = 0;
  std::optional<std::uint32_t> issue_days, number;
  // Of serving. Times in seconds.
  std::string listen, upstream, credential, ca_file, tls_certificate, tls_key, via;
  std::vector<std::string> targets;
  std::vector<int> unbilled;
  std::uint64_t max_body = 8U << 20;
  std::size_t max_inflight = 50;
  bool anywhere = false;
  std::size_t rate = 60;
  std::uint64_t every = 0;
  double head_time = 10, body_time = 60, connect_time = 10, idle_time = 600, grace_time = 30;
  /// The proxy's idle_time: longer, so that the relay is the one who gives up.
  double lender_time = 660;
  /// Instead of the clock.
  std::optional<std::uint64_t> now;
  /// Seconds between obtaining and spending, below which spending warns.
  std::uint64_t min_age = kMinAge;
  // Of a simulation.
  simulate::Setting setting;
  std::size_t sweeps = 1000;
  std::optional<std::size_t> runs;
  std::optional<std::uint64_t> seed;
  std::string svg;
};

/// All of these stop with kExitUnusable for a file that cannot be read or written or is not of the
/// expected form, and with kExitRefused where an algorithm refuses. Then nothing has been written.
/// Every key is validated before it is used (spec 2-rsa, ValidatePublicKey and ValidateSecretKey).

/// A fresh key pair into the files secret and public_key. bits: 2048, 3072 or 4096.
std::expected<Report, Stop> KeyGenerate(const Arguments& arguments);

/// Length, id and fingerprint of the key, secret or public, in the file key.
std::expected<Report, Stop> KeyShow(const Arguments& arguments);

/// The public half of a key file as SPKI PEM, into the file out or onto stdout.
std::expected<Report, Stop> KeyExport(const Arguments& arguments);

/// BlindBatch over the files messages, into the files state and request.
std::expected<Report, Stop> BlindFiles(const Arguments& arguments);

/// BlindSignBatch over the file request, into the file response.
std::expected<Report, Stop> SignFile(const Arguments& arguments);

/// FinalizeBatch over the files state and response, into the files signatures.
std::expected<Report, Stop> FinalizeFiles(const Arguments& arguments);

/// Verify over the files message and signature.
std::expected<Report, Stop> VerifyFiles(const Arguments& arguments);

/// A group, by the stores in app/store/: each works on the directory of one of them.

/// The admin's database, and its identity key into the file out.
std::expected<Report, Stop> AdminInit(const Arguments& arguments);
/// The member in the file identity onto the roster.
std::expected<Report, Stop> AdminEnroll(const Arguments& arguments);
/// The member who, by name, key or file, off the roster.
std::expected<Report, Stop> AdminRemove(const Arguments& arguments);
/// A new epoch with a fresh key, its descriptor into the file out.
std::expected<Report, Stop> AdminEpoch(const Arguments& arguments);
/// The end of the chain, into the file out.
std::expected<Report, Stop> AdminRevoke(const Arguments& arguments);
/// The descriptor with a number, or the newest, into the file out once more.
std::expected<Report, Stop> AdminDescriptor(const Arguments& arguments);
/// The answer to the file request, debited first, into the file response.
std::expected<Report, Stop> AdminIssue(const Arguments& arguments);
/// Chain, members and what was debited to them.
std::expected<Report, Stop> AdminStatus(const Arguments& arguments);

/// A wallet, and the member's identity key into the file out.
std::expected<Report, Stop> MemberInit(const Arguments& arguments);
/// A descriptor, verified, to the end of the wallet's chain.
std::expected<Report, Stop> MemberJoin(const Arguments& arguments);
/// A request for tokens into the file out.
std::expected<Report, Stop> MemberRequest(const Arguments& arguments);
/// An open request once more into the file out.
std::expected<Report, Stop> MemberResend(const Arguments& arguments);
/// The tokens of the file response. Reports status kExitRefused if some were burnt.
std::expected<Report, Stop> MemberAccept(const Arguments& arguments);
/// Gives up the file request.
std::expected<Report, Stop> MemberCancel(const Arguments& arguments);
/// Burns what belongs to epochs that are over.
std::expected<Report, Stop> MemberExpire(const Arguments& arguments);
/// Tokens by state, open requests, what is left of the quota.
std::expected<Report, Stop> MemberBalance(const Arguments& arguments);

/// Serves issuance until it is told to stop.
std::expected<Report, Stop> AdminServe(const Arguments& arguments);
/// The chain and tokens from an admin that serves; with every, again and again.
std::expected<Report, Stop> MemberFetch(const Arguments& arguments);
/// Serves a local proxy until it is told to stop.
std::expected<Report, Stop> MemberProxy(const Arguments& arguments);
/// The tokens whose requests' fate is not known.
std::expected<Report, Stop> MemberPending(const Arguments& arguments);
/// Holds them again.
std::expected<Report, Stop> MemberReclaim(const Arguments& arguments);

/// A lender's database, and its identity key into the file out.
std::expected<Report, Stop> LenderInit(const Arguments& arguments);
/// A descriptor, verified, to the end of the lender's chain.
std::expected<Report, Stop> LenderJoin(const Arguments& arguments);

/// A token's borrow for the file request, into the file out.
std::expected<Report, Stop> MemberSpend(const Arguments& arguments);
/// What became of the file borrow.
std::expected<Report, Stop> MemberOutcome(const Arguments& arguments);
/// VerifyBorrow and Claim of the file borrow for the file request. Reports status kExitRefused when it is
/// served or a double spend, kExitLater when it is busy.
std::expected<Report, Stop> LenderRedeem(const Arguments& arguments);
/// The end of a claim: served, or nothing consumed.
std::expected<Report, Stop> LenderSettle(const Arguments& arguments);
std::expected<Report, Stop> LenderRelease(const Arguments& arguments);
/// Closes the epochs that are over, for good.
std::expected<Report, Stop> LenderClose(const Arguments& arguments);
/// Counts by epoch, and nothing else.
std::expected<Report, Stop> LenderStatus(const Arguments& arguments);
/// Verifies what the database holds. Reports status kExitRefused if something is wrong.
std::expected<Report, Stop> LenderAudit(const Arguments& arguments);
/// Serves a relay until it is told to stop.
std::expected<Report, Stop> LenderServe(const Arguments& arguments);
/// Rewrites the database so that it shows no order.
std::expected<Report, Stop> LenderCompact(const Arguments& arguments);

/// A fresh attestation key into the file out.
std::expected<Report, Stop> AttestKeygen(const Arguments& arguments);
/// The attestation of a lender's directory, into the file out.
std::expected<Report, Stop> AttestMake(const Arguments& arguments);
/// Whether the file attestation holds, once.
std::expected<Report, Stop> AttestCheck(const Arguments& arguments);

/// What is wrong with a member's or lender's directory, or around it. Reports status kExitRefused if
/// something is.
std::expected<Report, Stop> Doctor(const Arguments& arguments);
/// What a descriptor says, unverified.
std::expected<Report, Stop> EpochShow(const Arguments& arguments);
/// The same, verified by itself against the file admin.
std::expected<Report, Stop> EpochVerify(const Arguments& arguments);
/// Whether an evidence file convicts the admin in the file admin.
std::expected<Report, Stop> EvidenceCheck(const Arguments& arguments);

/// What an observer with both logs makes of a group's traffic; the picture into the file svg.
std::expected<Report, Stop> Simulate(const Arguments& arguments);

/// One borrow from end to end, with all its values, as each party sees it. By the seed: the same each time.
std::expected<Report, Stop> Walk(const Arguments& arguments);

/// Makes every vector file anew, in directory, which is made if it is missing.
std::expected<Report, Stop> VectorsGenerate(const Arguments& arguments);

/// Runs the vector files in directory against ref/.
std::expected<Report, Stop> VectorsCheck(const Arguments& arguments);

}  // namespace blindlend
