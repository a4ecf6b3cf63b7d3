// The command `blindlend`: arguments in, exit status out. Nothing is thrown past this file.

#include <NTL/version.h>
#include <gmp.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "app/cli/commands.h"

namespace blindlend {

namespace {

using nlohmann::ordered_json;
using Command = std::expected<Report, Stop> (*)(const Arguments&);

/// Whether text went out to stdout.
bool Say(const std::string& text) {
  const bool said =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!said) Complain("standard output cannot be written");
  return said;
}

std::string ToText(const ordered_json& json) {
  // File names need not be UTF-8, but JSON must be.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string Version() {
  return std::string("blindlend " BLINDLEND_VERSION "\nNTL " NTL_VERSION "\nGMP ") + gmp_version +
         "\nlibsodium " + sodium_version_string() + "\nOpenSSL " +
         OpenSSL_version(OPENSSL_VERSION_STRING);
}

/// The whole command line. Each command that is found on it puts itself into command.
void Declare(CLI::App& app, Arguments& arguments, Command& command) {
  app.require_subcommand(1);
  app.set_version_flag("--version", Version);

  const auto add = [&command](CLI::App& parent, const std::string& name,
                              const std::string& description, Command runs) {
    CLI::App* const added = parent.add_subcommand(name, description);
    added->callback([&command, runs] { command = runs; });
    return added;
  };
  const auto file = [](CLI::App* to, const std::string& option, std::string& value,
                       const std::string& description) {
    to->add_option(option, value, description)->required()->type_name("FILE");
  };
  const auto files = [](CLI::App* to, const std::string& option, std::vector<std::string>& values,
                        const std::string& description) {
    to->add_option(option, values, description)
        ->required()
        ->type_name("FILE")
        ->allow_extra_args(false);  // one file for each time the option is given
  };
  const auto json = [&arguments](CLI::App* to) {
    to->add_flag("--json", arguments.json, "Report on stdout as JSON");
  };
  const auto force = [&arguments](CLI::App* to) {
    to->add_flag("--force", arguments.force, "Overwrite a secret that exists already");
  };

  CLI::App* const key = app.add_subcommand("key", "Make and look at keys");
  key->require_subcommand(1);

  CLI::App* const generate = add(*key, "generate", "Make a key pair", KeyGenerate);
  generate->add_option("--bits", arguments.bits, "Length of the modulus")
      ->check(CLI::IsMember({2048, 3072, 4096}))
      ->capture_default_str();
  file(generate, "--secret", arguments.secret, "Where the secret key goes");
  file(generate, "--public", arguments.public_key, "Where the public key goes");
  force(generate);
  json(generate);

  CLI::App* const show = add(*key, "show", "Length, id and fingerprint of a key", KeyShow);
  file(show, "key", arguments.key, "A public or secret key");
  json(show);

  CLI::App* const to_pem =
      add(*key, "export", "A public key as other programs read it (SPKI, PEM)", KeyExport);
  file(to_pem, "key", arguments.key, "A public or secret key");
  to_pem->add_option("--out", arguments.out, "Write there, not to stdout")->type_name("FILE");

  CLI::App* const blind = add(app, "blind", "Hide messages from the signer", BlindFiles);
  file(blind, "--key", arguments.key, "The signer's public key");
  files(blind, "--message", arguments.messages, "A message; may be given up to 1000 times");
  file(blind, "--request", arguments.request, "Where the request for the signer goes");
  file(blind, "--state", arguments.state, "Where the secret state for finalize goes");
  force(blind);
  json(blind);

  CLI::App* const sign = add(app, "sign", "Sign a request without seeing its messages", SignFile);
  file(sign, "--key", arguments.key, "The secret key");
  file(sign, "--request", arguments.request, "The request");
  file(sign, "--response", arguments.response, "Where the response goes");
  json(sign);

  CLI::App* const finalize =
      add(app, "finalize", "Turn a response into verified signatures", FinalizeFiles);
  file(finalize, "--key", arguments.key, "The signer's public key");
  file(finalize, "--state", arguments.state, "The state that blind made");
  file(finalize, "--response", arguments.response, "The signer's response");
  files(finalize, "--signature", arguments.signatures,
        "Where a signature goes: one for each message, in their order");
  json(finalize);

  CLI::App* const verify = add(app, "verify", "Verify a signature", VerifyFiles);
  file(verify, "--key", arguments.key, "The signer's public key");
  file(verify, "--message", arguments.message, "The message");
  file(verify, "--signature", arguments.signature, "The signature");
  json(verify);

  CLI::App* const vectors = app.add_subcommand("vectors", "Make and run the known answers");
  vectors->require_subcommand(1);
  CLI::App* const make = add(*vectors, "generate", "Make every vector file anew", VectorsGenerate);
  CLI::App* const check =
      add(*vectors, "check", "Run the vector files against this implementation", VectorsCheck);
  for (CLI::App* const each : {make, check}) {
    each->add_option("directory", arguments.directory, "Where the files are")
        ->required()
        ->type_name("DIR");
    json(each);
  }
}

int Run(int argc, const char* const* argv) {
  // No secret into a core dump: the limit stops files, the flag also handlers behind a pipe.
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  // A write beyond the file size limit then fails like any other.
  std::signal(SIGXFSZ, SIG_IGN);
  if (sodium_init() < 0) {
    Complain("libsodium cannot start");
    return kUnusable;
  }

  CLI::App app("RSA blind signatures, as the blindlend specification has them.", "blindlend");
  Arguments arguments;
  Command command = nullptr;
  Declare(app, arguments, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // help or version
    std::ostringstream out;
    app.exit(success, out, out);
    return Say(out.str()) ? 0 : kUnusable;
  } catch (const CLI::ParseError& error) {
    Complain(error.what());
    return kUnusable;
  }

  const auto report = command(arguments);
  if (!report) {
    const Stop& stop = report.error();
    Complain(stop.line);
    if (arguments.json && stop.status == kRefused)
      Say(ToText({{"result", "refused"}, {"step", stop.step}, {"detail", stop.detail}}));
    return stop.status;
  }
  if (!arguments.json) return Say(report->text) ? report->status : kUnusable;
  ordered_json json = {{"result", report->result}};
  json.update(report->json);
  return Say(ToText(json)) ? report->status : kUnusable;
}

}  // namespace

}  // namespace blindlend

int main(int argc, char** argv) {
  try {
    return blindlend::Run(argc, argv);
  } catch (const std::bad_alloc&) {
    blindlend::Complain("out of memory");
  } catch (const std::exception& error) {
    blindlend::Complain(std::string("unexpected: ") + error.what());
  }
  return blindlend::kUnusable;
}
