// The committed vectors: made again byte by byte, checked against ref/, and seen to fail when edited.
// Spec V-vectors.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "app/vectors/tape.h"
#include "app/vectors/vectors.h"

namespace blindlend::vectors {
namespace {

using Json = nlohmann::ordered_json;

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Committed(const std::string& file) {
  return Read(std::filesystem::path(BLINDLEND_VECTORS) / file);
}

TEST(Vectors, AreMadeAgainByteByByte) {
  std::set<std::string> names = {"schema.json"};
  for (const auto& [file, content] : Generate([](std::string_view) {})) {
    names.insert(file);
    EXPECT_EQ(content == Committed(file), true) << file << " differs from the committed one";
  }
  std::set<std::string> committed;
  for (const auto& entry : std::filesystem::directory_iterator(BLINDLEND_VECTORS))
    committed.insert(entry.path().filename());
  EXPECT_EQ(names, committed);
}

// One test for each file, so that it can be run alone.
class VectorFile : public testing::TestWithParam<std::string> {};

TEST_P(VectorFile, PassesCheck) {
  const FileResult result = Check(GetParam(), Committed(GetParam()));
  EXPECT_TRUE(result.failures.empty()) << GetParam() << ": " << result.failures.front();
  EXPECT_GT(result.tests, 0u);
}

INSTANTIATE_TEST_SUITE_P(Each, VectorFile, testing::ValuesIn(FileNames()), [](const auto& one) {
  return std::filesystem::path(one.param).stem().string();
});

TEST(Vectors, AreMany) {
  std::size_t tests = 0;
  for (const std::string& file : FileNames()) tests += Json::parse(Committed(file))["tests"].size();
  EXPECT_GT(tests, 1000u);
}

// Check can fail: each recorded value of each file, changed, is seen.
TEST(Vectors, EveryChangedValueIsSeen) {
  for (const std::string& file : FileNames()) {
    if (file == "GenerateKey.json" || file == "Accumulated.json") continue;  // the same, but slow
    const Json good = Json::parse(Committed(file));
    // The first test of each kind.
    std::set<std::string> kinds;
    for (std::size_t i = 0; i < good["tests"].size(); ++i) {
      if (!kinds.insert(good["tests"][i]["result"]).second) continue;
      const auto refused = [&](const Json& test) {
        Json bad = good;
        bad["tests"][i] = test;
        return !Check(file, bad.dump(2) + "\n").failures.empty();
      };
      const Json& test = good["tests"][i];
      EXPECT_FALSE(refused(test)) << file;
      for (const char* where : {"intermediates", "outputs"})
        if (test.contains(where))
          for (const auto& item : test[where].items()) {
            Json changed = test;
            changed[where][item.key()] = item.value() == "00" ? Json("01") : Json("00");
            EXPECT_TRUE(refused(changed)) << file << " " << item.key();
          }
      Json changed = test;
      changed["result"] = test["result"] == "valid" ? "invalid" : "valid";
      EXPECT_TRUE(refused(changed)) << file;
      if (test.contains("failsAt")) {
        changed = test;
        changed["failsAt"] = "Verify.99";
        EXPECT_TRUE(refused(changed)) << file;
      }
      for (const char* key : {"id", "comment", "flags", "inputs", "intermediates", "result"}) {
        changed = test;
        changed.erase(key);
        EXPECT_TRUE(refused(changed)) << file << " without " << key;
      }
      changed = test;
      changed["more"] = 1;
      EXPECT_TRUE(refused(changed)) << file;
      changed = test;
      changed["inputs"]["more"] = "00";
      EXPECT_TRUE(refused(changed)) << file;
      changed = test;
      changed["id"] = 9999;
      EXPECT_TRUE(refused(changed)) << file;
      changed = test;
      changed["flags"].push_back("Unheard");
      EXPECT_TRUE(refused(changed)) << file;
    }
  }
}

TEST(Vectors, CheckRefusesWhatIsNoVectorFile) {
  const std::string good = Committed("Verify.json");
  const auto refused = [](const std::string& content) {
    return !Check("Verify.json", content).failures.empty();
  };
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("[]"));
  EXPECT_TRUE(refused("{}"));
  EXPECT_TRUE(refused(good + "\n")) << "not canonical";
  EXPECT_TRUE(refused(good.substr(0, good.size() / 2)));
  EXPECT_TRUE(refused(Committed("Blind.json"))) << "another algorithm's file";
  Json json = Json::parse(good);
  json["tests"] = Json::array();
  EXPECT_TRUE(refused(json.dump(2) + "\n")) << "no tests";
  json = Json::parse(good);
  json["spec"] = "2-rsa";
  EXPECT_TRUE(refused(json.dump(2) + "\n"));
  json = Json::parse(good);
  json["more"] = 1;
  EXPECT_TRUE(refused(json.dump(2) + "\n"));
  json = Json::parse(good);
  json["tests"][0]["inputs"]["sig"] = "AA";
  EXPECT_TRUE(refused(json.dump(2) + "\n"));
  json["tests"][0]["inputs"]["sig"] = "a";
  EXPECT_TRUE(refused(json.dump(2) + "\n"));
  json["tests"][0]["inputs"]["pk"]["n"] = "021";
  EXPECT_TRUE(refused(json.dump(2) + "\n"));
}

// Each value has one form: sets and ledgers are in order, numbers in the range of their type.
TEST(Vectors, CheckRefusesAnotherFormOfAValue) {
  const auto refused = [](const char* file, auto change) {
    Json json = Json::parse(Committed(file));
    change(json["tests"][0]["inputs"]);
    return !Check(file, json.dump(2) + "\n").failures.empty();
  };
  const auto nothing = [](Json&) {};
  for (const char* file : {"Debit.json", "LinkId.json", "MGF1.json", "Transition.json"})
    EXPECT_FALSE(refused(file, nothing)) << file;
  EXPECT_TRUE(refused("Debit.json",
                      [](Json& in) { in["roster"] = Json{in["roster"][1], in["roster"][0]}; }));
  EXPECT_TRUE(refused("Debit.json", [](Json& in) { in["roster"].push_back(in["roster"][1]); }));
  EXPECT_TRUE(refused("Debit.json", [](Json& in) { in["ledger"]["debited"] = {"01", "00"}; }));
  EXPECT_TRUE(refused("Debit.json", [](Json& in) {
    in["ledger"]["used"] = {{{"member", "01"}, {"count", "1"}}, {{"member", "00"}, {"count", "1"}}};
  }));
  // Without the check of its range each of these would be the value that stands there.
  EXPECT_TRUE(refused("Debit.json", [](Json& in) { in["now"] = "100000000000005dc"; }));
  EXPECT_TRUE(refused("LinkId.json", [](Json& in) { in["link"]["number"] = 0x100000001; }));
  EXPECT_TRUE(refused("MGF1.json", [](Json& in) { in["len"] = 0x20000000000000; }));
  EXPECT_TRUE(refused("Transition.json", [](Json& in) { in["state"] = "lost"; }));
  EXPECT_TRUE(refused("Transition.json", [](Json& in) { in["event"] = "Sent"; }));
}

TEST(Vectors, CheckRefusesAnotherFormOfALendersValue) {
  // The first test whose spent-set or cache has two elements of the list.
  const auto refused = [](const char* file, const char* value, const char* list, auto change) {
    Json json = Json::parse(Committed(file));
    for (Json& test : json["tests"]) {
      Json& in = test["inputs"];
      if (in[value][list].size() < 2) continue;
      change(in[value][list], in);
      return !Check(file, json.dump(2) + "\n").failures.empty();
    }
    return false;
  };
  const auto nothing = [](Json&, Json&) {};
  const auto exchange = [](Json& items, Json&) { std::swap(items[0], items[1]); };
  const auto repeat = [](Json& items, Json&) { items.insert(items.begin(), Json(items[0])); };
  const auto spent = [&](auto change) { return refused("Close.json", "spent", "entries", change); };
  const auto cache = [&](auto change) { return refused("Prune.json", "cache", "seen", change); };
  EXPECT_FALSE(spent(nothing));
  EXPECT_TRUE(spent(exchange));
  EXPECT_TRUE(spent(repeat));
  EXPECT_FALSE(cache(nothing));
  EXPECT_TRUE(cache(exchange));
  EXPECT_TRUE(cache(repeat));
  EXPECT_TRUE(refused("Claim.json", "spent", "closed", exchange));
  EXPECT_TRUE(cache([](Json& items, Json&) { items[0]["nonce"] = "00"; }));
  // Close removes these entries: only their form can show that they are wrong.
  const auto removed = [&](const char* key, const Json& wrong) {
    return spent([&](Json& items, Json& in) {
      for (Json& entry : items)
        if (entry["key_id"] == in["key_id"]) entry[key] = wrong;
    });
  };
  EXPECT_TRUE(removed("refunds", 3));
  EXPECT_FALSE(removed("refunds", 2));
  EXPECT_TRUE(removed("state", "spent"));
  EXPECT_TRUE(removed("digest", "00"));
  EXPECT_TRUE(removed("claim_id", "00"));
  EXPECT_TRUE(
      refused("Claim.json", "spent", "closed", [](Json&, Json& in) { in["owner_lives"] = 1; }));
  Json json = Json::parse(Committed("Attest.json"));
  json["tests"][0]["inputs"]["attestation"]["claim"] = 257;
  EXPECT_FALSE(Check("Attest.json", json.dump(2) + "\n").failures.empty());
}

// The tape of the spec, by itself: reads follow each other without a gap, and an exhausted read
// gives nothing.
TEST(Tape, FollowsTheSpec) {
  Tape endless = Tape::FromSeed(Ascii("seed"));
  Bytes one(5), two(70);
  ASSERT_TRUE(endless.Source()(one));
  ASSERT_TRUE(endless.Source()(two));
  EXPECT_EQ(endless.used(), 75u);
  const auto block = [](long i) { return SHA256(Join({Ascii("seed"), *I2OSP(ZZ{i}, 8)})); };
  Bytes all = Join({block(0), block(1), block(2)});
  all.resize(75);
  EXPECT_EQ(Join({one, two}), all);

  Tape finite = Tape::Of(Bytes{1, 2, 3});
  Bytes pair(2);
  EXPECT_TRUE(finite.Source()(pair));
  EXPECT_EQ(pair, (Bytes{1, 2}));
  EXPECT_FALSE(finite.Source()(pair)) << "one byte is left, two are asked for";
  EXPECT_EQ(pair, (Bytes{1, 2})) << "and none is given";
  EXPECT_EQ(finite.used(), 2u);
}

}  // namespace
}  // namespace blindlend::vectors
