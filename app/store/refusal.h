// What a refusal of an algorithm says to people.
#pragma once

#include "app/store/files.h"

namespace blindlend {

/// A Stop with kExitRefused, at the failure's step. detail: what is known beyond the step, or nothing;
/// then the step's sentence is taken. Never holds a secret.
std::unexpected<Stop> Refused(Failure failure, std::string detail = "");

/// "3 tokens", "1 token".
std::string Count(std::size_t count, const std::string& what);

/// Lower-case hexadecimal digits.
std::string Hex(View bytes);

/// Seconds since 1970-01-01 UTC as "2026-11-24 10:00:00 UTC"; beyond the year 9999 the number alone.
std::string TimeText(std::uint64_t time);

}  // namespace blindlend
