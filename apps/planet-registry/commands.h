// planet pull, push, login, logout, search, image referrers: what talks to registries.
#pragma once

#include <string>
#include <vector>

#include "cli/words.h"

namespace planet::cli {

int pull_command(const Global& global, const std::vector<std::string>& args);
int push_command(const Global& global, const std::vector<std::string>& args);
int login_command(const Global& global, const std::vector<std::string>& args);
int logout_command(const Global& global, const std::vector<std::string>& args);
int referrers_command(const Global& global, const std::vector<std::string>& args);
int search_command(const Global& global, const std::vector<std::string>& args);

// For `planet run` and its like, of args[0]: docker's words, on standard error, and 125 if it fails.
int pull_for_run(const Global& global, const std::vector<std::string>& args);

}  // namespace planet::cli
