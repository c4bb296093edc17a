#include "runtime/notify.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "sys/file.h"
#include "sys/signals.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

constexpr const char* kInside = "/run/notify";
constexpr const char* kSocketName = "notify.sock";

bool says_ready(std::string_view message) {
  const auto lines = split(message, '\n');
  return std::ranges::find(lines, "READY=1") != lines.end();
}

Result<> tell(const std::string& listener, pid_t init) {
  TRY_SET(const UniqueFd socket, sys::connect_datagrams(listener), "NOTIFY_SOCKET");
  return sys::send_message(socket.borrow(), "READY=1\nMAINPID=" + std::to_string(init));
}

}  // namespace

void plan_notify_socket(oci::Spec& spec, const std::string& host_dir) {
  if (!spec.process) return;
  spec.mounts.push_back({.destination = kInside,
                         .type = "bind",
                         .source = host_dir,
                         .options = {"bind", "nosuid", "noexec", "nodev", "ro"},
                         .uid_mappings = {},
                         .gid_mappings = {}});
  spec.process->env.push_back(std::string("NOTIFY_SOCKET=") + kInside + "/" + kSocketName);
}

Result<NotifyRelay> NotifyRelay::open(const Saved& container) {
  NotifyRelay relay;
  const auto dir =
      sys::open_at(container.dir.borrow(), kNotifyDirName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir) return relay;
  TRY_SET(relay.socket_, sys::receive_datagrams_at(dir->borrow(), kSocketName), "notify socket");
  return relay;
}

Result<> NotifyRelay::pass_on(const Saved& container, const std::string& listener) const {
  constexpr std::size_t kMostBytes = 4096;
  const auto init = open_init(container);
  if (!init) return {};  // over already
  while (true) {
    std::array<pollfd, 2> set{};
    set[0] = {.fd = socket_.borrow().get(), .events = POLLIN, .revents = 0};
    set[1] = {.fd = init->borrow().get(), .events = POLLIN, .revents = 0};
    TRY(sys::wait_ready(set, -1));
    if ((set[0].revents & POLLIN) != 0) {
      const auto message = sys::receive_message(socket_.borrow(), kMostBytes);
      if (message && says_ready(message->bytes)) return tell(listener, container.init);
    } else if (set[1].revents != 0) {
      return {};
    }
  }
}

}  // namespace planet::runtime
