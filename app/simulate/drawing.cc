#include "drawing.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace blindlend::simulate {

namespace {

/// Sizes in pixels: of a plot, and from one to the next.
constexpr double kWidth = 236, kHeight = 136, kLeft = 56, kTop = 112, kAcross = 300, kDown = 212;
/// Tell apart also without colour (Okabe and Ito's blue, vermilion and green; and the dashes).
constexpr std::array<const char*, kManners.size()> kColours = {"#0072b2", "#d55e00", "#007a5a"};
constexpr std::array<const char*, kManners.size()> kDashes = {"", "6 3", "2 2"};

std::string Fixed(double x, int decimals = 1) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, x);
  return text;
}

/// At most two decimals, none that is 0 at the end.
std::string Short(double x) {
  std::string text = Fixed(x, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Text(double x, double y, const std::string& text, const std::string& more = "") {
  return "<text x=\"" + Fixed(x) + "\" y=\"" + Fixed(y) + "\"" + (more.empty() ? "" : " ") + more +
         ">" + text + "</text>\n";
}

std::string Line(double x1, double y1, double x2, double y2, const std::string& colour) {
  return "<line x1=\"" + Fixed(x1) + "\" y1=\"" + Fixed(y1) + "\" x2=\"" + Fixed(x2) + "\" y2=\"" +
         Fixed(y2) + "\" stroke=\"" + colour + "\"/>\n";
}

std::string Dashes(std::size_t manner) {
  const std::string dashes = kDashes.at(manner);
  return dashes.empty() ? "" : " stroke-dasharray=\"" + dashes + "\"";
}

/// Where a value lies between the ends of a logarithmic or linear axis, in [0, 1].
double Place(double value, double low, double high, bool is_log) {
  if (!(high > low)) return 0.5;
  return is_log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

enum class Row { kEffective, kDegree, kGuess };
constexpr std::array kRows = {Row::kEffective, Row::kDegree, Row::kGuess};

double ValueOf(const Measures& measures, Row row) {
  switch (row) {
    case Row::kEffective:
      return measures.effective;
    case Row::kDegree:
      return measures.degree;
    case Row::kGuess:
      return measures.best_guess;
  }
  return 0;
}

const char* Label(Row row) {
  switch (row) {
    case Row::kEffective:
      return "effective anonymity set (members)";
    case Row::kDegree:
      return "degree of anonymity (0 to 1)";
    case Row::kGuess:
      return "best guess (probability)";
  }
  return "";
}

const char* Label(Axis::Of of) {
  switch (of) {
    case Axis::Of::kDelay:
      return "mean time from obtaining to spending";
    case Axis::Of::kMembers:
      return "members in the group";
    case Axis::Of::kBatch:
      return "tokens obtained at a time";
  }
  return "";
}

std::string Plot(const Curves& curves, Row row, const Setting& setting, double left, double top) {
  const std::vector<double>& values = curves.axis.values;
  const double low = values.front(), high = values.back();
  double most = 1;
  const bool is_members = curves.axis.of == Axis::Of::kMembers;
  if (row == Row::kEffective) most = is_members ? high : static_cast<double>(setting.members);
  const auto x = [&](double value) { return left + kWidth * Place(value, low, high, true); };
  // The set's size runs over orders of magnitude with the group's.
  const bool is_log = row == Row::kEffective && is_members;
  const auto y = [&](double value) {
    return top + kHeight * (1 - Place(value, is_log ? 1 : 0, most, is_log));
  };

  std::string svg = "<rect x=\"" + Fixed(left) + "\" y=\"" + Fixed(top) + "\" width=\"" +
                    Fixed(kWidth) + "\" height=\"" + Fixed(kHeight) +
                    "\" fill=\"none\" stroke=\"#999\"/>\n";
  std::vector<double> ticks = {0, most / 4, most / 2, most * 3 / 4, most};
  if (is_log) ticks = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
  for (const double tick : ticks) {
    if (tick > most) break;
    if (tick > 0 && tick < most) svg += Line(left, y(tick), left + kWidth, y(tick), "#e4e4e4");
    svg += Text(left - 6, y(tick) + 4, Short(tick), "text-anchor=\"end\"");
  }
  double last = -1e9;
  for (const double value : values) {
    svg += Line(x(value), top + kHeight, x(value), top + kHeight + 4, "#999");
    if (x(value) - last < 34) continue;
    last = x(value);
    const std::string text =
        curves.axis.of == Axis::Of::kDelay ? DurationText(value) : Short(value);
    svg += Text(x(value), top + kHeight + 17, text, "text-anchor=\"middle\"");
  }
  svg += Text(left, top - 7, Label(row), "font-weight=\"600\"");
  svg +=
      Text(left + kWidth / 2, top + kHeight + 32, Label(curves.axis.of), "text-anchor=\"middle\"");

  // What a group gives at best: everybody equally likely.
  std::string ideal;
  for (const double value : values) {
    const double members = is_members ? value : static_cast<double>(setting.members);
    const double best = row == Row::kEffective ? members : row == Row::kDegree ? 1 : 1 / members;
    ideal += Fixed(x(value)) + "," + Fixed(y(best)) + " ";
  }
  svg += "<polyline points=\"" + ideal +
         "\" fill=\"none\" stroke=\"#888\" stroke-width=\"5\" "
         "stroke-opacity=\"0.35\"/>\n";
  for (std::size_t manner = 0; manner < kManners.size(); ++manner) {
    std::string points, dots;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Measures& measures = curves.measures[manner][i];
      if (measures.spends == 0) continue;
      const std::string px = Fixed(x(values[i])), py = Fixed(y(ValueOf(measures, row)));
      points += px + "," + py + " ";
      dots += "M" + px + "," + py + "h0";
    }
    const std::string stroke =
        "\" fill=\"none\" stroke=\"" + std::string(kColours[manner]) + "\" stroke-width=\"";
    svg += "<polyline points=\"" + points + stroke + "1.6\"" + Dashes(manner) + "/>\n<path d=\"" +
           dots + stroke + "4.8\" stroke-linecap=\"round\"/>\n";
  }
  return svg;
}

}  // namespace

std::string DurationText(double seconds) {
  constexpr std::array<std::pair<double, const char*>, 4> kUnits = {
      {{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}}};
  for (const auto& [size, unit] : kUnits) {
    if (seconds < size && size > 1) continue;
    std::string text = Fixed(seconds / size);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text + unit;
  }
  return "";
}

std::string Draw(const std::vector<Curves>& curves, const Setting& setting,
                 const std::string& caption) {
  const double width = kLeft + kAcross * static_cast<double>(curves.size()),
               height = kTop + kDown * static_cast<double>(kRows.size());
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + Fixed(width, 0) +
                    " " + Fixed(height, 0) + "\" width=\"" + Fixed(width, 0) + "\" height=\"" +
                    Fixed(height, 0) +
                    "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
                    "<title>What the clock tells about who spent a token</title>\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  svg += Text(kLeft, 26, "What the clock tells about who spent a token",
              "font-size=\"17\" font-weight=\"600\"");
  svg += Text(kLeft, 46, caption, "fill=\"#555\"");
  double at = kLeft;
  for (std::size_t manner = 0; manner < kManners.size(); ++manner) {
    svg += "<line x1=\"" + Fixed(at) + "\" y1=\"64\" x2=\"" + Fixed(at + 28) +
           "\" y2=\"64\" stroke=\"" + kColours[manner] + "\" stroke-width=\"1.6\"" +
           Dashes(manner) + "/>\n" + Text(at + 34, 68, kManners[manner].name);
    at += 236;
  }
  svg += "<line x1=\"" + Fixed(at) + "\" y1=\"64\" x2=\"" + Fixed(at + 28) +
         "\" y2=\"64\" stroke=\"#888\" stroke-width=\"5\" stroke-opacity=\"0.35\"/>\n" +
         Text(at + 34, 68, "everybody equally likely");
  for (std::size_t column = 0; column < curves.size(); ++column)
    for (std::size_t row = 0; row < kRows.size(); ++row)
      svg +=
          Plot(curves[column], kRows[row], setting, kLeft + kAcross * static_cast<double>(column),
               kTop + kDown * static_cast<double>(row));
  return svg + "</svg>\n";
}

}  // namespace blindlend::simulate
