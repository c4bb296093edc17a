// planet port: where the ports of a container are reached.
#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/network_report.h"
#include "network/ports.h"

namespace planet::cli {
namespace {

// "80", "53/udp": one port.
Result<network::ExposedPorts> parse_port(const std::string& text) {
  TRY_SET(const network::ExposedPorts port, network::parse_exposed("port", text));
  if (port.ports.size() > 1)
    return fail(Code::kInvalidArgument, "port " + quote(text) + ": expected one port");
  return port;
}

Result<std::vector<std::string>> find_ports(const Global& global, const std::string& name,
                                            const std::string& text) {
  std::optional<network::ExposedPorts> wanted;
  if (!text.empty()) {
    TRY_SET(wanted, parse_port(text));
  }
  TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
  TRY_SET(const std::string id, engine::find_container(places, name));
  TRY_SET(const engine::Container container, engine::settle(places, id));
  const engine::Connections connections = engine::connections_of(places, container);
  if (!wanted) return network::port_lines(connections.published);
  std::vector<std::string> sides =
      network::host_sides(connections.published, wanted->ports.first, wanted->protocol);
  if (sides.empty())
    return fail(Code::kNotFound, "no public port '" + network::exposed_text(*wanted) +
                                     "' published for " + printable(name));
  return sides;
}

}  // namespace

int port_command(const Global& global, const std::vector<std::string>& args) {
  std::string name;
  std::string port;
  CLI::App app("Shows where the published ports of a container are reached on this host.",
               "planet port");
  app.add_option("container", name, "name or id")->required();
  app.add_option("port", port, "PORT[/udp] of the container: only this one");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto lines = find_ports(global, name, port);
  if (!lines) return complain(lines.error());
  for (const std::string& line : *lines) std::puts(line.c_str());
  return 0;
}

}  // namespace planet::cli
