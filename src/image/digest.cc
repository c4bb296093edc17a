#include "image/digest.h"

// The plain functions: the newer interface drags all of libcrypto into a static program, for the same assembly.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>

#include "base/strings.h"

namespace planet::image {

struct Hasher::State {
  SHA256_CTX context;
};

Result<Digest> Digest::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  constexpr std::size_t kHexDigits = 64;
  const std::string_view hex = text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : "";
  if (hex.size() != kHexDigits ||
      hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return fail(Code::kInvalidArgument,
                quote(text.substr(0, 100)) +
                    " is not a digest of the form sha256: and 64 lower-case hex digits");
  return Digest(std::string(hex));
}

Hasher::Hasher() : state_(std::make_unique<State>()) {
  SHA256_Init(&state_->context);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::string_view bytes) {
  SHA256_Update(&state_->context, bytes.data(), bytes.size());
}

Digest Hasher::finish() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
  SHA256_Final(sum.data(), &state_->context);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : sum) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return Digest(std::move(hex));
}

Digest digest_of(std::string_view bytes) {
  Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Digest chain_id(const Digest* below, const Digest& diff_id) {
  return below == nullptr ? diff_id : digest_of(below->text() + " " + diff_id.text());
}

}  // namespace planet::image
