// The benchmarks below the protocol: exponentiation, inverse, key validation, hash.
#pragma once

namespace blindlend::bench {

/// Registers them for keys of this length.
void RegisterPrimitives(long bits);

}  // namespace blindlend::bench
