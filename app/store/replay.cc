#include "replay.h"

#include "app/store/refusal.h"

namespace blindlend {

namespace {

// Times have 64 bits without a sign, SQLite's numbers one with: so they are stored as 8 bytes,
// big-endian, which sort in the same order.
const DatabaseKind kReplayDatabase = {
    "replay cache", 0x424c7265 /* BLre */, 1,
    "CREATE TABLE seen (question BLOB PRIMARY KEY, issued_at BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE forgotten (id INTEGER PRIMARY KEY CHECK (id = 1), before BLOB NOT NULL) STRICT;"
    "INSERT INTO forgotten VALUES (1, zeroblob(8));"};

Bytes ToBlob(std::uint64_t time) {
  return I2OSP(NTL::conv<ZZ>(time), 8).value();
}

std::uint64_t ToTime(const Value& value) {
  return NTL::conv<std::uint64_t>(OS2IP(Blob(value)));
}

}  // namespace

std::expected<Attestation, Stop> CheckOnce(const std::string& path, View key, View instance,
                                           View lender, View nonce, std::uint64_t now, View bytes) {
  return Guarded([&]() -> std::expected<Attestation, Stop> {
    Database::Make(kReplayDatabase, path, [](Database&) {});
    Database database(kReplayDatabase, path);
    Transaction transaction(database);
    ReplayCache cache;
    const auto forgotten = database.Run("SELECT before FROM forgotten");
    if (forgotten.size() != 1) ThrowDamaged(database, "how far it is forgotten");
    cache.forgotten_before = ToTime(forgotten[0][0]);
    for (const Row& row : database.Run("SELECT question, issued_at FROM seen"))
      cache.seen[Blob(row[0])] = ToTime(row[1]);
    Prune(cache, now);
    database.Run("UPDATE forgotten SET before = ?1", {ToBlob(cache.forgotten_before)});
    database.Run("DELETE FROM seen WHERE issued_at < ?1", {ToBlob(cache.forgotten_before)});
    const auto attestation = CheckAttestation(key, instance, lender, nonce, now, cache, bytes);
    if (attestation)
      database.Run(
          "INSERT INTO seen VALUES (?1, ?2)",
          {Join({attestation->instance, attestation->nonce}), ToBlob(attestation->issued_at)});
    // Also what was forgotten is kept when this attestation is refused.
    transaction.Commit();
    if (!attestation) return Refused(attestation.error());
    return *attestation;
  });
}

}  // namespace blindlend
