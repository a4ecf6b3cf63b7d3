// The lender's identity and chain of epochs, in DIRECTORY/lender.db.
#pragma once

#include "app/store/chain.h"

namespace blindlend {

/// As for Admin: kExitUnusable for the database, kExitRefused for an algorithm, nothing changed then.
class Lender {
 public:
  /// Makes the directory's lender, or opens it if it is there.
  static std::expected<Lender, Stop> Init(const std::string& directory, const ByteSource& source,
                                          bool& made);
  static std::expected<Lender, Stop> Open(const std::string& directory);

  const Bytes& key() const { return key_; }

  /// Verifies a sealed link of admin and puts it at the end of the chain. The first one settles who
  /// the admin is.
  std::expected<Joined, Stop> Join(View admin, View sealed);

 private:
  Lender(Database database, std::string directory);

  Database database_;
  std::string directory_;
  Bytes key_;
};

}  // namespace blindlend
