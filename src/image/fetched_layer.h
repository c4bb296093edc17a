// A layer's packed bytes as they come from a registry: counted, hashed, and kept in staging for the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "image/layer_install.h"
#include "image/space_guard.h"
#include "image/staging.h"

namespace planet::image {

// What is on its way.
struct Fetch {
  std::unique_ptr<ByteSource> from;
  std::string file;  // what it is called in staging until it is there: then it is "blob-<hex>"
  Digest digest;
  std::uint64_t size = 0;
  std::function<void(std::uint64_t)> received;  // told how many bytes have come; may be empty
};

class FetchedLayer : public PackedLayer {
 public:
  // `staging` is lent.
  static Result<std::unique_ptr<PackedLayer>> open(const Staging& staging, Fetch fetch);

  // Errors: kInvalidArgument - at the end: other bytes than the digest says.
  Result<std::string_view> next() override;
  Result<> verify() override;

 private:
  FetchedLayer(const Staging& staging, Fetch fetch, UniqueFd out)
      : staging_(staging), fetch_(std::move(fetch)), out_(std::move(out)), space_(staging.dir()) {}
  Result<> finish();

  const Staging& staging_;
  Fetch fetch_;
  UniqueFd out_;
  SpaceGuard space_;
  Hasher hasher_;
  std::uint64_t at_ = 0;
  bool ended_ = false;
};

// What staging calls a blob that is to become the store's.
std::string staged_blob(const Digest& digest);

// A blob that the store has, read and hashed again. Errors of next(): kCorrupt - it is damaged.
Result<std::unique_ptr<PackedLayer>> open_stored(UniqueFd file, const Digest& digest);

}  // namespace planet::image
