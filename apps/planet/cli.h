// The commands of planet.
#pragma once

#include <string>
#include <vector>

#include "cli/words.h"
#include "engine/run.h"

namespace planet::cli {

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Global& global, const std::vector<std::string>& args);
};

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
int start_restarting_command(const Global& global, const std::vector<std::string>& args);
int events_command(const Global& global, const std::vector<std::string>& args);
int port_command(const Global& global, const std::vector<std::string>& args);
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
int import_command(const Global& global, const std::vector<std::string>& args);
int system_check_command(const Global& global, const std::vector<std::string>& args);
int system_df_command(const Global& global, const std::vector<std::string>& args);
int system_prune_command(const Global& global, const std::vector<std::string>& args);
int load_command(const Global& global, const std::vector<std::string>& args);
int cp_command(const Global& global, const std::vector<std::string>& args);
int commit_command(const Global& global, const std::vector<std::string>& args);
int diff_command(const Global& global, const std::vector<std::string>& args);
int export_command(const Global& global, const std::vector<std::string>& args);
int network_connect_command(const Global& global, const std::vector<std::string>& args);
int network_create_command(const Global& global, const std::vector<std::string>& args);
int network_disconnect_command(const Global& global, const std::vector<std::string>& args);
int network_inspect_command(const Global& global, const std::vector<std::string>& args);
int network_ls_command(const Global& global, const std::vector<std::string>& args);
int network_prune_command(const Global& global, const std::vector<std::string>& args);
int network_rm_command(const Global& global, const std::vector<std::string>& args);
int volume_create_command(const Global& global, const std::vector<std::string>& args);
int volume_inspect_command(const Global& global, const std::vector<std::string>& args);
int volume_ls_command(const Global& global, const std::vector<std::string>& args);
int volume_prune_command(const Global& global, const std::vector<std::string>& args);
int volume_rm_command(const Global& global, const std::vector<std::string>& args);
int pull_command(const Global& global, const std::vector<std::string>& args);
int push_command(const Global& global, const std::vector<std::string>& args);
int login_command(const Global& global, const std::vector<std::string>& args);
int logout_command(const Global& global, const std::vector<std::string>& args);
int referrers_command(const Global& global, const std::vector<std::string>& args);
int search_command(const Global& global, const std::vector<std::string>& args);
int version_command(const Global& global, const std::vector<std::string>& args);
int info_command(const Global& global, const std::vector<std::string>& args);

}  // namespace planet::cli
