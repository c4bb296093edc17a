// planet version, info
#include <sys/utsname.h>

#include <cstdio>

#include "base/strings.h"
#include "cgroup/host.h"
#include "cli.h"
#include "engine/containers.h"
#include "image/staging.h"
#include "image/store.h"
#include "oci/json.h"
#include "runtime/probe.h"

namespace planet::cli {
namespace {

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

}  // namespace

int version_command(const Global& /*global*/, const std::vector<std::string>& args) {
  CLI::App app("The version of planet.", "planet version");
  int status = 0;
  if (!parse(app, args, status)) return status;
  std::puts("planet version " PLANET_VERSION);
  return 0;
}

int info_command(const Global& global, const std::vector<std::string>& args) {
  std::string format;
  CLI::App app("What this host and this engine can do.", "planet info");
  app.add_option("--format", format, "json")->check(CLI::IsMember({"json", "text"}));
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto engine = engine::Engine::open(global.root, global.runroot);
  if (!engine) return complain(engine.error());
  const auto containers = engine::list_containers(engine->places);
  const auto images = engine->store.list();
  std::size_t running = 0;
  if (containers)
    for (const engine::Container& container : *containers)
      running += engine::is_up(container.status) ? 1U : 0U;
  utsname kernel{};
  ::uname(&kernel);
  const Result<> private_users = probe(*engine);
  const std::string users = private_users ? "yes, by default"
                                          : "no: " + private_users.error().to_string() +
                                                "; containers have the host's users";
  const std::vector<std::pair<const char*, std::string>> facts = {
      {"Version", PLANET_VERSION},
      {"Kernel", std::string(kernel.release) + " " + kernel.machine},
      {"Root", global.root},
      {"Run root", global.runroot},
      {"Control groups", cgroup_text()},
      {"Private users", users},
      {"Containers", std::to_string(containers ? containers->size() : 0)},
      {"Running", std::to_string(running)},
      {"Images", std::to_string(images ? images->size() : 0)}};
  oci::json::object object;
  for (const auto& [name, value] : facts) {
    if (format == "json")
      object[name] = value;
    else
      std::printf("%-15s %s\n", (std::string(name) + ":").c_str(), value.c_str());
  }
  if (format == "json") std::puts(oci::to_text(object).c_str());
  return 0;
}

}  // namespace planet::cli
