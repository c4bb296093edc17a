// The image store: an OCI image layout that any tool reads, with unpacked layers beside it.
//
//   oci-layout, index.json, blobs/sha256/    the layout: index.json names what `tags` says
//   tags/<name>       link to <manifest digest>; '/' in a name is written '!', which no name contains
//   digests/<digest>/<repository>            link to <manifest digest>: REPOSITORY@DIGEST, as a registry knows it
//   images/<digest>   what `run` needs of an image, in one small file
//   layers/<chain id>/{fs, layer.json}       unpacked, read-only, shared; there only when complete
//   staging/<n>/      what is being made: image/staging.h
//
// Source: OCI image-spec image-layout.md; layer.md for chain ids.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/digest.h"
#include "image/image_file.h"
#include "image/reference.h"
#include "image/staging.h"
#include "oci/image.h"

namespace planet::image {

struct Listed {
  Image image;
  std::vector<std::string> names;  // "localhost/busybox:latest", sorted; none when it dangles
  std::vector<std::string> repo_digests;  // "docker.io/library/busybox@sha256:...", sorted
};

struct StagedImage {
  std::vector<std::string> names;
  std::vector<std::string>
      repo_digests;  // what registries call it: the digest of its manifest or of an index
  Image image;
};

// What a load has made and verified in its staging directory.
struct Staged {
  std::vector<std::string> layers;           // chain ids of "layer-<chain id>"
  std::map<std::string, std::string> blobs;  // hex digest to name
  std::vector<StagedImage> images;
};

// A name as a file's name, and back.
std::string tag_file(std::string name);
std::string tag_name(std::string file);

class Store {
 public:
  // Opens or makes the store in `root`, an absolute path.
  static Result<Store> open(const std::string& root);

  BorrowedFd dir() const { return dir_.borrow(); }

  // Finds an image by what a user typed: a name, or (a prefix of at least 4 digits of) its id.
  // Errors: kNotFound - nothing of that name is here.
  Result<Image> resolve(std::string_view text) const;
  // The full name by which resolve() would find it: REPOSITORY:TAG or REPOSITORY@DIGEST; none if it is by id.
  Result<std::optional<std::string>> name_of(std::string_view text) const;
  Result<std::vector<Listed>> list() const;  // in no order

  // Every name, and every REPOSITORY@DIGEST, with the digest of the manifest that it stands for.
  Result<std::map<std::string, std::string>> tags() const;
  Result<std::map<std::string, std::string>> repo_digests() const;
  Result<std::vector<std::string>> digests() const;  // of the manifests of all images

  // Makes a name stand for an image that is here; `staging` is for the moment. The lock on names is held.
  Result<> link_name(const Staging& staging, const std::string& name,
                     const std::string& digest) const;

  // A manifest or a configuration, whose bytes are what their digest says.
  // Errors: kNotFound; kCorrupt - they are not.
  Result<std::string> read_blob(const std::string& hex, std::size_t limit) const;

  // Moves it all into the store: layers, blobs, images, names, index.json, in this order, so that whoever looks
  // meanwhile, and whoever comes after a kill in the middle, finds whole images only.
  // Of two publications at once one waits. A layer or image that is there already stays as it is.
  // Errors: kWrongState - a layer that was in the store has been removed meanwhile.
  Result<> publish(const Staging& staging, const Staged& staged) const;

  // The lock under which names, images and index.json change: publications and removals take turns.
  Result<UniqueFd> lock_names() const;

  // The image's layer directories, from its chain.
  std::string layer_dir(const std::string& chain_id) const;
  bool has_layer(const std::string& chain_id) const;
  bool has_image(const std::string& digest) const;
  bool has_blob(const std::string& digest) const;
  Result<UniqueFd> open_blob(const std::string& digest) const;
  Result<Image> read_image(const std::string& digest) const;  // kNotFound: no such image

 private:
  Store(std::string path, UniqueFd dir) : path_(std::move(path)), dir_(std::move(dir)) {}
  Result<Image> resolve_id(std::string_view text) const;
  struct Found {
    std::string name, digest;  // no name when it is the digest of a manifest alone
  };
  Result<std::optional<Found>> find(const Reference& named) const;
  Result<> check_layers(const Staged& staged) const;
  Result<> show(const Staging& staging, const StagedImage& one) const;
  Result<> move_in(const Staging& staging, const std::string& name, const std::string& to) const;

  std::string path_;
  UniqueFd dir_;
};

}  // namespace planet::image
