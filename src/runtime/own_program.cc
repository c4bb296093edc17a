#include "runtime/own_program.h"

#include "base/strings.h"
#include "fs/detached_mount.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/process.h"
#include "sys/program_image.h"

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

// Returns only if it cannot.
Result<> execute_again(BorrowedFd program, const char* how) {
  TRY_SET(const std::vector<std::string> args, strings_of("/proc/self/cmdline"));
  TRY_SET(const std::vector<std::string> env, strings_of("/proc/self/environ"));
  return std::unexpected(Error::from_errno(sys::execute_fd(program, args, env), how));
}

Result<> leave_own_file() {
  TRY_SET(const std::string file, sys::read_link_at(sys::kCwd, kOwnFile));
  if (file.starts_with("/memfd:")) return sys::set_name("planet");
  TRY_SET(const struct stat st, sys::stat_at(sys::kCwd, kOwnFile));
  if (st.st_uid != sys::own_user() && !sys::is_writable_at(sys::kCwd, kOwnFile)) return {};
  constexpr std::size_t kMostProgram = 256U << 20;
  TRY_SET(const std::string bytes, sys::read_file_at(sys::kCwd, kOwnFile, kMostProgram),
          "protect this program");
  TRY_SET(const UniqueFd copy, sys::sealed_memory_file("planet-runtime", bytes),
          "protect this program");
  return execute_again(copy.borrow(), "execute this program from a copy");
}

// Without another start, which costs a millisecond. How is the kernel's inside: what counts is what it says of it.
bool replace_own_file(const fs::DetachedMount& copy) {
  const auto file = sys::reopen(copy.root(), O_RDONLY);
  if (!file || !sys::replace_program_file(file->borrow())) return false;
  const auto own = sys::open_at(sys::kCwd, kOwnFile, O_PATH);
  return own && sys::is_on_read_only_mount(own->borrow()).value_or(false);
}

}  // namespace

Result<> leave_writable_program() {
  TRY_SET(const UniqueFd own, sys::open_at(sys::kCwd, kOwnFile, O_PATH));
  TRY_SET(const bool read_only, sys::is_on_read_only_mount(own.borrow()));
  if (read_only) return sys::set_name("planet");  // execveat(2) has named it after a descriptor
  TRY_SET(fs::DetachedMount copy, fs::DetachedMount::clone(own.borrow(), "", false),
          "protect this program");
  TRY(copy.set_read_only(false), "protect this program");
  if (replace_own_file(copy)) return {};
  return execute_again(copy.root(), "execute this program from a read-only mount");
}

Result<> protect_program(bool private_users, Rights rights) {
  if (rights == Rights::kUser) return leave_own_file();
  if (rights == Rights::kHost && private_users) return {};
  return leave_writable_program();
}

}  // namespace planet::runtime
