// The deterministic byte source of spec/V-vectors, for vectors and tests.
#pragma once

#include "ref/encoding.h"

namespace blindlend {

/// A tape: gives its bytes in order and is then exhausted, or, with a seed, goes on for ever.
class Tape {
 public:
  /// The tape that holds exactly these bytes.
  static Tape Of(View bytes);
  /// The endless tape SHA256(seed || I2OSP(0, 8)) || SHA256(seed || I2OSP(1, 8)) || ...
  static Tape FromSeed(View seed);

  /// A byte source that reads on from here. The tape must outlive it.
  ByteSource Source();

  /// How many bytes have been read.
  std::uint64_t used() const { return used_; }

 private:
  bool Read(std::span<std::uint8_t> out);

  bool endless_ = false;
  Bytes bytes_;  // all bytes, or the seed
  Bytes block_;  // the block of an endless tape that is being read
  std::uint64_t used_ = 0;
};

}  // namespace blindlend
