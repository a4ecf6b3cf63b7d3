#include "objects.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

namespace blindlend {

namespace {

std::unexpected<Stop> WrongForm(const std::string& path, std::string_view name, Failure failure) {
  return Unusable(path,
                  "not a blindlend " + std::string(name) + " (" + std::string(failure.step) + ")");
}

/// The object's bytes out of its textual form.
std::expected<Bytes, Stop> LoadBytes(const std::string& path, const Kind& kind) {
  const auto text = ReadStart(path, kind);
  if (!text) return std::unexpected(text.error());
  const auto bytes = DecodeText(kind.name, text->bytes);
  // Another kind of file is called that, also where it is too large for this kind.
  if (!bytes && (text->whole || bytes.error().step == "DecodeText.1"))
    return WrongForm(path, kind.name, bytes.error());
  if (!text->whole) return TooLarge(path, kind);
  return *bytes;
}

std::expected<Batch, Stop> LoadBatch(const std::string& path, const Kind& kind, std::uint8_t byte) {
  const auto bytes = LoadBytes(path, kind);
  if (!bytes) return std::unexpected(bytes.error());
  const auto batch = ParseBatch(byte, *bytes);
  if (!batch) return WrongForm(path, kind.name, batch.error());
  return *batch;
}

struct OpenSslDeleter {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
};

std::unique_ptr<BIGNUM, OpenSslDeleter> ToBignum(const ZZ& x) {
  const auto len = static_cast<std::size_t>(NumBytes(x));
  const Bytes bytes = *I2OSP(x, len);
  return std::unique_ptr<BIGNUM, OpenSslDeleter>(
      BN_bin2bn(bytes.data(), static_cast<int>(len), nullptr));
}

}  // namespace

std::expected<PublicKey, Stop> LoadPublicKey(const std::string& path) {
  const auto bytes = LoadBytes(path, kPublicKeyFile);
  if (!bytes) return std::unexpected(bytes.error());
  const auto pk = ParsePublicKey(*bytes);
  if (!pk) return WrongForm(path, kPublicKeyFile.name, pk.error());
  return *pk;
}

std::expected<SecretKey, Stop> LoadSecretKey(const std::string& path) {
  const auto bytes = LoadBytes(path, kSecretKeyFile);
  if (!bytes) return std::unexpected(bytes.error());
  const auto sk = ParseSecretKey(*bytes);
  if (!sk) return WrongForm(path, kSecretKeyFile.name, sk.error());
  return *sk;
}

std::expected<AnyKey, Stop> LoadAnyKey(const std::string& path) {
  const Kind either{"PUBLIC KEY or SECRET KEY",
                    std::max(kPublicKeyFile.max_size, kSecretKeyFile.max_size)};
  const auto text = ReadStart(path, either);
  if (!text) return std::unexpected(text.error());
  const auto has_label = [&text](const Kind& kind) {
    const auto bytes = DecodeText(kind.name, text->bytes);
    return bytes || bytes.error().step != "DecodeText.1";
  };
  if (has_label(kSecretKeyFile)) {
    const auto sk = LoadSecretKey(path);  // again, for the bounds and warnings of its kind
    if (!sk) return std::unexpected(sk.error());
    return AnyKey{*sk, true};
  }
  if (!has_label(kPublicKeyFile)) return WrongForm(path, either.name, {"DecodeText.1"});
  const auto pk = LoadPublicKey(path);
  if (!pk) return std::unexpected(pk.error());
  return AnyKey{{*pk, {}, {}, {}, {}, {}, {}}, false};
}

std::expected<Batch, Stop> LoadRequest(const std::string& path) {
  return LoadBatch(path, kRequestFile, kRequest);
}

std::expected<Batch, Stop> LoadResponse(const std::string& path) {
  return LoadBatch(path, kResponseFile, kResponse);
}

std::expected<State, Stop> LoadState(const std::string& path) {
  const auto bytes = LoadBytes(path, kStateFile);
  if (!bytes) return std::unexpected(bytes.error());
  const auto state = ParseState(*bytes);
  if (!state) return WrongForm(path, kStateFile.name, state.error());
  return *state;
}

std::expected<Bytes, Stop> LoadSignature(const std::string& path) {
  const auto bytes = LoadBytes(path, kSignatureFile);
  if (!bytes) return std::unexpected(bytes.error());
  const auto sig = ParseSignature(*bytes);
  if (!sig) return WrongForm(path, kSignatureFile.name, sig.error());
  return *sig;
}

namespace {

std::uint8_t IdentityByte(const Kind& kind) {
  if (kind.name == kAdminFile.name) return kAdmin;
  return kind.name == kMemberFile.name ? kMember : kLender;
}

}  // namespace

std::expected<Bytes, Stop> LoadIdentity(const std::string& path, const Kind& kind) {
  const auto bytes = LoadBytes(path, kind);
  if (!bytes) return std::unexpected(bytes.error());
  const auto key = ParseIdentity(IdentityByte(kind), *bytes);
  if (!key) return WrongForm(path, kind.name, key.error());
  return *key;
}

std::expected<Bytes, Stop> LoadSealed(const std::string& path, const Kind& kind) {
  return LoadBytes(path, kind);
}

std::expected<SealedLink, Stop> LoadLink(const std::string& path) {
  const auto start = ReadStart(path, kEpochFile);
  if (!start) return std::unexpected(start.error());
  const auto as_epoch = DecodeText(kEpochFile.name, start->bytes);
  const bool is_epoch = as_epoch || as_epoch.error().step != "DecodeText.1";
  const auto sealed = LoadBytes(path, is_epoch ? kEpochFile : kRevocationFile);
  if (!sealed)
    return is_epoch ? std::unexpected(sealed.error())
                    : WrongForm(path, "EPOCH or REVOCATION", {"DecodeText.1"});
  if (sealed->size() < kSeal) return WrongForm(path, "descriptor", {"Open.1"});
  const auto link = ParseLink(View(*sealed).first(sealed->size() - kSeal));
  if (!link) return WrongForm(path, "descriptor", link.error());
  return SealedLink{*link, *sealed};
}

std::expected<Bytes, Stop> LoadAttestationKey(const std::string& path) {
  const auto bytes = LoadBytes(path, kAttestationKeyFile);
  if (!bytes) return std::unexpected(bytes.error());
  const auto key = ParseAttestationKey(*bytes);
  if (!key) return WrongForm(path, kAttestationKeyFile.name, key.error());
  return *key;
}

std::expected<std::vector<Bytes>, Stop> LoadEvidence(const std::string& path) {
  const auto text = ReadFile(path, kEvidenceFile);
  if (!text) return std::unexpected(text.error());
  const std::string_view all(reinterpret_cast<const char*>(text->data()), text->size());
  std::vector<Bytes> parts;
  constexpr std::string_view kBegin = "-----BEGIN BLINDLEND ";
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t next = all.find(kBegin, at + 1);
    const Bytes part = Ascii(all.substr(at, next - at));
    at = std::min(next, all.size());
    std::expected<Bytes, Failure> bytes = Fail("DecodeText.1");
    for (const Kind& kind : {kEpochFile, kRevocationFile, kTokenRequestFile, kTokenResponseFile})
      if (!bytes && bytes.error().step == "DecodeText.1") bytes = DecodeText(kind.name, part);
    if (!bytes) return WrongForm(path, kEvidenceFile.name, bytes.error());
    parts.push_back(*bytes);
  }
  if (parts.size() != 2 && parts.size() != 3)
    return Unusable(path, "evidence is two descriptors, or a descriptor, a request and a response");
  return parts;
}

Bytes IdentityText(const Kind& kind, View key) {
  return EncodeText(kind.name, EncodeIdentity(IdentityByte(kind), key).value());
}

std::expected<Bytes, Stop> SpkiPem(const PublicKey& pk) {
  const auto failed = Unusable("OpenSSL", "cannot write this public key");
  const auto n = ToBignum(pk.n);
  const auto e = ToBignum(pk.e);
  const std::unique_ptr<OSSL_PARAM_BLD, OpenSslDeleter> builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return failed;
  const std::unique_ptr<OSSL_PARAM, OpenSslDeleter> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const std::unique_ptr<EVP_PKEY_CTX, OpenSslDeleter> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* raw_key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw_key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return failed;
  const std::unique_ptr<EVP_PKEY, OpenSslDeleter> key(raw_key);
  const std::unique_ptr<BIO, OpenSslDeleter> memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_PUBKEY(memory.get(), key.get()) != 1) return failed;
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return Ascii(std::string_view(text, static_cast<std::size_t>(size)));
}

}  // namespace blindlend
