// Reading events: the other half of engine/events.h.
#include <algorithm>
#include <list>
#include <map>

#include "base/strings.h"
#include "engine/events.h"
#include "engine/growing_lines.h"
#include "sys/file.h"
#include "sys/signals.h"
#include "sys/watch.h"

namespace planet::engine {
namespace {

// The events of one file, as they come. What is no event (a line that was cut off) is passed over.
class EventReader {
 public:
  EventReader(UniqueFd file, ino_t inode) : lines_(std::move(file)), inode_(inode) {}
  ino_t inode() const { return inode_; }

  Result<> read(const EventSink& each) {
    return lines_.read([&](std::string_view text) -> Result<> {
      const auto event = decode_event(text);
      return event ? each(*event) : Result<>();
    });
  }

 private:
  GrowingLines lines_;
  ino_t inode_;
};

// The files that there are, oldest first. One that has another name by now is the same file; one that has none is read to
// its end and forgotten.
class EventFiles {
 public:
  explicit EventFiles(BorrowedFd dir) : dir_(dir) {}

  Result<> read(const EventSink& each) {
    for (const char* name : {"events.1", "events"}) TRY(take(name));
    for (EventReader& reader : readers_) TRY(reader.read(each));
    while (readers_.size() > kNames) readers_.pop_front();
    return {};
  }

 private:
  static constexpr std::size_t kNames = 2;

  Result<> take(const char* name) {
    const auto named = sys::lstat_at(dir_, name);
    if (!named || !S_ISREG(named->st_mode)) return {};
    auto file = std::ranges::find(readers_, named->st_ino, &EventReader::inode);
    if (file != readers_.end()) return {};
    auto opened = sys::open_at(dir_, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened && opened.error().code() == Code::kNotFound) return {};
    if (!opened) return std::unexpected(std::move(opened).error());
    // It may have been exchanged since it was looked at.
    TRY_SET(const struct stat st, sys::stat_fd(opened->borrow()));
    if (std::ranges::find(readers_, st.st_ino, &EventReader::inode) == readers_.end())
      readers_.emplace_back(*std::move(opened), st.st_ino);
    return {};
  }

  BorrowedFd dir_;
  std::list<EventReader> readers_;
};

// docker's: the whole, or the beginning.
bool begins(const std::string& text, const std::string& value) {
  return text.starts_with(value);
}

std::string without_tag(const std::string& name) {
  const std::size_t colon = name.rfind(':');
  const bool port = colon != std::string::npos && name.find('/', colon) != std::string::npos;
  return port ? name : name.substr(0, colon);
}

std::string attribute(const Event& event, const std::string& key) {
  const auto found = event.attributes.find(key);
  return found == event.attributes.end() ? "" : found->second;
}

bool is_action(const Event& event, const std::string& wanted) {
  const bool family =
      wanted == "health_status" || wanted == "exec_create" || wanted == "exec_start";
  return event.action == wanted || (family && event.action.starts_with(wanted + ": "));
}

bool is_image(const Event& event, const std::string& wanted) {
  if (event.type != "image" && event.type != "container") return false;
  const std::string name = attribute(event, event.type == "image" ? "name" : "image");
  const bool by_id = event.type == "image" && event.id == wanted;
  return by_id || name == wanted || without_tag(name) == wanted;
}

bool is_container(const Event& event, const std::string& wanted) {
  return event.type == "container" &&
         (begins(event.id, wanted) || begins(attribute(event, "name"), wanted));
}

bool is_network(const Event& event, const std::string& wanted) {
  return event.type == "network" &&
         (begins(event.id, wanted) || begins(attribute(event, "name"), wanted));
}

}  // namespace

Result<format::Filters> parse_event_filters(const std::vector<std::string>& texts) {
  return format::Filters::parse(
      texts, {"container", "event", "image", "label", "label!", "network", "type", "volume"});
}

bool fits_event(const Event& event, const format::Filters& filters) {
  return filters.equals("type", event.type) &&
         filters.any("event", [&](const std::string& it) { return is_action(event, it); }) &&
         filters.any("container", [&](const std::string& it) { return is_container(event, it); }) &&
         filters.any("image", [&](const std::string& it) { return is_image(event, it); }) &&
         filters.any("volume",
                     [&](const std::string& it) {
                       return event.type == "volume" && begins(event.id, it);
                     }) &&
         filters.any("network", [&](const std::string& it) { return is_network(event, it); }) &&
         filters.labels_fit(event.attributes);
}

Result<> watch_events(const Places& places, const EventQuery& query, const EventSink& each) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  constexpr std::int64_t kLongest = 1'000'000;  // ms: then the clock is looked at again
  // First the watch, then the look: nothing happens in between.
  TRY_SET(sys::DirectoryWatch watch, sys::DirectoryWatch::open(places.run_dir.borrow()));
  EventFiles files(places.run_dir.borrow());
  std::multimap<format::Moment, Event> past;  // of one moment: as they were written
  TRY(files.read([&](const Event& event) {
    if (query.since && event.time >= *query.since) past.emplace(event.time, event);
    return Result<>();
  }));
  const EventSink show = [&](const Event& event) {
    const bool wanted =
        (!query.until || event.time < *query.until) && fits_event(event, query.filters);
    return wanted ? each(event) : Result<>();
  };
  // What is told together is written together: later than others that happened after it.
  for (const auto& [time, event] : past) TRY(show(event));
  while (true) {
    const std::int64_t left = query.until ? *query.until - format::now() : kLongest * kNsPerMs;
    if (left <= 0) return {};
    pollfd wait{.fd = watch.fd().get(), .events = POLLIN, .revents = 0};
    TRY(sys::wait_ready(std::span(&wait, 1),
                        static_cast<int>(std::min(left / kNsPerMs, kLongest)) + 1));
    TRY_SET(const bool there, watch.drain());
    TRY(files.read(show));
    if (!there) return fail(Code::kNotFound, "the run directory has been removed");
  }
}

}  // namespace planet::engine
