// The simulation's curves as a picture.
#pragma once

#include "app/simulate/simulation.h"

namespace blindlend::simulate {

/// "5 min", "2 h", "3 d": the largest unit of which there is at least one, at most one decimal.
std::string DurationText(double seconds);

/// A self-contained SVG, light: for each axis a column with the effective anonymity set, the degree
/// of anonymity and the best guess. caption: a line below the title.
std::string Draw(const std::vector<Curves>& curves, const Setting& setting,
                 const std::string& caption);

}  // namespace blindlend::simulate
