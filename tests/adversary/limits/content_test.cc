// Limits that lie in the requests themselves: the lender reads them, and no signature changes what
// they say.
#include "tests/adversary/limits/small_group.h"
#include "tests/store/store_support.h"

namespace blindlend::test {
namespace {

/// Members who each send some requests, every one with a token of its own, in an order that is
/// drawn.
SmallGroup Sent(const std::vector<std::vector<std::string>>& requests,
                std::vector<std::size_t>& by) {
  SmallGroup group(requests.size(), 7);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    group.Obtain(i, requests[i].size(), kGroupFrom);
    order.insert(order.end(), requests[i].size(), i);
  }
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[group.Draw(i)]);
  std::vector<std::size_t> next(requests.size());
  for (const std::size_t member : order) {
    group.Spend(member, Ascii(requests[member][next[member]++]), kGroupUntil - 1);
    by.push_back(member);
  }
  std::set<Bytes> keys;
  for (const Served& each : group.served()) keys.insert(each.token.spend_key);
  EXPECT_EQ(keys.size(), order.size()) << "no two requests share a token";
  return group;
}

/// How often each pair of letters stands in a text, as a share.
std::map<std::string, double> Pairs(const std::string& text) {
  std::map<std::string, double> pairs;
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    pairs[text.substr(i, 2)] += 1 / static_cast<double>(text.size());
  return pairs;
}

double Distance(const std::string& a, const std::string& b) {
  auto difference = Pairs(a);
  for (const auto& [pair, share] : Pairs(b)) difference[pair] -= share;
  double sum = 0;
  for (const auto& [pair, share] : difference) sum += std::abs(share);
  return sum;
}

// Limit.ContentNamesAuthor: in words, and in style: the lender has a page of each member's from
// elsewhere, and takes the one whose pairs of letters are nearest.
TEST(Limits, ContentNamesAuthor) {
  const std::vector<std::string> pages = {
      "ok so pls have a look at the thing i sent, its kinda broken again lol. idk why but pls dont "
      "change the tests, just make em green. thx a lot, u r great",
      "Kindly review the attached memorandum at your earliest convenience. I should be grateful "
      "for your considered remarks, particularly regarding the third section. Yours sincerely",
      "HELLO!!! QUICK QUESTION!!! WHY DOES THE BUILD FAIL??? IT WORKED YESTERDAY!!! PLEASE "
      "HELP!!! THANK YOU SO MUCH!!! THIS IS URGENT!!!"};
  const std::vector<std::vector<std::string>> styled = {
      {"pls write a script that renames my pics, idk bash lol", "its slow, pls fix it thx",
       "can u explain this error, its kinda weird"},
      {"Kindly compose a letter to the council regarding the matter of the fence.",
       "I should be grateful if you would verify the following calculation.",
       "At your earliest convenience, kindly propose a title for the section."},
      {"WRITE ME A POEM!!! ABOUT CATS!!!", "WHY IS THIS SO SLOW??? HELP!!!",
       "TRANSLATE THIS!!! QUICK!!! THANK YOU!!!"}};
  const auto right = [&](const std::vector<std::vector<std::string>>& requests) {
    std::vector<std::size_t> by;
    const SmallGroup group = Sent(requests, by);
    std::size_t count = 0;
    for (std::size_t i = 0; i < by.size(); ++i) {
      const std::string text = AsText(group.served()[i].request);
      const auto nearest = std::ranges::min_element(
          pages, {}, [&](const std::string& page) { return Distance(page, text); });
      count += static_cast<std::size_t>(nearest - pages.begin()) == by[i] ? 1u : 0u;
    }
    return count;
  };
  EXPECT_EQ(right(styled), 9u);
  // The same words by all of them: the style tells nothing.
  EXPECT_EQ(right({styled[1], styled[1], styled[1]}), 3u);

  std::vector<std::size_t> by;
  const std::vector<std::string> names = {"Ada", "Ben", "Cleo"};
  const SmallGroup group =
      Sent({{"mail from Ada: shorten it"}, {"I, Ben, ask"}, {"sign it: Cleo"}}, by);
  for (std::size_t i = 0; i < by.size(); ++i)
    for (std::size_t name = 0; name < names.size(); ++name)
      EXPECT_EQ(AsText(group.served()[i].request).find(names[name]) != std::string::npos,
                name == by[i]);
}

// Limit.ChatHistory: each turn carries the ones before it, and its bytes begin with theirs. Five
// turns of four members, each paid for by another token, fall into four chats; without the history
// into twenty.
TEST(Limits, ChatHistory) {
  const auto chats = [](bool with_history) {
    std::vector<std::vector<std::string>> requests(4);
    for (std::size_t member = 0; member < 4; ++member) {
      std::string history;
      for (int turn = 0; turn < 5; ++turn) {
        const std::string said = "user: question " +
                                 std::to_string(97 * member + 13 * static_cast<unsigned>(turn)) +
                                 "\n";
        history += said;
        requests[member].push_back(with_history ? history : said);
        history += "assistant: an answer of turn " + std::to_string(turn) + "\n";
      }
    }
    std::vector<std::size_t> by;
    const SmallGroup group = Sent(requests, by);
    // The lender's work: a request that begins with another one goes on with its chat.
    std::vector<std::size_t> chat;
    std::size_t count = 0;
    for (std::size_t i = 0; i < by.size(); ++i) {
      const std::string text = AsText(group.served()[i].request);
      std::size_t longest = 0, found = count;
      for (std::size_t j = 0; j < i; ++j) {
        const std::string other = AsText(group.served()[j].request);
        if (other.size() > longest && text.starts_with(other)) {
          longest = other.size();
          found = chat[j];
        }
      }
      count += found == count ? 1 : 0;
      chat.push_back(found);
      for (std::size_t j = 0; with_history && j < i; ++j)
        EXPECT_EQ(chat[j] == found, by[j] == by[i]);
    }
    return count;
  };
  EXPECT_EQ(chats(true), 4u);
  EXPECT_EQ(chats(false), 20u);
}

/// A request's head without what its body decides: the names in their order and as they are
/// written, and what the client says of itself.
std::string HeadOf(const std::string& request) {
  std::string head;
  for (std::size_t at = 0; at < request.find("\r\n\r\n");) {
    const std::size_t end = request.find("\r\n", at);
    const std::string line = request.substr(at, end - at);
    head += line.starts_with("content-length") || line.starts_with("Content-Length")
                ? line.substr(0, line.find(':')) + "\n"
                : line + "\n";
    at = end + 2;
  }
  return head;
}

// Limit.HeaderFingerprint: three clients, used by three, two and one of six members. Requests fall
// apart by client, and whoever is alone with one is known by it; with one client for all they do
// not.
TEST(Limits, HeaderFingerprint) {
  const auto request = [](std::size_t client, const std::string& body) {
    const std::string length = std::to_string(body.size());
    const std::array<std::string, 3> heads = {
        "POST /v1/chat HTTP/1.1\r\nHost: lender\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
        "Content-Length: " +
            length,
        "POST /v1/chat HTTP/1.1\r\nhost: lender\r\nconnection: keep-alive\r\ncontent-length: " +
            length + "\r\naccept-language: de\r\nuser-agent: node",
        "POST /v1/chat HTTP/1.1\r\nHost: lender\r\nAccept-Encoding: gzip, deflate, br\r\n"
        "User-Agent: python-httpx/0.27\r\nContent-Length: " +
            length};
    return heads.at(client) + "\r\n\r\n" + body;
  };
  const auto classes = [&](const std::vector<std::size_t>& client_of) {
    std::vector<std::vector<std::string>> requests(client_of.size());
    for (std::size_t i = 0; i < client_of.size(); ++i)
      for (int times = 0; times < 3; ++times)
        requests[i].push_back(request(client_of[i], std::string(1 + requests[i].size() * 7, 'x')));
    std::vector<std::size_t> by;
    const SmallGroup group = Sent(requests, by);
    std::map<std::string, std::set<std::size_t>> members;
    for (std::size_t i = 0; i < by.size(); ++i)
      members[HeadOf(AsText(group.served()[i].request))].insert(by[i]);
    std::set<std::set<std::size_t>> found;
    for (const auto& [head, behind] : members) found.insert(behind);
    return found;
  };
  EXPECT_EQ(classes({0, 0, 0, 1, 1, 2}), (std::set<std::set<std::size_t>>{{0, 1, 2}, {3, 4}, {5}}));
  EXPECT_EQ(classes({0, 0, 0, 0, 0, 0}), (std::set<std::set<std::size_t>>{{0, 1, 2, 3, 4, 5}}));
}

}  // namespace
}  // namespace blindlend::test
