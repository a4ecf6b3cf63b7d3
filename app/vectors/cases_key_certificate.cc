#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

namespace {

// Under FewUnits the first value of this group has no hash. Found by trying.
Bytes GroupWithoutHash() {
  return Ascii("L6{");
}

void ProveKeyCases(List& list) {
  const auto in = [](const SecretKey& sk, const Bytes& group, const Json& tape) {
    return Json{{"sk", ToJson(sk)}, {"group", ToJson(group)}, {"source", tape}};
  };
  const SecretKey sk = Small();
  list.Valid("by hand", {"Toy"}, in(Toy(), Group(), Seed("roots")));
  list.Valid("512 bits", {"Normal"}, in(sk, Group(), Seed("roots")));
  list.Valid("another source, the same roots", {"Normal"}, in(sk, Group(), Seed("again")));
  list.Valid("another group", {"Normal"}, in(sk, Ascii("others"), Seed("roots")));
  list.Valid("a group without a name", {"EdgeCase"}, in(sk, {}, Seed("roots")));
  SecretKey bad = sk;
  bad.e = 0;
  list.Invalid("ProveKey.2", "the key has no encoding", {"Range"}, in(bad, Group(), Seed("roots")));
  const SecretKey few{FewUnits(), ZZ{1}, ZZ{1}, ZZ{1}, ZZ{1}, ZZ{1}, ZZ{1}};
  list.Invalid("ProveKey.2", "the first value has no hash; no byte for its base blinding",
               {"RareBranch", "Order"}, in(few, GroupWithoutHash(), TapeOf({})));
  list.Invalid("ProveKey.3", "no byte for a base blinding", {"Exhausted"},
               in(sk, Group(), TapeOf({})));
  list.Invalid("ProveKey.3", "the tape ends in the eighth base blinding", {"Exhausted"},
               in(Toy(), Group(), TapeOf(Repeat(7, 5))));
  bad = sk;
  bad.dp += 1;
  list.Invalid("ProveKey.3", "dp is wrong by one", {"Fault"}, in(bad, Group(), Seed("roots")));
}

void VerifyKeyProofCases(List& list) {
  const auto in = [](const PublicKey& pk, const Bytes& group, const std::vector<ZZ>& roots) {
    return Json{{"pk", ToJson(pk)}, {"group", ToJson(group)}, {"roots", ToJson(roots)}};
  };
  const PublicKey pk = Small();
  const std::vector<ZZ> good = Certificate(Small(), Group());
  const auto bad = [&](const char* step, const char* why, Flags flags,
                       const std::vector<ZZ>& roots) {
    list.Invalid(step, why, std::move(flags), in(pk, Group(), roots));
  };
  // good with root_i another value.
  const auto with = [&](std::size_t i, const ZZ& value) {
    std::vector<ZZ> roots = good;
    roots[i - 1] = value;
    return roots;
  };
  list.Valid("by hand", {"Toy"}, in(Toy(), Group(), Certificate(Toy(), Group())));
  list.Valid("512 bits", {"Normal"}, in(pk, Group(), good));
  list.Valid("a group without a name", {"EdgeCase"}, in(pk, {}, Certificate(Small(), {})));
  bad("VerifyKeyProof.1", "no root", {"Length"}, {});
  bad("VerifyKeyProof.1", "seven roots", {"Length"}, {good.begin(), good.end() - 1});
  std::vector<ZZ> roots = good;
  roots.push_back(good[0]);
  bad("VerifyKeyProof.1", "nine roots", {"Length"}, roots);
  bad("VerifyKeyProof.1", "seven roots, all of them 0", {"Length", "Order"},
      std::vector<ZZ>(7, ZZ{0}));
  bad("VerifyKeyProof.3", "the first root is 0", {"Range"}, with(1, ZZ{0}));
  bad("VerifyKeyProof.3", "the last root is n", {"Range"}, with(8, pk.n));
  bad("VerifyKeyProof.3", "a root plus n", {"Range", "Canonical"}, with(3, good[2] + pk.n));
  bad("VerifyKeyProof.3", "a root minus n", {"Range", "Canonical"}, with(3, good[2] - pk.n));
  list.Invalid("VerifyKeyProof.3", "the first root is 0, and its value has no hash",
               {"RareBranch", "Order"},
               in(FewUnits(), GroupWithoutHash(), std::vector<ZZ>(8, ZZ{0})));
  list.Invalid("VerifyKeyProof.3", "n = 0 has no range", {"Range", "Order"},
               in({ZZ{0}, ZZ{3}}, Group(), std::vector<ZZ>(8, ZZ{1})));
  list.Invalid("VerifyKeyProof.4", "the first value has no hash, and its root is none",
               {"RareBranch", "Order"},
               in(FewUnits(), GroupWithoutHash(), std::vector<ZZ>(8, ZZ{1})));
  list.Invalid("VerifyKeyProof.4", "the key has no encoding", {"Range"},
               in({pk.n, ZZ{0}}, Group(), good));
  roots = good;
  std::swap(roots[0], roots[1]);
  bad("VerifyKeyProof.5", "two roots exchanged", {"Forgery"}, roots);
  bad("VerifyKeyProof.5", "the last root is n minus it", {"Forgery"}, with(8, pk.n - good[7]));
  bad("VerifyKeyProof.5", "the first root is 1", {"Forgery"}, with(1, ZZ{1}));
  bad("VerifyKeyProof.5", "the first root shares a factor with n", {"Gcd"}, with(1, Small().p));
  roots = with(1, good[0] ^ 1);
  roots[1] = 0;
  bad("VerifyKeyProof.5", "the first is no root; the second is out of range", {"Order"}, roots);
  list.Invalid("VerifyKeyProof.5", "another group's", {"Forgery"}, in(pk, Ascii("others"), good));
  // Of the two keys, the roots of the one with the smaller n are in range for the other.
  const bool smaller = Small().n < OtherSmall().n;
  list.Invalid("VerifyKeyProof.5", "another key's", {"OtherKey"},
               in(smaller ? OtherSmall() : Small(), Group(),
                  Certificate(smaller ? Small() : OtherSmall(), Group())));
  list.Invalid("VerifyKeyProof.5", "the same n, another e", {"OtherKey"},
               in({pk.n, ZZ{3}}, Group(), good));
  roots.clear();
  for (long i = 1; i <= 8; ++i)
    roots.push_back(OS2IP(SignatureOf(Small(), Join({Group(), Int(ZZ{i}, 1)}))));
  bad("VerifyKeyProof.5", "blind signatures are no certificate", {"Forgery"}, roots);
  list.Invalid("VerifyKeyProof.5", "e = 5 divides phi(33) = 20: few values have a root", {"Toy"},
               in({ZZ{33}, ZZ{5}}, Group(), std::vector<ZZ>(8, ZZ{2})));
}

}  // namespace

Makers KeyCertificateMakers() {
  return {{"ProveKey", ProveKeyCases}, {"VerifyKeyProof", VerifyKeyProofCases}};
}

}  // namespace blindlend::vectors
