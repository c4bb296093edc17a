#include "runtime/own_program.h"

#include "base/strings.h"
#include "fs/detached_mount.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

constexpr const char* kOwnFile = "/proc/self/exe";
constexpr std::size_t kMostBytes =
    64U << 20;  // of arguments, of environment: more than execve(2) takes

// The strings of /proc/self/cmdline or environ, each with a NUL at its end.
Result<std::vector<std::string>> strings_of(const char* file) {
  TRY_SET(const std::string text, sys::read_file_at(sys::kCwd, file, kMostBytes));
  std::vector<std::string> strings;
  for (const std::string_view one : split(text, '\0')) strings.emplace_back(one);
  strings.pop_back();
  return strings;
}

}  // namespace

Result<> leave_writable_program() {
  TRY_SET(const UniqueFd own, sys::open_at(sys::kCwd, kOwnFile, O_PATH));
  TRY_SET(const bool read_only, sys::is_on_read_only_mount(own.borrow()));
  if (read_only) return sys::set_name("planet");  // execveat(2) has named it after a descriptor
  TRY_SET(fs::DetachedMount copy, fs::DetachedMount::clone(own.borrow(), "", false),
          "protect this program");
  TRY(copy.set_read_only(false), "protect this program");
  TRY_SET(const std::vector<std::string> args, strings_of("/proc/self/cmdline"));
  TRY_SET(const std::vector<std::string> env, strings_of("/proc/self/environ"));
  return std::unexpected(Error::from_errno(sys::execute_fd(copy.root(), args, env),
                                           "execute this program from a read-only mount"));
}

}  // namespace planet::runtime
