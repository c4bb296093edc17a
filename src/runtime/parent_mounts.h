// The parent's share of a container's mounts: what needs the host's files, its ids, or device nodes.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/detached_mount.h"
#include "runtime/launch.h"
#include "runtime/namespaces.h"
#include "runtime/plan.h"
#include "runtime/steps.h"

namespace planet::runtime {

// All of them: the root first, then those of the plan in its order. `find_owner` is asked when the root is there. Where the
// parent is an ordinary user, init calls this, in its own user and mount namespaces.
Result<std::vector<fs::DetachedMount>> make_host_mounts(
    const LaunchRequest& request, const Plan& plan,
    const std::function<Result<Owner>()>& find_owner, std::optional<BorrowedFd> user_ns,
    const Steps& steps);

// The container's root, detached, receiving the host's mounts if `propagation` says so. `user_ns` is set if the container
// has one.
Result<fs::DetachedMount> make_root(const LaunchRequest& request,
                                    const fs::MountOptions& propagation,
                                    std::optional<BorrowedFd> user_ns);

// The tmpfs for /dev with the plan's device nodes and the usual links, owned by the container's root
// (`owner` is its id on the host).
Result<fs::DetachedMount> make_dev(const Plan& plan, const PlannedMount& mount, Owner owner);

// A bind of the host's `mount.source`, which is `mount.device` if that is set, with its attributes; shown through the mount's id map, if it has one, or the
// container's, that of `user_ns`, if its options ask for that.
Result<fs::DetachedMount> make_bind(const PlannedMount& mount, const oci::Linux& spec,
                                    std::optional<BorrowedFd> user_ns);

// Makes the links that every /dev has: fd, stdin, stdout, stderr, ptmx. What is there stays.
Result<> make_dev_links(BorrowedFd dev, Owner owner);

// Makes one device node below `dev`; `name` is relative to it and may contain directories, which are made. The same device
// may be there already.
// Errors: kInvalidArgument - another file is there.
Result<> make_device(BorrowedFd dev, std::string_view name, const oci::Device& device, Owner owner);

// Makes the plan's devices that are not below /dev.
Result<> make_other_devices(BorrowedFd root, const Plan& plan, Owner owner);

}  // namespace planet::runtime
