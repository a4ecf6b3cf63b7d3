// The command line: which commands there are, and what each takes.
#pragma once

#include <CLI/CLI.hpp>

#include "app/cli/commands.h"

namespace blindlend {

using Command = std::expected<Report, Stop> (*)(const Arguments&);

/// The whole command line. Each command that is found on it puts itself into command.
void Declare(CLI::App& app, Arguments& arguments, Command& command);

}  // namespace blindlend
