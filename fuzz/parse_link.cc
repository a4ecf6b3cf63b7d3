// Targets: ParseLink, EncodeLink, LinkId, ChainFingerprint
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

void CheckEpoch(const Epoch& epoch, View rest) {
  const std::size_t k = (NumberAt(rest, 2, 2) + 7) / 8;
  Require(IsNumber(epoch.pk.n, rest.subspan(4, k)), "n stands where it should");
  Require(IsNumber(epoch.pk.e, rest.subspan(4 + k, 4)), "e stands where it should");
  Require(epoch.roots.size() == 8, "there are eight roots");
  for (std::size_t i = 0; i < 8; ++i)
    Require(IsNumber(epoch.roots[i], rest.subspan(8 + k + i * k, k)),
            "every root stands where it should");
  const View tail = rest.subspan(8 + 9 * k);
  Require(epoch.issue_from == NumberAt(tail, 0, 8), "issue_from stands where it should");
  Require(epoch.issue_until == NumberAt(tail, 8, 8), "issue_until stands where it should");
  Require(epoch.spend_from == NumberAt(tail, 16, 8), "spend_from stands where it should");
  Require(epoch.spend_until == NumberAt(tail, 24, 8), "spend_until stands where it should");
  Require(epoch.quota == NumberAt(tail, 32, 4), "quota stands where it should");
  Require(epoch.lenders.size() == NumberAt(tail, 36, 2), "count stands where it should");
  for (std::size_t i = 0; i < epoch.lenders.size(); ++i)
    Require(Equal(epoch.lenders[i], tail.subspan(38 + 32 * i, 32)),
            "every lender stands where it should");
}

// The good link with one part changed so that it has no place in the layout.
void CheckMisfit(const Link& good, std::string_view step, const auto& change) {
  Link link = good;
  change(link);
  RequireStep(StepOf(EncodeLink(link)), step);
  RequireStep(StepOf(LinkId(link)), "LinkId.1");
  RequireStep(StepOf(ChainFingerprint({}, link)), "ChainFingerprint.1");
}

void CheckMisfits(const Link& good) {
  CheckMisfit(good, "EncodeLink.1", [](Link& link) { link.predecessor.pop_back(); });
  CheckMisfit(good, "EncodeLink.1", [](Link& link) { link.predecessor.push_back(0); });
  CheckMisfit(good, "EncodeLink.1", [](Link& link) { link.group.resize(65, 'g'); });
  if (!good.epoch) return;
  CheckMisfit(good, "EncodeLink.3", [](Link& link) { link.epoch->pk.e = 0; });
  CheckMisfit(good, "EncodeLink.3", [](Link& link) { link.epoch->roots.pop_back(); });
  CheckMisfit(good, "EncodeLink.3", [](Link& link) { link.epoch->roots.emplace_back(1); });
  CheckMisfit(good, "EncodeLink.3", [](Link& link) { link.epoch->roots.back() = -1; });
  CheckMisfit(good, "EncodeLink.3", [](Link& link) {
    link.epoch->roots.back() = ZZ{1} << 8 * NumBytes(link.epoch->pk.n);
  });
  CheckMisfit(good, "EncodeLink.4", [](Link& link) { link.epoch->lenders.back().pop_back(); });
  // Behind all others, so that only its length is wrong.
  CheckMisfit(good, "EncodeLink.4", [](Link& link) { link.epoch->lenders.back().push_back(0); });
}

void Check(View body) {
  const AllocationWatch watch;
  const auto link = ParseLink(body);
  watch.RequireProportionate(body.size());
  RequireCanonical(body, LinkStep(body), link, EncodeLink);
  if (!link) return;
  CheckMisfits(*link);
  const std::size_t g = body[2];
  Require(Equal(link->group, body.subspan(3, g)), "group stands where it should");
  Require(link->number == NumberAt(body, 3 + g, 4), "number stands where it should");
  Require(Equal(link->predecessor, body.subspan(7 + g, 32)), "predecessor stands where it should");
  Require(link->epoch.has_value() == (body[1] == 0x0a), "only a revocation has no epoch");
  if (link->epoch) CheckEpoch(*link->epoch, body.subspan(39 + g));
  Bytes named = oracle::Prefixed(oracle::AsView("blindlend v1 link id"));
  named.insert(named.end(), body.begin(), body.end());
  const auto id = LinkId(*link);
  Require(id && Equal(*id, oracle::Digest(named)), "every link that parses has its id");
  // Any bytes will do for the admin's key.
  const View admin = body.first(g);
  const Bytes compared = Join({oracle::Prefixed(oracle::AsView("blindlend v1 fingerprint")),
                               oracle::Prefixed(admin), oracle::Digest(named)});
  const auto aloud = ChainFingerprint(admin, *link);
  Require(aloud && *aloud == Fingerprint(oracle::Digest(compared)),
          "what is compared is of the admin's key and the id");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
