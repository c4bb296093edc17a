#include "engine/copy.h"

#include <cerrno>

#include "base/strings.h"
#include "engine/container_root.h"
#include "engine/copy_paths.h"
#include "fs/walk.h"
#include "image/extract.h"
#include "image/pack.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

Result<fs::Root> host_root() {
  TRY_SET(UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  return fs::Root(std::move(top));
}

std::string host_path(const CopyPlace& place, const CopyOptions& options) {
  return place.path.starts_with('/') ? place.path : options.here + "/" + place.path;
}

// A container's paths begin at its root, whether they say so or not.
Result<CopySource> container_source(const ContainerRoot& container, const CopyPlace& from,
                                    bool follow_link) {
  TRY_SET(const fs::Root root, container.root());
  auto source = find_source(root, from.path, follow_link);
  if (!source && source.error().sys_errno() == ENOENT)
    return fail(Code::kNotFound, "could not find the file " + quote(from.path) + " in container " +
                                     printable(from.container));
  if (source && fs::is_kernels_own(source->file.borrow()))
    return fail(Code::kInvalidArgument,
                quote(from.path) +
                    " is the kernel's, not a file of the container; read it with "
                    "`planet exec`");
  return source;
}

Result<> write_out(ByteSource& tar, BorrowedFd out) {
  while (true) {
    TRY_SET(const std::string_view piece, tar.next());
    if (piece.empty()) return {};
    TRY(sys::write_all(out, piece), "write the archive");
  }
}

Result<std::uint64_t> copy_out(const Engine& engine, const CopyPlace& from, const CopyPlace& to,
                               BorrowedFd stream, const CopyOptions& options) {
  TRY_SET(const std::string id, find_container(engine.places, from.container));
  TRY_SET(const ContainerRoot container,
          open_container_root(engine, id, Access::kRead, Below::kMounts));
  TRY_SET(CopySource source, container_source(container, from, options.follow_link));
  image::PackOptions how{.name = source.words.name, .ids = container.ids};
  if (to.is_stream()) {
    const auto tar = image::pack(std::move(source.file), std::move(how));
    TRY(write_out(*tar, stream));
    return std::uint64_t{0};
  }
  TRY_SET(const fs::Root root, host_root());
  TRY_SET(CopyTarget target, find_target(root, host_path(to, options), source));
  how.name = target.name;
  const auto tar = image::pack(std::move(source.file), std::move(how));
  image::ExtractOptions onto;
  if (!options.keep_owners)
    onto.owner = image::Owner{.uid = sys::own_user(), .gid = sys::own_group()};
  onto.powerless = true;
  onto.warn = options.warn;
  return image::extract(*tar, std::move(target.dir), std::move(onto));
}

Result<std::uint64_t> copy_in(const Engine& engine, const CopyPlace& from, const CopyPlace& to,
                              BorrowedFd stream, const CopyOptions& options) {
  TRY_SET(const std::string id, find_container(engine.places, to.container));
  CopySource source;
  if (!from.is_stream()) {
    TRY_SET(const fs::Root host, host_root());
    TRY_SET(source, find_source(host, host_path(from, options), options.follow_link));
  }
  TRY_SET(const ContainerRoot container,
          open_container_root(engine, id, Access::kWrite, Below::kMounts));
  TRY_SET(const fs::Root root, container.root());
  image::ExtractOptions onto{.ids = container.ids, .warn = options.warn};
  if (from.is_stream()) {
    TRY_SET(UniqueFd dir, find_target_directory(root, to.path));
    TRY(container.make_files_as_root());
    const auto file = image::read_file(stream);
    TRY_SET(const auto plain, image::decompress(*file));
    return image::extract(*plain, std::move(dir), std::move(onto));
  }
  TRY_SET(CopyTarget target, find_target(root, to.path, source));
  TRY(container.make_files_as_root());
  const auto tar = image::pack(std::move(source.file), {.name = target.name});
  return image::extract(*tar, std::move(target.dir), std::move(onto));
}

}  // namespace

Result<CopyPlace> parse_copy_place(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (text.starts_with('/') || text.starts_with('.') || colon == std::string_view::npos)
    return CopyPlace{.container = "", .path = std::string(text)};
  CopyPlace place{.container = std::string(text.substr(0, colon)),
                  .path = std::string(text.substr(colon + 1))};
  if (place.container.empty() || place.path.empty())
    return fail(Code::kInvalidArgument,
                quote(text) + " is not CONTAINER:PATH; a file whose name has a colon is ./" +
                    printable(text));
  return place;
}

Result<std::uint64_t> copy(const Engine& engine, const CopyPlace& from, const CopyPlace& to,
                           BorrowedFd stream, const CopyOptions& options) {
  if (!from.container.empty() && !to.container.empty())
    return fail(Code::kInvalidArgument, "copying between containers is not supported");
  if (from.container.empty() && to.container.empty())
    return fail(Code::kInvalidArgument,
                "must specify at least one container source; write CONTAINER:PATH");
  if (to.container.empty()) return copy_out(engine, from, to, stream, options);
  return copy_in(engine, from, to, stream, options);
}

Result<> export_container(const Engine& engine, const std::string& id, BorrowedFd out) {
  TRY_SET(const ContainerRoot container,
          open_container_root(engine, id, Access::kRead, Below::kNothing));
  TRY_SET(UniqueFd top, sys::duplicate(container.mount.root()));
  const auto tar = image::pack(std::move(top), {.top_entry = false, .ids = container.ids});
  return write_out(*tar, out);
}

}  // namespace planet::engine
