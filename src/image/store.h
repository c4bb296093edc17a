// The image store: an OCI image layout that any tool reads, with unpacked layers beside it.
//
//   oci-layout, index.json, blobs/sha256/    the layout: index.json names what `tags` says
//   tags/<name>       link to <manifest digest>; '/' in a name is written '!', which no name contains
//   images/<digest>   what `run` needs of an image, in one small file
//   layers/<chain id>/{fs, layer.json}       unpacked, read-only, shared; there only when complete
//   staging/<n>/      what is being made; locked by its maker, swept when the maker is gone
//
// Source: OCI image-spec image-layout.md; layer.md for chain ids.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/digest.h"
#include "image/reference.h"
#include "oci/image.h"

namespace planet::image {

// What `run` needs to know of an image.
struct Image {
  std::string digest;         // of the manifest
  std::string config_digest;  // the image's id, as docker calls it
  oci::ImageConfig config;
  std::vector<std::string> chain;   // chain ids, topmost first
  std::vector<std::string> layers;  // directories for overlayfs, topmost first
  std::uint32_t max_id = 0;         // the largest owner in any layer
  std::uint64_t size = 0;           // bytes of all layers, unpacked
};

struct Listed {
  std::string name;  // "localhost/busybox:latest"
  Image image;
};

class Store {
 public:
  // Opens or makes the store in `root`, an absolute path.
  static Result<Store> open(const std::string& root);

  BorrowedFd dir() const { return dir_.borrow(); }

  // Finds an image by what a user typed: a name, or (a prefix of at least 4 digits of) its id.
  // Errors: kNotFound - nothing of that name is here.
  Result<Image> resolve(std::string_view text) const;
  Result<std::vector<Listed>> list() const;

  // Records the image and what it is called, and brings index.json up to date.
  Result<> add(const Image& image, const std::vector<std::string>& names) const;

  // The image's layer directories, from its chain.
  std::string layer_dir(const std::string& chain_id) const;
  bool has_layer(const std::string& chain_id) const;
  bool has_image(const std::string& digest) const;
  Result<Image> read_image(const std::string& digest) const;

 private:
  Store(std::string path, UniqueFd dir) : path_(std::move(path)), dir_(std::move(dir)) {}
  Result<Image> resolve_id(std::string_view text) const;
  Result<> write_index() const;

  std::string path_;
  UniqueFd dir_;
};

// A directory for what is being made. Removed with the object; one whose maker has died is removed by the next.
class Staging {
 public:
  static Result<Staging> open(const Store& store);
  Staging(Staging&&) noexcept = default;
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging();
  BorrowedFd dir() const { return dir_.borrow(); }

 private:
  Staging(UniqueFd parent, std::string name, UniqueFd dir)
      : parent_(std::move(parent)), name_(std::move(name)), dir_(std::move(dir)) {}
  UniqueFd parent_;
  std::string name_;
  UniqueFd dir_;  // holds the lock
};

}  // namespace planet::image
