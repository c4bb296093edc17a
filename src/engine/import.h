// `import`: a tar archive of files becomes an image of one layer.
//
// Source: docker-import(1); OCI image-spec config.md, manifest.md.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/store.h"

namespace planet::engine {

struct ImportOptions {
  std::string name;  // REPOSITORY[:TAG]; empty: the image has only its id
  std::string message;
  std::vector<std::string> changes;  // engine/image_change.h
  std::string platform;              // as image::parse_platform takes it; empty: the host's
};

// Reads the archive (tar, plain or gzip or zstd) from where it stands. What is compressed stays as it is, so that the layer
// is the archive; the rest is compressed with gzip. The id (hex) of the new image, which is shown when it is whole.
// Errors: kInvalidArgument - the name, the platform, a change, or the archive, naming the entry; else those of the file
// system.
Result<std::string> import_archive(const image::Store& store, BorrowedFd archive,
                                   const ImportOptions& options);

}  // namespace planet::engine
