// The known-answer vectors of spec/V-vectors: made from nothing, and checked against ref/.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace blindlend::vectors {

/// Every vector file with its content, by file name. Deterministic: the same bytes each time.
/// progress: called with each file name as it begins.
std::map<std::string, std::string> Generate(void (*progress)(std::string_view file));

/// What became of one file.
struct FileResult {
  std::string file;
  std::size_t tests = 0;
  /// A line for each test that failed, or one that says why the file could not be read at all.
  std::vector<std::string> failures;
};

/// Runs every test of a file against ref/. file: its name, for messages; content: what it holds.
/// Anything that is not in the closed schema is a failure.
FileResult Check(std::string_view file, std::string_view content);

/// The names of the files that Generate makes, without making them.
std::vector<std::string> FileNames();

}  // namespace blindlend::vectors
