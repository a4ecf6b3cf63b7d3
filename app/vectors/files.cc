#include <exception>
#include <utility>

#include "app/vectors/algorithms.h"
#include "app/vectors/cases.h"
#include "app/vectors/vectors.h"

namespace blindlend::vectors {

namespace {

std::string FileName(const Algorithm& algorithm) {
  return algorithm.name + ".json";
}

// What a file holds for a test: the evaluation in the order of spec/V-vectors.
void AddResult(Json& test, const Evaluation& evaluation) {
  const bool valid = evaluation.fails_at.empty();
  test["intermediates"] = valid ? evaluation.intermediates : Json::object();
  test["result"] = valid ? "valid" : "invalid";
  if (valid)
    test["outputs"] = evaluation.outputs;
  else
    test["failsAt"] = evaluation.fails_at;
}

std::string Text(const Json& file) {
  return file.dump(2) + "\n";
}

// One vector file. Where the code does not do what the case says that it must, the file says so
// instead of recording it: it will then not pass Check.
std::string GenerateFile(const Algorithm& algorithm) {
  Json tests = Json::array();
  Json notes = Json::object();
  std::map<std::string, bool> flags;
  for (const Case& one : Cases(algorithm.name)) {
    Json test = {{"id", tests.size() + 1},
                 {"comment", one.comment},
                 {"flags", one.flags},
                 {"inputs", one.inputs}};
    const Evaluation evaluation = algorithm.run(one.inputs);
    AddResult(test, evaluation);
    if (evaluation.fails_at != one.fails_at) test["wrong"] = "must fail at '" + one.fails_at + "'";
    for (const std::string& flag : one.flags) flags[flag] = true;
    tests.push_back(std::move(test));
  }
  for (const auto& [flag, used] : flags) notes[flag] = Notes().at(flag);
  return Text({{"algorithm", algorithm.name},
               {"spec", algorithm.spec},
               {"notes", std::move(notes)},
               {"tests", std::move(tests)}});
}

// Throws where a test does not have the form that the spec gives it; returns why it fails, or "".
std::string CheckTest(const Algorithm& algorithm, const Json& notes, const Json& test,
                      std::size_t id) {
  const bool valid = test.contains("outputs");
  RequireKeys(test, {"id", "comment", "flags", "inputs", "intermediates", "result",
                     valid ? "outputs" : "failsAt"});
  if (ToNumber(test.at("id")) != id) return "id is not " + std::to_string(id);
  ToText(test.at("comment"));
  if (!test.at("flags").is_array()) return "flags is not a list";
  for (const Json& flag : test.at("flags"))
    if (!notes.contains(ToText(flag))) return "flag without a note";
  RequireKeys(test.at("inputs"), algorithm.inputs);
  Json expected = test;
  AddResult(expected, algorithm.run(test.at("inputs")));
  if (expected == test) return "";
  for (const auto& item : expected.items())
    if (!test.contains(item.key()) || test.at(item.key()) != item.value())
      return "expected other " + item.key() + ", got " + item.value().dump().substr(0, 200);
  return "expected another result";
}

}  // namespace

std::vector<std::string> FileNames() {
  std::vector<std::string> names;
  for (const Algorithm& algorithm : Algorithms()) names.push_back(FileName(algorithm));
  return names;
}

std::map<std::string, std::string> Generate(void (*progress)(std::string_view file)) {
  std::map<std::string, std::string> files;
  for (const Algorithm& algorithm : Algorithms()) {
    const std::string name = FileName(algorithm);
    progress(name);
    files[name] = GenerateFile(algorithm);
  }
  return files;
}

FileResult Check(std::string_view file, std::string_view content) {
  FileResult result{std::string(file), 0, {}};
  try {
    const Json json = Json::parse(content);
    RequireKeys(json, {"algorithm", "spec", "notes", "tests"});
    if (Text(json) != content) result.failures.push_back("not in the canonical form");
    const Algorithm* algorithm = nullptr;
    for (const Algorithm& one : Algorithms())
      if (FileName(one) == file && one.name == ToText(json.at("algorithm"))) algorithm = &one;
    if (algorithm == nullptr || algorithm->spec != ToText(json.at("spec"))) {
      result.failures.push_back("not the file of this algorithm and chapter");
      return result;
    }
    if (!json.at("tests").is_array() || json.at("tests").empty())
      result.failures.push_back("no tests");
    for (const Json& test : json.at("tests")) {
      ++result.tests;
      const std::string number = "test " + std::to_string(result.tests) + ": ";
      try {
        const std::string failure = CheckTest(*algorithm, json.at("notes"), test, result.tests);
        if (!failure.empty()) result.failures.push_back(number + failure);
      } catch (const std::exception& error) {
        result.failures.push_back(number + error.what());
      }
    }
  } catch (const std::exception& error) {
    result.failures.push_back(error.what());
  }
  return result;
}

}  // namespace blindlend::vectors
