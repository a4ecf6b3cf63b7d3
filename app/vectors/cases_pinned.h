// Cases that go behind the others of their algorithms.
#pragma once

#include "app/vectors/fixtures.h"

namespace blindlend::vectors {

Makers PinnedMakers();

}  // namespace blindlend::vectors
