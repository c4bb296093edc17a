#include "cgroup/tree.h"

#include "base/strings.h"

namespace planet::cgroup {

Tree plan_tree(Layout layout, std::string_view proc_self_cgroup, std::string_view group) {
  Tree tree{.layout = layout, .mounts = {}};
  const bool unified = layout == Layout::kUnified;
  for (const std::string_view line : split(proc_self_cgroup, '\n')) {
    if (unified && line.starts_with("0::"))
      tree.mounts.push_back(
          {.name = "", .type = "cgroup2", .controllers = {}, .own = std::string(line.substr(3))});
    if (unified) continue;
    const std::vector<std::string_view> fields = split(line, ':');  // id:controllers:path
    // Where we are in a group ourselves, the paths begin with it.
    if (fields.size() < 3 || fields[1].empty() || !line.ends_with(group)) continue;
    const std::size_t path = fields[0].size() + fields[1].size() + 2;  // which may have a colon
    TreeMount mount{.name = std::string(fields[1]),
                    .type = "cgroup",
                    .controllers = {},
                    .own = std::string(line.substr(path))};
    for (const std::string_view controller : split(fields[1], ','))
      mount.controllers.emplace_back(controller);
    if (mount.name.starts_with("name=")) mount.name.erase(0, 5);
    tree.mounts.push_back(std::move(mount));
  }
  return tree;
}

}  // namespace planet::cgroup
