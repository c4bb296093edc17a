#include "engine/events.h"

#include <algorithm>

#include "oci/codec.h"
#include "sys/file.h"

namespace planet::engine {

using oci::Is;
namespace json = oci::json;

void describe(auto& v, Is<Event> auto& event) {
  v.required("type", event.type);
  v.required("action", event.action);
  v.required("id", event.id);
  v.optional("attributes", event.attributes);
  v.always("time", event.time);
}

namespace {

constexpr const char* kFile = "events";
constexpr const char* kOldFile = "events.1";
constexpr std::uint64_t kMostBytes = 1U << 20;
constexpr std::size_t kMostLine = 64U << 10;

json::string text_of(const std::string& text) {
  return json::string(text.data(), text.size());
}

// Who sees first that the file is full exchanges it. One that has it open meanwhile finds it under its second name.
void rotate(BorrowedFd dir, BorrowedFd file) {
  if (!sys::try_lock_exclusive(file)) return;  // somebody else is at it
  const auto open = sys::stat_fd(file);
  const auto named = sys::lstat_at(dir, kFile);
  if (open && named && open->st_ino == named->st_ino)
    (void)sys::rename_at(dir, kFile, dir, kOldFile);
}

}  // namespace

Event container_event(const Record& record, std::string action, const Attributes& more) {
  Event event{.type = "container",
              .action = std::move(action),
              .id = record.id,
              .attributes = record.labels,
              .time = format::now()};
  event.attributes["image"] = record.image;
  event.attributes["name"] = record.name;
  for (const auto& [key, value] : more) event.attributes[key] = value;
  return event;
}

Event image_event(std::string action, std::string id, const std::string& name) {
  return {.type = "image",
          .action = std::move(action),
          .id = std::move(id),
          .attributes = {{"name", name}},
          .time = format::now()};
}

Event volume_event(std::string action, const std::string& name, Attributes more) {
  more.try_emplace("driver", "local");
  return {.type = "volume",
          .action = std::move(action),
          .id = name,
          .attributes = std::move(more),
          .time = format::now()};
}

Event network_event(std::string action, const network::Network& network) {
  return {.type = "network",
          .action = std::move(action),
          .id = network.id,
          .attributes = {{"name", network.name},
                         {"type", std::string(network::driver_name(network.driver))}},
          .time = format::now()};
}

Event connection_event(std::string action, const network::Network& network,
                       const std::string& container) {
  Event event = network_event(std::move(action), network);
  event.attributes["container"] = container;
  return event;
}

std::string encode_event(const Event& event) {
  std::string line = oci::to_text(oci::Writer::write(event));
  if (line.size() <= kMostLine) return line;
  // Labels are as long as somebody likes: who wants them inspects the container.
  Event bare = event;
  std::erase_if(bare.attributes,
                [](const auto& pair) { return pair.second.size() > kShortId * 100; });
  line = oci::to_text(oci::Writer::write(bare));
  if (line.size() <= kMostLine) return line;
  bare.attributes.clear();
  return oci::to_text(oci::Writer::write(bare));
}

std::optional<Event> decode_event(std::string_view line) {
  const auto value = oci::parse_json(line, kMostLine, oci::Strings::kAnyBytes);
  Event event;
  if (!value || !oci::Reader::read(*value, oci::Path(""), event)) return std::nullopt;
  return event;
}

void note_events(const Places& places, std::span<const Event> events) {
  constexpr mode_t kMode = 0600;
  std::string text;
  for (const Event& event : events) text.append("\n").append(encode_event(event)).append("\n");
  const BorrowedFd dir = places.run_dir.borrow();
  const auto file =
      sys::open_at(dir, kFile, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, kMode);
  if (!file || !sys::write_some(file->borrow(), text)) return;
  const auto st = sys::stat_fd(file->borrow());
  if (st && static_cast<std::uint64_t>(st->st_size) >= kMostBytes) rotate(dir, file->borrow());
}

void note_event(const Places& places, const Event& event) {
  note_events(places, std::span(&event, 1));
}

json::object event_json(const Event& event) {
  json::object attributes;
  for (const auto& [key, value] : event.attributes)
    attributes[json::string_view(key.data(), key.size())] = text_of(value);
  json::object object;
  // What docker had before it had types, and still has for these two.
  if (event.type == "container" || event.type == "image") {
    object["status"] = text_of(event.action);
    object["id"] = text_of(event.id);
  }
  const auto image = event.attributes.find("image");
  if (event.type == "container" && image != event.attributes.end())
    object["from"] = text_of(image->second);
  object["Type"] = text_of(event.type);
  object["Action"] = text_of(event.action);
  object["Actor"] = {{"ID", text_of(event.id)}, {"Attributes", std::move(attributes)}};
  object["scope"] = "local";
  object["time"] = event.time / format::kSecond;
  object["timeNano"] = event.time;
  return object;
}

}  // namespace planet::engine
