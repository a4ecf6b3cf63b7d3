#include <sodium.h>

#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

constexpr std::string_view kTag = "blindlend v1 link";

Bytes FromHex(std::string_view text) {
  return ToBytes(Json(text));
}

void PublicOfCases(List& list) {
  const auto in = [](const Bytes& seed) { return Json{{"seed", ToJson(seed)}}; };
  for (const std::string_view seed :
       {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"})
    list.Valid("RFC 8032 section 7.1", {"Published"}, in(FromHex(seed)));
  list.Valid("all zero", {"EdgeCase"}, in(Repeat(32, 0)));
  list.Valid("all ones", {"EdgeCase"}, in(Repeat(32, 255)));
}

void SealCases(List& list) {
  const auto in = [](std::string_view tag, const Bytes& body) {
    return Json{{"seed", ToJson(AdminSeed())}, {"tag", tag}, {"body", ToJson(body)}};
  };
  list.Valid("a body", {"Normal"}, in(kTag, Msg()));
  list.Valid("another tag", {"Normal"}, in("blindlend v1 request", Msg()));
  list.Valid("an empty body", {"EdgeCase"}, in(kTag, {}));
  list.Valid("an empty tag", {"EdgeCase"}, in("", Msg()));
  list.Valid("the tag's last letter moved into the body: another signature", {"Normal"},
             in("blindlend v1 lin", Join({Ascii("k"), Msg()})));
  list.Valid("a long body", {"Normal"}, in(kTag, Repeat(300, 'b')));
}

// ---- Ed25519 by hand, for keys and signatures that no honest signer makes

// Scalars are 32 bytes, little-endian, mod the order of the base point.
Bytes Scalar(std::uint8_t x) {
  return With(Repeat(32, 0), 0, x);
}

// The point of order 8, times j.
Bytes Torsion(int j) {
  const Bytes eighth = FromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  Bytes sum = Scalar(1);  // the neutral element: y = 1
  for (; j > 0; --j) crypto_core_ed25519_add(sum.data(), sum.data(), eighth.data());
  return sum;
}

// xB plus j times the point of order 8.
Bytes Point(const Bytes& x, int j) {
  Bytes sum = Torsion(j);
  if (x == Scalar(0)) return sum;
  Bytes multiple(32);
  crypto_scalarmult_ed25519_base_noclamp(multiple.data(), x.data());
  crypto_core_ed25519_add(sum.data(), sum.data(), multiple.data());
  return sum;
}

// A key aB + tT and a nonce point rB + jT, with T the point of order 8; either may have another
// encoding than the canonical one.
struct Crafted {
  Bytes a = Scalar(0), r = Scalar(0);
  int t = 0, j = 0;
  Bytes key_bytes = Point(a, t), nonce_bytes = Point(r, j);
};

// Which equation holds: R = [S]B - [h]A for the hash h as it is, and for h mod the order of B, which
// is another one if A has a part of small order.
struct Holds {
  bool as_it_is = true, reduced = true;
};

// A sealed body whose S makes the equation hold except for the parts of small order, which then
// depend on the body alone: bodies are tried until it holds as wanted.
Bytes Craft(const Crafted& made, const Holds& wanted) {
  for (long count = 0;; ++count) {
    const Bytes body = Join({Msg(), Int(ZZ{count}, 2)});
    const Bytes signed_bytes = Join({made.nonce_bytes, made.key_bytes, Prefix(Ascii(kTag)), body});
    Bytes hash(64), h(32), s(32);
    crypto_hash_sha512(hash.data(), signed_bytes.data(), signed_bytes.size());
    crypto_core_ed25519_scalar_reduce(h.data(), hash.data());
    const auto holds = [&](const Bytes& multiple) {
      return (made.j + multiple[0] * made.t) % 8 == 0;
    };
    if (holds(hash) != wanted.as_it_is || holds(h) != wanted.reduced) continue;
    crypto_core_ed25519_scalar_mul(s.data(), h.data(), made.a.data());
    crypto_core_ed25519_scalar_add(s.data(), s.data(), made.r.data());
    return Join({body, made.nonce_bytes, s});
  }
}

// sealed with its S plus the order of the base point.
Bytes WithOrderAdded(Bytes sealed) {
  const Bytes order = FromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  int carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    std::uint8_t& byte = sealed[sealed.size() - 32 + i];
    carry += byte + order[i];
    byte = static_cast<std::uint8_t>(carry & 255);
    carry >>= 8;
  }
  return sealed;
}

void StrictCases(List& list) {
  const auto valid = [&](const char* why, const Crafted& made, const Holds& holds) {
    list.Valid(
        why, {"Strict"},
        {{"key", ToJson(made.key_bytes)}, {"tag", kTag}, {"sealed", ToJson(Craft(made, holds))}});
  };
  const auto bad = [&](const std::string& why, const Crafted& made, const Holds& holds) {
    list.Invalid(
        "Open.2", why, {"Strict"},
        {{"key", ToJson(made.key_bytes)}, {"tag", kTag}, {"sealed", ToJson(Craft(made, holds))}});
  };
  const Bytes a = Scalar(5), r = Scalar(7);
  const Holds both{}, neither{false, false};
  valid("the key has a part of order 8 too; the equation holds", {a, r, 1, 3}, both);
  valid("the key has a part of order 8 too; the equation holds for the hash mod L", {a, r, 1, 3},
        {false, true});
  bad("the key has a part of order 8 too; the equation holds for the hash not mod L alone",
      {a, r, 1, 3}, {true, false});
  bad("R has a part of order 8: the equation holds only if multiplied by 8", {a, r, 0, 1}, neither);
  bad("the key has a part of order 8: the equation holds only if multiplied by 8", {a, r, 1, 0},
      neither);
  constexpr std::string_view kOrders[] = {"1", "8", "4", "8", "2", "8", "4", "8"};
  for (int t = 0; t < 8; ++t)
    bad("a key of order " + std::string(kOrders[t]) + "; the equation holds", {Scalar(0), r, t, 0},
        both);
  for (int j = 0; j < 8; ++j)
    bad("R of order " + std::string(kOrders[j]) + "; the equation holds", {a, Scalar(0), 1, j},
        both);
  // y + p is another encoding of y; a sign in front of x = 0 is another encoding of 0.
  const Bytes p = FromHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  const auto sign = [](const Bytes& point) { return FlipBit(point, 255); };
  bad("a key of order 1, its y plus p", {Scalar(0), r, 0, 0, With(p, 0, 0xee)}, both);
  bad("a key of order 1, its y plus p, with a sign", {Scalar(0), r, 0, 0, sign(With(p, 0, 0xee))},
      both);
  bad("a key of order 1, with a sign", {Scalar(0), r, 0, 0, sign(Scalar(1))}, both);
  bad("a key of order 2, with a sign", {Scalar(0), r, 4, 0, sign(Torsion(4))}, both);
  bad("a key of order 4, its y plus p", {Scalar(0), r, 2, 0, p}, both);
  bad("a key of order 4, its y plus p, with a sign", {Scalar(0), r, 6, 0, sign(p)}, both);
  bad("R of order 1, its y plus p", {a, Scalar(0), 0, 0, Point(a, 0), With(p, 0, 0xee)}, both);
  bad("R of order 1, with a sign", {a, Scalar(0), 0, 0, Point(a, 0), sign(Scalar(1))}, both);
}

void OpenCases(List& list) {
  const auto in = [](const Bytes& key, std::string_view tag, const Bytes& sealed) {
    return Json{{"key", ToJson(key)}, {"tag", tag}, {"sealed", ToJson(sealed)}};
  };
  const Bytes key = PublicOf(AdminSeed());
  const Bytes good = Seal(AdminSeed(), kTag, Msg());
  const Bytes empty = Seal(AdminSeed(), kTag, {});
  const auto bad = [&](const char* step, const char* why, Flags flags, const Bytes& sealed) {
    list.Invalid(step, why, std::move(flags), in(key, kTag, sealed));
  };
  list.Valid("a body", {"Normal"}, in(key, kTag, good));
  list.Valid("an empty body", {"EdgeCase"}, in(key, kTag, empty));
  list.Valid("an empty tag", {"EdgeCase"}, in(key, "", Seal(AdminSeed(), "", Msg())));
  list.Invalid("Open.1", "the key's last byte is missing", {"Length"},
               in(Bytes(key.begin(), key.end() - 1), kTag, good));
  list.Invalid("Open.1", "a byte behind the key", {"Length"},
               in(Join({key, Bytes{0}}), kTag, good));
  list.Invalid("Open.1", "no key, and nobody's signature", {"Length", "Order"},
               in({}, kTag, Repeat(64, 0)));
  bad("Open.1", "nothing at all", {"Length"}, {});
  bad("Open.1", "the last byte of the signature of an empty body is missing", {"Length"},
      Bytes(empty.begin(), empty.end() - 1));
  list.Invalid("Open.2", "under another tag", {"Forgery"}, in(key, "blindlend v1 request", good));
  list.Invalid("Open.2", "the tag's last letter moved into the body", {"Forgery"},
               in(key, "blindlend v1 lin", Join({Ascii("k"), good})));
  list.Invalid("Open.2", "another key's", {"OtherKey"}, in(PublicOf(MemberSeed()), kTag, good));
  list.Invalid("Open.2", "the key is no point", {"Malformed"}, in(Scalar(2), kTag, good));
  list.Invalid("Open.2", "the key's x with the other sign", {"Forgery"},
               in(FlipBit(key, 255), kTag, good));
  bad("Open.2", "a bit of the body flipped", {"Forgery"}, FlipBit(good, 0));
  bad("Open.2", "a bit of R flipped", {"Forgery"}, FlipBit(good, 8 * Msg().size()));
  bad("Open.2", "a bit of S flipped", {"Forgery"}, FlipBit(good, 8 * Msg().size() + 256));
  bad("Open.2", "the first byte of the body is missing", {"Forgery"},
      Bytes(good.begin() + 1, good.end()));
  bad("Open.2", "a byte behind", {"Forgery"}, Join({good, Bytes{0}}));
  bad("Open.2", "signed under an empty tag", {"Forgery"}, Seal(AdminSeed(), "", Msg()));
  bad("Open.2", "S plus L", {"Strict", "Canonical"}, WithOrderAdded(good));
  StrictCases(list);
}

void EncodeIdentityCases(List& list) {
  const auto in = [](int kind, const Bytes& key) {
    return Json{{"kind", kind}, {"key", ToJson(key)}};
  };
  const Bytes key = PublicOf(MemberSeed());
  list.Valid("an admin", {"Normal"}, in(kAdmin, key));
  list.Valid("a member", {"Normal"}, in(kMember, key));
  list.Valid("a lender", {"Normal"}, in(kLender, key));
  list.Valid("no point: form only", {"EdgeCase"}, in(kLender, Repeat(32, 255)));
  for (const int kind : {0, 6, 10, 255})
    list.Invalid("EncodeIdentity.1", "kind " + std::to_string(kind), {"Range"}, in(kind, key));
  list.Invalid("EncodeIdentity.1", "no key", {"Length"}, in(kMember, {}));
  list.Invalid("EncodeIdentity.1", "31 bytes", {"Length"}, in(kMember, Repeat(31, 1)));
  list.Invalid("EncodeIdentity.1", "33 bytes", {"Length"}, in(kMember, Repeat(33, 1)));
}

void ParseIdentityCases(List& list) {
  const auto in = [](int kind, const Bytes& bytes) {
    return Json{{"kind", kind}, {"bytes", ToJson(bytes)}};
  };
  const Bytes key = PublicOf(MemberSeed());
  const Bytes good = *EncodeIdentity(kMember, key);
  list.Valid("an admin", {"Normal"}, in(kAdmin, With(good, 1, 7)));
  list.Valid("a member", {"Normal"}, in(kMember, good));
  list.Valid("a lender", {"Normal"}, in(kLender, With(good, 1, 9)));
  list.Valid("no point: form only", {"EdgeCase"},
             in(kMember, Join({Bytes{1, 8}, Repeat(32, 255)})));
  const std::string step = "ParseIdentity.1";
  MalformedCases(list, good, step, step, step, {{"kind", kMember}});
  for (const int kind : {0, 6, 10, 255})
    list.Invalid(step, "kind " + std::to_string(kind) + " wanted and given", {"Range"},
                 in(kind, With(good, 1, static_cast<std::uint8_t>(kind))));
  list.Invalid(step, "a member where a lender is wanted", {"Malformed"}, in(kLender, good));
  list.Invalid(step, "an admin where a member is wanted", {"Malformed"},
               in(kMember, With(good, 1, 7)));
}

}  // namespace

Makers IdentityMakers() {
  return {{"PublicOf", PublicOfCases},
          {"Seal", SealCases},
          {"Open", OpenCases},
          {"EncodeIdentity", EncodeIdentityCases},
          {"ParseIdentity", ParseIdentityCases}};
}

}  // namespace blindlend::vectors
