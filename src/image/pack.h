// Packs a directory, or any file, as a tar archive that is made while it is read: nothing is held but one piece.
//
// What the same files give is always the same bytes: names are in the order of their bytes, there are no names of users,
// no access times, and nothing of the file system that the files are on.
//
// Source: pax(1), "pax Interchange Format"; OCI image-spec layer.md, "Representing Changes"; kernel
// Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"; capabilities(7), "File capabilities".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/stream.h"

namespace planet::image {

// Ids of the host as ids of a container: those from `base` on begin with 0, others are nobody's.
struct IdView {
  static constexpr std::uint32_t kNobody = 65534;
  std::uint32_t base = 0;
  std::uint32_t count = 0xffffffff;

  std::uint32_t inside(std::uint32_t id) const {
    return id >= base && id - base < count ? id - base : kNobody;
  }
  std::uint32_t outside(std::uint32_t id) const { return base + (id < count ? id : kNobody); }
};

// kLayer: the directory is an overlay's upper one, and what overlayfs writes for a removal becomes what an image layer
// has for it. Times are whole seconds, which every tool keeps.
enum class PackKind : std::uint8_t { kTree, kLayer };

struct PackOptions {
  PackKind kind = PackKind::kTree;
  std::string
      name;  // of the top in the archive, "a/b"; empty: what is in it stands there without one
  bool top_entry = true;  // whether the top itself is in the archive; with an empty name as "./"
  IdView ids;
  // True for what is to be left out, by its path below the top.
  std::function<bool(const std::string& path)> leave_out;
};

// The archive of `top` (O_PATH will do). What is a socket, or the kernel's own (fs::is_kernels_own), is left out. Files that
// change meanwhile are cut off, or filled with zeros, to the size that they had.
// Errors of next(): kInvalidArgument - a name or a directory that no archive can have, naming it; else those of the calls.
std::unique_ptr<ByteSource> pack(UniqueFd top, PackOptions options);

// A file's capabilities as they are kept in a container: those that root of a user namespace has given carry his id of the
// host (version 3), and lose it here; those of other roots are none. "" for none.
std::string capability_inside(const std::string& value, const IdView& ids);

}  // namespace planet::image
