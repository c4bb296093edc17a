// Digest: the name of some bytes, and the way to compute it while they pass.
//
// Source: OCI image-spec descriptor.md, "Digests". Only sha256, which every registry and tool uses.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace planet::image {

class Digest {
 public:
  // Errors: kInvalidArgument - anything but "sha256:" and 64 lower-case hex digits, so that it can name a file.
  static Result<Digest> parse(std::string_view text);

  const std::string& hex() const { return hex_; }
  std::string text() const { return "sha256:" + hex_; }
  auto operator<=>(const Digest&) const = default;

 private:
  friend class Hasher;
  explicit Digest(std::string hex) : hex_(std::move(hex)) {}
  std::string hex_;
};

class Hasher {
 public:
  Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  ~Hasher();
  void update(std::string_view bytes);
  Digest finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest digest_of(std::string_view bytes);

// The name of a stack of layers: OCI image-spec config.md, "Layer ChainID".
Digest chain_id(const Digest* below, const Digest& diff_id);

}  // namespace planet::image
