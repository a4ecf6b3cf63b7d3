// The benchmarks of the protocol: ref/ next to its peer.
#pragma once

namespace blindlend::bench {

/// Registers them for keys of this length.
void RegisterProtocol(long bits);

}  // namespace blindlend::bench
