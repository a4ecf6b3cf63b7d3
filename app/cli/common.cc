#include "common.h"

#include <sodium.h>
#include <unistd.h>

#include <ctime>

#include "app/store/refusal.h"

namespace blindlend {

bool SystemRandom(std::span<std::uint8_t> bytes) {
  randombytes_buf(bytes.data(), bytes.size());
  return true;
}

bool SomebodyWatches() {
  return isatty(STDERR_FILENO) == 1;
}

Progress::~Progress() {
  if (SomebodyWatches()) std::fprintf(stderr, "\r\x1b[K");
}

ByteSource Progress::Source(long draws_a_unit) {
  return [this, draws_a_unit](std::span<std::uint8_t> bytes) {
    if (++draws_ % draws_a_unit == 0 && SomebodyWatches())
      std::fprintf(stderr, "\rblindlend: %s %ld", text_.c_str(), draws_ / draws_a_unit);
    return SystemRandom(bytes);
  };
}

std::uint64_t Now(const Arguments& arguments) {
  return arguments.now.value_or(static_cast<std::uint64_t>(std::time(nullptr)));
}

std::expected<void, Stop> CheckOut(const Arguments& arguments, std::vector<std::string> inputs) {
  for (const char* name : {"admin", "wallet", "lender"})
    for (const char* end : {".db", ".db-wal", ".db-shm", ".db-journal", ".db.new", ".mark"})
      inputs.push_back(arguments.directory + "/" + name + end);
  return CheckTargets(inputs, {{arguments.out}}, false);
}

std::expected<SecretKey, Stop> FreshKey(long bits) {
  Progress progress("looking for two primes, draws in units of 64:");
  const auto sk = GenerateKey(bits, progress.Source(64));
  if (!sk) return Refused(sk.error());
  if (const auto valid = ValidatePublicKey(*sk); !valid) return Refused(valid.error());
  if (const auto valid = ValidateSecretKey(*sk); !valid) return Refused(valid.error());
  return *sk;
}

std::expected<std::optional<Via>, Stop> TakeVia(const Arguments& arguments) {
  if (arguments.via.empty()) return std::nullopt;
  const auto via = ParseVia(arguments.via);
  if (!via) return std::unexpected(via.error());
  return *via;
}

std::expected<Asking, Stop> HowToAsk(const Arguments& arguments, const std::string& url,
                                     double time) {
  const auto parsed = ParseUrl(url);
  if (!parsed) return std::unexpected(parsed.error());
  const auto via = TakeVia(arguments);
  if (!via) return std::unexpected(via.error());
  return Asking{*parsed, arguments.ca_file, *via, SystemRandom, time};
}

}  // namespace blindlend
