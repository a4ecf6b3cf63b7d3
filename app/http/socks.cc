#include "socks.h"

namespace blindlend {

Bytes SocksGreeting() {
  // SocksGreeting.1  Return 05 01 02.
  return {5, 1, 2};
}

std::expected<void, Failure> CheckSocksMethod(View reply) {
  // CheckSocksMethod.1  If len(reply) != 2 or reply[0..1) != 05, fail.
  if (reply.size() != 2 || reply[0] != 5) return Fail("CheckSocksMethod.1");
  // CheckSocksMethod.2  If reply[1..2) != 02, fail.
  if (reply[1] != 2) return Fail("CheckSocksMethod.2");
  return {};
}

std::expected<Bytes, Failure> SocksCredentials(const ByteSource& source) {
  // SocksCredentials.1  user = 16 bytes from source, then password = 16 bytes from source. If source is exhausted, fail.
  Bytes user(16), password(16);
  if (!source(user) || !source(password)) return Fail("SocksCredentials.1");
  // SocksCredentials.2  Return 01 18 || EncodeBase64(user) || 18 || EncodeBase64(password).
  return Join({Bytes{1, 24}, EncodeBase64(user), Bytes{24}, EncodeBase64(password)});
}

std::expected<void, Failure> CheckSocksStatus(View reply) {
  // CheckSocksStatus.1  If len(reply) != 2 or reply[0..1) != 01, fail.
  if (reply.size() != 2 || reply[0] != 1) return Fail("CheckSocksStatus.1");
  // CheckSocksStatus.2  If reply[1..2) != 00, fail.
  if (reply[1] != 0) return Fail("CheckSocksStatus.2");
  return {};
}

std::expected<Bytes, Failure> SocksConnect(View host, std::uint64_t port) {
  // SocksConnect.1  If len(host) is not in [1, 255] or port is not in [1, 65535], fail.
  if (host.empty() || host.size() > 255 || port < 1 || port > 65535) return Fail("SocksConnect.1");
  // SocksConnect.2  Return 05 01 00 03 || I2OSP(len(host), 1) || host || I2OSP(port, 2).
  return Join({Bytes{5, 1, 0, 3, static_cast<std::uint8_t>(host.size())}, host,
               Bytes{static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port & 255)}});
}

std::expected<std::size_t, Failure> ReadSocksReply(View bytes) {
  // ReadSocksReply.1  If bytes[0..1) is neither empty nor 05, fail.
  const std::size_t size = bytes.size();
  if (size > 0 && bytes[0] != 5) return Fail("ReadSocksReply.1");
  // ReadSocksReply.2  If bytes[1..2) is neither empty nor 00, fail.
  if (size > 1 && bytes[1] != 0) return Fail("ReadSocksReply.2");
  // ReadSocksReply.3  If bytes[2..3) is neither empty nor 00, fail.
  if (size > 2 && bytes[2] != 0) return Fail("ReadSocksReply.3");
  // ReadSocksReply.4  If bytes[3..4) is neither empty nor 01, 03 or 04, or bytes[3..5) = 03 00, fail.
  if (size > 3 && bytes[3] != 1 && bytes[3] != 3 && bytes[3] != 4) return Fail("ReadSocksReply.4");
  if (size > 4 && bytes[3] == 3 && bytes[4] == 0) return Fail("ReadSocksReply.4");
  // ReadSocksReply.5  If len(bytes) < 5, return 5 - len(bytes).
  if (size < 5) return 5 - size;
  // ReadSocksReply.6  length = 10 if bytes[3] = 1, 22 if bytes[3] = 4, otherwise 7 + bytes[4]. If len(bytes) > length, fail.
  const std::size_t length = bytes[3] == 1 ? 10 : bytes[3] == 4 ? 22 : 7U + bytes[4];
  if (size > length) return Fail("ReadSocksReply.6");
  // ReadSocksReply.7  Return length - len(bytes).
  return length - size;
}

}  // namespace blindlend
