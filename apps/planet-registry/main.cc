// planet-registry: the commands of planet that talk to registries. planet carries this program inside and executes it
// (apps/planet/registry_program.cc), so that no container's start pays for the tables of TLS, and nothing that came over a
// network is looked at in the process that makes containers.
//
// Its words: ROOT RUNROOT COMMAND WORDS...
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "commands.h"

namespace planet::cli {
namespace {

struct RegistryCommand {
  const char* name;
  int (*run)(const Global& global, const std::vector<std::string>& args);
};
constexpr RegistryCommand kCommands[] = {
    {"pull", pull_command},           {"pull-for-run", pull_for_run}, {"push", push_command},
    {"login", login_command},         {"logout", logout_command},     {"search", search_command},
    {"referrers", referrers_command},
};

int start(const std::vector<std::string>& words) {
  constexpr std::ptrdiff_t kOwn = 3;
  if (words.size() < kOwn) return complain("planet-registry is started by planet");
  const auto* const command = std::ranges::find(kCommands, words[2], &RegistryCommand::name);
  if (command == std::end(kCommands)) return complain("planet-registry has no command " + words[2]);
  return command->run({.root = words[0], .runroot = words[1]}, {words.begin() + kOwn, words.end()});
}

}  // namespace
}  // namespace planet::cli

int main(int argc, char** argv) {
  return planet::cli::start(std::vector<std::string>(argv + 1, argv + argc));
}
