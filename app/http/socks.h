// Spec chapter 12-socks: the way through a SOCKS proxy, as far as it needs no socket.
#pragma once

#include "ref/encoding.h"

namespace blindlend {

/// What is said first. RFC 1928 section 3.
Bytes SocksGreeting();

/// Whether the proxy will look at a user name and a password. reply: what has come, at best 2 bytes.
/// Fails at CheckSocksMethod.1 (form), .2 (it will not).
std::expected<void, Failure> CheckSocksMethod(View reply);

/// A user name and a password that no other connection has. RFC 1929 section 2.
/// Fails at SocksCredentials.1 (source exhausted).
std::expected<Bytes, Failure> SocksCredentials(const ByteSource& source);

/// Whether it takes them. reply: what has come, at best 2 bytes.
/// Fails at CheckSocksStatus.1 (form), .2 (it does not).
std::expected<void, Failure> CheckSocksStatus(View reply);

/// What asks for a connection, by name. host: 1 to 255 bytes; port: 1 to 65535. RFC 1928 section 4.
/// Fails at SocksConnect.1 (out of range).
std::expected<Bytes, Failure> SocksConnect(View host, std::uint64_t port);

/// How many bytes of the reply to that are read next; 0 when it is whole and grants. bytes: what has
/// come so far. RFC 1928 section 6.
/// Fails at ReadSocksReply.1 (not SOCKS), .2 (refused), .3, .4, .6 (form).
std::expected<std::size_t, Failure> ReadSocksReply(View bytes);

}  // namespace blindlend
