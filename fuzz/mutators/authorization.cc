// The two values of chapter 11: what is encoded in a borrow or a challenge is mutated, and encoded again.
#include <array>

#include "fuzz/mutators/mutator.h"

namespace blindlend::mutators {
namespace {

constexpr std::string_view kUrl = "-_";
constexpr std::array<std::string_view, 4> kBetween = {"Blindlend group=\"", "\", epoch=\"",
                                                      "\", lender=\"", "\", context=\"\""};

// A field's digits, mutated as the bytes that they stand for.
std::string Field(std::string_view digits, std::size_t most, Random& random) {
  if (random.OneIn(2)) return std::string(digits);
  return Armoured(Mutated(Dearmoured(digits, kUrl), most), kUrl);
}

std::string Number(std::string_view digits, Random& random) {
  constexpr std::array<std::string_view, 8> edges = {
      "0", "1", "01", "4294967295", "4294967296", "99999999999", "4294967295", ""};
  if (random.OneIn(2)) return std::string(digits);
  if (random.OneIn(2)) return std::string(edges[random.Below(edges.size())]);
  return std::to_string(random.Next() >> random.Below(64));
}

// What stands up to the next quote.
std::string_view Quoted(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('"'), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end);
  return field;
}

std::string Challenge(std::string_view rest, std::size_t most, Random& random) {
  std::array<std::string, 3> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (rest.starts_with(kBetween[i])) rest.remove_prefix(kBetween[i].size());
    fields[i] = Quoted(rest);
  }
  const Bytes lender(32, static_cast<std::uint8_t>(random.Next()));
  return std::string(kBetween[0]) + Field(fields[0], most / 4, random) + std::string(kBetween[1]) +
         Number(fields[1], random) + std::string(kBetween[2]) +
         (random.OneIn(4) ? Armoured(lender, kUrl) : Field(fields[2], 64, random)) +
         std::string(kBetween[3]);
}

}  // namespace

std::optional<Bytes> MutatedStructure(const Bytes& input, std::size_t most, Random& random) {
  constexpr std::string_view borrow = "Blindlend borrow=\"";
  if (most < 128) return std::nullopt;
  const std::string text = ToText(input);
  std::string_view rest = text;
  std::string value;
  if (rest.starts_with(borrow) != random.OneIn(8)) {
    if (rest.starts_with(borrow)) rest.remove_prefix(borrow.size());
    value = std::string(borrow) +
            Armoured(Mutated(Dearmoured(Quoted(rest), kUrl), (most - 32) / 4 * 3), kUrl) + '"';
  } else {
    value = Challenge(rest, most, random);
  }
  if (random.OneIn(8)) return Mutated(ToBytes(value), most);
  return ToBytes(value);
}

}  // namespace blindlend::mutators
