// Notify: how a service in a container tells the service manager of the host that it is ready. It gets a socket of its
// own: what it says besides READY=1 could tell the manager of other processes than its own, and is not passed on.
//
// Source: sd_notify(3); the habits of `runc`.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "runtime/saved.h"

namespace planet::runtime {

// In the container's own directory on the host; mounted at /run/notify inside.
inline constexpr const char* kNotifyDirName = "notify";

// Adds the mount of `host_dir` and the variable NOTIFY_SOCKET.
void plan_notify_socket(oci::Spec& spec, const std::string& host_dir);

class NotifyRelay {
 public:
  // Before the container is started. Not `used` where it was created without a notify socket.
  static Result<NotifyRelay> open(const Saved& container);
  bool used() const { return socket_.valid(); }

  // Waits until it is ready, and says so to `listener`, a path or "@NAME"; or until it has ended.
  Result<> pass_on(const Saved& container, const std::string& listener) const;

 private:
  UniqueFd socket_;
};

}  // namespace planet::runtime
