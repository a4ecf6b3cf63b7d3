// What the fuzz harnesses share. A harness states what must hold by Require: to libFuzzer, an abort is
// a crash. No harness reads a clock or draws randomness, so an input always does the same.
//
// Every harness names the functions of ref/ that it is aimed at on a line "// Targets: A, B".
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "ref/attestation.h"
#include "ref/issuance.h"
#include "ref/redemption.h"

namespace blindlend {

/// The labels of the spec's README.
constexpr std::array<std::string_view, 17> kLabels = {
    "PUBLIC KEY",  "SECRET KEY",     "BLIND REQUEST", "BLIND RESPONSE", "BLIND STATE",
    "SIGNATURE",   "ADMIN",          "MEMBER",        "LENDER",         "EPOCH",
    "REVOCATION",  "TOKEN",          "TOKEN REQUEST", "TOKEN RESPONSE", "BORROW",
    "ATTESTATION", "ATTESTATION KEY"};

/// Says what does not hold and aborts.
void Require(bool holds, const char* what);

/// Says both labels and aborts unless they are the same. "" stands for success.
void RequireStep(std::string_view actual, std::string_view expected);

/// The label of the step that failed, or "".
std::string_view StepOf(const auto& result) {
  return result ? std::string_view() : result.error().step;
}

bool Equal(View a, View b);

/// The number that bytes[at..at+len) stand for; len at most 8. Written without OS2IP, on purpose.
std::size_t NumberAt(View bytes, std::size_t at, std::size_t len);

/// The length in bits of the number that bytes stand for.
std::size_t BitLength(View bytes);

/// Whether x is the number that bytes stand for, asked of NTL and not of OS2IP.
bool IsNumber(const ZZ& x, View bytes);

/// A second, independent reading of RFC 4648 section 4: what text decodes to, if it is the one way to
/// write that.
std::optional<Bytes> StrictBase64(View text);

/// 1-encoding, DecodeText, read a second time: the step at which text fails under label, or "".
std::string_view StrictTextStep(std::string_view label, std::string_view text);

/// The layouts, read a second time: the step at which the parser must refuse bytes, or "".
std::string_view PublicKeyStep(View bytes);
std::string_view BatchStep(std::uint8_t kind, View bytes);
std::string_view LinkStep(View body);
std::string_view TokenStep(View bytes);
std::string_view RequestStep(View body);
std::string_view BorrowStep(View body);
std::string_view AttestationStep(View bytes);
std::string_view AttestationKeyStep(View bytes);

/// Counts what is allocated from its creation on, where the sanitizer's allocator tells; 0 elsewhere.
class AllocationWatch {
 public:
  AllocationWatch();

  /// A parser's memory is bounded by what it was given, never by what that announces. An entry of a
  /// few bytes costs some hundred in memory, hence the factor.
  void RequireProportionate(std::size_t input_size) const;

 private:
  std::size_t before_;
};

/// What every parser owes. expected: the step at which the harness's own reading of the layout fails.
void RequireCanonical(View bytes, std::string_view expected, const auto& parsed,
                      const auto& encode) {
  RequireStep(StepOf(parsed), expected);
  if (!parsed) return;
  const auto encoded = encode(*parsed);
  Require(encoded.has_value(), "what was parsed can be encoded");
  Require(Equal(*encoded, bytes), "encode(parse(x)) = x");
}

/// Takes an input apart from the front. Whoever asks for more than is left gets less, or zero.
class Arguments {
 public:
  explicit Arguments(View bytes) : rest_(bytes) {}

  std::uint8_t Byte();
  View Take(std::size_t size);
  View Rest() { return Take(rest_.size()); }

 private:
  View rest_;
};

}  // namespace blindlend
