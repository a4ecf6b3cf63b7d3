#include "options.h"

#include <NTL/version.h>
#include <gmp.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace blindlend {

namespace {

std::string Version() {
  return std::string("blindlend " BLINDLEND_VERSION "\nNTL " NTL_VERSION "\nGMP ") + gmp_version +
         "\nlibsodium " + sodium_version_string() + "\nOpenSSL " +
         OpenSSL_version(OPENSSL_VERSION_STRING) + "\nSQLite " + sqlite3_libversion();
}

/// Puts options where they belong, always in the same words.
struct Options {
  Arguments& arguments;
  Command& command;

  CLI::App* Add(CLI::App& parent, const std::string& name, const std::string& description,
                Command runs) const {
    CLI::App* const added = parent.add_subcommand(name, description);
    Command& chosen = command;
    added->callback([&chosen, runs] { chosen = runs; });
    return added;
  }
  void File(CLI::App* to, const std::string& option, std::string& value,
            const std::string& description) const {
    to->add_option(option, value, description)->required()->type_name("FILE");
  }
  void Files(CLI::App* to, const std::string& option, std::vector<std::string>& values,
             const std::string& description) const {
    to->add_option(option, values, description)
        ->required()
        ->type_name("FILE")
        ->allow_extra_args(false);  // one file for each time the option is given
  }
  void Directory(CLI::App* to, const std::string& description) const {
    to->add_option("--dir", arguments.directory, description)->required()->type_name("DIR");
  }
  void Json(CLI::App* to) const {
    to->add_flag("--json", arguments.json, "Report on stdout as JSON");
  }
  void Force(CLI::App* to, const std::string& description) const {
    to->add_flag("--force", arguments.force, description);
  }
  void Seconds(CLI::App* to, const std::string& option, double& value,
               const std::string& description) const {
    to->add_option(option, value, description)
        ->check(CLI::Range(0.05, 86400.0))
        ->capture_default_str()
        ->type_name("SECONDS");
  }
  void Seed(CLI::App* to) const {
    to->add_option("--seed", arguments.seed, "Repeat the run with this number")
        ->check([](const std::string& text) {  // CLI11 by itself takes -1 for 2^64 - 1
          return !text.empty() && text.size() <= 18 &&
                         text.find_first_not_of("0123456789") == std::string::npos
                     ? std::string()
                     : "not a number of at most 18 digits: " + text;
        })
        ->type_name("NUMBER");
  }
  /// What all that serve have in common. other: whom they ask.
  void Serving(CLI::App* to, const std::string& other, double& idle_time) const {
    to->add_option("--listen", arguments.listen, "Where requests are accepted; port 0 takes any")
        ->required()
        ->type_name("ADDRESS:PORT");
    to->add_option("--max-body", arguments.max_body, "The largest body, such as 8MiB")
        ->transform(CLI::AsSizeValue(false))
        ->type_name("SIZE");
    to->add_option("--allow", arguments.targets,
                   "Let this through too, such as \"POST /v1/images\"; may be given several times")
        ->allow_extra_args(false)
        ->type_name("TARGET");
    to->add_option("--attestation-key", arguments.key,
                   "The group's attestation key: to answer with, or to check answers with")
        ->type_name("FILE");
    Seconds(to, "--head-time", arguments.head_time, "For the head of a request");
    Seconds(to, "--body-time", arguments.body_time, "For its body");
    Seconds(to, "--connect-time", arguments.connect_time, "For a connection to " + other);
    Seconds(to, "--idle-time", idle_time, "For a pause of " + other);
    Seconds(to, "--grace-time", arguments.grace_time, "For what is under way when told to stop");
  }
  /// How others are reached.
  void Reaching(CLI::App* to, const std::string& whose) const {
    to->add_option("--ca", arguments.ca_file,
                   "Certificates to check " + whose + " against, instead of the system's")
        ->type_name("FILE");
    to->add_option("--via", arguments.via,
                   "A SOCKS proxy that all connections go through, each with credentials of its "
                   "own, such as socks5h://127.0.0.1:9050")
        ->type_name("URL");
  }
  void Now(CLI::App* to) const {
    to->add_option("--now", arguments.now,
                   "Take this for the time, in seconds since 1970, instead of the clock; for tests")
        ->check([](const std::string& text) {  // CLI11 by itself takes -1 for 2^64 - 1
          std::uint64_t seconds = 0;
          const auto [end, error] =
              std::from_chars(text.data(), text.data() + text.size(), seconds);
          return error == std::errc{} && end == text.data() + text.size()
                     ? std::string()
                     : "not a number of seconds: " + text;
        })
        ->type_name("SECONDS");
  }
};

/// Seconds of a text such as 90s, 5m, 12h or 30d; nothing of any other.
std::optional<std::uint64_t> Seconds(const std::string& text) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || end + 1 != last || number > 1'000'000'000) return std::nullopt;
  switch (*end) {
    case 's':
      return number;
    case 'm':
      return number * 60;
    case 'h':
      return number * 60 * 60;
    case 'd':
      return number * 24 * 60 * 60;
    default:
      return std::nullopt;
  }
}

/// An option that is a time with its unit, no longer than ten years. least: in seconds.
template <class Number>
CLI::Option* Duration(CLI::App* to, const std::string& option, Number& seconds,
                      const std::string& description, std::uint64_t least) {
  return to
      ->add_option_function<std::string>(
          option,
          [&seconds](const std::string& text) {
            seconds = static_cast<Number>(Seconds(text).value());
          },
          description)
      ->check([least](const std::string& text) {
        constexpr std::uint64_t kMost = 3660ull * 24 * 60 * 60;
        const auto given = Seconds(text);
        if (!given) return "not a number and s, m, h or d: " + text;
        return *given < least || *given > kMost
                   ? "not from " + std::to_string(least) + "s to 3660d: " + text
                   : std::string();
      })
      ->type_name("TIME");
}

constexpr char kOverwrite[] = "Overwrite a secret that exists already";
constexpr char kAdminDirectory[] = "The admin's directory";
constexpr char kWalletDirectory[] = "The member's directory";
constexpr char kLenderDirectory[] = "The lender's directory";

void DeclareKeys(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  CLI::App* const key = app.add_subcommand("key", "Make and look at keys");
  key->require_subcommand(1);

  CLI::App* const generate = options.Add(*key, "generate", "Make a key pair", KeyGenerate);
  generate->add_option("--bits", arguments.bits, "Length of the modulus")
      ->check(CLI::IsMember({2048, 3072, 4096}))
      ->capture_default_str();
  options.File(generate, "--secret", arguments.secret, "Where the secret key goes");
  options.File(generate, "--public", arguments.public_key, "Where the public key goes");
  options.Force(generate, kOverwrite);
  options.Json(generate);

  CLI::App* const show = options.Add(*key, "show", "Length, id and fingerprint of a key", KeyShow);
  options.File(show, "key", arguments.key, "A public or secret key");
  options.Json(show);

  CLI::App* const to_pem =
      options.Add(*key, "export", "A public key as other programs read it (SPKI, PEM)", KeyExport);
  options.File(to_pem, "key", arguments.key, "A public or secret key");
  to_pem->add_option("--out", arguments.out, "Write there, not to stdout")->type_name("FILE");

  CLI::App* const blind = options.Add(app, "blind", "Hide messages from the signer", BlindFiles);
  options.File(blind, "--key", arguments.key, "The signer's public key");
  options.Files(blind, "--message", arguments.messages, "A message; may be given up to 1000 times");
  options.File(blind, "--request", arguments.request, "Where the request for the signer goes");
  options.File(blind, "--state", arguments.state, "Where the secret state for finalize goes");
  options.Force(blind, kOverwrite);
  options.Json(blind);

  CLI::App* const sign =
      options.Add(app, "sign", "Sign a request without seeing its messages", SignFile);
  options.File(sign, "--key", arguments.key, "The secret key");
  options.File(sign, "--request", arguments.request, "The request");
  options.File(sign, "--response", arguments.response, "Where the response goes");
  options.Json(sign);

  CLI::App* const finalize =
      options.Add(app, "finalize", "Turn a response into verified signatures", FinalizeFiles);
  options.File(finalize, "--key", arguments.key, "The signer's public key");
  options.File(finalize, "--state", arguments.state, "The state that blind made");
  options.File(finalize, "--response", arguments.response, "The signer's response");
  options.Files(finalize, "--signature", arguments.signatures,
                "Where a signature goes: one for each message, in their order");
  options.Json(finalize);

  CLI::App* const verify = options.Add(app, "verify", "Verify a signature", VerifyFiles);
  options.File(verify, "--key", arguments.key, "The signer's public key");
  options.File(verify, "--message", arguments.message, "The message");
  options.File(verify, "--signature", arguments.signature, "The signature");
  options.Json(verify);
}

void DeclareVectors(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  CLI::App* const vectors = app.add_subcommand("vectors", "Make and run the known answers");
  vectors->require_subcommand(1);
  CLI::App* const make =
      options.Add(*vectors, "generate", "Make every vector file anew", VectorsGenerate);
  CLI::App* const check = options.Add(
      *vectors, "check", "Run the vector files against this implementation", VectorsCheck);
  for (CLI::App* const each : {make, check}) {
    each->add_option("directory", arguments.directory, "Where the files are")
        ->required()
        ->type_name("DIR");
    options.Json(each);
  }
}

void DeclareAdmin(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  CLI::App* const admin = app.add_subcommand("admin", "Run a group: members, epochs, tokens");
  admin->require_subcommand(1);

  CLI::App* const init = options.Add(*admin, "init", "Begin a group", AdminInit);
  options.Directory(init, "Where the admin's database goes");
  init->add_option("--group", arguments.group, "The group's name")->required()->type_name("NAME");
  init->add_option("--bits", arguments.bits, "Length of the epochs' keys")
      ->check(CLI::IsMember({2048, 3072, 4096}))
      ->capture_default_str();
  options.File(init, "--out", arguments.out, "Where the admin's identity key goes");

  CLI::App* const enroll = options.Add(*admin, "enroll", "Take a member in", AdminEnroll);
  options.Directory(enroll, kAdminDirectory);
  options.File(enroll, "member", arguments.identity, "The member's identity key");
  enroll->add_option("--name", arguments.name, "What the admin calls the member")
      ->type_name("TEXT");

  CLI::App* const remove =
      options.Add(*admin, "remove", "Give a member no more tokens", AdminRemove);
  options.Directory(remove, kAdminDirectory);
  remove
      ->add_option("member", arguments.who, "The member's identity key, its name or its key in hex")
      ->required()
      ->type_name("FILE|NAME|HEX");

  CLI::App* const epoch =
      options.Add(*admin, "epoch", "Begin a new epoch, with a fresh key", AdminEpoch);
  options.Directory(epoch, kAdminDirectory);
  epoch->add_option("--quota", arguments.quota, "Tokens that each member can have")
      ->required()
      ->check(CLI::Range(1u, 4294967295u))
      ->type_name("COUNT");
  epoch->add_option("--days", arguments.days, "How long the epoch lasts")
      ->required()
      ->check(CLI::Range(1, 3660))
      ->type_name("DAYS");
  epoch
      ->add_option("--issue-days", arguments.issue_days,
                   "How long tokens are issued; spending begins then")
      ->check(CLI::Range(1, 3660))
      ->type_name("DAYS");
  options.Files(epoch, "--lender", arguments.lenders,
                "A lender's identity key; may be given up to 256 times");
  options.File(epoch, "--out", arguments.out, "Where the epoch descriptor goes");
  options.Now(epoch);

  CLI::App* const revoke = options.Add(
      *admin, "revoke", "End the chain: the key or the identity is stolen", AdminRevoke);
  options.Directory(revoke, kAdminDirectory);
  options.File(revoke, "--out", arguments.out, "Where the revocation goes");

  CLI::App* const descriptor =
      options.Add(*admin, "descriptor", "Write a descriptor out once more", AdminDescriptor);
  options.Directory(descriptor, kAdminDirectory);
  descriptor->add_option("--number", arguments.number, "Which one; without it, the newest")
      ->type_name("NUMBER");
  options.File(descriptor, "--out", arguments.out, "Where the descriptor goes");

  CLI::App* const issue = options.Add(*admin, "issue", "Debit a request and sign it", AdminIssue);
  options.Directory(issue, kAdminDirectory);
  options.File(issue, "request", arguments.request, "The member's request");
  options.File(issue, "--out", arguments.out, "Where the response goes");
  options.Now(issue);

  CLI::App* const status =
      options.Add(*admin, "status", "Epochs, members and what they have obtained", AdminStatus);
  options.Directory(status, kAdminDirectory);

  CLI::App* const serve =
      options.Add(*admin, "serve", "Answer members' requests over HTTP", AdminServe);
  options.Directory(serve, kAdminDirectory);
  serve->add_option("--listen", arguments.listen, "Where requests are accepted; port 0 takes any")
      ->required()
      ->type_name("ADDRESS:PORT");
  serve->add_option("--tls-cert", arguments.tls_certificate, "Certificate chain for members")
      ->type_name("FILE");
  serve->add_option("--tls-key", arguments.tls_key, "Its key")->type_name("FILE");
  serve->add_option("--rate", arguments.rate, "Requests for tokens in a minute, of all together")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  options.Seconds(serve, "--head-time", arguments.head_time, "For the head of a request");
  options.Seconds(serve, "--body-time", arguments.body_time, "For its body");
  options.Seconds(serve, "--grace-time", arguments.grace_time,
                  "For what is under way when told to stop");
  options.Now(serve);
  for (CLI::App* const each :
       {init, enroll, remove, epoch, revoke, descriptor, issue, status, serve})
    options.Json(each);
}

void DeclareMember(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  CLI::App* const member = app.add_subcommand("member", "Obtain tokens");
  member->require_subcommand(1);

  CLI::App* const init = options.Add(*member, "init", "Make a wallet", MemberInit);
  options.Directory(init, "Where the wallet goes");
  options.File(init, "--out", arguments.out, "Where the member's identity key goes");

  CLI::App* const join =
      options.Add(*member, "join", "Verify a descriptor and follow its chain", MemberJoin);
  options.Directory(join, kWalletDirectory);
  options.File(join, "descriptor", arguments.descriptor, "An epoch or a revocation");
  options.File(join, "--admin", arguments.admin, "The admin's identity key");

  CLI::App* const request = options.Add(*member, "request", "Ask for tokens", MemberRequest);
  options.Directory(request, kWalletDirectory);
  options.File(request, "--lender", arguments.lender,
               "The identity key of the lender where they are to be spent");
  request->add_option("--count", arguments.count, "How many")
      ->required()
      ->check(CLI::Range(1, 1000))
      ->type_name("COUNT");
  options.File(request, "--out", arguments.out, "Where the request for the admin goes");
  options.Force(request, "Ask also for more than the quota leaves");
  options.Now(request);

  CLI::App* const resend =
      options.Add(*member, "resend", "Write an open request out once more", MemberResend);
  options.Directory(resend, kWalletDirectory);
  resend->add_option("--id", arguments.id, "Which one, as balance shows it")->type_name("HEX");
  options.File(resend, "--out", arguments.out, "Where the request for the admin goes");

  CLI::App* const accept =
      options.Add(*member, "accept", "Take the tokens out of a response", MemberAccept);
  options.Directory(accept, kWalletDirectory);
  options.File(accept, "response", arguments.response, "The admin's response");
  options.Now(accept);

  CLI::App* const cancel =
      options.Add(*member, "cancel", "Give up a request for good", MemberCancel);
  options.Directory(cancel, kWalletDirectory);
  options.File(cancel, "request", arguments.request, "The request");

  CLI::App* const expire =
      options.Add(*member, "expire", "Erase the tokens of epochs that are over", MemberExpire);
  options.Directory(expire, kWalletDirectory);
  options.Now(expire);

  CLI::App* const spend =
      options.Add(*member, "spend", "Reserve a token for one request", MemberSpend);
  options.Directory(spend, kWalletDirectory);
  options.File(spend, "--request", arguments.request, "The request that is to be relayed");
  spend
      ->add_option(
          "--lender", arguments.lender,
          "The identity key of the lender where; without it, any for which there is a token")
      ->type_name("FILE");
  options.File(spend, "--out", arguments.out, "Where the borrow for the lender goes");
  Duration(spend, "--min-age", arguments.min_age,
           "Warn if tokens were obtained less than this ago: the clock could join the two", 0)
      ->default_str("24h");
  options.Now(spend);

  CLI::App* const outcome =
      options.Add(*member, "outcome", "Say what became of a borrow", MemberOutcome);
  options.Directory(outcome, kWalletDirectory);
  options.File(outcome, "borrow", arguments.borrow, "The borrow");
  outcome->add_flag("--served", arguments.served, "The reply has come; the token is erased");
  outcome->add_flag("--released", arguments.released,
                    "The lender has released it; the token is held again");

  CLI::App* const proxy = options.Add(
      *member, "proxy", "Let tools on this machine borrow by their base URL", MemberProxy);
  options.Directory(proxy, kWalletDirectory);
  proxy
      ->add_option(
          "--lender", arguments.lenders,
          "Where a lender serves, and the file of its identity key, so that nobody else can "
          "answer there with another; several are asked in this order")
      ->required()
      ->allow_extra_args(false)
      ->type_name("URL[=LENDER.pub]");
  options.Reaching(proxy, "the lenders'");
  Duration(proxy, "--min-age", arguments.min_age,
           "Warn once tokens are spent that were obtained less than this ago", 0)
      ->default_str("24h");
  proxy->add_flag("--anywhere", arguments.anywhere, "Also listen where others can reach it");
  options.Serving(proxy, "a lender", arguments.lender_time);
  options.Now(proxy);

  CLI::App* const fetch =
      options.Add(*member, "fetch", "Obtain tokens from an admin who serves", MemberFetch);
  options.Directory(fetch, kWalletDirectory);
  fetch->add_option("--admin", arguments.upstream, "Where the admin serves")
      ->required()
      ->type_name("URL");
  options.File(fetch, "--key", arguments.admin, "The admin's identity key");
  options.File(fetch, "--lender", arguments.lender,
               "The identity key of the lender where they will be spent");
  fetch->add_option("--count", arguments.count, "How many, the same for every member")
      ->required()
      ->check(CLI::Range(1, 1000));
  fetch
      ->add_option("--every", arguments.every,
                   "Again and again, whenever the time is a multiple of this")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32))
      ->type_name("SECONDS");
  options.Reaching(fetch, "the admin's");
  options.Seconds(fetch, "--time", arguments.body_time, "For each answer");
  options.Force(fetch, "Ask for more than the quota leaves");
  options.Now(fetch);

  CLI::App* const pending = options.Add(
      *member, "pending", "The tokens whose requests' fate is not known", MemberPending);
  options.Directory(pending, kWalletDirectory);
  CLI::App* const reclaim =
      options.Add(*member, "reclaim", "Hold those tokens again", MemberReclaim);
  options.Directory(reclaim, kWalletDirectory);

  CLI::App* const status = options.Add(*member, "status", "The same as balance", MemberBalance);
  options.Directory(status, kWalletDirectory);
  options.Now(status);

  CLI::App* const balance = options.Add(*member, "balance", "What the wallet holds", MemberBalance);
  options.Directory(balance, kWalletDirectory);
  options.Now(balance);
  for (CLI::App* const each : {init, join, request, resend, accept, cancel, expire, spend, outcome,
                               balance, proxy, pending, reclaim, status, fetch})
    options.Json(each);
}

void DeclareLender(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  CLI::App* const lender = app.add_subcommand("lender", "Lend capacity");
  lender->require_subcommand(1);
  CLI::App* const init = options.Add(*lender, "init", "Make a lender's identity", LenderInit);
  options.Directory(init, "Where the lender's database goes");
  options.File(init, "--out", arguments.out, "Where the lender's identity key goes");
  CLI::App* const join =
      options.Add(*lender, "join", "Verify a descriptor and follow its chain", LenderJoin);
  options.Directory(join, kLenderDirectory);
  options.File(join, "descriptor", arguments.descriptor, "An epoch or a revocation");

  options.File(join, "--admin", arguments.admin, "The admin's identity key");

  CLI::App* const redeem =
      options.Add(*lender, "redeem", "Verify a borrow and claim its token", LenderRedeem);
  options.Directory(redeem, kLenderDirectory);
  options.File(redeem, "borrow", arguments.borrow, "The borrow");
  options.File(redeem, "--request", arguments.request, "The request that it came with");
  redeem->add_flag("--resume", arguments.resume,
                   "The attempt that holds the claim has certainly ended: take it over");
  options.Now(redeem);

  CLI::App* const settle =
      options.Add(*lender, "settle", "The request of a claim has been served", LenderSettle);
  CLI::App* const release =
      options.Add(*lender, "release", "Upstream has consumed nothing for a claim", LenderRelease);
  for (CLI::App* const each : {settle, release}) {
    options.Directory(each, kLenderDirectory);
    each->add_option("--claim", arguments.claim, "The claim that redeem has printed")
        ->required()
        ->type_name("HEX");
  }

  CLI::App* const serve =
      options.Add(*lender, "serve", "Relay requests that come with a token", LenderServe);
  options.Directory(serve, kLenderDirectory);
  serve->add_option("--upstream", arguments.upstream, "The API that is lent")
      ->required()
      ->type_name("URL");
  options.File(serve, "--credential-file", arguments.credential,
               "One header line for upstream, such as x-api-key: SECRET; mode 0600");
  serve
      ->add_option("--upstream-ca", arguments.ca_file,
                   "Certificates to check upstream's against, instead of the system's")
      ->type_name("FILE");
  serve->add_option("--tls-cert", arguments.tls_certificate, "Certificate chain for members")
      ->type_name("FILE");
  serve->add_option("--tls-key", arguments.tls_key, "Its key")->type_name("FILE");
  serve->add_option("--max-inflight", arguments.max_inflight, "Requests at once")
      ->check(CLI::Range(1, 4000))
      ->capture_default_str();
  serve
      ->add_option("--unbilled", arguments.unbilled,
                   "A status from 500 that upstream does not bill; may be given several times")
      ->check(CLI::Range(500, 599))
      ->allow_extra_args(false)
      ->type_name("STATUS");
  serve
      ->add_option("--compact-every", arguments.every,
                   "Rewrite the database that often, so that it shows no order")
      ->check(CLI::Range(1, 1 << 30))
      ->default_str("600")
      ->type_name("SECONDS");
  options.Serving(serve, "upstream", arguments.idle_time);
  options.Now(serve);

  CLI::App* const close =
      options.Add(*lender, "close", "Close the epochs that are over, for good", LenderClose);
  options.Directory(close, kLenderDirectory);
  options.Now(close);
  CLI::App* const status = options.Add(*lender, "status", "Counts by epoch", LenderStatus);
  options.Directory(status, kLenderDirectory);
  CLI::App* const audit =
      options.Add(*lender, "audit", "Verify chain, spent-set and database", LenderAudit);
  options.Directory(audit, kLenderDirectory);
  CLI::App* const compact = options.Add(
      *lender, "compact", "Rewrite the database so that it shows no order", LenderCompact);
  options.Directory(compact, kLenderDirectory);
  for (CLI::App* const each : {redeem, settle, release, serve, close, audit, compact})
    each->add_flag("--accept-older", arguments.accept_older,
                   "Go on with a database that is older than its mark");
  for (CLI::App* const each :
       {init, join, redeem, settle, release, serve, close, status, audit, compact})
    options.Json(each);
}

void DeclareAttest(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  CLI::App* const attest = app.add_subcommand("attest", "What a lender claims about itself");
  attest->require_subcommand(1);

  CLI::App* const keygen = options.Add(*attest, "keygen", "Make the group's key", AttestKeygen);
  options.File(keygen, "--out", arguments.out, "Where the key goes");
  options.Force(keygen, kOverwrite);

  CLI::App* const make =
      options.Add(*attest, "make", "Claim a live session, for one question", AttestMake);
  options.Directory(make, kLenderDirectory);
  make->add_option("--nonce", arguments.nonce, "The asker's question")
      ->required()
      ->type_name("HEX");
  options.File(make, "--out", arguments.out, "Where the attestation goes");
  options.Now(make);

  CLI::App* const check = options.Add(*attest, "check", "Whether it holds, once", AttestCheck);
  options.File(check, "attestation", arguments.attestation, "The attestation");
  options.File(check, "--lender", arguments.lender, "The identity key of the lender expected");
  check
      ->add_option("--instance", arguments.instance, "The instance expected, as lender status says")
      ->required()
      ->type_name("HEX");
  check->add_option("--nonce", arguments.nonce, "The question that was asked")
      ->required()
      ->type_name("HEX");
  options.File(check, "--cache", arguments.cache, "Where what was seen is remembered");
  options.Now(check);
  for (CLI::App* const each : {make, check})
    options.File(each, "--key", arguments.key, "The group's attestation key");
  for (CLI::App* const each : {keygen, make, check}) options.Json(each);
}

void DeclareOthers(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  CLI::App* const epoch = app.add_subcommand("epoch", "Look at descriptors");
  epoch->require_subcommand(1);
  CLI::App* const show = options.Add(*epoch, "show", "What a descriptor says", EpochShow);
  CLI::App* const verify =
      options.Add(*epoch, "verify", "Whether a descriptor holds by itself", EpochVerify);
  for (CLI::App* const each : {show, verify})
    options.File(each, "descriptor", arguments.descriptor, "An epoch or a revocation");

  CLI::App* const evidence = app.add_subcommand("evidence", "Look at evidence against an admin");
  evidence->require_subcommand(1);
  CLI::App* const check =
      options.Add(*evidence, "check", "Whether it convicts the admin", EvidenceCheck);
  options.File(check, "evidence", arguments.evidence, "What a wallet or a lender has kept");
  for (CLI::App* const each : {verify, check})
    options.File(each, "--admin", arguments.admin, "The admin's identity key");
  CLI::App* const doctor =
      options.Add(app, "doctor", "What is wrong with a directory, or around it", Doctor);
  options.Directory(doctor, "The member's or the lender's directory");
  doctor->add_option("--lender", arguments.lenders, "Where a lender serves")
      ->allow_extra_args(false)
      ->type_name("URL");
  doctor->add_option("--admin", arguments.upstream, "Where the admin serves")->type_name("URL");
  options.Reaching(doctor, "theirs");
  options.Now(doctor);
  for (CLI::App* const each : {show, verify, check, doctor}) options.Json(each);
}

void DeclareSimulate(CLI::App& app, const Options& options) {
  Arguments& arguments = options.arguments;
  simulate::Setting& setting = arguments.setting;
  CLI::App* const run =
      options.Add(app, "simulate",
                  "What the clock tells about who spent a token, in a simulated group", Simulate);
  const auto count = [run](const std::string& option, std::size_t& value,
                           const std::string& description, std::size_t least, std::size_t most) {
    run->add_option(option, value, description)
        ->check(CLI::Range(least, most))
        ->type_name("COUNT")
        ->capture_default_str();
  };
  count("--members", setting.members, "Members of the group", 2, simulate::kMaxMembers);
  count("--tokens", setting.tokens, "Tokens of each member in an epoch", 1, 1000);
  CLI::Option* const batch =
      run->add_option("--batch", setting.batch,
                      "Tokens obtained at a time; without it, 10, or all if they are fewer")
          ->check(CLI::Range(1, 1000))
          ->type_name("COUNT");
  count("--lenders", setting.lenders,
        "Lenders; each member keeps to one, and the observer knows to which", 1,
        simulate::kMaxMembers);
  Duration(run, "--epoch", setting.epoch, "How long an epoch lasts", 1)->default_str("30d");
  CLI::Option* const issue = Duration(
      run, "--issue", setting.issue,
      "How long tokens are issued, with spending after that; without it, both for the whole "
      "epoch",
      1);
  Duration(run, "--delay", setting.delay, "Mean time from when a token can be spent until it is", 1)
      ->default_str("3d");
  Duration(run, "--wait", setting.wait, "Least time between obtaining and spending", 0)
      ->default_str("0s");
  run->add_option_function<std::string>(
         "--obtain", [&setting](const std::string& text) { setting.fixed_times = text == "fixed"; },
         "Each member at times of its own, or all at the same fixed times")
      ->check(CLI::IsMember({"own", "fixed"}))
      ->default_str("own");
  run->add_option_function<std::string>(
         "--sizes", [&setting](const std::string& text) { setting.mixed_sizes = text == "mixed"; },
         "All batches alike, or of a size that each member has for itself")
      ->check(CLI::IsMember({"equal", "mixed"}))
      ->default_str("equal");
  run->add_option("--hasty", setting.hasty,
                  "Share of the tokens that are spent in haste; the posterior is then sampled")
      ->check(CLI::Range(0.0, 0.99))
      ->type_name("SHARE")
      ->capture_default_str();
  Duration(run, "--haste", setting.haste, "Mean time until a hasty token is spent", 1)
      ->default_str("15m");
  run->add_option("--runs", arguments.runs, "Epochs to simulate; without it, 20, or 4 if sampled")
      ->check(CLI::Range(1, 10'000))
      ->type_name("COUNT");
  count("--sweeps", arguments.sweeps, "Length of each of the two chains that sample", 10,
        1'000'000);
  options.Seed(run);
  run->add_option("--svg", arguments.svg, "Draw the curves there")->type_name("FILE");
  options.Json(run);
  run->callback([&options_command = options.command, &setting, issue, batch] {
    options_command = Simulate;
    if (issue->count() == 0) setting.issue = setting.epoch;
    if (batch->count() == 0) setting.batch = std::min(setting.batch, setting.tokens);
  });
}

void DeclareWalk(CLI::App& app, const Options& options) {
  CLI::App* const walk = options.Add(
      app, "walk", "One borrow from end to end, with all its values, as each party sees it", Walk);
  walk->add_option("--bits", options.arguments.bits, "Length of the epoch's key")
      ->check(CLI::IsMember({2048, 3072, 4096}))
      ->capture_default_str();
  options.Seed(walk);
  options.Json(walk);
}

}  // namespace

void Declare(CLI::App& app, Arguments& arguments, Command& command) {
  app.require_subcommand(1);
  app.set_version_flag("--version", Version);
  const Options options{arguments, command};
  DeclareAdmin(app, options);
  DeclareMember(app, options);
  DeclareLender(app, options);
  DeclareAttest(app, options);
  DeclareOthers(app, options);
  DeclareKeys(app, options);
  DeclareVectors(app, options);
  DeclareSimulate(app, options);
  DeclareWalk(app, options);
}

}  // namespace blindlend
