// The ports of a container: which there are, which a listing looks for, and how docker writes them as JSON. Pure.
//
// Source: docker-run(1), -p, -P, --expose; docker-ps(1), "Filtering"; Docker Engine API, "Inspect a container".
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "engine/request.h"
#include "format/filter.h"
#include "network/ports.h"
#include "oci/image.h"
#include "oci/json.h"

namespace planet::engine {

struct ContainerPorts {
  std::vector<network::Publication> publications;  // with those of -P
  // The image's, --expose's and -p's, in order, and ranges where they are consecutive.
  std::vector<network::ExposedPorts> exposed;
};
// Errors: kInvalidArgument - the image exposes what is no port, or more than 1024 ranges; -P, of more than 1024 ports.
Result<ContainerPorts> plan_container_ports(const RunRequest& request,
                                            const oci::ImageConfig& image);

// --filter publish=, expose=: a port of the host, or of the container, that is open. With both, as with docker, one fits.
class PortFilter {
 public:
  // Errors: kInvalidArgument - a value that is no PORT[-PORT][/PROTOCOL].
  static Result<PortFilter> of(const format::Filters& filters);
  bool is_empty() const { return publish_.empty() && expose_.empty(); }
  bool fits(std::span<const network::PublishedPort> published,
            std::span<const network::ExposedPorts> exposed) const;

 private:
  std::vector<network::ExposedPorts> publish_, expose_;
};

// {"80/tcp": {}}
oci::json::object exposed_json(std::span<const network::ExposedPorts> exposed);
// {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}, as it was asked for ...
oci::json::object bindings_json(std::span<const network::Publication> publications);
// ... and as it is; null for what is only exposed.
oci::json::object ports_json(std::span<const network::PublishedPort> published,
                             std::span<const network::ExposedPorts> exposed);

}  // namespace planet::engine
