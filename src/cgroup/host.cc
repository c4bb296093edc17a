#include "cgroup/host.h"

#include <linux/magic.h>

#include <algorithm>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::cgroup {
namespace {

Result<UniqueFd> open_hierarchy(BorrowedFd top, const char* name, std::int64_t magic) {
  TRY_SET(UniqueFd dir, sys::open_at(top, name, O_PATH | O_DIRECTORY));
  TRY_SET(const std::int64_t type, sys::file_system_type(dir.borrow()));
  if (type != magic) return fail(Code::kNotFound, std::string(name) + " is no cgroup file system");
  return dir;
}

std::unexpected<Error> absent(std::string_view controller) {
  return fail(Code::kNotFound, "this host has no control group controller " + quote(controller) +
                                   "; mount it below /sys/fs/cgroup or enable it in the kernel");
}

}  // namespace

Result<Host> Host::open(const char* mount_point) {
  TRY_SET(UniqueFd top, sys::open_at(sys::kCwd, mount_point, O_PATH | O_DIRECTORY),
          "find control groups");
  TRY_SET(const std::int64_t type, sys::file_system_type(top.borrow()));
  const Layout layout = type == CGROUP2_SUPER_MAGIC ? Layout::kUnified : Layout::kLegacy;
  return Host(layout, std::move(top));
}

Result<Hierarchy> Host::hierarchy(std::string_view controller) const {
  const std::string name(controller);
  if (layout_ == Layout::kUnified) {
    TRY_SET(const std::string known, sys::read_file_at(top_.borrow(), "cgroup.controllers"));
    const auto words = split(trim(known), ' ');
    if (!name.empty() && std::ranges::find(words, name) == words.end()) return absent(controller);
    TRY_SET(UniqueFd root, sys::duplicate(top_.borrow()));
    return Hierarchy{.controllers = "", .root = std::move(root)};
  }
  auto root = open_hierarchy(top_.borrow(), name.c_str(), CGROUP_SUPER_MAGIC);
  if (!root) return absent(controller);
  return Hierarchy{.controllers = name, .root = *std::move(root)};
}

bool Host::has(std::string_view controller) const {
  return hierarchy(controller).has_value();
}

UniqueFd Host::unified_of_hybrid() const {
  if (layout_ == Layout::kUnified) return {};
  auto root = open_hierarchy(top_.borrow(), "unified", CGROUP2_SUPER_MAGIC);
  return root ? *std::move(root) : UniqueFd();
}

}  // namespace planet::cgroup
