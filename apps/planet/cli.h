// What the command files share.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/run.h"
#include "oci/json.h"

namespace planet::cli {

// docker's exit status for what went wrong before a container's command could.
inline constexpr int kEngineFailed = 125;

struct Global {
  std::string root = "/var/lib/planet";
  std::string runroot = "/run/planet";
};

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Global& global, const std::vector<std::string>& args);
};

// Prints "planet: what went wrong" and gives back `status`.
int complain(const Error& error, int status = 1);
int complain(const std::string& text, int status = 1);
void say(const std::string& text);

// A flag with one value, of which the last given counts; also an empty one is a value.
void add_text(CLI::App& app, const char* flags, std::optional<std::string>& to, const char* help);
// A flag that may be given many times, with one value each.
void add_list(CLI::App& app, const char* flags, std::vector<std::string>& to, const char* help);

// Seconds for -t and --stop-timeout; -1 is for ever.
Result<int> parse_stop_timeout(const char* flag, const std::string& text);

// The words of commands that stop containers. None if they are wrong, which was said then, or help was wanted.
struct StopWords {
  std::vector<std::string> names;
  std::optional<int> timeout;  // seconds; none: each container's own
};
std::optional<StopWords> parse_stop_words(CLI::App& app, const std::vector<std::string>& args,
                                          int& status);

// Parses the words after the command's name. False when it is done: help was printed, or the words are wrong.
// As with docker, the status is 125 for a flag that is wrong, and 1 for a word that is missing or too many.
bool parse(CLI::App& app, std::vector<std::string> args, int& status);

// A program's own flags come before the words that are not for it: says so when `word` looks like one.
// True if it does.
bool is_stray_flag(const CLI::App& app, const std::string& word);

// Colours are for terminals, and for those who want them: https://no-color.org.
bool use_colour(int fd);

// A table as docker prints it: columns three blanks apart.
void print_table(const std::vector<std::vector<std::string>>& rows);

// `inspect`: what `find` finds of each name, as JSON or through the template `format`. A name that is not there is
// complained of, and the status is 1.
int print_inspected(const std::vector<std::string>& names, const std::string& format,
                    const std::function<Result<oci::json::object>(const std::string&)>& find);

// Warns, asks on standard output, and reads the answer from standard input.
bool confirmed(const std::string& warning);

std::string current_directory();

// Pulls the image for `run` and its like, with docker's words, on standard error. Returns the exit status.
int pull_for_run(const Global& global, const std::string& image);

// One function for each command.
int run_command(const Global& global, const std::vector<std::string>& args);
int create_command(const Global& global, const std::vector<std::string>& args);
int start_command(const Global& global, const std::vector<std::string>& args);
int restart_command(const Global& global, const std::vector<std::string>& args);
int attach_command(const Global& global, const std::vector<std::string>& args);
int pause_command(const Global& global, const std::vector<std::string>& args);
int unpause_command(const Global& global, const std::vector<std::string>& args);
int wait_command(const Global& global, const std::vector<std::string>& args);
int rename_command(const Global& global, const std::vector<std::string>& args);
int container_prune_command(const Global& global, const std::vector<std::string>& args);
int inspect_command(const Global& global, const std::vector<std::string>& args);
int container_inspect_command(const Global& global, const std::vector<std::string>& args);
int top_command(const Global& global, const std::vector<std::string>& args);
int stats_command(const Global& global, const std::vector<std::string>& args);
int update_command(const Global& global, const std::vector<std::string>& args);
int ps_command(const Global& global, const std::vector<std::string>& args);
int logs_command(const Global& global, const std::vector<std::string>& args);
int stop_command(const Global& global, const std::vector<std::string>& args);
int kill_command(const Global& global, const std::vector<std::string>& args);
int rm_command(const Global& global, const std::vector<std::string>& args);
int exec_command(const Global& global, const std::vector<std::string>& args);
int images_command(const Global& global, const std::vector<std::string>& args);
int rmi_command(const Global& global, const std::vector<std::string>& args);
int tag_command(const Global& global, const std::vector<std::string>& args);
int history_command(const Global& global, const std::vector<std::string>& args);
int image_inspect_command(const Global& global, const std::vector<std::string>& args);
int image_prune_command(const Global& global, const std::vector<std::string>& args);
int save_command(const Global& global, const std::vector<std::string>& args);
int system_check_command(const Global& global, const std::vector<std::string>& args);
int system_df_command(const Global& global, const std::vector<std::string>& args);
int system_prune_command(const Global& global, const std::vector<std::string>& args);
int load_command(const Global& global, const std::vector<std::string>& args);
int cp_command(const Global& global, const std::vector<std::string>& args);
int commit_command(const Global& global, const std::vector<std::string>& args);
int diff_command(const Global& global, const std::vector<std::string>& args);
int export_command(const Global& global, const std::vector<std::string>& args);
int volume_create_command(const Global& global, const std::vector<std::string>& args);
int volume_inspect_command(const Global& global, const std::vector<std::string>& args);
int volume_ls_command(const Global& global, const std::vector<std::string>& args);
int volume_prune_command(const Global& global, const std::vector<std::string>& args);
int volume_rm_command(const Global& global, const std::vector<std::string>& args);
int pull_command(const Global& global, const std::vector<std::string>& args);
int push_command(const Global& global, const std::vector<std::string>& args);
int login_command(const Global& global, const std::vector<std::string>& args);
int logout_command(const Global& global, const std::vector<std::string>& args);
int version_command(const Global& global, const std::vector<std::string>& args);
int info_command(const Global& global, const std::vector<std::string>& args);

}  // namespace planet::cli
