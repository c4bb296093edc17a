// Unpacks the layers of an image side by side into staging, each verified against its digest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "image/digest.h"
#include "image/load.h"
#include "image/staging.h"
#include "image/store.h"
#include "image/unpack.h"

namespace planet::image {

// The packed bytes of a layer on their way to be unpacked.
class PackedLayer : public ByteSource {
 public:
  // Whether they are what their digest says, read to their end if need be: what cannot be unpacked was often not what it
  // should have been. Errors: kInvalidArgument - they are not; else that of the source.
  virtual Result<> verify() = 0;
};

struct Layer {
  Digest blob;  // what the packed bytes are
  Digest diff_id;
  Digest chain;
  bool has_blob =
      false;  // they are in staging or in the store, and need not be opened for their own sake
  std::function<Result<std::unique_ptr<PackedLayer>>()> open;
  std::function<void()> done;  // it is complete; may be empty
};

// The packed bytes that lie in staging under this name, already verified. `staging` is lent.
Result<std::unique_ptr<PackedLayer>> open_staged(const Staging& staging, const std::string& file);

// Where a layer is: in staging, if this load has unpacked it, or in the store.
struct LayerPlace {
  BorrowedFd dir;
  std::string path;
};
LayerPlace layer_place(const Store& store, const Staging& staging, const Digest& chain);

// How many layers at once, and who is told.
struct UnpackOptions {
  unsigned least_workers = 1;  // more than there are processors, where layers come from far away
  Progress progress;
};

// Every layer is afterwards in the store or in staging. Returns the chain ids of those that were made, lowest first.
// One that was there is not unpacked again, but its blob must be what its digest says, too. What is there and counted upon is
// marked in staging (an empty file "needs-<chain id>") before it is looked for: who deletes layers looks for such marks.
// Errors: kInvalidArgument - the archive, naming layer and entry; else that of the file system, or of Layer::open.
Result<std::vector<std::string>> unpack_layers(const Store& store, const Staging& staging,
                                               std::vector<Layer> layers,
                                               const UnpackOptions& options);

// layer.json; the digests as "sha256:...".
std::string layer_record(std::string_view diff_id, std::string_view blob,
                         const UnpackedLayer& unpacked);

// What was noted when the layer was unpacked.
Result<UnpackedLayer> read_layer_record(const LayerPlace& place);

}  // namespace planet::image
