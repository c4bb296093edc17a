// planet version, info
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "cgroup/host.h"
#include "cli.h"
#include "engine/containers.h"
#include "format/listing.h"
#include "image/staging.h"
#include "image/store.h"
#include "oci/json.h"
#include "runtime/probe.h"

namespace planet::cli {
namespace {

constexpr std::size_t kColumn = 16;  // of what is said of each

std::string cgroup_text() {
  const auto host = cgroup::Host::open();
  if (!host) return "none: " + host.error().to_string();
  if (host->layout() == cgroup::Layout::kUnified) return "v2";
  return host->unified_of_hybrid().valid() ? "hybrid (v1 controllers beside a v2 tree)" : "v1";
}

Result<> probe(const engine::Engine& engine) {
  TRY_SET(const image::Staging staging, image::Staging::open(engine.store.dir()));
  return runtime::probe_private_users(engine.places.root + "/" + staging.path());
}

struct Counts {
  std::size_t containers = 0, running = 0, paused = 0, images = 0;
};

Counts count(const engine::Engine& engine) {
  Counts counts;
  if (const auto containers = engine::list_containers(engine.places)) {
    counts.containers = containers->size();
    for (const engine::Container& container : *containers) {
      counts.running += engine::is_up(container.status) ? 1U : 0U;
      counts.paused += container.status == engine::Status::kPaused ? 1U : 0U;
    }
  }
  if (const auto images = engine.store.list()) counts.images = images->size();
  return counts;
}

struct HostInfo {
  std::string kernel, machine, cgroups;
  Result<> private_users;
  Counts counts;
};

Result<HostInfo> look_at_host(const Global& global) {
  TRY_SET(const engine::Engine engine, engine::Engine::open(global.root, global.runroot));
  utsname kernel{};
  ::uname(&kernel);
  return HostInfo{.kernel = kernel.release,
                  .machine = kernel.machine,
                  .cgroups = cgroup_text(),
                  .private_users = probe(engine),
                  .counts = count(engine)};
}

std::string info_text(const Global& global, const HostInfo& info) {
  const std::string users = info.private_users ? "yes, by default"
                                               : "no: " + info.private_users.error().to_string() +
                                                     "; containers have the host's users";
  const std::vector<std::pair<std::string, std::string>> facts = {
      {"Version", PLANET_VERSION},
      {"Kernel", info.kernel + " " + info.machine},
      {"Root", global.root},
      {"Run root", global.runroot},
      {"Control groups", info.cgroups},
      {"Private users", users},
      {"Containers", std::to_string(info.counts.containers)},
      {"Running", std::to_string(info.counts.running)},
      {"Images", std::to_string(info.counts.images)}};
  std::string text;
  for (const auto& [name, value] : facts) {
    text.append(name).append(":");
    text.resize(std::max(text.size(), text.rfind('\n') + kColumn + 1), ' ');
    text.append(value).append("\n");
  }
  return text;
}

// Fields of docker's names where it has them.
oci::json::object info_json(const Global& global, const HostInfo& info) {
  const Counts& counts = info.counts;
  return {{"ServerVersion", PLANET_VERSION},
          {"KernelVersion", info.kernel},
          {"OSType", "linux"},
          {"Architecture", info.machine},
          {"DockerRootDir", global.root},
          {"RunRoot", global.runroot},
          {"Driver", "overlay"},
          {"CgroupVersion", info.cgroups == "v2" ? "2" : "1"},
          {"CgroupLayout", info.cgroups},
          {"PrivateUsers", info.private_users.has_value()},
          {"Containers", counts.containers},
          {"ContainersRunning", counts.running - counts.paused},
          {"ContainersPaused", counts.paused},
          {"ContainersStopped", counts.containers - counts.running},
          {"Images", counts.images}};
}

}  // namespace

int version_command(const Global& /*global*/, const std::vector<std::string>& args) {
  std::string format;
  CLI::App app("The version of planet.", "planet version");
  app.add_option("-f,--format", format, "json, or a template: {{.Server.Version}}");
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (format.empty()) return std::puts("planet version " PLANET_VERSION), 0;
  // There is no server, but scripts ask for its version.
  const oci::json::object version = {{"Version", PLANET_VERSION}, {"Os", "linux"}};
  return print(format::render_one(oci::json::object{{"Client", version}, {"Server", version}},
                                  format, ::isatty(1) == 1));
}

int info_command(const Global& global, const std::vector<std::string>& args) {
  std::string format;
  CLI::App app("What this host and this engine can do.", "planet info");
  app.add_option("-f,--format", format, "json, or a template: {{.CgroupVersion}}");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print([&]() -> Result<std::string> {
    TRY_SET(const HostInfo info, look_at_host(global));
    if (format.empty()) return info_text(global, info);
    return format::render_one(info_json(global, info), format, ::isatty(1) == 1);
  }());
}

}  // namespace planet::cli
