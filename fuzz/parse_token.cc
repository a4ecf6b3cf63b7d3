// Targets: ParseToken, EncodeToken, TokenId
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

void Check(View bytes) {
  const AllocationWatch watch;
  const auto token = ParseToken(bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, TokenStep(bytes), token, EncodeToken);
  if (!token) return;
  Require(Equal(token->key_id, bytes.subspan(2, 32)), "key_id stands where it should");
  Require(Equal(token->audience, bytes.subspan(34, 32)), "audience stands where it should");
  Require(Equal(token->spend_key, bytes.subspan(66, 32)), "spend_key stands where it should");
  Require(Equal(token->sig, bytes.subspan(100)), "sig stands where it should");
  const auto id = TokenId(*token);
  Require(id && Equal(*id, oracle::Digest(bytes.first(98))), "the id is of the message alone");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
