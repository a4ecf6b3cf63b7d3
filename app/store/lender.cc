#include "lender.h"

namespace blindlend {

namespace {

const DatabaseKind kLenderDatabase = {"lender's database", 0x424c6c65 /* BLle */, 1,
                                      std::string(kIdentitySchema) + kAnchorSchema + kChainSchema};

std::string PathIn(const std::string& directory) {
  return directory + "/lender.db";
}

}  // namespace

Lender::Lender(Database database, std::string directory)
    : database_(std::move(database)), directory_(std::move(directory)) {
  key_ = PublicOf(IdentitySeed(database_));
}

std::expected<Lender, Stop> Lender::Init(const std::string& directory, const ByteSource& source,
                                         bool& made) {
  return Guarded([&]() -> std::expected<Lender, Stop> {
    made = InitIdentity(kLenderDatabase, directory, PathIn(directory), source);
    return Lender(Database(kLenderDatabase, PathIn(directory)), directory);
  });
}

std::expected<Lender, Stop> Lender::Open(const std::string& directory) {
  return Guarded([&]() -> std::expected<Lender, Stop> {
    return Lender(Database(kLenderDatabase, PathIn(directory)), directory);
  });
}

std::expected<Joined, Stop> Lender::Join(View admin, View sealed) {
  return Guarded([&]() -> std::expected<Joined, Stop> {
    return JoinChain(database_, directory_, admin, sealed);
  });
}

}  // namespace blindlend
