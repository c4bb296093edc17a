// What control group hierarchies this host has mounted, as open directories.
//
// Source: cgroups(7); kernel Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::cgroup {

enum class Layout : std::uint8_t {
  kUnified,  // one cgroup v2 tree with all controllers
  kLegacy,  // a v1 hierarchy for each controller; perhaps a v2 tree without controllers beside them ("hybrid")
};

// The root of one hierarchy.
struct Hierarchy {
  std::string controllers;  // v1: the one it was asked for by ("memory"); v2: empty
  UniqueFd root;
};

class Host {
 public:
  // Looks at `mount_point` (a parameter for tests).
  // Errors: kNotFound - no control groups are mounted there.
  static Result<Host> open(const char* mount_point = "/sys/fs/cgroup");

  Layout layout() const { return layout_; }

  // v2: the one tree. v1: the hierarchy of `controller`, if the host has it mounted.
  // Errors: kNotFound - it is not; the sentence says what to do.
  Result<Hierarchy> hierarchy(std::string_view controller) const;
  bool has(std::string_view controller) const;

  // The v2 tree of a hybrid host; invalid if there is none.
  UniqueFd unified_of_hybrid() const;

 private:
  Host(Layout layout, UniqueFd top) : layout_(layout), top_(std::move(top)) {}
  Layout layout_;
  UniqueFd top_;
};

}  // namespace planet::cgroup
