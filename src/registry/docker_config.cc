#include "registry/docker_config.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "oci/json.h"
#include "registry/base64.h"
#include "registry/text.h"
#include "sys/file.h"

namespace planet::registry {
namespace {

namespace json = oci::json;

constexpr std::size_t kMostBytes = 1U << 20;
constexpr std::size_t kMostHelperName = 64;
constexpr std::string_view kHub = "https://index.docker.io/v1/";
constexpr std::string_view kHelperPrefix = "docker-credential-";
// What of an entry is the login; what else an entry has is not ours.
constexpr std::string_view kLoginFields[] = {"auth", "username", "password", "identitytoken",
                                             "registrytoken"};

bool is_hub(std::string_view host) {
  return host == "docker.io" || host == "index.docker.io";
}

std::string server_of(std::string_view host) {
  std::string name = lower(host);
  return is_hub(name) ? std::string(kHub) : name;
}

// "https://ghcr.io/v2/" and "ghcr.io/v2" are entries for "ghcr.io".
std::string host_of(std::string_view server) {
  std::string name = lower(server);
  std::string_view rest = name;
  for (const std::string_view scheme : {"https://", "http://"})
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  return std::string(rest.substr(0, rest.find('/')));
}

bool is_for(std::string_view entry, std::string_view server) {
  if (lower(entry) == server) return true;
  const std::string host = host_of(entry);
  return server == kHub ? is_hub(host) : host == server;
}

std::unexpected<Error> bad_entry(const std::string& where, std::string_view why) {
  return fail(Code::kInvalidArgument,
              where + " " + std::string(why) + ": log in to it again, or remove the entry");
}

// Like oci::take, whose error shows the value.
Result<std::string> take_hidden(const oci::Fields& entry, std::string_view name) {
  const json::value* field = entry.find(name);
  if (field == nullptr) return std::string();
  const json::string* text = field->if_string();
  if (text == nullptr) return bad_entry(entry.path_of(name), "is not a string");
  return std::string(text->data(), text->size());
}

// Tokens become part of a header.
Result<Secret> take_token(const oci::Fields& entry, std::string_view name) {
  TRY_SET(std::string token, take_hidden(entry, name));
  if (std::ranges::any_of(token, is_control))
    return bad_entry(entry.path_of(name), "has a control character");
  return Secret(std::move(token));
}

Result<> take_packed(const oci::Fields& entry, Credentials& to) {
  TRY_SET(const std::string packed, take_hidden(entry, "auth"));
  if (packed.empty()) return {};
  const std::optional<std::string> pair = from_base64(packed);
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0)
    return bad_entry(entry.path_of("auth"), "is not base64 of \"name:password\"");
  to.username = pair->substr(0, colon);
  // Old clients padded passwords with NUL.
  std::string password = pair->substr(colon + 1);
  password.erase(0, password.find_first_not_of('\0'));
  password.erase(password.find_last_not_of('\0') + 1);
  to.password = Secret(std::move(password));
  return {};
}

Result<Credentials> parse_entry(const oci::Fields& entry) {
  Credentials credentials;
  TRY_SET(credentials.username, take_hidden(entry, "username"));
  TRY_SET(std::string password, take_hidden(entry, "password"));
  credentials.password = Secret(std::move(password));
  TRY(take_packed(entry, credentials));
  TRY_SET(credentials.identity_token, take_token(entry, "identitytoken"));
  TRY_SET(credentials.registry_token, take_token(entry, "registrytoken"));
  return credentials;
}

Result<> check_helper(const std::string& name, const std::string& where) {
  const auto allowed = [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  if (name.size() <= kMostHelperName && std::ranges::all_of(name, allowed)) return {};
  return fail(Code::kInvalidArgument,
              where + " is " + quote(name.substr(0, kMostHelperName)) +
                  ", expected a helper's name of letters, digits, '-', '_' and '.'");
}

Result<const json::object*> entries_of(const oci::Fields& top) {
  const json::value* auths = top.find("auths");
  if (auths == nullptr) return nullptr;
  return oci::take_object(*auths, oci::Path("auths"));
}

// An empty file is what `touch` leaves.
Result<json::value> parse_whole(std::string_view text) {
  if (trim(text).empty()) return json::value(json::object());
  TRY_SET(json::value whole, oci::parse_json(text, kMostBytes));
  if (!whole.is_object()) return oci::unexpected_value("", whole, "an object");
  return whole;
}

bool erase_logins(json::object& auths, std::string_view server) {
  std::vector<std::string> names;
  for (const auto& member : auths)
    if (is_for(oci::view(member.key()), server)) names.emplace_back(oci::view(member.key()));
  for (const std::string& name : names) auths.stable_erase(name);
  return !names.empty();
}

void put(json::object& entry, std::string_view name, std::string_view value) {
  if (!value.empty())
    entry[json::string_view(name.data(), name.size())] =
        json::string_view(value.data(), value.size());
}

void fill_entry(json::object& entry, const Credentials& credentials) {
  for (const std::string_view field : kLoginFields)
    entry.stable_erase(json::string_view(field.data(), field.size()));
  if (!credentials.username.empty())
    put(entry, "auth", to_base64(credentials.username + ":" + credentials.password.reveal()));
  put(entry, "identitytoken", credentials.identity_token.reveal());
  put(entry, "registrytoken", credentials.registry_token.reveal());
}

// The text is read again before it takes the place of the file: a number beyond a double's range would come back as none.
Result<std::string> text_of(const json::value& whole) {
  std::string text = oci::to_pretty_text(whole, "\t");
  if (auto again = oci::parse_json(text, kMostBytes); !again)
    return fail(Code::kUnsupported, "a part of it cannot be written again as it was (" +
                                        again.error().to_string() + "): edit it by hand");
  return text;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

// Where the file itself is: rename(2) would put a file in the place of a link.
Result<std::string> behind_links(std::string path) {
  constexpr int kMostLinks = 40;  // as the kernel has it: path_resolution(7)
  for (int i = 0; i < kMostLinks; ++i) {
    const auto target = sys::read_link_at(sys::kCwd, path.c_str());
    if (!target) return path;  // no link, or nothing there
    path = target->starts_with('/') ? *target : directory_of(path) + "/" + *target;
  }
  return fail(Code::kInvalidArgument, quote(path) + " is a link that leads in a circle");
}

// Lets `change` make the new text of the old one; no text leaves the file as it is.
template <class F>
Result<bool> rewrite(const std::string& named, F&& change) {
  TRY_SET(const std::string path, behind_links(named));
  TRY_SET(const UniqueFd dir, sys::make_directories(sys::kCwd, directory_of(path), 0700));
  TRY(sys::lock_exclusive(dir.borrow()));
  const std::string name = path.substr(path.rfind('/') + 1);
  std::string old;
  if (auto there = sys::read_file_at(dir.borrow(), name.c_str(), kMostBytes))
    old = *std::move(there);
  else if (there.error().code() != Code::kNotFound)
    return std::unexpected(std::move(there).error());
  TRY_SET(const std::optional<std::string> text, change(old));
  if (text) TRY(sys::replace_file_at(dir.borrow(), name.c_str(), *text, 0600, sys::Durable::kYes));
  return text.has_value();
}

}  // namespace

Result<DockerConfig> parse_docker_config(std::string_view text) {
  TRY_SET(const json::value whole, parse_whole(text));
  TRY_SET(const oci::Fields top, oci::Fields::of(whole, ""));
  DockerConfig config;
  TRY(top.read("credsStore", config.credentials_store));
  TRY(check_helper(config.credentials_store, "credsStore"));
  TRY(top.read_map("credHelpers", config.credential_helpers));
  for (const auto& [server, helper] : config.credential_helpers)
    TRY(check_helper(helper, "credHelpers[" + quote(server.substr(0, 100)) + "]"));
  TRY_SET(const json::object* auths, entries_of(top));
  if (auths == nullptr) return config;
  for (const auto& member : *auths) {
    TRY_SET(std::string server, oci::take_key(oci::view(member.key()), oci::Path("auths")));
    const std::string where = "auths[" + quote(server.substr(0, 100)) + "]";
    if (!member.value().is_object()) return bad_entry(where, "is not an object");
    TRY_SET(const oci::Fields entry, oci::Fields::of(member.value(), where));
    TRY_SET(Credentials credentials, parse_entry(entry));
    config.auths.emplace(std::move(server), std::move(credentials));
  }
  return config;
}

Result<DockerConfig> read_docker_config(const std::string& path) {
  const auto text = sys::read_file_at(sys::kCwd, path.c_str(), kMostBytes);
  if (!text && text.error().code() == Code::kNotFound) return DockerConfig{};
  if (!text) return std::unexpected(text.error());
  TRY_SET(DockerConfig config, parse_docker_config(*text), "docker's configuration " + quote(path));
  return config;
}

Login find_login(const DockerConfig& config, std::string_view host) {
  Login login{.server = server_of(host), .helper = {}, .credentials = {}};
  std::string helper = config.credentials_store;
  for (const auto& [server, name] : config.credential_helpers)
    if (lower(server) == login.server) helper = name;
  if (!helper.empty()) {
    login.helper = std::string(kHelperPrefix) + helper;
    return login;
  }
  const auto entry = [&](auto&& matches) {
    const auto at =
        std::ranges::find_if(config.auths, [&](const auto& e) { return matches(e.first); });
    // An entry without content is what docker leaves beside a helper.
    if (at != config.auths.end() && !(at->second == Credentials{})) login.credentials = at->second;
    return at != config.auths.end();
  };
  if (!entry([&](const std::string& name) { return lower(name) == login.server; }))
    entry([&](const std::string& name) { return is_for(name, login.server); });
  return login;
}

Result<std::string> with_login(std::string_view text, std::string_view host,
                               const Credentials& credentials) {
  if (std::ranges::any_of(credentials.username, [](char c) { return c == ':' || is_control(c); }))
    return fail(Code::kInvalidArgument,
                "the user name " + quote(credentials.username) +
                    " has a colon or a control character, which no registry takes");
  TRY(parse_docker_config(text));  // what is damaged is not built upon
  TRY_SET(json::value whole, parse_whole(text));
  json::value& auths = whole.as_object()["auths"];
  if (!auths.is_object()) auths = json::object();
  const std::string server = server_of(host);
  json::value& entry = auths.as_object()[server];
  json::object content = entry.is_object() ? entry.as_object() : json::object();
  fill_entry(content, credentials);
  entry = std::move(content);
  return text_of(whole);
}

Result<std::optional<std::string>> without_login(std::string_view text, std::string_view host) {
  TRY_SET(json::value whole, parse_whole(text));
  json::value* auths = whole.as_object().if_contains("auths");
  if (auths == nullptr || !auths->is_object() || !erase_logins(auths->as_object(), server_of(host)))
    return std::nullopt;
  TRY_SET(std::string rest, text_of(whole));
  return rest;
}

Result<> save_login(const std::string& path, std::string_view host,
                    const Credentials& credentials) {
  TRY(rewrite(path,
              [&](std::string_view old) -> Result<std::optional<std::string>> {
                TRY_SET(std::string text, with_login(old, host, credentials));
                return text;
              }),
      "save the login in " + quote(path));
  return {};
}

Result<bool> remove_login(const std::string& path, std::string_view host) {
  TRY_SET(const bool removed,
          rewrite(path, [&](std::string_view old) { return without_login(old, host); }),
          "remove the login from " + quote(path));
  return removed;
}

}  // namespace planet::registry
