// One borrow from end to end, played by ref/ and the binding to HTTP on a tape: what each party sees.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace blindlend::walk {

/// A group of three members, one lender and an upstream: each member obtains a token, each spends it, in
/// an order that the tape decides; the first of these borrows is told event by event, with what each
/// party sees of it. Then what would join each request with each token: for every pair the r, computed
/// with the private key, and whether Blind and Finalize with this r make of the token the request that
/// the admin saw, and of the admin's answer the token; and on n = 33 all of it, by every tape there is.
/// Then which bytes the admin's transcript and the lender's have in common.
/// All keys come from the seed and are nobody's. bits: length of the epoch's key, 2048, 3072 or 4096.
/// Deterministic.
nlohmann::ordered_json Play(std::uint64_t seed, long bits);

}  // namespace blindlend::walk
