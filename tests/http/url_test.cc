// Addresses as the command line has them, and the file with the credential: what is taken, and all that is refused.
#include "app/http/url.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace blindlend {
namespace {

std::string Refusal(const std::string& text) {
  const auto url = ParseUrl(text);
  return url ? "" : url.error().line;
}

void ExpectUrl(const std::string& text, bool is_secure, const std::string& host,
               const std::string& port, const std::string& path, const std::string& of) {
  const auto url = ParseUrl(text);
  ASSERT_TRUE(url.has_value()) << text << ": " << url.error().line;
  EXPECT_EQ(url->is_secure, is_secure) << text;
  EXPECT_EQ(url->host, host) << text;
  EXPECT_EQ(url->port, port) << text;
  EXPECT_EQ(url->path, path) << text;
  EXPECT_EQ(HostOf(*url), of) << text;
}

TEST(Url, Taken) {
  ExpectUrl("https://api.example", true, "api.example", "443", "", "api.example");
  ExpectUrl("http://api.example", false, "api.example", "80", "", "api.example");
  ExpectUrl("https://api.example:443/", true, "api.example", "443", "", "api.example");
  ExpectUrl("https://api.example:80", true, "api.example", "80", "", "api.example:80");
  ExpectUrl("http://127.0.0.1:8080/a/b//", false, "127.0.0.1", "8080", "/a/b", "127.0.0.1:8080");
  ExpectUrl("http://h:1/~a-b._", false, "h", "1", "/~a-b._", "h:1");
  ExpectUrl("http://h:65535", false, "h", "65535", "", "h:65535");
  ExpectUrl("http://h:", false, "h", "80", "", "h");
  ExpectUrl("http://[::1]", false, "::1", "80", "", "[::1]");
  ExpectUrl("https://[2001:db8::1]:8443/v1", true, "2001:db8::1", "8443", "/v1",
            "[2001:db8::1]:8443");
  ExpectUrl("http://" + std::string(253, 'h'), false, std::string(253, 'h'), "80", "",
            std::string(253, 'h'));
  ExpectUrl("http://h/" + std::string(255, 'p'), false, "h", "80", "/" + std::string(255, 'p'),
            "h");
}

TEST(Url, Refused) {
  for (const char* const text :
       {"", "api.example", "ftp://h", "HTTP://h", "http:/h", "https:h", " http://h"})
    EXPECT_NE(Refusal(text).find("http://HOST"), std::string::npos) << text;
  for (const std::string& text :
       {std::string("http://"), std::string("http:///v1"), std::string("https://:443"),
        std::string("http://user@h"), std::string("http://user:word@h"),
        std::string("http://h?a=b"), std::string("http://h#a"), std::string("http://h\r\nX: 1"),
        std::string("http://h h"), std::string("http://h\0h", 10), std::string("http://\xc3\xa4"),
        std::string("http://[]"), std::string("http://[1]"), std::string("http://[::1%25eth0]"),
        std::string("http://["), "http://" + std::string(254, 'h'),
        "http://[" + std::string(46, ':') + "]"})
    EXPECT_TRUE(Refusal(text).ends_with("has no host") ||
                Refusal(text).ends_with("has no port from 1 to 65535"))
        << text << ": " << Refusal(text);
  for (const char* const text :
       {"http://me:hunter2@h", "https://me:hu/nter2@h", "HTTPS://me:hunter2@h"})
    EXPECT_EQ(Refusal(text).find("nter2"), std::string::npos);
  const auto via = ParseVia("socks5h://me:hunter2@127.0.0.1:9050");
  ASSERT_FALSE(via);
  EXPECT_EQ(via.error().line.find("hunter2"), std::string::npos);
  for (const char* const text :
       {"http://h:0", "http://h:65536", "http://h:000080", "http://h:-1", "http://h:+1",
        "http://h: 1", "http://h:80:80", "http://h:a", "http://[::1]:99999"})
    EXPECT_TRUE(Refusal(text).ends_with("has no port from 1 to 65535"))
        << text << ": " << Refusal(text);
  EXPECT_TRUE(Refusal("http://[::1]80").ends_with("has no port behind its address"));
  EXPECT_TRUE(Refusal("http://[::1]x:80").ends_with("has no port behind its address"));
  for (const std::string& text :
       {std::string("http://h/a?b"), std::string("http://h/a#b"), std::string("http://h/%61"),
        std::string("http://h/a b"), std::string("http://h/\r\nX: 1"), std::string("http://h/\xff"),
        "http://h/" + std::string(256, 'p')})
    EXPECT_TRUE(Refusal(text).ends_with("has a path with other characters"))
        << text << ": " << Refusal(text);
}

TEST(Url, Loopback) {
  for (const char* const address :
       {"127.0.0.1:80", "127.255.255.254:8080", "[::1]:443", "localhost:80"})
    EXPECT_TRUE(IsLoopback(address)) << address;
  for (const char* const address :
       {"", "0.0.0.0:80", "[::]:80", "128.0.0.1:80", "27.0.0.1:80", "127.example.org:80",
        "127.0.0.1.example.org:80", "127.0.0.1x:80", "127.:80", "localhost",
        "localhost.example.org:80", "[::10]:80", "[::1].example.org:80"})
    EXPECT_FALSE(IsLoopback(address)) << address;
}

class Credential : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "blindlend-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::expected<Header, Stop> Load(const std::string& content, mode_t mode = 0600) {
    const std::string path = directory_ / "credential";
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return LoadCredential(path);
  }

  std::filesystem::path directory_;
};

TEST_F(Credential, Taken) {
  for (const char* const content : {"x-api-key: a secret", "x-api-key: a secret\n",
                                    "x-api-key:a secret", "x-api-key:   a secret\n"}) {
    const auto header = Load(content);
    ASSERT_TRUE(header.has_value()) << content;
    EXPECT_EQ(header->name, "x-api-key");
    EXPECT_EQ(header->value, "a secret");
  }
  EXPECT_EQ(Load("a: b: c").value().value, "b: c");
  EXPECT_EQ(Load(std::string(64, 'a') + ": b").value().name, std::string(64, 'a'));
  EXPECT_EQ(Load("a:" + std::string(8190, 'b')).value().value.size(), 8190u);
  EXPECT_TRUE(Load("a: b", 0400).has_value());
}

// What is refused is not shown.
TEST_F(Credential, Refused) {
  for (const std::string& content :
       {std::string("\n"), std::string("hidden"), std::string("hidden:"), std::string("hidden: \n"),
        std::string(": hidden"), std::string("x api key: hidden"), std::string("x_api_key: hidden"),
        std::string("a: hidden\nb: hidden\n"), std::string("a: hidden\n\n"),
        std::string("a: hidden\r\n"), std::string("a: hid\0den", 10), std::string("a: hidden\x7f"),
        std::string("a: hidden\xc3\xa4"), std::string("a: \thidden"),
        std::string("\xef\xbb\xbf"
                    "a: hidden"),
        std::string(65, 'a') + ": hidden"}) {
    const auto header = Load(content);
    ASSERT_FALSE(header.has_value()) << content;
    EXPECT_TRUE(header.error().line.contains("NAME: VALUE")) << header.error().line;
    EXPECT_FALSE(header.error().line.contains("hidden")) << header.error().line;
  }
  EXPECT_FALSE(Load("").has_value());
  EXPECT_FALSE(Load("a:" + std::string(8191, 'b')).has_value());
  for (const mode_t mode : {0640u, 0604u, 0620u, 0610u, 0644u}) {
    const auto header = Load("a: hidden", mode);
    ASSERT_FALSE(header.has_value()) << mode;
    EXPECT_TRUE(header.error().line.contains("chmod 600")) << header.error().line;
  }
  EXPECT_FALSE(LoadCredential(directory_ / "none").has_value());
  EXPECT_FALSE(LoadCredential(directory_).has_value());
}

}  // namespace
}  // namespace blindlend
