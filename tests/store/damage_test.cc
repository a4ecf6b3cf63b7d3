// Files that are not what they should be, and disks that fail.
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/store/faulty_files.h"
#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

namespace fs = std::filesystem;

/// The three stores, to be opened or made in a directory.
struct Kind {
  std::string file;
  std::function<std::string(const std::string&)> open, init;
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {"admin.db", [](const std::string& directory) { return Outcome(Admin::Open(directory)); },
       [](const std::string& directory) {
         bool made;
         return Outcome(Admin::Init(directory, "a group", 2048, SourceOf("admin"), made));
       }},
      {"wallet.db", [](const std::string& directory) { return Outcome(Wallet::Open(directory)); },
       [](const std::string& directory) {
         bool made;
         return Outcome(Wallet::Init(directory, SourceOf("wallet0"), made));
       }},
      {"lender.db", [](const std::string& directory) { return Outcome(Lender::Open(directory)); },
       [](const std::string& directory) {
         bool made;
         return Outcome(Lender::Init(directory, SourceOf("lender"), made));
       }}};
  return kinds;
}

/// Opening and init refuse what is in the directory, and leave it as it is.
void ExpectUntouched(const Kind& kind, const std::string& directory, const std::string& what) {
  const auto before = Contents(directory);
  EXPECT_EQ(kind.open(directory), "unusable") << kind.file << ": " << what;
  EXPECT_EQ(kind.init(directory), "unusable") << kind.file << ": " << what;
  EXPECT_EQ(Contents(directory), before) << kind.file << ": " << what;
}

// Another program's database, another kind of ours, one from the future, one that is none.
TEST(BadDatabase, ForeignFilesAreNotChanged) {
  for (const Kind& kind : Kinds()) {
    const TempDirectory directory;
    const std::string path = directory / kind.file;
    for (const char* mode : {"DELETE", "WAL"}) {
      fs::remove(path);
      WriteTo(path, "");
      Query(path, std::string("PRAGMA journal_mode = ") + mode);
      Query(path, "CREATE TABLE photos (id INTEGER)");
      Query(path, "INSERT INTO photos VALUES (1)");
      ExpectUntouched(kind, directory.path(), "without an application_id");
      Query(path, "PRAGMA application_id = 1234567");
      ExpectUntouched(kind, directory.path(), "another application_id");
    }
    for (const std::string& content :
         {std::string("x"), std::string("SQLite format 3"), std::string(100, '\0'),
          std::string(8192, 'x'), "SQLite format 3" + std::string(8192, '\0')}) {
      WriteTo(path, content);
      ExpectUntouched(kind, directory.path(), "no database");
    }
    fs::remove(path);
    ASSERT_EQ(kind.init(directory.path()), "ok");
    const std::string version = Query(path, "PRAGMA user_version")[0][0];
    Query(path, "PRAGMA user_version = 3");
    ExpectUntouched(kind, directory.path(), "from the future");
    Query(path, "PRAGMA user_version = 0");
    ExpectUntouched(kind, directory.path(), "no version");
    Query(path, "PRAGMA user_version = " + version);
    EXPECT_EQ(kind.open(directory.path()), "ok");
    for (const Kind& other : Kinds()) {
      if (other.file == kind.file) continue;
      const TempDirectory elsewhere;
      fs::copy(path, elsewhere / other.file);
      ExpectUntouched(other, elsewhere.path(), "a database of " + kind.file);
    }
  }
}

// Nothing there, an empty file, no directory, a file for a directory, a directory for a file.
TEST(BadDatabase, NothingThere) {
  for (const Kind& kind : Kinds()) {
    const TempDirectory directory;
    EXPECT_EQ(kind.open(directory.path()), "unusable");
    EXPECT_TRUE(FilesIn(directory.path()).empty()) << "opening makes nothing";
    EXPECT_EQ(kind.open(directory / "none"), "unusable");
    EXPECT_EQ(kind.init(directory / "none/below"), "unusable");
    WriteTo(directory / "file", "content");
    EXPECT_EQ(kind.open(directory / "file"), "unusable");
    EXPECT_EQ(kind.init(directory / "file"), "unusable");
    EXPECT_EQ(ReadAll(directory / "file"), "content");
    fs::create_directories(directory / ("in/" + kind.file));
    fs::permissions(directory / ("in/" + kind.file), fs::perms::owner_all);
    EXPECT_EQ(kind.open(directory / "in"), "unusable");
    EXPECT_EQ(kind.init(directory / "in"), "unusable");
    WriteTo(directory / kind.file, "");
    EXPECT_EQ(kind.open(directory.path()), "unusable") << "empty: for init only";
    EXPECT_EQ(kind.init(directory.path()), "ok") << "as a crash leaves it";
    EXPECT_EQ(kind.open(directory.path()), "ok");
    EXPECT_EQ(kind.init(directory.path()), "ok") << "and again";
  }
}

// An admin's directory is not taken over by another group.
TEST(BadDatabase, AnotherGroup) {
  const Group group;
  const auto init = [&](const std::string& name, long bits, bool& made) {
    return Outcome(Admin::Init(group.AdminDirectory(), name, bits, SourceOf("other"), made));
  };
  bool made = true;
  EXPECT_EQ(init("a group", 2048, made), "ok");
  EXPECT_FALSE(made);
  EXPECT_EQ(init("another group", 2048, made), "unusable");
  EXPECT_EQ(init("a group", 3072, made), "unusable");
  for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("a\ngroup")})
    EXPECT_EQ(init(name, 2048, made), "unusable");
  EXPECT_EQ(group.OpenAdmin().key(), group.admin_key());
}

// A directory or a file that may only be read: whatever would change it is refused, and its bytes stay.
// Root may do everything, so a child gives up being root first.
TEST(BadDatabase, ReadOnly) {
  const Group group;
  const std::string lenders = group.directory() / "lender";
  bool made;
  ASSERT_EQ(Outcome(Lender::Init(lenders, SourceOf("lender"), made)), "ok");
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;
  const auto give = [&](const std::string& path, mode_t mode) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    if (is_root) {
      ASSERT_EQ(chown(path.c_str(), kNobody, kNobody), 0);
    }
  };
  /// 0 if work says what is expected, 77 if this process could not be made nobody.
  const auto as_nobody = [&](const std::string& expected, const auto& work) {
    return InChild([&] {
      if (is_root && setuid(kNobody) != 0) return 77;
      return work() == expected ? 0 : 1;
    });
  };
  const Link link = ParseLink(View(group.link()).first(group.link().size() - 64)).value();
  const Bytes revocation =
      SealLink(group.admin_seed(), {link.group, 2, LinkId(link).value(), std::nullopt});
  give(group.directory().path(), 0700);
  const std::string directories[] = {group.AdminDirectory(), group.WalletDirectory(), lenders};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string& directory = directories[i];
    const std::string name = Kinds()[i].file, file = directory + "/" + name;
    const auto change = [&]() -> std::string {
      if (i == 0) {
        auto admin = Admin::Open(directory);
        return admin ? Outcome(admin->Enroll(Bytes(32, 1), "somebody")) : Outcome(admin);
      }
      if (i == 1) {
        auto wallet = Wallet::Open(directory);
        return wallet ? Outcome(wallet->Join(group.admin_key(), revocation)) : Outcome(wallet);
      }
      auto lender = Lender::Open(directory);
      return lender ? Outcome((*lender)->Join(group.admin_key(), group.link())) : Outcome(lender);
    };
    const std::string before = ReadAll(file);
    for (const auto& [directory_mode, file_mode, outcome] : {std::tuple(0500u, 0400u, "unusable"),
                                                             {0700u, 0400u, "unusable"},
                                                             {0500u, 0600u, "unusable"},
                                                             {0700u, 0000u, "unusable"},
                                                             {0000u, 0600u, "unusable"},
                                                             {0700u, 0600u, "ok"}}) {
      give(file, file_mode);
      give(directory, directory_mode);
      const int status = as_nobody(outcome, change);
      if (status == 77) GTEST_SKIP() << "NOT TESTED: root cannot become nobody here";
      EXPECT_EQ(status, 0) << name << std::oct << " " << directory_mode << " " << file_mode;
      give(directory, 0700);
      give(file, 0600);
      EXPECT_EQ(ReadAll(file) != before, outcome == std::string("ok"));
      for (const std::string& other : FilesIn(directory))  // a log that could not be put away
        if (other != name) fs::remove(directory + "/" + other);
    }
    // Where nothing may be made, nothing is.
    fs::remove(file);
    give(directory, 0500);
    EXPECT_EQ(as_nobody("unusable", [&] { return Kinds()[i].init(directory); }), 0);
    give(directory, 0700);
    EXPECT_TRUE(FilesIn(directory).empty());
  }
}

/// When the tokens of a Group can be spent.
constexpr std::uint64_t kSpendTime = kStart + kDay;

/// Whatever can be asked of the stores and does not need a valid argument.
void AskEverything(const std::string& directory) {
  if (auto admin = Admin::Open(directory)) {
    bool is_new;
    (void)admin->Chain();
    (void)admin->Members();
    (void)admin->Enroll(Bytes(32, 1), "somebody");
    (void)admin->Remove("somebody");
    (void)admin->Issue(AsBytes(ReadAll(directory + "/request")), kStart, SourceOf("i"), is_new);
    (void)admin->Revoke();
  }
  if (auto wallet = Wallet::Open(directory)) {
    (void)wallet->Look(kStart);
    (void)wallet->Resend("");
    (void)wallet->Request(LenderKey(1), 1, false, kStart, SourceOf("r"));
    (void)wallet->Accept(AsBytes(ReadAll(directory + "/response")), kStart);
    (void)wallet->Cancel(AsBytes(ReadAll(directory + "/request")));
    const auto spent = wallet->Spend(std::nullopt, Ascii("another"), kSpendTime, SourceOf("any"));
    if (spent) (void)wallet->End(spent->sealed, false);
    (void)wallet->End(AsBytes(ReadAll(directory + "/borrow")), true);
    (void)wallet->Expire(kStart + 9 * kDay);
    (void)wallet->Look(kStart);
  }
}

/// A group in the middle of things: a request that is debited, one token held and one being spent.
/// Leaves `request`, `response` and `borrow` beside the databases. Takes 4 of the quota.
void Prepare(const Group& group) {
  Admin admin = group.OpenAdmin();
  Wallet wallet = group.OpenWallet();
  bool is_new;
  const auto first = wallet.Request(LenderKey(0), 2, false, kStart, SourceOf("1")).value();
  wallet.Accept(admin.Issue(first.sealed, kStart, SourceOf("i"), is_new).value(), kStart).value();
  const auto second = wallet.Request(LenderKey(0), 2, false, kStart, SourceOf("2")).value();
  wallet.Sent(second.hash).value();
  const auto response = admin.Issue(second.sealed, kStart, SourceOf("i"), is_new).value();
  const auto borrow =
      wallet.Spend(LenderKey(0), Ascii("request"), kSpendTime, SourceOf("any")).value();
  for (const std::string& directory : {group.AdminDirectory(), group.WalletDirectory()}) {
    WriteTo(directory + "/request", AsText(second.sealed));
    WriteTo(directory + "/response", AsText(response));
    WriteTo(directory + "/borrow", AsText(borrow.sealed));
  }
}

// Databases cut off anywhere: refused, or what is missing was not needed; never a crash.
TEST(BadDatabase, Truncated) {
  const Group group(6);
  Prepare(group);
  for (const std::string& original : {group.AdminDirectory(), group.WalletDirectory()}) {
    const std::string file = FilesIn(original, "admin").empty() ? "/wallet.db" : "/admin.db";
    const std::string whole = ReadAll(original + file);
    int refused = 0;
    for (std::size_t length = 1; length < whole.size(); length += 977) {
      const TempDirectory directory;
      CopyDirectory(original, directory / "d");
      WriteTo(directory / "d" + file, whole.substr(0, length));
      const auto open = [&] {
        return file == "/admin.db" ? Outcome(Admin::Open(directory / "d"))
                                   : Outcome(Wallet::Open(directory / "d"));
      };
      // Of a cut in the last page SQLite takes the rest to be zero.
      if (length <= whole.size() - 4096) {
        EXPECT_EQ(open(), "unusable") << file << " of " << length;
        ++refused;
      }
      AskEverything(directory / "d");
    }
    EXPECT_GE(refused, 20) << file;
  }
}

// Any byte of a database changed: the stores say so or go on, but do not crash.
TEST(BadDatabase, ChangedBytes) {
  const Group group(6);
  Prepare(group);
  const auto distribution = CheckProperty([&] {
    const bool of_admin = OneIn(2);
    const std::string original = of_admin ? group.AdminDirectory() : group.WalletDirectory();
    const std::string file = of_admin ? "/admin.db" : "/wallet.db";
    const TempDirectory directory;
    CopyDirectory(original, directory / "d");
    std::string content = ReadAll(original + file);
    const auto changes = Uniform(1, 6);
    // Close to what is there: most of the pages is empty.
    for (int i = 0; i < changes; ++i) {
      std::size_t at = Uniform<std::size_t>(0, content.size());
      while (content[at] == 0) at = (at + 1) % content.size();
      content[at] = static_cast<char>(Uniform(0, 256));
    }
    WriteTo(directory / "d" + file, content);
    AskEverything(directory / "d");
    const bool opens = of_admin ? Admin::Open(directory / "d").has_value()
                                : Wallet::Open(directory / "d").has_value();
    RC_TAG(opens ? "opens" : "refused");
  });
  EXPECT_GE(distribution.Share("opens"), 0.02);
}

/// All that a store holds, and that SQLite finds it sound.
std::string Dump(const std::string& path) {
  if (!fs::exists(path) || fs::file_size(path) == 0) return "nothing";
  std::string dump;
  EXPECT_EQ(Query(path, "PRAGMA integrity_check"), (Table{{"ok"}})) << path;
  for (const auto& table : Query(path,
                                 "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                 " ORDER BY name")) {
    dump += table[0] + ":";
    std::vector<std::string> rows;
    for (const auto& row : Query(path, "SELECT * FROM " + table[0])) {
      std::string& line = rows.emplace_back();
      for (const auto& column : row) line += column + "|";
    }
    std::ranges::sort(rows);
    for (const auto& row : rows) dump += row + ";";
  }
  return dump.empty() ? "nothing" : dump;
}

/// One change of a store: opens it, does it, closes it.
struct Change {
  std::string name, file;
  std::function<std::string(const Group&, const std::string& directory)> run;
};

/// Without it GoogleTest prints bytes, and addresses among them, into the test's name.
void PrintTo(const Change& change, std::ostream* out) {
  *out << change.name;
}

const std::vector<Change>& Changes() {
  static const std::vector<Change> changes = {
      {"enroll", "admin.db",
       [](const Group&, const std::string& directory) {
         auto admin = Admin::Open(directory);
         return admin ? Outcome(admin->Enroll(Bytes(32, 1), "somebody")) : Outcome(admin);
       }},
      {"remove", "admin.db",
       [](const Group&, const std::string& directory) {
         auto admin = Admin::Open(directory);
         return admin ? Outcome(admin->Remove("wallet0")) : Outcome(admin);
       }},
      {"new epoch", "admin.db",
       [](const Group&, const std::string& directory) {
         auto admin = Admin::Open(directory);
         if (!admin) return Outcome(admin);
         return Outcome(
             admin->AddEpoch({4, 2, 1, LenderKeys()}, Key(2048, 1), kStart, SourceOf("e")));
       }},
      {"revoke", "admin.db",
       [](const Group&, const std::string& directory) {
         auto admin = Admin::Open(directory);
         return admin ? Outcome(admin->Revoke()) : Outcome(admin);
       }},
      {"issue", "admin.db",
       [](const Group&, const std::string& directory) {
         auto admin = Admin::Open(directory);
         bool is_new;
         if (!admin) return Outcome(admin);
         return Outcome(admin->Issue(AsBytes(ReadAll(directory + "/new request")), kStart,
                                     SourceOf("i"), is_new));
       }},
      {"join", "wallet.db",
       [](const Group& group, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->Join(group.admin_key(), AsBytes(ReadAll(directory + "/link"))));
       }},
      {"request", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->Request(LenderKey(0), 9, true, kStart, SourceOf("r")));
       }},
      {"sent", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->Sent(AsBytes(ReadAll(directory + "/prepared"))));
       }},
      {"accept", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->Accept(AsBytes(ReadAll(directory + "/response")), kStart));
       }},
      {"accept a wrong one", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->Accept(AsBytes(ReadAll(directory + "/wrong response")), kStart));
       }},
      {"cancel", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->Cancel(AsBytes(ReadAll(directory + "/request"))));
       }},
      {"spend", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(
             wallet->Spend(LenderKey(0), Ascii("another request"), kSpendTime, SourceOf("any")));
       }},
      {"served", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->End(AsBytes(ReadAll(directory + "/borrow")), true));
       }},
      {"released", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->End(AsBytes(ReadAll(directory + "/borrow")), false));
       }},
      {"expire", "wallet.db",
       [](const Group&, const std::string& directory) {
         auto wallet = Wallet::Open(directory);
         if (!wallet) return Outcome(wallet);
         return Outcome(wallet->Expire(kStart + 9 * kDay));
       }},
  };
  return changes;
}

/// Everything that the changes need, in both directories.
void PrepareChanges(const Group& group) {
  Prepare(group);
  Wallet wallet = group.OpenWallet();
  const auto prepared = wallet.Request(LenderKey(1), 1, false, kStart, SourceOf("3")).value();
  const Bytes request = AsBytes(ReadAll(group.WalletDirectory() + "/request"));
  Link next = ParseLink(View(group.link()).first(group.link().size() - 64)).value();
  next.predecessor = LinkId(next).value();
  next.number = 2;
  next.epoch->pk = Key(2048, 1);
  next.epoch->roots = CachedRoots(Key(2048, 1));
  next.epoch->issue_from = next.epoch->issue_until;
  next.epoch->issue_until = next.epoch->spend_from = next.epoch->issue_from + kDay;
  next.epoch->spend_until = next.epoch->spend_from + kDay;
  for (const std::string& directory : {group.AdminDirectory(), group.WalletDirectory()}) {
    WriteTo(directory + "/new request", AsText(prepared.sealed));
    WriteTo(directory + "/prepared", AsText(prepared.hash));
    WriteTo(directory + "/link", AsText(SealLink(group.admin_seed(), next)));
    WriteTo(directory + "/wrong response",
            AsText(SignedAnswer(group.admin_seed(), Key(2048), request,
                                [](Batch& batch) { batch.values[0] = ZZ{2}; })));
  }
}

/// A change in a copy of the group's store, made by `run` under failures, leaves it as it was or as it
/// should be, and says which.
class Halves {
 public:
  explicit Halves(const Change& change) : change_(change) {
    PrepareChanges(group_);
    original_ = change.file == "admin.db" ? group_.AdminDirectory() : group_.WalletDirectory();
    before_ = Dump(original_ + "/" + change.file);
    const TempDirectory directory;
    CopyDirectory(original_, directory / "d");
    EXPECT_EQ(change.run(group_, directory / "d"), "ok") << change.name;
    after_ = Dump(directory / ("d/" + change.file));
    EXPECT_NE(before_, after_) << change.name;
  }

  const Group& group() const { return group_; }
  const std::string& original() const { return original_; }

  /// said: "before", "after", or "either" where nobody can know.
  void Expect(const std::string& directory, const std::string& said, const std::string& what) {
    const std::string now = Dump(directory + "/" + change_.file);
    const std::string is = now == before_ ? "before" : now == after_ ? "after" : "half";
    EXPECT_NE(is, "half") << change_.name << ": " << what;
    if (said != "either") {
      EXPECT_EQ(is, said) << change_.name << ": " << what;
    }
    // The store goes on from there.
    const std::string again = change_.run(group_, directory);
    EXPECT_TRUE(is == "after" || again == "ok") << change_.name << ": " << what << ": " << again;
    EXPECT_EQ(Dump(directory + "/" + change_.file), after_) << change_.name << ": " << what;
  }

 private:
  const Change& change_;
  Group group_{6};
  std::string original_, before_, after_;
};

class Failing : public testing::TestWithParam<Change> {};
std::string TestName(const testing::TestParamInfo<Change>& change) {
  std::string name = change.param.name;
  std::ranges::replace(name, ' ', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Changes, Failing, testing::ValuesIn(Changes()), TestName);

// Each write, sync, truncation and deletion fails once, and then for good.
TEST_P(Failing, EveryWrite) {
  FaultyFiles files;
  Halves halves(GetParam());
  for (const bool for_good : {false, true}) {
    int at = 1;
    for (bool has_failed = true; has_failed; ++at) {
      const TempDirectory directory;
      CopyDirectory(halves.original(), directory / "d");
      files.FailAt(at, for_good);
      const std::string outcome = GetParam().run(halves.group(), directory / "d");
      has_failed = files.has_failed();
      files.FailAt(0, false);
      // A commit that could not be synced can be found in the log after all.
      halves.Expect(directory / "d",
                    outcome == "ok" ? "after"
                    : for_good      ? "either"
                                    : "before",
                    (for_good ? "from write " : "write ") + std::to_string(at));
    }
    EXPECT_GE(at, 6) << "so many that could fail";
  }
}

/// A limit on the length of files, for a child: a write behind it fails as on a full disk.
void LimitFileSize(rlim_t size) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{size, size};
  setrlimit(RLIMIT_FSIZE, &limit);
}

// The same with the kernel's own refusal, and with the evidence files: no file may grow longer than a
// limit that rises in small steps. Below 32 KiB SQLite has no shared memory; FullDisk goes further.
TEST_P(Failing, FileSizeLimit) {
  Halves halves(GetParam());
  bool succeeded = false;
  for (rlim_t limit = 0; !succeeded; limit += 1031) {
    const TempDirectory directory;
    CopyDirectory(halves.original(), directory / "d");
    const int status = InChild([&] {
      LimitFileSize(limit);
      return GetParam().run(halves.group(), directory / "d") == "ok" ? 0 : 1;
    });
    ASSERT_LE(status, 1);
    succeeded = status == 0;
    halves.Expect(directory / "d", succeeded ? "after" : "before",
                  "limit " + std::to_string(limit));
    EXPECT_TRUE(FilesIn(directory / "d", ".").empty()) << "no remains of files written aside";
    ASSERT_LT(limit, 1u << 20);
  }
}

// A file system that is really full, where one may be mounted.
TEST_P(Failing, FullDisk) {
  Halves halves(GetParam());
  const TempDirectory directory;
  int blocks_needed = 0;
  bool succeeded = false;
  for (int blocks = 0; !succeeded; ++blocks) {
    ASSERT_LT(blocks, 256);
    // The child leaves what it made here, for the parent who does not see its mounts.
    const std::string left = directory / std::to_string(blocks);
    const int status = InChild([&] {
      const std::string place = directory / ("at" + std::to_string(blocks));
      fs::create_directory(place);
      if (unshare(CLONE_NEWNS) != 0 ||
          mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("none", place.c_str(), "tmpfs", 0, "size=4m") != 0)
        return 77;
      CopyDirectory(halves.original(), place + "/d");
      const std::string full = place + "/full";
      std::ofstream filler(full, std::ios::binary);
      while (filler.write(std::string(4096, 'x').data(), 4096).flush()) {
      }
      filler.close();
      fs::resize_file(full, fs::file_size(full) - static_cast<std::uintmax_t>(blocks) * 4096);
      const bool done = GetParam().run(halves.group(), place + "/d") == "ok";
      CopyDirectory(place + "/d", left);
      return done ? 0 : 1;
    });
    if (status == 77) GTEST_SKIP() << "NOT TESTED: no file system may be mounted here";
    ASSERT_LE(status, 1);
    succeeded = status == 0;
    halves.Expect(left, succeeded ? "after" : "before", std::to_string(blocks) + " blocks free");
    EXPECT_TRUE(FilesIn(left, ".").empty()) << "no remains of files written aside";
    blocks_needed = blocks;
  }
  EXPECT_GE(blocks_needed, 8);
}

// Init fails at each write once, and then for good: what it leaves is nothing or a whole store, and the
// next init makes or opens it.
TEST(FailingInit, EveryWrite) {
  FaultyFiles files;
  for (const Kind& kind : Kinds())
    for (const bool for_good : {false, true}) {
      int at = 1, nothing = 0;
      for (bool has_failed = true; has_failed; ++at) {
        const std::string what =
            kind.file + (for_good ? " from write " : " write ") + std::to_string(at);
        const TempDirectory directory;
        files.FailAt(at, for_good);
        const std::string outcome = kind.init(directory.path());
        has_failed = files.has_failed();
        files.FailAt(0, false);
        EXPECT_TRUE(has_failed || outcome == "ok") << what;
        if (FilesIn(directory.path()).empty()) {
          EXPECT_EQ(outcome, "unusable") << what;
          ++nothing;
        } else {
          EXPECT_EQ(kind.open(directory.path()), "ok") << what;
        }
        EXPECT_EQ(kind.init(directory.path()), "ok") << what;
        EXPECT_EQ(kind.open(directory.path()), "ok") << what;
        EXPECT_EQ(kind.init(directory.path()), "ok") << what;
      }
      EXPECT_GE(nothing, 6) << "so many that could fail";
    }
}

// What an init leaves that was killed while it made the file: the next one begins again.
TEST(FailingInit, RemovesWhatWasBegun) {
  for (const Kind& kind : Kinds()) {
    const TempDirectory directory;
    for (const char* suffix : {".new", ".new-journal", ".new-wal", ".new-shm"})
      WriteTo(directory / (kind.file + suffix), "half of something");
    EXPECT_EQ(kind.open(directory.path()), "unusable");
    EXPECT_EQ(kind.init(directory.path()), "ok");
    EXPECT_TRUE(FilesIn(directory.path(), kind.file + ".new").empty());
  }
}

}  // namespace
}  // namespace blindlend::test
