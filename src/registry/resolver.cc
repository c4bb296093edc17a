#include "registry/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "base/strings.h"
#include "sys/signals.h"

namespace planet::registry {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Answer {
  std::optional<int> status;  // none while it is awaited
  std::vector<std::string> addresses;
};

std::string text_of(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = {};
  return ::inet_ntop(family, address, text, sizeof text) == nullptr ? "" : text;
}

std::optional<std::string> as_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  for (const int family : {AF_INET, AF_INET6})
    if (::inet_pton(family, host.c_str(), address.data()) == 1)
      return text_of(family, address.data());
  return std::nullopt;
}

void take_answer(void* to, int status, int /*timeouts*/, ares_addrinfo* found) {
  auto* answer = static_cast<Answer*>(to);
  answer->status = status;
  if (found == nullptr) return;
  for (const ares_addrinfo_node* node = found->nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, node->ai_addr, sizeof address);
      answer->addresses.push_back(text_of(AF_INET, &address.sin_addr));
    } else if (node->ai_family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, node->ai_addr, sizeof address);
      answer->addresses.push_back(text_of(AF_INET6, &address.sin6_addr));
    }
  }
  ares_freeaddrinfo(found);
}

// c-ares with its memory, and the loop that it leaves to its user.
class Channel {
 public:
  static Result<std::unique_ptr<Channel>> open(const ResolverSettings& settings) {
    std::unique_ptr<Channel> channel(new Channel);
    ares_options options{};
    // Its default, four tries of five seconds and more, is longer than people wait for a name server that is gone.
    options.timeout = 2000;
    options.tries = 3;
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS)
      status = ares_init_options(&channel->channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status == ARES_SUCCESS && !settings.servers.empty())
      status = ares_set_servers_ports_csv(channel->channel_, settings.servers.c_str());
    if (status != ARES_SUCCESS)
      return fail(Code::kSystem, std::string("set up the resolver: ") + ares_strerror(status));
    return channel;
  }

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  Channel(Channel&&) = delete;
  Channel& operator=(Channel&&) = delete;
  ~Channel() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  Result<Answer> ask(const std::string& host, milliseconds limit) {
    Answer answer;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, take_answer, &answer);
    const Clock::time_point end = Clock::now() + limit;
    while (!answer.status) {
      const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
      // Calls back with ARES_ECANCELLED, so that nothing points to `answer` any more.
      if (left <= milliseconds(0)) ares_cancel(channel_);
      if (answer.status) break;
      if (auto turned = turn(left); !turned) {
        ares_cancel(channel_);
        return std::unexpected(std::move(turned).error());
      }
    }
    return answer;
  }

 private:
  Channel() = default;

  // Waits for its sockets, at most so long, and lets it read and write.
  Result<> turn(milliseconds at_most) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted = static_cast<unsigned>(
        ares_getsock(channel_, sockets.data(), static_cast<int>(sockets.size())));
    std::vector<pollfd> polled;
    for (unsigned i = 0; i < sockets.size(); ++i) {
      const bool read = ARES_GETSOCK_READABLE(wanted, i);
      const bool write = ARES_GETSOCK_WRITABLE(wanted, i);
      if (read || write)
        polled.push_back({.fd = sockets[i],
                          .events = static_cast<short>((read ? POLLIN : 0) | (write ? POLLOUT : 0)),
                          .revents = 0});
    }
    TRY(sys::wait_ready(polled, static_cast<int>(time_to_wait(at_most).count())));
    for (const pollfd& one : polled)
      ares_process_fd(channel_,
                      (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0 ? one.fd : ARES_SOCKET_BAD,
                      (one.revents & POLLOUT) != 0 ? one.fd : ARES_SOCKET_BAD);
    // Its own time limits are judged in any call.
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    return {};
  }

  milliseconds time_to_wait(milliseconds at_most) {
    timeval most{.tv_sec = at_most.count() / 1000, .tv_usec = at_most.count() % 1000 * 1000};
    timeval own{};
    const timeval* least = ares_timeout(channel_, &most, &own);
    return milliseconds(least->tv_sec * 1000 + least->tv_usec / 1000 + 1);
  }

  ares_channel channel_ = nullptr;
};

std::unexpected<Error> unresolved(const std::string& host, int status) {
  const std::string name = quote(host);
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
      return fail(Code::kNotFound, "no host " + name + " is known: check its spelling");
    case ARES_ECANCELLED:
    case ARES_ETIMEOUT:
      return fail(Code::kSystem, "no name server answered for " + name +
                                     " in time: check /etc/resolv.conf and the network");
    case ARES_ECONNREFUSED:
      return fail(Code::kSystem, "no name server could be asked for " + name +
                                     ": check /etc/resolv.conf and the network");
    default:
      return fail(Code::kSystem,
                  "the name servers gave no address for " + name + ": " + ares_strerror(status));
  }
}

struct Block {
  const char* address;
  unsigned bits;
};

// RFC 6890's registries, less what is globally reachable.
constexpr Block kSpecial4[] = {{"0.0.0.0", 8},     {"10.0.0.0", 8},      {"100.64.0.0", 10},
                               {"127.0.0.0", 8},   {"169.254.0.0", 16},  {"172.16.0.0", 12},
                               {"192.0.0.0", 24},  {"192.0.2.0", 24},    {"192.168.0.0", 16},
                               {"198.18.0.0", 15}, {"198.51.100.0", 24}, {"203.0.113.0", 24},
                               {"224.0.0.0", 3}};
// The Internet is 2000::/3; in it: Teredo and others (2001::/23), documentation, 6to4.
constexpr Block kGlobal6 = {"2000::", 3};
constexpr Block kSpecial6[] = {{"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20}};
constexpr Block kMapped4 = {"::ffff:0.0.0.0", 96};
constexpr Block kTranslated4 = {"64:ff9b::", 96};  // RFC 6052

bool in_block(std::span<const unsigned char> address, const Block& block) {
  std::array<unsigned char, sizeof(in6_addr)> start{};
  ::inet_pton(address.size() == sizeof(in_addr) ? AF_INET : AF_INET6, block.address, start.data());
  for (unsigned bit = 0; bit < block.bits; ++bit) {
    const unsigned mask = 0x80U >> bit % 8;
    if ((address[bit / 8] & mask) != (start.at(bit / 8) & mask)) return false;
  }
  return true;
}

bool in_any(std::span<const unsigned char> address, std::span<const Block> blocks) {
  return std::ranges::any_of(blocks, [&](const Block& block) { return in_block(address, block); });
}

}  // namespace

Result<std::vector<std::string>> resolve(const std::string& host,
                                         const ResolverSettings& settings) {
  if (const auto address = as_address(host)) return std::vector{*address};
  TRY_SET(const auto channel, Channel::open(settings));
  TRY_SET(Answer answer, channel->ask(host, settings.limit));
  if (*answer.status != ARES_SUCCESS) return unresolved(host, *answer.status);
  if (answer.addresses.empty()) return unresolved(host, ARES_ENODATA);
  return std::move(answer.addresses);
}

bool is_public_address(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const std::span<const unsigned char> all(bytes);
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1)
    return !in_any(all.first(sizeof(in_addr)), kSpecial4);
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  if (in_block(all, kMapped4) || in_block(all, kTranslated4))
    return !in_any(all.last(sizeof(in_addr)), kSpecial4);
  return in_block(all, kGlobal6) && !in_any(all, kSpecial6);
}

}  // namespace planet::registry
