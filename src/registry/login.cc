#include "registry/login.h"

#include <string_view>

#include "base/strings.h"
#include "registry/client.h"
#include "registry/helper.h"
#include "registry/text.h"

namespace planet::registry {
namespace {

Result<> has_place(const Settings& settings) {
  if (!settings.docker_config.empty()) return {};
  return fail(Code::kInvalidArgument,
              "there is no place for logins: set HOME, or DOCKER_CONFIG to a directory");
}

}  // namespace

Result<std::string> login_host(const std::string& typed) {
  std::string host = lower(typed);
  for (const std::string_view scheme : {"https://", "http://"})
    if (host.starts_with(scheme)) host.erase(0, scheme.size());
  host = host.substr(0, host.find('/'));
  if (host.empty() && typed.empty()) host = "docker.io";
  if (host == "index.docker.io" || host == "registry-1.docker.io") host = "docker.io";
  TRY(origin_of(host));
  return host;
}

Result<std::optional<Credentials>> kept_login(const Settings& settings, const std::string& host) {
  if (settings.docker_config.empty()) return std::nullopt;
  TRY_SET(const DockerConfig config, read_docker_config(settings.docker_config));
  const Login login = find_login(config, host);
  if (login.helper.empty()) return login.credentials;
  TRY_SET(const Helper helper, find_helper(login.helper, settings.search_path));
  return helper_get(helper, login.server);
}

Result<> try_login(const Settings& settings, const std::string& host, const Credentials& login) {
  Client client(settings, host, "");
  client.session().use(login);
  return client.check_login();
}

Result<bool> keep_login(const Settings& settings, const std::string& host,
                        const Credentials& login) {
  TRY(has_place(settings));
  TRY_SET(const DockerConfig config, read_docker_config(settings.docker_config));
  const Login place = find_login(config, host);
  if (place.helper.empty()) {
    TRY(save_login(settings.docker_config, host, login));
    return true;
  }
  TRY_SET(const Helper helper, find_helper(place.helper, settings.search_path));
  TRY(helper_store(helper, place.server, login));
  return false;
}

Result<bool> forget_login(const Settings& settings, const std::string& host) {
  TRY(has_place(settings));
  TRY_SET(const DockerConfig config, read_docker_config(settings.docker_config));
  const Login place = find_login(config, host);
  if (place.helper.empty()) return remove_login(settings.docker_config, host);
  TRY_SET(const Helper helper, find_helper(place.helper, settings.search_path));
  TRY_SET(const std::optional<Credentials> kept, helper_get(helper, place.server));
  if (kept) TRY(helper_erase(helper, place.server));
  TRY_SET(const bool was_listed, remove_login(settings.docker_config, host));
  return kept || was_listed;
}

}  // namespace planet::registry
