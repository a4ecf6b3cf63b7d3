// The commands of a group: admin, member, lender, epoch, evidence.
#include <sys/stat.h>

#include "app/cli/common.h"
#include "app/cli/objects.h"
#include "app/store/admin.h"
#include "app/store/lender.h"
#include "app/store/refusal.h"
#include "app/store/wallet.h"

namespace blindlend {

namespace {

using nlohmann::ordered_json;

std::string FingerprintOf(View admin, const Link& link) {
  const Bytes aloud = ChainFingerprint(admin, link).value();
  return std::string(aloud.begin(), aloud.end());
}

std::string Window(std::uint64_t from, std::uint64_t until) {
  return TimeText(from) + " until " + TimeText(until);
}

/// What a link says. admin: the key by which it holds, empty if none is known; then there is no
/// fingerprint, but an id.
Report DescribeLink(View admin, const Link& link) {
  const std::string group(link.group.begin(), link.group.end());
  Report report;
  report.text = "group        " + group + "\nnumber       " + std::to_string(link.number) + "\n";
  report.json = {{"kind", link.epoch ? "epoch" : "revocation"},
                 {"group", group},
                 {"number", link.number},
                 {"predecessor", Hex(link.predecessor)}};
  if (link.epoch) {
    const Epoch& epoch = *link.epoch;
    const Bytes key_id = KeyId(epoch.pk).value();
    report.text += "key          " + std::to_string(NumBits(epoch.pk.n)) + " bits, " + Hex(key_id) +
                   "\nissue        " + Window(epoch.issue_from, epoch.issue_until) +
                   "\nspend        " + Window(epoch.spend_from, epoch.spend_until) +
                   "\nquota        " + Count(epoch.quota, "token") + " for each member\n";
    report.json.update({{"key_id", Hex(key_id)},
                        {"bits", NumBits(epoch.pk.n)},
                        {"issue_from", epoch.issue_from},
                        {"issue_until", epoch.issue_until},
                        {"spend_from", epoch.spend_from},
                        {"spend_until", epoch.spend_until},
                        {"quota", epoch.quota},
                        {"lenders", ordered_json::array()}});
    for (const Bytes& lender : epoch.lenders) {
      report.text += "lender       " + Hex(lender) + "\n";
      report.json["lenders"].push_back(Hex(lender));
    }
  } else {
    report.text +=
        "revocation   the chain ends here: nothing is issued or spent under it any more\n";
  }
  const std::string name = admin.empty() ? "id" : "fingerprint";
  const std::string value = admin.empty() ? Hex(LinkId(link).value()) : FingerprintOf(admin, link);
  report.text += name + std::string(13 - name.size(), ' ') + value + "\n";
  report.json[name] = value;
  return report;
}

/// An identity's public key into a file, and the report about it.
std::expected<Report, Stop> WriteIdentity(const std::string& path, const Kind& kind, View key,
                                          bool made, const std::string& what) {
  if (const auto written = WriteAll({{{path}, IdentityText(kind, key)}}, false); !written)
    return std::unexpected(written.error());
  return Report{what + (made ? " made; " : " was there already; ") + path +
                    " is its identity key, for everybody\n",
                {{"key", Hex(key)}, {"out", path}, {"made", made}}};
}

std::expected<Report, Stop> WriteLink(const std::string& path, View admin, const SealedLink& link) {
  if (const auto written = WriteAll({{{path}, LinkText(link.sealed)}}, false); !written)
    return std::unexpected(written.error());
  Report report = DescribeLink(admin, link.link);
  report.json["out"] = path;
  return report;
}

/// What a member or a lender says about a link that it has taken.
Report DescribeJoined(View admin, const Joined& joined) {
  Report report = DescribeLink(admin, joined.link);
  report.text += joined.is_new ? "Compare the fingerprint with the others, aloud, before anything "
                                 "is spent: whoever has another one\nhas been given another key.\n"
                               : "It was known already.\n";
  report.json["new"] = joined.is_new;
  return report;
}

}  // namespace

std::expected<Report, Stop> AdminInit(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments); !targets) return std::unexpected(targets.error());
  bool made = false;
  const auto admin =
      Admin::Init(arguments.directory, arguments.group, arguments.bits, SystemRandom, made);
  if (!admin) return std::unexpected(admin.error());
  return WriteIdentity(arguments.out, kAdminFile, admin->key(), made, "the admin");
}

std::expected<Report, Stop> AdminEnroll(const Arguments& arguments) {
  const auto member = LoadIdentity(arguments.identity, kMemberFile);
  if (!member) return std::unexpected(member.error());
  auto admin = Admin::Open(arguments.directory);
  if (!admin) return std::unexpected(admin.error());
  if (const auto enrolled = admin->Enroll(*member, arguments.name); !enrolled)
    return std::unexpected(enrolled.error());
  return Report{
      "enrolled " + Hex(*member) + (arguments.name.empty() ? "" : " as " + arguments.name) + "\n",
      {{"key", Hex(*member)}, {"name", arguments.name}}};
}

std::expected<Report, Stop> AdminRemove(const Arguments& arguments) {
  std::string who = arguments.who;
  struct stat status;
  if (stat(who.c_str(), &status) == 0) {
    const auto member = LoadIdentity(who, kMemberFile);
    if (!member) return std::unexpected(member.error());
    who = Hex(*member);
  }
  auto admin = Admin::Open(arguments.directory);
  if (!admin) return std::unexpected(admin.error());
  const auto removed = admin->Remove(who);
  if (!removed) return std::unexpected(removed.error());
  return Report{"removed " + Hex(*removed) +
                    ": it obtains no more tokens; those that it holds stay good until their epoch "
                    "ends\n",
                {{"key", Hex(*removed)}}};
}

std::expected<Report, Stop> AdminEpoch(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments, arguments.lenders); !targets)
    return std::unexpected(targets.error());
  if (arguments.issue_days && *arguments.issue_days >= arguments.days)
    return Unusable("--issue-days", "must be fewer than --days, or nothing could be spent");
  EpochPlan plan{arguments.quota, arguments.days, arguments.issue_days, {}};
  for (const std::string& path : arguments.lenders) {
    const auto lender = LoadIdentity(path, kLenderFile);
    if (!lender) return std::unexpected(lender.error());
    plan.lenders.push_back(*lender);
  }
  auto admin = Admin::Open(arguments.directory);
  if (!admin) return std::unexpected(admin.error());
  const auto chain = admin->Chain();  // an ended one is told before the long work
  if (!chain) return std::unexpected(chain.error());
  if (!chain->empty() && !chain->back().link.epoch)
    return Unusable(arguments.directory, kChainEnded);
  const auto sk = FreshKey(admin->bits());
  if (!sk) return std::unexpected(sk.error());
  const auto link = admin->AddEpoch(plan, *sk, Now(arguments), SystemRandom);
  if (!link) return std::unexpected(link.error());
  auto report = WriteLink(arguments.out, admin->key(), *link);
  if (!report) return report;
  const Epoch& epoch = *link->link.epoch;
  if (!arguments.issue_days)
    report->text +=
        "Tokens of this epoch can be spent while they are still issued: whoever spends right after "
        "obtaining\ncan be found by the clock. --issue-days keeps the two apart.\n";
  if (!chain->empty() && chain->back().link.epoch->spend_until < epoch.spend_from)
    report->text += "Between " + TimeText(chain->back().link.epoch->spend_until) + " and " +
                    TimeText(epoch.spend_from) + " nothing can be spent.\n";
  return report;
}

std::expected<Report, Stop> AdminRevoke(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments); !targets) return std::unexpected(targets.error());
  auto admin = Admin::Open(arguments.directory);
  if (!admin) return std::unexpected(admin.error());
  const auto link = admin->Revoke();
  if (!link) return std::unexpected(link.error());
  return WriteLink(arguments.out, admin->key(), *link);
}

std::expected<Report, Stop> AdminDescriptor(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments); !targets) return std::unexpected(targets.error());
  auto admin = Admin::Open(arguments.directory);
  if (!admin) return std::unexpected(admin.error());
  const auto chain = admin->Chain();
  if (!chain) return std::unexpected(chain.error());
  if (chain->empty()) return Unusable(arguments.directory, "there is no epoch yet");
  const std::uint32_t number = arguments.number.value_or(chain->back().link.number);
  for (const SealedLink& link : *chain)
    if (link.link.number == number) return WriteLink(arguments.out, admin->key(), link);
  return Unusable(arguments.directory, "has no descriptor with number " + std::to_string(number));
}

std::expected<Report, Stop> AdminIssue(const Arguments& arguments) {
  const Target target{arguments.out};
  if (const auto targets = CheckOut(arguments, {arguments.request}); !targets)
    return std::unexpected(targets.error());
  const auto request = LoadSealed(arguments.request, kTokenRequestFile);
  if (!request) return std::unexpected(request.error());
  auto admin = Admin::Open(arguments.directory);
  if (!admin) return std::unexpected(admin.error());
  bool is_new = false;
  const auto response = [&] {
    Progress progress("signing value");
    return admin->Issue(*request, Now(arguments), progress.Source(), is_new);
  }();
  if (!response) return std::unexpected(response.error());
  const auto written = WriteAll({{target, EncodeText(kTokenResponseFile.name, *response)}}, false);
  if (!written) return std::unexpected(written.error());
  const std::size_t count = VerifyRequest(*request).value().batch.values.size();
  return Report{Count(count, "value") + " signed" +
                    (is_new ? " and debited: " : "; debited before: ") + target.path + "\n",
                {{"values", count}, {"debited", is_new}, {"out", target.path}}};
}

std::expected<Report, Stop> AdminStatus(const Arguments& arguments) {
  auto admin = Admin::Open(arguments.directory);
  if (!admin) return std::unexpected(admin.error());
  const auto chain = admin->Chain();
  if (!chain) return std::unexpected(chain.error());
  const auto members = admin->Members();
  if (!members) return std::unexpected(members.error());

  const std::string group(admin->group().begin(), admin->group().end());
  Report report;
  report.text = "group        " + group + "\nadmin        " + Hex(admin->key()) + "\n";
  report.json = {{"group", group},
                 {"admin", Hex(admin->key())},
                 {"epochs", ordered_json::array()},
                 {"members", ordered_json::array()}};
  for (const SealedLink& each : *chain) {
    report.json["epochs"].push_back(DescribeLink(admin->key(), each.link).json);
    report.text +=
        "number " + std::to_string(each.link.number) + "     " +
        (each.link.epoch
             ? "issue " + Window(each.link.epoch->issue_from, each.link.epoch->issue_until) +
                   ", quota " + std::to_string(each.link.epoch->quota)
             : "revocation") +
        "\n";
  }
  if (!chain->empty()) {
    report.text += "fingerprint  " + FingerprintOf(admin->key(), chain->back().link) + "\n";
    report.json["fingerprint"] = FingerprintOf(admin->key(), chain->back().link);
  }
  for (const MemberStatus& member : *members) {
    ordered_json used = ordered_json::array();
    std::string text;
    for (const auto& [number, count] : member.used) {
      used.push_back({{"number", number}, {"used", count}});
      text += ", " + std::to_string(count) + " in epoch " + std::to_string(number);
    }
    report.text += "member       " + Hex(member.key) +
                   (member.name.empty() ? "" : " " + member.name) +
                   (member.enrolled ? "" : " (removed)") +
                   (text.empty() ? ": nothing obtained" : ": " + text.substr(2)) + "\n";
    report.json["members"].push_back({{"key", Hex(member.key)},
                                      {"name", member.name},
                                      {"enrolled", member.enrolled},
                                      {"used", used}});
  }
  return report;
}

std::expected<Report, Stop> MemberInit(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments); !targets) return std::unexpected(targets.error());
  bool made = false;
  const auto wallet = Wallet::Init(arguments.directory, SystemRandom, made);
  if (!wallet) return std::unexpected(wallet.error());
  return WriteIdentity(arguments.out, kMemberFile, wallet->key(), made, "the wallet");
}

std::expected<Report, Stop> MemberJoin(const Arguments& arguments) {
  const auto admin = LoadIdentity(arguments.admin, kAdminFile);
  if (!admin) return std::unexpected(admin.error());
  const auto link = LoadLink(arguments.descriptor);
  if (!link) return std::unexpected(link.error());
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto joined = wallet->Join(*admin, link->sealed);
  if (!joined) return std::unexpected(joined.error());
  return DescribeJoined(*admin, *joined);
}

namespace {

/// A request into its file; then the wallet knows that it has left.
std::expected<Report, Stop> SendRequest(Wallet& wallet, const Outgoing& outgoing,
                                        const std::string& path) {
  const auto written =
      WriteAll({{{path}, EncodeText(kTokenRequestFile.name, outgoing.sealed)}}, false);
  if (!written) return std::unexpected(written.error());
  if (const auto sent = wallet.Sent(outgoing.hash); !sent) return std::unexpected(sent.error());
  const std::size_t count = VerifyRequest(outgoing.sealed).value().batch.values.size();
  return Report{"request for " + Count(count, "token") +
                    (outgoing.resent ? ", the same as before: " : ": ") + path +
                    " is for the admin\n",
                {{"request", Hex(outgoing.hash)},
                 {"tokens", count},
                 {"again", outgoing.resent},
                 {"out", path}}};
}

}  // namespace

std::expected<Report, Stop> MemberRequest(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments, {arguments.lender}); !targets)
    return std::unexpected(targets.error());
  const auto lender = LoadIdentity(arguments.lender, kLenderFile);
  if (!lender) return std::unexpected(lender.error());
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto outgoing = [&] {
    Progress progress("random draws:");
    return wallet->Request(*lender, arguments.count, arguments.force, Now(arguments),
                           progress.Source());
  }();
  if (!outgoing) return std::unexpected(outgoing.error());
  return SendRequest(*wallet, *outgoing, arguments.out);
}

std::expected<Report, Stop> MemberResend(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments); !targets) return std::unexpected(targets.error());
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto outgoing = wallet->Resend(arguments.id);
  if (!outgoing) return std::unexpected(outgoing.error());
  return SendRequest(*wallet, *outgoing, arguments.out);
}

std::expected<Report, Stop> MemberAccept(const Arguments& arguments) {
  const auto response = LoadSealed(arguments.response, kTokenResponseFile);
  if (!response) return std::unexpected(response.error());
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto accepted = wallet->Accept(*response, Now(arguments));
  if (!accepted) return std::unexpected(accepted.error());
  Report report{Count(accepted->held, "token") + " accepted\n",
                {{"held", accepted->held}, {"burnt", accepted->burnt}}};
  if (accepted->burnt > 0) {
    report.text +=
        Count(accepted->burnt, "token") +
        " burnt: the admin signed something else than was asked for (Accept.5); the proof "
        "of it is\n" +
        accepted->evidence + ", which anybody can check with: blindlend evidence check\n";
    report.json["step"] = "Accept.5";
    report.json["evidence"] = accepted->evidence;
    report.result = "burnt";
    report.status = kExitRefused;
  }
  return report;
}

std::expected<Report, Stop> MemberCancel(const Arguments& arguments) {
  const auto request = LoadSealed(arguments.request, kTokenRequestFile);
  if (!request) return std::unexpected(request.error());
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto burnt = wallet->Cancel(*request);
  if (!burnt) return std::unexpected(burnt.error());
  return Report{
      Count(*burnt, "token") + " given up; what the admin has debited for them stays debited\n",
      {{"burnt", *burnt}}};
}

std::expected<Report, Stop> MemberExpire(const Arguments& arguments) {
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto burnt = wallet->Expire(Now(arguments));
  if (!burnt) return std::unexpected(burnt.error());
  return Report{Count(*burnt, "token") + " of epochs that are over erased\n", {{"burnt", *burnt}}};
}

std::expected<Report, Stop> MemberBalance(const Arguments& arguments) {
  auto wallet = Wallet::Open(arguments.directory);
  if (!wallet) return std::unexpected(wallet.error());
  const auto balance = wallet->Look(Now(arguments));
  if (!balance) return std::unexpected(balance.error());
  Report report;
  for (const auto& [state, count] : balance->tokens) {
    const std::string name = StateName(state);
    report.text += name + std::string(13 - name.size(), ' ') + std::to_string(count) + "\n";
    report.json[name] = count;
  }
  report.json["expired"] = balance->expired;
  if (balance->expired > 0)
    report.text += "of these, " + Count(balance->expired, "token") +
                   " can no longer be spent; blindlend member expire erases them\n";
  report.json["requests"] = ordered_json::array();
  for (const OpenRequest& request : balance->requests) {
    report.text += "open request " + Hex(request.hash).substr(0, 16) + ": " +
                   Count(request.count, "token") + " of epoch " + std::to_string(request.number) +
                   ", " + StateName(request.state) + "\n";
    report.json["requests"].push_back({{"request", Hex(request.hash)},
                                       {"number", request.number},
                                       {"lender", Hex(request.audience)},
                                       {"tokens", request.count},
                                       {"state", StateName(request.state)}});
  }
  if (balance->link) {
    report.text += IssueWindowText(*balance->link, Now(arguments)) + "\n";
    report.text += Count(balance->left, "token") + " left to ask for\n";
    report.json["number"] = balance->link->number;
    report.json["left"] = balance->left;
  }
  return report;
}

std::expected<Report, Stop> LenderInit(const Arguments& arguments) {
  if (const auto targets = CheckOut(arguments); !targets) return std::unexpected(targets.error());
  bool made = false;
  const auto lender = Lender::Init(arguments.directory, SystemRandom, made);
  if (!lender) return std::unexpected(lender.error());
  return WriteIdentity(arguments.out, kLenderFile, (*lender)->key(), made, "the lender");
}

std::expected<Report, Stop> LenderJoin(const Arguments& arguments) {
  const auto admin = LoadIdentity(arguments.admin, kAdminFile);
  if (!admin) return std::unexpected(admin.error());
  const auto link = LoadLink(arguments.descriptor);
  if (!link) return std::unexpected(link.error());
  auto lender = Lender::Open(arguments.directory);
  if (!lender) return std::unexpected(lender.error());
  const auto joined = (*lender)->Join(*admin, link->sealed);
  if (!joined) return std::unexpected(joined.error());
  return DescribeJoined(*admin, *joined);
}

std::expected<Report, Stop> EpochShow(const Arguments& arguments) {
  const auto link = LoadLink(arguments.descriptor);
  if (!link) return std::unexpected(link.error());
  Report report = DescribeLink({}, link->link);
  report.text += "Nothing of this has been verified; epoch verify does that.\n";
  return report;
}

std::expected<Report, Stop> EpochVerify(const Arguments& arguments) {
  const auto admin = LoadIdentity(arguments.admin, kAdminFile);
  if (!admin) return std::unexpected(admin.error());
  const auto link = LoadLink(arguments.descriptor);
  if (!link) return std::unexpected(link.error());
  const auto verified = VerifyLink(*admin, link->sealed);
  if (!verified) return Refused(verified.error());
  Report report = DescribeLink(*admin, *verified);
  report.text +=
      "valid by itself: signature, windows, key and certificate hold. Whether everybody "
      "has the same\nis seen by comparing the fingerprint.\n";
  report.result = "valid";
  return report;
}

std::expected<Report, Stop> EvidenceCheck(const Arguments& arguments) {
  const auto admin = LoadIdentity(arguments.admin, kAdminFile);
  if (!admin) return std::unexpected(admin.error());
  const auto parts = LoadEvidence(arguments.evidence);
  if (!parts) return std::unexpected(parts.error());
  const bool is_fork = parts->size() == 2;
  const auto convicts = is_fork ? CheckFork(*admin, (*parts)[0], (*parts)[1])
                                : CheckMisissue(*admin, (*parts)[0], (*parts)[1], (*parts)[2]);
  if (!convicts) return Refused(convicts.error());
  return Report{is_fork ? "convicts the admin: it has signed two descriptors that contradict each "
                          "other\n"
                        : "convicts the admin: it has signed an answer that is not what was asked "
                          "for\n",
                {{"convicts", is_fork ? "fork" : "response"}},
                "valid"};
}

}  // namespace blindlend
