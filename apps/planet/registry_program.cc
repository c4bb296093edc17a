// planet pull, push, login, logout, search, and what `run` pulls: by planet-registry, a program that planet carries inside. See
// apps/planet-registry/main.cc for why.
#include <signal.h>

#include <cstdio>
#include <string_view>

#include "cli.h"
#include "sys/memory_file.h"
#include "sys/process.h"

// The bytes of planet-registry: registry_blob.S.
// NOLINTBEGIN(readability-identifier-naming): names of the assembler
extern "C" const char planet_registry_begin[];
extern "C" const char planet_registry_end[];
// NOLINTEND(readability-identifier-naming)

namespace planet::cli {
namespace {

// In place of this program. Returns only if it could not, with the reason.
Error become_registry_program(const Global& global, const char* command,
                              const std::vector<std::string>& args) {
  const std::string_view program(
      planet_registry_begin, static_cast<std::size_t>(planet_registry_end - planet_registry_begin));
  const auto file = sys::sealed_memory_file("planet-registry", program);
  if (!file) return Error(file.error()).while_doing("prepare planet-registry");
  std::vector<std::string> words = {"planet", global.root, global.runroot, command};
  words.insert(words.end(), args.begin(), args.end());
  const int error = sys::execute_fd(file->borrow(), words, sys::own_environment());
  return Error::from_errno(error, "execute planet-registry");
}

int registry_command(const Global& global, const char* command,
                     const std::vector<std::string>& args) {
  return complain(become_registry_program(global, command, args));
}

}  // namespace

int pull_command(const Global& global, const std::vector<std::string>& args) {
  return registry_command(global, "pull", args);
}

int push_command(const Global& global, const std::vector<std::string>& args) {
  return registry_command(global, "push", args);
}

int login_command(const Global& global, const std::vector<std::string>& args) {
  return registry_command(global, "login", args);
}

int logout_command(const Global& global, const std::vector<std::string>& args) {
  return registry_command(global, "logout", args);
}

int referrers_command(const Global& global, const std::vector<std::string>& args) {
  return registry_command(global, "referrers", args);
}

int search_command(const Global& global, const std::vector<std::string>& args) {
  return registry_command(global, "search", args);
}

int pull_for_run(const Global& global, const std::string& image) {
  std::fflush(nullptr);  // or both would write what is buffered
  auto child = sys::clone_process({});
  if (!child) return complain(child.error(), kEngineFailed);
  if (!child->valid()) {
    // As a signal does: it takes back what it has begun.
    (void)sys::set_parent_death_signal(SIGTERM);
    sys::exit_now(
        complain(become_registry_program(global, "pull-for-run", {image}), kEngineFailed));
  }
  const auto ended = child->wait();
  return ended ? ended->shell_status() : complain(ended.error(), kEngineFailed);
}

}  // namespace planet::cli
