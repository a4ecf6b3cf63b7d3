// What several commands share: randomness, the clock, progress.
#pragma once

#include "app/cli/commands.h"
#include "app/http/issue.h"
#include "ref/rsa.h"

namespace blindlend {

/// The system's randomness.
bool SystemRandom(std::span<std::uint8_t> bytes);

/// SystemRandom that says on a terminal how far the work is by how often it is asked. Wipes its line
/// at the end of its life.
class Progress {
 public:
  explicit Progress(std::string text) : text_(std::move(text)) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// draws_a_unit: how many draws make one of what is counted.
  ByteSource Source(long draws_a_unit = 1);

 private:
  std::string text_;
  long draws_ = 0;
};

/// Whether somebody sees what goes to stderr.
bool SomebodyWatches();

/// Seconds since 1970-01-01 UTC: the clock's, or what --now says.
std::uint64_t Now(const Arguments& arguments);

/// CheckTargets for the file out: what the stores keep in the directory is an input too, and would be
/// lost.
std::expected<void, Stop> CheckOut(const Arguments& arguments,
                                   std::vector<std::string> inputs = {});

/// The SOCKS proxy that --via names, or nothing.
std::expected<std::optional<Via>, Stop> TakeVia(const Arguments& arguments);

/// How whoever serves at url is asked. time: in seconds.
std::expected<Asking, Stop> HowToAsk(const Arguments& arguments, const std::string& url,
                                     double time);

/// A new, validated key. bits: 2048, 3072 or 4096.
std::expected<SecretKey, Stop> FreshKey(long bits);

}  // namespace blindlend
