// The command walk: one borrow as each party sees it.
#include "app/cli/common.h"
#include "app/store/refusal.h"
#include "app/walk/walk.h"

namespace blindlend {

namespace {

using nlohmann::ordered_json;

/// Long hexadecimal cut down; --json has it whole.
std::string Short(const ordered_json& value) {
  const auto text = value.at("value").get<std::string>();
  if (value.at("form") != "hex" || text.size() <= 64) return text;
  return text.substr(0, 24) + "..." + text.substr(text.size() - 24) + " (" +
         Count(text.size() / 2, "byte") + ")";
}

std::string Indented(std::string text, const std::string& by) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  std::erase(text, '\r');
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += by.size() + 1)
    text.insert(at + 1, by);
  return text;
}

}  // namespace

std::expected<Report, Stop> Walk(const Arguments& arguments) {
  Report report;
  report.json = walk::Play(arguments.seed.value_or(1), arguments.bits);
  const ordered_json& played = report.json;
  report.text = "keys of the seed, nobody's; secret: what no other party learns\n";
  for (const ordered_json& event : played.at("events")) {
    report.text += "\n" + event.at("title").get<std::string>() + "\n";
    for (const auto& [party, values] : event.at("seen").items())
      for (const ordered_json& value : values)
        report.text += "  " + party + std::string(9 - party.size(), ' ') +
                       value.at("name").get<std::string>() +
                       (value.at("secret").get<bool>() ? " (secret)" : "") + ": " +
                       Indented(Short(value), "           ") + "\n";
  }
  std::size_t joined = 0;
  for (const ordered_json& pair : played.at("pairs"))
    if (pair.at("gives_request").get<bool>() && pair.at("gives_token").get<bool>()) ++joined;
  report.text += "\n" + Count(played.at("pairs").size(), "pair") + " of a request and a token; " +
                 std::to_string(joined) + " of them joined by an r, each by one of its own\n" +
                 "in common to what admin and lender saw:\n";
  for (const ordered_json& run : played.at("common"))
    report.text +=
        "  " + run.at("value").get<std::string>() + " " + run.at("is").get<std::string>() + "\n";
  return report;
}

}  // namespace blindlend
