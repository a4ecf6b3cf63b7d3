// Preloaded into a process (LD_PRELOAD): writes down whom it connects to and which names it asks for, a line
// each, into the file that WATCH_NET names.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace {

void Note(const std::string& line) {
  const char* const path = std::getenv("WATCH_NET");
  if (path == nullptr) return;
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) std::abort();
  const std::string whole = line + "\n";
  if (write(file, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size())) std::abort();
  close(file);
}

void NoteAddress(const char* what, const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  unsigned port = 0;
  if (address != nullptr && address->sa_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    port = ntohs(v4->sin_port);
  } else if (address != nullptr && address->sa_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    port = ntohs(v6->sin6_port);
  } else {
    return;
  }
  Note(std::string(what) + " " + text.data() + " " + std::to_string(port));
}

template <class Function>
Function* Next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int connect(int fd, const sockaddr* address, socklen_t size) {
  static auto* const real = Next(&connect, "connect");
  NoteAddress("connect", address);
  return real(fd, address, size);
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* address,
               socklen_t length) {
  static auto* const real = Next(&sendto, "sendto");
  NoteAddress("sendto", address);
  return real(fd, data, size, flags, address, length);
}

int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  static auto* const real = Next(&getaddrinfo, "getaddrinfo");
  Note(std::string("getaddrinfo ") + (name == nullptr ? "" : name));
  return real(name, service, hints, found);
}

}  // extern "C"
