// The parent's share of a container's mounts: what needs the host's files, its ids, or device nodes.
#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/detached_mount.h"
#include "runtime/launch.h"
#include "runtime/namespaces.h"
#include "runtime/plan.h"

namespace planet::runtime {

// The container's root, detached. `user_ns` is set if the container has one.
Result<fs::DetachedMount> make_root(const LaunchRequest& request,
                                    std::optional<BorrowedFd> user_ns);

// The tmpfs for /dev with the plan's device nodes and the usual links, owned by the container's root
// (`owner` is its id on the host).
Result<fs::DetachedMount> make_dev(const Plan& plan, const PlannedMount& mount, Owner owner);

// A bind of the host's `mount.source`, with its attributes; shown through the id map of the mount, if it has
// one, which must be that of the container, `user_ns`.
Result<fs::DetachedMount> make_bind(const PlannedMount& mount, std::optional<BorrowedFd> user_ns);

// Makes the links that every /dev has: fd, stdin, stdout, stderr, ptmx. What is there stays.
Result<> make_dev_links(BorrowedFd dev, Owner owner);

// Makes one device node below `dev`; `name` is relative to it and may contain directories, which are made.
Result<> make_device(BorrowedFd dev, std::string_view name, const oci::Device& device, Owner owner);

}  // namespace planet::runtime
