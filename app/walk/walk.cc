#include "app/walk/walk.h"

#include <algorithm>
#include <map>

#include "app/http/binding.h"
#include "app/vectors/values.h"

namespace blindlend::walk {

namespace {

using vectors::Hex;
using Json = nlohmann::ordered_json;
using Values = std::vector<Json>;

constexpr std::string_view kTokenTag = "blindlend v1 token";
constexpr std::uint64_t kDay = 86400;
/// 2026-01-01 00:00 UTC.
constexpr std::uint64_t kBegin = 1767225600;

struct Member {
  std::string name;
  Bytes seed;
  Requested requested;
  Bytes response;
  Token token;
};

std::string Text(View bytes) {
  return {bytes.begin(), bytes.end()};
}

// What somebody sees. secret: known to this party alone.
Json Value(const std::string& name, View bytes, bool secret = false) {
  return {{"name", name}, {"form", "hex"}, {"value", Hex(bytes)}, {"secret", secret}};
}

Json Value(const std::string& name, const ZZ& x, std::size_t width, bool secret = false) {
  return Value(name, *I2OSP(x, width), secret);
}

Json Words(const std::string& name, const std::string& text) {
  return {{"name", name}, {"form", "text"}, {"value", text}, {"secret", false}};
}

// An event: what happens, by which algorithms, and what each party sees of it.
Json Event(const std::string& title, const std::vector<std::string>& algorithms,
           const Values& member, const Values& admin, const Values& lender,
           const Values& upstream) {
  return {
      {"title", title},
      {"algorithms", algorithms},
      {"seen", {{"member", member}, {"admin", admin}, {"lender", lender}, {"upstream", upstream}}}};
}

std::string Lines(const std::vector<Header>& headers) {
  std::string text;
  for (const Header& header : headers) text += header.name + ": " + header.value + "\n";
  return text;
}

// The runs of 8 bytes or more that stand in both: each with what it is, if it is public.
Json Common(View a, View b, const std::map<Bytes, std::string>& known) {
  constexpr std::size_t kLeast = 8;
  std::set<Bytes> windows, runs;
  for (std::size_t i = 0; i + kLeast <= a.size(); ++i)
    windows.insert(
        Bytes(a.begin() + static_cast<long>(i), a.begin() + static_cast<long>(i + kLeast)));
  for (std::size_t i = 0; i + kLeast <= b.size(); ++i) {
    std::size_t end = i;
    while (end + kLeast <= b.size() &&
           windows.contains(Bytes(b.begin() + static_cast<long>(end),
                                  b.begin() + static_cast<long>(end + kLeast))))
      ++end;
    if (end == i) continue;
    end += kLeast - 1;
    runs.insert(Bytes(b.begin() + static_cast<long>(i), b.begin() + static_cast<long>(end)));
    i = end;
  }
  Json found = Json::array();
  for (const Bytes& run : runs) {
    const auto at = known.find(run);
    found.push_back({{"value", Hex(run)}, {"is", at == known.end() ? "" : at->second}});
  }
  return found;
}

// n = 33: every tape of one byte, for a few messages. r by message and blinded value, and how many
// tapes give each pair.
Json Exhaustive() {
  const SecretKey sk = *KeyFromPrimes(ZZ{3}, ZZ{11}, ZZ{7});
  std::vector<std::string> messages;
  std::vector<long> hashes;
  for (int number = 1; messages.size() < 5; ++number) {
    const std::string message = "token " + std::to_string(number);
    const long h = NTL::conv<long>(*FDH(kTokenTag, sk, Ascii(message)));
    if (std::ranges::find(hashes, h) != hashes.end()) continue;
    messages.push_back(message);
    hashes.push_back(h);
  }
  std::map<long, std::vector<std::set<long>>> joining;
  std::set<long> counts;
  long refused = 0;
  for (std::size_t j = 0; j < messages.size(); ++j) {
    std::map<long, long> tapes;
    for (int byte = 0; byte < 256; ++byte) {
      const Bytes bytes = {static_cast<std::uint8_t>(byte)};
      Tape tape = Tape::Of(bytes);
      const auto blinded = Blind(sk, Ascii(messages[j]), tape.Source());
      if (!blinded) {
        ++refused;
        continue;
      }
      const long value = NTL::conv<long>(blinded->blinded);
      ++tapes[value];
      joining[value].resize(messages.size());
      joining[value][j].insert(NTL::conv<long>(*ModInverse(blinded->r_inv, sk.n)));
    }
    for (const auto& [value, count] : tapes) counts.insert(count);
  }
  Json rows = Json::array();
  for (const auto& [value, cells] : joining) {
    Json row = {{"request", value}, {"r", Json::array()}};
    for (const std::set<long>& each : cells) row["r"].push_back(each);
    rows.push_back(row);
  }
  return {{"n", 33},
          {"e", 7},
          {"tapes", 256 * messages.size()},
          {"refused", refused},
          {"tapes_per_pair", counts},
          {"messages", messages},
          {"hashes", hashes},
          {"rows", rows}};
}

}  // namespace

// Everything here is honest, on a tape without an end: nothing fails, and where something did, the
// program would end at the dereference.
Json Play(std::uint64_t seed, long bits) {
  Tape tape = Tape::FromSeed(Ascii("blindlend walk " + std::to_string(seed)));
  const ByteSource source = tape.Source();
  const auto draw = [&](std::size_t size) {
    Bytes bytes(size);
    source(bytes);
    return bytes;
  };

  // The epoch.
  const Bytes group = Ascii("friends"), admin_seed = draw(32), lender_seed = draw(32);
  const Bytes admin = PublicOf(admin_seed), lender = PublicOf(lender_seed);
  const SecretKey sk = *GenerateKey(bits, source);
  const auto width = static_cast<std::size_t>(NumBytes(sk.n));
  const Link made{group, 1, Bytes(32),
                  Epoch{sk,
                        *ProveKey(sk, group, source),
                        kBegin,
                        kBegin + 7 * kDay,
                        kBegin + 7 * kDay,
                        kBegin + 30 * kDay,
                        50,
                        {lender}}};
  const Bytes descriptor = Seal(admin_seed, "blindlend v1 link", *EncodeLink(made));
  const Link link = *VerifyLink(admin, descriptor);
  const PublicKey& pk = link.epoch->pk;
  const Bytes key_id = *KeyId(pk);
  const std::string fingerprint = Text(*ChainFingerprint(admin, link));

  // Each member obtains a token.
  std::vector<Member> members;
  std::set<Bytes> roster;
  for (const char* const name : {"ann", "ben", "cleo"}) {
    members.push_back({name, draw(32), {}, {}, {}});
    roster.insert(PublicOf(members.back().seed));
  }
  Ledger ledger;
  Bytes transcript;
  Json requests = Json::array();
  Values asked, answered;
  std::vector<ZZ> blinded, answers;
  std::uint64_t now = kBegin + kDay;
  for (Member& member : members) {
    member.requested = *RequestTokens(link, member.seed, lender, 1, now++, source);
    const Request request = *VerifyRequest(member.requested.sealed);
    ledger = *Debit(ledger, link, roster, now, request);
    member.response = *Issue(sk, admin_seed, ledger, request, source);
    const Batch response =
        *ParseBatch(kResponse, *Open(admin, "blindlend v1 response", member.response));
    const auto signatures = *Accept(pk, admin, member.requested.state, member.response);
    member.token = {key_id, lender, PublicOf(member.requested.seeds[0]), *signatures[0]};
    blinded.push_back(request.batch.values[0]);
    answers.push_back(response.values[0]);
    transcript = Join({transcript, member.requested.sealed, member.response});
    requests.push_back({{"member", member.name},
                        {"key", Hex(request.member)},
                        {"blinded", Hex(*I2OSP(blinded.back(), width))},
                        {"blind_sig", Hex(*I2OSP(answers.back(), width))}});
    asked.push_back(Value(member.name + "'s key", request.member));
    asked.push_back(Value(member.name + "'s blinded", blinded.back(), width));
    answered.push_back(Value(member.name + "'s blind_sig", answers.back(), width));
  }

  asked.push_back(Words("besides", "when each of them asks, and for how many"));

  // Each spends it, in an order by the tape.
  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const Bytes lots = draw(32 * order.size());
  std::ranges::sort(order, {}, [&](std::size_t i) {
    return Bytes(lots.begin() + static_cast<long>(32 * i),
                 lots.begin() + static_cast<long>(32 * i + 32));
  });
  const Member& borrower = members[order[0]];
  const State::Entry& entry = borrower.requested.state.entries[0];
  const ZZ r = *ModInverse(entry.r_inv, pk.n);

  Json events = Json::array();
  const Values nothing;
  events.push_back(Event("The epoch begins: one key for everybody, its fingerprint compared aloud",
                         {"ProveKey", "VerifyLink", "ChainFingerprint"},
                         {Words("fingerprint", fingerprint), Value("key id", key_id)},
                         {Words("fingerprint", fingerprint), Value("key id", key_id),
                          Value("n", pk.n, width), Value("d", sk.d, width, true)},
                         {Words("fingerprint", fingerprint), Value("key id", key_id)}, nothing));
  events.push_back(Event("Members ask for tokens: the message is hidden behind r",
                         {"MintToken", "Blind", "RequestTokens", "VerifyRequest"},
                         {Value("spend seed", borrower.requested.seeds[0], true),
                          Value("token message", entry.msg, true), Value("r", r, width, true),
                          Value("blinded", blinded[order[0]], width)},
                         asked, nothing, nothing));
  events.push_back(Event("The admin debits and signs what it cannot read; the member takes r out",
                         {"Debit", "Issue", "BlindSign", "Accept", "Finalize"},
                         {Value("blind_sig", answers[order[0]], width),
                          Value("sig, after which r is erased", borrower.token.sig, true)},
                         answered, nothing, nothing));

  // Upstream's side of the first borrow; the proxy, then the relay.
  const std::string target = "/v1/messages";
  const std::vector<Header> from_tool = {
      {"User-Agent", "some-tool/3.1 (" + borrower.name + "'s laptop)"},
      {"Content-Type", "application/json; charset=utf-8"},
      {"Accept-Language", "de-AT"},
      {"X-Request-Id", Hex(draw(8))},
      {"anthropic-version", "2023-06-01"}};
  const Bytes tools_body =
      Ascii(R"({"model":"a-model","max_tokens":64,"metadata":{"user_id":")" + borrower.name +
            R"("},"messages":[{"role":"user","content":"Why is the sky blue?"}]})");
  const std::vector<Header> kept = *FilterRequestHeaders(from_tool);
  const Bytes body = *FilterBody(tools_body);
  const Bytes request = CanonicalRequest("POST", target, kept, body);
  now = kBegin + 9 * kDay;
  SpentSet spent;
  Bytes shown;
  Json tokens = Json::array();
  std::vector<Bytes> msgs;
  std::vector<ZZ> hashes;
  for (const std::size_t who : order) {
    const Member& member = members[who];
    const bool is_first = member.name == borrower.name;
    // What the other two ask is theirs, and of no matter here.
    const Bytes theirs = is_first ? request
                                  : CanonicalRequest("POST", target, kept,
                                                     Ascii(R"({"model":"a-model","max_tokens":)" +
                                                           std::to_string(100 + who) + "}"));
    const Bytes sealed = *MakeBorrow(member.token, member.requested.seeds[0], theirs);
    const std::string authorization = EncodeAuthorization(sealed);
    const Bytes arrived = *ParseAuthorization(authorization);
    const Borrow borrow = *VerifyBorrow({link}, lender, now++, theirs, arrived);
    const Bytes id = *TokenId(borrow.token);
    const Claimed claimed = *Claim(spent, id, key_id, borrow.digest, true, source);
    const SpentEntry while_claimed = spent.entries.at(id);
    const bool settled = Settle(spent, id, claimed.claim_id).has_value();
    const SpentEntry after = spent.entries.at(id);
    shown = Join({shown, sealed});
    msgs.push_back(
        Join({Bytes{1, 0x0c}, borrow.token.key_id, borrow.token.audience, borrow.token.spend_key}));
    hashes.push_back(*FDH(kTokenTag, pk, msgs.back()));
    tokens.push_back({{"id", Hex(id)},
                      {"spend_key", Hex(borrow.token.spend_key)},
                      {"sig", Hex(borrow.token.sig)},
                      {"hash", Hex(*I2OSP(hashes.back(), width))}});
    if (!is_first) continue;
    const Header bearer{"Authorization", authorization};
    const Header credential{"x-api-key", "the-lenders-own-credential"};
    events.push_back(Event(
        "A tool of the member makes a call; the proxy takes out what names the member and seals "
        "the rest",
        {"FilterRequestHeaders", "FilterBody", "CanonicalRequest", "MakeBorrow"},
        {Words("headers of the tool", Lines(from_tool)),
         Words("body of the tool", Text(tools_body)), Words("headers that are kept", Lines(kept)),
         Words("body that is kept", Text(body)), Value("request digest", borrow.digest)},
        nothing, nothing, nothing));
    events.push_back(
        Event("The lender verifies and claims the token, durably, before it calls upstream",
              {"ParseAuthorization", "VerifyBorrow", "VerifyToken", "Verify", "Claim"},
              {Words("head that the proxy sends",
                     Text(EncodeRequestHead("POST", target, "lender.example",
                                            WithFirst(bearer, kept), body.size())))},
              nothing,
              {Value("token id", id), Value("spend key", borrow.token.spend_key),
               Value("sig", borrow.token.sig), Value("request digest", borrow.digest),
               Words("body", Text(body)),
               Words("verdict", vectors::ToJson(claimed.verdict).get<std::string>()),
               Value("claim id", while_claimed.claim_id),
               Words("besides", "when it comes, and from which address")},
              nothing));
    events.push_back(
        Event("Upstream answers a call of the lender's", {"Outcome"}, nothing, nothing, nothing,
              {Words("head", Text(EncodeRequestHead("POST", target, "upstream.example",
                                                    WithFirst(credential, kept), body.size()))),
               Words("body", Text(body)),
               Words("besides", "when it comes, and whose account it is: the lender's")}));
    events.push_back(Event(
        "The lender settles, durably, before the first byte of the reply; then each keeps this",
        {"Settle", "Transition"}, {Words("token", "spent; seed and signature erased")},
        {Words("ledger", std::to_string(ledger.used.at(PublicOf(borrower.seed))) + " of " +
                             std::to_string(link.epoch->quota) + " debited to each")},
        {Value("token id", id), Value("key id", after.key_id),
         Words("state",
               settled && after.state == SpentEntry::State::kServed ? "served" : "not served"),
         Words("digest and claim id",
               after.digest.empty() && after.claim_id.empty() ? "erased" : "kept")},
        {Words("kept", "whatever the vendor keeps, under the lender's account")}));
  }

  // What joins each request with each token, with the private key in hand.
  Json pairs = Json::array();
  for (std::size_t i = 0; i < blinded.size(); ++i)
    for (std::size_t j = 0; j < hashes.size(); ++j) {
      const ZZ quotient = MulMod(blinded[i], *ModInverse(hashes[j], pk.n), pk.n);
      const ZZ joining = *RawPrivate(sk, quotient, source);
      const Bytes bytes = *I2OSP(joining, width);
      Tape other = Tape::Of(bytes);
      const Blinded again = *Blind(pk, msgs[j], other.Source());
      const auto sig = Finalize(pk, msgs[j], answers[i], again.r_inv);
      pairs.push_back({{"request", i},
                       {"token", j},
                       {"r", Hex(bytes)},
                       {"gives_request", again.blinded == blinded[i] ? true : false},
                       {"gives_token", sig && Hex(*sig) == tokens[j]["sig"].get<std::string>()}});
    }

  return {{"seed", seed},
          {"bits", bits},
          {"borrower", borrower.name},
          {"events", events},
          {"requests", requests},
          {"tokens", tokens},
          {"truth", order},
          {"pairs", pairs},
          {"common", Common(transcript, shown, {{key_id, "key id, the same for everybody"}})},
          {"exhaustive", Exhaustive()}};
}

}  // namespace blindlend::walk
