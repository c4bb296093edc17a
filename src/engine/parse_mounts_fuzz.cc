// What -v, --mount and --volumes-from say: whatever the bytes, an answer or one sentence; and what is taken has a place
// in the container, and a volume's name that is one component.
#include <cstdint>
#include <cstdlib>

#include "engine/parse_mounts.h"
#include "engine/volume_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::engine;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RunRequest request;
  if (auto volume = parse_volume(text, "/here")) request.volumes.push_back(*std::move(volume));
  (void)parse_mount(text, "/here", request);
  (void)parse_volumes_from(text);
  for (const Volume& volume : request.volumes) {
    const bool bind = volume.kind == VolumeKind::kBind;
    const bool named = volume.kind == VolumeKind::kVolume;
    if (!volume.destination.starts_with('/')) std::abort();
    if (bind && !volume.source.starts_with('/')) std::abort();
    if (named && !volume.source.empty() && !is_volume_name(volume.source)) std::abort();
    if (volume.subpath.starts_with('/') || volume.subpath == ".." ||
        volume.subpath.starts_with("../"))
      std::abort();
  }
  return 0;
}
