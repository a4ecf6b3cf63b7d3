// Targets: ParseRequest, EncodeRequest, RequestId
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

// A request with one field that has no place in the layout.
void CheckMisfits(const Request& good) {
  for (const std::size_t size : {31UZ, 33UZ}) {
    Request request = good;
    request.member.resize(size);
    RequireStep(StepOf(EncodeRequest(request)), "EncodeRequest.1");
    RequireStep(StepOf(RequestId(request)), "RequestId.1");
    request = good;
    request.nonce.resize(size - 16);
    RequireStep(StepOf(EncodeRequest(request)), "EncodeRequest.1");
  }
  Request request = good;
  request.batch.width = 0;
  RequireStep(StepOf(EncodeRequest(request)), "EncodeRequest.1");
}

void Check(View body) {
  const AllocationWatch watch;
  const auto request = ParseRequest(body);
  watch.RequireProportionate(body.size());
  RequireCanonical(body, RequestStep(body), request, EncodeRequest);
  if (!request) return;
  Require(Equal(request->member, body.subspan(2, 32)), "member stands where it should");
  Require(Equal(request->nonce, body.subspan(34, 16)), "nonce stands where it should");
  CheckMisfits(*request);
  const View batch = body.subspan(50);
  Require(Equal(request->batch.id, batch.subspan(2, 32)), "id stands where it should");
  const std::size_t width = request->batch.width;
  Require(width == NumberAt(batch, 34, 2), "width stands where it should");
  Require(request->batch.values.size() == NumberAt(batch, 36, 2), "count stands where it should");
  for (std::size_t i = 0; i < request->batch.values.size(); ++i)
    Require(IsNumber(request->batch.values[i], batch.subspan(38 + i * width, width)),
            "every value stands where it should");
  Bytes named = oracle::Prefixed(oracle::AsView("blindlend v1 request id"));
  named.insert(named.end(), body.begin(), body.end());
  const auto id = RequestId(*request);
  Require(id && Equal(*id, oracle::Digest(named)), "every request that parses has its id");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
