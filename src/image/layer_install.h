// Unpacks the layers of an image side by side into staging, each verified against its digest.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "image/digest.h"
#include "image/load.h"
#include "image/members.h"
#include "image/staging.h"
#include "image/store.h"
#include "image/unpack.h"

namespace planet::image {

struct Layer {
  const Blob* blob = nullptr;
  Digest diff_id;
  Digest chain;
};

// Where a layer is: in staging, if this load has unpacked it, or in the store.
struct LayerPlace {
  BorrowedFd dir;
  std::string path;
};
LayerPlace layer_place(const Store& store, const Staging& staging, const Digest& chain);

// Every layer is afterwards in the store or in staging. Returns the chain ids of those that were made, lowest first.
// One that was there is not unpacked again, but its blob must be what its digest says, too.
// Errors: kInvalidArgument - the archive, naming layer and entry; else that of the file system.
Result<std::vector<std::string>> unpack_layers(const Store& store, const Staging& staging,
                                               std::vector<Layer> layers, const Progress& progress);

// What was noted when the layer was unpacked.
Result<UnpackedLayer> read_layer_record(const LayerPlace& place);

}  // namespace planet::image
