// The image store: an OCI image layout that any tool reads, with unpacked layers beside it.
//
//   oci-layout, index.json, blobs/sha256/    the layout: index.json names what `tags` says
//   tags/<name>       link to <manifest digest>; '/' in a name is written '!', which no name contains
//   images/<digest>   what `run` needs of an image, in one small file
//   layers/<chain id>/{fs, layer.json}       unpacked, read-only, shared; there only when complete
//   staging/<n>/      what is being made: image/staging.h
//
// Source: OCI image-spec image-layout.md; layer.md for chain ids.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/digest.h"
#include "image/reference.h"
#include "image/staging.h"
#include "oci/image.h"

namespace planet::image {

// What `run` needs to know of an image.
struct Image {
  std::string digest;         // of the manifest
  std::string config_digest;  // the image's id, as docker calls it
  oci::ImageConfig config;
  std::vector<std::string> chain;   // chain ids, topmost first
  std::size_t shown = 0;            // so many of them, from the top, are not hidden by one above
  std::vector<std::string> layers;  // the directories of those for overlayfs, topmost first
  std::uint32_t max_id = 0;         // the largest owner in any layer
  std::string max_id_entry;         // whose it is
  std::uint64_t size = 0;           // bytes of all layers, unpacked
  mode_t root_mode = 0755;          // of the root directory
  std::uint32_t root_uid = 0, root_gid = 0;
};

struct Listed {
  std::string name;  // "localhost/busybox:latest"
  Image image;
};

struct StagedImage {
  std::vector<std::string> names;
  Image image;
};

// What a load has made and verified in its staging directory.
struct Staged {
  std::vector<std::string> layers;           // chain ids of "layer-<chain id>"
  std::map<std::string, std::string> blobs;  // hex digest to name
  std::vector<StagedImage> images;
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

  // Moves it all into the store: layers, blobs, images, names, index.json, in this order, so that whoever looks
  // meanwhile, and whoever comes after a kill in the middle, finds whole images only.
  // Of two publications at once one waits. A layer or image that is there already stays as it is.
  Result<> publish(const Staging& staging, const Staged& staged) const;

  // The image's layer directories, from its chain.
  std::string layer_dir(const std::string& chain_id) const;
  bool has_layer(const std::string& chain_id) const;
  bool has_image(const std::string& digest) const;
  Result<Image> read_image(const std::string& digest) const;

 private:
  Store(std::string path, UniqueFd dir) : path_(std::move(path)), dir_(std::move(dir)) {}
  Result<Image> resolve_id(std::string_view text) const;
  Result<std::vector<std::string>> tag_files() const;
  Result<> stage_index(const Staging& staging, const Staged& staged) const;
  Result<> move_in(const Staging& staging, const std::string& name, const std::string& to) const;

  std::string path_;
  UniqueFd dir_;
};

}  // namespace planet::image
