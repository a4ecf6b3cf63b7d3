// Spec chapter 1-encoding: integers and objects as bytes, hashing, the textual form.
#pragma once

#include <NTL/ZZ.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace blindlend {

using NTL::ZZ;

/// Why an algorithm failed: the label of the spec's step, such as "Finalize.4", and nothing else.
/// step: always a string literal.
struct Failure {
  std::string_view step;
};
using Fail = std::unexpected<Failure>;

/// The allocator of Bytes: memory is overwritten before it is given back. Spec 1-encoding, Wipe.
struct WipingAllocator : std::allocator<std::uint8_t> {
  template <class>
  struct rebind {
    using other = WipingAllocator;
  };
  void deallocate(std::uint8_t* memory, std::size_t size);
};

/// A byte string, wiped when its memory is given back. Text is a byte string of ASCII codes.
using Bytes = std::vector<std::uint8_t, WipingAllocator>;
/// A byte string that somebody else holds.
using View = std::span<const std::uint8_t>;

/// Asked to fill a span with fresh uniform bytes: fills all of it and returns true, or returns false
/// when it is exhausted. The only randomness of ref/.
using ByteSource = std::function<bool(std::span<std::uint8_t>)>;

/// The ASCII codes of text.
Bytes Ascii(std::string_view text);

/// The parts one after the other: a || b || ...
Bytes Join(std::initializer_list<View> parts);

/// x as exactly len bytes, big-endian.
/// Fails at I2OSP.1 (x negative or 256^len or more). RFC 8017 section 4.1.
std::expected<Bytes, Failure> I2OSP(const ZZ& x, std::size_t len);

/// The integer whose big-endian bytes these are; 0 for none. RFC 8017 section 4.2.
ZZ OS2IP(View bytes);

/// bytes behind their length in eight bytes.
Bytes Prefix(View bytes);

/// SHA-256, 32 bytes. FIPS 180-4.
Bytes SHA256(View bytes);

/// Padded base64 without line breaks. RFC 4648 section 4.
Bytes EncodeBase64(View bytes);

/// The inverse of EncodeBase64, and of nothing else.
/// Fails at DecodeBase64.1 (not what EncodeBase64 makes).
std::expected<Bytes, Failure> DecodeBase64(View text);

/// The textual form of an object. label: one of the README's table. RFC 7468 section 3, strict form.
Bytes EncodeText(std::string_view label, View bytes);

/// The inverse of EncodeText, and of nothing else.
/// Fails at DecodeText.1 (another kind), .2 (cut off, or more behind the end), .3 (lines), .4 (base64).
std::expected<Bytes, Failure> DecodeText(std::string_view label, View text);

/// digest: 32 bytes. Sixteen groups of five decimal digits, to be compared aloud.
Bytes Fingerprint(View digest);

}  // namespace blindlend
