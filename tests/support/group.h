// A group for the tests of chapters 5 to 8: seeds, certificates, epochs, and edits of encodings.
#pragma once

#include <algorithm>

#include "ref/issuance.h"
#include "tests/support/support.h"

namespace blindlend::test {

/// Ascending windows with room on every side: obtained in [100, 200), spent in [150, 300).
inline constexpr std::uint64_t kIssueFrom = 100, kIssueUntil = 200, kSpendFrom = 150,
                               kSpendUntil = 300;

/// The seed of somebody's identity.
inline Bytes SeedOf(std::string_view name) {
  return SHA256(Ascii(name));
}

/// The certificate, made with the private exponent and nothing else.
inline std::vector<ZZ> RootsOf(const SecretKey& sk, View group) {
  std::vector<ZZ> roots;
  for (std::uint8_t i = 1; i <= 8; ++i)
    roots.push_back(
        PowerMod(*FDH("blindlend v1 key certificate", sk, Join({group, Bytes{i}})), sk.d, sk.n));
  return roots;
}

/// An honest epoch with two lenders, "lender 1" and "lender 2".
inline Link EpochLink(const SecretKey& sk, std::uint32_t number = 1,
                      const Bytes& predecessor = Bytes(32), std::uint32_t quota = 10) {
  const Bytes group = Ascii("a group");
  std::vector<Bytes> lenders = {PublicOf(SeedOf("lender 1")), PublicOf(SeedOf("lender 2"))};
  std::ranges::sort(lenders);
  return {group, number, predecessor,
          Epoch{sk, RootsOf(sk, group), kIssueFrom, kIssueUntil, kSpendFrom, kSpendUntil, quota,
                lenders}};
}

inline Bytes SealLink(const Bytes& admin_seed, const Link& link) {
  return Seal(admin_seed, "blindlend v1 link", *EncodeLink(link));
}

/// An integer in [from, until), each equally likely however small RapidCheck's size is.
template <class T>
T Uniform(T from, T until) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, until));
}

inline bool OneIn(std::size_t of) {
  return *rc::gen::weightedElement<bool>({{1, true}, {of - 1, false}});
}

/// Bytes, each value equally likely however small RapidCheck's size is.
inline Bytes Random(std::size_t length) {
  return ToBytes(*rc::gen::resize(
      rc::kNominalSize,
      rc::gen::container<std::vector<std::uint8_t>>(length, rc::gen::arbitrary<std::uint8_t>())));
}

/// bytes with one bit changed.
inline Bytes FlipBit(Bytes bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

/// Edits of an encoding's first bytes, and of its length.
inline Bytes Edited(Bytes bytes, std::size_t header) {
  const auto at = Uniform<std::size_t>(0, std::min(header, bytes.size()));
  bytes[at] = *rc::gen::arbitrary<std::uint8_t>();
  bytes.resize(*rc::gen::weightedElement<std::size_t>(
      {{6, bytes.size()}, {1, bytes.size() + 1}, {1, bytes.size() - 1}, {1, at}}));
  return bytes;
}

}  // namespace blindlend::test
