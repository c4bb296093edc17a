#include "engine/image_events.h"

#include "engine/events.h"
#include "image/image_list.h"

namespace planet::engine {

void note_loaded(const Places& places, const std::vector<image::Loaded>& images) {
  std::vector<Event> events;
  events.reserve(images.size());
  for (const image::Loaded& image : images) {
    const std::string id = "sha256:" + image.digest;
    events.push_back(
        image_event("load", id, image.names.empty() ? id : image::familiar(image.names.front())));
  }
  note_events(places, events);
}

void note_removed(const Places& places, const image::Removed& removed) {
  std::vector<Event> events;
  events.reserve(removed.untagged_ids.size() + removed.deleted_ids.size());
  for (const std::string& id : removed.untagged_ids) events.push_back(image_event("untag", id, id));
  for (const std::string& id : removed.deleted_ids) events.push_back(image_event("delete", id, id));
  note_events(places, events);
}

void note_tagged(const Places& places, const image::Tagged& tagged) {
  note_event(places, image_event("tag", tagged.id, tagged.name));
}

void note_transfer(const Places& places, const char* action, std::string_view name) {
  const std::string shown = image::familiar(std::string(name));
  const std::size_t path = shown.rfind('/');
  const std::size_t end = shown.find_first_of(":@", path == std::string::npos ? 0 : path);
  note_event(places, image_event(action, shown, shown.substr(0, end)));
}

}  // namespace planet::engine
