#include "engine/container_list.h"

#include <algorithm>

#include "base/strings.h"
#include "engine/container_ports.h"
#include "engine/health.h"
#include "engine/inspect.h"
#include "engine/network_report.h"
#include "engine/networks.h"
#include "engine/volumes.h"
#include "format/moment.h"

namespace planet::engine {
namespace {

constexpr std::string_view kStatuses[] = {"created", "running", "paused",  "restarting",
                                          "exited",  "dead",    "removing"};

constexpr std::string_view kHealths[] = {"starting", "healthy", "unhealthy", "none"};

bool is_status(std::string_view text) {
  return std::ranges::find(kStatuses, text) != std::end(kStatuses);
}

// "busybox", "busybox:latest", the image's digest or the beginning of it.
bool descends_from(const Record& record, std::string_view image) {
  const std::string_view name = record.image;
  if (name == image || name.substr(0, name.rfind(':')) == image) return true;
  const std::string_view digest = image.starts_with("sha256:") ? image.substr(7) : image;
  return digest.size() >= kShortId && record.image_digest.starts_with(digest);
}

bool uses_volume(const Record& record, std::string_view volume) {
  return std::ranges::any_of(record.mounts, [&](const RecordedMount& mount) {
    return mount.name == volume || mount.source == volume || mount.destination == volume;
  });
}

std::string health_of(const Places& places, const Container& container) {
  if (container.record.health.test.empty() || !is_up(container.status)) return "none";
  const auto state = read_health(places, container.record.id);
  return health_name(state ? state->status : Health::kStarting);
}

bool fits(const Places& places, const Container& container, const format::Filters& filters) {
  const Record& record = container.record;
  const std::string status = status_name(container.status);
  const std::string exited =
      container.status == Status::kExited
          ? std::to_string(container.exit.value_or(Exit{.status = 137}).status)
          : "";
  return filters.any("id", [&](const std::string& id) { return record.id.starts_with(id); }) &&
         (filters.matches("name", record.name) || filters.matches("name", "/" + record.name)) &&
         filters.equals("status", status) && filters.equals("exited", exited) &&
         filters.any("ancestor",
                     [&](const std::string& image) { return descends_from(record, image); }) &&
         filters.any("volume",
                     [&](const std::string& volume) { return uses_volume(record, volume); }) &&
         filters.labels_fit(record.labels) &&
         (!filters.has("health") || filters.equals("health", health_of(places, container)));
}

// What is looked up once for all of them.
struct Wanted {
  std::vector<std::string> networks;  // by name; a value that is none's stays as it is
  PortFilter ports;
};

Result<Wanted> wanted_of(const Places& places, const format::Filters& filters) {
  Wanted wanted;
  for (const std::string& value : filters.values("network")) {
    const auto network = find_network(places, value);
    wanted.networks.push_back(network ? network->name : value);
  }
  TRY_SET(wanted.ports, PortFilter::of(filters));
  return wanted;
}

bool is_wanted(const Places& places, const Container& container, const Wanted& wanted) {
  const auto is_in = [&](const std::string& name) {
    return std::ranges::find(wanted.networks, name) != wanted.networks.end();
  };
  if (!wanted.networks.empty() && std::ranges::none_of(networks_of(container.record), is_in))
    return false;
  if (wanted.ports.is_empty()) return true;
  const Connections connections = connections_of(places, container);
  return !connections.networks.empty() &&
         wanted.ports.fits(connections.published, container.record.exposed);
}

// When the container that a filter names was made; none if it names none.
Result<std::string> made_at(const Places& places, const format::Filters& filters,
                            std::string_view key) {
  if (!filters.has(key)) return std::string();
  TRY_SET(const std::string id, find_container(places, filters.values(key).front()));
  TRY_SET(const Container container, look_at(places, id));
  return container.record.created;
}

}  // namespace

Result<format::Filters> parse_list_filters(const std::vector<std::string>& texts) {
  TRY_SET(format::Filters filters,
          format::Filters::parse(
              texts, {"id", "name", "label", "label!", "status", "exited", "ancestor", "before",
                      "since", "volume", "health", "network", "publish", "expose"}));
  TRY(PortFilter::of(filters));
  for (const std::string& status : filters.values("status"))
    if (!is_status(status))
      return fail(Code::kInvalidArgument,
                  "--filter status=" + printable(status) +
                      ": expected created, running, paused, restarting, exited or dead");
  for (const std::string& health : filters.values("health"))
    if (std::ranges::find(kHealths, health) == std::end(kHealths))
      return fail(Code::kInvalidArgument, "--filter health=" + printable(health) +
                                              ": expected starting, healthy, unhealthy or none");
  for (const std::string& status : filters.values("exited"))
    TRY(parse_number<int>(status, "--filter exited"));
  return filters;
}

Result<std::vector<Container>> query_containers(const Places& places, const ListQuery& query) {
  const format::Filters& filters = query.filters;
  TRY_SET(const std::string before, made_at(places, filters, "before"));
  TRY_SET(const std::string since, made_at(places, filters, "since"));
  TRY_SET(const Wanted wanted, wanted_of(places, filters));
  const bool all = query.all || query.last >= 0 || filters.has("status") || filters.has("exited") ||
                   filters.has("before") || filters.has("since");
  TRY_SET(std::vector<Container> containers, list_containers(places));
  std::erase_if(containers, [&](const Container& container) {
    const std::string& made = container.record.created;
    return (!all && !is_up(container.status)) || (!before.empty() && made >= before) ||
           (!since.empty() && made <= since) || !fits(places, container, filters) ||
           !is_wanted(places, container, wanted);
  });
  if (query.last >= 0 && containers.size() > static_cast<std::size_t>(query.last))
    containers.resize(static_cast<std::size_t>(query.last));
  return containers;
}

Result<format::Filters> parse_prune_filters(const std::vector<std::string>& texts) {
  TRY_SET(format::Filters filters, format::Filters::parse(texts, {"label", "label!", "until"}));
  TRY(filters.moment("until", format::now()));
  return filters;
}

Result<Pruned> prune_containers(const Places& places, const format::Filters& filters) {
  TRY_SET(const std::optional<format::Moment> until, filters.moment("until", format::now()));
  TRY_SET(const std::vector<Container> containers, list_containers(places));
  Pruned pruned;
  for (const Container& container : containers) {
    if (container.status != Status::kExited && container.status != Status::kCreated) continue;
    const auto made = format::parse_rfc3339(container.record.created);
    if (!filters.labels_fit(container.record.labels) || (until && made && *made >= *until))
      continue;
    const std::uint64_t bytes = changed_bytes(places, container.record.id);
    // One that is started at this moment stays: it is up when the lock is had.
    if (!remove_container(places, container, false)) continue;
    pruned.ids.push_back(container.record.id);
    pruned.bytes += bytes;
  }
  return pruned;
}

}  // namespace planet::engine
