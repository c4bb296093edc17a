#include "image/fetched_layer.h"

#include <utility>

#include "image/stream.h"
#include "sys/file.h"

namespace planet::image {
namespace {

// Reads what is left, so that the end is judged.
Result<> drain(PackedLayer& layer) {
  while (true) {
    TRY_SET(const std::string_view piece, layer.next());
    if (piece.empty()) return {};
  }
}

class StoredBlob : public PackedLayer {
 public:
  StoredBlob(UniqueFd file, Digest digest)
      : file_(std::move(file)), bytes_(read_file(file_.borrow())), digest_(std::move(digest)) {}

  Result<std::string_view> next() override {
    if (ended_) return std::string_view();
    TRY_SET(const std::string_view piece, bytes_->next());
    hasher_.update(piece);
    if (!piece.empty()) return piece;
    ended_ = true;
    if (hasher_.finish() != digest_)
      return fail(Code::kCorrupt,
                  "blob " + digest_.text() +
                      " in the store is damaged: see `planet system check --repair`");
    return piece;
  }
  Result<> verify() override { return drain(*this); }

 private:
  UniqueFd file_;
  std::unique_ptr<ByteSource> bytes_;
  Digest digest_;
  Hasher hasher_;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<PackedLayer>> FetchedLayer::open(const Staging& staging, Fetch fetch) {
  TRY_SET(UniqueFd out,
          sys::open_at(staging.dir(), fetch.file.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  return std::unique_ptr<PackedLayer>(new FetchedLayer(staging, std::move(fetch), std::move(out)));
}

Result<std::string_view> FetchedLayer::next() {
  if (ended_) return std::string_view();
  TRY_SET(const std::string_view piece, fetch_.from->next());
  if (piece.empty()) {
    TRY(finish());
    return piece;
  }
  TRY(sys::write_all(out_.borrow(), piece));
  TRY(space_.wrote(piece.size()));
  hasher_.update(piece);
  at_ += piece.size();
  if (fetch_.received) fetch_.received(at_);
  return piece;
}

Result<> FetchedLayer::finish() {
  ended_ = true;
  const Digest got = hasher_.finish();
  if (got != fetch_.digest || at_ != fetch_.size)
    return fail(Code::kInvalidArgument,
                "blob " + fetch_.digest.text() + " has other content: its digest is " + got.text());
  fetch_.from.reset();  // its connection is free for another
  out_.reset();
  return sys::rename_at(staging_.dir(), fetch_.file.c_str(), staging_.dir(),
                        staged_blob(fetch_.digest).c_str());
}

Result<> FetchedLayer::verify() {
  return drain(*this);
}

std::string staged_blob(const Digest& digest) {
  return "blob-" + digest.hex();
}

Result<std::unique_ptr<PackedLayer>> open_stored(UniqueFd file, const Digest& digest) {
  return std::make_unique<StoredBlob>(std::move(file), digest);
}

}  // namespace planet::image
