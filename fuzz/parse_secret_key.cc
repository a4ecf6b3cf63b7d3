// Targets: ParseSecretKey, EncodeSecretKey
#include "fuzz/harness.h"

namespace blindlend {
namespace {

// 2-rsa, EncodeSecretKey, read a second time.
std::string_view ExpectedStep(View bytes) {
  if (bytes.size() < 4 || NumberAt(bytes, 0, 2) != 0x0102) return "ParseSecretKey.1";
  const std::size_t bits = NumberAt(bytes, 2, 2);
  if (bits < 2 || bits > 4096) return "ParseSecretKey.2";
  const std::size_t k = (bits + 7) / 8;
  const std::size_t h = (bits + 15) / 16;
  if (bytes.size() != 8 + 2 * k + 5 * h) return "ParseSecretKey.3";
  if (BitLength(bytes.subspan(4, k)) != bits) return "ParseSecretKey.4";
  if (NumberAt(bytes, 4 + k, 4) == 0) return "ParseSecretKey.5";
  return "";
}

void Check(View bytes) {
  const AllocationWatch watch;
  const auto sk = ParseSecretKey(bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, ExpectedStep(bytes), sk, EncodeSecretKey);
  if (!sk) return;
  const std::size_t bits = NumberAt(bytes, 2, 2);
  const std::size_t k = (bits + 7) / 8;
  const std::size_t h = (bits + 15) / 16;
  Arguments fields(bytes.subspan(4));
  Require(IsNumber(sk->n, fields.Take(k)), "n stands where it should");
  Require(IsNumber(sk->e, fields.Take(4)), "e stands where it should");
  Require(IsNumber(sk->d, fields.Take(k)), "d stands where it should");
  Require(IsNumber(sk->p, fields.Take(h)), "p stands where it should");
  Require(IsNumber(sk->q, fields.Take(h)), "q stands where it should");
  Require(IsNumber(sk->dp, fields.Take(h)), "dp stands where it should");
  Require(IsNumber(sk->dq, fields.Take(h)), "dq stands where it should");
  Require(IsNumber(sk->qinv, fields.Take(h)), "qinv stands where it should");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
