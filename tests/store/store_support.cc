#include "tests/store/store_support.h"

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/store/faulty_files.h"

namespace blindlend::test {

namespace fs = std::filesystem;

TempDirectory::TempDirectory() : path_(fs::temp_directory_path() / "blindlend-store-XXXXXX") {
  ObserveFiles();
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary directory");
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string AsText(View bytes) {
  return {bytes.begin(), bytes.end()};
}

Bytes AsBytes(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void WriteTo(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
  std::error_code ignored;  // the mode keeps the stores from warning
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, ignored);
}

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& each : fs::directory_iterator(directory))
    names.push_back(each.path().filename());
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> FilesIn(const std::string& directory, const std::string& prefix) {
  std::vector<std::string> names;
  for (const std::string& name : FilesIn(directory))
    if (name.starts_with(prefix)) names.push_back(name);
  return names;
}

std::map<std::string, std::string> Contents(const std::string& directory) {
  std::map<std::string, std::string> contents;
  for (const std::string& name : FilesIn(directory))
    contents[name] = ReadAll(directory + "/" + name);
  return contents;
}

void CopyDirectory(const std::string& from, const std::string& to) {
  fs::copy(from, to, fs::copy_options::recursive);
}

bool Holds(const std::string& directory, View bytes) {
  const std::string wanted = AsText(bytes);
  return std::ranges::any_of(Contents(directory), [&](const auto& file) {
    return file.second.find(wanted) != std::string::npos;
  });
}

Table Query(const std::string& path, const std::string& sql) {
  sqlite3* connection = nullptr;
  sqlite3_stmt* statement = nullptr;
  Table table;
  if (sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    ADD_FAILURE() << path << ": " << sqlite3_errmsg(connection);
  } else {
    while (sqlite3_step(statement) == SQLITE_ROW) {
      auto& row = table.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, i));
        row.emplace_back(data, data + sqlite3_column_bytes(statement, i));
      }
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close_v2(connection);
  return table;
}

ByteSource SourceOf(const std::string& name) {
  return [tape = std::make_shared<Tape>(Tape::FromSeed(Ascii(name)))](
             std::span<std::uint8_t> bytes) { return tape->Source()(bytes); };
}

const std::vector<ZZ>& CachedRoots(const SecretKey& sk, const std::string& group) {
  static std::map<std::string, std::vector<ZZ>> cache;
  const auto [found, is_new] = cache.try_emplace(AsText(*KeyId(sk)) + group);
  if (is_new) {
    const ByteSource source = SourceOf("roots");
    found->second = *ProveKey(sk, Ascii(group), source);
  }
  return found->second;
}

std::vector<Bytes> EvidenceParts(const std::string& path) {
  const std::string text = ReadAll(path);
  std::vector<Bytes> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = std::min(text.find("-----BEGIN", at + 1), text.size());
    const Bytes part = AsBytes(text.substr(at, next - at));
    bool known = false;
    for (const char* label : {"EPOCH", "REVOCATION", "TOKEN REQUEST", "TOKEN RESPONSE"})
      if (const auto decoded = DecodeText(label, part)) {
        parts.push_back(*decoded);
        known = true;
      }
    if (!known) return {};
    at = next;
  }
  return parts;
}

Bytes LenderKey(std::size_t i) {
  return PublicOf(SeedOf("lender " + std::to_string(i + 1)));
}

std::vector<Bytes> LenderKeys() {
  return {LenderKey(0), LenderKey(1)};
}

Bytes IdentityOf(const std::string& name) {
  Bytes seed(32);
  SourceOf(name)(seed);
  return seed;
}

Bytes SignedAnswer(const Bytes& admin_seed, const SecretKey& sk, View request,
                   const std::function<void(Batch&)>& change) {
  const Batch asked = VerifyRequest(request)->batch;
  Batch answer{SHA256(*EncodeBatch(kRequest, asked)), asked.width, {}};
  // The private exponent alone: owes nothing to what the store calls.
  for (const ZZ& value : asked.values) answer.values.push_back(PowerMod(value, sk.d, sk.n));
  if (change) change(answer);
  return Seal(admin_seed, "blindlend v1 response", *EncodeBatch(kResponse, answer));
}

Group::Group(std::uint32_t quota, std::size_t members) : admin_seed_(IdentityOf("admin")) {
  bool made = false;
  auto admin = Admin::Init(AdminDirectory(), "a group", 2048, SourceOf("admin"), made).value();
  admin_key_ = admin.key();
  link_ = admin.AddEpoch({quota, 2, 1, LenderKeys()}, Key(2048), kStart, SourceOf("epoch"))
              .value()
              .sealed;
  for (std::size_t i = 0; i < members; ++i) {
    const std::string name = "wallet" + std::to_string(i);
    auto wallet = Wallet::Init(WalletDirectory(i), SourceOf(name), made).value();
    wallet.Join(admin_key_, link_).value();
    admin.Enroll(wallet.key(), name).value();
  }
}

Admin Group::OpenAdmin() const {
  return Admin::Open(AdminDirectory()).value();
}

Wallet Group::OpenWallet(std::size_t i) const {
  return Wallet::Open(WalletDirectory(i)).value();
}

std::vector<int> InChildren(const std::vector<std::function<int()>>& children) {
  int gate[2];
  if (pipe(gate) != 0) throw std::runtime_error("no pipe");
  std::vector<pid_t> pids;
  for (const auto& child : children) {
    const pid_t pid = fork();
    if (pid == 0) {
      close(gate[1]);
      char byte = 0;
      while (read(gate[0], &byte, 1) > 0) {  // until the parent closes its end
      }
      int status = 99;
      try {
        status = child();
      } catch (...) {
      }
      _exit(status);
    }
    pids.push_back(pid);
  }
  close(gate[0]);
  close(gate[1]);
  std::vector<int> statuses;
  for (const pid_t pid : pids) {
    int status = 0;
    waitpid(pid, &status, 0);
    statuses.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  return statuses;
}

int InChild(const std::function<int()>& child) {
  return InChildren({child})[0];
}

}  // namespace blindlend::test
