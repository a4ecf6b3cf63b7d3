#include "database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace blindlend {

namespace {

[[noreturn]] void ThrowUnusable(const std::string& path, const std::string& reason) {
  throw StoreError{Unusable(path, reason).error()};
}

[[noreturn]] void ThrowSystemError(const std::string& path) {
  ThrowUnusable(path, "cannot be written: " + std::generic_category().message(errno));
}

std::string Reason(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "is in use by another process";
    case SQLITE_FULL:
      return "cannot be written: no space left";
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "cannot be written: it or its directory is read-only";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "is damaged or not a database";
    case SQLITE_CANTOPEN:
      return "cannot be opened; it or its directory may be read-only";
    default:
      return std::string("failed: ") + sqlite3_errstr(code);
  }
}

int Bind(sqlite3_stmt* statement, int i, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, i, *number);
  if (const auto* text = std::get_if<std::string>(&value))
    return sqlite3_bind_text64(statement, i, text->data(), text->size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  if (const auto* bytes = std::get_if<Bytes>(&value)) {
    // A null pointer would bind NULL, not an empty string of bytes.
    if (bytes->empty()) return sqlite3_bind_zeroblob(statement, i, 0);
    return sqlite3_bind_blob64(statement, i, bytes->data(), bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, i);
}

Value Column(sqlite3_stmt* statement, int i) {
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, i);
    case SQLITE_TEXT:
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, i)), size);
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, i));
      return size == 0 ? Bytes{} : Bytes(data, data + size);
    }
    default:
      return nullptr;
  }
}

}  // namespace

Database::Database(const DatabaseKind& kind, std::string path) : path_(std::move(path)) {
  struct stat status;
  if (stat(path_.c_str(), &status) != 0)
    ThrowUnusable(path_, errno == ENOENT
                             ? "is not there; init makes it"
                             : "cannot be read: " + std::generic_category().message(errno));
  if ((status.st_mode & 0077) != 0)
    Complain("warning: " + path_ + ": others may read it (chmod 600 ends that)");
  Open();
  CheckKind(kind);
  UseLog();
}

bool Database::Make(const DatabaseKind& kind, const std::string& path,
                    const std::function<void(Database&)>& fill) {
  const File directory = OpenDirectoryOf(path);
  // The system takes the lock back from whoever dies.
  if (directory.fd() < 0 || flock(directory.fd(), LOCK_EX) != 0) ThrowSystemError(path);
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && status.st_size > 0) return false;
  const std::string aside = path + ".new";
  const auto remove = [&aside] {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) unlink((aside + suffix).c_str());
  };
  remove();  // what somebody left who died here
  try {
    const File file(open(aside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.fd() < 0) ThrowSystemError(path);
    Database database(aside);
    database.Run("PRAGMA synchronous = EXTRA");
    Transaction transaction(database);
    database.Run("PRAGMA application_id = " + std::to_string(kind.application_id));
    database.Run("PRAGMA user_version = " + std::to_string(kind.version));
    const int code =
        sqlite3_exec(database.connection_.get(), kind.schema.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) database.Throw(code);
    fill(database);
    transaction.Commit();
    database.UseLog();
    // Nothing may be left in a log that is not renamed with it.
    if (Number(database.Run("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]) != 0)
      ThrowUnusable(aside, "is in use by another process");
  } catch (const StoreError&) {
    remove();
    throw;
  }
  if (rename(aside.c_str(), path.c_str()) != 0 || !SyncDirectory(directory)) ThrowSystemError(path);
  remove();
  return true;
}

Database::Database(std::string path) : path_(std::move(path)) {
  Open();
}

void Database::Open() {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &connection,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) Throw(code);
  sqlite3_extended_result_codes(connection, 1);
  WaitFor(kPatient);
  Run("PRAGMA secure_delete = ON");
  Run("PRAGMA trusted_schema = OFF");
  Run("PRAGMA temp_store = MEMORY");
  Run("PRAGMA foreign_keys = ON");
}

void Database::UseLog() {
  if (Text(Run("PRAGMA journal_mode = WAL")[0][0]) != "wal")
    ThrowUnusable(path_, "its file system cannot hold a write-ahead log");
  Run("PRAGMA synchronous = FULL");
}

void Database::CheckKind(const DatabaseKind& kind) {
  if (Number(Run("PRAGMA application_id")[0][0]) != kind.application_id)
    ThrowUnusable(path_, "is not a blindlend " + kind.name);
  const std::int64_t version = Number(Run("PRAGMA user_version")[0][0]);
  if (version > kind.version)
    ThrowUnusable(path_, "was made by a later version of blindlend (schema " +
                             std::to_string(version) + ", this one knows " +
                             std::to_string(kind.version) + ")");
  if (version != kind.version) ThrowDamaged(*this, "schema version");
}

sqlite3_stmt* Database::Prepare(const std::string& sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(connection_.get(), sql.c_str(), -1, &raw, nullptr);
    statement.reset(raw);
    if (code != SQLITE_OK) Throw(code);
  }
  return statement.get();
}

std::vector<Row> Database::Run(const std::string& sql, const std::vector<Value>& parameters) {
  sqlite3_stmt* const statement = Prepare(sql);
  // A statement that is not reset would keep its locks, and its parameters in memory.
  const auto reset = [](sqlite3_stmt* used) {
    sqlite3_reset(used);
    sqlite3_clear_bindings(used);
  };
  const std::unique_ptr<sqlite3_stmt, decltype(reset)> guard(statement, reset);
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (const int code = Bind(statement, static_cast<int>(i) + 1, parameters[i]); code != SQLITE_OK)
      Throw(code);
  std::vector<Row> rows;
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    Row& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(Column(statement, i));
  }
  if (code != SQLITE_DONE) Throw(code);
  return rows;
}

void Database::WaitFor(std::chrono::milliseconds time) {
  sqlite3_busy_timeout(connection_.get(), static_cast<int>(time.count()));
}

bool Database::Erase() {
  try {
    return Number(Run("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]) == 0;
  } catch (const StoreError&) {
    // What was deleted is durably deleted: a Stop would say that nothing has changed.
    Complain("warning: " + path_ + ": what was deleted is in its log until that can be truncated");
    return false;
  }
}

void Database::Throw(int code) {
  ThrowUnusable(path_, Reason(code));
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.Run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.Run("ROLLBACK");
  } catch (const StoreError&) {
    // SQLite has rolled back by itself, as it does after some errors.
  }
}

void Transaction::Commit() {
  database_.Run("COMMIT");
  open_ = false;
}

void MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return;
  if (errno != EEXIST) ThrowSystemError(path);
  if (!std::filesystem::is_directory(path)) ThrowUnusable(path, "is not a directory");
}

std::int64_t Number(const Value& value) {
  return std::get<std::int64_t>(value);
}

const Bytes& Blob(const Value& value) {
  return std::get<Bytes>(value);
}

const std::string& Text(const Value& value) {
  return std::get<std::string>(value);
}

void ThrowDamaged(const Database& database, const std::string& what) {
  ThrowUnusable(database.path(), "is damaged: " + what);
}

}  // namespace blindlend
