// SQLite, as much of it as the stores need: durable, typed, erased when deleted.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <variant>

#include "app/store/files.h"

namespace blindlend {

/// What a column holds: nothing, a number, text or bytes.
using Value = std::variant<std::nullptr_t, std::int64_t, std::string, Bytes>;
using Row = std::vector<Value>;

/// Which file this is.
struct DatabaseKind {
  /// For messages, such as "wallet".
  std::string name;
  /// SQLite's application_id: four ASCII letters. Another program's file is refused by it.
  std::int32_t application_id;
  /// The one schema version that this program writes and reads; a later one is refused.
  std::int64_t version;
  /// CREATE statements.
  std::string schema;
};

/// One open database file. Its functions throw StoreError, which never leaves app/store: every public
/// function of a store is wrapped in Guarded.
class Database {
 public:
  /// Opens path, which must be of this kind.
  Database(const DatabaseKind& kind, std::string path);

  /// Makes path, mode 0600, with the kind's schema and what fill stores in it, unless it is there.
  /// Returns whether it was made. It is made beside path, one process at a time, and takes its name
  /// when it is whole and durable; an empty file is replaced.
  static bool Make(const DatabaseKind& kind, const std::string& path,
                   const std::function<void(Database&)>& fill);

  /// Runs one statement and returns all its rows. Parameters are ?1, ?2, ...
  std::vector<Row> Run(const std::string& sql, const std::vector<Value>& parameters = {});

  /// Truncates the write-ahead log, so that what was deleted is gone from it too. Waits for another
  /// process that reads as WaitFor says, then does nothing. Whether the log is empty now.
  bool Erase();

  /// How long to wait for another process or connection. time: at least 0.
  void WaitFor(std::chrono::milliseconds time);

  const std::string& path() const { return path_; }

 private:
  /// Opens whatever is there.
  explicit Database(std::string path);
  void Open();
  /// From now on changes go through a write-ahead log, and are durable when they are done.
  void UseLog();
  void CheckKind(const DatabaseKind& kind);
  [[noreturn]] void Throw(int code);

  struct Closer {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3_stmt* Prepare(const std::string& sql);

  std::string path_;
  std::unique_ptr<sqlite3, Closer> connection_;
  /// Statements that have run before, by their text: preparing costs more than running.
  std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalizer>> statements_;
};

/// How long a process waits for another one's transaction, which may have to wait for a slow disk.
inline constexpr std::chrono::milliseconds kPatient{60'000};
/// The same, where others wait meanwhile.
inline constexpr std::chrono::milliseconds kImpatient{50};

/// Another wait for as long as it lives.
class Patience {
 public:
  Patience(Database& database, std::chrono::milliseconds time) : database_(database) {
    database_.WaitFor(time);
  }
  ~Patience() { database_.WaitFor(kPatient); }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

 private:
  Database& database_;
};

/// Why the store could not do its work. Inside app/store only.
struct StoreError {
  Stop stop;
};

/// Everything between its construction and Commit happens whole, durably, or not at all. The write
/// lock is taken at once, so what was read stays true until then.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit();

 private:
  Database& database_;
  bool open_ = true;
};

/// Makes a directory of mode 0700 unless there is one. Throws StoreError.
void MakeDirectory(const std::string& path);

/// The columns of a row. The types are the schema's (STRICT).
std::int64_t Number(const Value& value);
const Bytes& Blob(const Value& value);
const std::string& Text(const Value& value);

/// What a stored object fails to parse as. Throws StoreError.
[[noreturn]] void ThrowDamaged(const Database& database, const std::string& what);

/// The value, or a StoreError that says the file is damaged.
template <class T>
T Intact(const Database& database, const std::string& what, std::expected<T, Failure> parsed) {
  if (!parsed) ThrowDamaged(database, what);
  return *std::move(parsed);
}

/// What work returns, or the Stop that it threw; a damaged file stops it too.
template <class Work>
auto Guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const StoreError& error) {
    return std::unexpected(error.stop);
  } catch (const std::bad_variant_access&) {
    // STRICT is what SQLite keeps to when it writes; a damaged file can hold a column of another type.
    return Unusable("the database", "is damaged: a column of another type than the schema's");
  }
}

}  // namespace blindlend
