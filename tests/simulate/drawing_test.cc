// The picture: well-formed, whole, and drawn from the numbers.
#include "app/simulate/drawing.h"

#include <algorithm>

#include "tests/support/support.h"

namespace blindlend::simulate {
namespace {

std::size_t Times(const std::string& text, const std::string& what) {
  std::size_t times = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++times;
  return times;
}

std::vector<Curves> SomeCurves(double effective) {
  std::vector<Curves> curves;
  for (const Axis& axis : AxesFor(Setting{})) {
    Curves& each = curves.emplace_back(axis, decltype(Curves::measures){});
    for (auto& measures : each.measures)
      for (std::size_t i = 0; i < axis.values.size(); ++i) {
        Measures& one = measures.emplace_back();
        one.spends = 1;
        one.effective = effective;
        one.degree = 0.5;
        one.best_guess = 0.25;
      }
  }
  return curves;
}

TEST(Drawing, IsWhole) {
  const std::vector<Curves> curves = SomeCurves(2);
  const std::string svg = Draw(curves, Setting{}, "a caption");
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(Times(svg, "<text"), Times(svg, "</text>"));
  EXPECT_EQ(Times(svg, "<polyline"), 9u * 4)
      << "three rows, three axes, three manners and the ideal";
  std::size_t points = 0;
  for (const Curves& each : curves) points += each.axis.values.size();
  EXPECT_EQ(Times(svg, "h0"), 9 * points);
  for (const char* text : {"a caption", "effective anonymity set (members)",
                           "degree of anonymity (0 to 1)", "best guess (probability)", "3 d",
                           "tokens obtained at a time", kManners[0].name, kManners[2].name})
    EXPECT_GE(Times(svg, text), 1u) << text;
  EXPECT_EQ(Times(svg, "nan") + Times(svg, "inf"), 0u);
  EXPECT_EQ(Times(svg, "href") + Times(svg, "url("), 0u) << "self-contained";
  EXPECT_NE(svg, Draw(SomeCurves(3), Setting{}, "a caption"));
}

TEST(Drawing, Durations) {
  EXPECT_EQ(DurationText(30 * 86400.0), "30 d");
  EXPECT_EQ(DurationText(36 * 3600.0), "1.5 d");
  EXPECT_EQ(DurationText(7200), "2 h");
  EXPECT_EQ(DurationText(300), "5 min");
  EXPECT_EQ(DurationText(59), "59 s");
}

TEST(Drawing, AxesHoldTheSetting) {
  Setting setting;
  setting.members = 7;
  setting.batch = 3;
  setting.delay = 1234;
  const std::vector<Axis> axes = AxesFor(setting);
  for (const auto& [axis, value] : {std::pair{axes[0], 1234.0}, {axes[1], 7.0}, {axes[2], 3.0}}) {
    EXPECT_EQ(std::ranges::count(axis.values, value), 1);
    EXPECT_TRUE(std::ranges::is_sorted(axis.values));
    for (const double each : axis.values)
      EXPECT_EQ(Complaint(Varied(setting, axis.of, each, kManners[0])), "");
  }
}

}  // namespace
}  // namespace blindlend::simulate
