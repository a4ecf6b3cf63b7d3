// Benchmarks of chapters 5 to 8: the certificate, links, tokens, and issuance by count of tokens.
#pragma once

namespace blindlend::bench {

void RegisterIssuance(long bits);

}  // namespace blindlend::bench
