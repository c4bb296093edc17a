// planet network connect, disconnect
#include <optional>
#include <string>
#include <vector>

#include "cli.h"
#include "engine/containers.h"
#include "engine/network_change.h"
#include "network/attachment.h"

namespace planet::cli {
namespace {

struct ConnectWords {
  std::string network, container;
  std::vector<std::string> aliases, options, links, link_local;
  std::optional<std::string> ip, ip6, mac;
};

Result<network::Attachment> judge(const ConnectWords& words) {
  if (!words.links.empty())
    return fail(Code::kUnsupported,
                "--link is not taken: containers of a network of yours find each other by name, "
                "and by those of --alias");
  if (!words.link_local.empty())
    return fail(Code::kUnsupported,
                "--link-local-ip is not taken: the kernel gives link-local addresses by itself");
  return network::plan_attachment(words.network,
                                  {.ip = words.ip,
                                   .ip6 = words.ip6,
                                   .mac = words.mac,
                                   .aliases = words.aliases,
                                   .alias_flag = "--alias"},
                                  words.options);
}

}  // namespace

int network_connect_command(const Global& global, const std::vector<std::string>& args) {
  ConnectWords words;
  CLI::App app("Connects a container to one more network: at once if it runs, and at each start.",
               "planet network connect");
  add_list(app, "--alias", words.aliases, "a name more that it has in this network");
  add_list(app, "--driver-opt", words.options, "com.docker.network.endpoint.ifname=NAME");
  add_text(app, "--ip", words.ip, "its IPv4 address there");
  add_text(app, "--ip6", words.ip6, "its IPv6 address there");
  add_list(app, "--link", words.links, "not taken: use names, or --alias");
  add_list(app, "--link-local-ip", words.link_local, "not taken: the kernel gives them");
  add_text(app, "--mac-address", words.mac, "its link layer address there");
  app.add_option("network", words.network, "name or id")->required();
  app.add_option("container", words.container, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const Result<> done = [&]() -> Result<> {
    TRY_SET(const network::Attachment attachment, judge(words));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(places, words.container));
    return engine::connect_network(places, id, attachment);
  }();
  return done ? 0 : complain(done.error());
}

int network_disconnect_command(const Global& global, const std::vector<std::string>& args) {
  bool force = false;
  std::string network;
  std::string container;
  CLI::App app("Disconnects a container from a network: at once if it runs, and for each start.",
               "planet network disconnect");
  app.add_flag("-f,--force", force, "also from one that is not there any more");
  app.add_option("network", network, "name or id")->required();
  app.add_option("container", container, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const Result<> done = [&]() -> Result<> {
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(places, container));
    return engine::disconnect_network(places, id, network, force);
  }();
  return done ? 0 : complain(done.error());
}

}  // namespace planet::cli
