// What only an admin can do who lies: links and responses that are properly signed, and wrong.
//
//   malicious_admin DIR link KIND SECRET-KEY OUT
//   malicious_admin DIR response KIND INDEX REQUEST OUT
//
// DIR is an honest admin's directory: its identity, its chain and its epochs' keys are used, and nothing
// in it is changed. SECRET-KEY: of the epoch that is made, as `blindlend key generate` writes it. INDEX:
// which value, from 0. The kind "honest" does it right, so that a test sees that the rest would be taken.
#include <sodium.h>

#include <cstdio>
#include <cstdlib>

#include "app/store/chain.h"

namespace blindlend {

namespace {

[[noreturn]] void Die(const std::string& reason) {
  Complain(reason);
  std::exit(kExitUnusable);
}

/// What a step of the program itself cannot fail at.
template <class T>
T Must(std::expected<T, Failure> result) {
  if (!result) Die("failed at " + std::string(result.error().step));
  return *std::move(result);
}

template <class T>
T Must(std::expected<T, Stop> result) {
  if (!result) Die(result.error().line);
  return *std::move(result);
}

Bytes Load(const std::string& path, std::string_view label) {
  return Must(DecodeText(label, Must(ReadFile(path, {label, 1 << 20}))));
}

void Write(const std::string& path, const Bytes& text) {
  if (const auto written = WriteAll({{{path}, text}}, false); !written) Die(written.error().line);
}

bool Draw(std::span<std::uint8_t> bytes) {
  randombytes_buf(bytes.data(), bytes.size());
  return true;
}

Bytes LinkOf(const std::string& kind, const Bytes& seed, const std::vector<SealedLink>& chain,
             const SecretKey& fresh) {
  const Link& last = chain.back().link;
  // The newest epoch, also where a revocation has come after it.
  const Link& model = last.epoch ? last : chain[chain.size() - 2].link;
  Link link = model;
  Epoch& epoch = *link.epoch;
  const auto set_key = [&](const SecretKey& sk) {
    epoch.pk = sk;
    epoch.roots = Must(ProveKey(sk, link.group, Draw));
  };
  // The honest next one: what the kinds differ from.
  link.number = last.number + 1;
  link.predecessor = Must(LinkId(last));
  const std::uint64_t length = epoch.issue_until - epoch.issue_from;
  epoch.issue_from = epoch.spend_from = model.epoch->issue_until;
  epoch.issue_until = epoch.issue_from + length;
  epoch.spend_until = epoch.issue_until + length;
  set_key(fresh);

  if (kind == "honest" || kind == "after-revocation") {
  } else if (kind == "fork") {  // the newest once more, with another key
    link = model;
    set_key(fresh);
  } else if (kind == "quota") {  // the newest once more, with another quota
    link = model;
    ++epoch.quota;
  } else if (kind == "overlap") {
    --epoch.issue_from;
    --epoch.spend_from;
  } else if (kind == "predecessor") {
    link.predecessor[31] ^= 1;
  } else if (kind == "skip") {
    ++link.number;
  } else if (kind == "same-key") {
    epoch.pk = model.epoch->pk;
    epoch.roots = model.epoch->roots;
  } else if (kind == "certificate") {  // another key's
    epoch.roots = model.epoch->roots;
  } else if (kind == "exponent") {
    epoch.pk.e = 3;
  } else if (kind == "group") {
    link.group.push_back('!');
    set_key(fresh);
  } else if (kind == "reversed-issue") {
    std::swap(epoch.issue_from, epoch.issue_until);
  } else if (kind == "reversed-spend") {
    std::swap(epoch.spend_from, epoch.spend_until);
  } else if (kind == "spend-first") {  // spending begins before issuing does, and ends before
    epoch.spend_until = epoch.issue_until - 1;
  } else if (kind == "revocation") {  // in the place of the newest
    link = {model.group, model.number, model.predecessor, std::nullopt};
  } else {
    Die("no such link: " + kind);
  }
  return Seal(seed, "blindlend v1 link", Must(EncodeLink(link)));
}

Bytes ResponseTo(const std::string& kind, std::size_t index, const Bytes& seed, const SecretKey& sk,
                 const Request& request) {
  if (kind == "garbage") return Seal(seed, "blindlend v1 response", Ascii("no batch"));
  Batch response = Must(BlindSignBatch(sk, request.batch, Draw));
  std::vector<ZZ>& values = response.values;
  if (index >= values.size()) Die("no such value");
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(index);
  if (kind == "honest") {
  } else if (kind == "wrong") {
    *at = (*at + 1) % sk.n;
  } else if (kind == "zero") {
    *at = 0;
  } else if (kind == "all-wrong") {
    for (ZZ& value : values) value = (value + 1) % sk.n;
  } else if (kind == "duplicate") {  // the next one's in its place
    *at = values[(index + 1) % values.size()];
  } else if (kind == "missing") {
    values.erase(at);
  } else if (kind == "additional") {
    values.push_back(*at);
  } else if (kind == "width") {
    ++response.width;
  } else if (kind == "unasked") {
    response.id[31] ^= 1;
  } else {
    Die("no such response: " + kind);
  }
  return Seal(seed, "blindlend v1 response", Must(EncodeBatch(kResponse, response)));
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) Die("usage");
  const std::string &directory = arguments[0], &command = arguments[1];
  Database database({"admin's database", 0x424c6164, 1, ""}, directory + "/admin.db");
  const Bytes seed = IdentitySeed(database);
  if (command == "link" && arguments.size() == 5) {
    const SecretKey fresh = Must(ParseSecretKey(Load(arguments[3], "SECRET KEY")));
    Write(arguments[4], LinkText(LinkOf(arguments[2], seed, LoadChain(database), fresh)));
  } else if (command == "response" && arguments.size() == 6) {
    const Request request = Must(VerifyRequest(Load(arguments[4], "TOKEN REQUEST")));
    const auto rows =
        database.Run("SELECT secret_key FROM link WHERE key_id = ?1", {request.batch.id});
    if (rows.empty()) Die("a request under another key");
    const SecretKey sk = Must(ParseSecretKey(Blob(rows[0][0])));
    const auto index = static_cast<std::size_t>(std::stoul(arguments[3]));
    Write(arguments[5],
          EncodeText("TOKEN RESPONSE", ResponseTo(arguments[2], index, seed, sk, request)));
  } else {
    Die("usage");
  }
  return 0;
}

}  // namespace

}  // namespace blindlend

int main(int argc, char** argv) {
  if (sodium_init() < 0) return blindlend::kExitUnusable;
  try {
    return blindlend::Run({argv + 1, argv + argc});
  } catch (const blindlend::StoreError& error) {
    blindlend::Complain(error.stop.line);
  }
  return blindlend::kExitUnusable;
}
