// Load: images from an archive (OCI or docker) into the store.
//
// Source: OCI image-spec image-layout.md; `docker save`'s manifest.json.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/store.h"

namespace planet::image {

struct Loaded {
  std::vector<std::string> names;  // as tagged; empty if the archive names nothing
  std::string digest;              // of the configuration: the image's id
};

// Told what is being done, in a few words: "layer 2 of 3".
using Progress = std::function<void(const std::string& what)>;

// Reads the archive (tar, plain or gzip or zstd) from where `archive` stands. Every digest and size is verified before
// anything is visible; layers unpack in parallel; the images appear together, and after a failure the store is as before.
// `name`, if not empty, names an image that the archive does not name.
// Errors: kInvalidArgument - not an image archive, damaged, or lying, naming what; else that of the file system.
Result<std::vector<Loaded>> load_archive(const Store& store, BorrowedFd archive,
                                         const std::string& name, const Progress& progress);

}  // namespace planet::image
