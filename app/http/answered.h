// What somebody answered to a question over HTTP.
#pragma once

#include <vector>

#include "app/http/text.h"

namespace blindlend {

struct Answered {
  int status;
  std::vector<Header> headers;
  Bytes body;
};

}  // namespace blindlend
