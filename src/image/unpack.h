// Unpacks one layer of an image into a directory that overlayfs can use as a lower layer.
//
// Every entry is placed by descriptors (LayerStack); whiteouts become overlayfs's; what a hostile archive may try is
// refused with the entry's name: a way out of the layer, a hard link to what is not there, a raw whiteout device,
// overlay attributes.
//
// Source: OCI image-spec layer.md; capabilities(7), "File capabilities".
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/layer_stack.h"
#include "image/stream.h"

namespace planet::image {

struct UnpackedLayer {
  std::uint64_t bytes = 0;   // of file contents
  std::uint32_t max_id = 0;  // the largest owner or group
  std::string max_id_entry;  // whose it is
  bool root_entry = false;   // the archive says what the root directory itself is like
  bool hides_below =
      false;  // the root is opaque: overlayfs, which ignores that, must not get the layers below
};

// Reads the tar archive `tar` (uncompressed, to its very end) into `layer`, an empty directory. `lower` are the
// complete layers below.
// After a failure the directory holds a part of the layer and is the caller's to remove.
// Errors: kInvalidArgument - the archive, naming the entry; else that of the file system ("No space left on device").
Result<UnpackedLayer> unpack_layer(ByteSource& tar, UniqueFd layer, LowerLayers lower);

}  // namespace planet::image
