// Flawed twins of DrawUnit within Blind, and of what a client does after a failed session.
#include <ctime>

#include "app/vectors/tape.h"
#include "tests/adversary/cheats/cheats.h"

namespace blindlend::test {

using NTL::MulMod;
using NTL::PowerMod;

Blinded BlindWith(const PublicKey& pk, const ZZ& h, const ZZ& r) {
  return {MulMod(h, PowerMod(r, pk.e, pk.n), pk.n), *ModInverse(r, pk.n)};
}

namespace {

// k(n) bytes of source as an integer below 2^bits(n), or nothing when it is exhausted.
std::optional<ZZ> Candidate(const ZZ& n, const ByteSource& source) {
  Bytes bytes(static_cast<std::size_t>(NumBytes(n)));
  if (!source(bytes)) return std::nullopt;
  return trunc_ZZ(OS2IP(bytes), NumBits(n));
}

// What a flawed client draws: a unit, or nothing when the source is exhausted.
using Draw = std::function<std::optional<ZZ>(const ZZ& n, View msg, const ByteSource&)>;

// A client that is Blind but for the way it draws r. draw: made anew in each process.
Cheat Draws(const std::string& name, const std::string& caught_by, std::function<Draw()> draw) {
  return {name, "DrawUnit", {Part::kBlind}, caught_by, [draw](const Bytes&) {
            Parties parties = Shipped();
            parties.blind = [draw = draw()](
                                const PublicKey& pk, View msg,
                                const ByteSource& source) -> std::expected<Blinded, Failure> {
              const auto h = FDH("blindlend v1 token", pk, msg);
              if (!h) return Fail("Blind.1");
              const auto r = draw(pk.n, msg, source);
              if (!r) return Fail("Blind.2");
              return BlindWith(pk, *h, *r);
            };
            return parties;
          }};
}

// The first candidate that `shape` makes a unit of.
Draw Shaped(std::function<ZZ(const ZZ& n, const ZZ& candidate)> shape) {
  return [shape](const ZZ& n, View, const ByteSource& source) -> std::optional<ZZ> {
    for (;;) {
      const auto candidate = Candidate(n, source);
      if (!candidate) return std::nullopt;
      const ZZ x = shape(n, *candidate);
      if (x > 0 && x < n && GCD(x, n) == 1) return x;
    }
  };
}

}  // namespace

std::vector<Cheat> BlindingCheats() {
  std::vector<Cheat> cheats = {
      Draws("r = 1", "linking: size",
            [] { return Draw([](const ZZ&, View, const ByteSource&) { return ZZ{1}; }); }),
      Draws("64-bit r", "linking: size",
            [] {
              return Draw([](const ZZ& n, View, const ByteSource& source) -> std::optional<ZZ> {
                for (Bytes bytes(8); source(bytes);) {
                  const ZZ x = OS2IP(bytes);
                  if (x > 0 && x < n && GCD(x, n) == 1) return x;
                }
                return std::nullopt;
              });
            }),
      Draws("r reused", "linking: repeats",
            [] {
              // The first r of a process serves for all that follow under the same key.
              auto kept = std::make_shared<std::optional<std::pair<ZZ, ZZ>>>();
              return Draw([kept](const ZZ& n, View, const ByteSource& source) -> std::optional<ZZ> {
                if (!*kept || (*kept)->first != n) {
                  const auto r = DrawUnit(n, source);
                  if (!r) return std::nullopt;
                  *kept = {n, *r};
                }
                return (*kept)->second;
              });
            }),
      Draws("r's top bit cleared", "linking: top",
            [] {
              return Shaped([](const ZZ& n, const ZZ& x) { return trunc_ZZ(x, NumBits(n) - 1); });
            }),
      Draws("r reduced mod n", "linking: distribution",
            [] { return Shaped([](const ZZ& n, const ZZ& x) { return x % n; }); }),
      Draws("r a square", "linking: residue",
            [] {
              return Shaped(
                  [](const ZZ& n, const ZZ& x) { return x > 0 && x < n ? MulMod(x, x, n) : ZZ{}; });
            }),
      Draws("r odd only", "linking: low",
            [] { return Shaped([](const ZZ&, const ZZ& x) { return x + (IsOdd(x) ? 0 : 1); }); }),
      Draws("r from the token", "tape",
            [] {
              return Draw([](const ZZ& n, View msg, const ByteSource&) -> std::optional<ZZ> {
                Tape tape = Tape::FromSeed(SHA256(msg));
                return *DrawUnit(n, tape.Source());
              });
            }),
      Draws("r from a seeded generator, restarted with the process", "restart",
            [] {
              auto tape = std::make_shared<Tape>(Tape::FromSeed(Ascii("a constant")));
              return Draw([tape](const ZZ& n, View, const ByteSource&) -> std::optional<ZZ> {
                return *DrawUnit(n, tape->Source());
              });
            }),
      Draws("r from the clock", "clock",
            [] {
              return Draw([](const ZZ& n, View msg, const ByteSource& source) {
                // Mixed with good bytes, so that nothing but the clock gives it away.
                Bytes bytes(32);
                source(bytes);
                const auto now = static_cast<std::uint64_t>(std::time(nullptr));
                Tape tape = Tape::FromSeed(Join({bytes, msg, *I2OSP(NTL::conv<ZZ>(now), 8)}));
                return std::optional(*DrawUnit(n, tape.Source()));
              });
            }),
  };
  cheats.push_back(
      {"re-blinding after a failure", "RequestTokens", {Part::kAgain}, "abort", [](const Bytes&) {
         Parties parties = Shipped();
         parties.again = [](const PublicKey& pk, View, const Sent& failed,
                            const ByteSource& source) {
           return Sent{failed.minted, *Blind(pk, failed.minted.msg, source)};
         };
         return parties;
       }});
  return cheats;
}

}  // namespace blindlend::test
