#include "network/store.h"

#include <algorithm>

#include "base/strings.h"
#include "sys/file.h"
#include "sys/random.h"

namespace planet::network {
namespace {

constexpr const char* kDirectory = "networks";
constexpr std::size_t kMostRecord = 1U << 20;
constexpr std::size_t kMostQuoted = 200;
constexpr std::size_t kRandomDigits = 16;

std::unexpected<Error> none_called(std::string_view name) {
  return fail(Code::kNotFound, "network " + quote(name.substr(0, kMostQuoted)) +
                                   " not found; `planet network ls` lists those that there are");
}

// Nobody writes while the lock is held: these are of somebody who was killed.
void sweep(BorrowedFd networks) {
  const auto names = sys::list_dir(networks);
  for (const std::string& file : names ? *names : std::vector<std::string>())
    if (file.starts_with('.') && file != kSiteLink) (void)sys::unlink_at(networks, file.c_str());
}

}  // namespace

Result<UniqueFd> open_networks(BorrowedFd root) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  auto networks = sys::open_at(root, kDirectory, kFlags);
  if (networks || networks.error().code() != Code::kNotFound) return networks;
  const Result<> made = sys::make_dir_at(root, kDirectory, 0700);
  if (!made && made.error().code() != Code::kAlreadyExists) return std::unexpected(made.error());
  return sys::open_at(root, kDirectory, kFlags);
}

Result<UniqueFd> lock_networks(BorrowedFd root) {
  TRY_SET(UniqueFd networks, open_networks(root));
  TRY(sys::lock_exclusive(networks.borrow()));
  return networks;
}

Result<Network> read_network(BorrowedFd networks, std::string_view name) {
  if (!is_network_name(name)) return none_called(name);
  const std::string file(name);
  const auto text = sys::read_file_at(networks, file.c_str(), kMostRecord);
  if (!text && text.error().code() == Code::kNotFound) return none_called(name);
  if (!text) return std::unexpected(text.error());
  auto network = parse_network(*text);
  if (network && network->name == name) return network;
  return fail(Code::kCorrupt,
              "what is written down of network " + file + " is damaged (" +
                  (network ? "it is of another name" : network.error().to_string()) +
                  "); remove it, and make it again: planet network rm " + file);
}

Result<std::vector<Network>> read_networks(BorrowedFd networks) {
  TRY_SET(std::vector<std::string> names, sys::list_dir(networks));
  std::ranges::sort(names);
  std::vector<Network> found;
  for (const std::string& name : names) {
    if (!is_network_name(name)) continue;
    auto network = read_network(networks, name);
    if (!network && network.error().code() == Code::kNotFound) continue;  // just removed
    if (!network) return std::unexpected(std::move(network).error());
    found.push_back(*std::move(network));
  }
  return found;
}

Result<Network> find_network(const std::vector<Network>& networks, std::string_view text) {
  const auto named = std::ranges::find(networks, text, &Network::name);
  if (named != networks.end()) return *named;
  const Network* found = nullptr;
  for (const Network& network : networks) {
    if (text.empty() || !network.id.starts_with(text)) continue;
    if (found != nullptr)
      return fail(Code::kInvalidArgument,
                  "several networks have ids that begin with " + quote(text) + "; give more of it");
    found = &network;
  }
  if (found == nullptr) return none_called(text);
  return *found;
}

Result<> add_network(BorrowedFd networks, const Network& network) {
  TRY(check_network(network));
  sweep(networks);
  const std::string hidden = "." + sys::random_hex(kRandomDigits);
  TRY(sys::replace_file_at(networks, hidden.c_str(), network_text(network), 0600,
                           sys::Durable::kYes));
  // By a link, which never replaces what is there; not every file system can be told that of rename(2).
  Result<> named = sys::link_at(networks, hidden.c_str(), networks, network.name.c_str());
  (void)sys::unlink_at(networks, hidden.c_str());
  if (named) return {};
  if (named.error().code() != Code::kAlreadyExists) return named;
  return fail(Code::kAlreadyExists, "network with name " + network.name +
                                        " already exists; remove it, or choose another name");
}

Result<> drop_network(BorrowedFd networks, std::string_view name) {
  if (!is_network_name(name)) return none_called(name);
  Result<> gone = sys::unlink_at(networks, std::string(name).c_str());
  if (!gone && gone.error().code() == Code::kNotFound) return none_called(name);
  return gone;
}

}  // namespace planet::network
