#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

constexpr std::string_view kTag = "blindlend v1 link";
constexpr std::uint64_t kLastTime = ~std::uint64_t{0};

// Keys of one byte, each with another n.
SecretKey ToyOf(long p, long q) {
  return *KeyFromPrimes(ZZ{p}, ZZ{q}, ZZ{3});
}

// A good link with one epoch under a toy key, changed.
template <class Change>
Link Changed(Change change) {
  Link link = FirstLink(MakeEpoch(Toy()));
  change(link, *link.epoch);
  return link;
}

Link Revoked(std::uint32_t number, const Bytes& predecessor) {
  return {Group(), number, predecessor, std::nullopt};
}

// count lenders that are no points: form only.
std::vector<Bytes> ManyLenders(long count) {
  std::vector<Bytes> lenders;
  for (long i = 0; i < count; ++i) lenders.push_back(Int(ZZ{i}, 32));
  return lenders;
}

void EncodeLinkCases(List& list) {
  const auto in = [](const Link& link) { return Json{{"link", ToJson(link)}}; };
  const auto valid = [&](const char* why, auto change) {
    list.Valid(why, {"EdgeCase"}, in(Changed(change)));
  };
  const auto bad = [&](const char* step, const char* why, auto change) {
    list.Invalid(step, why, {"Range"}, in(Changed(change)));
  };
  const Bytes id = SHA256({});
  list.Valid("the first link, a toy key", {"Toy"}, in(FirstLink(MakeEpoch(Toy()))));
  list.Valid("512 bits", {"Normal"}, in(FirstLink(MakeEpoch(Small()))));
  list.Valid("the second link", {"Normal"},
             in(NextLink(FirstLink(MakeEpoch(Toy())), MakeEpoch(ToyOf(3, 17), 2))));
  list.Valid("a revocation", {"Normal"}, in(NextLink(FirstLink(MakeEpoch(Toy())), {})));
  list.Valid("a revocation as the first link", {"EdgeCase"}, in(FirstLink({})));
  list.Valid("the last number", {"EdgeCase"}, in(Revoked(0xffffffff, id)));
  list.Valid("the second link may name 32 zero bytes", {"EdgeCase"}, in(Revoked(2, Repeat(32, 0))));
  valid("a group of one byte, the least", [](Link& link, Epoch&) { link.group = {0x20}; });
  valid("a group of 64 bytes, the greatest",
        [](Link& link, Epoch&) { link.group = Repeat(64, 0x7e); });
  valid("the roots 0 and 256^k - 1: form only", [](Link&, Epoch& epoch) {
    epoch.roots[0] = 0;
    epoch.roots[7] = 255;
  });
  valid("n of nine bits takes two bytes", [](Link&, Epoch& epoch) {
    epoch.pk = {ZZ{257}, ZZ{3}};
    epoch.roots[0] = 65535;
  });
  valid("the times that can be, in no order: form only", [](Link&, Epoch& epoch) {
    epoch.issue_from = kLastTime;
    epoch.issue_until = 0;
    epoch.spend_from = kLastTime / 2 + 1;
    epoch.spend_until = 0x0102030405060708;
  });
  valid("quota 1, one lender", [](Link&, Epoch& epoch) {
    epoch.quota = 1;
    epoch.lenders.pop_back();
  });
  valid("the greatest quota", [](Link&, Epoch& epoch) { epoch.quota = 0xffffffff; });
  valid("lenders 7f... and 80..., ascending as bytes without a sign",
        [](Link&, Epoch& epoch) { epoch.lenders = {Repeat(32, 0x7f), Repeat(32, 0x80)}; });
  valid("256 lenders", [](Link&, Epoch& epoch) { epoch.lenders = ManyLenders(256); });

  const char* step = "EncodeLink.1";
  bad(step, "a group without a name", [](Link& link, Epoch&) { link.group = {}; });
  bad(step, "a group of 65 bytes", [](Link& link, Epoch&) { link.group = Repeat(65, 'g'); });
  bad(step, "1f in front in the group", [](Link& link, Epoch&) { link.group[0] = 0x1f; });
  bad(step, "7f at the end of the group", [](Link& link, Epoch&) { link.group.back() = 0x7f; });
  bad(step, "80 in the group", [](Link& link, Epoch&) { link.group[1] = 0x80; });
  bad(step, "number 0", [](Link& link, Epoch&) { link.number = 0; });
  bad(step, "a predecessor of 31 bytes", [](Link& link, Epoch&) {
    link.number = 2;
    link.predecessor = Repeat(31, 1);
  });
  bad(step, "a predecessor of 33 bytes", [](Link& link, Epoch&) {
    link.number = 2;
    link.predecessor = Repeat(33, 1);
  });
  bad(step, "the first link names a predecessor",
      [](Link& link, Epoch&) { link.predecessor[31] = 1; });
  list.Invalid(step, "a revocation with number 0", {"Range"}, in(Revoked(0, id)));
  list.Invalid(step, "a revocation of a group without a name", {"Length"},
               in({{}, 1, Repeat(32, 0), std::nullopt}));
  list.Invalid(step, "number 0, no root and no lender", {"Order"},
               in(Changed([](Link& link, Epoch& epoch) {
                 link.number = 0;
                 epoch.roots.clear();
                 epoch.lenders.clear();
               })));
  step = "EncodeLink.3";
  bad(step, "n = 1", [](Link&, Epoch& epoch) { epoch.pk.n = 1; });
  bad(step, "e = 0", [](Link&, Epoch& epoch) { epoch.pk.e = 0; });
  bad(step, "no root", [](Link&, Epoch& epoch) { epoch.roots.clear(); });
  bad(step, "seven roots", [](Link&, Epoch& epoch) { epoch.roots.pop_back(); });
  bad(step, "nine roots", [](Link&, Epoch& epoch) { epoch.roots.push_back(ZZ{1}); });
  bad(step, "the first root too wide", [](Link&, Epoch& epoch) { epoch.roots[0] = 256; });
  bad(step, "the last root negative", [](Link&, Epoch& epoch) { epoch.roots[7] = -1; });
  list.Invalid(step, "seven roots and quota 0", {"Order"}, in(Changed([](Link&, Epoch& epoch) {
                 epoch.roots.pop_back();
                 epoch.quota = 0;
               })));
  step = "EncodeLink.4";
  bad(step, "quota 0", [](Link&, Epoch& epoch) { epoch.quota = 0; });
  bad(step, "no lender", [](Link&, Epoch& epoch) { epoch.lenders.clear(); });
  bad(step, "257 lenders", [](Link&, Epoch& epoch) { epoch.lenders = ManyLenders(257); });
  bad(step, "a lender of 31 bytes",
      [](Link&, Epoch& epoch) { epoch.lenders = {Repeat(31, 1), Repeat(32, 2)}; });
  bad(step, "a lender of 33 bytes",
      [](Link&, Epoch& epoch) { epoch.lenders = {Repeat(32, 1), Repeat(33, 2)}; });
  bad(step, "two lenders descending",
      [](Link&, Epoch& epoch) { epoch.lenders = {Lenders()[1], Lenders()[0]}; });
  bad(step, "a lender twice",
      [](Link&, Epoch& epoch) { epoch.lenders = {Lenders()[0], Lenders()[1], Lenders()[1]}; });
}

void ParseLinkCases(List& list) {
  const auto in = [](const Bytes& body) { return Json{{"body", ToJson(body)}}; };
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& body) {
    list.Invalid(step, why, std::move(flags), in(body));
  };
  const Link first = FirstLink(MakeEpoch(Toy()));
  const Bytes good = *EncodeLink(first);
  const Bytes revocation = *EncodeLink(NextLink(first, {}));
  const std::size_t g = Group().size();
  const std::size_t rest = 39 + g;  // where the epoch begins; its k is 1
  const std::size_t quota = rest + 49, count = rest + 53, lenders = rest + 55;
  const auto start = [&](std::size_t size) {
    return Bytes(good.begin(), good.begin() + static_cast<long>(size));
  };
  // The head, and the epoch with another encoding of the key.
  const auto with_key = [&](const Bytes& key) {
    return Join({View(good).first(rest), key, View(good).subspan(rest + 9)});
  };
  list.Valid("a toy key", {"Toy"}, in(good));
  list.Valid("512 bits", {"Normal"}, in(*EncodeLink(FirstLink(MakeEpoch(Small())))));
  list.Valid("a revocation", {"Normal"}, in(revocation));
  list.Valid("the last number and the greatest quota; the times that can be", {"EdgeCase"},
             in(*EncodeLink(Changed([](Link& link, Epoch& epoch) {
               link.number = 0xffffffff;
               epoch.quota = 0xffffffff;
               epoch.issue_from = kLastTime;
               epoch.issue_until = 0;
             }))));
  list.Valid("roots that are none, and no unit: form only", {"EdgeCase"},
             in(*EncodeLink(Changed([](Link&, Epoch& epoch) {
               epoch.roots.assign(8, ZZ{0});
               epoch.roots[7] = 255;
             }))));
  list.Valid("the group's least and greatest bytes, one lender", {"EdgeCase"},
             in(*EncodeLink(Changed([](Link& link, Epoch& epoch) {
               link.group = {0x20, 0x7e};
               epoch.lenders.pop_back();
             }))));
  list.Valid("a group of 64 bytes", {"EdgeCase"},
             in(*EncodeLink({Repeat(64, 'g'), 1, Repeat(32, 0), std::nullopt})));
  MalformedCases(list, good, "ParseLink.1", "ParseLink.8", "ParseLink.8", Json::object(), "body");
  bad("ParseLink.1", "kind 9", {"Malformed"}, With(good, 1, 9));
  bad("ParseLink.1", "kind 12", {"Malformed"}, With(good, 1, 12));
  bad("ParseLink.1", "version 2 of a revocation", {"Malformed"}, With(revocation, 0, 2));
  bad("ParseLink.2", "three bytes", {"Length"}, {1, 0x0b, 0});
  bad("ParseLink.2", "a head without its last byte", {"Length"}, start(rest - 1));
  bad("ParseLink.2", "a group longer than what is there", {"Length"}, With(revocation, 2, 255));
  bad("ParseLink.4", "a byte behind a revocation", {"Length"}, Join({revocation, Bytes{0}}));
  bad("ParseLink.4", "an epoch called a revocation, with number 0", {"Malformed", "Order"},
      With(With(good, 1, 0x0b), 6 + g, 0));
  bad("ParseLink.5", "a revocation called an epoch", {"Malformed"}, With(revocation, 1, 0x0a));
  bad("ParseLink.5", "three bytes of the key", {"Length"}, start(rest + 3));
  bad("ParseLink.5", "cut off in the count of lenders", {"Length"}, start(lenders - 1));
  bad("ParseLink.5", "65535 bits, and too little behind", {"Length", "Order"},
      With(With(good, rest + 2, 255), rest + 3, 255));
  bad("ParseLink.6", "a secret key", {"Malformed"}, With(good, rest + 1, 2));
  bad("ParseLink.6", "e = 0", {"Range"}, With(good, rest + 8, 0));
  bad("ParseLink.6", "n = 0, in no bytes", {"Range"}, with_key({1, 1, 0, 0, 0, 0, 0, 3}));
  bad("ParseLink.6", "n is one bit shorter than it says", {"Canonical"}, With(good, rest + 4, 17));
  bad("ParseLink.6", "n has a leading zero byte", {"Canonical"},
      Join({View(good).first(rest), Bytes{1, 1, 0, 9, 0, 33, 0, 0, 0, 3}, Repeat(16, 1),
            View(good).subspan(rest + 17)}));
  bad("ParseLink.6", "4097 bits", {"Range"},
      Join({View(good).first(rest), Bytes{1, 1, 16, 1, 1}, Repeat(512, 1), Bytes{0, 0, 0, 3},
            Repeat(8 * 513, 1), View(good).subspan(rest + 17)}));
  bad("ParseLink.6", "e = 0, and a byte behind", {"Order"},
      Join({With(good, rest + 8, 0), Bytes{0}}));
  bad("ParseLink.8", "a lender is missing", {"Length"}, start(lenders + 32));
  bad("ParseLink.8", "both lenders are missing", {"Length"}, start(lenders));
  bad("ParseLink.8", "a lender more than it says", {"Length"}, With(good, count + 1, 1));
  bad("ParseLink.8", "65535 lenders, and two of them there", {"Length"},
      With(With(good, count, 255), count + 1, 255));
  bad("ParseLink.8", "a lender is missing, and number 0", {"Order"},
      With(start(lenders + 32), 6 + g, 0));
  bad("ParseLink.9", "a group without a name", {"Range"},
      Join({Bytes{1, 0x0b, 0}, View(revocation).subspan(3 + g)}));
  bad("ParseLink.9", "a group of 65 bytes", {"Range"},
      Join({Bytes{1, 0x0b, 65}, Repeat(65, 'g'), View(revocation).subspan(3 + g)}));
  bad("ParseLink.9", "1f in the group", {"Range"}, With(good, 3, 0x1f));
  bad("ParseLink.9", "7f in the group", {"Range"}, With(good, 2 + g, 0x7f));
  bad("ParseLink.9", "ff in the group of a revocation", {"Range"}, With(revocation, 3, 0xff));
  bad("ParseLink.9", "number 0", {"Range"}, With(good, 6 + g, 0));
  bad("ParseLink.9", "the first link names a predecessor", {"Range"}, With(good, 7 + g, 1));
  bad("ParseLink.9", "a revocation with number 0", {"Range"}, With(revocation, 6 + g, 0));
  bad("ParseLink.9", "quota 0", {"Range"}, With(good, quota + 3, 0));
  bad("ParseLink.9", "no lender", {"Range"}, With(start(lenders), count + 1, 0));
  bad("ParseLink.9", "a lender twice", {"Canonical"},
      Join({start(lenders), Lenders()[0], Lenders()[0]}));
  bad("ParseLink.9", "two lenders descending", {"Canonical"},
      Join({start(lenders), Lenders()[1], Lenders()[0]}));
}

void LinkIdCases(List& list) {
  const auto in = [](const Link& link) { return Json{{"link", ToJson(link)}}; };
  const Link first = FirstLink(MakeEpoch(Toy()));
  list.Valid("a toy key", {"Toy"}, in(first));
  list.Valid("512 bits", {"Normal"}, in(FirstLink(MakeEpoch(Small()))));
  list.Valid("a revocation", {"Normal"}, in(NextLink(first, {})));
  list.Valid("the same with another predecessor", {"Normal"}, in(Revoked(2, SHA256({}))));
  list.Invalid("LinkId.1", "a revocation with number 0", {"Range"}, in(Revoked(0, SHA256({}))));
  list.Invalid("LinkId.1", "quota 0", {"Range"},
               in(Changed([](Link&, Epoch& epoch) { epoch.quota = 0; })));
}

void ChainFingerprintCases(List& list) {
  const Bytes admin = PublicOf(AdminSeed());
  const auto in = [](const Bytes& key, const Link& link) {
    return Json{{"admin", ToJson(key)}, {"link", ToJson(link)}};
  };
  const Link first = FirstLink(MakeEpoch(Toy()));
  list.Valid("a toy key", {"Toy"}, in(admin, first));
  list.Valid("another admin's key over the same link", {"OtherKey"},
             in(PublicOf(MemberSeed()), first));
  list.Valid("a revocation", {"Normal"}, in(admin, NextLink(first, {})));
  list.Valid("no key at all: its length is hashed too", {"EdgeCase"}, in({}, first));
  list.Invalid("ChainFingerprint.1", "a revocation with number 0", {"Range"},
               in(admin, Revoked(0, SHA256({}))));
  list.Invalid("ChainFingerprint.1", "quota 0", {"Range"},
               in(admin, Changed([](Link&, Epoch& epoch) { epoch.quota = 0; })));
}

void VerifyLinkCases(List& list) {
  const Bytes admin = PublicOf(AdminSeed());
  const auto in = [&](const Bytes& sealed) {
    return Json{{"admin", ToJson(admin)}, {"sealed", ToJson(sealed)}};
  };
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& sealed) {
    list.Invalid(step, why, std::move(flags), in(sealed));
  };
  const Link first = FirstLink(MakeEpoch(Toy()));
  Link real = FirstLink(MakeEpoch(Real()));
  list.Valid("2048 bits", {"Normal"}, in(SealLink(real)));
  real.epoch->issue_from = real.epoch->spend_from = 0;
  real.epoch->issue_until = real.epoch->spend_until = kLastTime;
  real.epoch->quota = 1;
  list.Valid("both windows are the same, from the first second to the last", {"EdgeCase"},
             in(SealLink(NextLink(first, real.epoch))));
  list.Valid("a revocation", {"Normal"}, in(SealLink(NextLink(first, {}))));

  const Bytes body = *EncodeLink(first);
  const Bytes revocation = SealLink(NextLink(first, {}));
  bad("VerifyLink.1", "nothing at all", {"Length"}, {});
  bad("VerifyLink.1", "the signature alone is cut off", {"Length"},
      Bytes(revocation.end() - 63, revocation.end()));
  bad("VerifyLink.1", "a bit of the number flipped", {"Forgery"},
      FlipBit(revocation, 8 * (6 + Group().size()) + 1));
  bad("VerifyLink.1", "signed as a response", {"Forgery"},
      Seal(AdminSeed(), "blindlend v1 response", *EncodeLink(NextLink(first, {}))));
  bad("VerifyLink.1", "another admin's", {"OtherKey"}, Seal(MemberSeed(), kTag, body));
  list.Invalid("VerifyLink.1", "an admin's key of 33 bytes", {"Length"},
               {{"admin", ToJson(Join({admin, Bytes{0}}))}, {"sealed", ToJson(revocation)}});
  bad("VerifyLink.1", "nobody's, and not a link", {"Order"}, Repeat(70, 0));
  bad("VerifyLink.2", "an empty body", {"Malformed"}, Seal(AdminSeed(), kTag, {}));
  bad("VerifyLink.2", "a byte behind the link", {"Malformed"},
      Seal(AdminSeed(), kTag, Join({body, Bytes{0}})));
  bad("VerifyLink.2", "a revocation with number 0", {"Range"},
      Seal(AdminSeed(), kTag, With(*EncodeLink(NextLink(first, {})), 6 + Group().size(), 0)));
  // A toy key: what passes step 4 fails at step 5.
  const auto windows = [](std::uint64_t issue_from, std::uint64_t issue_until,
                          std::uint64_t spend_from, std::uint64_t spend_until) {
    return Changed([&](Link&, Epoch& epoch) {
      epoch.issue_from = issue_from;
      epoch.issue_until = issue_until;
      epoch.spend_from = spend_from;
      epoch.spend_until = spend_until;
    });
  };
  const Bytes backwards = *EncodeLink(windows(2000, 1000, 2500, 3000));
  bad("VerifyLink.2", "a lender is missing, and the windows run backwards", {"Order"},
      Seal(AdminSeed(), kTag, View(backwards).first(backwards.size() - 32)));
  const auto clock = [&](const char* why, const Link& link) {
    bad("VerifyLink.4", why, {"Clock", "Order"}, SealLink(link));
  };
  clock("nothing can be issued", windows(2000, 2000, 2500, 3000));
  clock("the issue window runs backwards", windows(2000, 1999, 2500, 3000));
  clock("nothing can be spent", windows(1000, 2000, 3000, 3000));
  clock("the spend window runs backwards", windows(1000, 2000, 3001, 3000));
  clock("spent before it is issued", windows(1000, 2000, 999, 3000));
  clock("issued after the spend window", windows(1000, 3001, 1500, 3000));
  clock("the issue window runs backwards, from above 2^63",
        windows(kLastTime - 1, 5, kLastTime - 1, kLastTime));
  bad("VerifyLink.5", "a toy key", {"Toy"}, SealLink(first));
  bad("VerifyLink.5", "windows that touch, up to above 2^63", {"Toy", "EdgeCase"},
      SealLink(windows(1000, kLastTime, 1000, kLastTime)));
  bad("VerifyLink.5", "512 bits, and a good certificate", {"Length"},
      SealLink(FirstLink(MakeEpoch(Small()))));
  real = FirstLink(MakeEpoch(Real()));
  std::swap(real.epoch->roots[6], real.epoch->roots[7]);
  bad("VerifyLink.6", "two roots exchanged", {"Forgery"}, SealLink(real));
  real.epoch->pk.e = 3;
  bad("VerifyLink.5", "2048 bits and e = 3; not its certificate", {"Malformed", "Order"},
      SealLink(real));
  real.epoch = MakeEpoch(Real());
  real.group = Ascii("others");
  bad("VerifyLink.6", "another group's certificate", {"Forgery"}, SealLink(real));
}

void CompatibleCases(List& list) {
  const auto in = [](const Link& a, const Link& b) {
    return Json{{"a", ToJson(a)}, {"b", ToJson(b)}};
  };
  const Link one = FirstLink(MakeEpoch(Toy()));
  const Link two = NextLink(one, MakeEpoch(ToyOf(3, 17), 2));
  const Link three = NextLink(two, MakeEpoch(ToyOf(5, 11), 3));
  const Link end = NextLink(one, {});
  const auto bad = [&](const char* step, const char* why, Flags flags, const Link& a,
                       const Link& b) {
    flags.push_back("Contradiction");
    list.Invalid(step, why, flags, in(a, b));
  };
  list.Valid("the next epoch, issued from the very second at which the last one ends", {"Normal"},
             in(one, two));
  list.Valid("the same, exchanged", {"Normal"}, in(two, one));
  list.Valid("the same link twice", {"EdgeCase"}, in(two, two));
  list.Valid("an epoch between them", {"Normal"}, in(one, three));
  list.Valid("the same, exchanged", {"Normal"}, in(three, one));
  list.Valid("a revocation", {"Normal"}, in(one, end));
  list.Valid("the same, exchanged", {"Normal"}, in(end, one));
  list.Valid("a revocation twice", {"EdgeCase"}, in(end, end));
  list.Valid("a revocation, and an epoch between them", {"Normal"}, in(one, NextLink(two, {})));
  list.Valid("the last number", {"EdgeCase"}, in(one, Revoked(0xffffffff, SHA256({}))));
  Link other = one;
  other.group = Ascii("others");
  bad("Compatible.1", "two groups, all else the same", {"Order"}, one, other);
  other = two;
  other.group = Ascii("others");
  bad("Compatible.1", "the next epoch, of another group", {"Order"}, one, other);
  bad("Compatible.1", "the next epoch, of another group, in front", {"Order"}, other, one);
  Link revoked = end;
  revoked.group = Ascii("friend");
  bad("Compatible.1", "revocations of two groups", {"Order"}, end, revoked);
  other = two;
  other.epoch->quota = 4;
  bad("Compatible.4", "two quotas for one number", {"Order"}, two, other);
  bad("Compatible.4", "an epoch and a revocation of one number", {"Order"}, two, end);
  bad("Compatible.4", "a revocation and an epoch of one number", {"Order"}, end, two);
  other = end;
  other.predecessor = SHA256({});
  bad("Compatible.4", "two revocations of one number", {"Order"}, end, other);
  other = two;
  other.predecessor = SHA256({});
  bad("Compatible.5", "the next epoch names another predecessor", {}, one, other);
  bad("Compatible.5", "the same, exchanged", {}, other, one);
  other.epoch = one.epoch;
  bad("Compatible.5", "another predecessor, the same window and key", {"Order"}, one, other);
  other.predecessor = Repeat(32, 0);
  bad("Compatible.5", "the second link names 32 zero bytes", {}, one, other);
  bad("Compatible.5", "a revocation names another predecessor", {}, one, Revoked(2, SHA256({})));
  bad("Compatible.5", "an epoch after a revocation that it does not name", {"Order"}, end,
      NextLink(two, MakeEpoch(ToyOf(5, 11), 3)));
  bad("Compatible.6", "the next epoch after a revocation", {}, end,
      NextLink(end, MakeEpoch(ToyOf(5, 11), 3)));
  bad("Compatible.6", "the same, exchanged", {}, NextLink(end, MakeEpoch(ToyOf(5, 11), 3)), end);
  bad("Compatible.6", "an epoch later", {}, FirstLink({}), three);
  bad("Compatible.6", "a revocation of a revocation", {"Order"}, end, NextLink(end, {}));
  Link late = two;
  --late.epoch->issue_from;
  bad("Compatible.8", "the issue windows share a second", {}, one, late);
  bad("Compatible.8", "the same, exchanged", {}, late, one);
  late = three;
  late.epoch->issue_from = 0;
  late.epoch->issue_until = 1000;
  bad("Compatible.8", "the later epoch's issue window lies before", {}, one, late);
  Link early = one;
  early.epoch->issue_until = kLastTime;
  bad("Compatible.8", "an issue window that never ends", {}, early,
      NextLink(early, MakeEpoch(ToyOf(3, 17), 2)));
  bad("Compatible.8", "one key and one window", {"Order"}, one, NextLink(one, one.epoch));
  other = two;
  other.epoch->pk = one.epoch->pk;
  bad("Compatible.9", "the same key in the next epoch", {}, one, other);
  bad("Compatible.9", "the same, exchanged", {}, other, one);
  other.epoch->pk.e = 3;
  bad("Compatible.9", "the same n with another e", {}, one, other);
  other = three;
  other.epoch->pk = one.epoch->pk;
  bad("Compatible.9", "the same key, an epoch between them", {}, one, other);
}

void ExtendCases(List& list) {
  const auto in = [](const std::vector<Link>& chain, const Link& link) {
    return Json{{"chain", ToJson(chain)}, {"link", ToJson(link)}};
  };
  const Link one = FirstLink(MakeEpoch(Toy()));
  const Link two = NextLink(one, MakeEpoch(ToyOf(3, 17), 2));
  const Link three = NextLink(two, MakeEpoch(ToyOf(5, 11), 3));
  const Link four = NextLink(three, MakeEpoch(ToyOf(5, 17), 4));
  const Link end = NextLink(two, {});
  const auto bad = [&](const char* step, const char* why, Flags flags,
                       const std::vector<Link>& chain, const Link& link) {
    list.Invalid(step, why, std::move(flags), in(chain, link));
  };
  list.Valid("the first link", {"Normal"}, in({}, one));
  list.Valid("a later link begins a chain as well", {"Normal"}, in({}, three));
  list.Valid("a revocation begins a chain", {"EdgeCase"}, in({}, end));
  list.Valid("the second link", {"Normal"}, in({one}, two));
  list.Valid("the third link", {"Normal"}, in({one, two}, three));
  list.Valid("the third link of a chain that begins with the second", {"Normal"}, in({two}, three));
  list.Valid("a revocation", {"Normal"}, in({one, two}, end));
  list.Valid("the newest link again", {"Normal"}, in({one, two}, two));
  list.Valid("an older link again", {"Normal"}, in({one, two, three}, one));
  list.Valid("a link from before the revocation again", {"EdgeCase"}, in({one, two, end}, two));
  list.Valid("a revocation again", {"EdgeCase"}, in({one, two, end}, end));
  bad("Extend.1", "another link of the newest number", {"Contradiction", "Order"}, {one, two},
      NextLink(one, MakeEpoch(ToyOf(5, 11), 2)));
  bad("Extend.1", "another link of an older number", {"Contradiction", "Order"}, {one, two},
      FirstLink(MakeEpoch(ToyOf(5, 11))));
  Link again = three;
  again.epoch->pk = one.epoch->pk;
  bad("Extend.1", "the first link's key again: only the first contradicts", {"Contradiction"},
      {one, two}, again);
  again.epoch->pk = two.epoch->pk;
  bad("Extend.1", "the second link's key again: only the second contradicts", {"Contradiction"},
      {one, two}, again);
  bad("Extend.1", "a link after a revocation", {"Contradiction"}, {one, two, end},
      NextLink(end, MakeEpoch(ToyOf(5, 17), 4)));
  Link late = four;
  late.epoch->issue_from = 0;
  bad("Extend.1", "a number is missing, and the windows overlap", {"Contradiction", "Order"},
      {one, two}, late);
  Link other = two;
  other.group = Ascii("others");
  bad("Extend.1", "of another group", {"Contradiction"}, {one}, other);
  bad("Extend.3", "a number is missing", {"Malformed"}, {one, two}, four);
  bad("Extend.3", "a revocation, and a number is missing", {"Malformed"}, {one}, end);
  bad("Extend.3", "older than the chain", {"Malformed"}, {two, three}, one);
  bad("Extend.3", "two older than the chain", {"Malformed"}, {three}, one);
}

void CheckForkCases(List& list) {
  const Bytes admin = PublicOf(AdminSeed());
  const auto in = [&](const Bytes& a, const Bytes& b) {
    return Json{{"admin", ToJson(admin)}, {"a", ToJson(a)}, {"b", ToJson(b)}};
  };
  const Link one = FirstLink(MakeEpoch(Toy()));
  const Link next = NextLink(one, MakeEpoch(ToyOf(3, 17), 2));
  const Link another = NextLink(one, MakeEpoch(ToyOf(5, 11), 2));
  const Bytes first = SealLink(one), two = SealLink(next), fork = SealLink(another);
  const Bytes end = SealLink(NextLink(one, {}));
  const Bytes foreign = Seal(MemberSeed(), kTag, *EncodeLink(next));
  const Bytes response = Seal(AdminSeed(), "blindlend v1 response", *EncodeLink(next));
  const Bytes no_link = Seal(AdminSeed(), kTag, {});
  list.Valid("two links of one number", {"Contradiction"}, in(two, fork));
  list.Valid("the same, exchanged", {"Contradiction"}, in(fork, two));
  list.Valid("a revocation and an epoch of one number", {"Contradiction"}, in(end, two));
  Link other = next;
  other.group = Ascii("others");
  list.Valid("two groups for one identity", {"Contradiction"}, in(first, SealLink(other)));
  list.Valid("a link after a revocation", {"Contradiction"},
             in(end, SealLink(NextLink(NextLink(one, {}), MakeEpoch(ToyOf(5, 11), 3)))));
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& a,
                       const Bytes& b) { list.Invalid(step, why, std::move(flags), in(a, b)); };
  bad("CheckFork.1", "the first is another admin's", {"OtherKey"}, foreign, fork);
  bad("CheckFork.1", "the first is signed as a response", {"Forgery"}, response, fork);
  bad("CheckFork.1", "the first is no link", {"Malformed"}, no_link, fork);
  bad("CheckFork.1", "the first has a bit flipped", {"Forgery"}, FlipBit(two, 32), fork);
  bad("CheckFork.1", "the first is empty, and the second too", {"Length", "Order"}, {}, {});
  bad("CheckFork.2", "the second is another admin's", {"OtherKey"}, fork, foreign);
  bad("CheckFork.2", "the second is signed as a response", {"Forgery"}, fork, response);
  bad("CheckFork.2", "the second is no link", {"Malformed"}, fork, no_link);
  bad("CheckFork.2", "the first again, with a bit of the signature flipped", {"Forgery", "Order"},
      two, FlipBit(two, 8 * two.size() - 8));
  bad("CheckFork.3", "one link twice", {"Normal"}, two, two);
  bad("CheckFork.3", "a link and the next one", {"Normal"}, first, two);
  bad("CheckFork.3", "the same, exchanged", {"Normal"}, two, first);
  bad("CheckFork.3", "a link and a revocation", {"Normal"}, first, end);
}

}  // namespace

Makers LinkMakers() {
  return {{"EncodeLink", EncodeLinkCases}, {"ParseLink", ParseLinkCases},
          {"LinkId", LinkIdCases},         {"ChainFingerprint", ChainFingerprintCases},
          {"VerifyLink", VerifyLinkCases}, {"Compatible", CompatibleCases},
          {"Extend", ExtendCases},         {"CheckFork", CheckForkCases}};
}

}  // namespace blindlend::vectors
