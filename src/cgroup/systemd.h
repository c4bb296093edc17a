// Talks with systemd over D-Bus: makes a scope around a container's process, and takes it away.
//
// Source: org.freedesktop.systemd1(5); D-Bus specification. The library is libdbus (docs/architecture.md).
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cgroup/scope.h"

struct DBusConnection;

namespace planet::cgroup {

class Systemd {
 public:
  enum class Whose : std::uint8_t { kSystem, kUser };

  // The manager of the system or of the calling user, by its private socket or by the bus.
  // Errors: kNotFound - neither answers; the sentence says what was tried.
  static Result<Systemd> connect(Whose whose);

  // The manager's own group, below which its slices are; "" for the root.
  Result<std::string> root_group();

  // Makes the unit with `process` in it and waits until it is there.
  // Errors: kAlreadyExists - a unit of that name that has not failed; kSystem - systemd's words.
  Result<> start(const Scope& scope, pid_t process, std::vector<Property> properties);

  // Errors: kSystem - systemd's words.
  Result<> set(const std::string& unit, const std::vector<Property>& properties);

  // Stops the unit and forgets how it failed; one that is not there is no error.
  Result<> stop(const std::string& unit);

 private:
  struct Close {
    void operator()(DBusConnection* connection) const;
  };
  explicit Systemd(DBusConnection* connection) : connection_(connection) {}
  Result<> finish(const std::string& job, const std::string& unit);

  std::unique_ptr<DBusConnection, Close> connection_;
};

}  // namespace planet::cgroup
