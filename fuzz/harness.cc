#include "fuzz/harness.h"

#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <string>

// The sanitizers' allocator interface, null where the program is built without one.
extern "C" [[gnu::weak]] int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void*, std::size_t), void (*on_free)(const volatile void*));

namespace blindlend {
namespace {

std::atomic<std::size_t> allocated{0};

void CountMalloc(const volatile void*, std::size_t size) {
  allocated.fetch_add(size, std::memory_order_relaxed);
}

void IgnoreFree(const volatile void*) {}

const bool kCounting = __sanitizer_install_malloc_and_free_hooks != nullptr &&
                       __sanitizer_install_malloc_and_free_hooks(&CountMalloc, &IgnoreFree) != 0;

constexpr std::uint8_t kNoDigit = 255;

constexpr std::array<std::uint8_t, 256> kBase64Digits = [] {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    digits[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return digits;
}();

}  // namespace

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void RequireStep(std::string_view actual, std::string_view expected) {
  if (actual == expected) return;
  const auto shown = [](std::string_view step) { return step.empty() ? "success" : step; };
  std::fprintf(stderr, "does not hold: expected %s, got %s\n", shown(expected).data(),
               shown(actual).data());
  std::abort();
}

bool Equal(View a, View b) {
  return std::ranges::equal(a, b);
}

std::size_t NumberAt(View bytes, std::size_t at, std::size_t len) {
  std::size_t number = 0;
  for (const std::uint8_t byte : bytes.subspan(at, len)) number = number << 8 | byte;
  return number;
}

std::size_t BitLength(View bytes) {
  while (!bytes.empty() && bytes[0] == 0) bytes = bytes.subspan(1);
  if (bytes.empty()) return 0;
  return 8 * (bytes.size() - 1) + static_cast<std::size_t>(std::bit_width(bytes[0]));
}

bool IsNumber(const ZZ& x, View bytes) {
  if (x < 0 || NumBytes(x) > std::ssize(bytes)) return false;
  std::array<std::uint8_t, 512> digits{};  // the widest field; no allocation, for speed
  Require(bytes.size() <= digits.size(), "a field has at most 512 bytes");
  BytesFromZZ(digits.data(), x, static_cast<long>(bytes.size()));
  return std::equal(bytes.rbegin(), bytes.rend(), digits.begin());
}

std::optional<Bytes> StrictBase64(View text) {
  if (text.size() % 4 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (; !text.empty(); text = text.subspan(4)) {
    std::size_t padding = 0;
    if (text.size() == 4 && text[3] == '=') padding = text[2] == '=' ? 2 : 1;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint8_t digit = i + padding < 4 ? kBase64Digits[text[i]] : 0;
      if (digit == kNoDigit) return std::nullopt;
      group = group << 6 | digit;
    }
    if (group % (std::uint32_t{1} << 8 * padding) != 0) return std::nullopt;
    for (std::size_t i = 0; i + padding < 3; ++i)
      bytes.push_back(static_cast<std::uint8_t>(group >> (16 - 8 * i)));
  }
  return bytes;
}

std::string_view StrictTextStep(std::string_view label, std::string_view text) {
  const std::string begin = "-----BEGIN BLINDLEND " + std::string(label) + "-----\n";
  const std::string end = "-----END BLINDLEND " + std::string(label) + "-----\n";
  if (!text.starts_with(begin)) return "DecodeText.1";
  text.remove_prefix(begin.size());
  if (!text.ends_with(end)) return "DecodeText.2";
  text.remove_suffix(end.size());
  Bytes base64;
  while (!text.empty()) {
    const std::size_t length = text.find('\n');
    if (length == std::string_view::npos || length == 0 || length > 64) return "DecodeText.3";
    const bool is_last = length + 1 == text.size();
    if (length < 64 && !is_last) return "DecodeText.3";
    base64.insert(base64.end(), text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
    text.remove_prefix(length + 1);
  }
  return StrictBase64(base64) ? "" : "DecodeText.4";
}

std::string_view PublicKeyStep(View bytes) {
  if (bytes.size() < 4 || NumberAt(bytes, 0, 2) != 0x0101) return "ParsePublicKey.1";
  const std::size_t bits = NumberAt(bytes, 2, 2);
  if (bits < 2 || bits > 4096) return "ParsePublicKey.2";
  const std::size_t k = (bits + 7) / 8;
  if (bytes.size() != 8 + k) return "ParsePublicKey.3";
  if (BitLength(bytes.subspan(4, k)) != bits) return "ParsePublicKey.4";
  if (NumberAt(bytes, 4 + k, 4) == 0) return "ParsePublicKey.5";
  return "";
}

std::string_view BatchStep(std::uint8_t kind, View bytes) {
  if (bytes.size() < 38 || NumberAt(bytes, 0, 2) != std::size_t{0x0100} + kind)
    return "ParseBatch.1";
  const std::size_t width = NumberAt(bytes, 34, 2);
  const std::size_t count = NumberAt(bytes, 36, 2);
  if (width < 1 || width > 512 || count < 1 || count > 1000) return "ParseBatch.2";
  if (bytes.size() != 38 + count * width) return "ParseBatch.3";
  return "";
}

std::string_view LinkStep(View body) {
  if (body.size() < 3) return "ParseLink.1";
  const std::size_t kind = NumberAt(body, 0, 2);
  if (kind != 0x010a && kind != 0x010b) return "ParseLink.1";
  const std::size_t g = body[2];
  if (body.size() < 39 + g) return "ParseLink.2";
  const View rest = body.subspan(39 + g);
  bool has_encoding = g >= 1 && g <= 64;
  for (const std::uint8_t c : body.subspan(3, g)) has_encoding = has_encoding && c - 32U < 95U;
  const std::size_t number = NumberAt(body, 3 + g, 4);
  const bool has_predecessor = BitLength(body.subspan(7 + g, 32)) != 0;
  if (number == 0 || (number == 1 && has_predecessor)) has_encoding = false;
  if (kind == 0x010b) {
    if (!rest.empty()) return "ParseLink.4";
    return has_encoding ? "" : "ParseLink.9";
  }
  if (rest.size() < 4) return "ParseLink.5";
  const std::size_t k = (NumberAt(rest, 2, 2) + 7) / 8;
  if (rest.size() < 46 + 9 * k) return "ParseLink.5";
  if (!PublicKeyStep(rest.first(8 + k)).empty()) return "ParseLink.6";
  const std::size_t count = NumberAt(rest, 44 + 9 * k, 2);
  const View lenders = rest.subspan(46 + 9 * k);
  if (lenders.size() != 32 * count) return "ParseLink.8";
  if (NumberAt(rest, 40 + 9 * k, 4) == 0 || count < 1 || count > 256) has_encoding = false;
  for (std::size_t at = 32; at < lenders.size(); at += 32)
    has_encoding = has_encoding && std::ranges::lexicographical_compare(
                                       lenders.subspan(at - 32, 32), lenders.subspan(at, 32));
  return has_encoding ? "" : "ParseLink.9";
}

std::string_view TokenStep(View bytes) {
  if (bytes.size() < 100 || NumberAt(bytes, 0, 2) != 0x010c) return "ParseToken.1";
  const std::size_t width = NumberAt(bytes, 98, 2);
  if (width < 1 || width > 512) return "ParseToken.2";
  if (bytes.size() != 100 + width) return "ParseToken.3";
  return "";
}

std::string_view RequestStep(View body) {
  if (body.size() < 50 || NumberAt(body, 0, 2) != 0x010d) return "ParseRequest.1";
  return BatchStep(kRequest, body.subspan(50)).empty() ? "" : "ParseRequest.2";
}

std::string_view BorrowStep(View body) {
  if (body.size() < 34 || NumberAt(body, 0, 2) != 0x010e) return "ParseBorrow.1";
  return TokenStep(body.subspan(34)).empty() ? "" : "ParseBorrow.2";
}

std::string_view AttestationStep(View bytes) {
  if (bytes.size() != 75) return "ParseAttestation.1";
  const bool is_one = NumberAt(bytes, 0, 2) == 0x010f && NumberAt(bytes, 50, 1) == 1;
  return is_one ? "" : "ParseAttestation.1";
}

std::string_view AttestationKeyStep(View bytes) {
  const bool is_one = bytes.size() == 34 && NumberAt(bytes, 0, 2) == 0x0110;
  return is_one ? "" : "ParseAttestationKey.1";
}

AllocationWatch::AllocationWatch() : before_(allocated.load(std::memory_order_relaxed)) {}

void AllocationWatch::RequireProportionate(std::size_t input_size) const {
  const std::size_t used = allocated.load(std::memory_order_relaxed) - before_;
  Require(!kCounting || used <= 65536 + 512 * input_size, "memory is proportionate to the input");
}

std::uint8_t Arguments::Byte() {
  const View byte = Take(1);
  return byte.empty() ? std::uint8_t{0} : byte[0];
}

View Arguments::Take(std::size_t size) {
  const View taken = rest_.first(std::min(size, rest_.size()));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

}  // namespace blindlend
