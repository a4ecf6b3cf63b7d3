// What each command does, from files to files and to a report.
#pragma once

#include <nlohmann/json.hpp>

#include "app/cli/files.h"

namespace blindlend {

/// What a command has to say on stdout when it has done its work.
struct Report {
  /// For people, lines with their LFs; and for programs. Neither holds a secret.
  std::string text;
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  /// How it went, in one word for programs: "done", "valid" or "failed".
  std::string result = "done";
  /// 0, or kRefused when vectors fail.
  int status = 0;
};

/// What the command line said; each command reads what it takes.
struct Arguments {
  long bits = 3072;
  std::string key, secret, public_key, out, request, response, state, message, signature, directory;
  std::vector<std::string> messages, signatures;
  bool force = false, json = false;
};

/// All of these stop with kUnusable for a file that cannot be read or written or is not of the
/// expected form, and with kRefused where an algorithm refuses. Then nothing has been written.
/// Every key is validated before it is used (spec 2-rsa, ValidatePublicKey and ValidateSecretKey).

/// A fresh key pair into the files secret and public_key. bits: 2048, 3072 or 4096.
std::expected<Report, Stop> KeyGenerate(const Arguments& arguments);

/// Length, id and fingerprint of the key, secret or public, in the file key.
std::expected<Report, Stop> KeyShow(const Arguments& arguments);

/// The public half of a key file as SPKI PEM, into the file out or onto stdout.
std::expected<Report, Stop> KeyExport(const Arguments& arguments);

/// BlindBatch over the files messages, into the files state and request.
std::expected<Report, Stop> BlindFiles(const Arguments& arguments);

/// BlindSignBatch over the file request, into the file response.
std::expected<Report, Stop> SignFile(const Arguments& arguments);

/// FinalizeBatch over the files state and response, into the files signatures.
std::expected<Report, Stop> FinalizeFiles(const Arguments& arguments);

/// Verify over the files message and signature.
std::expected<Report, Stop> VerifyFiles(const Arguments& arguments);

/// Makes every vector file anew, in directory, which is made if it is missing.
std::expected<Report, Stop> VectorsGenerate(const Arguments& arguments);

/// Runs the vector files in directory against ref/.
std::expected<Report, Stop> VectorsCheck(const Arguments& arguments);

}  // namespace blindlend
