#include "tests/store/faulty_files.h"

#include <sqlite3.h>

#include <set>

namespace blindlend::test {

namespace {

struct Observed {
  int operations = 0, fail_at = 0;
  bool for_good = false, has_failed = false;
  std::set<std::string> unsynced;
};
Observed observed;

/// Whether this operation is to fail.
bool Fails() {
  ++observed.operations;
  const bool fails =
      observed.fail_at > 0 && (observed.for_good ? observed.operations >= observed.fail_at
                                                 : observed.operations == observed.fail_at);
  observed.has_failed |= fails;
  return fails;
}

sqlite3_vfs* real_vfs = nullptr;

/// Ours in front; behind it in memory the real one.
struct ObservedFile {
  sqlite3_file base;
  sqlite3_file* real;
  const char* name;
};

ObservedFile& Ours(sqlite3_file* file) {
  return *reinterpret_cast<ObservedFile*>(file);
}
sqlite3_file* Real(sqlite3_file* file) {
  return Ours(file).real;
}

int Close(sqlite3_file* file) {
  return Real(file)->pMethods->xClose(Real(file));
}
int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 at) {
  return Real(file)->pMethods->xRead(Real(file), data, size, at);
}
int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  // Half of what fails has been written.
  if (Fails()) {
    Real(file)->pMethods->xWrite(Real(file), data, size / 2, at);
    return SQLITE_FULL;
  }
  if (Ours(file).name != nullptr) observed.unsynced.insert(Ours(file).name);
  return Real(file)->pMethods->xWrite(Real(file), data, size, at);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (Fails()) return SQLITE_IOERR_TRUNCATE;
  // A log that holds nothing has nothing to lose.
  if (Ours(file).name != nullptr && size == 0) observed.unsynced.erase(Ours(file).name);
  return Real(file)->pMethods->xTruncate(Real(file), size);
}
int Sync(sqlite3_file* file, int flags) {
  if (Fails()) return SQLITE_IOERR_FSYNC;
  if (Ours(file).name != nullptr) observed.unsynced.erase(Ours(file).name);
  (void)flags;  // no test outlives the machine, so none waits for the disk
  return SQLITE_OK;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Real(file)->pMethods->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int lock) {
  return Real(file)->pMethods->xLock(Real(file), lock);
}
int Unlock(sqlite3_file* file, int lock) {
  return Real(file)->pMethods->xUnlock(Real(file), lock);
}
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), result);
}
int FileControl(sqlite3_file* file, int what, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), what, argument);
}
int SectorSize(sqlite3_file* file) {
  return Real(file)->pMethods->xSectorSize(Real(file));
}
int DeviceCharacteristics(sqlite3_file* file) {
  return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
}
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  if (extend != 0 && Fails()) return SQLITE_IOERR_SHMSIZE;
  return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, memory);
}
int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, n, flags);
}
void ShmBarrier(sqlite3_file* file) {
  Real(file)->pMethods->xShmBarrier(Real(file));
}
int ShmUnmap(sqlite3_file* file, int erase) {
  return Real(file)->pMethods->xShmUnmap(Real(file), erase);
}
int Fetch(sqlite3_file* file, sqlite3_int64 at, int size, void** memory) {
  return Real(file)->pMethods->xFetch(Real(file), at, size, memory);
}
int Unfetch(sqlite3_file* file, sqlite3_int64 at, void* memory) {
  return Real(file)->pMethods->xUnfetch(Real(file), at, memory);
}

const sqlite3_io_methods kMethods = {3,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Unlock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     Fetch,
                                     Unfetch};

int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  ObservedFile& ours = Ours(file);
  ours.base.pMethods = nullptr;
  ours.real = reinterpret_cast<sqlite3_file*>(&ours + 1);
  ours.name = name;  // SQLite keeps it as long as the file is open
  const int code = real_vfs->xOpen(real_vfs, name, ours.real, flags, out_flags);
  if (ours.real->pMethods != nullptr) ours.base.pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs*, const char* name, int sync_directory) {
  if (Fails()) return SQLITE_IOERR_DELETE;
  observed.unsynced.erase(name);
  (void)sync_directory;
  return real_vfs->xDelete(real_vfs, name, 0);
}

sqlite3_vfs our_vfs;

}  // namespace

void ObserveFiles() {
  if (real_vfs != nullptr) return;
  real_vfs = sqlite3_vfs_find(nullptr);
  our_vfs = *real_vfs;
  our_vfs.zName = "blindlend-test";
  our_vfs.szOsFile = static_cast<int>(sizeof(ObservedFile)) + real_vfs->szOsFile;
  our_vfs.xOpen = Open;
  our_vfs.xDelete = Delete;
  sqlite3_vfs_register(&our_vfs, 1);
}

FaultyFiles::FaultyFiles() {
  ObserveFiles();
  observed = {};
}

FaultyFiles::~FaultyFiles() {
  observed = {};
}

void FaultyFiles::FailAt(int at, bool for_good) {
  observed.operations = 0;
  observed.fail_at = at;
  observed.for_good = for_good;
  observed.has_failed = false;
}

int FaultyFiles::operations() const {
  return observed.operations;
}

bool FaultyFiles::has_failed() const {
  return observed.has_failed;
}

std::vector<std::string> FaultyFiles::Unsynced() const {
  return {observed.unsynced.begin(), observed.unsynced.end()};
}

}  // namespace blindlend::test
