// Properties of spec chapter 8-issuance.
#include <rapidcheck/state.h>

#include <map>
#include <set>

#include "tests/support/group.h"

namespace blindlend::test {
namespace {

constexpr std::size_t kWidth = 64;  // of 512-bit keys

const Bytes& AdminSeed() {
  static const Bytes seed = SeedOf("admin");
  return seed;
}

const Bytes& Admin() {
  static const Bytes key = PublicOf(AdminSeed());
  return key;
}

const Bytes& Lender() {
  static const Bytes key = PublicOf(SeedOf("lender 1"));
  return key;
}

Bytes MemberSeed(int member) {
  return SeedOf("member " + std::to_string(member));
}

Bytes Member(int member) {
  return PublicOf(MemberSeed(member));
}

// Epoch number i under Key(512, i), obtained in [100 * (i+1), 100 * (i+2)), quota 5.
const Link& EpochOf(int i) {
  static std::map<int, Link> links;
  const auto found = links.find(i);
  if (found != links.end()) return found->second;
  Link link = EpochLink(Key(512, i), static_cast<std::uint32_t>(i) + 1,
                        i == 0 ? Bytes(32) : *LinkId(EpochOf(i - 1)), 5);
  const auto from = 100 * static_cast<std::uint64_t>(i);
  link.epoch->issue_from += from;
  link.epoch->issue_until += from;
  link.epoch->spend_from += from;
  link.epoch->spend_until += from;
  return links[i] = link;
}

Link Revocation() {
  return {Ascii("a group"), 9, Bytes(32, 1), std::nullopt};
}

// A request of a member of epoch i, well-formed and in time.
Requested Ask(int epoch, int member, std::size_t count, const ByteSource& source) {
  const Link& link = EpochOf(epoch);
  return *RequestTokens(link, MemberSeed(member), Lender(), count, link.epoch->issue_from, source);
}

Bytes SealRequest(int member, const Request& request) {
  return Seal(MemberSeed(member), "blindlend v1 request", *EncodeRequest(request));
}

Bytes SealResponse(const Batch& response) {
  return Seal(AdminSeed(), "blindlend v1 response", *EncodeBatch(kResponse, response));
}

Batch OpenResponse(const Bytes& sealed) {
  return *ParseBatch(kResponse, *Open(Admin(), "blindlend v1 response", sealed));
}

// A ledger with this request alone.
Ledger Debited(const Request& request) {
  return {{*RequestId(request)}, {{request.member, request.batch.values.size()}}};
}

// What an honest admin answers, whatever its books say.
Bytes Answer(int epoch, const Request& request, std::uint64_t seed = 1) {
  Tape tape = TapeFrom(seed);
  return *Issue(Key(512, epoch), AdminSeed(), Debited(request), request, tape.Source());
}

// The token of a message and its signature.
Token TokenOf(const Bytes& msg, const Bytes& sig) {
  return *ParseToken(Join({msg, *I2OSP(NTL::conv<ZZ>(sig.size()), 2), sig}));
}

// ------------------------------------------------------------------------------------- One session

// Property.IssueWorks
TEST(Issuance, IssueWorks) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed) {
        const int epoch = Uniform(0, 4), member = Uniform(0, 9);
        const SecretKey& sk = Key(512, epoch);
        const Link& link = EpochOf(epoch);
        const Bytes audience = *rc::gen::elementOf(link.epoch->lenders);
        const auto count = Uniform<std::size_t>(1, 6);
        const auto now = *rc::gen::element(Uniform(link.epoch->issue_from, link.epoch->issue_until),
                                           link.epoch->issue_from, link.epoch->issue_until - 1);
        Tape tape = TapeFrom(seed);
        const auto asked =
            RequestTokens(link, MemberSeed(member), audience, count, now, tape.Source());
        RC_ASSERT(Step(asked).empty());
        const auto request = VerifyRequest(asked->sealed);
        RC_ASSERT(Step(request).empty());
        RC_ASSERT(request->member == Member(member));
        RC_ASSERT(request->nonce.size() == 16u);
        RC_ASSERT(request->batch.id == *KeyId(sk));
        const auto ledger = Debit({}, link, {Member(member)}, now, *request);
        RC_ASSERT(Step(ledger).empty());
        RC_ASSERT(ledger->debited == std::set<Bytes>{*RequestId(*request)});
        RC_ASSERT(ledger->used ==
                  (std::map<Bytes, std::uint64_t>{{Member(member), std::uint64_t{count}}}));
        const auto sealed = Issue(sk, AdminSeed(), *ledger, *request, tape.Source());
        RC_ASSERT(Step(sealed).empty());
        const auto sigs = Accept(sk, Admin(), asked->state, *sealed);
        RC_ASSERT(Step(sigs).empty());
        RC_ASSERT(sigs->size() == count);
        RC_ASSERT(asked->seeds.size() == count);
        std::set<Bytes> ids;
        for (std::size_t i = 0; i < count; ++i) {
          RC_ASSERT((*sigs)[i].has_value());
          const Token token = TokenOf(asked->state.entries[i].msg, *(*sigs)[i]);
          RC_ASSERT(Step(VerifyToken(sk, audience, token)).empty());
          RC_ASSERT(token.spend_key == PublicOf(asked->seeds[i]));
          ids.insert(*TokenId(token));
        }
        RC_ASSERT(ids.size() == count);
        RC_ASSERT(Step(CheckMisissue(Admin(), SealLink(AdminSeed(), link), asked->sealed,
                                     *sealed)) == "CheckMisissue.5");
        RC_TAG("batch of " + std::to_string(count));
        if (now == link.epoch->issue_from) RC_TAG("in the first second");
        if (now == link.epoch->issue_until - 1) RC_TAG("in the last second");
      },
      2);
  for (const char* tag : {"batch of 1", "batch of 5", "in the first second", "in the last second"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

// Property.IssueWorks from a verified link at the production length, to the largest request.
TEST(Issuance, AtTheProductionLength) {
  const SecretKey& sk = Key(2048);
  const auto link = VerifyLink(Admin(), SealLink(AdminSeed(), EpochLink(sk)));
  ASSERT_EQ(Step(link), "");
  Tape tape = TapeFrom(1);
  const auto asked = *RequestTokens(*link, MemberSeed(0), Lender(), 3, kIssueFrom, tape.Source());
  const auto request = *VerifyRequest(asked.sealed);
  const auto ledger = *Debit({}, *link, {Member(0)}, kIssueFrom, request);
  const auto sealed = *Issue(sk, AdminSeed(), ledger, request, tape.Source());
  const auto sigs = *Accept(sk, Admin(), asked.state, sealed);
  ASSERT_EQ(sigs.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(Step(VerifyToken(sk, Lender(), TokenOf(asked.state.entries[i].msg, *sigs[i]))), "");
}

// RequestTokens.1 to RequestTokens.6 at their limits; the source is read in the order that the spec
// says, and a byte too few is noticed where it is missing.
TEST(Issuance, RequestTokensFails) {
  const Link& link = EpochOf(0);
  const auto step = [&](const Link& of, const Bytes& audience, std::size_t count,
                        std::uint64_t now) {
    Tape tape = TapeFrom(1);
    const auto asked = RequestTokens(of, MemberSeed(0), audience, count, now, tape.Source());
    EXPECT_EQ(tape.used() > 0, asked.has_value()) << "refused before anything is drawn";
    return Step(asked);
  };
  EXPECT_EQ(step(link, Lender(), 1, 100), "");
  EXPECT_EQ(step(link, Lender(), 1, 199), "");
  EXPECT_EQ(step(link, Lender(), 1, 99), "RequestTokens.1");
  EXPECT_EQ(step(link, Lender(), 1, 200), "RequestTokens.1");
  EXPECT_EQ(step(link, Lender(), 1, ~std::uint64_t{0}), "RequestTokens.1");
  EXPECT_EQ(step(Revocation(), Lender(), 1, 100), "RequestTokens.1");
  EXPECT_EQ(step(link, Admin(), 1, 100), "RequestTokens.2");
  EXPECT_EQ(step(link, {}, 1, 100), "RequestTokens.2");
  EXPECT_EQ(step(link, Lender(), 0, 100), "RequestTokens.3");
  EXPECT_EQ(step(link, Lender(), 1000, 100), "");
  EXPECT_EQ(step(link, Lender(), 1001, 100), "RequestTokens.3");
  Link without_key_id = link;
  without_key_id.epoch->pk.n = 1;
  EXPECT_EQ(step(without_key_id, Lender(), 1, 100), "RequestTokens.4");
  EXPECT_EQ(step(link, Admin(), 0, 99), "RequestTokens.1");
  EXPECT_EQ(step(link, Admin(), 0, 100), "RequestTokens.2");

  Bytes bytes(1000);
  TapeFrom(2).Source()(bytes);
  Tape whole = Tape::Of(bytes);
  ASSERT_EQ(Step(RequestTokens(link, MemberSeed(0), Lender(), 2, 100, whole.Source())), "");
  const std::size_t all = whole.used();
  ASSERT_EQ((all - 2 * 32 - 16) % kWidth, 0u);
  for (std::size_t length = 0; length <= all; ++length) {
    Tape tape = Tape::Of(View(bytes).first(length));
    EXPECT_EQ(Step(RequestTokens(link, MemberSeed(0), Lender(), 2, 100, tape.Source())),
              length < 2 * 32     ? "RequestTokens.4"
              : length < all - 16 ? "RequestTokens.5"
              : length < all      ? "RequestTokens.6"
                                  : "");
  }
}

// Claim.TokenNeutral
// Property.TokenFromTape, all the way: the messages, what is secret about them and the tokens are a
// function of the tape, the key and the audience. Everything else that a member or the admin could
// let flow into them is varied.
TEST(Issuance, TokenFromTape) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed) {
        const SecretKey& sk = Key(512);
        const Bytes audience = Lender();
        const auto count = Uniform<std::size_t>(1, 5);
        struct Run {
          Requested asked;
          std::vector<Bytes> tokens;
          std::uint64_t used;
        };
        const auto run = [&](std::uint64_t tape_seed) {
          Link link = EpochOf(0);
          link.number = Uniform(2u, 9u);
          link.predecessor = Random(32);
          link.epoch->quota = Uniform(20u, 90u);
          link.epoch->issue_from = Uniform<std::uint64_t>(0, 150);
          link.epoch->spend_until = Uniform<std::uint64_t>(400, 900);
          link.epoch->lenders = {audience, Random(32)};
          std::ranges::sort(link.epoch->lenders);
          const Bytes member_seed = Random(32), admin_seed = Random(32);
          const auto now = Uniform<std::uint64_t>(150, 200);
          Tape tape = TapeFrom(tape_seed);
          Run made{*RequestTokens(link, member_seed, audience, count, now, tape.Source()),
                   {},
                   tape.used()};
          const auto request = *VerifyRequest(made.asked.sealed);
          const Bytes member = PublicOf(member_seed);
          const Ledger before{{Random(32)},
                              {{member, Uniform<std::uint64_t>(0, 10)}, {Random(32), 3}}};
          const auto ledger = *Debit(before, link, {member, Random(32)}, now, request);
          Tape base = TapeFrom(Uniform<std::uint64_t>(0, 1000));
          const Bytes sealed = *Issue(sk, admin_seed, ledger, request, base.Source());
          const auto sigs = *Accept(sk, PublicOf(admin_seed), made.asked.state, sealed);
          for (std::size_t i = 0; i < count; ++i)
            made.tokens.push_back(*EncodeToken(TokenOf(made.asked.state.entries[i].msg, *sigs[i])));
          return made;
        };
        const Run one = run(seed), two = run(seed), other = run(seed + 1);
        RC_ASSERT(one.asked.sealed != two.asked.sealed);
        RC_ASSERT(one.asked.seeds == two.asked.seeds);
        RC_ASSERT(one.tokens == two.tokens);
        RC_ASSERT(one.used == two.used);
        for (std::size_t i = 0; i < count; ++i) {
          RC_ASSERT(one.asked.state.entries[i].msg == two.asked.state.entries[i].msg);
          RC_ASSERT(one.asked.state.entries[i].r_inv == two.asked.state.entries[i].r_inv);
          for (std::size_t j = 0; j < count; ++j) {
            RC_ASSERT(one.asked.seeds[i] != other.asked.seeds[j]);
            RC_ASSERT(one.asked.state.entries[i].msg != other.asked.state.entries[j].msg);
            RC_ASSERT(one.asked.state.entries[i].r_inv != other.asked.state.entries[j].r_inv);
          }
        }
        // Exactly what MintToken, Blind and the nonce take, in this order.
        Tape tape = TapeFrom(seed);
        std::vector<Bytes> msgs;
        for (std::size_t i = 0; i < count; ++i)
          msgs.push_back(MintToken(*KeyId(sk), audience, tape.Source())->msg);
        RC_ASSERT(tape.used() == 32 * count);
        const auto blinded = *BlindBatch(sk, msgs, tape.Source());
        Bytes nonce(16);
        tape.Source()(nonce);
        RC_ASSERT(tape.used() == one.used);
        const Request request = *VerifyRequest(one.asked.sealed);
        RC_ASSERT(request.nonce == nonce);
        RC_ASSERT(request.batch.values == blinded.request.values);
        RC_ASSERT(one.asked.state.request_hash == blinded.state.request_hash);
        RC_TAG(count == 1 ? "one token" : "several tokens");
      },
      1);
  EXPECT_GE(distribution.Share("several tokens"), 0.2);
}

// Property.AnswerSame and Property.DebitFirst
TEST(Issuance, AnswerSame) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed) {
        const int epoch = Uniform(0, 4), member = Uniform(0, 9);
        const SecretKey& sk = Key(512, epoch);
        Tape tape = TapeFrom(seed), one = TapeFrom(seed + 1), two = TapeFrom(seed + 2);
        const auto request =
            *VerifyRequest(Ask(epoch, member, Uniform<std::size_t>(1, 5), tape.Source()).sealed);
        const Bytes id = *RequestId(request);
        const Bytes answer = *Issue(sk, AdminSeed(), Debited(request), request, one.Source());
        Ledger rest{{id, Random(32), Random(32)}, {{Random(32), 7}, {Member(member), 1}}};
        RC_ASSERT(*Issue(sk, AdminSeed(), rest, request, two.Source()) == answer);
        RC_ASSERT(*Issue(sk, AdminSeed(), {{id}, {}}, request, two.Source()) == answer);

        // Debit of what has been debited changes nothing, at any time and with any roster.
        const auto now = *rc::gen::arbitrary<std::uint64_t>();
        const auto again = Debit(rest, EpochOf(epoch), {Random(32)}, now, request);
        RC_ASSERT(Step(again).empty());
        RC_ASSERT(again->debited == rest.debited);
        RC_ASSERT(again->used == rest.used);

        // Without this very request in the ledger nothing is signed, and nothing is drawn for it.
        Request nonce = request, by_another = request, fewer = request;
        nonce.nonce[0] ^= 1;
        by_another.member = Member(member + 1);
        fewer.batch.values[0] += 1;
        Tape unread = TapeFrom(seed);
        for (const Request& near : {nonce, by_another, fewer}) {
          RC_ASSERT(*RequestId(near) != id);
          RC_ASSERT(Step(Issue(sk, AdminSeed(), {{id}, {{near.member, 9}}}, near,
                               unread.Source())) == "Issue.1");
        }
        RC_ASSERT(Step(Issue(sk, AdminSeed(), {{}, {{request.member, 9}}}, request,
                             unread.Source())) == "Issue.1");
        Request none = request;
        none.nonce.pop_back();
        RC_ASSERT(Step(Issue(sk, AdminSeed(), {{id, Bytes{}}, {}}, none, unread.Source())) ==
                  "Issue.1");
        RC_ASSERT(unread.used() == 0u);
        // And never under another key, or a value that would give something away.
        RC_ASSERT(Step(Issue(Key(512, epoch + 1), AdminSeed(), rest, request, unread.Source())) ==
                  "Issue.2");
        Request bad = request;
        using Value = std::pair<std::string, ZZ>;
        const auto [name, value] = *rc::gen::element<Value>(Value{"0", ZZ{0}}, Value{"1", ZZ{1}},
                                                            Value{"n - 1", ZZ{sk.n - 1}},
                                                            Value{"n", sk.n}, Value{"p", sk.p});
        bad.batch.values.back() = value;
        RC_ASSERT(Step(Issue(sk, AdminSeed(), Debited(bad), bad, two.Source())) == "Issue.2");
        Tape empty = Tape::Of({});
        RC_ASSERT(Step(Issue(sk, AdminSeed(), rest, request, empty.Source())) == "Issue.2");
        RC_TAG("asked to sign " + name);
      },
      2);
  for (const char* name : {"0", "1", "n - 1", "n", "p"})
    EXPECT_GE(distribution.Share("asked to sign " + std::string(name)), 0.01) << name;
}

// ------------------------------------------------------------------------------------------- Requests

// Property.RequestRoundTrip
TEST(Issuance, RequestRoundTrip) {
  const auto distribution = CheckProperty(
      [] {
        Batch batch{Random(32), *rc::gen::element<std::size_t>(1, 2, 64, 512), {}};
        const auto count = Uniform<std::size_t>(1, 5);
        for (std::size_t i = 0; i < count; ++i) batch.values.push_back(OS2IP(Random(batch.width)));
        const Request request{Random(32), Random(16), batch};
        const Bytes bytes = *EncodeRequest(request);
        const auto same = [&](const Request& other) {
          return other.member == request.member && other.nonce == request.nonce &&
                 other.batch.id == batch.id && other.batch.width == batch.width &&
                 other.batch.values == batch.values;
        };
        RC_ASSERT(same(*ParseRequest(bytes)));
        RC_ASSERT(bytes == Join({Bytes{1, 13}, request.member, request.nonce,
                                 *EncodeBatch(kRequest, batch)}));
        RC_ASSERT(*RequestId(request) ==
                  SHA256(Join({Bytes(7), Bytes{23}, Ascii("blindlend v1 request id"), bytes})));
        Bytes bad = *rc::gen::element(Edited(bytes, 4), Edited(bytes, 88));
        const auto parsed = ParseRequest(bad);
        if (parsed) RC_ASSERT(*EncodeRequest(*parsed) == bad);
        RC_TAG(parsed ? "accepted" : Step(parsed));

        for (Bytes Request::* const field : {&Request::member, &Request::nonce})
          for (const long change : {-1, 1}) {
            Request wrong = request;
            (wrong.*field).resize((wrong.*field).size() + static_cast<std::size_t>(change));
            RC_ASSERT(Step(EncodeRequest(wrong)) == "EncodeRequest.1");
            RC_ASSERT(Step(RequestId(wrong)) == "RequestId.1");
          }
        Request wrong = request;
        wrong.batch.values.clear();
        RC_ASSERT(Step(EncodeRequest(wrong)) == "EncodeRequest.1");
        RC_ASSERT(Step(RequestId(wrong)) == "RequestId.1");
      },
      10);
  for (const char* tag : {"accepted", "ParseRequest.1", "ParseRequest.2"})
    EXPECT_GE(distribution.Share(tag), 0.05) << tag;
}

// VerifyRequest: what is not signed by the member that it names, every bit of it.
TEST(Issuance, VerifyRequestFails) {
  Tape tape = TapeFrom(1);
  const Bytes sealed = Ask(0, 0, 1, tape.Source()).sealed;
  const Request request = *VerifyRequest(sealed);
  std::map<std::string, int> steps;
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit)
    ++steps[Step(VerifyRequest(FlipBit(sealed, bit)))];
  EXPECT_EQ(steps.size(), 2u);
  EXPECT_GE(steps["VerifyRequest.2"], 32);
  EXPECT_GE(steps["VerifyRequest.3"], 8 * (32 + 16 + 32 + 64 + 64));
  for (std::size_t length = 0; length < sealed.size(); ++length)
    ASSERT_EQ(Step(VerifyRequest(View(sealed).first(length))),
              length < 64 ? "VerifyRequest.1" : "VerifyRequest.2");
  const Bytes body = *EncodeRequest(request);
  const auto step = [&](const Bytes& seed, std::string_view tag) {
    return Step(VerifyRequest(Seal(seed, tag, body)));
  };
  EXPECT_EQ(step(MemberSeed(0), "blindlend v1 request"), "");
  EXPECT_EQ(step(MemberSeed(1), "blindlend v1 request"), "VerifyRequest.3");
  EXPECT_EQ(step(MemberSeed(0), "blindlend v1 link"), "VerifyRequest.3");
}

// Property.QuotaKept on one request: each step of Debit at its limits, and their order.
TEST(Issuance, DebitFails) {
  Tape tape = TapeFrom(1);
  const SecretKey& sk = Key(512);
  const Link& link = EpochOf(0);
  const Request request = *VerifyRequest(Ask(0, 0, 3, tape.Source()).sealed);
  const std::set<Bytes> roster = {Member(0), Member(1)};
  const auto step = [&](const Request& of, std::uint64_t now, std::uint64_t used) {
    Ledger ledger;
    if (used > 0) ledger.used = {{Member(0), used}, {Member(1), 5}};
    return Step(Debit(ledger, link, roster, now, of));
  };
  EXPECT_EQ(step(request, 100, 0), "");
  EXPECT_EQ(step(request, 199, 0), "");
  EXPECT_EQ(step(request, 99, 0), "Debit.5");
  EXPECT_EQ(step(request, 200, 0), "Debit.5");
  EXPECT_EQ(step(request, 100, 2), "");
  EXPECT_EQ(step(request, 100, 3), "Debit.7");
  EXPECT_EQ(step(request, 100, 5), "Debit.7");
  EXPECT_EQ(step(request, 100, 6), "Debit.7");
  EXPECT_EQ(step(request, 100, ~std::uint64_t{0}), "Debit.7");
  EXPECT_EQ(Step(Debit({}, Revocation(), roster, 100, request)), "Debit.1");
  EXPECT_EQ(Step(Debit({}, EpochOf(1), roster, 100, request)), "Debit.2");
  EXPECT_EQ(Step(Debit({}, link, {Member(1)}, 100, request)), "Debit.4");
  EXPECT_EQ(Step(Debit({}, link, {}, 0, request)), "Debit.4");

  Request wide = request;
  wide.batch.width = 65;
  EXPECT_EQ(step(wide, 0, 5), "Debit.2");
  Link nameless = link;
  nameless.epoch->pk.e = NTL::power2_ZZ(32);
  EXPECT_EQ(Step(Debit({}, nameless, roster, 100, request)), "Debit.2");
  const Ledger had = Debited(request);
  EXPECT_EQ(Step(Debit(had, Revocation(), roster, 100, request)), "Debit.1");
  EXPECT_EQ(Step(Debit(had, EpochOf(1), roster, 100, request)), "Debit.2");
  EXPECT_EQ(Step(Debit(had, link, {}, 0, request)), "");

  for (std::size_t i = 0; i < 3; ++i) {
    const auto with = [&](const ZZ& value) {
      Request bad = request;
      bad.batch.values[i] = value;
      return step(bad, 100, 5);
    };
    for (const ZZ& value : {ZZ{0}, ZZ{1}, ZZ{sk.n - 1}, sk.n, ZZ{sk.n + 2}, sk.p, sk.q,
                            ZZ{7 * sk.p}, ZZ{sk.n - sk.q}})
      EXPECT_EQ(with(value), "Debit.6") << i << " " << value;
    EXPECT_EQ(with(ZZ{2}), "Debit.7");
    EXPECT_EQ(with(sk.n - 2), "Debit.7");
  }
}

// The largest quota and a count beyond it do not overflow.
TEST(Issuance, DebitAtTheLargestQuota) {
  Tape tape = TapeFrom(1);
  Link link = EpochOf(0);
  link.epoch->quota = ~0u;
  const Request request = *VerifyRequest(Ask(0, 0, 3, tape.Source()).sealed);
  for (const std::uint64_t left : {0u, 2u, 3u, 4u}) {
    const std::uint64_t used = ~0u - left;
    const auto ledger = Debit({{}, {{Member(0), used}}}, link, {Member(0)}, 100, request);
    EXPECT_EQ(Step(ledger), left < 3 ? "Debit.7" : "") << left;
    if (ledger) {
      EXPECT_EQ(ledger->used.at(Member(0)), used + 3);
    }
  }
}

// -------------------------------------------------------------------------------- The admin's books

// The books as simple as they can be: who may, how many, which requests.
struct Asked {
  int epoch, member;
  std::size_t count;
  std::string lie;  // "", "value", "width", "key"
};

struct Books {
  bool revoked = false;
  int epochs = 1;
  std::uint64_t now = 150;
  std::set<int> roster = {0, 1};
  std::vector<Asked> asked;
  std::set<std::size_t> debited;
  std::map<std::pair<int, int>, std::size_t> used;  // epoch and member

  // What Debit is to say to asked[i]: the step, "" or "again".
  std::string Says(std::size_t i) const {
    const auto& [epoch, member, count, lie] = asked[i];
    if (revoked) return "Debit.1";
    if (epoch >= epochs || lie == "width" || lie == "key") return "Debit.2";
    if (debited.contains(i)) return "again";
    if (!roster.contains(member)) return "Debit.4";
    const auto from = 100 + 100 * static_cast<std::uint64_t>(epoch);
    if (now < from || now > from + 99) return "Debit.5";
    if (lie == "value") return "Debit.6";
    const auto had = used.find({epoch, member});
    if ((had == used.end() ? 0 : had->second) + count > 5) return "Debit.7";
    return "";
  }

  void Send(std::size_t i) {
    if (!Says(i).empty()) return;
    debited.insert(i);
    used[{asked[i].epoch, asked[i].member}] += asked[i].count;
  }
};

// The admin as it is: a chain, a ledger for each epoch, and what it has answered.
struct Office {
  bool revoked = false;
  std::vector<Link> chain = {EpochOf(0)};
  std::vector<Ledger> ledgers = {{}};
  std::uint64_t now = 150;
  std::set<Bytes> roster = {Member(0), Member(1)};
  std::vector<Bytes> sealed;  // the requests as sent
  std::map<std::size_t, Bytes> answers;
  std::uint64_t tapes = 0;
  std::set<std::string> seen;

  // Sends request i, whose treatment the books foretell.
  void Send(std::size_t i, const std::string& says) {
    const auto request = VerifyRequest(sealed[i]);
    RC_ASSERT(Step(request).empty());
    std::size_t epoch = chain.size() - 1;
    for (std::size_t j = 0; j < chain.size(); ++j)
      if (*KeyId(chain[j].epoch->pk) == request->batch.id) epoch = j;
    Ledger& ledger = ledgers[epoch];
    const auto debited =
        Debit(ledger, revoked ? Revocation() : chain[epoch], roster, now, *request);
    RC_ASSERT(Step(debited) == (says == "again" ? "" : says));
    if (says == "again") {
      RC_ASSERT(debited->debited == ledger.debited);
      RC_ASSERT(debited->used == ledger.used);
    }
    if (debited) ledger = *debited;
    Tape tape = TapeFrom(++tapes);
    const auto answer =
        Issue(Key(512, static_cast<int>(epoch)), AdminSeed(), ledger, *request, tape.Source());
    // Debited before, whatever Debit says now, or not signed at all (Property.DebitFirst).
    const bool had = answers.contains(i);
    RC_ASSERT(Step(answer) ==
              (debited || (had && ledger.debited.contains(*RequestId(*request))) ? "" : "Issue.1"));
    if (answer && had) RC_ASSERT(answers.at(i) == *answer);
    if (answer) answers.insert({i, *answer});
    seen.insert(says.empty() ? "debited" : says);
    if (says == "again" && !roster.contains(request->member)) seen.insert("again though removed");
    if (says == "again" && now >= chain[epoch].epoch->issue_until) seen.insert("again though late");
  }

  // The books agree.
  void Check(const Books& books) const {
    RC_ASSERT(ledgers.size() == static_cast<std::size_t>(books.epochs));
    std::size_t entries = 0;
    for (int epoch = 0; epoch < books.epochs; ++epoch) {
      const Ledger& ledger = ledgers[static_cast<std::size_t>(epoch)];
      entries += ledger.debited.size();
      std::size_t members = 0;
      for (const auto& [who, count] : books.used) {
        if (who.first != epoch) continue;
        ++members;
        RC_ASSERT(ledger.used.at(Member(who.second)) == count);
      }
      RC_ASSERT(ledger.used.size() == members);
      for (const auto& [member, count] : ledger.used)
        RC_ASSERT(count <= EpochOf(epoch).epoch->quota);
    }
    RC_ASSERT(entries == books.debited.size());
    RC_ASSERT(answers.size() == books.debited.size());
    // What has been signed for each member in all, from the answers alone.
    std::map<std::pair<int, int>, std::size_t> signed_for;
    for (const auto& [i, answer] : answers)
      signed_for[{books.asked[i].epoch, books.asked[i].member}] +=
          OpenResponse(answer).values.size();
    RC_ASSERT(signed_for == books.used);
  }
};

using Command = rc::state::Command<Books, Office>;

struct Enroll : Command {
  int member = Uniform(0, 4);
  void apply(Books& books) const override { books.roster.insert(member); }
  void run(const Books& books, Office& office) const override {
    office.roster.insert(Member(member));
    office.Check(nextState(books));
  }
  void show(std::ostream& os) const override { os << "Enroll " << member; }
};

struct Remove : Command {
  int member = Uniform(0, 2);
  void apply(Books& books) const override { books.roster.erase(member); }
  void run(const Books& books, Office& office) const override {
    office.roster.erase(Member(member));
    office.Check(nextState(books));
  }
  void show(std::ostream& os) const override { os << "Remove " << member; }
};

struct Clock : Command {
  std::uint64_t now = 0;
  explicit Clock(const Books& books) {
    const auto newest = 100 * static_cast<std::uint64_t>(books.epochs);
    now = *rc::gen::element<std::uint64_t>(newest + 0, newest + 50, newest + 99, newest - 1,
                                           newest + 100);
  }
  void apply(Books& books) const override { books.now = now; }
  void run(const Books&, Office& office) const override { office.now = now; }
  void show(std::ostream& os) const override { os << "Clock " << now; }
};

struct NewEpoch : Command {
  void checkPreconditions(const Books& books) const override {
    RC_PRE(!books.revoked);
    RC_PRE(books.epochs < 4);
  }
  void apply(Books& books) const override {
    ++books.epochs;
    books.now += 100;
  }
  void run(const Books& books, Office& office) const override {
    office.chain = *Extend(office.chain, EpochOf(books.epochs));
    office.ledgers.push_back({});
    office.now += 100;
    office.Check(nextState(books));
  }
  void show(std::ostream& os) const override { os << "NewEpoch"; }
};

struct Revoke : Command {
  explicit Revoke(const Books& books) {
    // Seldom and late, or there would be little to see.
    RC_PRE(books.asked.size() >= 6u);
    RC_PRE(OneIn(3));
  }
  void apply(Books& books) const override { books.revoked = true; }
  void run(const Books&, Office& office) const override { office.revoked = true; }
  void show(std::ostream& os) const override { os << "Revoke"; }
};

// A member asks; its own clock is right, the admin's decides.
struct NewRequest : Command {
  Asked asked;
  std::uint64_t seed = *rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>());
  explicit NewRequest(const Books& books) {
    asked.epoch = OneIn(6) ? Uniform(0, 4) : books.epochs - 1;
    asked.member = OneIn(4) ? Uniform(0, 4) : Uniform(0, 2);
    asked.count = *rc::gen::element<std::size_t>(1, 1, 2, 2, 3, 5, 6);
    asked.lie =
        *rc::gen::weightedElement<std::string>({{8, ""}, {1, "value"}, {1, "width"}, {1, "key"}});
  }
  void apply(Books& books) const override {
    books.asked.push_back(asked);
    books.Send(books.asked.size() - 1);
  }
  void run(const Books& books, Office& office) const override {
    Tape tape = TapeFrom(seed);
    Request request =
        *VerifyRequest(Ask(asked.epoch, asked.member, asked.count, tape.Source()).sealed);
    const SecretKey& sk = Key(512, asked.epoch);
    ZZ& value = request.batch.values[seed % asked.count];
    const ZZ bad[] = {ZZ{0}, ZZ{1}, sk.n - 1, sk.n, sk.p, value + sk.n};
    if (asked.lie == "value") value = bad[seed % 5];
    if (asked.lie == "width") ++request.batch.width;
    if (asked.lie == "key") request.batch.id = SHA256(request.batch.id);
    office.sealed.push_back(SealRequest(asked.member, request));
    Books with = books;
    with.asked.push_back(asked);
    office.Send(books.asked.size(), with.Says(books.asked.size()));
    office.Check(nextState(books));
  }
  void show(std::ostream& os) const override {
    os << "NewRequest epoch " << asked.epoch << " member " << asked.member << " count "
       << asked.count << " " << asked.lie;
  }
};

// The identical bytes once more.
struct SameRequest : Command {
  std::size_t at = 0;
  explicit SameRequest(const Books& books) {
    RC_PRE(!books.asked.empty());
    at = Uniform<std::size_t>(0, books.asked.size());
  }
  void checkPreconditions(const Books& books) const override { RC_PRE(at < books.asked.size()); }
  void apply(Books& books) const override { books.Send(at); }
  void run(const Books& books, Office& office) const override {
    office.Send(at, books.Says(at));
    office.Check(nextState(books));
  }
  void show(std::ostream& os) const override { os << "SameRequest " << at; }
};

// Claim.QuotaKept
// Property.QuotaKept, Property.DebitFirst and Property.AnswerSame over any sequence of requests, with
// members coming and going, the clock set forth and back, epochs following each other, and the end.
TEST(Issuance, QuotaKept) {
  const auto distribution = CheckProperty(
      [] {
        Office office;
        rc::state::check(
            Books{}, office,
            rc::state::gen::execOneOfWithArgs<NewRequest, NewRequest, NewRequest, SameRequest,
                                              SameRequest, SameRequest, Enroll, Remove, Clock,
                                              NewEpoch, Revoke>());
        for (const std::string& tag : office.seen) RC_TAG(tag);
      },
      3);
  for (const char* tag : {"debited", "again", "again though removed", "again though late",
                          "Debit.1", "Debit.2", "Debit.4", "Debit.5", "Debit.6", "Debit.7"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

// ------------------------------------------------------------------------------------------- Responses

// Claim.MisissueConvicts
// Property.AcceptEach and Property.MisissueConvicts: a response changed in some way and signed by the
// admin all the same, or not signed.
TEST(Issuance, AcceptEach) {
  const auto distribution = CheckProperty(
      [](std::uint64_t seed) {
        const SecretKey& sk = Key(512);
        Tape tape = TapeFrom(seed);
        const auto count = Uniform<std::size_t>(1, 5);
        const Requested asked = Ask(0, 0, count, tape.Source());
        const Request request = *VerifyRequest(asked.sealed);
        const Bytes link = SealLink(AdminSeed(), EpochOf(0));
        const Bytes answer = Answer(0, request, seed);
        Batch response = OpenResponse(answer);
        const std::vector<ZZ> right = response.values;

        // Any of the values wrong; here and there all of them right after all.
        for (ZZ& value : response.values)
          if (OneIn(3))
            value = *rc::gen::element(value, ZZ{0}, ZZ{1}, ZZ{sk.n - value}, ZZ{value + 1}, sk.n,
                                      ZZ{sk.n + 1}, sk.p, ZZ{MulMod(value, 2, sk.n)}, right.back(),
                                      request.batch.values[0], ZZ{NTL::power2_ZZ(512) - 1});
        const std::string change = *rc::gen::weightedElement<std::string>(
            {{6, "values"}, {2, "fewer"}, {1, "more"}, {1, "wide"}, {1, "exchanged"}});
        if (change == "fewer" && count > 1) response.values.pop_back();
        if (change == "more") response.values.push_back(ZZ{2});
        if (change == "wide") ++response.width;
        if (change == "exchanged") std::swap(response.values.front(), response.values.back());

        const Bytes sealed = SealResponse(response);
        const auto sigs = Accept(sk, Admin(), asked.state, sealed);
        const auto convicted = CheckMisissue(Admin(), link, asked.sealed, sealed);
        const bool form = response.width == kWidth && response.values.size() == count;
        RC_ASSERT(Step(sigs) == (form ? "" : "Accept.4"));
        bool all = form;
        if (sigs) {
          RC_ASSERT(sigs->size() == count);
          for (std::size_t i = 0; i < count; ++i) {
            const Bytes& msg = asked.state.entries[i].msg;
            const bool good = response.values[i] == right[i];
            RC_ASSERT((*sigs)[i] == (good ? std::optional(SignatureOf(sk, msg)) : std::nullopt));
            all = all && good;
          }
        }
        // Evidence exactly if something is wrong with it.
        RC_ASSERT(Step(convicted) == (all ? "CheckMisissue.5" : ""));
        RC_ASSERT(Step(CheckMisissue(Admin(), link, asked.sealed, answer)) == "CheckMisissue.5");

        // What changes nothing: not signed by this admin, as a response, to this request.
        const auto refused = [&](const Bytes& other) {
          return Step(Accept(sk, Admin(), asked.state, other));
        };
        const Bytes body = *EncodeBatch(kResponse, response);
        RC_ASSERT(refused(Seal(SeedOf("other"), "blindlend v1 response", body)) == "Accept.1");
        RC_ASSERT(refused(Seal(MemberSeed(0), "blindlend v1 response", body)) == "Accept.1");
        RC_ASSERT(refused(Seal(AdminSeed(), "blindlend v1 request", body)) == "Accept.1");
        RC_ASSERT(refused(FlipBit(answer, Uniform<std::size_t>(0, 8 * answer.size()))) ==
                  "Accept.1");
        RC_ASSERT(refused(body) == "Accept.1");
        RC_ASSERT(refused({}) == "Accept.1");
        RC_ASSERT(refused(Seal(AdminSeed(), "blindlend v1 response",
                               *EncodeBatch(kRequest, response))) == "Accept.2");
        RC_ASSERT(refused(Seal(AdminSeed(), "blindlend v1 response", {})) == "Accept.2");
        // An answer to the same member's next request for as many.
        const Requested next = Ask(0, 0, count, tape.Source());
        const Bytes to_next = Answer(0, *VerifyRequest(next.sealed));
        RC_ASSERT(refused(to_next) == "Accept.3");
        RC_ASSERT(Step(Accept(sk, Admin(), next.state, answer)) == "Accept.3");
        // Under another key of this width every value would be wrong, and every serial burnt.
        RC_ASSERT(Step(Accept(Key(512, 1), Admin(), asked.state, answer)) == "Accept.3");
        RC_ASSERT(Step(Accept({sk.n, ZZ{3}}, Admin(), asked.state, answer)) == "Accept.3");
        RC_ASSERT(Step(Accept({sk.n, ZZ{0}}, Admin(), asked.state, answer)) == "Accept.3");
        RC_ASSERT(Step(CheckMisissue(Admin(), link, asked.sealed, to_next)) == "CheckMisissue.4");
        RC_TAG(!form ? change : all ? "all right" : "some wrong");
        RC_TAG("batch of " + std::to_string(count));
      },
      4);
  for (const char* tag : {"all right", "some wrong", "fewer", "more", "wide"})
    EXPECT_GE(distribution.Share(tag), 0.005) << tag;
}

// CheckMisissue.1 to CheckMisissue.4: what is no evidence.
TEST(Issuance, MisissueConvicts) {
  Tape tape = TapeFrom(1);
  const SecretKey& sk = Key(512);
  const Bytes link = SealLink(AdminSeed(), EpochOf(0));
  const Requested asked = Ask(0, 0, 2, tape.Source());
  const Request request = *VerifyRequest(asked.sealed);
  Batch wrong = OpenResponse(Answer(0, request));
  wrong.values[1] += 1;
  const Bytes response = SealResponse(wrong);
  const auto step = [&](const Bytes& l, const Bytes& q, const Bytes& a) {
    return Step(CheckMisissue(Admin(), l, q, a));
  };
  ASSERT_EQ(step(link, asked.sealed, response), "");

  const Bytes by_other = SealLink(SeedOf("other"), EpochOf(0));
  for (const Bytes& bad : {by_other, SealLink(AdminSeed(), Revocation()), response, Bytes{},
                           Seal(AdminSeed(), "blindlend v1 link", Bytes{1, 0x0a}),
                           Seal(AdminSeed(), "blindlend v1 response", *EncodeLink(EpochOf(0)))})
    EXPECT_EQ(step(bad, asked.sealed, response), "CheckMisissue.1");
  EXPECT_EQ(Step(CheckMisissue(Member(0), link, asked.sealed, response)), "CheckMisissue.1");

  const Bytes body = *EncodeRequest(request);
  for (const Bytes& bad : {Bytes{}, response, FlipBit(asked.sealed, 8 * 60),
                           Seal(MemberSeed(1), "blindlend v1 request", body),
                           Seal(AdminSeed(), "blindlend v1 request", body)})
    EXPECT_EQ(step(link, bad, response), "CheckMisissue.2");

  const Bytes answer = *EncodeBatch(kResponse, wrong);
  for (const Bytes& bad :
       {Bytes{}, asked.sealed, FlipBit(response, 8 * 60),
        Seal(SeedOf("other"), "blindlend v1 response", answer),
        Seal(AdminSeed(), "blindlend v1 request", answer),
        Seal(AdminSeed(), "blindlend v1 response", {}),
        Seal(AdminSeed(), "blindlend v1 response", *EncodeBatch(kRequest, wrong))})
    EXPECT_EQ(step(link, asked.sealed, bad), "CheckMisissue.3");

  // Another epoch's link; a request of the wrong width or for another key, with an answer that names
  // it; another request's answer.
  EXPECT_EQ(step(SealLink(AdminSeed(), EpochOf(1)), asked.sealed, response), "CheckMisissue.4");
  const auto with = [&](const Request& changed) {
    Batch to = wrong;
    to.id = SHA256(*EncodeBatch(kRequest, changed.batch));
    return step(link, SealRequest(0, changed), SealResponse(to));
  };
  Request changed = request;
  EXPECT_EQ(with(changed), "");
  ++changed.batch.width;
  EXPECT_EQ(with(changed), "CheckMisissue.4");
  changed = request;
  changed.batch.id[0] ^= 1;
  EXPECT_EQ(with(changed), "CheckMisissue.4");
  Batch to = wrong;
  to.id = SHA256(to.id);
  EXPECT_EQ(step(link, asked.sealed, SealResponse(to)), "CheckMisissue.4");

  // CheckMisissue.5: exactly the root, in range; all of them; as wide as the key.
  const ZZ root = OpenResponse(Answer(0, request)).values[1];
  for (const auto& [value, convicts] : std::vector<std::pair<ZZ, bool>>{
           {root, false}, {ZZ{0}, true}, {ZZ{1}, true}, {sk.n, true}, {sk.n - root, true}}) {
    to = wrong;
    to.values[1] = value;
    EXPECT_EQ(step(link, asked.sealed, SealResponse(to)), convicts ? "" : "CheckMisissue.5");
  }
  // A root plus n, where it is small enough for its place. One in ten is, at least.
  for (int tries = 0;; ++tries) {
    ASSERT_LT(tries, 300);
    const Requested other = Ask(0, 0, 1, tape.Source());
    Batch larger = OpenResponse(Answer(0, *VerifyRequest(other.sealed)));
    larger.values[0] += sk.n;
    if (NumBits(larger.values[0]) > 512) continue;
    EXPECT_EQ(step(link, other.sealed, SealResponse(larger)), "");
    EXPECT_FALSE((*Accept(sk, Admin(), other.state, SealResponse(larger)))[0].has_value());
    break;
  }
  // No honest admin answers 0 to 0: Debit refuses it.
  changed = request;
  changed.batch.values[1] = 0;
  to = OpenResponse(Answer(0, request));
  to.values[1] = 0;
  to.id = SHA256(*EncodeBatch(kRequest, changed.batch));
  EXPECT_EQ(step(link, SealRequest(0, changed), SealResponse(to)), "");
  to = wrong;
  to.values = {OpenResponse(Answer(0, request)).values[0]};
  EXPECT_EQ(step(link, asked.sealed, SealResponse(to)), "") << "one missing";
  to = OpenResponse(Answer(0, request));
  ++to.width;
  EXPECT_EQ(step(link, asked.sealed, SealResponse(to)), "") << "too wide";
}

// ------------------------------------------------------------------------------------ The member's side

constexpr TokenState kStates[] = {TokenState::kPrepared, TokenState::kRequested,
                                  TokenState::kHeld,     TokenState::kSpending,
                                  TokenState::kSpent,    TokenState::kBurnt};
constexpr TokenEvent kEvents[] = {
    TokenEvent::kSent,     TokenEvent::kAccepted, TokenEvent::kRefused,  TokenEvent::kCancelled,
    TokenEvent::kReserved, TokenEvent::kServed,   TokenEvent::kReleased, TokenEvent::kExpired};

// Property.IndexUniform: what is read first has 32 bits, of which those of count - 1 count.
TEST(Issuance, IndexUniform) {
  CheckProperty(
      [] {
        const auto count = *rc::gen::inRange<std::uint64_t>(1, 1025);
        const auto high = *rc::gen::arbitrary<std::uint16_t>();
        std::map<std::uint64_t, int> drawn;
        for (std::uint32_t low = 0; low < 1024; ++low) {
          const Bytes first = *I2OSP(ZZ{static_cast<long>(high & 0xfc00)} * 65536 + low, 4);
          int reads = 0;
          const auto index = DrawIndex(count, [&](std::span<std::uint8_t> bytes) {
            if (++reads > 1) return false;
            std::ranges::copy(first, bytes.begin());
            return true;
          });
          if (index)
            ++drawn[*index];
          else
            RC_ASSERT(Step(index) == "DrawIndex.3");
        }
        RC_ASSERT(drawn.size() == count);
        RC_ASSERT(drawn.rbegin()->first == count - 1);
        for (const auto& [index, times] : drawn) RC_ASSERT(times == drawn[0]);
        RC_ASSERT(static_cast<std::uint64_t>(drawn[0]) == 1024 / std::bit_ceil(count));
      },
      2);
}

// Property.TransitionFinal, and the table: rows are states, columns events, in the spec's order.
TEST(Issuance, TransitionFinal) {
  const std::string next[] = {"Rhbb...b", ".hbb...b", "....s..b",
                              ".....$hb", "........", "........"};
  const std::string letters = "pRhs$b";
  int allowed = 0;
  for (std::size_t s = 0; s < 6; ++s)
    for (std::size_t e = 0; e < 8; ++e) {
      const auto to = Transition(kStates[s], kEvents[e]);
      const char letter = next[s][e];
      if (letter == '.') {
        EXPECT_EQ(Step(to), "Transition.1") << s << " " << e;
        continue;
      }
      ++allowed;
      ASSERT_EQ(Step(to), "") << s << " " << e;
      EXPECT_EQ(*to, kStates[letters.find(letter)]) << s << " " << e;
      EXPECT_FALSE(kStates[s] == TokenState::kSpent || kStates[s] == TokenState::kBurnt);
      EXPECT_NE(*to, TokenState::kPrepared);
      EXPECT_TRUE(*to != TokenState::kRequested || kStates[s] == TokenState::kPrepared);
      if (*to == TokenState::kHeld) {
        EXPECT_TRUE(kEvents[e] == TokenEvent::kAccepted || kEvents[e] == TokenEvent::kReleased);
      }
    }
  EXPECT_EQ(allowed, 14);
}

// A wallet as simple as it can be: for each request, the letter of each of its tokens.
struct Purse {
  std::vector<std::string> sessions;

  // Every token of a session with one of these letters gets another.
  void Move(std::size_t session, const std::string& from, char to) {
    for (char& letter : sessions[session])
      if (from.find(letter) != std::string::npos) letter = to;
  }
};

// A wallet as it is: real requests, real answers, states by Transition.
struct Wallet {
  struct Session {
    Requested asked;
    Ledger ledger;
    Bytes answer;
    std::vector<TokenState> states;
    std::vector<std::optional<Bytes>> sigs;
  };
  std::vector<Session> sessions;
  std::set<std::string> serials, seen;
  std::uint64_t tapes = 0;

  void Event(std::size_t session, std::size_t token, TokenEvent event) {
    TokenState& state = sessions[session].states[token];
    const auto next = Transition(state, event);
    if (next) state = *next;
    if (!next) seen.insert("Transition.1");
  }

  // What arrives, from anywhere.
  void Arrive(std::size_t at, const Bytes& sealed) {
    Session& session = sessions[at];
    const auto sigs = Accept(Key(512), Admin(), session.asked.state, sealed);
    seen.insert(sigs ? "accepted" : Step(sigs));
    if (!sigs) return;
    for (std::size_t i = 0; i < sigs->size(); ++i) {
      const bool open =
          session.states[i] == TokenState::kPrepared || session.states[i] == TokenState::kRequested;
      Event(at, i, (*sigs)[i] ? TokenEvent::kAccepted : TokenEvent::kRefused);
      if (open) session.sigs[i] = (*sigs)[i];
    }
  }

  void Check(const Purse& purse) const {
    RC_ASSERT(sessions.size() == purse.sessions.size());
    for (std::size_t s = 0; s < sessions.size(); ++s)
      for (std::size_t i = 0; i < sessions[s].states.size(); ++i) {
        const TokenState state = sessions[s].states[i];
        const auto index = static_cast<std::size_t>(std::ranges::find(kStates, state) - kStates);
        RC_ASSERT("pRhs$b"[index] == purse.sessions[s][i]);
        // Ready, bound or spent: with the one signature of its message, good at its lender.
        const bool ready = index >= 2 && index <= 4;
        if (!ready) continue;
        const Bytes& msg = sessions[s].asked.state.entries[i].msg;
        RC_ASSERT(sessions[s].sigs[i].has_value());
        RC_ASSERT(
            Step(VerifyToken(Key(512), Lender(), TokenOf(msg, *sessions[s].sigs[i]))).empty());
      }
  }
};

using Happening = rc::state::Command<Purse, Wallet>;

struct Prepare : Happening {
  std::size_t count = Uniform<std::size_t>(1, 4);
  void apply(Purse& purse) const override { purse.sessions.push_back(std::string(count, 'p')); }
  void run(const Purse& purse, Wallet& wallet) const override {
    Tape tape = TapeFrom(++wallet.tapes);
    const Requested asked = Ask(0, 0, count, tape.Source());
    const Request request = *VerifyRequest(asked.sealed);
    for (const auto& entry : asked.state.entries)
      RC_ASSERT(wallet.serials.insert(std::string(entry.msg.begin(), entry.msg.end())).second);
    Link link = EpochOf(0);
    link.epoch->quota = 1000;
    const Ledger ledger = *Debit({}, link, {Member(0)}, kIssueFrom, request);
    wallet.sessions.push_back({asked, ledger, Answer(0, request, ++wallet.tapes),
                               std::vector(count, TokenState::kPrepared),
                               std::vector<std::optional<Bytes>>(count)});
    wallet.Check(nextState(purse));
  }
  void show(std::ostream& os) const override { os << "Prepare " << count; }
};

// One thing that happens to one session, or to one token of it.
struct Happen : Happening {
  std::size_t session = 0, token = 0;
  std::string what;
  explicit Happen(const Purse& purse) {
    RC_PRE(!purse.sessions.empty());
    session = Uniform<std::size_t>(0, purse.sessions.size());
    token = Uniform<std::size_t>(0, purse.sessions[session].size());
    const char letter = purse.sessions[session][token];
    // Half of the time something that moves this token.
    if (OneIn(2) && (letter == 'h' || letter == 's'))
      what = letter == 'h' ? "reserve" : OneIn(2) ? "serve" : "release";
    else
      what = *rc::gen::element<std::string>("send", "lose", "answer", "answer", "wrong", "unsigned",
                                            "another's", "short", "cancel", "reserve", "serve",
                                            "release", "expire");
  }
  void checkPreconditions(const Purse& purse) const override {
    RC_PRE(session < purse.sessions.size());
    RC_PRE(token < purse.sessions[session].size());
  }
  void apply(Purse& purse) const override {
    char& one = purse.sessions[session][token];
    if (what == "send" || what == "lose") purse.Move(session, "p", 'R');
    if (what == "wrong" && (one == 'p' || one == 'R')) one = 'b';
    if (what == "answer" || what == "wrong") purse.Move(session, "pR", 'h');
    if (what == "cancel") purse.Move(session, "pR", 'b');
    if (what == "reserve" && one == 'h') one = 's';
    if (what == "serve" && one == 's') one = '$';
    if (what == "release" && one == 's') one = 'h';
    if (what == "expire") purse.Move(session, "pRhs", 'b');
  }
  void run(const Purse& purse, Wallet& wallet) const override {
    auto& [asked, ledger, answer, states, sigs] = wallet.sessions[session];
    const Request request = *VerifyRequest(asked.sealed);
    const auto all = [&, count = states.size()](TokenEvent event) {
      for (std::size_t i = 0; i < count; ++i) wallet.Event(session, i, event);
    };
    Batch changed = OpenResponse(answer);
    wallet.seen.insert(what);
    const std::string before = purse.sessions[session];
    if (what == "wrong" && before.find_first_of("pR") == std::string::npos)
      wallet.seen.insert("wrong too late");
    if (what == "answer" && before.find('b') != std::string::npos)
      wallet.seen.insert("answer too late");
    if (what == "answer" && before.find('h') != std::string::npos)
      wallet.seen.insert("answer again");
    if (what == "send") all(TokenEvent::kSent);
    if (what == "lose") {
      // The request has left, its answer is lost. The admin does the same for the same bytes.
      all(TokenEvent::kSent);
      Tape tape = TapeFrom(++wallet.tapes);
      const auto again = Debit(ledger, EpochOf(0), {}, 0, request);
      RC_ASSERT(Step(again).empty());
      RC_ASSERT(again->used == ledger.used);
      RC_ASSERT(*Issue(Key(512), AdminSeed(), *again, request, tape.Source()) == answer);
    }
    if (what == "answer") wallet.Arrive(session, answer);
    if (what == "wrong") {
      changed.values[token] += 1;
      const Bytes sealed = SealResponse(changed);
      wallet.Arrive(session, sealed);
      RC_ASSERT(
          Step(CheckMisissue(Admin(), SealLink(AdminSeed(), EpochOf(0)), asked.sealed, sealed))
              .empty());
    }
    if (what == "unsigned") {
      changed.values[token] += 1;
      const Bytes body = *EncodeBatch(kResponse, changed);
      wallet.Arrive(session, Join({body, View(answer).last(64)}));
    }
    if (what == "another's") {
      changed.id = SHA256(changed.id);
      wallet.Arrive(session, SealResponse(changed));
    }
    if (what == "short") {
      changed.values.push_back(ZZ{2});
      wallet.Arrive(session, SealResponse(changed));
    }
    if (what == "cancel") all(TokenEvent::kCancelled);
    if (what == "reserve") wallet.Event(session, token, TokenEvent::kReserved);
    if (what == "serve") wallet.Event(session, token, TokenEvent::kServed);
    if (what == "release") wallet.Event(session, token, TokenEvent::kReleased);
    if (what == "expire") all(TokenEvent::kExpired);
    const Purse after = nextState(purse);
    wallet.Check(after);
    // Property.TransitionFinal
    for (std::size_t i = 0; i < before.size(); ++i) {
      const char now = after.sessions[session][i];
      RC_ASSERT((before[i] != 'b' && before[i] != '$') || now == before[i]);
      if (now == '$') wallet.seen.insert("spent");
    }
  }
  void show(std::ostream& os) const override { os << what << " " << session << " " << token; }
};

// Property.AcceptEach, Property.AnswerSame and Property.TransitionFinal over the life of many tokens:
// whatever is lost, repeated, changed, forged, cancelled or too late, a wallet holds what the simple
// account says, and what it holds is good.
TEST(Issuance, WalletKeepsWhatIsGood) {
  const auto distribution = CheckProperty(
      [] {
        Wallet wallet;
        rc::state::check(Purse{}, wallet,
                         rc::state::gen::execOneOfWithArgs<Prepare, Happen, Happen, Happen, Happen,
                                                           Happen, Happen, Happen>());
        for (const std::string& tag : wallet.seen) RC_TAG(tag);
      },
      3);
  for (const char* tag :
       {"accepted", "Accept.1", "Accept.3", "Accept.4", "Transition.1", "send", "lose", "wrong",
        "wrong too late", "answer too late", "answer again", "cancel", "expire", "spent"})
    EXPECT_GE(distribution.Share(tag), 0.02) << tag;
}

}  // namespace
}  // namespace blindlend::test
