// Who one is at which registry, as docker and the tools around it keep it: ~/.docker/config.json, in plain text or behind
// a helper program. Read to log in, written by login and logout, never executed here.
//
// Source: docker's documentation of "docker login" (auths, credsStore, credHelpers) and of the helpers' protocol.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "registry/secret.h"

namespace planet::registry {

struct Credentials {
  std::string username;
  Secret password;
  Secret
      identity_token;  // in place of a password: the token's server takes it for tokens (OAuth 2 refresh)
  Secret registry_token;  // in place of all: what a Bearer challenge wants
  bool operator==(const Credentials&) const = default;
};

struct DockerConfig {
  std::map<std::string, Credentials> auths;               // by server, as it is written there
  std::string credentials_store;                          // a helper's name: "pass"; empty: none
  std::map<std::string, std::string> credential_helpers;  // by server; an empty name means none
};

// What a file without a word about the registry gives is an empty Login.
struct Login {
  std::string server;  // under which name a helper knows the registry
  std::string
      helper;  // the program to ask, to be found in PATH: "docker-credential-pass"; empty: none
  std::optional<Credentials>
      credentials;  // what the file itself has, where no helper is responsible
};

// Errors: kInvalidArgument - not such a file (naming the entry), or a helper's name that is more than a name: it
// becomes a program's ("../../tmp/evil"). No message shows a secret.
Result<DockerConfig> parse_docker_config(std::string_view text);

// A file that does not exist is an empty one. Errors: those of parse_docker_config, and of reading.
Result<DockerConfig> read_docker_config(const std::string& path);

// The login for `host` ("ghcr.io", "localhost:5000"), by docker's rules: docker.io is "https://index.docker.io/v1/"; the
// entry of exactly that name, else the first whose address has exactly that host and port; a helper goes before the
// file.
Login find_login(const DockerConfig& config, std::string_view host);

// The file's text with the login for `host` in it, or without any; all else in it stays. Nothing if there was none.
// Errors: kInvalidArgument - `text` is no such file; a user name with a colon or a control character; kUnsupported - it
// has what cannot be kept: a number beyond the range of a double.
Result<std::string> with_login(std::string_view text, std::string_view host,
                               const Credentials& credentials);
Result<std::optional<std::string>> without_login(std::string_view text, std::string_view host);

// The same for a file: replaced whole, readable by its owner alone (mode 0600). A link is followed, since dotfiles are
// often links. Two that write at the same time do so one after the other.
Result<> save_login(const std::string& path, std::string_view host, const Credentials& credentials);
Result<bool> remove_login(const std::string& path, std::string_view host);  // whether there was one

}  // namespace planet::registry
