#include "sys/mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "sys/call_error.h"

// <sys/mount.h> clashes with <linux/mount.h> in glibc 2.36; these are its constants.
extern "C" int umount2(const char* target, int flags) noexcept;
extern "C" int mount(const char* source, const char* target, const char* type, unsigned long flags,
                     const void* data) noexcept;

namespace planet::sys {
namespace {

constexpr int kMntDetach = 2;
constexpr int kUmountNoFollow = 8;

std::string named(const char* call, const char* argument) {
  return *argument == '\0' ? call : std::string(call) + " " + argument;
}

// "open_tree /a": the call is the first word.
Error error_of(int err, const std::string& what) {
  return call_error(err, what.substr(0, what.find(' ')).c_str(), what);
}

Result<UniqueFd> opened(long fd, const std::string& what) {
  if (fd < 0) return std::unexpected(error_of(errno, what));
  return UniqueFd(static_cast<int>(fd));
}

Result<> done(long result, const std::string& what) {
  if (result < 0) return std::unexpected(error_of(errno, what));
  return {};
}

long fs_config(BorrowedFd context, unsigned command, const char* key, const void* value, int aux) {
  return ::syscall(SYS_fsconfig, context.get(), command, key, value, aux);
}

// The last error line of the context's log: "e overlay: upper fs is read-only" without the "e ".
std::string kernel_words(BorrowedFd context) {
  std::string words;
  std::array<char, 512> line{};
  while (true) {
    const ssize_t n = ::read(context.get(), line.data(), line.size());
    if (n <= 0) return words;
    std::string_view text(line.data(), static_cast<std::size_t>(n));
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (text.starts_with("e ")) words = " (" + std::string(text.substr(2)) + ")";
  }
}

Result<> configured(long result, BorrowedFd context, const std::string& what) {
  if (result >= 0) return {};
  const int err = errno;
  return std::unexpected(error_of(err, what + kernel_words(context)));
}

// statx(2), STATX_MNT_ID: Linux 5.8.
Result<std::uint64_t> mount_id(const char* path) {
  struct statx status{};
  TRY(done(::statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &status),
           named("statx", path)));
  if ((status.stx_mask & STATX_MNT_ID) == 0)
    return fail(Code::kUnsupported, "statx tells no mount ids: Linux 5.8 or newer is needed");
  return std::uint64_t{status.stx_mnt_id};
}

}  // namespace

Result<UniqueFd> fs_open(const char* type) {
  return opened(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), named("fsopen", type));
}

Result<UniqueFd> fs_pick(BorrowedFd place) {
  return opened(::syscall(SYS_fspick, place.get(), "",
                          FSPICK_CLOEXEC | FSPICK_EMPTY_PATH | FSPICK_NO_AUTOMOUNT),
                "fspick");
}

Result<> fs_reconfigure(BorrowedFd context) {
  return configured(fs_config(context, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0), context,
                    "fsconfig reconfigure");
}

Result<> fs_set_flag(BorrowedFd context, const char* key) {
  return configured(fs_config(context, FSCONFIG_SET_FLAG, key, nullptr, 0), context,
                    named("fsconfig", key));
}

Result<> fs_set_string(BorrowedFd context, const char* key, const char* value) {
  return configured(fs_config(context, FSCONFIG_SET_STRING, key, value, 0), context,
                    named("fsconfig", key) + "=" + value);
}

Result<> fs_set_fd(BorrowedFd context, const char* key, BorrowedFd value) {
  return configured(fs_config(context, FSCONFIG_SET_FD, key, nullptr, value.get()), context,
                    named("fsconfig", key));
}

Result<> fs_create(BorrowedFd context) {
  return configured(fs_config(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), context,
                    "fsconfig create");
}

Result<UniqueFd> fs_mount(BorrowedFd context, std::uint64_t attributes) {
  return opened(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attributes), "fsmount");
}

Result<UniqueFd> open_tree_clone(BorrowedFd dir, const char* path, bool recursive) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  if (recursive) flags |= AT_RECURSIVE;
  return opened(::syscall(SYS_open_tree, dir.get(), path, flags), named("open_tree", path));
}

Result<> move_mount(BorrowedFd from, BorrowedFd onto) {
  return done(::syscall(SYS_move_mount, from.get(), "", onto.get(), "",
                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
              "move_mount");
}

Result<> mount_set_attr(BorrowedFd mount, const mount_attr& attr, bool recursive) {
  const unsigned flags = AT_EMPTY_PATH | (recursive ? unsigned{AT_RECURSIVE} : 0U);
  return done(::syscall(SYS_mount_setattr, mount.get(), "", flags, &attr, sizeof attr),
              "mount_setattr");
}

Result<> mount_set_id_map(BorrowedFd mount, BorrowedFd user_ns, bool recursive) {
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_IDMAP;
  attr.userns_fd = static_cast<__u64>(user_ns.get());
  return mount_set_attr(mount, attr, recursive);
}

Result<> pivot_root_here() {
  TRY(done(::syscall(SYS_pivot_root, ".", "."), "pivot_root"));
  TRY(done(::chdir("/"), "chdir /"));
  // pivot_root(2), "pivot_root(".", ".")": the old root now lies on top of the new one at "/", and on it whatever was
  // mounted over it before. ".." at the root leads to the top of that pile.
  constexpr int kMostLayers = 64;
  for (int i = 0; i < kMostLayers; ++i) {
    TRY_SET(const std::uint64_t root, mount_id("/."));
    TRY_SET(const std::uint64_t top, mount_id("/.."));
    if (top == root) return {};
    TRY(unmount_detached("."));
  }
  return fail(Code::kInternal, "the old root cannot be removed from the new one");
}

Result<> unmount_detached(const char* path) {
  return done(::umount2(path, kMntDetach | kUmountNoFollow), named("umount2", path));
}

Result<> mount_legacy(const char* type, const char* target, const char* options) {
  return done(::mount(type, target, type, 0, options), named("mount", type));
}

}  // namespace planet::sys
