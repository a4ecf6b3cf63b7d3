#include "fuzz/mutators/big.h"

#include <algorithm>
#include <cstdlib>

namespace blindlend::mutators {
namespace {

BN_CTX* Scratch() {
  static const std::unique_ptr<BN_CTX, void (*)(BN_CTX*)> scratch(BN_CTX_new(), BN_CTX_free);
  return scratch.get();
}

void Done(bool succeeded) {
  if (!succeeded) std::abort();
}

Big New() {
  Big number(BN_new());
  Done(number != nullptr);
  return number;
}

}  // namespace

Big BigOf(const Bytes& bytes) {
  Big number = New();
  if (!bytes.empty())
    Done(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), number.get()) != nullptr);
  return number;
}

Big BigOf(unsigned long value) {
  Big number = New();
  Done(BN_set_word(number.get(), value) == 1);
  return number;
}

Big Copy(const Big& a) {
  Big copy(BN_dup(a.get()));
  Done(copy != nullptr);
  return copy;
}

std::size_t SizeOf(const Big& number) {
  return static_cast<std::size_t>(BN_num_bytes(number.get()));
}

Bytes BytesOf(const Big& number, std::size_t len) {
  Bytes all(std::max(len, SizeOf(number)) + 1);
  Done(BN_bn2binpad(number.get(), all.data(), static_cast<int>(all.size())) >= 0);
  return Bytes(all.end() - static_cast<std::ptrdiff_t>(len), all.end());
}

Big Sum(const Big& a, const Big& b) {
  Big sum = New();
  Done(BN_add(sum.get(), a.get(), b.get()) == 1);
  return sum;
}

Big Difference(const Big& a, const Big& b) {
  Big difference = New();
  Done(BN_sub(difference.get(), a.get(), b.get()) == 1);
  BN_set_negative(difference.get(), 0);
  return difference;
}

Big Product(const Big& a, const Big& b) {
  Big product = New();
  Done(BN_mul(product.get(), a.get(), b.get(), Scratch()) == 1);
  return product;
}

Big Rest(const Big& a, const Big& n) {
  Big rest = New();
  if (!BN_is_zero(n.get())) Done(BN_nnmod(rest.get(), a.get(), n.get(), Scratch()) == 1);
  return rest;
}

Big Quotient(const Big& a, const Big& b) {
  Big quotient = New();
  if (!BN_is_zero(b.get())) Done(BN_div(quotient.get(), nullptr, a.get(), b.get(), Scratch()) == 1);
  return quotient;
}

Big Inverse(const Big& a, const Big& n) {
  Big inverse = New();
  if (BN_is_zero(n.get()) || BN_is_one(n.get())) return inverse;
  if (BN_mod_inverse(inverse.get(), a.get(), n.get(), Scratch()) == nullptr) return New();
  return inverse;
}

Big Gcd(const Big& a, const Big& b) {
  Big gcd = New();
  Done(BN_gcd(gcd.get(), a.get(), b.get(), Scratch()) == 1);
  return gcd;
}

}  // namespace blindlend::mutators
