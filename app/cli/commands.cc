#include "commands.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "app/cli/common.h"
#include "app/cli/objects.h"
#include "app/store/refusal.h"
#include "app/vectors/vectors.h"

namespace blindlend {

namespace {

using nlohmann::ordered_json;

/// A vector file is at most this large; the largest that is made is far smaller.
constexpr Kind kVectorFile = {"vector file", 1 << 26};

/// "value 2 of 3 (Finalize.4)"
std::string ValueAt(std::size_t i, std::size_t count, Failure failure) {
  return "value " + std::to_string(i + 1) + " of " + std::to_string(count) + " (" +
         std::string(failure.step) + ")";
}

/// pk: has passed ValidatePublicKey.
Report DescribeKey(const PublicKey& pk) {
  const Bytes id = *KeyId(pk);
  const Bytes aloud = Fingerprint(id);
  const std::string fingerprint(aloud.begin(), aloud.end());
  return {"bits         " + std::to_string(NumBits(pk.n)) + "\nkey id       " + Hex(id) +
              "\nfingerprint  " + fingerprint + "\n",
          {{"bits", NumBits(pk.n)}, {"key_id", Hex(id)}, {"fingerprint", fingerprint}}};
}

}  // namespace

std::expected<Report, Stop> KeyGenerate(const Arguments& arguments) {
  const Target secret{arguments.secret, true}, public_key{arguments.public_key};
  const auto targets = CheckTargets({}, {secret, public_key}, arguments.force);
  if (!targets) return std::unexpected(targets.error());

  const auto sk = FreshKey(arguments.bits);
  if (!sk) return std::unexpected(sk.error());

  // The secret half first: a public key without it would be of no use, but might be handed out.
  const auto written =
      WriteAll({{secret, EncodeText(kSecretKeyFile.name, *EncodeSecretKey(*sk))},
                {public_key, EncodeText(kPublicKeyFile.name, *EncodePublicKey(*sk))}},
               arguments.force);
  if (!written) return std::unexpected(written.error());
  Report report = DescribeKey(*sk);
  report.json["secret"] = secret.path;
  report.json["public"] = public_key.path;
  return report;
}

std::expected<Report, Stop> KeyShow(const Arguments& arguments) {
  const auto any = LoadAnyKey(arguments.key);
  if (!any) return std::unexpected(any.error());
  if (const auto valid = ValidatePublicKey(any->key); !valid) return Refused(valid.error());
  if (any->has_secret)
    if (const auto valid = ValidateSecretKey(any->key); !valid) return Refused(valid.error());
  Report report = DescribeKey(any->key);
  const Kind& kind = any->has_secret ? kSecretKeyFile : kPublicKeyFile;
  report.text = "kind         " + std::string(kind.name) + "\n" + report.text;
  report.json["kind"] = kind.name;
  return report;
}

std::expected<Report, Stop> KeyExport(const Arguments& arguments) {
  const Target out{arguments.out};
  if (!out.path.empty())
    if (const auto targets = CheckTargets({arguments.key}, {out}, false); !targets)
      return std::unexpected(targets.error());
  const auto any = LoadAnyKey(arguments.key);
  if (!any) return std::unexpected(any.error());
  if (const auto valid = ValidatePublicKey(any->key); !valid) return Refused(valid.error());
  const auto pem = SpkiPem(any->key);
  if (!pem) return std::unexpected(pem.error());
  if (out.path.empty()) return Report{std::string(pem->begin(), pem->end()), {}};
  if (const auto written = WriteAll({{out, *pem}}, false); !written)
    return std::unexpected(written.error());
  return Report{};
}

std::expected<Report, Stop> BlindFiles(const Arguments& arguments) {
  const Target state{arguments.state, true}, request{arguments.request};
  std::vector<std::string> inputs = arguments.messages;
  inputs.push_back(arguments.key);
  const auto targets = CheckTargets(inputs, {state, request}, arguments.force);
  if (!targets) return std::unexpected(targets.error());

  const auto pk = LoadPublicKey(arguments.key);
  if (!pk) return std::unexpected(pk.error());
  std::vector<Bytes> msgs;
  std::size_t size = 0;
  for (const std::string& path : arguments.messages) {
    auto msg = ReadFile(path, kMessageFile);
    if (!msg) return std::unexpected(msg.error());
    size += msg->size();
    msgs.push_back(std::move(*msg));
    // Already too much for BlindBatch.1: the rest would only fill memory.
    if (size > kMessageFile.max_size) break;
  }
  if (const auto valid = ValidatePublicKey(*pk); !valid) return Refused(valid.error());
  const auto blinded = BlindBatch(*pk, msgs, SystemRandom);
  if (!blinded) return Refused(blinded.error());

  // The state first: a request without it could be signed, but never finalized.
  const auto written =
      WriteAll({{state, EncodeText(kStateFile.name, *EncodeState(blinded->state))},
                {request, EncodeText(kRequestFile.name, *EncodeBatch(kRequest, blinded->request))}},
               arguments.force);
  if (!written) return std::unexpected(written.error());
  return Report{Count(msgs.size(), "message") + " blinded: " + request.path +
                    " is for the signer, " + state.path + " is to be kept secret\n",
                {{"key_id", Hex(blinded->request.id)},
                 {"messages", msgs.size()},
                 {"request", request.path},
                 {"state", state.path}}};
}

std::expected<Report, Stop> SignFile(const Arguments& arguments) {
  const Target target{arguments.response};
  const auto targets = CheckTargets({arguments.key, arguments.request}, {target}, false);
  if (!targets) return std::unexpected(targets.error());

  const auto sk = LoadSecretKey(arguments.key);
  if (!sk) return std::unexpected(sk.error());
  const auto request = LoadRequest(arguments.request);
  if (!request) return std::unexpected(request.error());
  if (const auto valid = ValidatePublicKey(*sk); !valid) return Refused(valid.error());
  if (const auto valid = ValidateSecretKey(*sk); !valid) return Refused(valid.error());
  const auto response = BlindSignBatch(*sk, *request, SystemRandom);
  if (!response && response.error().step == "BlindSignBatch.3") {
    // The batch fails as a whole; whoever has to mend it wants to know where.
    const std::vector<ZZ>& values = request->values;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (const auto one = BlindSign(*sk, values[i], SystemRandom); !one)
        return Refused(response.error(), ValueAt(i, values.size(), one.error()));
  }
  if (!response) return Refused(response.error());

  const auto written = WriteAll(
      {{target, EncodeText(kResponseFile.name, *EncodeBatch(kResponse, *response))}}, false);
  if (!written) return std::unexpected(written.error());
  const std::size_t count = response->values.size();
  return Report{Count(count, "value") + " signed: " + target.path + "\n",
                {{"key_id", Hex(request->id)}, {"values", count}, {"response", target.path}}};
}

std::expected<Report, Stop> FinalizeFiles(const Arguments& arguments) {
  std::vector<Target> signatures;
  for (const std::string& path : arguments.signatures) signatures.push_back({path});
  const auto targets =
      CheckTargets({arguments.key, arguments.state, arguments.response}, signatures, false);
  if (!targets) return std::unexpected(targets.error());

  const auto pk = LoadPublicKey(arguments.key);
  if (!pk) return std::unexpected(pk.error());
  const auto state = LoadState(arguments.state);
  if (!state) return std::unexpected(state.error());
  const auto response = LoadResponse(arguments.response);
  if (!response) return std::unexpected(response.error());
  const std::size_t count = state->entries.size();
  if (signatures.size() != count)
    return Unusable(arguments.state, "holds " + Count(count, "message") +
                                         ", but --signature names " +
                                         Count(signatures.size(), "file"));
  if (const auto valid = ValidatePublicKey(*pk); !valid) return Refused(valid.error());
  const auto sigs = FinalizeBatch(*pk, *state, *response);
  if (!sigs && sigs.error().step == "FinalizeBatch.4") {
    // The batch fails as a whole; whoever has to complain wants to know about what.
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [r_inv, msg] = state->entries[i];
      if (const auto one = Finalize(*pk, msg, response->values[i], r_inv); !one)
        return Refused(sigs.error(), ValueAt(i, count, one.error()));
    }
  }
  if (!sigs) return Refused(sigs.error());

  std::vector<Output> outputs;
  for (std::size_t i = 0; i < count; ++i)
    outputs.push_back(
        {signatures[i], EncodeText(kSignatureFile.name, *EncodeSignature((*sigs)[i]))});
  if (const auto written = WriteAll(outputs, false); !written)
    return std::unexpected(written.error());
  return Report{Count(count, "signature") + " made and verified\n",
                {{"key_id", Hex(state->key_id)}, {"signatures", arguments.signatures}}};
}

std::expected<Report, Stop> VerifyFiles(const Arguments& arguments) {
  const auto pk = LoadPublicKey(arguments.key);
  if (!pk) return std::unexpected(pk.error());
  const auto msg = ReadFile(arguments.message, kMessageFile);
  if (!msg) return std::unexpected(msg.error());
  const auto sig = LoadSignature(arguments.signature);
  if (!sig) return std::unexpected(sig.error());
  if (const auto valid = ValidatePublicKey(*pk); !valid) return Refused(valid.error());
  if (const auto valid = Verify(*pk, *msg, *sig); !valid) return Refused(valid.error());
  return Report{"valid\n", ordered_json::object(), "valid"};
}

std::expected<Report, Stop> VectorsGenerate(const Arguments& arguments) {
  const std::filesystem::path directory = arguments.directory;
  std::vector<Target> targets;
  for (const std::string& name : vectors::FileNames()) targets.push_back({directory / name});
  if (const auto checked = CheckTargets({}, targets, false); !checked)
    return std::unexpected(checked.error());
  const bool made = mkdir(directory.c_str(), 0755) == 0;
  if (!made && errno != EEXIST)
    return Unusable(directory, "cannot be made: " + std::generic_category().message(errno));

  const auto progress = [](std::string_view file) {
    if (SomebodyWatches())
      std::fprintf(stderr, "\r\x1b[Kblindlend: %.*s", static_cast<int>(file.size()), file.data());
  };
  std::vector<Output> outputs;
  for (const auto& [name, content] : vectors::Generate(progress))
    outputs.push_back({{directory / name}, Ascii(content)});
  if (SomebodyWatches()) std::fprintf(stderr, "\r\x1b[K");
  if (const auto written = WriteAll(outputs, false); !written) {
    if (made) rmdir(directory.c_str());
    return std::unexpected(written.error());
  }
  return Report{Count(outputs.size(), "file") + " written\n", {{"files", outputs.size()}}};
}

std::expected<Report, Stop> VectorsCheck(const Arguments& arguments) {
  const std::filesystem::path directory = arguments.directory;
  const std::vector<std::string> names = vectors::FileNames();
  // Vectors that nothing reads would look as if they had been checked.
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::filesystem::path name = entries->path().filename();
    if (name.extension() == ".json" && name != "schema.json" &&
        std::ranges::find(names, name.string()) == names.end())
      return Unusable(entries->path(), "is not a vector file that this version knows");
  }
  if (error) return Unusable(directory, "cannot be read: " + error.message());

  Report report;
  report.result = "valid";
  std::size_t tests = 0, failed = 0;
  const auto add_line = [&report](const std::string& name, std::size_t ran, std::size_t wrong) {
    const auto column = [](std::size_t number) {
      const std::string digits = std::to_string(number);
      return std::string(10 - std::min<std::size_t>(digits.size(), 9), ' ') + digits;
    };
    report.text += name + std::string(30 - std::min<std::size_t>(name.size(), 29), ' ') +
                   column(ran) + column(wrong) + "\n";
  };
  report.text = "file                               tests    failed\n";
  for (const std::string& name : names) {
    const std::string path = directory / name;
    const auto content = ReadFile(path, kVectorFile);
    if (!content) return std::unexpected(content.error());
    const vectors::FileResult result =
        vectors::Check(name, std::string(content->begin(), content->end()));
    if (result.tests == 0)
      return Unusable(path, result.failures.empty() ? "holds no test" : result.failures.front());
    for (const std::string& line : result.failures) Complain(path + ": " + line);
    add_line(name, result.tests, result.failures.size());
    report.json["files"].push_back(
        {{"file", name}, {"tests", result.tests}, {"failures", result.failures}});
    tests += result.tests;
    failed += result.failures.size();
  }
  add_line("all " + Count(names.size(), "file"), tests, failed);
  report.json["tests"] = tests;
  report.json["failed"] = failed;
  if (failed != 0) {
    report.result = "failed";
    report.status = kExitRefused;
  }
  return report;
}

}  // namespace blindlend
