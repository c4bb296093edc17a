#include <cstdint>
#include <cstdlib>
#include <string>

#include "registry/docker_config.h"

// Whatever file parses takes a login, gives it back, and loses it again; the others' logins stay what they were.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::registry;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_docker_config(text);
  if (!config) return 0;
  const Credentials mine{
      .username = "u", .password = Secret("p:\n"), .identity_token = {}, .registry_token = {}};
  const auto with = with_login(text, "host.example:1", mine);
  if (!with && with.error().code() == planet::Code::kUnsupported) return 0;
  if (!with) std::abort();
  const auto changed = parse_docker_config(*with);
  if (!changed || changed->auths.at("host.example:1") != mine) std::abort();
  if (changed->credentials_store != config->credentials_store ||
      changed->credential_helpers != config->credential_helpers)
    std::abort();
  for (const auto& [server, login] : config->auths)
    if (server != "host.example:1" && changed->auths.at(server) != login) std::abort();
  const auto without = without_login(*with, "host.example:1");
  if (!without || !*without) std::abort();
  const auto last = parse_docker_config(**without);
  if (!last || last->auths.contains("host.example:1")) std::abort();
  (void)find_login(*last, "docker.io");
  return 0;
}
