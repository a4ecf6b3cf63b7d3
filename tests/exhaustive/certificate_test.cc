// Key certificates measured, not sampled: all toy moduli, every root that there is.
#include <map>
#include <set>

#include "tests/support/group.h"

namespace blindlend::test {
namespace {

// The roots of each unit: [x] are all r in [1, n-1] with r^e = x (mod n).
std::map<long, std::vector<long>> RootsOfUnits(long n, long e) {
  std::map<long, std::vector<long>> roots;
  for (long x = 1; x < n; ++x)
    if (NTL::GCD(x, n) == 1) roots[x];
  for (long r = 1; r < n; ++r)
    if (NTL::GCD(r, n) == 1) roots[NTL::PowerMod(r, e, n)].push_back(r);
  return roots;
}

long Phi(long n) {
  long units = 0;
  for (long x = 1; x < n; ++x) units += NTL::GCD(x, n) == 1;
  return units;
}

std::vector<long> Rhos(const PublicKey& pk, const Bytes& group) {
  std::vector<long> rhos;
  for (std::uint8_t i = 1; i <= 8; ++i)
    rhos.push_back(
        NTL::conv<long>(*FDH("blindlend v1 key certificate", pk, Join({group, Bytes{i}}))));
  return rhos;
}

// Claim.KeyPermutes
// Property.CertificateSound, its count: e prime divides phi(n) exactly if x -> x^e is no permutation
// of the units, and then at most one unit in e has a root. All odd n below 400.
TEST(Certificate, AtMostOneUnitInEHasARoot) {
  int permutations = 0, others = 0;
  for (const long e : {3L, 5L, 7L, 11L})
    for (long n = 3; n < 400; n += 2) {
      long with_root = 0;
      for (const auto& [x, roots] : RootsOfUnits(n, e)) with_root += !roots.empty();
      if (Phi(n) % e == 0) {
        ASSERT_LE(with_root * e, Phi(n)) << e << " " << n;
        ++others;
      } else {
        ASSERT_EQ(with_root, Phi(n)) << e << " " << n;
        ++permutations;
      }
    }
  EXPECT_GT(permutations, 100);
  EXPECT_GT(others, 100);
}

// Property.CertificateSound and Property.CertificateComplete on the shipped code: a certificate is
// accepted exactly if it holds the one root of each value, or one of several; where a value has
// none, nothing in its place is accepted.
TEST(Certificate, AcceptsRootsAndNothingElse) {
  int certified = 0, impossible = 0;
  for (const long e : {3L, 5L})
    for (long n = 15; n < 130; n += 2) {
      const PublicKey pk{ZZ{n}, ZZ{e}};
      const auto all_roots = RootsOfUnits(n, e);
      for (int g = 0; g < 2; ++g) {
        const Bytes group = Ascii("group " + std::to_string(g));
        const std::vector<long> rhos = Rhos(pk, group);
        std::vector<ZZ> roots;
        std::size_t bad = 8;  // the first value without a root
        for (std::size_t i = 0; i < 8; ++i) {
          ASSERT_EQ(NTL::GCD(rhos[i], n), 1);
          const auto& of = all_roots.at(rhos[i]);
          if (of.empty()) bad = std::min(bad, i);
          roots.push_back(ZZ{of.empty() ? 1 : of.back()});
        }
        if (bad == 8) {
          ASSERT_EQ(Step(VerifyKeyProof(pk, group, roots)), "") << n;
          ++certified;
        } else {
          ASSERT_EQ(Phi(n) % e, 0);
          ++impossible;
        }
        // Every integer in one place: the first that has no root, or the g-th.
        const std::size_t at = bad == 8 ? static_cast<std::size_t>(g) * 7 : bad;
        int accepted = 0;
        for (long x = -1; x <= n + 1; ++x) {
          roots[at] = x;
          const std::string step = Step(VerifyKeyProof(pk, group, roots));
          const auto& of = all_roots.at(rhos[at]);
          const bool root = std::ranges::find(of, x) != of.end();
          const bool in_range = x >= 1 && x < n;
          ASSERT_EQ(step, !in_range          ? "VerifyKeyProof.3"
                          : root && bad == 8 ? ""
                                             : "VerifyKeyProof.5")
              << n << " " << x;
          accepted += step.empty();
        }
        ASSERT_EQ(accepted > 0, bad == 8);
      }
    }
  EXPECT_GT(certified, 50);
  EXPECT_GT(impossible, 50);
  std::cout << "certified: " << certified << ", impossible: " << impossible << std::endl;
}

// Property.CertificateSound says no more than it says: among some 3^8 names of the group there is one
// for which a modulus without a permutation gets a certificate, and then three roots fit each place.
TEST(Certificate, IsASampleNotAProof) {
  const PublicKey pk{ZZ{35}, ZZ{3}};
  const auto all_roots = RootsOfUnits(35, 3);
  int groups = 0;
  for (bool found = false; !found; ++groups) {
    ASSERT_LT(groups, 200'000);  // none among so many: (1 - 3^-8)^200000 < 2^-43
    const Bytes group = Ascii(std::to_string(groups));
    const auto rhos = Rhos(pk, group);
    found = std::ranges::none_of(rhos, [&](long rho) { return all_roots.at(rho).empty(); });
    if (!found) continue;
    std::vector<ZZ> roots;
    for (const long rho : rhos) roots.push_back(ZZ{all_roots.at(rho)[0]});
    for (std::size_t i = 0; i < 8; ++i) {
      ASSERT_EQ(all_roots.at(rhos[i]).size(), 3u);
      for (const long root : all_roots.at(rhos[i])) {
        roots[i] = root;
        EXPECT_EQ(Step(VerifyKeyProof(pk, group, roots)), "");
      }
    }
  }
  std::cout << "groups tried: " << groups << std::endl;
}

// How often each blinded value comes out over all tapes of one candidate.
std::map<long, long> Views(const PublicKey& pk, const Bytes& msg) {
  const auto length = static_cast<std::size_t>(NumBytes(pk.n));
  std::map<long, long> views;
  for (long i = 0; i < 1L << (8 * length); ++i) {
    Tape tape = Tape::Of(*I2OSP(ZZ{i}, length));
    const auto blinded = Blind(pk, msg, tape.Source());
    if (blinded) ++views[NTL::conv<long>(blinded->blinded)];
  }
  return views;
}

// Limit.BadModulus
// Property.CertificateNotMore: n of three primes, or with a square in it, gets a certificate, and
// every message is blinded to every unit equally often.
TEST(Certificate, ThreePrimesBlindExactlyUniformly) {
  struct Toy {
    long n, e;
  };
  for (const auto& [n, e] : std::vector<Toy>{
           {105, 5}, {165, 3}, {195, 5}, {231, 7}, {255, 3}, {45, 5}, {75, 3}, {385, 7}}) {
    const PublicKey pk{ZZ{n}, ZZ{e}};
    ASSERT_EQ(NTL::GCD(e, Phi(n)), 1) << n;
    const auto all_roots = RootsOfUnits(n, e);
    std::vector<ZZ> roots;
    for (const long rho : Rhos(pk, Ascii("a group"))) {
      ASSERT_EQ(all_roots.at(rho).size(), 1u);
      roots.push_back(ZZ{all_roots.at(rho)[0]});
    }
    EXPECT_EQ(Step(VerifyKeyProof(pk, Ascii("a group"), roots)), "") << n;

    std::set<std::map<long, long>> tables;
    std::set<ZZ> hashes;
    for (int i = 0; i < (n < 256 ? 12 : 3); ++i) {
      const Bytes msg = Ascii("message " + std::to_string(i));
      hashes.insert(*FDH("blindlend v1 token", pk, msg));
      const auto views = Views(pk, msg);
      tables.insert(views);
      std::set<long> counts;
      for (const auto& [view, count] : views) {
        ASSERT_EQ(NTL::GCD(view, n), 1) << n;
        counts.insert(count);
      }
      ASSERT_EQ(static_cast<long>(views.size()), Phi(n)) << n;
      ASSERT_EQ(counts.size(), 1u) << n;
    }
    EXPECT_GE(hashes.size(), 2u) << "messages with one hash show nothing";
    EXPECT_EQ(tables.size(), 1u) << n;
  }
}

}  // namespace
}  // namespace blindlend::test
