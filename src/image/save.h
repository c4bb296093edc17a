// Save: images as one archive, for another engine or another day.
//
// Source: `docker save`'s manifest.json; OCI image-spec image-layout.md; ustar, POSIX.1-1988.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/store.h"

namespace planet::image {

// kDocker: manifest.json and uncompressed layers, which docker, podman and skopeo load. kOci: an image layout with the
// manifests and layers byte for byte, so that digests stay.
enum class SaveFormat : std::uint8_t { kDocker, kOci };

// Errors: kInvalidArgument - another word.
Result<SaveFormat> parse_save_format(const std::string& text);

// Writes the images `names` to `out`. Every byte is verified against its digest before it is written; the same images
// always make the same archive.
// Errors: those of Store::resolve; kNotFound - a layer's blob is not here; kCorrupt - it is damaged; those of writing.
Result<> save_images(const Store& store, const std::vector<std::string>& names, SaveFormat format,
                     BorrowedFd out);

}  // namespace planet::image
