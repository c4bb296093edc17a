#include "engine/container_ports.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace planet::engine {
namespace {

namespace json = oci::json;
using network::ExposedPorts;
using network::PortRange;
using network::Protocol;
using network::Publication;
using network::PublishedPort;

constexpr std::size_t kMostRanges = 1024;

std::string port_text(unsigned port, Protocol protocol) {
  return std::to_string(port) + "/" + std::string(network::protocol_name(protocol));
}

// An image has an entry for each port, and may have all of them.
std::vector<ExposedPorts> merged(std::vector<ExposedPorts> all) {
  std::ranges::sort(all, {}, [](const ExposedPorts& it) {
    return std::tuple(it.protocol, it.ports.first, it.ports.last);
  });
  std::vector<ExposedPorts> out;
  for (const ExposedPorts& one : all) {
    const bool touches = !out.empty() && out.back().protocol == one.protocol &&
                         one.ports.first <= out.back().ports.last + 1U;
    if (touches)
      out.back().ports.last = std::max(out.back().ports.last, one.ports.last);
    else
      out.push_back(one);
  }
  return out;
}

Result<std::vector<ExposedPorts>> of_image(const oci::ImageConfig& image) {
  std::vector<ExposedPorts> exposed;
  exposed.reserve(image.exposed.size());
  for (const std::string& text : image.exposed) {
    TRY_SET(const ExposedPorts one, network::parse_exposed("the image's EXPOSE", text));
    exposed.push_back(one);
  }
  exposed = merged(std::move(exposed));
  if (exposed.size() > kMostRanges)
    return fail(Code::kInvalidArgument,
                "the image's EXPOSE has more than 1024 ranges of ports; no program needs them");
  return exposed;
}

Result<std::vector<ExposedPorts>> parse_values(const format::Filters& filters,
                                               std::string_view key) {
  std::vector<ExposedPorts> all;
  for (const std::string& text : filters.values(key)) {
    TRY_SET(const ExposedPorts one,
            network::parse_exposed("--filter " + std::string(key) + "=", text));
    all.push_back(one);
  }
  return all;
}

bool has(const std::vector<ExposedPorts>& wanted, const PortRange& ports, Protocol protocol) {
  return std::ranges::any_of(wanted, [&](const ExposedPorts& one) {
    return one.protocol == protocol && one.ports.overlaps(ports);
  });
}

std::string host_port_text(const Publication& publication, unsigned offset) {
  const PortRange& host = publication.host_ports;
  if (host.is_any()) return "";
  // Any free one of the range.
  if (publication.ports.size() == 1 && host.size() > 1)
    return std::to_string(host.first) + "-" + std::to_string(host.last);
  return std::to_string(host.first + offset);
}

// The list of the object's that has the name; made if there is none.
json::array& list_in(json::object& object, const std::string& name) {
  json::value& value = object[name];
  if (!value.is_array()) value.emplace_array();
  return value.get_array();
}

}  // namespace

Result<ContainerPorts> plan_container_ports(const RunRequest& request,
                                            const oci::ImageConfig& image) {
  ContainerPorts ports{.publications = request.publications, .exposed = {}};
  TRY_SET(ports.exposed, of_image(image));
  ports.exposed.insert(ports.exposed.end(), request.exposed.begin(), request.exposed.end());
  if (request.publish_all) {
    TRY_SET(ports.publications,
            network::publish_exposed(std::move(ports.publications), ports.exposed));
  }
  for (const Publication& one : request.publications)
    ports.exposed.push_back({.ports = one.ports, .protocol = one.protocol});
  ports.exposed = merged(std::move(ports.exposed));
  return ports;
}

Result<PortFilter> PortFilter::of(const format::Filters& filters) {
  PortFilter filter;
  TRY_SET(filter.publish_, parse_values(filters, "publish"));
  TRY_SET(filter.expose_, parse_values(filters, "expose"));
  return filter;
}

bool PortFilter::fits(std::span<const PublishedPort> published,
                      std::span<const ExposedPorts> exposed) const {
  return is_empty() ||
         std::ranges::any_of(published,
                             [&](const PublishedPort& it) {
                               return has(publish_, {it.host_port, it.host_port}, it.protocol) ||
                                      has(expose_, {it.port, it.port}, it.protocol);
                             }) ||
         std::ranges::any_of(
             exposed, [&](const ExposedPorts& it) { return has(expose_, it.ports, it.protocol); });
}

json::object exposed_json(std::span<const ExposedPorts> exposed) {
  json::object object;
  for (const ExposedPorts& one : exposed)
    for (unsigned port = one.ports.first; port <= one.ports.last; ++port)
      object[port_text(port, one.protocol)] = json::object();
  return object;
}

json::object bindings_json(std::span<const Publication> publications) {
  json::object object;
  for (const Publication& one : publications)
    for (unsigned offset = 0; offset < one.ports.size(); ++offset)
      list_in(object, port_text(one.ports.first + offset, one.protocol))
          .push_back({{"HostIp", one.host ? one.host->to_string() : ""},
                      {"HostPort", host_port_text(one, offset)}});
  return object;
}

json::object ports_json(std::span<const PublishedPort> published,
                        std::span<const ExposedPorts> exposed) {
  json::object object;
  for (const ExposedPorts& one : exposed)
    for (unsigned port = one.ports.first; port <= one.ports.last; ++port)
      object[port_text(port, one.protocol)] = nullptr;
  for (const PublishedPort& one : published)
    list_in(object, port_text(one.port, one.protocol))
        .push_back({{"HostIp", one.host.to_string()}, {"HostPort", std::to_string(one.host_port)}});
  return object;
}

}  // namespace planet::engine
