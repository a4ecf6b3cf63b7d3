// 1-encoding's text form: the bytes inside are mutated, and armoured again; now and then another label, or
// one flaw in the text.
#include <array>

#include "fuzz/mutators/mutator.h"

namespace blindlend::mutators {
namespace {

struct Kind {
  std::string_view label;
  std::uint8_t kind;  // the second byte of the object; 0: not fixed by the label
};

constexpr std::array<Kind, 17> kKinds = {{{"PUBLIC KEY", 1},
                                          {"SECRET KEY", 2},
                                          {"BLIND REQUEST", 3},
                                          {"BLIND RESPONSE", 4},
                                          {"BLIND STATE", 5},
                                          {"SIGNATURE", 6},
                                          {"ADMIN", 7},
                                          {"MEMBER", 8},
                                          {"LENDER", 9},
                                          {"EPOCH", 10},
                                          {"REVOCATION", 11},
                                          {"TOKEN", 12},
                                          {"TOKEN REQUEST", 13},
                                          {"TOKEN RESPONSE", 4},
                                          {"BORROW", 14},
                                          {"ATTESTATION", 15},
                                          {"ATTESTATION KEY", 16}}};

constexpr std::string_view kBegin = "-----BEGIN BLINDLEND ", kEnd = "-----END BLINDLEND ",
                           kDashes = "-----\n";

std::string Written(std::string_view label, const Bytes& bytes, std::size_t width) {
  const std::string digits = Armoured(bytes);
  std::string text = std::string(kBegin) + std::string(label) + std::string(kDashes);
  for (std::size_t at = 0; at < digits.size(); at += width) text += digits.substr(at, width) + '\n';
  return text + std::string(kEnd) + std::string(label) + std::string(kDashes);
}

}  // namespace

std::optional<Bytes> MutatedStructure(const Bytes& input, std::size_t most, Random& random) {
  constexpr std::size_t frame = 100;  // both lines with the longest label
  if (most < frame + 8) return std::nullopt;
  const std::string text = ToText(input);
  std::string_view rest = text;
  std::string label(kKinds[random.Below(kKinds.size())].label);
  Bytes bytes;
  if (rest.starts_with(kBegin)) {
    rest.remove_prefix(kBegin.size());
    const std::size_t end = rest.find(kDashes);
    if (end == std::string_view::npos) return std::nullopt;
    label = rest.substr(0, end);
    rest.remove_prefix(end + kDashes.size());
    bytes = Dearmoured(rest.substr(0, rest.find(kEnd)));
  } else {
    bytes = input;
  }
  bytes = Mutated(bytes, (most - frame) / 4 * 3 / 65 * 64);
  if (random.OneIn(4)) {
    const Kind& kind = kKinds[random.Below(kKinds.size())];
    label = kind.label;
    if (bytes.size() >= 2 && random.OneIn(2)) bytes[0] = 1, bytes[1] = kind.kind;
  }
  std::string written = Written(label, bytes, random.OneIn(16) ? 1 + random.Below(80) : 64);
  if (random.OneIn(8)) return Mutated(ToBytes(written), most);
  return ToBytes(written);
}

}  // namespace blindlend::mutators
