// The cache of attestations that were seen, against ref/'s in memory: nothing passes twice, whatever the
// clock does and however many ask at once.
#include "app/store/replay.h"

#include <limits>

#include "app/store/refusal.h"
#include "tests/store/faulty_files.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

const Bytes& GroupKey() {
  static const Bytes key = SeedOf("attestation key");
  return key;
}

Bytes InstanceOf(std::uint8_t i) {
  return Bytes(16, i);
}

Bytes MadeAt(std::uint64_t issued_at, std::uint8_t nonce = 1, std::uint8_t instance = 1) {
  return Attest(GroupKey(), {InstanceOf(instance), SpentLender(), 1, issued_at, Bytes(16, nonce)})
      .value();
}

/// The nonce in bytes, as far as there is one.
Bytes Answered(View bytes) {
  return bytes.size() < 75 ? Bytes(16) : Bytes(bytes.begin() + 59, bytes.begin() + 75);
}

/// A cache in a directory of its own, empty at first.
struct Cache {
  TempDirectory directory;
  std::string path = directory / "replay.db";
  /// nonce: what was asked; 0 for what is answered.
  std::string Check(std::uint64_t now, View bytes, std::uint8_t instance = 1,
                    std::uint8_t nonce = 0) const {
    return Outcome(CheckOnce(path, GroupKey(), InstanceOf(instance), SpentLender(),
                             nonce == 0 ? Answered(bytes) : Bytes(16, nonce), now, bytes));
  }
  /// The rows, times in hexadecimal.
  Table Rows() const {
    Table rows = Query(path, "SELECT hex(question), hex(issued_at) FROM seen ORDER BY question");
    rows.push_back(Query(path, "SELECT hex(before) FROM forgotten").at(0));
    return rows;
  }
};

std::string HexOf(View bytes) {
  std::string hex = Hex(bytes);
  for (char& digit : hex)
    if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
  return hex;
}
std::string HexOf(std::uint64_t time) {
  Bytes bytes(8);
  for (std::size_t i = 8; i > 0; --i, time >>= 8) bytes[i - 1] = static_cast<std::uint8_t>(time);
  return HexOf(bytes);
}

Table RowsOf(const ReplayCache& cache) {
  Table rows;
  for (const auto& [question, issued_at] : cache.seen)
    rows.push_back({HexOf(question), HexOf(issued_at)});
  rows.push_back({HexOf(cache.forgotten_before)});
  return rows;
}

// Claim.AttestationOnce
// Random clocks, also back and at both ends of their range; few nonces and instances, some edits. The
// file holds what the cache in memory does after every check, so what is refused leaves no trace but
// of the pruning before it.
TEST(Replay, IsTheCache) {
  std::map<std::string, int> seen;
  CheckProperty([&] {
    const Cache cache;
    ReplayCache model;
    std::set<Bytes> passed;
    const std::uint64_t base = *rc::gen::element<std::uint64_t>(0, 1'000'000'000, kMax - 1200,
                                                                (std::uint64_t{1} << 63) - 600);
    std::uint64_t now = base + 300;
    std::vector<Bytes> made;
    for (int i = 0; i < 12; ++i) {
      if (OneIn(3)) now = base + Uniform<std::uint64_t>(0, 1200);
      Bytes bytes;
      if (!made.empty() && OneIn(3)) {
        bytes = made[Uniform<std::size_t>(0, made.size())];
      } else {
        const std::uint64_t at = std::min(Uniform<std::uint64_t>(0, 1200), kMax - base);
        const std::uint64_t edge = *rc::gen::element<std::uint64_t>(0, 299, 300, 301);
        const std::uint64_t near =
            OneIn(2) ? (now >= edge ? now - edge : 0) : (now <= kMax - edge ? now + edge : kMax);
        bytes = MadeAt(OneIn(3) ? base + at : near, Uniform<std::uint8_t>(1, 5), OneIn(8) ? 2 : 1);
        made.push_back(bytes);
      }
      if (OneIn(10)) bytes = FlipBit(bytes, Uniform<std::size_t>(0, 8 * bytes.size()));
      Prune(model, now);
      const std::uint8_t nonce = OneIn(6) ? Uniform<std::uint8_t>(1, 5) : 0;
      const auto expected =
          CheckAttestation(GroupKey(), InstanceOf(1), SpentLender(),
                           nonce == 0 ? Answered(bytes) : Bytes(16, nonce), now, model, bytes);
      const std::string outcome = cache.Check(now, bytes, 1, nonce);
      RC_ASSERT(outcome == (expected ? "ok" : std::string(expected.error().step)));
      RC_ASSERT(cache.Rows() == RowsOf(model));
      if (expected) RC_ASSERT(passed.insert(bytes).second);
      ++seen[outcome];
    }
  });
  ReportLabels(seen);
  for (const char* outcome : {"ok", "CheckAttestation.2", "CheckAttestation.4",
                              "CheckAttestation.5", "CheckAttestation.6", "CheckAttestation.7"})
    EXPECT_GE(seen[outcome], 1) << outcome;
}

// What has passed in one process is known to all that come later, and on the disk when it is said.
TEST(Replay, Durable) {
  const FaultyFiles files;
  const Cache cache;
  const Bytes bytes = MadeAt(kStart);
  EXPECT_EQ(InChild([&] { return cache.Check(kStart, bytes) == "ok" ? 0 : 1; }), 0);
  EXPECT_EQ(cache.Check(kStart, bytes), "CheckAttestation.7");
  EXPECT_EQ(cache.Check(kStart, MadeAt(kStart, 2)), "ok");
  EXPECT_EQ(files.Unsynced(), std::vector<std::string>{});
  EXPECT_EQ(InChild([&] {
              return cache.Check(kStart + 300, MadeAt(kStart, 2)) == "CheckAttestation.7" ? 0 : 1;
            }),
            0);
  EXPECT_EQ(cache.Rows().size(), 3u);
}

TEST(Replay, Window) {
  struct Case {
    std::uint64_t issued_at, now;
    const char* outcome;
  };
  for (const auto& [issued_at, now, outcome] : std::initializer_list<Case>{
           {kStart, kStart, "ok"},
           {kStart, kStart + 300, "ok"},
           {kStart, kStart + 301, "CheckAttestation.5"},
           {kStart, kStart - 300, "ok"},
           {kStart, kStart - 301, "CheckAttestation.5"},
           {0, 0, "ok"},
           {0, 300, "ok"},
           {0, 301, "CheckAttestation.5"},
           {300, 0, "ok"},
           {301, 0, "CheckAttestation.5"},
           {kMax, kMax, "ok"},
           {kMax - 300, kMax, "ok"},
           {kMax - 301, kMax, "CheckAttestation.5"},
           {kMax, kMax - 300, "ok"},
           {kMax, kMax - 301, "CheckAttestation.5"},
           {0, kMax, "CheckAttestation.5"},
           {kMax, 0, "CheckAttestation.5"},
           {std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 300, "ok"}}) {
    const Cache cache;
    EXPECT_EQ(cache.Check(now, MadeAt(issued_at)), outcome) << issued_at << " at " << now;
    if (outcome == std::string("ok")) {
      EXPECT_EQ(cache.Check(now, MadeAt(issued_at)), "CheckAttestation.7") << issued_at;
    }
  }
}

// A nonce is remembered to the last second in which it could pass, 600 s.
TEST(Replay, TheLastSecond) {
  const Cache cache;
  const Bytes bytes = MadeAt(kStart);
  EXPECT_EQ(cache.Check(kStart - 300, bytes), "ok");
  EXPECT_EQ(cache.Check(kStart, MadeAt(kStart, 2)), "ok");
  EXPECT_EQ(cache.Check(kStart + 300, bytes), "CheckAttestation.7");
  EXPECT_EQ(cache.Check(kStart + 300, MadeAt(kStart + 1, 1)), "CheckAttestation.7")
      << "the nonce, whenever it was used";
  EXPECT_EQ(cache.Check(kStart + 301, bytes), "CheckAttestation.5");
  EXPECT_EQ(cache.Rows(), (Table{{HexOf(kStart + 1)}})) << "and then forgotten";
}

// The clock runs ahead, what is old is forgotten, the clock is set back: it does not pass again.
TEST(Replay, ClockSetBack) {
  const Cache cache;
  const Bytes bytes = MadeAt(kStart);
  EXPECT_EQ(cache.Check(kStart, bytes), "ok");
  EXPECT_EQ(cache.Check(kStart + 5000, MadeAt(kStart + 5000, 2)), "ok");
  EXPECT_EQ(cache.Check(kStart, bytes), "CheckAttestation.6");
  EXPECT_EQ(cache.Check(kStart + 4700, MadeAt(kStart + 4699, 3)), "CheckAttestation.6");
  EXPECT_EQ(cache.Check(kStart + 4700, MadeAt(kStart + 4700, 3)), "ok");
  // What is refused moves the memory on as well: it has been forgotten by then.
  const Bytes late = MadeAt(kStart + 5000, 4);
  EXPECT_EQ(cache.Check(kStart + 9000, late), "CheckAttestation.5");
  EXPECT_EQ(cache.Check(kStart + 5000, late), "CheckAttestation.6");
}

// Refused at each step: the rows stay as they were.
TEST(Replay, RefusedLeavesNothing) {
  const Cache cache;
  ASSERT_EQ(cache.Check(kStart, MadeAt(kStart)), "ok");
  const Table rows = cache.Rows();
  const Bytes good = MadeAt(kStart, 2);
  Bytes unknown = *EncodeAttestation({InstanceOf(1), SpentLender(), 1, kStart, Bytes(16, 2)});
  unknown[50] = 2;  // a claim that means nothing, well authenticated
  unknown =
      Join({unknown, HMAC(GroupKey(), Join({Prefix(Ascii("blindlend v1 attestation")), unknown}))});
  EXPECT_EQ(cache.Check(kStart, View(good).first(106)), "CheckAttestation.1");
  EXPECT_EQ(cache.Check(kStart, FlipBit(good, 8 * 60)), "CheckAttestation.2");
  EXPECT_EQ(cache.Check(kStart, unknown), "CheckAttestation.3");
  EXPECT_EQ(cache.Check(kStart, good, 2), "CheckAttestation.4");
  EXPECT_EQ(cache.Check(kStart, good, 1, 3), "CheckAttestation.4") << "asked another nonce";
  EXPECT_EQ(cache.Check(kStart, MadeAt(kStart + 301, 2)), "CheckAttestation.5");
  EXPECT_EQ(cache.Check(kStart, MadeAt(kStart)), "CheckAttestation.7");
  EXPECT_EQ(cache.Rows(), rows);
  EXPECT_EQ(cache.Check(kStart - 1, MadeAt(kStart - 301, 2)), "CheckAttestation.6");
  EXPECT_EQ(cache.Rows(), rows);
  EXPECT_EQ(cache.Check(kStart, good), "ok");
}

// Two at once with one attestation, and no file yet: it passes once. With two: both.
TEST(Replay, TwoProcesses) {
  for (int round = 0; round < 12; ++round) {
    const Cache cache;
    if (round % 3 == 0) {
      ASSERT_EQ(cache.Check(kStart, MadeAt(kStart, 9)), "ok");
    }
    const bool is_same = round % 2 == 0;
    const auto check = [&](std::uint8_t nonce) {
      return [&cache, nonce] {
        const std::string outcome = cache.Check(kStart, MadeAt(kStart, nonce));
        return outcome == "ok" ? 0 : outcome == "CheckAttestation.7" ? 7 : 1;
      };
    };
    auto statuses = InChildren({check(1), check(is_same ? 1 : 2)});
    std::ranges::sort(statuses);
    EXPECT_EQ(statuses, (std::vector{0, is_same ? 7 : 0})) << "round " << round;
  }
}

// Each write fails: it has passed only if that is stored, and passes at most once then.
TEST(Replay, EveryWriteFails) {
  FaultyFiles files;
  for (const bool for_good : {false, true}) {
    int at = 1;
    for (bool has_failed = true; has_failed; ++at) {
      const Cache cache;
      ASSERT_EQ(cache.Check(kStart, MadeAt(kStart, 2)), "ok");
      files.FailAt(at, for_good);
      const std::string outcome = cache.Check(kStart, MadeAt(kStart));
      has_failed = files.has_failed();
      files.FailAt(0, false);
      EXPECT_TRUE(outcome == "ok" || (has_failed && outcome == "unusable")) << outcome;
      const std::string again = cache.Check(kStart, MadeAt(kStart));
      EXPECT_TRUE(again == "CheckAttestation.7" || (outcome != "ok" && again == "ok"))
          << outcome << ", then " << again << " at " << at;
      EXPECT_EQ(cache.Check(kStart, MadeAt(kStart, 2)), "CheckAttestation.7");
    }
    EXPECT_GE(at, 4) << "so many that could fail";
  }
}

// A file that is none, another store's or damaged: said so, and not changed.
TEST(Replay, BadFile) {
  for (const std::string& content :
       {std::string("x"), std::string(8192, 'x'), ReadAll(LenderDirectory(1) + "/lender.db")}) {
    const Cache cache;
    WriteTo(cache.path, content);
    EXPECT_EQ(cache.Check(kStart, MadeAt(kStart)), "unusable");
    EXPECT_EQ(ReadAll(cache.path), content);
  }
  const Cache cache;
  ASSERT_EQ(cache.Check(kStart, MadeAt(kStart)), "ok");
  Query(cache.path, "DELETE FROM forgotten");
  EXPECT_EQ(InChild([&] { return cache.Check(kStart, MadeAt(kStart)) == "unusable" ? 0 : 1; }), 0);
}

}  // namespace
}  // namespace blindlend::test
