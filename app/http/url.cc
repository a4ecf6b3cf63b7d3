#include "url.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace blindlend {

namespace {

constexpr Kind kCredentialFile = {"credential", 8192, false, true};

/// Where there may be a password in it, the text is not repeated.
std::unexpected<Stop> Bad(const std::string& text, const std::string& why) {
  return Unusable(text.contains('@') ? "an address with a user or a password" : text, why);
}

}  // namespace

std::expected<Url, Stop> ParseUrl(const std::string& text) {
  std::string_view rest = text;
  Url url{rest.starts_with("https://"), "", "", ""};
  if (!url.is_secure && !rest.starts_with("http://"))
    return Bad(text, "is not of the form http://HOST or https://HOST");
  rest.remove_prefix(url.is_secure ? 8 : 7);
  const std::string_view authority = Before(rest, '/');
  url.path = rest.substr(authority.size());
  while (url.path.ends_with('/')) url.path.pop_back();
  std::string_view host = authority;
  std::string_view port;
  if (host.starts_with('[')) {  // an IPv6 address
    if (!host.contains(']')) return Bad(text, "has no host");
    const std::string_view inside = Before(host.substr(1), ']');
    const std::string_view behind = host.substr(std::min(host.size(), inside.size() + 2));
    if (!behind.empty() && !behind.starts_with(':'))
      return Bad(text, "has no port behind its address");
    port = behind.substr(std::min<std::size_t>(behind.size(), 1));
    if (!IsMadeOf(inside, 2, 45, true, ":.")) return Bad(text, "has no host");
    host = inside;
  } else {
    host = Before(authority, ':');
    port = authority.substr(std::min(authority.size(), host.size() + 1));
    if (!IsMadeOf(host, 1, 253, true, "-.")) return Bad(text, "has no host");
  }
  url.host = host;
  if (port.empty()) port = url.is_secure ? "443" : "80";
  const auto number = Decimal(port, 1, 5);
  if (!number || *number < 1 || *number > 65535) return Bad(text, "has no port from 1 to 65535");
  url.port = port;
  if (!IsMadeOf(url.path, 0, 256, true, "-._~/"))
    return Bad(text, "has a path with other characters");
  return url;
}

std::expected<Via, Stop> ParseVia(const std::string& text) {
  constexpr std::string_view kScheme = "socks5h://";
  const std::size_t colon = text.rfind(':');
  const bool is_whole = text.starts_with(kScheme) && colon >= kScheme.size();
  const auto port = is_whole ? Decimal(text.substr(colon + 1), 1, 5) : std::nullopt;
  if (!port || *port < 1 || *port > 65535)
    return Bad(text, "is not of the form socks5h://ADDRESS:PORT, such as socks5h://127.0.0.1:9050");
  std::string host = text.substr(kScheme.size(), colon - kScheme.size());
  if (host == "localhost") host = "127.0.0.1";
  const bool is_v6 = host.starts_with('[') && host.ends_with(']');
  if (is_v6) host = host.substr(1, host.size() - 2);
  std::array<std::uint8_t, 16> ignored;
  if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host.c_str(), ignored.data()) != 1)
    return Bad(text, "has no numeric address: a name would have to be asked for");
  return Via{host, static_cast<std::uint16_t>(*port)};
}

std::string HostOf(const Url& url) {
  const std::string host = url.host.contains(':') ? "[" + url.host + "]" : url.host;
  return url.port == (url.is_secure ? "443" : "80") ? host : host + ":" + url.port;
}

std::expected<Header, Stop> LoadCredential(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
    return Bad(path, "can be read by others; chmod 600 it");
  const auto bytes = ReadFile(path, kCredentialFile);
  if (!bytes) return std::unexpected(bytes.error());
  std::string line = ToText(*bytes);
  if (line.ends_with('\n')) line.pop_back();
  const std::string_view name = Before(line, ':');
  std::string_view value = std::string_view(line).substr(std::min(line.size(), name.size() + 1));
  while (value.starts_with(' ')) value.remove_prefix(1);
  const bool is_visible = std::ranges::all_of(value, [](char c) { return c >= 0x20 && c <= 0x7e; });
  if (!IsMadeOf(name, 1, 64, true, "-") || value.empty() || !is_visible)
    return Bad(path, "is not one line of the form NAME: VALUE, such as x-api-key: SECRET");
  return Header{std::string(name), std::string(value)};
}

bool IsLoopback(const std::string& address) {
  // The name of somebody's host may begin in the same way.
  return (address.starts_with("127.") && IsDottedQuad(Before(address, ':'))) ||
         address.starts_with("[::1]:") || address.starts_with("localhost:");
}

}  // namespace blindlend
