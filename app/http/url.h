// Addresses as the command line has them.
#pragma once

#include <cstdint>
#include <string>

#include "app/http/text.h"
#include "app/store/files.h"

namespace blindlend {

/// http(s)://host[:port][/path]. path: put before every target, without a slash at its end.
struct Url {
  bool is_secure;
  std::string host, port, path;
};

/// Stops with kExitUnusable.
std::expected<Url, Stop> ParseUrl(const std::string& text);

/// A SOCKS proxy. host: an address, never a name: whoever resolved one would know whom it is for.
struct Via {
  std::string host;
  std::uint16_t port;
};

/// "socks5h://ADDRESS:PORT", or localhost for the address. Stops with kExitUnusable.
std::expected<Via, Stop> ParseVia(const std::string& text);

/// What goes into the header Host.
std::string HostOf(const Url& url);

/// The one header line of a credential file, such as "x-api-key: SECRET".
/// Stops with kExitUnusable: cannot be read, readable by others, not one line of this form.
std::expected<Header, Stop> LoadCredential(const std::string& path);

/// Whether an address "host:port" is of this machine only.
bool IsLoopback(const std::string& address);

}  // namespace blindlend
