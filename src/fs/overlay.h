// An overlay of read-only layers and one writable directory, as a detached mount.
//
// Source: kernel Documentation/filesystems/overlayfs.rst. Layers by descriptor (any path, any number up to the
// kernel's 500) came with Linux 6.13; before it the options are one string, which is made in a mount namespace
// of its own where every layer has a short name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/detached_mount.h"

namespace planet::fs {

inline constexpr std::size_t kMostLayers = 500;  // OVL_MAX_STACK

struct OverlayDirs {
  std::vector<std::string> layers;  // topmost first, at least one
  std::string upper;                // absolute, and ...
  std::string work;  // ... in the same directory; without both the overlay is read-only
  // Nothing waits until what is written is on the disk: neither fsync(2) nor the end of the mount, which else writes out the
  // whole file system of `upper` ("volatile").
  bool is_volatile = false;
  std::string
      changes;  // a directory over the layers that no id map applies to: an upper one, looked at
};

// How the layers are handed to the kernel. kString is for kernels before 6.13, and for tests.
enum class OverlayInterface : std::uint8_t { kProbe, kDescriptors, kString };

// With `user_ns`, the layers are shown through its id map; `upper` and `work` are taken as they are. The mount keeps
// those that it was made of (DetachedMount::keep).
// Errors: kNoPrivateUsers - the layers' file system has no id-mapped mounts, or overlayfs (before Linux 5.19)
// takes none.
Result<DetachedMount> make_overlay(const OverlayDirs& dirs, std::optional<BorrowedFd> user_ns,
                                   OverlayInterface interface = OverlayInterface::kProbe);

// The layers (topmost first) merged, to be read: all of them, or what is at `subpath`, from which no link leads out.
// Errors: as make_overlay; kNotFound - there is no such path; kUnsupported - a part of a mount that is nowhere, before
// Linux 6.15.
Result<DetachedMount> make_view(const std::vector<std::string>& layers, const std::string& subpath,
                                const MountOptions& options, std::optional<BorrowedFd> user_ns);

}  // namespace planet::fs
