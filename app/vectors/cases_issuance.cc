#include <algorithm>

#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

constexpr std::string_view kLinkTag = "blindlend v1 link";
constexpr std::string_view kRequestTag = "blindlend v1 request";
constexpr std::string_view kResponseTag = "blindlend v1 response";
constexpr std::uint64_t kNow = 1500;  // in the issue window of MakeEpoch
constexpr std::uint64_t kLastTime = ~std::uint64_t{0};

Bytes Member() {
  return PublicOf(MemberSeed());
}

Bytes OtherSeed() {
  return SHA256(Ascii("another member"));
}

// A request for two values under the toy key: 2 and 5, whose roots are 8 and 14.
Request ToyRequest() {
  return {Member(), Start("nonce", 16), {*KeyId(Toy()), 1, {ZZ{2}, ZZ{5}}}};
}

// The same, changed.
template <class Change>
Request Changed(Change change) {
  Request request = ToyRequest();
  change(request);
  return request;
}

Request WithValues(const std::vector<ZZ>& values) {
  return Changed([&](Request& request) { request.batch.values = values; });
}

Bytes SealRequest(const Request& request) {
  return Seal(MemberSeed(), kRequestTag, *EncodeRequest(request));
}

Bytes SealResponse(const Batch& response) {
  return Seal(AdminSeed(), kResponseTag, *EncodeBatch(kResponse, response));
}

Link ToyLink() {
  return FirstLink(MakeEpoch(Toy()));
}

// ---- requests

void UnencodableCases(List& list, const std::string& step) {
  const auto bad = [&](const char* why, auto change) {
    list.Invalid(step, why, {"Range"}, {{"request", ToJson(Changed(change))}});
  };
  bad("a member of 31 bytes", [](Request& request) { request.member.pop_back(); });
  bad("a member of 33 bytes", [](Request& request) { request.member.push_back(0); });
  bad("a nonce of 15 bytes", [](Request& request) { request.nonce.pop_back(); });
  bad("a nonce of 17 bytes", [](Request& request) { request.nonce.push_back(0); });
  bad("a member a byte longer, a nonce a byte shorter", [](Request& request) {
    request.member.push_back(request.nonce[0]);
    request.nonce.erase(request.nonce.begin());
  });
  bad("no value", [](Request& request) { request.batch.values.clear(); });
  bad("a value too wide", [](Request& request) { request.batch.values[1] = 256; });
  bad("a key id of 31 bytes", [](Request& request) { request.batch.id.pop_back(); });
}

void EncodeRequestCases(List& list) {
  const auto in = [](const Request& request) { return Json{{"request", ToJson(request)}}; };
  list.Valid("two values of one byte", {"Toy"}, in(ToyRequest()));
  list.Valid("one value", {"EdgeCase"}, in(WithValues({ZZ{0}})));
  list.Valid("a member whose key is no point: form only", {"EdgeCase"},
             in(Changed([](Request& request) { request.member = Repeat(32, 255); })));
  UnencodableCases(list, "EncodeRequest.1");
}

void ParseRequestCases(List& list) {
  const auto in = [](const Bytes& body) { return Json{{"body", ToJson(body)}}; };
  const Bytes good = *EncodeRequest(ToyRequest());
  const auto start = [&](long size) { return Bytes(good.begin(), good.begin() + size); };
  list.Valid("two values of one byte", {"Toy"}, in(good));
  list.Valid("values that nobody would sign: form only", {"EdgeCase"},
             in(*EncodeRequest(WithValues({ZZ{0}, ZZ{33}}))));
  MalformedCases(list, good, "ParseRequest.1", "ParseRequest.2", "ParseRequest.2", Json::object(),
                 "body");
  list.Invalid("ParseRequest.1", "kind 12", {"Malformed"}, in(With(good, 1, 12)));
  list.Invalid("ParseRequest.1", "kind 14", {"Malformed"}, in(With(good, 1, 14)));
  list.Invalid("ParseRequest.1", "a blind request without a member", {"Malformed"},
               in(*EncodeBatch(kRequest, ToyRequest().batch)));
  list.Invalid("ParseRequest.1", "cut off in the nonce", {"Length"}, in(start(49)));
  list.Invalid("ParseRequest.1", "version 2, and a value is missing", {"Order"},
               in(With(start(static_cast<long>(good.size()) - 1), 0, 2)));
  list.Invalid("ParseRequest.2", "no batch", {"Length"}, in(start(50)));
  list.Invalid("ParseRequest.2", "a blind response in it", {"Malformed"}, in(With(good, 51, 4)));
  list.Invalid("ParseRequest.2", "width 0", {"Range"}, in(With(good, 85, 0)));
  list.Invalid("ParseRequest.2", "1001 values, and two of them there", {"Range"},
               in(With(With(good, 86, 3), 87, 0xe9)));
}

void RequestTokensCases(List& list) {
  const auto in = [](const Link& link, const Bytes& audience, std::size_t count, std::uint64_t now,
                     const Json& tape) {
    return Json{{"link", ToJson(link)},         {"member_seed", ToJson(MemberSeed())},
                {"audience", ToJson(audience)}, {"count", count},
                {"now", U64ToJson(now)},        {"source", tape}};
  };
  const Bytes lender = PublicOf(SHA256(Ascii("lender 1")));
  const Link link = FirstLink(MakeEpoch(Small()));
  const Link toy = ToyLink();
  const Json tape = Seed("request");
  // One token's seed, r and nonce.
  const Bytes one = Join({Repeat(32, 1), Int(Small().n / 3, 64), Repeat(16, 2)});
  const auto start = [&](long size) { return TapeOf(Bytes(one.begin(), one.begin() + size)); };
  list.Valid("one token", {"Normal"}, in(link, lender, 1, kNow, tape));
  list.Valid("three tokens", {"Normal"}, in(link, lender, 3, kNow, tape));
  list.Valid("at the other lender", {"Normal"},
             in(link, Lenders()[lender == Lenders()[0] ? 1 : 0], 1, kNow, tape));
  list.Valid("a toy key", {"Toy"}, in(toy, lender, 2, kNow, tape));
  list.Valid("more than the quota: the admin's business", {"EdgeCase", "Toy"},
             in(toy, lender, 4, kNow, tape));
  list.Valid("the first second, and exactly enough bytes", {"EdgeCase"},
             in(link, lender, 1, 1000, TapeOf(one)));
  list.Valid("the last second", {"EdgeCase"}, in(toy, lender, 1, 1999, tape));
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& audience,
                       std::size_t count, std::uint64_t now, const Json& source) {
    list.Invalid(step, why, std::move(flags), in(toy, audience, count, now, source));
  };
  list.Invalid("RequestTokens.1", "a revocation", {"Clock"},
               in(NextLink(toy, {}), lender, 1, kNow, tape));
  bad("RequestTokens.1", "a second too early", {"Clock"}, lender, 1, 999, tape);
  bad("RequestTokens.1", "a second too late", {"Clock"}, lender, 1, 2000, tape);
  bad("RequestTokens.1", "time 0", {"Clock"}, lender, 1, 0, tape);
  bad("RequestTokens.1", "the last time", {"Clock"}, lender, 1, kLastTime, tape);
  bad("RequestTokens.1", "too late, and no lender of this epoch", {"Clock", "Order"}, Member(), 1,
      2000, tape);
  bad("RequestTokens.2", "no lender of this epoch", {"Malformed"}, Member(), 1, kNow, tape);
  bad("RequestTokens.2", "no bytes for a lender", {"Length"}, {}, 1, kNow, tape);
  bad("RequestTokens.2", "a lender's key cut off", {"Length"},
      Bytes(lender.begin(), lender.end() - 1), 1, kNow, tape);
  bad("RequestTokens.2", "no lender of this epoch, and no token", {"Order"}, Member(), 0, kNow,
      tape);
  bad("RequestTokens.3", "no token", {"Range"}, lender, 0, kNow, tape);
  bad("RequestTokens.3", "1001 tokens", {"Range"}, lender, 1001, kNow, tape);
  bad("RequestTokens.3", "1001 tokens from an empty tape", {"Range", "Order"}, lender, 1001, kNow,
      TapeOf({}));
  bad("RequestTokens.4", "an empty tape", {"Exhausted"}, lender, 1, kNow, TapeOf({}));
  bad("RequestTokens.4", "the tape ends in the second seed", {"Exhausted"}, lender, 2, kNow,
      TapeOf(Repeat(63, 5)));
  list.Invalid("RequestTokens.5", "the tape ends in r", {"Exhausted"},
               in(link, lender, 1, kNow, start(95)));
  bad("RequestTokens.5", "the same seed twice", {"Fault"}, lender, 2, kNow, TapeOf(Repeat(300, 5)));
  Link few = toy;
  few.epoch->pk = FewUnits();
  // The seed was found by trying.
  list.Invalid("RequestTokens.5", "the message has no hash", {"RareBranch"},
               in(few, lender, 1, kNow, TapeOf(Join({Int(ZZ{488914}, 32), Start("rest", 300)}))));
  list.Invalid("RequestTokens.6", "no byte for the nonce", {"Exhausted"},
               in(link, lender, 1, kNow, start(96)));
  list.Invalid("RequestTokens.6", "the tape ends in the nonce", {"Exhausted"},
               in(link, lender, 1, kNow, start(111)));
}

void VerifyRequestCases(List& list) {
  const auto in = [](const Bytes& sealed) { return Json{{"sealed", ToJson(sealed)}}; };
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& sealed) {
    list.Invalid(step, why, std::move(flags), in(sealed));
  };
  const Bytes good = SealRequest(ToyRequest());
  const Bytes body = *EncodeRequest(ToyRequest());
  list.Valid("a request", {"Toy"}, in(good));
  list.Valid("values that nobody would sign: form only", {"EdgeCase"},
             in(SealRequest(WithValues({ZZ{0}, ZZ{33}}))));
  bad("VerifyRequest.1", "nothing at all", {"Length"}, {});
  bad("VerifyRequest.1", "63 bytes", {"Length"}, Bytes(good.end() - 63, good.end()));
  bad("VerifyRequest.2", "64 bytes: an empty body", {"Length"}, Bytes(good.end() - 64, good.end()));
  bad("VerifyRequest.2", "the signature is missing", {"Length"}, body);
  bad("VerifyRequest.2", "another kind of object", {"Malformed"},
      Seal(MemberSeed(), kRequestTag, With(body, 1, 12)));
  bad("VerifyRequest.2", "a blind response in it", {"Malformed"},
      Seal(MemberSeed(), kRequestTag, With(body, 51, 4)));
  bad("VerifyRequest.2", "a byte behind the request, and another's signature", {"Order"},
      Seal(OtherSeed(), kRequestTag, Join({body, Bytes{0}})));
  bad("VerifyRequest.3", "signed by another member", {"OtherKey"},
      Seal(OtherSeed(), kRequestTag, body));
  bad("VerifyRequest.3", "in another member's name", {"OtherKey"},
      SealRequest(Changed([](Request& request) { request.member = PublicOf(OtherSeed()); })));
  bad("VerifyRequest.3", "signed as a link", {"Forgery"}, Seal(MemberSeed(), kLinkTag, body));
  bad("VerifyRequest.3", "a bit of the nonce flipped", {"Forgery"}, FlipBit(good, 8 * 40));
  bad("VerifyRequest.3", "a bit of a value flipped", {"Forgery"},
      FlipBit(good, 8 * (body.size() - 1)));
  bad("VerifyRequest.3", "a member whose key is no point", {"Malformed"},
      SealRequest(Changed([](Request& request) { request.member = With(Repeat(32, 0), 0, 2); })));
}

void RequestIdCases(List& list) {
  const auto in = [](const Request& request) { return Json{{"request", ToJson(request)}}; };
  list.Valid("two values of one byte", {"Toy"}, in(ToyRequest()));
  list.Valid("another nonce", {"Toy"},
             in(Changed([](Request& request) { request.nonce = Start("again", 16); })));
  list.Valid("another member", {"Toy"},
             in(Changed([](Request& request) { request.member = PublicOf(OtherSeed()); })));
  UnencodableCases(list, "RequestId.1");
}

// ---- the admin

Ledger LedgerOf(const std::vector<Request>& debited, std::map<Bytes, std::uint64_t> used) {
  Ledger ledger{{}, std::move(used)};
  for (const Request& request : debited) ledger.debited.insert(*RequestId(request));
  return ledger;
}

void DebitCases(List& list) {
  const auto in = [](const Ledger& ledger, const Link& link, const std::set<Bytes>& roster,
                     std::uint64_t now, const Request& request) {
    return Json{{"ledger", ToJson(ledger)},
                {"link", ToJson(link)},
                {"roster", ToJson(roster)},
                {"now", U64ToJson(now)},
                {"request", ToJson(request)}};
  };
  const Link link = ToyLink();
  const Request request = ToyRequest();
  const Bytes other = PublicOf(OtherSeed());
  const std::set<Bytes> roster = {Member(), other}, strangers = {other};
  const Ledger empty;
  const Request before = WithValues({ZZ{2}});
  // Most cases: into a ledger, by an enrolled member, in time.
  const auto valid = [&](const char* why, Flags flags, const Ledger& ledger, const Request& asked) {
    list.Valid(why, std::move(flags), in(ledger, link, roster, kNow, asked));
  };
  const auto bad = [&](const char* step, const char* why, Flags flags, const Ledger& ledger,
                       const Request& asked) {
    list.Invalid(step, why, std::move(flags), in(ledger, link, roster, kNow, asked));
  };
  valid("the first request", {"Toy", "Normal"}, empty, request);
  valid("a second request, up to the quota", {"EdgeCase"}, LedgerOf({before}, {{Member(), 1}}),
        request);
  valid("the whole quota at once, and the least and the greatest value", {"EdgeCase"}, empty,
        WithValues({ZZ{2}, ZZ{31}, ZZ{5}}));
  valid("another member has used up its quota", {"Normal"}, LedgerOf({}, {{other, 3}}), request);
  list.Valid("another member's request", {"Normal"},
             in(LedgerOf({request}, {{Member(), 3}}), link, roster, kNow,
                Changed([&](Request& asked) { asked.member = other; })));
  list.Valid("the first second", {"EdgeCase"}, in(empty, link, roster, 1000, request));
  list.Valid("the last second", {"EdgeCase"}, in(empty, link, roster, 1999, request));
  valid("debited before: unchanged", {"Normal"}, LedgerOf({request}, {{Member(), 2}}), request);
  const Request unsignable = WithValues({ZZ{0}, ZZ{1}, ZZ{3}, ZZ{33}});
  list.Valid(
      "debited before: unchanged, late, the member removed, the quota passed, no value signable",
      {"Order"}, in(LedgerOf({unsignable}, {{Member(), 9}}), link, strangers, 2000, unsignable));
  valid("debited before: unchanged, even if used does not name the member", {"EdgeCase"},
        LedgerOf({request}, {}), request);

  const Link revoked = NextLink(link, {});
  list.Invalid("Debit.1", "a revocation", {"Clock"}, in(empty, revoked, roster, kNow, request));
  list.Invalid("Debit.1", "a revocation, and debited before", {"Order"},
               in(LedgerOf({request}, {{Member(), 2}}), revoked, roster, kNow, request));
  Link changed = link;
  changed.epoch->pk.e = 0;
  list.Invalid("Debit.2", "the key has no encoding", {"Range"},
               in(empty, changed, roster, kNow, request));
  const Request foreign = Changed([](Request& asked) { asked.batch.id = *KeyId(OtherSmall()); });
  const Request wide = Changed([](Request& asked) { asked.batch.width = 2; });
  bad("Debit.2", "another key's", {"OtherKey"}, empty, foreign);
  bad("Debit.2", "a byte wider", {"Canonical"}, empty, wide);
  bad("Debit.2", "another key's, and debited before", {"OtherKey", "Order"},
      LedgerOf({foreign}, {{Member(), 2}}), foreign);
  bad("Debit.2", "a byte wider, and debited before", {"Canonical", "Order"},
      LedgerOf({wide}, {{Member(), 2}}), wide);
  list.Invalid("Debit.2", "another key's, by a stranger", {"OtherKey", "Order"},
               in(empty, link, strangers, kNow, foreign));
  list.Invalid("Debit.4", "not enrolled", {"OtherKey"}, in(empty, link, strangers, kNow, request));
  list.Invalid("Debit.4", "nobody is enrolled", {"OtherKey"}, in(empty, link, {}, kNow, request));
  list.Invalid("Debit.4", "not enrolled, and too late", {"OtherKey", "Order"},
               in(empty, link, strangers, 2000, request));
  list.Invalid("Debit.4", "no longer enrolled, after a debited request", {"OtherKey"},
               in(LedgerOf({before}, {{Member(), 1}}), link, strangers, kNow, request));
  list.Invalid("Debit.5", "a second too early", {"Clock"}, in(empty, link, roster, 999, request));
  list.Invalid("Debit.5", "a second too late", {"Clock"}, in(empty, link, roster, 2000, request));
  list.Invalid("Debit.5", "the last time", {"Clock"}, in(empty, link, roster, kLastTime, request));
  list.Invalid("Debit.5", "too late, and a value is 0", {"Clock", "Order"},
               in(empty, link, roster, 2000, WithValues({ZZ{0}})));
  for (const long value : {0, 1, 32, 33, 34, 66})
    bad("Debit.6", "n = 33, and the second value is not in [2, 31]", {"Toy", "Range"}, empty,
        WithValues({ZZ{2}, ZZ{value}}));
  bad("Debit.6", "a value that shares 3 with n", {"Toy", "Gcd"}, empty, WithValues({ZZ{6}}));
  bad("Debit.6", "a value that shares 11 with n", {"Toy", "Gcd"}, empty,
      WithValues({ZZ{2}, ZZ{22}}));
  bad("Debit.6", "a value is 1, and over the quota", {"Order"}, LedgerOf({}, {{Member(), 3}}),
      WithValues({ZZ{1}}));
  bad("Debit.7", "four tokens with a quota of 3", {"Range"}, empty,
      WithValues({ZZ{2}, ZZ{4}, ZZ{5}, ZZ{7}}));
  bad("Debit.7", "one more than remains", {"Range"}, LedgerOf({before}, {{Member(), 2}}), request);
  bad("Debit.7", "nothing remains", {"Range"}, LedgerOf({}, {{Member(), 3}}), before);
  bad("Debit.7", "more used than the quota", {"Range"}, LedgerOf({}, {{Member(), 4}}), before);
  bad("Debit.7", "so many used that the sum does not fit into 64 bits", {"Range"},
      LedgerOf({}, {{Member(), kLastTime}}), request);
}

void IssueCases(List& list) {
  const auto in = [](const SecretKey& sk, const Ledger& ledger, const Request& request,
                     const Json& tape) {
    return Json{{"sk", ToJson(sk)},
                {"admin_seed", ToJson(AdminSeed())},
                {"ledger", ToJson(ledger)},
                {"request", ToJson(request)},
                {"source", tape}};
  };
  const Request request = ToyRequest();
  const Json tape = Seed("issue");
  const Request small = {
      Member(), Start("nonce", 16), {*KeyId(Small()), 64, {Small().n / 3, Small().n / 7}}};
  list.Valid("by hand", {"Toy"}, in(Toy(), LedgerOf({request}, {}), request, tape));
  list.Valid("512 bits", {"Normal"}, in(Small(), LedgerOf({small}, {{Member(), 2}}), small, tape));
  list.Valid("another source and a fuller ledger, the same response", {"Normal"},
             in(Small(), LedgerOf({small, request}, {{Member(), 9}}), small, Seed("again")));
  const auto bad = [&](const char* step, const char* why, Flags flags, const Request& asked,
                       const Json& source = Seed("issue")) {
    list.Invalid(step, why, std::move(flags),
                 in(Toy(), LedgerOf({asked}, {{Member(), 2}}), asked, source));
  };
  list.Invalid("Issue.1", "an empty ledger", {"Malformed"}, in(Toy(), {}, request, tape));
  list.Invalid("Issue.1", "another nonce is debited", {"Malformed"},
               in(Toy(),
                  LedgerOf({Changed([](Request& asked) { asked.nonce = Start("again", 16); })},
                           {{Member(), 2}}),
                  request, tape));
  list.Invalid("Issue.1", "the request has no encoding", {"Length"},
               in(Toy(), LedgerOf({request}, {}),
                  Changed([](Request& asked) { asked.nonce.pop_back(); }), tape));
  list.Invalid("Issue.1", "not debited, and another key's", {"Order"}, in(Toy(), {}, small, tape));
  bad("Issue.2", "another key's", {"OtherKey"}, small);
  bad("Issue.2", "a byte wider", {"Canonical"},
      Changed([](Request& asked) { asked.batch.width = 2; }));
  bad("Issue.2", "the second value is 1", {"Range"}, WithValues({ZZ{2}, ZZ{1}}));
  bad("Issue.2", "a value shares 3 with n", {"Gcd"}, WithValues({ZZ{6}}));
  bad("Issue.2", "no byte for a base blinding", {"Exhausted"}, request, TapeOf({}));
  bad("Issue.2", "the tape ends before the second base blinding", {"Exhausted"}, request,
      TapeOf({5}));
  SecretKey faulty = Toy();
  faulty.dp += 1;
  list.Invalid("Issue.2", "dp is wrong by one", {"Fault"},
               in(faulty, LedgerOf({request}, {}), request, tape));
}

// ---- what the member makes of it

// A session of the member's: its request, and the right response.
struct Session {
  SecretKey sk;
  State state;
  Batch response;
};

Session MakeSession(const SecretKey& sk, std::size_t count) {
  Tape tape = Tape::FromSeed(Ascii("session"));
  const Requested made = *RequestTokens(FirstLink(MakeEpoch(sk)), MemberSeed(), Lenders()[0], count,
                                        kNow, tape.Source());
  const Request request = *VerifyRequest(made.sealed);
  return {sk, made.state, *BlindSignBatch(sk, request.batch, tape.Source())};
}

void AcceptCases(List& list) {
  const auto in = [](const Session& session, const Bytes& sealed) {
    return Json{{"pk", ToJson(PublicKey{session.sk})},
                {"admin", ToJson(PublicOf(AdminSeed()))},
                {"state", ToJson(session.state)},
                {"sealed", ToJson(sealed)}};
  };
  const Session session = MakeSession(Small(), 3), toy = MakeSession(Toy(), 2);
  const ZZ n = session.sk.n;
  // The right response of 512 bits, changed, and sealed.
  const auto changed = [&](auto change) {
    Batch response = session.response;
    change(response);
    return SealResponse(response);
  };
  const auto valid = [&](const char* why, Flags flags, auto change) {
    list.Valid(why, std::move(flags), in(session, changed(change)));
  };
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& sealed) {
    list.Invalid(step, why, std::move(flags), in(session, sealed));
  };
  valid("three signatures", {"Normal"}, [](Batch&) {});
  list.Valid("by hand", {"Toy"}, in(toy, SealResponse(toy.response)));
  Batch more = toy.response;
  more.values[0] += 33;
  list.Valid("the first value plus n: none", {"Toy", "Range"}, in(toy, SealResponse(more)));
  valid("the first is n minus the right value: none", {"Forgery"},
        [&](Batch& response) { response.values[0] = n - response.values[0]; });
  valid("the second is 0: none", {"Range"}, [](Batch& response) { response.values[1] = 0; });
  valid("the last is n: none", {"Range"}, [&](Batch& response) { response.values[2] = n; });
  valid("two values exchanged: none for either", {"Forgery"},
        [](Batch& response) { std::swap(response.values[0], response.values[1]); });
  valid("one value three times: none but one", {"Forgery"},
        [](Batch& response) { response.values.assign(3, ZZ{response.values[1]}); });
  valid("nothing right: none at all", {"Forgery"},
        [](Batch& response) { response.values.assign(3, ZZ{1}); });
  const Bytes good = SealResponse(session.response);
  const Bytes body = *EncodeBatch(kResponse, session.response);
  bad("Accept.1", "nothing at all", {"Length"}, {});
  bad("Accept.1", "a bit of a value flipped", {"Forgery"}, FlipBit(good, 8 * 100));
  bad("Accept.1", "another admin's", {"OtherKey"}, Seal(OtherSeed(), kResponseTag, body));
  bad("Accept.1", "signed as a link", {"Forgery"}, Seal(AdminSeed(), kLinkTag, body));
  bad("Accept.1", "not signed, and not a response", {"Order"}, Repeat(70, 0));
  bad("Accept.2", "an empty body", {"Length"}, Seal(AdminSeed(), kResponseTag, {}));
  bad("Accept.2", "a blind request", {"Malformed"},
      Seal(AdminSeed(), kResponseTag, With(body, 1, kRequest)));
  bad("Accept.2", "a byte behind, and to another request", {"Malformed", "Order"},
      Seal(AdminSeed(), kResponseTag, Join({With(body, 2, 0), Bytes{0}})));
  bad("Accept.3", "to another request", {"Malformed"},
      changed([](Batch& response) { response.id[31] ^= 1; }));
  bad("Accept.3", "to another request, and a value is missing", {"Malformed", "Order"},
      changed([](Batch& response) {
        response.id[0] ^= 1;
        response.values.pop_back();
      }));
  const auto under = [&](const PublicKey& pk) {
    Json inputs = in(session, good);
    inputs["pk"] = ToJson(pk);
    return inputs;
  };
  list.Invalid("Accept.3", "another key of the same width: no serial is burnt for it", {"OtherKey"},
               under(OtherSmall()));
  list.Invalid("Accept.3", "the same n with another e", {"OtherKey"}, under(PublicKey{n, ZZ{3}}));
  list.Invalid("Accept.3", "a key of another width", {"OtherKey", "Order"}, under(Toy()));
  list.Invalid("Accept.3", "a key without encoding, e = 0", {"Malformed"},
               under(PublicKey{n, ZZ{0}}));
  bad("Accept.4", "a byte wider", {"Canonical"},
      changed([](Batch& response) { ++response.width; }));
  bad("Accept.4", "a value is missing", {"Length"},
      changed([](Batch& response) { response.values.pop_back(); }));
  bad("Accept.4", "a value too many", {"Length"},
      changed([](Batch& response) { response.values.push_back(ZZ{1}); }));
}

void CheckMisissueCases(List& list) {
  const auto in = [](const Bytes& link, const Bytes& request, const Bytes& response) {
    return Json{{"admin", ToJson(PublicOf(AdminSeed()))},
                {"link", ToJson(link)},
                {"request", ToJson(request)},
                {"response", ToJson(response)}};
  };
  // The answer with these values, right if they are 8 and 14.
  const auto answer = [](const Request& request, const std::vector<ZZ>& values) {
    return Batch{SHA256(*EncodeBatch(kRequest, request.batch)), 1, values};
  };
  const Bytes link = SealLink(ToyLink());
  const Request asked = ToyRequest();
  const Bytes request = SealRequest(asked);
  const std::vector<ZZ> right = {PowerMod(ZZ{2}, Toy().d, Toy().n),
                                 PowerMod(ZZ{5}, Toy().d, Toy().n)};
  const Bytes wrong = SealResponse(answer(asked, {right[0], right[0]}));
  const auto valid = [&](const char* why, Flags flags, const std::vector<ZZ>& values) {
    flags.push_back("Toy");
    list.Valid(why, flags, in(link, request, SealResponse(answer(asked, values))));
  };
  valid("the second value is wrong", {"Forgery"}, {right[0], right[0]});
  valid("the first value is wrong", {"Forgery"}, {ZZ{1}, right[1]});
  valid("the values exchanged", {"Forgery"}, {right[1], right[0]});
  valid("the first value plus n", {"Range"}, {right[0] + 33, right[1]});
  valid("a value is n", {"Range"}, {ZZ{33}, right[1]});
  valid("a value is 0", {"Range"}, {ZZ{0}, right[1]});
  valid("a value is missing", {"Length"}, {right[0]});
  valid("a value too many", {"Length"}, {right[0], right[1], ZZ{1}});
  Batch response = answer(asked, right);
  response.width = 2;
  list.Valid("the right values, a byte wider", {"Canonical"},
             in(link, request, SealResponse(response)));
  // An honest admin answers neither.
  const Request zero = WithValues({ZZ{0}}), large = WithValues({ZZ{35}});
  list.Valid("0 is asked for, and answered: its own root, but in no range", {"Range"},
             in(link, SealRequest(zero), SealResponse(answer(zero, {ZZ{0}}))));
  list.Valid("n + 2 is asked for; answered with the root of 2", {"Range"},
             in(link, SealRequest(large), SealResponse(answer(large, {right[0]}))));

  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& one,
                       const Bytes& two, const Bytes& three) {
    list.Invalid(step, why, std::move(flags), in(one, two, three));
  };
  const Bytes body = *EncodeLink(ToyLink());
  bad("CheckMisissue.1", "another admin's link", {"OtherKey"}, Seal(OtherSeed(), kLinkTag, body),
      request, wrong);
  bad("CheckMisissue.1", "a link signed as a response", {"Forgery"},
      Seal(AdminSeed(), kResponseTag, body), request, wrong);
  bad("CheckMisissue.1", "no link", {"Malformed"}, Seal(AdminSeed(), kLinkTag, {}), request, wrong);
  bad("CheckMisissue.1", "a revocation", {"Malformed"}, SealLink(NextLink(ToyLink(), {})), request,
      wrong);
  bad("CheckMisissue.1", "no link, no request and no response", {"Order"}, {}, {}, {});
  bad("CheckMisissue.2", "no request", {"Length", "Order"}, link, {}, {});
  bad("CheckMisissue.2", "signed by another member", {"OtherKey"}, link,
      Seal(OtherSeed(), kRequestTag, *EncodeRequest(asked)), wrong);
  bad("CheckMisissue.2", "a request that is none", {"Malformed"}, link,
      Seal(MemberSeed(), kRequestTag, Join({*EncodeRequest(asked), Bytes{0}})), wrong);
  const Bytes encoding = *EncodeBatch(kResponse, answer(asked, {right[0], right[0]}));
  bad("CheckMisissue.3", "another admin's response", {"OtherKey"}, link, request,
      Seal(OtherSeed(), kResponseTag, encoding));
  bad("CheckMisissue.3", "a response signed as a link", {"Forgery"}, link, request,
      Seal(AdminSeed(), kLinkTag, encoding));
  bad("CheckMisissue.3", "a blind request for a response", {"Malformed"}, link, request,
      Seal(AdminSeed(), kResponseTag, With(encoding, 1, kRequest)));
  bad("CheckMisissue.3", "an empty response", {"Length"}, link, request,
      Seal(AdminSeed(), kResponseTag, {}));
  const Request foreign = Changed([](Request& other) { other.batch.id = *KeyId(OtherSmall()); });
  bad("CheckMisissue.3", "no response, and a request for another key", {"Order"}, link,
      SealRequest(foreign), {});
  bad("CheckMisissue.4", "a request for another key", {"OtherKey"}, link, SealRequest(foreign),
      SealResponse(answer(foreign, {ZZ{1}, ZZ{1}})));
  const Request wide = Changed([](Request& other) { other.batch.width = 2; });
  bad("CheckMisissue.4", "a request a byte wider", {"Canonical"}, link, SealRequest(wide),
      SealResponse(answer(wide, {ZZ{1}, ZZ{1}})));
  const Request another = Changed([](Request& other) { other.batch.values[0] = 4; });
  bad("CheckMisissue.4", "the right answer to another request", {"Malformed"}, link, request,
      SealResponse(answer(another, {PowerMod(ZZ{4}, Toy().d, Toy().n), right[1]})));
  bad("CheckMisissue.4", "the right values, to another request", {"Malformed", "Order"}, link,
      request, SealResponse(answer(another, right)));
  bad("CheckMisissue.5", "the right answer", {"Toy", "Normal"}, link, request,
      SealResponse(answer(asked, right)));
  const Request again = Changed([](Request& other) { other.nonce = Start("again", 16); });
  bad("CheckMisissue.5", "the right answer to the same values with another nonce", {"Toy"}, link,
      SealRequest(again), SealResponse(answer(asked, right)));
  const Request one = WithValues({ZZ{1}});
  bad("CheckMisissue.5", "1 is asked for, and answered: its own root", {"Toy", "EdgeCase"}, link,
      SealRequest(one), SealResponse(answer(one, {ZZ{1}})));
}

void DrawIndexCases(List& list) {
  const auto in = [](std::uint64_t count, const Json& tape) {
    return Json{{"count", count}, {"source", tape}};
  };
  list.Valid("of one", {"EdgeCase"}, in(1, TapeOf({0xff, 0xff, 0xff, 0xff})));
  list.Valid("of two", {"EdgeCase"}, in(2, TapeOf({0xff, 0xff, 0xff, 0xfe})));
  list.Valid("of a power of two, all bits", {"EdgeCase"}, in(256, TapeOf({1, 2, 3, 0xff})));
  list.Valid("of one more", {"EdgeCase"}, in(257, TapeOf({1, 2, 3, 0xff, 1, 2, 3, 0})));
  list.Valid("the last one; those behind it are refused", {"Normal"},
             in(5, TapeOf({0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 1})));
  list.Valid("of as many as there can be", {"EdgeCase"},
             in(0xffffffff, TapeOf({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe})));
  list.Valid("drawn", {"Normal"}, in(50, Seed("index")));
  Bytes refused;
  for (int i = 0; i < 255; ++i) refused = Join({refused, Bytes{0, 0, 0, 3}});
  list.Valid("255 refused candidates, then one", {"RareBranch"},
             in(3, TapeOf(Join({refused, Bytes{0, 0, 0, 2}}))));
  list.Invalid("DrawIndex.1", "of none", {"Range"}, in(0, TapeOf({0, 0, 0, 0})));
  list.Invalid("DrawIndex.1", "of too many", {"Range"},
               in(std::uint64_t{1} << 32, TapeOf({0, 0, 0, 0})));
  list.Invalid("DrawIndex.3", "an empty tape", {"Exhausted"}, in(1, TapeOf({})));
  list.Invalid("DrawIndex.3", "a byte too few behind one that was refused", {"Exhausted"},
               in(3, TapeOf({0, 0, 0, 3, 0, 0, 0})));
  list.Invalid("DrawIndex.5", "256 refused candidates", {"RareBranch"},
               in(3, TapeOf(Join({refused, Bytes{0, 0, 0, 3, 0, 0, 0, 2}}))));
}

void TransitionCases(List& list) {
  using enum TokenState;
  using enum TokenEvent;
  // The table, as it stands in the spec.
  const std::map<TokenState, std::set<TokenEvent>> table = {
      {kPrepared, {kSent, kAccepted, kRefused, kCancelled, kExpired}},
      {kRequested, {kAccepted, kRefused, kCancelled, kExpired}},
      {kHeld, {kReserved, kExpired}},
      {kSpending, {kServed, kReleased, kExpired}},
      {kSpent, {}},
      {kBurnt, {}}};
  for (const auto& [state, events] : table)
    for (const TokenEvent event :
         {kSent, kAccepted, kRefused, kCancelled, kReserved, kServed, kReleased, kExpired}) {
      const Json in = {{"state", ToJson(state)}, {"event", ToJson(event)}};
      if (events.contains(event))
        list.Valid("in the table", {"Normal"}, in);
      else
        list.Invalid("Transition.1", "not in the table", {"Malformed"}, in);
    }
}

}  // namespace

Makers IssuanceMakers() {
  return {{"EncodeRequest", EncodeRequestCases},
          {"ParseRequest", ParseRequestCases},
          {"RequestTokens", RequestTokensCases},
          {"VerifyRequest", VerifyRequestCases},
          {"RequestId", RequestIdCases},
          {"Debit", DebitCases},
          {"Issue", IssueCases},
          {"Accept", AcceptCases},
          {"CheckMisissue", CheckMisissueCases},
          {"DrawIndex", DrawIndexCases},
          {"Transition", TransitionCases}};
}

}  // namespace blindlend::vectors
