#include "network_flags.h"

#include <utility>

#include "engine/parse.h"
#include "engine/sharing.h"
#include "network/attachment.h"
#include "network/ports.h"
#include "network/resolv_conf.h"

namespace planet::cli {
namespace {

using engine::RunRequest;

// What stands for a missing --network.
constexpr const char* kDefaultNetworkMode = "bridge";

Result<> judge_ports(const NetworkWords& words, RunRequest& request) {
  for (const std::string& text : words.publish) {
    TRY_SET(const network::Publication one, network::parse_publication(text));
    request.publications.push_back(one);
  }
  for (const std::string& text : words.expose) {
    TRY_SET(const network::ExposedPorts one, network::parse_exposed("--expose", text));
    request.exposed.push_back(one);
  }
  request.publish_all = words.publish_all;
  return {};
}

Result<> judge_names(const NetworkWords& words, RunRequest& request) {
  engine::Naming& naming = request.naming;
  naming.dns = {.servers = words.dns, .search = words.dns_search, .options = words.dns_options};
  naming.hosts = words.hosts;
  naming.domain = words.domain.value_or("");
  // Mistyped ones are found now, whatever the host's resolv.conf(5) says at the start.
  TRY(network::choose_nameservers({}, naming.dns));
  TRY(network::render_resolv_conf({}, naming.dns, network::Address()));
  if (naming.domain.empty()) return {};
  if (!request.shared.uts.empty())
    return fail(Code::kInvalidArgument, "--domainname and --uts contradict each other");
  return engine::check_hostname("--domainname", naming.domain);
}

// Who is in another container's network has its addresses, its ports and its files of names.
Result<> check_beside_container(const NetworkWords& words, const RunRequest& request) {
  const auto conflict = [](const char* options, const char* flag) {
    return fail(Code::kInvalidArgument, std::string("conflicting options: ") + options + "; give " +
                                            flag + " to the other container");
  };
  if (request.hostname) return conflict("hostname and the network mode", "-h");
  if (!words.publish.empty() || words.publish_all)
    return conflict("port publishing and the container type network mode", "-p");
  if (!words.expose.empty())
    return conflict("port exposing and the container type network mode", "--expose");
  if (!words.dns.empty() || !words.dns_search.empty() || !words.dns_options.empty())
    return conflict("dns and the network mode", "--dns");
  if (!words.hosts.empty())
    return conflict("custom host-to-IP mapping and the network mode", "--add-host");
  return {};
}

void discard_ports(const char* why, RunRequest& request) {
  if (request.publications.empty() && !request.publish_all) return;
  say(std::string("Published ports are discarded when ") + why);
  request.publications.clear();
  request.publish_all = false;
}

}  // namespace

void add_network_flags(Flags& flags, NetworkWords& words) {
  flags.add_list("--network,--net", words.networks,
                 "NETWORK, none (with loopback), host or container:NAME; of a network also "
                 "name=NETWORK,alias=NAME,ip=ADDRESS");
  flags.add_list("--network-alias,--net-alias", words.aliases, "a name more in its first network");
  flags.add_text("--ip", words.ip, "its IPv4 address in its first network");
  flags.add_text("--ip6", words.ip6, "its IPv6 address in its first network");
  flags.add_text("--mac-address", words.mac, "its link layer address in its first network");
  flags.add_list("-p,--publish", words.publish, "[[ADDRESS:]HOST PORT:]PORT[/udp], or ranges");
  flags.add_flag("-P,--publish-all", words.publish_all, "each exposed port, at any free one");
  flags.add_list("--expose", words.expose, "PORT[-PORT][/udp] that it serves, for -P");
  flags.add_list("--dns", words.dns, "address of a name server, instead of the host's");
  flags.add_list("--dns-search", words.dns_search, "a domain to find short names in; . for none");
  flags.add_list("--dns-option,--dns-opt", words.dns_options, "an option of resolv.conf(5)");
  flags.add_list("--add-host", words.hosts, "NAME:ADDRESS for /etc/hosts; or host-gateway");
  flags.add_text("--domainname", words.domain, "its NIS domain name");
}

Result<> judge_networks(const NetworkWords& words, RunRequest& request) {
  const network::AttachmentFlags flags{
      .ip = words.ip, .ip6 = words.ip6, .mac = words.mac, .aliases = words.aliases};
  TRY_SET(network::NetworkChoice choice,
          network::choose_networks(words.networks, flags, kDefaultNetworkMode));
  TRY(judge_ports(words, request));
  TRY(judge_names(words, request));
  switch (choice.mode) {
    case network::NetworkMode::kNone:
      discard_ports("there is no network", request);
      break;
    case network::NetworkMode::kHost:
      request.network = engine::Network::kHost;
      discard_ports("using host network mode", request);
      break;
    case network::NetworkMode::kContainer: {
      TRY(check_beside_container(words, request));
      TRY_SET(request.shared.network,
              engine::parse_sharing("--network", "container:" + choice.container));
      break;
    }
    case network::NetworkMode::kNetworks:
      request.network = engine::Network::kConnected;
      request.attachments = std::move(choice.attachments);
      break;
  }
  return {};
}

}  // namespace planet::cli
