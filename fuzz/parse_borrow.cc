// Targets: ParseBorrow, EncodeBorrow
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

// A borrow with one field that has no place in the layout.
void CheckMisfits(const Borrow& good) {
  for (const std::size_t size : {0UZ, 31UZ, 33UZ}) {
    Borrow borrow = good;
    borrow.digest.resize(size);
    RequireStep(StepOf(EncodeBorrow(borrow)), "EncodeBorrow.1");
    borrow = good;
    borrow.token.spend_key.resize(size);
    RequireStep(StepOf(EncodeBorrow(borrow)), "EncodeBorrow.1");
  }
}

void Check(View body) {
  const AllocationWatch watch;
  const auto borrow = ParseBorrow(body);
  watch.RequireProportionate(body.size());
  RequireCanonical(body, BorrowStep(body), borrow, EncodeBorrow);
  if (!borrow) return;
  CheckMisfits(*borrow);
  Require(Equal(borrow->digest, body.subspan(2, 32)), "digest stands where it should");
  const View token = body.subspan(34);
  Require(Equal(borrow->token.key_id, token.subspan(2, 32)), "key_id stands where it should");
  Require(Equal(borrow->token.audience, token.subspan(34, 32)), "audience stands where it should");
  Require(Equal(borrow->token.spend_key, token.subspan(66, 32)),
          "spend_key stands where it should");
  Require(Equal(borrow->token.sig, token.subspan(100)), "sig stands where it should");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
