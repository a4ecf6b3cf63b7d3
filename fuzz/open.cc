// Targets: Open, Seal, PublicOf
//
// Input: mode; then, sealed by one of three identities under one of three tags, a body of which, or of
// whose signature or key, some bytes are flipped; or key and sealed object as they are.
#include "fuzz/oracle.h"

namespace blindlend {
namespace {

constexpr std::array<std::string_view, 3> kTags = {"blindlend v1 link", "blindlend v1 request", ""};

// What is asked of Open.
struct Question {
  Bytes key;
  std::string_view tag;
  Bytes sealed;
};

// Ed25519's signatures are unique to whoever keeps to the RFC: only these bytes are Seal's.
Question Honest(View seed, std::string_view tag, View body) {
  const Bytes sealed = Seal(seed, tag, body);
  Require(Equal(sealed, oracle::Sealed(seed, tag, body)), "Seal gives the bytes of the RFC");
  const Bytes key = PublicOf(seed);
  Require(Equal(key, oracle::PublicKeyOf(seed)), "PublicOf gives the bytes of the RFC");
  const auto opened = Open(key, tag, sealed);
  Require(opened && Equal(*opened, body), "Open(Seal(body)) = body");
  return {key, tag, sealed};
}

// The little-endian number at the end of a signature, and the group order added to it.
Bytes ShiftedByOrder(const Bytes& sealed, std::size_t times) {
  static const oracle::Number order =
      oracle::Number::FromHex("1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED");
  const Bytes s(sealed.rbegin(), sealed.rbegin() + 32);
  const Bytes shifted = (oracle::Number(s) + oracle::Number(times) * order).ToBytes(32);
  Bytes again(sealed.begin(), sealed.end() - 32);
  again.insert(again.end(), shifted.rbegin(), shifted.rend());
  return again;
}

Question MakeQuestion(Arguments& arguments) {
  const std::uint8_t choice = arguments.Byte();
  const std::string_view tag = kTags[choice / 8 % kTags.size()];
  if (choice % 8 == 0) {
    const View key = arguments.Take(arguments.Byte() % 64U);
    const View sealed = arguments.Rest();
    return {Bytes(key.begin(), key.end()), tag, Bytes(sealed.begin(), sealed.end())};
  }
  // The modes below are one edit each, so that the rest stays what Seal made.
  const std::uint8_t who = arguments.Byte();
  const Bytes seed = oracle::Named(who % 3 == 0 ? "admin" : who % 3 == 1 ? "member" : "lender");
  const View body = arguments.Take(arguments.Byte());
  Question question = Honest(seed, tag, body);
  const std::size_t size = question.sealed.size();
  switch (choice % 8) {
    case 1:
      question.key = oracle::Flipped(question.key, arguments.Rest());
      break;
    case 2:
      question.sealed = oracle::Flipped(question.sealed, arguments.Rest());
      break;
    case 3:
      question.sealed =
          Join({body, oracle::Flipped(View(question.sealed).last(64), arguments.Rest())});
      break;
    case 4:
      question.sealed = ShiftedByOrder(question.sealed, 1 + arguments.Byte() % 14U);
      break;
    case 5:
      question.sealed.resize(arguments.Byte() % (size + 2));
      break;
    case 6:
      question.tag = kTags[arguments.Byte() % kTags.size()];
      break;
    default:
      question.key = oracle::PublicKeyOf(oracle::Named("nobody"));
  }
  return question;
}

void Check(View input) {
  Arguments arguments(input);
  const auto [key, tag, sealed] = MakeQuestion(arguments);
  const auto body = Open(key, tag, sealed);
  RequireStep(StepOf(body), oracle::OpenStep(key, tag, sealed));
  if (body) Require(Equal(*body, View(sealed).first(sealed.size() - 64)), "body stands in front");
}

}  // namespace
}  // namespace blindlend

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blindlend::Check({data, size});
  return 0;
}
