// What a lender holds is a function of the borrows that it was shown: not of who showed them, nor of
// when, nor, once they are over, in what order.
#include <sstream>

#include "app/store/refusal.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

/// What a compacted database file holds, but for the bytes of its header that count changes instead of
/// describing contents. Bytes 24 to 27 (the change counter), 40 to 43 (the schema cookie) and 92 to 95
/// (the counter at which the version behind it was written) go up by one whenever SQLite rewrites
/// the file, as VACUUM does: they count how often the lender was compacted or its log folded in, which
/// the operator decides, and nothing about tokens. All other bytes are compared.
std::string Compacted(const std::string& directory) {
  std::string content = ReadAll(directory + "/lender.db");
  EXPECT_GE(content.size(), 4096u);
  for (const std::size_t at : {24u, 40u, 92u}) content.replace(at, 4, "----");
  return content;
}

/// A group in which a member obtains three tokens and shows them to the lender.
struct World {
  TempDirectory directory;
  std::vector<Bytes> borrows;
  std::string rows, file, mark, whole;

  /// late: the hours by which everything that the member and the lender do is later.
  World(std::size_t member, std::uint64_t late, const std::string& request = "request") {
    bool made = false;
    Admin admin =
        Admin::Init(directory / "admin", "a group", 2048, SourceOf("admin"), made).value();
    auto lender = Lender::Init(directory / "lender", SourceOf("lender"), made).value();
    std::vector<Bytes> lenders = {lender->key(), LenderKey(0)};
    std::ranges::sort(lenders);
    const Bytes link =
        admin.AddEpoch({20, 2, 1, lenders}, Key(2048), kStart, SourceOf("epoch"))->sealed;
    std::vector<Wallet> wallets;
    for (const char* name : {"member a", "member b"}) {
      wallets.push_back(Wallet::Init(directory / name, SourceOf(name), made).value());
      wallets.back().Join(admin.key(), link).value();
      admin.Enroll(wallets.back().key(), name).value();
    }
    lender->Join(admin.key(), link).value();

    Wallet& wallet = wallets[member];
    bool is_new = false;
    const std::uint64_t issued = kStart + late * kHour, spent = kStart + kDay + late * kHour;
    const auto outgoing = wallet.Request(lender->key(), 3, false, issued, SourceOf("tokens"));
    wallet.Accept(admin.Issue(outgoing->sealed, issued, SourceOf("issue"), is_new).value(), issued)
        .value();
    const ByteSource claims = SourceOf("claims");
    std::vector<Bytes> claim_ids;
    for (int i = 0; i < 3; ++i) {
      const Bytes bytes = Ascii(request + std::to_string(i));
      borrows.push_back(wallet.Spend(lender->key(), bytes, spent, SourceOf("any"))->sealed);
      const auto claimed = lender->Redeem(borrows.back(), bytes, spent, true, claims);
      EXPECT_EQ(VerdictOf(claimed), "fresh");
      EXPECT_EQ(VerdictOf(lender->Redeem(borrows.back(), bytes, spent, true, claims)), "busy");
      claim_ids.push_back(claimed->claim_id);
    }
    EXPECT_EQ(Outcome(lender->Settle(claim_ids[0])), "ok");
    EXPECT_EQ(Outcome(lender->Release(claim_ids[1])), "ok");
    rows = AllRows(directory / "lender/lender.db");
    EXPECT_EQ(Outcome(lender->Compact()), "ok");
    EXPECT_EQ(AllRows(directory / "lender/lender.db"), rows);
    lender.reset();
    EXPECT_EQ(FilesIn(directory / "lender"),
              (std::vector<std::string>{"lender.db", "lender.mark"}));
    file = Compacted(directory / "lender");
    whole = ReadAll(directory / "lender/lender.db");
    mark = ReadAll(directory / "lender/lender.mark");
  }
};

// Claim.SpentSetNeutral
// Two members, at two times: the lender holds the same, byte for byte, here even the counters.
TEST(LendersView, WhoeverSpends) {
  const World a(0, 0), b(1, 9);
  EXPECT_EQ(a.borrows, b.borrows);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.file, b.file);
  EXPECT_EQ(a.whole, b.whole);
  EXPECT_EQ(a.mark, b.mark);
  const World other(0, 0, "another request");
  EXPECT_NE(a.rows, other.rows) << "the comparison sees what differs";
  EXPECT_NE(a.file, other.file);
}

/// What happens to each of some tokens until it is over: so many refunds, and then it is served or
/// left as it was refunded.
struct Plan {
  int refunds;
  bool served;
};

/// Does what the plans say, in this order of tokens, and returns what is left.
std::string Left(const std::vector<Plan>& plans, const std::vector<std::size_t>& order,
                 const std::set<std::size_t>& compact_at, const std::set<std::size_t>& reopen_at,
                 std::string& rows) {
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  auto lender = OpenLender(directory / "lender");
  const ByteSource source = SourceOf("claims");
  std::vector<int> attempts(plans.size());
  std::vector<Bytes> claim_ids(plans.size());
  for (std::size_t step = 0; step < order.size(); ++step) {
    const std::size_t i = order[step];
    if (compact_at.contains(step)) RC_ASSERT(Outcome(lender->Compact()) == "ok");
    if (reopen_at.contains(step)) {
      lender.reset();
      lender = OpenLender(directory / "lender");
    }
    if (claim_ids[i].empty()) {
      const Bytes id = HeldToken(0, i).Id();
      const Borrow borrow{RequestDigest(id, Ascii("r" + std::to_string(attempts[i]))),
                          HeldToken(0, i).token};
      const auto claimed = lender->ClaimVerified(borrow, 1, true, source);
      RC_ASSERT(claimed.has_value());
      claim_ids[i] = (*claimed)->claim_id;
      RC_ASSERT(claim_ids[i].size() == 16u);
      continue;
    }
    const bool is_refund = attempts[i]++ < plans[i].refunds;
    RC_ASSERT(Outcome(is_refund ? lender->Release(claim_ids[i]) : lender->Settle(claim_ids[i])) ==
              "ok");
    claim_ids[i].clear();
  }
  RC_ASSERT(Outcome(lender->Compact()) == "ok");
  lender.reset();
  rows = AllRows(directory / "lender/lender.db");
  return Compacted(directory / "lender");
}

// Claim.SpentSetNeutral
// The same tokens to the same ends, in two orders, each compacted and reopened whenever it was: the
// same rows and the same file.
TEST(LendersView, InWhateverOrder) {
  const auto distribution = CheckProperty([] {
    std::vector<Plan> plans;
    std::vector<std::size_t> order;  // each token as often as it has steps, its own steps in order
    const auto count = Uniform<std::size_t>(2, 30);
    for (std::size_t i = 0; i < count; ++i) {
      const int refunds = *rc::gen::weightedElement<int>({{4, 0}, {2, 1}, {1, 2}});
      plans.push_back({refunds, refunds == 0 || OneIn(2)});
      order.insert(order.end(),
                   2 * (static_cast<std::size_t>(refunds) + (plans.back().served ? 1 : 0)), i);
    }
    // So many that the rows do not all fit on one page.
    const auto shuffled = [&] {
      std::vector<std::size_t> other = order;
      for (std::size_t i = other.size(); i > 1; --i)
        std::swap(other[i - 1], other[Uniform<std::size_t>(0, i)]);
      return other;
    };
    const auto some = [&](std::size_t of) {
      std::set<std::size_t> at;
      for (std::size_t i = 0; i < Uniform<std::size_t>(0, of); ++i)
        at.insert(Uniform<std::size_t>(0, order.size()));
      return at;
    };
    std::string rows, other_rows;
    const std::string file = Left(plans, shuffled(), some(2), some(3), rows);
    const std::string other = Left(plans, shuffled(), some(2), some(3), other_rows);
    RC_ASSERT(rows == other_rows);
    RC_ASSERT(file == other);
    RC_TAG(count >= 15 ? "many" : "few");
  });
  EXPECT_GE(distribution.Share("many"), 0.1);
  EXPECT_GE(distribution.Share("few"), 0.1);
}

// Limit.LiveSpentSet
// Digests and claim ids of what is over are in no file behind Compact; before it they were.
TEST(LendersView, CompactErases) {
  for (const std::size_t count : {1u, 9u, 60u}) {
    const TempDirectory directory;
    CopyDirectory(LenderDirectory(1), directory / "lender");
    const auto lender = OpenLender(directory / "lender");
    std::vector<Bytes> over, current;
    for (std::size_t i = 0; i < count + 1; ++i) {
      const Bytes digest = RequestDigest(HeldToken(0, i).Id(), Ascii("request"));
      const auto claimed =
          lender->ClaimVerified({digest, HeldToken(0, i).token}, 1, true, SourceOf(Hex(digest)));
      const Bytes claim_id = claimed->value().claim_id;
      (i == count ? current : over).insert((i == count ? current : over).end(), {digest, claim_id});
    }
    for (std::size_t i = 0; i < over.size(); i += 2)
      ASSERT_EQ(Outcome(i % 6 == 2 ? lender->Release(over[i + 1]) : lender->Settle(over[i + 1])),
                "ok");
    ASSERT_EQ(FilesIn(directory / "lender"),
              (std::vector<std::string>{"lender.db", "lender.db-shm", "lender.db-wal"}));
    for (const Bytes& each : over) EXPECT_TRUE(Holds(directory / "lender", each));
    ASSERT_EQ(Outcome(lender->Compact()), "ok");
    ASSERT_EQ(FilesIn(directory / "lender", "lender.db").size(), 3u) << "all are looked into";
    int found = 0;
    for (const Bytes& each : over) found += Holds(directory / "lender", each) ? 1 : 0;
    EXPECT_EQ(found, 0) << "of " << over.size();
    for (const Bytes& each : current) EXPECT_TRUE(Holds(directory / "lender", each));
  }
}

// Limit.LiveSpentSet: before Compact the log shows in which order tokens came; behind it no log is
// left, and the rows are in the order of their ids.
TEST(LendersView, TheLogShowsTheOrder) {
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  const auto lender = OpenLender(directory / "lender");
  const std::vector<std::size_t> order = {4, 1, 5, 0, 3, 2};
  for (const std::size_t i : order)
    ASSERT_TRUE(lender
                    ->ClaimVerified({Bytes(32, 7), HeldToken(0, i).token}, 1, true,
                                    SourceOf(std::to_string(i)))
                    .has_value());
  const std::string log = ReadAll(directory / "lender/lender.db-wal");
  std::map<std::size_t, std::size_t> first;  // where each token comes first -> the token
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Bytes id = HeldToken(0, i).Id();
    const auto at = log.find(std::string(id.begin(), id.end()));
    ASSERT_NE(at, std::string::npos);
    first[at] = i;
  }
  std::vector<std::size_t> shown;
  for (const auto& [at, i] : first) shown.push_back(i);
  EXPECT_EQ(shown, order);
  ASSERT_EQ(Outcome(lender->Compact()), "ok");
  EXPECT_EQ(ReadAll(directory / "lender/lender.db-wal"), "");
}

// An epoch that was closed leaves no token in any file either.
TEST(LendersView, ClosingErases) {
  const TempDirectory directory;
  CopyDirectory(LenderDirectory(1), directory / "lender");
  const auto lender = OpenLender(directory / "lender");
  for (std::size_t i = 0; i < 60; ++i)
    ASSERT_TRUE(lender
                    ->ClaimVerified({Bytes(32, 7), HeldToken(0, i).token}, 1, true,
                                    SourceOf(std::to_string(i)))
                    .has_value());
  for (std::size_t i = 0; i < 60; ++i)
    EXPECT_TRUE(Holds(directory / "lender", HeldToken(0, i).Id()));
  ASSERT_EQ(lender->CloseEpochs(kStart + 2 * kDay).value(), std::vector<std::uint32_t>{1});
  for (std::size_t i = 0; i < 60; ++i)
    EXPECT_FALSE(Holds(directory / "lender", HeldToken(0, i).Id()));
}

// The columns of the spent-set are those of spec 9-redemption's table, and no table has another one
// that could hold a time, an address, a member or an order of arrival.
TEST(LendersView, NothingElseIsKept) {
  std::istringstream spec(ReadAll(BLINDLEND_SPEC "/9-redemption.md"));
  std::set<std::string> listed;
  bool is_inside = false;
  for (std::string line; std::getline(spec, line);) {
    if (line.starts_with("| what is kept |")) {
      is_inside = true;
    } else if (is_inside && !line.starts_with("|")) {
      is_inside = false;
    } else if (is_inside && !line.starts_with("|---")) {
      std::istringstream names(line.substr(2, line.find(" |", 2) - 2));
      for (std::string name; std::getline(names >> std::ws, name, ',');)
        listed.insert(name == "TokenId" ? "id" : name == "KeyId" ? "key_id" : name);
    }
  }
  std::map<std::string, std::set<std::string>> columns;
  const std::string file = LenderDirectory(1) + "/lender.db";
  for (const auto& row : Query(file,
                               "SELECT t.name, c.name FROM pragma_table_list t JOIN"
                               " pragma_table_xinfo(t.name) c WHERE t.schema = 'main' AND"
                               " t.name != 'sqlite_schema'"))
    columns[row[0]].insert(row[1]);
  EXPECT_EQ(listed.size(), 6u);
  EXPECT_EQ(columns.at("spent"), listed);
  const std::map<std::string, std::set<std::string>> all = {
      {"identity", {"id", "seed"}},
      {"anchor", {"id", "admin"}},
      {"link", {"number", "key_id", "sealed", "secret_key"}},
      {"spent", listed},
      {"closed", {"key_id"}},
      {"counter", {"id", "events"}},
      {"instance", {"id", "name"}}};
  EXPECT_EQ(columns, all);
  // A table with rowids would number its rows in the order in which they came.
  EXPECT_EQ(Query(file,
                  "SELECT name, wr, strict FROM pragma_table_list WHERE name IN ('spent',"
                  " 'closed') ORDER BY name"),
            (Table{{"closed", "1", "1"}, {"spent", "1", "1"}}));
  EXPECT_EQ(Query(file, "SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger')"),
            Table{});
}

}  // namespace
}  // namespace blindlend::test
