#include "app/vectors/fixtures.h"

#include <algorithm>

namespace blindlend::vectors {

Bytes Repeat(std::size_t count, std::uint8_t byte) {
  return Bytes(count, byte);
}

Bytes Int(const ZZ& x, std::size_t len) {
  return *I2OSP(x, len);
}

std::size_t Width(const PublicKey& pk) {
  return static_cast<std::size_t>(NumBytes(pk.n));
}

Json Seed(std::string_view text) {
  return {{"seed", ToJson(Ascii(text))}};
}

Json TapeOf(const Bytes& bytes) {
  return {{"bytes", ToJson(bytes)}};
}

Bytes Start(std::string_view seed, std::size_t size) {
  Bytes bytes(size);
  Tape::FromSeed(Ascii(seed)).Source()(bytes);
  return bytes;
}

SecretKey MakeKey(long bits, std::string_view seed) {
  Tape tape = Tape::FromSeed(Ascii(seed));
  return *GenerateKey(bits, tape.Source());
}

const SecretKey& Toy() {
  static const SecretKey key = *KeyFromPrimes(ZZ{3}, ZZ{11}, ZZ{7});
  return key;
}

const SecretKey& Small() {
  static const SecretKey key = MakeKey(512, "small key");
  return key;
}

const SecretKey& OtherSmall() {
  static const SecretKey key = MakeKey(512, "other small key");
  return key;
}

const SecretKey& Real() {
  static const SecretKey key = MakeKey(2048, "real key");
  return key;
}

PublicKey FewUnits() {
  PublicKey pk{ZZ{17}, ZZ{3}};
  NTL::PrimeSeq primes;
  for (long prime = primes.next(); prime <= 367; prime = primes.next()) pk.n *= prime;
  return pk;
}

const Bytes& Msg() {
  static const Bytes msg = Ascii("a token");
  return msg;
}

Bytes SignatureOf(const SecretKey& sk, View msg) {
  const ZZ h = *FDH("blindlend v1 token", sk, msg);
  return Int(PowerMod(h, sk.d, sk.n), Width(sk));
}

const Bytes& AdminSeed() {
  static const Bytes seed = SHA256(Ascii("admin"));
  return seed;
}

const Bytes& MemberSeed() {
  static const Bytes seed = SHA256(Ascii("member"));
  return seed;
}

const std::vector<Bytes>& Lenders() {
  static const std::vector<Bytes> lenders = [] {
    std::vector<Bytes> keys = {PublicOf(SHA256(Ascii("lender 1"))),
                               PublicOf(SHA256(Ascii("lender 2")))};
    std::ranges::sort(keys);
    return keys;
  }();
  return lenders;
}

const Bytes& Group() {
  static const Bytes group = Ascii("friends");
  return group;
}

std::vector<ZZ> Certificate(const SecretKey& sk, const Bytes& group) {
  Tape tape = Tape::FromSeed(Ascii("certificate"));
  return *ProveKey(sk, group, tape.Source());
}

Epoch MakeEpoch(const SecretKey& sk, std::uint64_t turn) {
  const std::uint64_t from = 1000 * turn;
  return {sk, Certificate(sk, Group()), from, from + 1000, from + 500, from + 2000, 3, Lenders()};
}

Link FirstLink(std::optional<Epoch> epoch) {
  return {Group(), 1, Repeat(32, 0), std::move(epoch)};
}

Link NextLink(const Link& before, std::optional<Epoch> epoch) {
  return {Group(), before.number + 1, *LinkId(before), std::move(epoch)};
}

Bytes SealLink(const Link& link) {
  return Seal(AdminSeed(), "blindlend v1 link", *EncodeLink(link));
}

const Bytes& SpendSeed() {
  static const Bytes seed = SHA256(Ascii("spend"));
  return seed;
}

Token Signed(const SecretKey& sk, Token token) {
  token.sig =
      SignatureOf(sk, Join({Bytes{1, 0x0c}, token.key_id, token.audience, token.spend_key}));
  return token;
}

Token MakeToken(const SecretKey& sk) {
  return Signed(sk, {*KeyId(sk), Lenders()[0], PublicOf(SpendSeed()), {}});
}

std::vector<std::pair<std::string, Token>> UnencodableTokens() {
  std::vector<std::pair<std::string, Token>> tokens;
  const auto bad = [&](const char* why, auto change) {
    Token token = MakeToken(Small());
    change(token);
    tokens.emplace_back(why, std::move(token));
  };
  bad("a key id of 31 bytes", [](Token& token) { token.key_id.pop_back(); });
  bad("a key id of 33 bytes", [](Token& token) { token.key_id.push_back(0); });
  bad("an audience of 31 bytes", [](Token& token) { token.audience.pop_back(); });
  bad("an audience of 33 bytes", [](Token& token) { token.audience.push_back(0); });
  bad("a spend key of 31 bytes", [](Token& token) { token.spend_key.pop_back(); });
  bad("a spend key of 33 bytes", [](Token& token) { token.spend_key.push_back(0); });
  bad("an audience a byte shorter, a spend key a byte longer", [](Token& token) {
    token.spend_key.insert(token.spend_key.begin(), token.audience.back());
    token.audience.pop_back();
  });
  bad("no signature", [](Token& token) { token.sig.clear(); });
  bad("a signature of 513 bytes", [](Token& token) { token.sig.resize(513); });
  return tokens;
}

Bytes FlipBit(Bytes bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

Bytes With(Bytes bytes, std::size_t at, std::uint8_t value) {
  bytes[at] = value;
  return bytes;
}

void MalformedCases(List& list, const Bytes& good, const std::string& header_step,
                    const std::string& short_step, const std::string& long_step,
                    const Json& rest_of_inputs, const char* key) {
  const auto bad = [&](const std::string& step, const char* why, const Bytes& bytes) {
    Json inputs = rest_of_inputs;
    inputs[key] = ToJson(bytes);
    list.Invalid(step, why, {"Malformed"}, inputs);
  };
  bad(header_step, "nothing at all", {});
  bad(header_step, "two bytes", Bytes(good.begin(), good.begin() + 2));
  bad(header_step, "version 0", With(good, 0, 0));
  bad(header_step, "version 2", With(good, 0, 2));
  bad(header_step, "kind 0", With(good, 1, 0));
  bad(header_step, "kind 7", With(good, 1, 7));
  bad(short_step, "the last byte is missing", Bytes(good.begin(), good.end() - 1));
  bad(long_step, "a byte too many", Join({good, Bytes{0}}));
}

}  // namespace blindlend::vectors
