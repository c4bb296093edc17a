// Events: what happened to containers, images, volumes and networks, for whoever watches.
//
// There is no daemon to tell anybody: who changes something appends a line to one file, by one write(2) with O_APPEND, and
// who watches reads the file as it grows (inotify(7)).
//
//   runroot/events     one JSON object a line; a newline before it, too: a line that was cut off (a full disk) spoils
//                      no other
//   runroot/events.1   the file before this one: at a megabyte it is exchanged, by whoever has written last
//
// They tell of this boot, and of no more than fits. An event is never the reason why something fails.
//
// Source: docker-events(1); Docker Engine API, "Monitor events".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/places.h"
#include "engine/record.h"
#include "format/filter.h"
#include "format/moment.h"
#include "network/record.h"
#include "oci/json.h"

namespace planet::engine {

using Attributes = std::map<std::string, std::string>;

struct Event {
  std::string type;    // "container", "image", "volume", "network"
  std::string action;  // "start", "health_status: healthy"
  std::string
      id;  // of a container or a network; the digest or name of an image; the name of a volume
  Attributes attributes;
  format::Moment time = 0;
  bool operator==(const Event&) const = default;
};

// They happen now. A container's attributes are its image, its name and its labels, and `more`.
Event container_event(const Record& record, std::string action, const Attributes& more = {});
Event image_event(std::string action, std::string id, const std::string& name);
Event volume_event(std::string action, const std::string& name, Attributes more = {});
Event network_event(std::string action, const network::Network& network);
// A container has come into the network, or is out of it: "connect", "disconnect".
Event connection_event(std::string action, const network::Network& network,
                       const std::string& container);

// Appends them, in their order and together. What cannot be written is lost.
void note_events(const Places& places, std::span<const Event> events);
void note_event(const Places& places, const Event& event);

// One line of the file, and what it says; none if it is no event.
std::string encode_event(const Event& event);
std::optional<Event> decode_event(std::string_view line);

// As docker's API has it: {"status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"}.
oci::json::object event_json(const Event& event);

struct EventQuery {
  std::optional<format::Moment> since,
      until;  // without `since`: from now on; without `until`: for ever
  format::Filters filters;
};
// container, event, image, label, network, type, volume
// Errors: kInvalidArgument.
Result<format::Filters> parse_event_filters(const std::vector<std::string>& texts);

// Pure.
bool fits_event(const Event& event, const format::Filters& filters);

// Calls `each` for what was, in the order of time, and for what comes, until `until`.
// Errors: kNotFound - the run directory is gone; those of `each`.
using EventSink = std::function<Result<>(const Event&)>;
Result<> watch_events(const Places& places, const EventQuery& query, const EventSink& each);

}  // namespace planet::engine
