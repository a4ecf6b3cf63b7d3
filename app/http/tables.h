// The tables of spec chapter 11-http.
#pragma once

#include <array>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "app/http/json.h"

namespace blindlend {

/// (method, path) of what is lent.
using Targets = std::set<std::pair<std::string, std::string>>;

/// Those of the spec.
const Targets& DefaultTargets();

/// Whether a header is passed on with this value; and if not, whether the request goes on without it.
struct RequestHeaderRule {
  std::string_view name;
  bool (*has_form)(std::string_view value);
  bool dropped_otherwise;
};

/// The rule of a name in lower case, or nullptr.
const RequestHeaderRule* RuleOf(std::string_view name);

/// Whether a member of the body at this path is removed, or refused.
bool IsRemoved(const std::vector<JsonStep>& path);
bool IsRefused(const std::vector<JsonStep>& path);

/// Where a relay is asked for its attestation, before the nonce.
inline constexpr std::string_view kAttestationTarget = "/blindlend/v1/attestation?nonce=";

/// A row of the table of errors.
struct ErrorRow {
  std::string_view code;
  int status;
  std::string_view type, sentence;
};

/// The row of a code, or nullptr.
const ErrorRow* ErrorOf(std::string_view code);

/// All of them.
std::span<const ErrorRow> Errors();

}  // namespace blindlend
