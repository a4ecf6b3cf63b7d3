// The command simulate: what the clock tells about who spent a token.
#include <sodium.h>

#include <cstdio>

#include "app/cli/common.h"
#include "app/simulate/drawing.h"
#include "app/store/refusal.h"

namespace blindlend {

namespace {

using namespace simulate;
using nlohmann::ordered_json;

/// The numbered stream of a seed, endless.
ByteSource Stream(std::uint64_t seed, std::uint64_t number) {
  return [seed, number, block = std::uint64_t{0}](std::span<std::uint8_t> bytes) mutable {
    Bytes input = Ascii("blindlend simulate");
    for (const std::uint64_t each : {seed, number, block++})
      for (int shift = 56; shift >= 0; shift -= 8)
        input.push_back(static_cast<std::uint8_t>(each >> shift));
    static_assert(randombytes_SEEDBYTES == 32);
    randombytes_buf_deterministic(bytes.data(), bytes.size(), SHA256(input).data());
    return true;
  };
}

std::string Decimal(double x, int width, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%*.*f", width, decimals, x);
  return text;
}

std::string Padded(std::string text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string Describe(const Setting& setting) {
  std::string text = Count(setting.members, "member") + ", " + Count(setting.tokens, "token") +
                     " each in an epoch of " + DurationText(setting.epoch) + ", " +
                     std::to_string(setting.batch) + " at a time";
  if (setting.issue < setting.epoch) text += " in its first " + DurationText(setting.issue);
  text += "; spent " + DurationText(setting.delay) + " later on average";
  if (setting.wait > 0) text += ", at least " + DurationText(setting.wait);
  if (setting.hasty > 0)
    text += ", " + Decimal(100 * setting.hasty, 0, 0) + " % in haste, after " +
            DurationText(setting.haste);
  if (setting.lenders > 1) text += "; " + Count(setting.lenders, "lender");
  return text;
}

const char* NameOf(Axis::Of of) {
  switch (of) {
    case Axis::Of::kDelay:
      return "delay";
    case Axis::Of::kMembers:
      return "members";
    case Axis::Of::kBatch:
      return "batch";
  }
  return "";
}

ordered_json ToJson(const Measures& measures) {
  ordered_json json = {{"spends", measures.spends},
                       {"expired", measures.expired},
                       {"entropy_bits", measures.entropy},
                       {"effective_set", measures.effective},
                       {"effective_set_low", measures.effective_low},
                       {"degree", measures.degree},
                       {"best_guess", measures.best_guess},
                       {"right", measures.right},
                       {"standard_error", measures.error}};
  if (measures.sampled) {
    json["guess_error"] = measures.guess_error;
    json["entropy_error_bits"] = measures.entropy_error;
  }
  return json;
}

std::string ToText(const Measures& measures, const Setting& setting) {
  if (measures.spends == 0) return "nothing was spent before the epoch was over\n";
  std::string text =
      Count(measures.spends, "spend") + ", " + Count(measures.expired, "token") + " expired\n" +
      "effective anonymity set  " + Decimal(measures.effective, 8, 2) + " of " +
      std::to_string(setting.members) + " members (" + Decimal(measures.entropy, 0, 2) +
      " bits; 5 % of the spends have less than " + Decimal(measures.effective_low, 0, 2) + ")\n" +
      "degree of anonymity      " + Decimal(measures.degree, 8, 3) + " of 1\n" +
      "best guess               " + Decimal(measures.best_guess, 8, 3) + ", right " +
      Decimal(measures.right, 0, 3) + " of the time (standard error " +
      Decimal(measures.error, 0, 3) + "; without the clock " +
      Decimal(1 / static_cast<double>(setting.members), 0, 3) + ")\n";
  if (measures.sampled)
    text += "the posterior is sampled: the best guess may be " +
            Decimal(measures.guess_error, 0, 3) + " lower, the entropy " +
            Decimal(measures.entropy_error, 0, 3) + " bits higher\n";
  text += "\nage when spent       spends   guessed right\n";
  for (std::size_t age = 0; age < kAges.size(); ++age)
    text += (age + 1 < kAges.size() ? "less than " + Padded(DurationText(kAges[age]), 7)
                                    : "older            ") +
            Padded(std::to_string(measures.aged[age]), 10) +
            (measures.aged[age] == 0 ? Padded("-", 16) : Decimal(measures.right_aged[age], 16, 3)) +
            "\n";
  return text;
}

std::string ToText(const Curves& curves) {
  std::string text = "\n";
  for (std::size_t manner = 0; manner < kManners.size(); ++manner) {
    text += std::string(manner == 0 ? "" : "\n") + Padded(NameOf(curves.axis.of), 10) +
            "   effective set   degree   best guess   obtained " + kManners[manner].name + "\n";
    for (std::size_t i = 0; i < curves.axis.values.size(); ++i) {
      const Measures& measures = curves.measures[manner][i];
      const double value = curves.axis.values[i];
      text += Padded(
          curves.axis.of == Axis::Of::kDelay ? DurationText(value) : Decimal(value, 0, 0), 10);
      text += measures.spends == 0
                  ? "   nothing spent\n"
                  : Decimal(measures.effective, 16, 2) + Decimal(measures.degree, 9, 3) +
                        Decimal(measures.best_guess, 13, 3) + "\n";
    }
  }
  return text;
}

}  // namespace

std::expected<Report, Stop> Simulate(const Arguments& arguments) {
  const Setting& setting = arguments.setting;
  if (const std::string complaint = Complaint(setting); !complaint.empty())
    return Unusable("simulate", "cannot do this: " + complaint);
  const Target target{arguments.svg};
  if (!target.path.empty())
    if (const auto targets = CheckTargets({}, {target}, false); !targets)
      return std::unexpected(targets.error());
  std::uint64_t seed = 0;
  if (arguments.seed) {
    seed = *arguments.seed;
  } else {
    std::array<std::uint8_t, 6> drawn{};
    SystemRandom(drawn);
    for (const std::uint8_t byte : drawn) seed = seed << 8 | byte;
  }
  const bool is_sampled = setting.hasty > 0;
  const std::size_t runs = arguments.runs.value_or(is_sampled ? 4 : 20);

  std::vector<Curves> curves;
  // Sampling takes its time: then only where the picture is asked for.
  if (!is_sampled || !target.path.empty())
    for (const Axis& axis : AxesFor(setting)) curves.push_back({axis, {}});
  std::size_t done = 0, all = runs;
  for (const Curves& each : curves) all += runs * kManners.size() * each.axis.values.size();
  // Each with randomness of its own, so that none depends on which others there are.
  std::uint64_t stream = 0;
  const auto measure = [&](const Setting& varied) {
    Random random(Stream(seed, stream++));
    const auto progress = [&] {
      if (SomebodyWatches())
        std::fprintf(stderr, "\r\x1b[Kblindlend: epoch %zu of %zu", ++done, all);
    };
    return simulate::Measure(varied, runs, arguments.sweeps, random, progress).value();
  };
  const Measures measures = measure(setting);
  for (Curves& each : curves)
    for (std::size_t manner = 0; manner < kManners.size(); ++manner)
      for (const double value : each.axis.values)
        each.measures[manner].push_back(
            measure(Varied(setting, each.axis.of, value, kManners[manner])));
  if (SomebodyWatches()) std::fprintf(stderr, "\r\x1b[K");

  const std::string described = Describe(setting);
  if (!target.path.empty()) {
    const auto written = WriteAll({{target, Ascii(Draw(curves, setting, described))}}, false);
    if (!written) return std::unexpected(written.error());
  }
  Report report;
  report.text = described + "\nobtained " +
                (setting.fixed_times ? "by all at the same times" : "by each at its own times") +
                (setting.mixed_sizes ? ", in batches that differ from member to member" : "") +
                "; " + Count(runs, "epoch") + ", seed " + std::to_string(seed) + "\n" +
                ToText(measures, setting);
  report.json = {{"members", setting.members},
                 {"tokens", setting.tokens},
                 {"batch", setting.batch},
                 {"lenders", setting.lenders},
                 {"epoch", setting.epoch},
                 {"issue", setting.issue},
                 {"delay", setting.delay},
                 {"wait", setting.wait},
                 {"obtain", setting.fixed_times ? "fixed" : "own"},
                 {"sizes", setting.mixed_sizes ? "mixed" : "equal"},
                 {"hasty", setting.hasty},
                 {"haste", setting.haste},
                 {"runs", runs},
                 {"seed", seed},
                 {"posterior", is_sampled ? "sampled" : "exact"}};
  report.json.update(ToJson(measures));
  report.json["ages"] = ordered_json::array();
  for (std::size_t age = 0; age < kAges.size(); ++age)
    report.json["ages"].push_back(
        {{"below", age + 1 < kAges.size() ? ordered_json(kAges[age]) : ordered_json(nullptr)},
         {"spends", measures.aged[age]},
         {"right", measures.right_aged[age]}});
  report.json["curves"] = ordered_json::array();
  for (const Curves& each : curves) {
    report.text += ToText(each);
    for (std::size_t manner = 0; manner < kManners.size(); ++manner)
      for (std::size_t i = 0; i < each.axis.values.size(); ++i) {
        ordered_json point = {{"axis", NameOf(each.axis.of)},
                              {"value", each.axis.values[i]},
                              {"obtain", kManners[manner].fixed_times ? "fixed" : "own"},
                              {"sizes", kManners[manner].mixed_sizes ? "mixed" : "equal"}};
        point.update(ToJson(each.measures[manner][i]));
        report.json["curves"].push_back(point);
      }
  }
  if (!target.path.empty()) {
    report.text += "\ndrawn: " + target.path + "\n";
    report.json["svg"] = target.path;
  }
  return report;
}

}  // namespace blindlend
