// Targets: ParseAttestation, EncodeAttestation, ParseAttestationKey, EncodeAttestationKey
//
// The input as an attestation and as an attestation key.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

// An attestation with one field that has no place in the layout.
void CheckMisfits(const Attestation& good) {
  for (const std::size_t size : {15UZ, 17UZ, 31UZ, 33UZ}) {
    for (Bytes Attestation::* const field :
         {&Attestation::instance, &Attestation::lender, &Attestation::nonce}) {
      Attestation attestation = good;
      (attestation.*field).resize(size);
      RequireStep(StepOf(EncodeAttestation(attestation)), "EncodeAttestation.1");
    }
  }
  Attestation attestation = good;
  attestation.claim = 2;
  RequireStep(StepOf(EncodeAttestation(attestation)), "EncodeAttestation.1");
}

void Check(View bytes) {
  const AllocationWatch watch;
  const auto attestation = ParseAttestation(bytes);
  const auto key = ParseAttestationKey(bytes);
  watch.RequireProportionate(bytes.size());
  RequireCanonical(bytes, AttestationStep(bytes), attestation, EncodeAttestation);
  RequireCanonical(bytes, AttestationKeyStep(bytes), key, EncodeAttestationKey);
  RequireStep(StepOf(EncodeAttestationKey(bytes)),
              bytes.size() == 32 ? "" : "EncodeAttestationKey.1");
  if (key) Require(Equal(*key, bytes.subspan(2)), "the key stands where it should");
  if (!attestation) return;
  Require(Equal(attestation->instance, bytes.subspan(2, 16)), "instance stands where it should");
  Require(Equal(attestation->lender, bytes.subspan(18, 32)), "lender stands where it should");
  Require(attestation->claim == bytes[50], "claim stands where it should");
  Require(attestation->issued_at == NumberAt(bytes, 51, 8), "issued_at stands where it should");
  Require(Equal(attestation->nonce, bytes.subspan(59)), "nonce stands where it should");
  CheckMisfits(*attestation);
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
