// The command `blindlend`: arguments in, exit status out. Nothing is thrown past this file.

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "app/cli/options.h"

namespace blindlend {

namespace {

using nlohmann::ordered_json;

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

int Run(int argc, const char* const* argv) {
  // No secret into a core dump: the limit stops files, the flag also handlers behind a pipe.
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  // A write beyond the file size limit then fails like any other.
  std::signal(SIGXFSZ, SIG_IGN);
  if (sodium_init() < 0) {
    Complain("libsodium cannot start");
    return kExitUnusable;
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
    return Say(out.str()) ? 0 : kExitUnusable;
  } catch (const CLI::ParseError& error) {
    Complain(error.what());
    return kExitUnusable;
  }

  const auto report = command(arguments);
  if (!report) {
    const Stop& stop = report.error();
    Complain(stop.line);
    if (arguments.json && stop.status == kExitRefused)
      Say(ToText({{"result", "refused"}, {"step", stop.step}, {"detail", stop.detail}}));
    return stop.status;
  }
  if (!arguments.json) return Say(report->text) ? report->status : kExitUnusable;
  ordered_json json = {{"result", report->result}};
  json.update(report->json);
  return Say(ToText(json)) ? report->status : kExitUnusable;
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
  return blindlend::kExitUnusable;
}
