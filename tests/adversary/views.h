// Tables of what is hidden against what is seen, over all tapes: information in bits, not sampled.
#pragma once

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "app/vectors/tape.h"
#include "ref/blind_signature.h"

namespace blindlend::test {

/// For each secret how often each view comes out over all tapes. A view is one number or several; none
/// (empty) is an exhausted tape, which the other side sees too: nothing is sent.
using SeenView = std::vector<long>;
using Joint = std::vector<std::map<SeenView, long>>;

/// view: of a secret's number and a tape, of every tape of so many bytes.
inline Joint AllTapes(std::size_t secrets, std::size_t bytes,
                      const std::function<SeenView(std::size_t, Tape&)>& view) {
  Joint joint(secrets);
  for (std::size_t secret = 0; secret < secrets; ++secret)
    for (long i = 0; i < 1L << (8 * bytes); ++i) {
      Tape tape = Tape::Of(*I2OSP(ZZ{i}, bytes));
      ++joint[secret][view(secret, tape)];
    }
  return joint;
}

/// Whether the view tells nothing: the same table for each secret, count by count.
inline bool TellsNothing(const Joint& joint) {
  for (const auto& row : joint)
    if (row != joint.front()) return false;
  return true;
}

/// The mutual information of secret and view in bits, every secret and every tape being equally likely:
/// the sum of P(s,v) log2(P(s,v) / (P(s) P(v))). 0 exactly where TellsNothing says so.
inline double Bits(const Joint& joint) {
  if (TellsNothing(joint)) return 0;
  std::map<SeenView, double> seen;
  double all = 0;
  for (const auto& row : joint)
    for (const auto& [view, count] : row) {
      seen[view] += static_cast<double>(count);
      all += static_cast<double>(count);
    }
  const auto secrets = static_cast<double>(joint.size());
  double bits = 0;
  for (const auto& row : joint)
    for (const auto& [view, count] : row) {
      const auto times = static_cast<double>(count);
      bits += times / all * std::log2(times * secrets / seen[view]);
    }
  return bits;
}

}  // namespace blindlend::test
