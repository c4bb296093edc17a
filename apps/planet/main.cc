// planet: containers for people and CI. This file only finds the command; each has a file of its own.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>

#include "base/strings.h"
#include "cli.h"

namespace planet::cli {
namespace {

constexpr Command kCommands[] = {
    {"run", "make a container from an image and run a command in it", run_command},
    {"create", "make a container, and start it later", create_command},
    {"start", "start a container that is made or has ended", start_command},
    {"attach", "show and type into a running container", attach_command},
    {"exec", "run one more command in a running container", exec_command},
    {"ps", "list containers", ps_command},
    {"port", "show where ports of a container are reached", port_command},
    {"logs", "show what a container wrote", logs_command},
    {"stop", "ask a container to end, and make it", stop_command},
    {"restart", "stop a container and start it again", restart_command},
    {"wait", "wait until a container has ended", wait_command},
    {"kill", "send a signal to a container", kill_command},
    {"pause", "freeze a container", pause_command},
    {"unpause", "let a paused container go on", unpause_command},
    {"rm", "remove containers", rm_command},
    {"rename", "give a container another name", rename_command},
    {"update", "change what a container may use", update_command},
    {"top", "list the processes of a container", top_command},
    {"stats", "what containers use", stats_command},
    {"events", "show what happens, as it happens", events_command},
    {"inspect", "all that is known of containers, images, networks and volumes", inspect_command},
    {"commit", "make an image of what a container has become", commit_command},
    {"cp", "copy files out of a container, or into it", cp_command},
    {"diff", "what a container has changed in its image's files", diff_command},
    {"export", "write a container's files as a tar archive", export_command},
    {"images", "list images", images_command},
    {"rmi", "remove images", rmi_command},
    {"tag", "give an image one more name", tag_command},
    {"history", "show how an image was made", history_command},
    {"save", "write images into an archive", save_command},
    {"load", "add images from an archive (OCI or docker)", load_command},
    {"import", "make an image of a tar archive of files", import_command},
    {"pull", "get an image from a registry", pull_command},
    {"push", "bring an image to a registry", push_command},
    {"login", "log in to a registry", login_command},
    {"logout", "log out from a registry", logout_command},
    {"search", "find images in a registry", search_command},
    {"info", "what this host and this engine can do", info_command},
    {"version", "the version of planet", version_command},
};

// docker's way to group commands: `planet image rm` is `planet rmi`, and some are only there.
constexpr Command kContainerCommands[] = {
    {"attach", "show and type into a running container", attach_command},
    {"commit", "make an image of what a container has become", commit_command},
    {"cp", "copy files out of a container, or into it", cp_command},
    {"create", "make a container, and start it later", create_command},
    {"exec", "run one more command in a running container", exec_command},
    {"diff", "what a container has changed in its image's files", diff_command},
    {"export", "write a container's files as a tar archive", export_command},
    {"inspect", "all that is known of containers", container_inspect_command},
    {"kill", "send a signal to containers", kill_command},
    {"logs", "show what a container wrote", logs_command},
    {"ls", "list containers", ps_command},
    {"pause", "freeze containers", pause_command},
    {"port", "show where ports of a container are reached", port_command},
    {"prune", "remove all containers that do not run", container_prune_command},
    {"rename", "give a container another name", rename_command},
    {"restart", "stop containers and start them again", restart_command},
    {"rm", "remove containers", rm_command},
    {"run", "make a container from an image and run a command in it", run_command},
    {"start", "start containers that are made or have ended", start_command},
    {"stop", "ask containers to end, and make them", stop_command},
    {"start-restarting", "start those whose policy wants it, after a boot",
     start_restarting_command},
    {"stats", "what containers use", stats_command},
    {"top", "list the processes of a container", top_command},
    {"unpause", "let paused containers go on", unpause_command},
    {"update", "change what containers may use", update_command},
    {"wait", "wait until containers have ended", wait_command},
};
constexpr Command kImageCommands[] = {
    {"history", "show how an image was made", history_command},
    {"import", "make an image of a tar archive of files", import_command},
    {"inspect", "show all that is known of images", image_inspect_command},
    {"load", "add images from an archive (OCI or docker)", load_command},
    {"ls", "list images", images_command},
    {"prune", "remove images that nothing needs", image_prune_command},
    {"referrers", "list what refers to an image in its registry", referrers_command},
    {"rm", "remove images", rmi_command},
    {"save", "write images into an archive", save_command},
    {"tag", "give an image one more name", tag_command},
    {"pull", "get an image from a registry", pull_command},
    {"push", "bring an image to a registry", push_command},
};

constexpr Command kNetworkCommands[] = {
    {"connect", "connect a container to one more network", network_connect_command},
    {"create", "make a network", network_create_command},
    {"disconnect", "disconnect a container from a network", network_disconnect_command},
    {"inspect", "all that is known of networks", network_inspect_command},
    {"ls", "list networks", network_ls_command},
    {"prune", "remove networks that no container is in", network_prune_command},
    {"rm", "remove networks", network_rm_command},
};

constexpr Command kVolumeCommands[] = {
    {"create", "make a volume", volume_create_command},
    {"inspect", "all that is known of volumes", volume_inspect_command},
    {"ls", "list volumes", volume_ls_command},
    {"prune", "remove volumes that no container uses", volume_prune_command},
    {"rm", "remove volumes", volume_rm_command},
};

constexpr Command kSystemCommands[] = {
    {"check", "verify the store, and mend it", system_check_command},
    {"df", "what images, containers and volumes take of the disk", system_df_command},
    {"events", "show what happens, as it happens", events_command},
    {"info", "what this host and this engine can do", info_command},
    {"prune", "remove all that nothing needs", system_prune_command},
};

struct Group {
  const char* name;
  const char* summary;
  std::span<const Command> commands;
};
constexpr Group kGroups[] = {
    {"container", "commands for containers", kContainerCommands},
    {"image", "commands for images", kImageCommands},
    {"network", "commands for networks", kNetworkCommands},
    {"system", "commands for all that is stored", kSystemCommands},
    {"volume", "commands for volumes", kVolumeCommands},
};

void print_commands(std::span<const Command> commands) {
  std::printf("Commands:\n");
  for (const Command& command : commands) std::printf("  %-9s %s\n", command.name, command.summary);
}

void print_help() {
  std::printf(
      "Planet runs containers: each a separate little planet.\n\n"
      "Usage: planet [--root DIR] [--runroot DIR] COMMAND ...\n\n");
  print_commands(kCommands);
  std::printf("\nGroups:\n");
  for (const Group& group : kGroups) std::printf("  %-9s %s\n", group.name, group.summary);
  std::printf(
      "\n`planet COMMAND --help` tells more. `planet run` alone opens a shell on the embedded "
      "image.\n");
}

// How many letters differ, roughly: for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// `group` is "" or "image ", and `help` the command that lists what there is.
int unknown(const std::string& name, std::span<const Command> commands, const std::string& group,
            const std::string& help) {
  const auto nearest = std::ranges::min_element(
      commands, {}, [&](const Command& command) { return distance(name, command.name); });
  std::string text = quote(group + name) + " is not a command";
  if (distance(name, nearest->name) <= 2)
    text += "; did you mean " + quote(group + nearest->name) + "?";
  return complain(text + " (`" + help + "` lists them)");
}

int run_group(const Global& global, const Group& group, std::vector<std::string> args) {
  const std::string name = group.name;
  if (args.empty() || args[0] == "help" || args[0] == "--help" || args[0] == "-h") {
    std::printf("Usage: planet %s COMMAND ...\n\n", group.name);
    print_commands(group.commands);
    return args.empty() ? 1 : 0;
  }
  const auto command = std::ranges::find(group.commands, args[0], &Command::name);
  if (command == group.commands.end())
    return unknown(args[0], group.commands, name + " ", "planet " + name + " --help");
  args.erase(args.begin());
  return command->run(global, args);
}

// "--root DIR" or "--root=DIR" at the front of `args`: takes it away.
bool take_option(std::vector<std::string>& args, const std::string& name, std::string& to) {
  if (args.empty() || !args[0].starts_with(name)) return false;
  const bool joined = args[0].starts_with(name + "=");
  if (!joined && (args[0] != name || args.size() < 2)) return false;
  to = joined ? args[0].substr(name.size() + 1) : args[1];
  args.erase(args.begin(), args.begin() + (joined ? 1 : 2));
  return true;
}

int start(std::vector<std::string> args) {
  Global global;
  while (take_option(args, "--root", global.root) ||
         take_option(args, "--runroot", global.runroot)) {
  }
  if (args.empty() || args.front() == "help" || args.front() == "--help" || args.front() == "-h") {
    if (args.size() < 2) return print_help(), 0;
    args.erase(args.begin());
    args.emplace_back("--help");
  }
  if (args.front() == "--version" || args.front() == "-v") args.front() = "version";
  const std::string name = args.front();
  if (name == "--root" || name == "--runroot") return complain(name + " needs a directory");
  if (name.starts_with('-'))
    return complain("unknown flag " + quote(name) + "; see `planet help`", kEngineFailed);
  const auto command = std::ranges::find(kCommands, name, &Command::name);
  args.erase(args.begin());
  const auto* const group = std::ranges::find(kGroups, name, &Group::name);
  if (group != std::end(kGroups)) return run_group(global, *group, std::move(args));
  if (command == std::end(kCommands)) return unknown(name, kCommands, "", "planet help");
  return command->run(global, args);
}

}  // namespace
}  // namespace planet::cli

int main(int argc, char** argv) {
  return planet::cli::start(std::vector<std::string>(argv + 1, argv + argc));
}
