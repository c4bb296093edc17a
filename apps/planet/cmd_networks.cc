// planet network create, ls, prune, rm
#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/networks.h"
#include "engine/parse_mounts.h"
#include "format/filter.h"
#include "format/listing.h"
#include "format/moment.h"

namespace planet::cli {
namespace {

using network::Network;

std::string truth_text(bool value) {
  return value ? "true" : "false";
}

std::string labels_text(const Network& network) {
  std::string text;
  for (const auto& [key, value] : network.labels)
    text.append(text.empty() ? "" : ",").append(key).append("=").append(value);
  return text;
}

bool is_plain(const Network& network) {
  return network.driver != network::Driver::kBridge && network.driver != network::Driver::kMacvlan;
}

oci::json::object row_of(const Network& network, bool whole) {
  oci::json::object labels;
  for (const auto& [key, value] : network.labels) labels[key] = value;
  const bool ipv4 = is_plain(network) || network.subnet_of(network::Family::kIpv4) != nullptr;
  return {{"CreatedAt", format::shown_moment(format::parse_rfc3339(network.created).value_or(0))},
          {"Driver", std::string(network::driver_name(network.driver))},
          {"ID", whole ? network.id : network.id.substr(0, engine::kShortId)},
          {"IPv4", truth_text(ipv4)},
          {"IPv6", truth_text(network.subnet_of(network::Family::kIpv6) != nullptr)},
          {"Internal", truth_text(network.internal)},
          {"Label", std::move(labels)},
          {"Labels", labels_text(network)},
          {"Name", network.name},
          {"Scope", "local"}};
}

const format::Layout& layout() {
  static const format::Layout kLayout{.table = "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
                                      .quiet = "{{.ID}}",
                                      .titles = {{"CreatedAt", "CREATED AT"},
                                                 {"Driver", "DRIVER"},
                                                 {"ID", "NETWORK ID"},
                                                 {"IPv4", "IPV4"},
                                                 {"IPv6", "IPV6"},
                                                 {"Internal", "INTERNAL"},
                                                 {"Labels", "LABELS"},
                                                 {"Name", "NAME"},
                                                 {"Scope", "SCOPE"}}};
  return kLayout;
}

Result<format::Filters> parse_list_filters(const std::vector<std::string>& texts) {
  TRY_SET(format::Filters filters,
          format::Filters::parse(
              texts, {"dangling", "driver", "id", "label", "label!", "name", "scope", "type"}));
  for (const std::string& type : filters.values("type"))
    if (type != "builtin" && type != "custom")
      return fail(Code::kInvalidArgument,
                  "--filter type=" + printable(type) + ": expected builtin or custom");
  return filters;
}

bool fits(const Network& network, const format::Filters& filters) {
  return filters.matches("name", network.name) && filters.matches("id", network.id) &&
         filters.equals("driver", network::driver_name(network.driver)) &&
         filters.equals("scope", "local") &&
         filters.equals("type", network::is_predefined(network.name) ? "builtin" : "custom") &&
         filters.labels_fit(network.labels);
}

Result<std::string> list(const engine::Places& places, const format::Listing& listing,
                         const format::Filters& filters, bool whole) {
  TRY_SET(const std::optional<bool> dangling, filters.truth("dangling"));
  TRY_SET(const std::vector<Network> networks, engine::list_networks(places));
  engine::NetworkUsers users;
  if (dangling) {
    TRY_SET(users, engine::network_users(places));
  }
  std::vector<oci::json::object> rows;
  for (const Network& network : networks) {
    // As with docker, those that are always there are in use.
    const bool used = network::is_predefined(network.name) || users.contains(network.name);
    if ((!dangling || *dangling != used) && fits(network, filters))
      rows.push_back(row_of(network, whole));
  }
  return listing.text(rows);
}

// What stands behind the flags, before it is judged.
struct CreateWords {
  network::Wish wish;
  bool ipv4 = true, ipv6 = false;
  std::vector<std::string> labels, options;
};

// docker takes several in one word, with commas between them.
std::vector<std::string> each_of(const std::vector<std::string>& words) {
  std::vector<std::string> all;
  for (const std::string& word : words)
    for (const std::string_view one : split(word, ',')) all.emplace_back(one);
  return all;
}

Result<network::Wish> wish_of(const CreateWords& words) {
  network::Wish wish = words.wish;
  wish.subnets = each_of(wish.subnets);
  wish.gateways = each_of(wish.gateways);
  wish.ranges = each_of(wish.ranges);
  for (const std::string& text : words.labels) TRY(engine::add_pair("--label", text, wish.labels));
  for (const std::string& text : words.options) TRY(engine::add_pair("--opt", text, wish.options));
  return wish;
}

}  // namespace

int network_create_command(const Global& global, const std::vector<std::string>& args) {
  CreateWords words;
  network::Wish& wish = words.wish;
  CLI::App app("Makes a network. Its bridge is made when its first container starts.",
               "planet network create");
  add_list(app, "--aux-address", wish.others, "NAME=ADDRESS of another host, given to nobody");
  app.add_option("-d,--driver", wish.driver, "bridge or macvlan");
  add_list(app, "--gateway", wish.gateways, "address of the gateway in a subnet; else its first");
  app.add_flag("--internal", wish.internal, "no way out of it, nor to this host");
  add_list(app, "--ip-range", wish.ranges, "part of a subnet, as 10.1.2.0/24, for addresses");
  const CLI::Option* ipv4 = app.add_flag("--ipv4", words.ipv4, "addresses of IPv4; it has them");
  const CLI::Option* ipv6 = app.add_flag("--ipv6", words.ipv6, "addresses of IPv6, too");
  add_list(app, "--label", words.labels, "NAME=VALUE");
  add_list(app, "-o,--opt", words.options, "of the driver: mtu=1400, parent=eth0, ...");
  add_list(app, "--subnet", wish.subnets, "as 10.1.0.0/16; a free one without it");
  app.add_option("network", wish.name, "its name")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (ipv4->count() > 0) wish.ipv4 = words.ipv4;
  if (ipv6->count() > 0) wish.ipv6 = words.ipv6;
  const auto made = [&]() -> Result<Network> {
    TRY_SET(const network::Wish wanted, wish_of(words));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    return engine::create_network(places, wanted);
  }();
  if (!made) return complain(made.error());
  std::puts(made->id.c_str());
  return 0;
}

int network_ls_command(const Global& global, const std::vector<std::string>& args) {
  ListingWords words;
  CLI::App app("Lists networks.", "planet network ls");
  add_listing_flags(app, words,
                    {.filters = "dangling=true|false, driver=, id=, label=, name=, scope=, "
                                "type=builtin|custom",
                     .whole = "whole ids",
                     .quiet = "ids only"});
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print([&]() -> Result<std::string> {
    TRY_SET(const format::Filters filters, parse_list_filters(words.filters));
    TRY_SET(const format::Listing listing, plan_listing(layout(), words));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    return list(places, listing, filters, words.whole);
  }());
}

int network_rm_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  bool force = false;
  CLI::App app("Removes networks that no container is in.", "planet network rm");
  app.add_flag("-f,--force", force, "one that is not there is no error");
  app.add_option("network", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto places = engine::Places::open(global.root, global.runroot);
  if (!places) return complain(places.error());
  for (const std::string& name : names) {
    const Result<> removed = engine::remove_network(*places, name);
    if (removed)
      std::puts(printable(name).c_str());
    else if (!force || removed.error().code() != Code::kNotFound)
      status = complain(removed.error());
  }
  return status;
}

int network_prune_command(const Global& global, const std::vector<std::string>& args) {
  bool force = false;
  std::vector<std::string> words;
  CLI::App app("Removes networks that no container is in.", "planet network prune");
  app.add_flag("-f,--force", force, "do not ask");
  add_list(app, "--filter", words, "until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE]");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto filters = format::Filters::parse(words, {"label", "label!", "until"});
  if (!filters) return complain(filters.error());
  const auto until = filters->moment("until", format::now());
  if (!until) return complain(until.error());
  if (!force &&
      !confirmed("This will remove all custom networks not used by at least one container."))
    return 0;
  const auto gone = [&]() -> Result<std::vector<std::string>> {
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    return engine::prune_networks(places, [&](const Network& network) {
      const auto created = format::parse_rfc3339(network.created).value_or(0);
      return (!*until || created < **until) && filters->labels_fit(network.labels);
    });
  }();
  if (!gone) return complain(gone.error());
  if (gone->empty()) return 0;
  std::puts("Deleted Networks:");
  for (const std::string& name : *gone) std::puts(name.c_str());
  std::puts("");
  return 0;
}

}  // namespace planet::cli
