// Several processes on one store, and a store that was copied.
#include <unistd.h>

#include <filesystem>

#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

constexpr int kRounds = 8;

/// A change of a wallet or admin in a child: what came of it goes to a file.
std::function<int()> Child(const std::string& result,
                           const std::function<std::string(std::string&)>& work) {
  return [result, work] {
    std::string bytes;
    const std::string outcome = work(bytes);
    WriteTo(result, outcome + "\n" + bytes);
    return 0;
  };
}

std::pair<std::string, std::string> ResultOf(const std::string& path) {
  const std::string content = ReadAll(path);
  const std::size_t end = content.find('\n');
  return {content.substr(0, end), content.substr(std::min(end, content.size() - 1) + 1)};
}

/// Two at once, in processes; their outcomes in order, and the bytes that came of each.
struct Both {
  std::vector<std::string> outcomes, bytes;
};
Both AtOnce(const std::function<std::string(std::string&)>& one,
            const std::function<std::string(std::string&)>& two) {
  const TempDirectory results;
  const auto statuses = InChildren({Child(results / "1", one), Child(results / "2", two)});
  EXPECT_EQ(statuses, (std::vector<int>{0, 0}));
  const auto first = ResultOf(results / "1"), second = ResultOf(results / "2");
  Both both{{first.first, second.first}, {first.second, second.second}};
  std::ranges::sort(both.outcomes);
  return both;
}

using Names = std::vector<std::string>;

/// Issue in a process of its own; the bytes begin with whether it was new.
std::function<std::string(std::string&)> IssueOf(const Group& group, const Bytes& sealed) {
  return [&group, sealed](std::string& bytes) {
    Admin admin = group.OpenAdmin();
    bool is_new = false;
    const auto response =
        admin.Issue(sealed, kStart, SourceOf("process " + std::to_string(getpid())), is_new);
    if (response) bytes = (is_new ? "1" : "0") + AsText(*response);
    return Outcome(response);
  };
}

// Claim.QuotaKept
// Two requests of a member, quota for one: exactly one is debited and answered.
TEST(Processes, QuotaForOne) {
  for (int round = 0; round < kRounds; ++round) {
    const Group group(3);
    Bytes one, two;
    {
      Wallet wallet = group.OpenWallet();
      one = wallet.Request(LenderKey(0), 2, true, kStart, SourceOf("1"))->sealed;
      two = wallet.Request(LenderKey(1), 2, true, kStart, SourceOf("2"))->sealed;
    }
    const Both both = AtOnce(IssueOf(group, one), IssueOf(group, two));
    EXPECT_EQ(both.outcomes, (Names{"Debit.7", "ok"}));
    EXPECT_EQ(group.OpenAdmin().Members()->at(0).used.at(1), 2u);
    EXPECT_EQ(Query(group.AdminFile(), "SELECT 1 FROM debit").size(), 1u);
  }
}

// The same request twice: one debit, the same bytes.
TEST(Processes, SameRequest) {
  for (int round = 0; round < kRounds; ++round) {
    const Group group;
    const Bytes sealed =
        group.OpenWallet().Request(LenderKey(0), 2, false, kStart, SourceOf("1"))->sealed;
    const Both both = AtOnce(IssueOf(group, sealed), IssueOf(group, sealed));
    EXPECT_EQ(both.outcomes, (Names{"ok", "ok"}));
    EXPECT_EQ(both.bytes[0].substr(1), both.bytes[1].substr(1));
    EXPECT_NE(both.bytes[0][0], both.bytes[1][0]) << "new for one of them";
    EXPECT_EQ(group.OpenAdmin().Members()->at(0).used.at(1), 2u);
    EXPECT_EQ(Query(group.AdminFile(), "SELECT 1 FROM debit").size(), 1u);
  }
}

// One response taken twice: the tokens are there once.
TEST(Processes, AcceptOnce) {
  for (int round = 0; round < kRounds; ++round) {
    const Group group;
    const Bytes sealed =
        group.OpenWallet().Request(LenderKey(0), 3, false, kStart, SourceOf("1"))->sealed;
    const Bytes response = SignedAnswer(group.admin_seed(), Key(2048), sealed);
    const auto accept = [&](std::string&) {
      return Outcome(group.OpenWallet().Accept(response, kStart));
    };
    EXPECT_EQ(AtOnce(accept, accept).outcomes, (Names{"Accept.3", "ok"}));
    EXPECT_EQ(group.OpenWallet().Look(kStart)->tokens.at(TokenState::kHeld), 3u);
  }
}

// Accept and Cancel of one request: one of them, whole.
TEST(Processes, AcceptOrCancel) {
  for (int round = 0; round < kRounds; ++round) {
    const Group group;
    const Bytes sealed =
        group.OpenWallet().Request(LenderKey(0), 3, false, kStart, SourceOf("1"))->sealed;
    const Bytes response = SignedAnswer(group.admin_seed(), Key(2048), sealed);
    const Both both = AtOnce(
        [&](std::string& bytes) {
          const auto accepted = group.OpenWallet().Accept(response, kStart);
          if (accepted) bytes = "held";
          return Outcome(accepted);
        },
        [&](std::string& bytes) {
          const auto cancelled = group.OpenWallet().Cancel(sealed);
          if (cancelled) bytes = "burnt";
          return Outcome(cancelled);
        });
    EXPECT_EQ(both.bytes[0].empty(), !both.bytes[1].empty());
    auto tokens = group.OpenWallet().Look(kStart)->tokens;
    EXPECT_EQ(tokens[TokenState::kHeld], both.bytes[0].empty() ? 0u : 3u);
    EXPECT_EQ(tokens[TokenState::kBurnt], both.bytes[0].empty() ? 3u : 0u);
  }
}

// The wallet's own count of what it has asked for: not more than the quota by two processes either.
TEST(Processes, RequestsWithinTheQuota) {
  for (int round = 0; round < kRounds; ++round) {
    const Group group(3);
    const auto request = [&](std::size_t lender) {
      return [&group, lender](std::string&) {
        return Outcome(group.OpenWallet().Request(LenderKey(lender), 2, false, kStart,
                                                  SourceOf(std::to_string(getpid()))));
      };
    };
    EXPECT_EQ(AtOnce(request(0), request(1)).outcomes, (Names{"ok", "refused"}));
    EXPECT_EQ(group.OpenWallet().Look(kStart)->left, 1u);
  }
}

// Two epochs at once under one key, and two revocations: the chain does not fork.
TEST(Processes, OneChain) {
  for (int round = 0; round < kRounds / 2; ++round) {
    const Group group;
    const auto add = [&](int key) {
      return [&group, key](std::string&) {
        return Outcome(group.OpenAdmin().AddEpoch({4, 2, 1, LenderKeys()}, Key(2048, key), kStart,
                                                  SourceOf("e")));
      };
    };
    Key(2048, 1);  // made once, before the processes part
    Key(2048, 2);
    EXPECT_EQ(AtOnce(add(1), add(2)).outcomes, (Names{"ok", "ok"}));
    const auto revoke = [&](std::string& bytes) {
      const auto link = group.OpenAdmin().Revoke();
      if (link) bytes = AsText(link->sealed);
      return Outcome(link);
    };
    const Both both = AtOnce(revoke, revoke);
    EXPECT_EQ(both.outcomes, (Names{"ok", "ok"}));
    EXPECT_EQ(both.bytes[0], both.bytes[1]);
    const auto chain = group.OpenAdmin().Chain();
    ASSERT_EQ(chain->size(), 4u);
    for (const SealedLink& a : *chain)
      for (const SealedLink& b : *chain)
        EXPECT_EQ(Step(CheckFork(group.admin_key(), a.sealed, b.sealed)), "CheckFork.3");
  }
}

// Two inits of one directory: one identity, made once; the other opens it or says that it is there.
TEST(Processes, OneInit) {
  for (int round = 0; round < 2 * kRounds; ++round) {
    const TempDirectory directory;
    const auto init = [&](std::string& bytes) {
      bool made = false;
      const auto wallet = Wallet::Init(directory / "w", SourceOf(std::to_string(getpid())), made);
      if (wallet) bytes = (made ? "1" : "0") + AsText(wallet->key());
      return wallet ? "ok" : wallet.error().line;
    };
    const Both both = AtOnce(init, init);
    const std::string key = AsText(Wallet::Open(directory / "w").value().key());
    int made = 0, opened = 0;
    for (const std::string& bytes : both.bytes) {
      if (bytes.empty()) continue;
      EXPECT_EQ(bytes.substr(1), key);
      ++(bytes[0] == '1' ? made : opened);
    }
    EXPECT_EQ(made, 1);
    for (const std::string& outcome : both.outcomes)
      EXPECT_TRUE(outcome == "ok" || outcome.ends_with("is there already")) << outcome;
  }
}

// A wallet that was copied, both copies used: the same request leaves both, the same tokens arrive in
// both, and each balance shows them as its own; whoever spends second is refused by the lender.
TEST(Copy, ResendsAndAcceptsTheSame) {
  const Group group;
  std::optional<Wallet> wallet = group.OpenWallet();
  const auto outgoing = wallet->Request(LenderKey(0), 2, false, kStart, SourceOf("r"));
  ASSERT_EQ(Outcome(outgoing), "ok");
  wallet.reset();
  const std::string elsewhere = group.directory() / "copy";
  CopyDirectory(group.WalletDirectory(), elsewhere);
  EXPECT_EQ(FilesIn(elsewhere), Names{"wallet.db"}) << "closed, it is one file";
  wallet.emplace(group.OpenWallet());
  Wallet copy = Wallet::Open(elsewhere).value();
  EXPECT_EQ(copy.key(), wallet->key());
  EXPECT_EQ(copy.Resend("")->sealed, outgoing->sealed);
  EXPECT_EQ(wallet->Resend("")->sealed, outgoing->sealed);

  Admin admin = group.OpenAdmin();
  bool is_new = false;
  const auto response = admin.Issue(outgoing->sealed, kStart, SourceOf("i"), is_new);
  EXPECT_TRUE(is_new);
  EXPECT_EQ(*admin.Issue(copy.Resend("")->sealed, kStart, SourceOf("j"), is_new), *response);
  EXPECT_FALSE(is_new) << "one debit for both";
  EXPECT_EQ(wallet->Accept(*response, kStart)->held, 2u);
  EXPECT_EQ(copy.Accept(*response, kStart)->held, 2u);
  const std::string tokens = "SELECT * FROM token ORDER BY id";
  EXPECT_EQ(Query(group.WalletFile(), tokens), Query(elsewhere + "/wallet.db", tokens));
  for (Wallet* each : {&*wallet, &copy}) {
    EXPECT_EQ(each->Look(kStart)->tokens.at(TokenState::kHeld), 2u);
    EXPECT_EQ(each->Look(kStart)->left, 2u);
    EXPECT_TRUE(each->Look(kStart)->requests.empty());
  }
  // Each copy counts for itself; the ledger counts both.
  const auto third = wallet->Request(LenderKey(0), 2, false, kStart, SourceOf("3"));
  const auto fourth = copy.Request(LenderKey(0), 2, false, kStart, SourceOf("4"));
  ASSERT_EQ(Outcome(fourth), "ok");
  EXPECT_EQ(Outcome(admin.Issue(third->sealed, kStart, SourceOf("k"), is_new)), "ok");
  EXPECT_EQ(Outcome(admin.Issue(fourth->sealed, kStart, SourceOf("l"), is_new)), "Debit.7");
}

}  // namespace
}  // namespace blindlend::test
