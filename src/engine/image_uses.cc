#include "engine/image_uses.h"

#include "base/strings.h"
#include "engine/containers.h"
#include "engine/every_record.h"

namespace planet::engine {

Result<std::vector<image::Use>> image_uses(const Places& places) {
  TRY_SET(const std::vector<Container> containers, list_containers(places));
  std::vector<image::Use> uses;
  for (const Container& container : containers) {
    const Record& record = container.record;
    if (container.damage) return needs_unknown(record.name, record.id, *container.damage);
    uses.push_back({.container = record.id,
                    .image = record.image_digest,
                    .layers = record.layers,
                    .running = is_up(container.status) || container.status == Status::kChanging});
  }
  return uses;
}

}  // namespace planet::engine
