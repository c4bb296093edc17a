#include "engine/host_files.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "engine/host_dns.h"
#include "engine/name_service.h"
#include "engine/reserve.h"
#include "engine/sharing.h"
#include "fs/overlay.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

constexpr const char* kHosts = "hosts";
constexpr const char* kHostname = "hostname";
constexpr const char* kResolvConf = "resolv.conf";
constexpr const char* kFiles[] = {kHosts, kHostname, kResolvConf};
constexpr mode_t kMode = 0644;
constexpr const char* kMountPlaces = "mount-places";

constexpr std::string_view kLocalHosts =
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "ff00::0\tip6-mcastprefix\n"
    "ff02::1\tip6-allnodes\n"
    "ff02::2\tip6-allrouters\n";

std::unexpected<Error> bad_entry(std::string_view text, const std::string& reason) {
  constexpr std::size_t kShown = 80;
  return fail(Code::kInvalidArgument,
              "--add-host " + quote(text.substr(0, kShown)) + ": " + reason);
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t kMost = 253;  // RFC 1035, written with dots
  return !text.empty() && text.size() <= kMost && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// This host, for the container.
std::optional<network::Address> gateway_of(const Record& record, const Connections& connections) {
  constexpr std::uint8_t kLoopback[] = {127, 0, 0, 1};
  if (record.host_network) return network::Address::from_bytes(kLoopback);
  if (connections.networks.empty() || connections.networks.front().interface.gateways.empty())
    return std::nullopt;
  return connections.networks.front().interface.gateways.front();
}

Result<std::string> added_hosts(const Record& record, const Connections& connections) {
  std::string text;
  for (const std::string& given : record.naming.hosts) {
    TRY_SET(const HostEntry entry, parse_host_entry(given));
    const auto address = entry.address ? entry.address : gateway_of(record, connections);
    if (!address)
      return bad_entry(given, "the container has no gateway; connect it to a network that has one");
    text += address->to_string() + "\t" + entry.name + "\n";
  }
  return text;
}

// "web.example.org web": the whole name, and its first label.
std::string own_names(const Record& record) {
  std::string whole = record.hostname;
  if (!record.naming.domain.empty()) whole += "." + record.naming.domain;
  const std::size_t dot = whole.find('.');
  return dot == std::string::npos ? whole : whole + " " + whole.substr(0, dot);
}

std::string own_lines(const Record& record, const Connection& connection) {
  std::string lines;
  if (record.hostname.empty()) return lines;
  for (const network::InterfaceAddress& own : connection.interface.addresses)
    lines += own.address.to_string() + "\t" + own_names(record) + "\n";
  return lines;
}

// The directory is out of the container's reach: behind the name is the file that was made at the start.
Result<UniqueFd> open_file(const Places& places, const Record& record, const char* name,
                           int flags) {
  return sys::open_at(places.root_dir.borrow(), ("containers/" + record.id + "/" + name).c_str(),
                      flags | O_NOFOLLOW);
}

std::string host_file(const char* path) {
  return sys::read_file_at(sys::kCwd, path).value_or("");
}

Result<std::string> resolv_conf_text(const Record& record, const Connections& connections) {
  const network::DnsChoice& choice = record.naming.dns;
  if (record.host_network && choice == network::DnsChoice{}) return read_host_dns_text();
  const network::ResolvConf host = read_host_dns();
  if (wants_names(record, connections))
    return network::render_resolv_conf(host, choice, name_service_address());
  return network::render_plain_resolv_conf(host, choice);
}

Result<std::string> text_of(const char* file, const Record& record,
                            const Connections& connections) {
  if (file == kResolvConf) return resolv_conf_text(record, connections);
  if (file == kHosts && record.host_network && record.naming.hosts.empty())
    return host_file("/etc/hosts");
  if (file == kHosts) return hosts_text(record, connections);
  // Without a name of its own it has the host's.
  return record.hostname.empty() ? host_file("/proc/sys/kernel/hostname") : record.hostname + "\n";
}

// A new file: the one of the run before may be shared, and its rights be what a container has made of them.
Result<UniqueFd> make_file(BorrowedFd dir, const char* name) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  auto file = sys::open_at(dir, name, kFlags, kMode);
  if (file || file.error().code() != Code::kAlreadyExists) return file;
  TRY(sys::unlink_at(dir, name));
  return sys::open_at(dir, name, kFlags, kMode);
}

Result<> write_file(BorrowedFd dir, const char* name, std::string_view text, std::uint32_t owner) {
  TRY_SET(const UniqueFd file, make_file(dir, name));
  TRY(sys::write_all(file.borrow(), text));
  TRY(sys::change_mode(file.borrow(), kMode));  // whatever the caller's umask
  if (owner == 0) return {};
  return sys::change_owner(file.borrow(), owner, owner);
}

Result<> link_files(BorrowedFd root, const std::string& other, BorrowedFd dir) {
  for (const char* name : kFiles) {
    Result<> removed = sys::unlink_at(dir, name);
    if (!removed && removed.error().code() != Code::kNotFound) return removed;
    TRY(sys::link_at(root, ("containers/" + other + "/" + name).c_str(), dir, name));
  }
  return {};
}

}  // namespace

Result<HostEntry> parse_host_entry(std::string_view text) {
  constexpr std::string_view kGateway = "host-gateway";
  const std::size_t at = text.find_first_of(":=");
  if (at == std::string_view::npos) return bad_entry(text, "expected NAME:ADDRESS");
  HostEntry entry{.name = std::string(text.substr(0, at)), .address = {}};
  if (!is_host_name(entry.name))
    return bad_entry(text, "a name is 1 to 253 letters, digits, '-', '_' and '.'");
  std::string_view address = text.substr(at + 1);
  if (address == kGateway) return entry;
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  const auto parsed = network::Address::parse(address);
  if (!parsed) return bad_entry(text, "expected an IP address after the name, or host-gateway");
  entry.address = *parsed;
  return entry;
}

Result<> check_host_entry(std::string_view text) {
  TRY(parse_host_entry(text));
  return {};
}

Result<std::string> hosts_text(const Record& record, const Connections& connections) {
  TRY_SET(const std::string added, added_hosts(record, connections));
  std::string text = std::string(kLocalHosts) + added;
  for (const Connection& connection : connections.networks) text += own_lines(record, connection);
  return text;
}

void plan_host_files(const Places& places, const Record& record, oci::Spec& spec) {
  for (const char* name : kFiles) {
    const std::string destination = std::string("/etc/") + name;
    const auto taken = std::ranges::find(spec.mounts, destination, &oci::Mount::destination);
    if (taken != spec.mounts.end()) continue;
    std::vector<std::string> options{"bind", "nosuid", "nodev", "noexec"};
    if (spec.root && spec.root->readonly) options.emplace_back("ro");
    spec.mounts.push_back({.destination = destination,
                           .type = "bind",
                           .source = places.container_dir(record.id) + "/" + name,
                           .options = std::move(options),
                           .uid_mappings = {},
                           .gid_mappings = {}});
  }
}

Result<> write_host_files(const Places& places, const Record& record,
                          const Connections& connections) {
  const BorrowedFd root = places.root_dir.borrow();
  TRY_SET(const UniqueFd dir,
          sys::open_at(root, ("containers/" + record.id).c_str(), O_RDONLY | O_DIRECTORY));
  const std::string& shared = record.shared.network;
  if (shares_with_container(shared))
    return link_files(root, shared.substr(shared.find(':') + 1), dir.borrow());
  const std::uint32_t owner = record.range ? range_base(*record.range) : 0;
  for (const char* name : kFiles) {
    TRY_SET(const std::string text, text_of(name, record, connections));
    TRY(write_file(dir.borrow(), name, text, owner), std::string("write its /etc/") + name);
  }
  return {};
}

std::string without_lines(std::string_view text, std::string_view lines) {
  std::string left;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(line.size());
    const std::size_t at = lines.find(line);
    const bool whole = at == 0 || (at != std::string_view::npos && lines[at - 1] == '\n');
    if (!whole || !line.ends_with('\n')) left += line;
  }
  return left;
}

Result<> add_to_hosts(const Places& places, const Record& record, const Connection& connection) {
  const std::string lines = own_lines(record, connection);
  if (lines.empty()) return {};
  TRY_SET(const UniqueFd file, open_file(places, record, kHosts, O_WRONLY | O_APPEND));
  return sys::write_all(file.borrow(), lines);
}

void drop_from_hosts(const Places& places, const Record& record, const Connection& connection) {
  constexpr std::size_t kMostHosts = 1U << 20;
  const std::string name = "containers/" + record.id + "/" + kHosts;
  const auto text = sys::read_file_at(places.root_dir.borrow(), name.c_str(), kMostHosts);
  if (!text) return;
  const std::string left = without_lines(*text, own_lines(record, connection));
  if (left == *text) return;
  const auto file = open_file(places, record, kHosts, O_WRONLY | O_TRUNC);
  if (file) (void)sys::write_all(file->borrow(), left);
}

Result<> write_resolv_conf(const Places& places, const Record& record,
                           const Connections& connections) {
  TRY_SET(const std::string text, resolv_conf_text(record, connections));
  TRY_SET(const UniqueFd file, open_file(places, record, kResolvConf, O_WRONLY | O_TRUNC));
  return sys::write_all(file.borrow(), text);
}

void add_mount_places(const Places& places, std::vector<std::string>& layers) {
  if (layers.size() < fs::kMostLayers) layers.push_back(places.root + "/" + kMountPlaces);
}

Result<> make_mount_places(BorrowedFd root) {
  const std::string etc = std::string(kMountPlaces) + "/etc";
  // The last one that is made: with it all are there.
  if (sys::exists_at(root, (etc + "/" + std::end(kFiles)[-1]).c_str())) return {};
  TRY_SET(const UniqueFd dir, sys::make_directories(root, etc, 0755));
  TRY(sys::change_mode(dir.borrow(), 0755));
  TRY_SET(const UniqueFd top, sys::open_at(root, kMountPlaces, O_RDONLY | O_DIRECTORY));
  TRY(sys::change_mode(top.borrow(), 0755));
  for (const char* name : kFiles) {
    TRY_SET(const UniqueFd file,
            sys::open_at(dir.borrow(), name, O_WRONLY | O_CREAT | O_NOFOLLOW, kMode));
    TRY(sys::change_mode(file.borrow(), kMode));
  }
  return {};
}

}  // namespace planet::engine
