// What a result depends on besides the code: compare refuses to compare where this differs.
#pragma once

namespace blindlend::bench {

/// Adds compiler, build type, flags, library versions and CPU to the context of the JSON output.
void AddContext();

}  // namespace blindlend::bench
