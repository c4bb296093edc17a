#include "network/attachment.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"

namespace planet::network {
namespace {

constexpr std::string_view kContainer = "container:";
constexpr std::string_view kFlag = "--network";
constexpr std::size_t kMostText = 4096;
constexpr std::size_t kMostQuoted = 200;

std::unexpected<Error> bad(std::string_view flag, std::string_view text, std::string_view reason) {
  return fail(Code::kInvalidArgument, std::string(flag) + " " + quote(text.substr(0, kMostQuoted)) +
                                          ": " + std::string(reason));
}

// A quoted field, without its quotes; a quote in it is written twice.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string field;
  for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
    if (rest.front() == '"') {
      rest.remove_prefix(1);
      if (!rest.starts_with('"')) return field;
    }
    field += rest.front();
  }
  return std::nullopt;
}

std::optional<std::string> take_field(std::string_view& rest) {
  if (rest.starts_with('"')) return take_quoted(rest);
  const std::string field(rest.substr(0, rest.find(',')));
  rest.remove_prefix(field.size());
  return field.contains('"') ? std::nullopt : std::optional(field);
}

// One line of CSV.
std::optional<std::vector<std::string>> csv_fields(std::string_view line) {
  std::vector<std::string> fields;
  while (auto field = take_field(line)) {
    fields.push_back(*std::move(field));
    if (line.empty()) return fields;
    if (line.front() != ',') return std::nullopt;
    line.remove_prefix(1);
  }
  return std::nullopt;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A name that can be asked for over DNS, in RFC 1035's lengths. Underscores are no host names and yet in use.
bool is_alias(std::string_view text) {
  constexpr std::size_t kMostName = 253;
  constexpr std::size_t kMostLabel = 63;
  if (text.empty() || text.size() > kMostName || !is_word(text.front())) return false;
  return std::ranges::all_of(split(text, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= kMostLabel && label.front() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_word(c) || c == '-' || c == '_'; });
  });
}

Result<> add_alias(std::string_view flag, const std::string& alias, Attachment& attachment) {
  if (!is_alias(alias))
    return bad(
        flag, alias,
        "an alias is a name of letters, digits, '-', '_' and '.', the first a letter or digit, "
        "with at most 63 of them between two dots");
  if (std::ranges::find(attachment.aliases, alias) == attachment.aliases.end())
    attachment.aliases.push_back(alias);
  return {};
}

// An address that one host has.
Result<> set_address(std::string_view flag, std::string_view text, Family family,
                     std::optional<Address>& to) {
  const char* name = family == Family::kIpv4 ? "an IPv4 address" : "an IPv6 address";
  const auto address = Address::parse(text);
  if (!address || address->family() != family)
    return bad(flag, text, std::string("expected ") + name);
  if (address->is_multicast() || address->is_unspecified() || address->is_loopback())
    return bad(flag, text, "it is not an address that a container can have");
  to = *address;
  return {};
}

Result<> set_mac(std::string_view flag, std::string_view text, std::optional<Mac>& to) {
  TRY_SET(to, Mac::parse(text), flag);
  return {};
}

constexpr std::string_view kInterface = "com.docker.network.endpoint.ifname";

Result<> set_option(std::string_view flag, std::string_view text, std::string_view value,
                    Attachment& attachment) {
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos || value.substr(0, equals) != kInterface)
    return bad(flag, text, "the only driver option is " + std::string(kInterface) + "=NAME");
  const std::string_view name = value.substr(equals + 1);
  if (!is_interface_name(name) || name == "lo")
    return bad(flag, text,
               quote(name) +
                   " is no name for an interface: at most 15 letters, digits, '_', '.' "
                   "and '-', a letter or digit first");
  attachment.interface = name;
  return {};
}

// Those that stand alone, and are no network's name.
std::optional<NetworkMode> special_mode(std::string_view text) {
  if (text == "none") return NetworkMode::kNone;
  if (text == "host") return NetworkMode::kHost;
  if (text.starts_with(kContainer)) return NetworkMode::kContainer;
  return std::nullopt;
}

Result<> set_network(std::string_view text, std::string_view name, Attachment& attachment) {
  if (!attachment.network.empty()) return bad(kFlag, text, "name= is said twice");
  TRY(check_network_name(name), kFlag);
  if (special_mode(name))
    return bad(kFlag, text, quote(name) + " stands alone, and there is nothing to say of it");
  attachment.network = name == "default" ? kDefaultNetwork : name;
  return {};
}

Result<> set_field(std::string_view text, const std::string& field, Attachment& attachment) {
  const std::size_t equals = field.find('=');
  const std::string key = field.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : field.substr(equals + 1);
  const auto in_text = [&](const char* name) { return std::string(kFlag) + " " + name; };
  if (key == "name") return set_network(text, value, attachment);
  if (key == "alias") return add_alias(in_text("alias="), value, attachment);
  if (key == "ip") return set_address(in_text("ip="), value, Family::kIpv4, attachment.ipv4);
  if (key == "ip6") return set_address(in_text("ip6="), value, Family::kIpv6, attachment.ipv6);
  if (key == "mac-address") return set_mac(in_text("mac-address="), value, attachment.mac);
  if (key == "driver-opt") return set_option(kFlag, text, value, attachment);
  if (key == "link-local-ip")
    return bad(kFlag, text, "the kernel gives link-local addresses, link-local-ip= is not taken");
  return bad(
      kFlag, text,
      "expected name=, alias=, ip=, ip6=, mac-address= or driver-opt=, and not " + quote(key));
}

Result<NetworkChoice> special_choice(NetworkMode mode, const std::string& text, bool alone,
                                     const AttachmentFlags& flags) {
  if (!alone)
    return bad(kFlag, text, "it cannot be had together with networks, or another of its kind");
  if (!flags.is_empty())
    return bad(kFlag, text,
               "--ip, --ip6, --mac-address and --network-alias are for a network of its own");
  NetworkChoice choice{.mode = mode, .container = "", .attachments = {}};
  if (mode != NetworkMode::kContainer) return choice;
  choice.container = text.substr(kContainer.size());
  if (choice.container.empty()) return bad(kFlag, text, "the container's name is missing");
  return choice;
}

// Of the first network, in which nothing of it may be said twice.
Result<> add_flags(const AttachmentFlags& flags, Attachment& first) {
  const auto twice = [&](std::string_view flag, const std::string& text) {
    return bad(flag, text, "it is said in --network, too; say it once");
  };
  if (flags.ip && first.ipv4) return twice("--ip", *flags.ip);
  if (flags.ip6 && first.ipv6) return twice("--ip6", *flags.ip6);
  if (flags.mac && first.mac) return twice("--mac-address", *flags.mac);
  if (!flags.aliases.empty() && !first.aliases.empty())
    return twice(flags.alias_flag, flags.aliases.front());
  if (flags.ip) TRY(set_address("--ip", *flags.ip, Family::kIpv4, first.ipv4));
  if (flags.ip6) TRY(set_address("--ip6", *flags.ip6, Family::kIpv6, first.ipv6));
  if (flags.mac) TRY(set_mac("--mac-address", *flags.mac, first.mac));
  for (const std::string& alias : flags.aliases) TRY(add_alias(flags.alias_flag, alias, first));
  return {};
}

Result<> check_address(const std::optional<Address>& address, const Network& network) {
  if (!address) return {};
  const auto refused = [&](const std::string& reason) {
    return fail(Code::kInvalidArgument, "address " + address->to_string() + ": " + reason);
  };
  const Subnet* subnet = network.subnet_of(address->family());
  if (subnet == nullptr)
    return refused("network " + network.name + " has no " + (address->is_ipv4() ? "IPv4" : "IPv6") +
                   " addresses");
  if (!subnet->prefix.contains(*address))
    return refused("it is not in " + subnet->prefix.to_string() + ", the subnet of network " +
                   network.name);
  if (const char* why = subnet->reserved_for(*address))
    return refused(std::string("in network ") + network.name + " it is " + why);
  return {};
}

}  // namespace

Result<Attachment> parse_attachment(std::string_view text) {
  if (text.size() > kMostText) return bad(kFlag, text, "it is too long");
  Attachment attachment;
  if (!text.contains('=')) {
    TRY(set_network(text, text, attachment));
    return attachment;
  }
  const auto fields = csv_fields(text);
  if (!fields)
    return bad(kFlag, text,
               "a quoted field is not closed, or there is more of it than its quotes hold");
  for (const std::string& field : *fields) TRY(set_field(text, field, attachment));
  if (attachment.network.empty()) return bad(kFlag, text, "name=NETWORK is missing");
  return attachment;
}

std::string attachment_text(const Attachment& attachment) {
  std::string text = "name=" + attachment.network;
  const auto add = [&](const std::string& key, const std::string& value) {
    text.append(",").append(csv_field(key + "=" + value));
  };
  for (const std::string& alias : attachment.aliases) add("alias", alias);
  if (attachment.ipv4) add("ip", attachment.ipv4->to_string());
  if (attachment.ipv6) add("ip6", attachment.ipv6->to_string());
  if (attachment.mac) add("mac-address", attachment.mac->to_string());
  if (!attachment.interface.empty())
    add("driver-opt", std::string(kInterface) + "=" + attachment.interface);
  return text;
}

Result<NetworkChoice> choose_networks(const std::vector<std::string>& texts,
                                      const AttachmentFlags& flags, const std::string& otherwise) {
  if (texts.empty()) return choose_networks({otherwise}, flags, otherwise);
  for (const std::string& text : texts)
    if (const auto mode = special_mode(text))
      return special_choice(*mode, text, texts.size() == 1, flags);
  NetworkChoice choice{.mode = NetworkMode::kNetworks, .container = "", .attachments = {}};
  for (const std::string& text : texts) {
    TRY_SET(Attachment attachment, parse_attachment(text));
    if (std::ranges::find(choice.attachments, attachment.network, &Attachment::network) !=
        choice.attachments.end())
      return bad(kFlag, text, "the network is named twice");
    choice.attachments.push_back(std::move(attachment));
  }
  TRY(add_flags(flags, choice.attachments.front()));
  return choice;
}

Result<Attachment> plan_attachment(const std::string& network, const AttachmentFlags& flags,
                                   const std::vector<std::string>& options) {
  TRY(check_network_name(network));
  Attachment attachment;
  attachment.network = network == "default" ? kDefaultNetwork : network;
  TRY(add_flags(flags, attachment));
  for (const std::string& option : options)
    TRY(set_option("--driver-opt", option, option, attachment));
  return attachment;
}

namespace {

// Nobody has a name there, and its addresses are for whoever comes: docker refuses both, too.
Result<> check_default(const Attachment& attachment) {
  const char* const remedy = "; make a network of your own with planet network create";
  if (attachment.ipv4 || attachment.ipv6)
    return fail(Code::kInvalidArgument,
                "address " + (attachment.ipv4 ? attachment.ipv4 : attachment.ipv6)->to_string() +
                    ": none can be chosen in the default network" + remedy);
  if (!attachment.aliases.empty())
    return fail(Code::kInvalidArgument, "alias " + quote(attachment.aliases.front()) +
                                            ": nobody has a name in the default network" + remedy);
  return {};
}

}  // namespace

Result<> check_attachment(const Attachment& attachment, const Network& network) {
  if (network.is_default()) TRY(check_default(attachment));
  TRY(check_address(attachment.ipv4, network));
  return check_address(attachment.ipv6, network);
}

}  // namespace planet::network
