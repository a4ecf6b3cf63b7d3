#include "epoch.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

namespace blindlend {

Bytes PublicOf(View seed) {
  // PublicOf.1  Return the Ed25519 public key of seed (RFC 8032 section 5.1.5), 32 bytes.
  Bytes key(32), secret(64);
  crypto_sign_seed_keypair(key.data(), secret.data(), seed.data());
  return key;
}

Bytes Seal(View seed, std::string_view tag, View body) {
  // Seal.1  signature = the Ed25519 signature with seed of Prefix(tag) || body (RFC 8032 section 5.1.6), 64 bytes.
  Bytes key(32), secret(64), signature(64);
  crypto_sign_seed_keypair(key.data(), secret.data(), seed.data());
  const Bytes message = Join({Prefix(Ascii(tag)), body});
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
  // Seal.2  Return body || signature.
  return Join({body, signature});
}

std::expected<Bytes, Failure> Open(View key, std::string_view tag, View sealed) {
  // Open.1  If len(key) != 32 or len(sealed) < 64, fail; otherwise split sealed into body and its last 64 bytes, signature.
  if (key.size() != 32 || sealed.size() < 64) return Fail("Open.1");
  const View body = sealed.first(sealed.size() - 64), signature = sealed.last(64);
  // Open.2  If signature is not key's Ed25519 signature of Prefix(tag) || body (RFC 8032 section 5.1.7, strict as above), fail.
  const Bytes message = Join({Prefix(Ascii(tag)), body});
  if (crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) !=
      0)
    return Fail("Open.2");
  // Open.3  Return body.
  return Bytes(body.begin(), body.end());
}

std::expected<Bytes, Failure> EncodeIdentity(std::uint8_t kind, View key) {
  // EncodeIdentity.1  If kind is not in [7, 9] or len(key) != 32, fail.
  if (kind < 7 || kind > 9 || key.size() != 32) return Fail("EncodeIdentity.1");
  // EncodeIdentity.2  Return 01 || kind || key.
  return Join({Bytes{1, kind}, key});
}

std::expected<Bytes, Failure> ParseIdentity(std::uint8_t kind, View bytes) {
  // ParseIdentity.1  If kind is not in [7, 9], len(bytes) != 34 or bytes[0..2) != 01 || kind, fail.
  if (kind < 7 || kind > 9 || bytes.size() != 34 || bytes[0] != 1 || bytes[1] != kind)
    return Fail("ParseIdentity.1");
  // ParseIdentity.2  Return bytes[2..34).
  return Bytes(bytes.begin() + 2, bytes.end());
}

std::expected<Bytes, Failure> EncodeLink(const Link& link) {
  // EncodeLink.1  If len(group) is not in [1, 64], a byte of group is not in [20, 7e], number is not in [1, 2^32 - 1], len(predecessor) != 32, or number = 1 and predecessor is not 32 zero bytes, fail.
  const auto& [group, number, predecessor, epoch] = link;
  if (group.size() < 1 || group.size() > 64 ||
      !std::ranges::all_of(group, [](std::uint8_t c) { return c >= 0x20 && c <= 0x7e; }) ||
      number < 1 || predecessor.size() != 32 || (number == 1 && predecessor != Bytes(32)))
    return Fail("EncodeLink.1");
  // EncodeLink.2  head = 01 || kind || I2OSP(len(group), 1) || group || I2OSP(number, 4) || predecessor, with kind 0b if epoch is absent and 0a otherwise. If epoch is absent, return head.
  const std::uint8_t kind = epoch ? 0x0a : 0x0b;
  const Bytes head = Join({Bytes{1, kind}, *I2OSP(NTL::conv<ZZ>(group.size()), 1), group,
                           *I2OSP(NTL::conv<ZZ>(number), 4), predecessor});
  if (!epoch) return head;
  // EncodeLink.3  key = EncodePublicKey(pk). If it fails, there are not 8 roots, or a root is not in [0, 256^k - 1], fail.
  const auto key = EncodePublicKey(epoch->pk);
  const auto k = static_cast<std::size_t>(NumBytes(epoch->pk.n));
  if (!key || epoch->roots.size() != 8 || !std::ranges::all_of(epoch->roots, [&](const ZZ& root) {
        return I2OSP(root, k).has_value();
      }))
    return Fail("EncodeLink.3");
  // EncodeLink.4  If quota is not in [1, 2^32 - 1], there are not 1 to 256 lenders, a lender has not 32 bytes, or lenders is not strictly ascending, fail.
  const auto& lenders = epoch->lenders;
  if (epoch->quota < 1 || lenders.size() < 1 || lenders.size() > 256 ||
      !std::ranges::all_of(lenders, [](const Bytes& lender) { return lender.size() == 32; }) ||
      std::ranges::adjacent_find(lenders, std::ranges::greater_equal()) != lenders.end())
    return Fail("EncodeLink.4");
  // EncodeLink.5  Return head || key || I2OSP(root, k) for each root || I2OSP(issue_from, 8) || I2OSP(issue_until, 8) || I2OSP(spend_from, 8) || I2OSP(spend_until, 8) || I2OSP(quota, 4) || I2OSP(number of lenders, 2) || each lender.
  Bytes body = Join({head, *key});
  for (const ZZ& root : epoch->roots) body = Join({body, *I2OSP(root, k)});
  for (const std::uint64_t time :
       {epoch->issue_from, epoch->issue_until, epoch->spend_from, epoch->spend_until})
    body = Join({body, *I2OSP(NTL::conv<ZZ>(time), 8)});
  body = Join(
      {body, *I2OSP(NTL::conv<ZZ>(epoch->quota), 4), *I2OSP(NTL::conv<ZZ>(lenders.size()), 2)});
  for (const Bytes& lender : lenders) body = Join({body, lender});
  return body;
}

std::expected<Link, Failure> ParseLink(View body) {
  // ParseLink.1  If len(body) < 3 or body[0..2) is neither 01 0a nor 01 0b, fail.
  if (body.size() < 3 || body[0] != 1 || (body[1] != 0x0a && body[1] != 0x0b))
    return Fail("ParseLink.1");
  // ParseLink.2  g = body[2]. If len(body) < 39 + g, fail.
  const std::size_t g = body[2];
  if (body.size() < 39 + g) return Fail("ParseLink.2");
  // ParseLink.3  group = body[3..3+g), number = OS2IP(body[3+g..7+g)), predecessor = body[7+g..39+g), rest = what follows.
  const View group = body.subspan(3, g), predecessor = body.subspan(7 + g, 32);
  const auto number = NTL::conv<std::uint32_t>(OS2IP(body.subspan(3 + g, 4)));
  const View rest = body.subspan(39 + g);
  Link link{Bytes(group.begin(), group.end()), number,
            Bytes(predecessor.begin(), predecessor.end()), std::nullopt};
  // ParseLink.4  If body[1] = 0b, epoch is absent: if len(rest) != 0, fail; otherwise go on with step 9.
  if (body[1] == 0x0b) {
    if (!rest.empty()) return Fail("ParseLink.4");
  } else {
    // ParseLink.5  If len(rest) < 4, fail; otherwise k = ceil(OS2IP(rest[2..4)) / 8). If len(rest) < 46 + 9*k, fail.
    if (rest.size() < 4) return Fail("ParseLink.5");
    const std::size_t k = (NTL::conv<std::size_t>(OS2IP(rest.subspan(2, 2))) + 7) / 8;
    if (rest.size() < 46 + 9 * k) return Fail("ParseLink.5");
    // ParseLink.6  pk = ParsePublicKey(rest[0..8+k)). If it fails, fail.
    const auto pk = ParsePublicKey(rest.first(8 + k));
    if (!pk) return Fail("ParseLink.6");
    // ParseLink.7  roots = OS2IP of each next k bytes, 8 times; issue_from, issue_until, spend_from, spend_until = OS2IP of each next 8 bytes; quota = OS2IP of the next 4, count = OS2IP of the next 2.
    std::vector<ZZ> roots;
    for (std::size_t i = 0; i < 8; ++i) roots.push_back(OS2IP(rest.subspan(8 + k + i * k, k)));
    std::vector<std::uint64_t> times;
    for (std::size_t i = 0; i < 4; ++i)
      times.push_back(NTL::conv<std::uint64_t>(OS2IP(rest.subspan(8 + 9 * k + i * 8, 8))));
    const auto quota = NTL::conv<std::uint32_t>(OS2IP(rest.subspan(40 + 9 * k, 4)));
    const auto count = NTL::conv<std::size_t>(OS2IP(rest.subspan(44 + 9 * k, 2)));
    // ParseLink.8  If len(rest) != 46 + 9*k + 32*count, fail; otherwise lenders = each next 32 bytes.
    if (rest.size() != 46 + 9 * k + 32 * count) return Fail("ParseLink.8");
    std::vector<Bytes> lenders;
    for (std::size_t i = 0; i < count; ++i) {
      const View lender = rest.subspan(46 + 9 * k + 32 * i, 32);
      lenders.emplace_back(lender.begin(), lender.end());
    }
    link.epoch = {*pk, roots, times[0], times[1], times[2], times[3], quota, lenders};
  }
  // ParseLink.9  link = (group, number, predecessor, epoch). If EncodeLink(link) fails, fail.
  if (!EncodeLink(link)) return Fail("ParseLink.9");
  // ParseLink.10  Return link.
  return link;
}

std::expected<Bytes, Failure> LinkId(const Link& link) {
  // LinkId.1  body = EncodeLink(link). If it fails, fail.
  const auto body = EncodeLink(link);
  if (!body) return Fail("LinkId.1");
  // LinkId.2  Return SHA256(Prefix("blindlend v1 link id") || body).
  return SHA256(Join({Prefix(Ascii("blindlend v1 link id")), *body}));
}

std::expected<Bytes, Failure> ChainFingerprint(View admin, const Link& link) {
  // ChainFingerprint.1  id = LinkId(link). If it fails, fail.
  const auto id = LinkId(link);
  if (!id) return Fail("ChainFingerprint.1");
  // ChainFingerprint.2  Return Fingerprint(SHA256(Prefix("blindlend v1 fingerprint") || Prefix(admin) || id)).
  return Fingerprint(SHA256(Join({Prefix(Ascii("blindlend v1 fingerprint")), Prefix(admin), *id})));
}

std::expected<Link, Failure> VerifyLink(View admin, View sealed) {
  // VerifyLink.1  body = Open(admin, "blindlend v1 link", sealed). If it fails, fail.
  const auto body = Open(admin, "blindlend v1 link", sealed);
  if (!body) return Fail("VerifyLink.1");
  // VerifyLink.2  link = ParseLink(body). If it fails, fail.
  const auto link = ParseLink(*body);
  if (!link) return Fail("VerifyLink.2");
  // VerifyLink.3  If link is a revocation, return link.
  if (!link->epoch) return link;
  // VerifyLink.4  If not issue_from < issue_until, not spend_from < spend_until, issue_from > spend_from or issue_until > spend_until, fail.
  const Epoch& epoch = *link->epoch;
  if (epoch.issue_from >= epoch.issue_until || epoch.spend_from >= epoch.spend_until ||
      epoch.issue_from > epoch.spend_from || epoch.issue_until > epoch.spend_until)
    return Fail("VerifyLink.4");
  // VerifyLink.5  If ValidatePublicKey(pk) fails, fail.
  if (!ValidatePublicKey(epoch.pk)) return Fail("VerifyLink.5");
  // VerifyLink.6  If VerifyKeyProof(pk, group, roots) fails, fail.
  if (!VerifyKeyProof(epoch.pk, link->group, epoch.roots)) return Fail("VerifyLink.6");
  // VerifyLink.7  Return link.
  return link;
}

std::expected<void, Failure> Compatible(const Link& a, const Link& b) {
  // Compatible.1  If a.group != b.group, fail.
  if (a.group != b.group) return Fail("Compatible.1");
  // Compatible.2  If a.number > b.number, exchange a and b.
  if (a.number > b.number) return Compatible(b, a);
  // Compatible.3  If LinkId(a) = LinkId(b), return.
  if (*LinkId(a) == *LinkId(b)) return {};
  // Compatible.4  If a.number = b.number, fail.
  if (a.number == b.number) return Fail("Compatible.4");
  // Compatible.5  If b.number = a.number + 1 and b.predecessor != LinkId(a), fail.
  if (b.number - a.number == 1 && b.predecessor != *LinkId(a)) return Fail("Compatible.5");
  // Compatible.6  If a is a revocation, fail.
  if (!a.epoch) return Fail("Compatible.6");
  // Compatible.7  If b is a revocation, return.
  if (!b.epoch) return {};
  // Compatible.8  If b.issue_from < a.issue_until, fail.
  if (b.epoch->issue_from < a.epoch->issue_until) return Fail("Compatible.8");
  // Compatible.9  If a.n = b.n, fail.
  if (a.epoch->pk.n == b.epoch->pk.n) return Fail("Compatible.9");
  // Compatible.10  Return.
  return {};
}

std::expected<std::vector<Link>, Failure> Extend(const std::vector<Link>& chain, const Link& link) {
  // Extend.1  For each known link of chain in order: if Compatible(known, link) fails, fail.
  for (const Link& known : chain)
    if (!Compatible(known, link)) return Fail("Extend.1");
  // Extend.2  If LinkId(known) = LinkId(link) for a known link of chain, return chain.
  for (const Link& known : chain)
    if (*LinkId(known) == *LinkId(link)) return chain;
  // Extend.3  If chain is not empty and link.number is not one more than the number of its last link, fail.
  if (!chain.empty() && link.number != chain.back().number + 1ul) return Fail("Extend.3");
  // Extend.4  Return chain with link at its end.
  std::vector<Link> longer = chain;
  longer.push_back(link);
  return longer;
}

std::expected<void, Failure> CheckFork(View admin, View a, View b) {
  // CheckFork.1  first = ParseLink(Open(admin, "blindlend v1 link", a)). If either fails, fail.
  const auto first = ParseLink(Open(admin, "blindlend v1 link", a).value_or(Bytes{}));
  if (!first) return Fail("CheckFork.1");
  // CheckFork.2  second = ParseLink(Open(admin, "blindlend v1 link", b)). If either fails, fail.
  const auto second = ParseLink(Open(admin, "blindlend v1 link", b).value_or(Bytes{}));
  if (!second) return Fail("CheckFork.2");
  // CheckFork.3  If Compatible(first, second) does not fail, fail.
  if (Compatible(*first, *second)) return Fail("CheckFork.3");
  // CheckFork.4  Return.
  return {};
}

}  // namespace blindlend
