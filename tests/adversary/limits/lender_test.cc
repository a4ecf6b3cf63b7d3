// Limits of what the member can keep from the lender that serves it, and from the vendor behind it.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/store/refusal.h"
#include "tests/store/spent_support.h"

namespace blindlend::test {
namespace {

/// A copy of a lender that follows one epoch, open.
struct OneLender {
  TempDirectory directory;
  std::unique_ptr<Lender> lender;
  ByteSource claims = SourceOf("claims");

  OneLender() {
    CopyDirectory(LenderDirectory(1), Path());
    lender = OpenLender(Path());
  }
  std::string Path() const { return directory / "lender"; }
  Table Rows() const { return SpentRows(Path() + "/lender.db"); }
  std::expected<Claimed, Stop> Redeem(const Bytes& borrow, const Bytes& request,
                                      std::uint64_t now = kSpendNow) {
    return lender->Redeem(borrow, request, now, true, claims);
  }
};

Token TokenIn(const Bytes& borrow) {
  return ParseBorrow(View(borrow).first(borrow.size() - 64))->token;
}

/// A wallet of a group with so many tokens for its first lender, and as many for the second.
Wallet Filled(const Group& group, std::size_t count) {
  Admin admin = group.OpenAdmin();
  Wallet wallet = group.OpenWallet();
  for (std::size_t i = 0; i < 2; ++i) {
    bool is_new = false;
    const auto request =
        wallet.Request(LenderKey(i), count, false, kStart, SourceOf("r" + std::to_string(i)));
    wallet.Accept(admin.Issue(request->sealed, kStart, SourceOf("i"), is_new).value(), kStart)
        .value();
  }
  return wallet;
}

// Limit.UpstreamSeesLender: three members borrow; a lender that does everything right calls
// upstream. What is bound to the token is the request as it is, so it can go on in no other form.
TEST(Limits, UpstreamSeesLender) {
  struct Call {
    std::string credential;
    Bytes body;
    std::uint64_t at;
  };
  std::vector<Call> vendor;
  OneLender one;
  const std::vector<std::string> bodies = {"translate this", "write a poem", "fix my tests"};
  for (std::size_t i = 0; i < 3; ++i) {
    const Bytes body = Ascii(bodies[i]), borrow = HeldToken(0, i).Borrow(bodies[i]);
    EXPECT_EQ(VerdictOf(one.Redeem(borrow, Ascii("something harmless"))), "VerifyBorrow.2");
    const std::uint64_t now = kSpendNow + 1000 * i;
    const auto claimed = one.Redeem(borrow, body, now);
    ASSERT_EQ(VerdictOf(claimed), "fresh");
    vendor.push_back({"the account of " + Hex(one.lender->key()), body, now});
    ASSERT_EQ(Outcome(one.lender->Settle(claimed->claim_id)), "ok");
  }
  std::set<std::string> accounts;
  for (std::size_t i = 0; i < 3; ++i) {
    accounts.insert(vendor[i].credential);
    EXPECT_EQ(AsText(vendor[i].body), bodies[i]) << "the content";
    EXPECT_EQ(vendor[i].at - vendor[0].at, 1000 * i) << "the timing";
  }
  EXPECT_EQ(accounts.size(), 1u) << "one account, used by all";
}

/// The address from which somebody connects to a listening socket on 127.0.0.1 from another of the
/// machine's own addresses, and what arrives; nothing where there is no such network.
std::optional<std::pair<std::string, Bytes>> Arrived(const char* from, const Bytes& message) {
  const auto address = [](const char* text) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    inet_pton(AF_INET, text, &in.sin_addr);
    return in;
  };
  const int listening = socket(AF_INET, SOCK_STREAM, 0), member = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in here = address("127.0.0.1"), there = address(from), seen{};
  socklen_t size = sizeof here;
  std::optional<std::pair<std::string, Bytes>> arrived;
  if (bind(listening, reinterpret_cast<sockaddr*>(&here), size) == 0 && listen(listening, 1) == 0 &&
      getsockname(listening, reinterpret_cast<sockaddr*>(&here), &size) == 0 &&
      bind(member, reinterpret_cast<sockaddr*>(&there), size) == 0 &&
      connect(member, reinterpret_cast<sockaddr*>(&here), size) == 0) {
    const int accepted = accept(listening, reinterpret_cast<sockaddr*>(&seen), &size);
    if (write(member, message.data(), message.size()) == static_cast<ssize_t>(message.size())) {
      Bytes read_bytes(message.size());
      std::size_t have = 0;
      for (ssize_t got = 1; got > 0 && have < read_bytes.size();
           have += static_cast<std::size_t>(std::max<ssize_t>(got, 0)))
        got = read(accepted, read_bytes.data() + have, read_bytes.size() - have);
      std::array<char, INET_ADDRSTRLEN> text{};
      inet_ntop(AF_INET, &seen.sin_addr, text.data(), text.size());
      arrived = {text.data(), read_bytes};
    }
    close(accepted);
  }
  close(member);
  close(listening);
  return arrived;
}

// Limit.LenderSeesRequest: what the lender needs to check a borrow is the request itself. Over a
// socket, the connection brings the address with it; the borrow does not.
TEST(Limits, LenderSeesRequest) {
  OneLender one;
  struct Line {
    std::uint64_t at;
    std::string from, content;
  };
  std::vector<Line> written_down;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string prompt = "prompt " + std::to_string(i);
    const Bytes borrow = HeldToken(0, i).Borrow(prompt);
    // The digest in the borrow is not enough to serve it.
    EXPECT_EQ(VerdictOf(one.Redeem(borrow, borrow)), "VerifyBorrow.2");
    const char* const address = i == 1 ? "127.0.0.3" : "127.0.0.2";
    const auto arrived = Arrived(address, Join({borrow, Ascii(prompt)}));
    if (!arrived) GTEST_SKIP() << "no loopback network on this machine: not shown";
    const Bytes body(arrived->second.begin() + static_cast<std::ptrdiff_t>(borrow.size()),
                     arrived->second.end());
    ASSERT_EQ(VerdictOf(one.Redeem(borrow, body, kSpendNow + i)), "fresh");
    written_down.push_back({kSpendNow + i, arrived->first, AsText(body)});
  }
  EXPECT_EQ(written_down[0].content, "prompt 0");
  EXPECT_EQ(written_down[2].at - written_down[0].at, 2u);
  // Two are of one address, whatever the tokens say.
  EXPECT_EQ(written_down[0].from, "127.0.0.2");
  EXPECT_EQ(written_down[1].from, "127.0.0.3");
  EXPECT_EQ(written_down[2].from, written_down[0].from);
  for (const auto& row : one.Rows())
    for (const std::string& column : row)
      EXPECT_EQ(column.find("127.0.0"), std::string::npos) << "an honest lender's rows do not";
}

// Limit.LyingLender, Limit.RetryJoins: it calls busy what it has served, and released what it will
// not give back. The same request then comes with the same bytes, and another request with the same
// token, when the member has no other left.
TEST(Limits, LyingLender) {
  const Group group(8);
  Wallet wallet = Filled(group, 3);
  const auto spend = [&](const std::string& request) {
    return wallet.Spend(LenderKey(0), Ascii(request), kStart + kDay, SourceOf("any"))->sealed;
  };
  // An honest lender's two borrows have nothing in common but the epoch and the lender.
  const Bytes first = spend("a"), second = spend("b");
  EXPECT_NE(TokenIn(first).spend_key, TokenIn(second).spend_key);
  EXPECT_NE(TokenIn(first).sig, TokenIn(second).sig);

  EXPECT_EQ(spend("a"), first) << "'busy': it comes again, and is known by every byte";
  ASSERT_EQ(Outcome(wallet.End(first, false)), "ok");  // 'released'
  EXPECT_NE(TokenIn(spend("c")).spend_key, TokenIn(first).spend_key) << "there is another one";
  const Bytes other = spend("d");
  EXPECT_NE(other, first);
  EXPECT_EQ(TokenIn(other).spend_key, TokenIn(first).spend_key)
      << "two requests, known to be one member's";
}

// Limit.Failover: lender and audience are others, so are token, digest and signature; the body is
// the same.
TEST(Limits, Failover) {
  const Group group(8);
  Wallet wallet = Filled(group, 1);
  const auto spend = [&](std::size_t lender, const std::string& body) {
    return wallet.Spend(LenderKey(lender), Ascii(body), kStart + kDay, SourceOf("any"))->sealed;
  };
  const std::string body = "my question, as I put it";
  const Bytes first = spend(0, body), second = spend(1, body);
  const Token a = TokenIn(first), b = TokenIn(second);
  EXPECT_EQ(a.key_id, b.key_id) << "which all members share";
  EXPECT_NE(a.audience, b.audience);
  EXPECT_NE(a.spend_key, b.spend_key);
  EXPECT_NE(a.sig, b.sig);
  EXPECT_NE(ParseBorrow(View(first).first(first.size() - 64))->digest,
            ParseBorrow(View(second).first(second.size() - 64))->digest);
  // What each lender must have in order to check its borrow is the body, and that is the same.
  const std::vector<Link> chain = {*VerifyLink(group.admin_key(), group.link())};
  const auto accepts = [&](std::size_t lender, const Bytes& borrow, const std::string& text) {
    return Step(VerifyBorrow(chain, LenderKey(lender), kStart + kDay, Ascii(text), borrow));
  };
  EXPECT_EQ(accepts(0, first, body), "");
  EXPECT_EQ(accepts(1, second, body), "");
  // The second cannot do with anything else: not to be joined, the member must have put it
  // otherwise.
  EXPECT_EQ(accepts(1, second, "the same question in other words"), "VerifyBorrow.2");
}

// Limit.GuessablePrompt: from the borrow, and from the lender's rows until the claim is settled; in
// its files until they are compacted.
TEST(Limits, GuessablePrompt) {
  OneLender one;
  const std::string prompt = "summarise chapter 217";
  const Held& held = HeldToken(0, 0);
  const Bytes borrow = held.Borrow(prompt);
  const auto confirmed = [&](const Bytes& id, const Bytes& digest) {
    std::vector<std::string> found;
    for (int chapter = 1; chapter <= 500; ++chapter) {
      const std::string guess = "summarise chapter " + std::to_string(chapter);
      if (RequestDigest(id, Ascii(guess)) == digest) found.push_back(guess);
    }
    return found;
  };
  const std::vector<std::string> right = {prompt};
  EXPECT_EQ(confirmed(held.Id(), ParseBorrow(View(borrow).first(borrow.size() - 64))->digest),
            right);
  const auto claimed = one.Redeem(borrow, Ascii(prompt));
  ASSERT_EQ(VerdictOf(claimed), "fresh");
  const Table before = one.Rows();
  ASSERT_EQ(before.size(), 1u);
  EXPECT_EQ(confirmed(AsBytes(before[0][0]), AsBytes(before[0][4])), right);

  const Bytes digest = AsBytes(before[0][4]);
  ASSERT_EQ(Outcome(one.lender->Settle(claimed->claim_id)), "ok");
  const Table after = one.Rows();
  ASSERT_EQ(after[0][0], before[0][0]) << "the token is still known";
  EXPECT_EQ(confirmed(AsBytes(after[0][0]), AsBytes(after[0][4])), std::vector<std::string>{});
  EXPECT_TRUE(Holds(one.Path(), digest));
  ASSERT_EQ(Outcome(one.lender->Compact()), "ok");
  EXPECT_FALSE(Holds(one.Path(), digest));
}

// Limit.CopiedBorrow, Claim.BorrowBound: the copy is served first, and the member never; but once,
// for that request and at that lender.
TEST(Limits, CopiedBorrow) {
  OneLender one;
  const Held& held = HeldToken(0, 0);
  const Bytes request = Ascii("what the member asks"), borrow = held.Borrow("what the member asks");
  const Bytes copy = borrow;  // seen on its way
  EXPECT_EQ(VerdictOf(one.Redeem(copy, Ascii("what the thief asks"))), "VerifyBorrow.2");
  EXPECT_EQ(Step(VerifyBorrow(SpentChain(1), LenderKey(0), kSpendNow, request, copy)),
            "VerifyBorrow.8")
      << "at the other lender";
  // Nor does the token without its seed make a borrow for another request.
  EXPECT_EQ(Step(MakeBorrow(TokenIn(copy), SeedOf("thief"), Ascii("what the thief asks"))),
            "MakeBorrow.1");
  EXPECT_EQ(one.Rows(), Table{});

  const auto claimed = one.Redeem(copy, request);
  ASSERT_EQ(VerdictOf(claimed), "fresh") << "it cannot be told from the original";
  EXPECT_EQ(VerdictOf(one.Redeem(borrow, request)), "busy");
  ASSERT_EQ(Outcome(one.lender->Settle(claimed->claim_id)), "ok");
  EXPECT_EQ(VerdictOf(one.Redeem(borrow, request)), "served") << "to somebody else";
  EXPECT_EQ(VerdictOf(one.Redeem(copy, request)), "served");
}

// Limit.Refusal: an admin strikes a member off; a lender claims and keeps silent. The token is good
// nowhere else.
TEST(Limits, Refusal) {
  const Group group(8);
  Wallet wallet = Filled(group, 1);
  Admin admin = group.OpenAdmin();
  ASSERT_EQ(Outcome(admin.Remove("wallet0")), "ok");
  const auto request = wallet.Request(LenderKey(0), 1, false, kStart, SourceOf("more"));
  bool is_new = false;
  EXPECT_EQ(Outcome(admin.Issue(request->sealed, kStart, SourceOf("i"), is_new)), "Debit.4");

  OneLender one;
  const Held& held = HeldToken(0, 0);
  const Bytes borrow = held.Borrow("r");
  ASSERT_EQ(VerdictOf(one.Redeem(borrow, Ascii("r"))), "fresh");
  // Nothing comes. Until the epoch is over the token is claimed, and no other request can have it.
  for (const std::uint64_t later : {0ull, 3600ull, 80'000ull})
    EXPECT_EQ(VerdictOf(one.Redeem(borrow, Ascii("r"), kSpendNow + later / 2)), "busy");
  EXPECT_EQ(VerdictOf(one.Redeem(held.Borrow("another"), Ascii("another"))), "double-spend");
  EXPECT_EQ(Step(VerifyBorrow(SpentChain(1), LenderKey(0), kSpendNow, Ascii("r"), borrow)),
            "VerifyBorrow.8");
}

}  // namespace
}  // namespace blindlend::test
