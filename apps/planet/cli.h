// What the command files share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/run.h"

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

// Parses the words after the command's name. False when it is done: help was printed, or the words are wrong.
bool parse(CLI::App& app, std::vector<std::string> args, int usage_status, int& status);

// Colours are for terminals, and for those who want them: https://no-color.org.
bool use_colour(int fd);

// A table as docker prints it: columns three blanks apart.
void print_table(const std::vector<std::vector<std::string>>& rows);

std::string current_directory();

// One function for each command.
int run_command(const Global& global, const std::vector<std::string>& args);
int ps_command(const Global& global, const std::vector<std::string>& args);
int logs_command(const Global& global, const std::vector<std::string>& args);
int stop_command(const Global& global, const std::vector<std::string>& args);
int kill_command(const Global& global, const std::vector<std::string>& args);
int rm_command(const Global& global, const std::vector<std::string>& args);
int exec_command(const Global& global, const std::vector<std::string>& args);
int images_command(const Global& global, const std::vector<std::string>& args);
int load_command(const Global& global, const std::vector<std::string>& args);
int version_command(const Global& global, const std::vector<std::string>& args);
int info_command(const Global& global, const std::vector<std::string>& args);

}  // namespace planet::cli
