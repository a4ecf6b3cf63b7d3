// A machine that stops: what a lender has said was done is done, however the end of its log is torn.
// A database that was put back, cut off or changed is noticed, or said to be damaged.
#include <unistd.h>

#include <filesystem>

#include "app/store/refusal.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

namespace fs = std::filesystem;

/// A lender that is open, the states through which it went, and how long its log was in each.
struct Story {
  TempDirectory directory;
  std::unique_ptr<Lender> lender;
  std::vector<Table> states;
  std::vector<std::size_t> ends;

  Story() {
    CopyDirectory(LenderDirectory(1), Directory());
    lender = OpenLender(Directory());
    Keep();
    const ByteSource source = SourceOf("claims");
    std::vector<Bytes> claim_ids;
    // Enough that pages divide; settled and released out of order.
    for (std::size_t i = 0; i < 20; ++i) {
      const Bytes digest = RequestDigest(HeldToken(0, i).Id(), Ascii("request"));
      const auto claimed = lender->ClaimVerified({digest, HeldToken(0, i).token}, 1, true, source);
      claim_ids.push_back(claimed->value().claim_id);
      Keep();
      if (i % 2 == 0) continue;
      EXPECT_EQ(Outcome(lender->Settle(claim_ids[i - 1])), "ok");
      Keep();
      if (i % 4 != 1) continue;
      EXPECT_EQ(Outcome(lender->Release(claim_ids[i])), "ok");
      Keep();
    }
  }
  std::string Directory() const { return directory / "lender"; }
  std::string Log() const { return ReadAll(Directory() + "/lender.db-wal"); }

 private:
  void Keep() {
    states.push_back(SpentRows(Directory() + "/lender.db"));
    std::error_code none;
    const auto size = fs::file_size(Directory() + "/lender.db-wal", none);
    ends.push_back(none ? 0 : size);
  }
};

/// What a copy with this log holds when it is opened, and that it is whole. Then the lender goes on.
Table AfterPowerCut(const Story& story, const std::string& database, const std::string& log) {
  const TempDirectory directory;
  fs::create_directories(directory / "lender");
  WriteTo(directory / "lender/lender.db", database);
  WriteTo(directory / "lender/lender.db-wal", log);
  auto lender = Lender::Open(directory / "lender");
  EXPECT_EQ(Outcome(lender), "ok");
  if (!lender) return {};
  Table rows = SpentRows(directory / "lender/lender.db");
  EXPECT_EQ((*lender)->Audit().value(), std::vector<std::string>{});
  const Borrow borrow{Bytes(32, 9), HeldToken(0, 0).token};
  const auto again = (*lender)->ClaimVerified(borrow, 1, true, SourceOf("again"));
  const bool was_served = std::ranges::any_of(rows, [&](const auto& row) {
    return row[0] == AsText(HeldToken(0, 0).Id()) && row[2] == "served";
  });
  const bool is_known = rows == story.states[0];
  EXPECT_EQ(VerdictName(again->value().verdict), was_served ? "served"
                                                 : is_known ? "fresh"
                                                            : "double-spend");
  return rows;
}

// The log cut off anywhere: the state is exactly the last one whose end is still there. So whatever
// had returned before the cut is there, and the rest is not there by half.
TEST(PowerCut, LogCutOff) {
  const Story story;
  const std::string database = ReadAll(story.Directory() + "/lender.db"), log = story.Log();
  ASSERT_EQ(story.ends.back(), log.size());
  ASSERT_TRUE(std::ranges::is_sorted(story.ends));
  std::set<std::size_t> states;
  std::set<std::size_t> cuts = {0, 1, 31, 32, 33, log.size()};
  for (const std::size_t end : story.ends)
    for (const std::size_t near : {end - 1, end, end + 1})
      if (near <= log.size()) cuts.insert(near);
  // Every sector of the last transactions, some of the others.
  const std::size_t late = story.ends[story.ends.size() - 4];
  for (std::size_t at = late; at < log.size(); at += 512) cuts.insert(at);
  for (std::size_t at = 0; at < late; at += 512 * 11 + 13) cuts.insert(at);
  for (const std::size_t cut : cuts) {
    const auto after = std::ranges::upper_bound(story.ends, cut);
    const auto state = static_cast<std::size_t>(after - story.ends.begin()) - 1;
    EXPECT_EQ(AfterPowerCut(story, database, log.substr(0, cut)), story.states[state])
        << "cut at " << cut << " of " << log.size();
    states.insert(state);
  }
  EXPECT_EQ(states.size(), story.states.size());
  EXPECT_GE(cuts.size(), 100u);
}

// The last transactions on their way to the disk: some sectors are there, others not yet, or hold what
// was there before. What had returned before stays.
TEST(PowerCut, SectorsOutOfOrder) {
  const Story story;
  const std::string database = ReadAll(story.Directory() + "/lender.db"), whole = story.Log();
  const auto distribution = CheckProperty([&] {
    const auto last = Uniform<std::size_t>(1, story.states.size());
    const auto begun = Uniform<std::size_t>(last, std::min(last + 3, story.states.size()));
    std::string log = whole.substr(0, story.ends[begun]);
    const std::size_t durable = story.ends[last - 1];
    bool is_torn = false;
    for (std::size_t at = durable; at < log.size(); at += 512 - at % 512) {
      if (!OneIn(3)) continue;
      const std::size_t size = std::min(512 - at % 512, log.size() - at);
      const std::string old = OneIn(2) ? std::string(size, '\0') : AsText(Random(size));
      is_torn |= log.compare(at, size, old) != 0;
      log.replace(at, size, old);
    }
    const Table rows = AfterPowerCut(story, database, log);
    const auto state = std::ranges::find(story.states, rows) - story.states.begin();
    RC_ASSERT(state >= static_cast<std::ptrdiff_t>(last) - 1);
    RC_ASSERT(state <= static_cast<std::ptrdiff_t>(begun));
    RC_TAG(is_torn ? "torn" : "whole");
  });
  EXPECT_GE(distribution.Share("torn"), 0.5);
}

// While the log is folded into the database: any of its pages old or new, the log still there.
TEST(PowerCut, WhileTheLogIsFoldedIn) {
  const Story story;
  const std::string before = ReadAll(story.Directory() + "/lender.db"), log = story.Log();
  Query(story.Directory() + "/lender.db", "PRAGMA wal_checkpoint(PASSIVE)");
  const std::string after = ReadAll(story.Directory() + "/lender.db");
  ASSERT_NE(before, after);
  ASSERT_EQ(story.Log(), log);
  const auto distribution = CheckProperty([&] {
    std::string mixed = after;
    for (std::size_t at = 0; at < mixed.size(); at += 512)
      if (OneIn(2))
        mixed.replace(at, 512,
                      at < before.size() ? before.substr(at, 512) : std::string(512, '\0'));
    // The file may not have grown yet.
    const bool is_short = OneIn(2);
    if (is_short) mixed.resize(std::max(before.size(), mixed.size() / 4096 / 2 * 4096));
    RC_ASSERT(AfterPowerCut(story, mixed, log) == story.states.back());
    RC_TAG(is_short ? "not yet grown" : "grown");
  });
  for (const char* tag : {"not yet grown", "grown"}) EXPECT_GE(distribution.Share(tag), 0.1) << tag;
}

// ---- lender.mark ----

/// A lender that has claimed so many tokens; marked: and then written its mark.
void ClaimSome(const std::string& directory, std::size_t from, std::size_t until, bool marked) {
  const auto lender = OpenLender(directory);
  for (std::size_t i = from; i < until; ++i)
    ASSERT_TRUE(lender
                    ->ClaimVerified({Bytes(32, 1), HeldToken(0, i).token}, 1, true,
                                    SourceOf("claim " + std::to_string(i)))
                    .has_value());
  if (marked) {
    ASSERT_EQ(Outcome(lender->WriteMark()), "ok");
  }
}

// Limit.SpentSetRestored: with its own mark the older copy is taken.
TEST(Mark, OlderCopy) {
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  ClaimSome(directory / "lender", 0, 3, true);
  EXPECT_EQ(Outcome(Lender::Open(directory / "lender")), "ok");
  CopyAsItIs(directory / "lender", directory / "older");
  ClaimSome(directory / "lender", 3, 5, true);
  EXPECT_EQ(ReadAll(directory / "lender/lender.mark"), "5\n");
  EXPECT_EQ(Outcome(Lender::Open(directory / "lender")), "ok");
  EXPECT_EQ(Outcome(Lender::Open(directory / "older")), "ok") << "with its own mark";

  fs::copy_file(directory / "older/lender.db", directory / "lender/lender.db",
                fs::copy_options::overwrite_existing);
  const auto before = Contents(directory / "lender");
  const auto refused = Lender::Open(directory / "lender");
  ASSERT_EQ(Outcome(refused), "unusable");
  EXPECT_EQ(refused.error().line,
            directory / "lender/lender.db" +
                ": is older than lender.mark: it knows 3 events of 5. Tokens spent since could be"
                " spent again; --accept-older goes on with it");
  EXPECT_EQ(Contents(directory / "lender"), before) << "nothing has changed";
  bool made = true;
  EXPECT_EQ(Outcome(Lender::Init(directory / "lender", SourceOf("lender"), made)), "unusable");
  {
    auto lender = Lender::Open(directory / "lender", true);
    ASSERT_EQ(Outcome(lender), "ok");
    EXPECT_EQ(Outcome((*lender)->WriteMark()), "ok") << "from here on it counts anew";
  }
  EXPECT_EQ(ReadAll(directory / "lender/lender.mark"), "3\n");
  EXPECT_EQ(Outcome(Lender::Open(directory / "lender")), "ok");
}

// What ends a claim, or an epoch, is as much as a claim: a copy from before is an older one.
TEST(Mark, EveryEventCounts) {
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  const std::vector<std::function<std::string(Lender&, View)>> events = {
      [](Lender& lender, View claim_id) { return Outcome(lender.Settle(claim_id)); },
      [](Lender& lender, View claim_id) { return Outcome(lender.Release(claim_id)); },
      [](Lender& lender, View) { return Outcome(lender.CloseEpochs(kStart + 9 * kDay)); }};
  for (std::size_t i = 0; i < events.size(); ++i) {
    {
      const auto lender = OpenLender(directory / "lender");
      const auto claimed =
          lender->ClaimVerified({Bytes(32, 1), HeldToken(0, i).token}, 1, true, SourceOf("claim"));
      const Bytes claim_id = claimed.value().value().claim_id;
      CopyAsItIs(directory / "lender", directory / std::to_string(i));
      ASSERT_EQ(events[i](*lender, claim_id), "ok");
      ASSERT_EQ(Outcome(lender->WriteMark()), "ok");
    }
    fs::copy_file(directory / "lender/lender.mark",
                  directory / (std::to_string(i) + "/lender.mark"),
                  fs::copy_options::overwrite_existing);
    EXPECT_EQ(Outcome(Lender::Open(directory / std::to_string(i))), "unusable") << i;
  }
  // To close what is closed is nothing new.
  const std::string mark = ReadAll(directory / "lender/lender.mark");
  const auto lender = OpenLender(directory / "lender");
  ASSERT_EQ(Outcome(lender->CloseEpochs(kStart + 9 * kDay)), "ok");
  ASSERT_EQ(Outcome(lender->WriteMark()), "ok");
  EXPECT_EQ(ReadAll(directory / "lender/lender.mark"), mark);
}

// A database that went on behind its mark is no older copy; one without a mark is not known to be.
TEST(Mark, BehindOrMissing) {
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  ClaimSome(directory / "lender", 0, 2, true);
  ClaimSome(directory / "lender", 2, 4, false);
  EXPECT_EQ(ReadAll(directory / "lender/lender.mark"), "2\n");
  EXPECT_EQ(Outcome(Lender::Open(directory / "lender")), "ok");
  fs::remove(directory / "lender/lender.mark");
  EXPECT_EQ(Outcome(Lender::Open(directory / "lender")), "ok");
  EXPECT_EQ(FilesIn(directory / "lender", "lender.mark"), std::vector<std::string>{});
}

TEST(Mark, Damaged) {
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  for (const std::string content : {"", "x\n", "5", "5 \n", "5\n\n", "99999999999999999999\n", "\n",
                                    "0x5\n", "12345678901234567890123456789012345\n"}) {
    WriteTo(directory / "lender/lender.mark", content);
    const auto opened = Lender::Open(directory / "lender");
    EXPECT_EQ(Outcome(opened), "unusable") << content;
    if (!opened) {
      EXPECT_NE(opened.error().line.find("lender.mark"), std::string::npos);
    }
    EXPECT_EQ(Outcome(Lender::Open(directory / "lender", true)), "ok") << content;
    EXPECT_EQ(ReadAll(directory / "lender/lender.mark"), content);
  }
  fs::remove(directory / "lender/lender.mark");
  fs::create_directories(directory / "lender/lender.mark");
  EXPECT_EQ(Outcome(Lender::Open(directory / "lender")), "unusable");
}

// ---- Damage ----

/// Whatever can be asked of a lender. Returns whether it opened.
bool AskEverything(const std::string& directory) {
  auto lender = Lender::Open(directory);
  if (!lender) {
    EXPECT_EQ(lender.error().status, kExitUnusable);
    EXPECT_FALSE(lender.error().line.empty());
    return false;
  }
  const ByteSource source = SourceOf("ask");
  for (const std::size_t i : {0u, 5u, 19u}) {
    (void)(*lender)->Redeem(HeldToken(0, i).Borrow("request"), Ascii("request"), kSpendNow, false,
                            source);
    const auto claimed =
        (*lender)->ClaimVerified({Bytes(32, 1), HeldToken(0, i + 1).token}, 1, true, source);
    if (claimed && *claimed) (void)(*lender)->Settle((*claimed)->claim_id);
  }
  const ByteSource claims = SourceOf("claims");
  for (int i = 0; i < 20; ++i) {
    Bytes claim_id(16);
    claims(claim_id);
    (void)(i % 2 == 0 ? (*lender)->Settle(claim_id) : (*lender)->Release(claim_id));
  }
  (void)(*lender)->Count();
  (void)(*lender)->Audit();
  (void)(*lender)->Compact();
  (void)(*lender)->CloseEpochs(kStart + 9 * kDay);
  (void)(*lender)->Join(PublicOf(IdentityOf("admin")), SealedNewest(2));
  return true;
}

/// In a process of its own, which must come to an end: 0 opened, 1 not.
int AskInChild(const std::string& directory) {
  return InChild([&] {
    alarm(60);
    return AskEverything(directory) ? 0 : 1;
  });
}

/// A lender's file, folded together.
std::string WholeFile() {
  Story story;
  story.lender.reset();
  return ReadAll(story.Directory() + "/lender.db");
}

TEST(DamagedLender, Truncated) {
  const std::string whole = WholeFile();
  int refused = 0;
  for (std::size_t length = 1; length < whole.size(); length += 1511) {
    const TempDirectory directory;
    WriteTo(directory / "lender.db", whole.substr(0, length));
    const int status = AskInChild(directory.path());
    EXPECT_LE(status, 1) << "cut at " << length;
    if (length > whole.size() - 4096) continue;  // the rest of the last page may be empty
    EXPECT_EQ(status, 1) << "cut at " << length;
    ++refused;
  }
  EXPECT_GE(refused, 10);
}

TEST(DamagedLender, ChangedBytes) {
  const std::string whole = WholeFile();
  const auto distribution = CheckProperty([&] {
    std::string content = whole;
    const auto changes = Uniform(1, 6);
    for (int i = 0; i < changes; ++i) {
      std::size_t at = Uniform<std::size_t>(0, content.size());
      while (content[at] == 0) at = (at + 1) % content.size();
      content[at] = static_cast<char>(Uniform(0, 256));
    }
    const TempDirectory directory;
    WriteTo(directory / "lender.db", content);
    const int status = AskInChild(directory.path());
    RC_ASSERT(status <= 1);
    RC_TAG(status == 0 ? "opens" : "refused");
  });
  EXPECT_GE(distribution.Share("opens"), 0.03);
}

// Rows that are missing, of another type or twice: said to be damage when they are needed.
TEST(DamagedLender, Rows) {
  const std::string whole = WholeFile();
  for (const char* damage :
       {"DELETE FROM counter", "DELETE FROM instance", "DELETE FROM identity",
        "UPDATE instance SET name = x'01'", "UPDATE identity SET seed = x'01'",
        "UPDATE link SET sealed = x'010a'", "UPDATE link SET number = number + 1"}) {
    const TempDirectory directory;
    WriteTo(directory / "lender.db", whole);
    WriteTo(directory / "lender.mark", "1\n");
    Query(directory / "lender.db", damage);
    ASSERT_NE(ReadAll(directory / "lender.db"), whole) << damage;
    EXPECT_EQ(AskInChild(directory.path()), 1) << damage;
  }
  for (const char* damage :
       {"UPDATE spent SET digest = x'01'", "UPDATE spent SET claim_id = id",
        "UPDATE spent SET refunds = 3", "UPDATE spent SET key_id = x'01'",
        "UPDATE spent SET id = substr(id, 1, 31)", "INSERT INTO closed SELECT key_id FROM link",
        "UPDATE link SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x'ff' AS BLOB)"}) {
    const TempDirectory directory;
    WriteTo(directory / "lender.db", whole);
    Query(directory / "lender.db", damage);
    ASSERT_NE(ReadAll(directory / "lender.db"), whole) << damage;
    EXPECT_NE(OpenLender(directory.path())->Audit().value(), std::vector<std::string>{}) << damage;
    EXPECT_LE(AskInChild(directory.path()), 1) << damage;
  }
}

// What damages the file while the lender is open stops an operation, and not those that wait for it.
TEST(DamagedLender, WhileOpen) {
  const TempDirectory directory;
  WriteTo(directory / "lender.db", WholeFile());
  EXPECT_EQ(InChild([&] {
              alarm(60);
              const auto lender = OpenLender(directory.path());
              Query(directory / "lender.db", "DELETE FROM link");
              const Borrow borrow{Bytes(32, 1), HeldToken(0, 0).token};
              for (int i = 0; i < 3; ++i)
                if (Outcome(lender->ClaimVerified(borrow, 1, true, SourceOf("c"))) != "unusable")
                  return 1;
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace blindlend::test
