// What the store's tests share: directories that go away again, looks into the files past the store,
// a group with its admin, and what a dishonest admin signs.
#pragma once

#include <functional>
#include <optional>

#include "app/store/admin.h"
#include "app/store/lender.h"
#include "app/store/wallet.h"
#include "tests/support/group.h"

namespace blindlend::test {

inline constexpr std::uint64_t kDay = 24 * 60 * 60, kStart = 1'000'000'000;

/// A directory of its own, removed with everything in it.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string AsText(View bytes);
Bytes AsBytes(const std::string& text);
std::string ReadAll(const std::string& path);
void WriteTo(const std::string& path, const std::string& content);

/// The names of the files in a directory, in order.
std::vector<std::string> FilesIn(const std::string& directory);
std::vector<std::string> FilesIn(const std::string& directory, const std::string& prefix);

/// What each file of a directory holds.
std::map<std::string, std::string> Contents(const std::string& directory);

void CopyDirectory(const std::string& from, const std::string& to);

/// Whether some file of the directory holds these bytes anywhere.
bool Holds(const std::string& directory, View bytes);

/// What another connection to the database sees: all columns as text, blobs as their bytes.
using Table = std::vector<std::vector<std::string>>;
Table Query(const std::string& path, const std::string& sql);

/// "ok", "unusable", or the step of a refusal ("refused" if it has none).
template <class T>
std::string Outcome(const std::expected<T, Stop>& result) {
  if (result) return "ok";
  if (result.error().status == kExitUnusable) return "unusable";
  return result.error().step.empty() ? "refused" : result.error().step;
}

/// Randomness for a store: endless, the same for a name.
ByteSource SourceOf(const std::string& name);

/// The certificate for a group, made once.
const std::vector<ZZ>& CachedRoots(const SecretKey& sk, const std::string& group = "a group");

/// The parts of an evidence file, decoded.
std::vector<Bytes> EvidenceParts(const std::string& path);

/// The lenders at which tokens can be spent: identity keys, not in order.
Bytes LenderKey(std::size_t i);
std::vector<Bytes> LenderKeys();

/// The seed of an identity that a store made from SourceOf(name).
Bytes IdentityOf(const std::string& name);

/// What an honest admin answers, and what a dishonest one can make of it before it is signed.
Bytes SignedAnswer(const Bytes& admin_seed, const SecretKey& sk, View request,
                   const std::function<void(Batch&)>& change = {});

/// An admin and members' wallets in a directory, with one epoch under Key(2048, 0) that opens for issue
/// at kStart for a day and is spent the day after. All members are enrolled and have joined.
class Group {
 public:
  explicit Group(std::uint32_t quota = 4, std::size_t members = 1);

  std::string AdminDirectory() const { return directory_ / "admin"; }
  std::string WalletDirectory(std::size_t i = 0) const {
    return directory_ / ("wallet" + std::to_string(i));
  }
  std::string AdminFile() const { return AdminDirectory() + "/admin.db"; }
  std::string WalletFile(std::size_t i = 0) const { return WalletDirectory(i) + "/wallet.db"; }
  const TempDirectory& directory() const { return directory_; }
  const Bytes& admin_seed() const { return admin_seed_; }
  const Bytes& admin_key() const { return admin_key_; }
  const Bytes& link() const { return link_; }

  /// The stores, opened anew.
  Admin OpenAdmin() const;
  Wallet OpenWallet(std::size_t i = 0) const;

 private:
  TempDirectory directory_;
  Bytes admin_seed_, admin_key_, link_;
};

/// What `child` does in a process of its own: its return value is the exit status, 99 an exception.
int InChild(const std::function<int()>& child);

/// All of them at once, in processes that wait for each other at the start.
std::vector<int> InChildren(const std::vector<std::function<int()>>& children);

}  // namespace blindlend::test
