#include "tape.h"

#include <algorithm>

namespace blindlend {

Tape Tape::Of(View bytes) {
  Tape tape;
  tape.bytes_.assign(bytes.begin(), bytes.end());
  return tape;
}

Tape Tape::FromSeed(View seed) {
  Tape tape = Of(seed);
  tape.endless_ = true;
  return tape;
}

ByteSource Tape::Source() {
  return [this](std::span<std::uint8_t> out) { return Read(out); };
}

bool Tape::Read(std::span<std::uint8_t> out) {
  if (!endless_) {
    if (out.size() > bytes_.size() - used_) return false;
    std::ranges::copy(View(bytes_).subspan(used_, out.size()), out.begin());
    used_ += out.size();
    return true;
  }
  for (std::uint8_t& byte : out) {
    if (used_ % 32 == 0) block_ = SHA256(Join({bytes_, *I2OSP(NTL::conv<ZZ>(used_ / 32), 8)}));
    byte = block_[used_ % 32];
    ++used_;
  }
  return true;
}

}  // namespace blindlend
