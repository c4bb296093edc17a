// Tokens: what a registry takes in place of a password, handed out by the server that its challenge names. Who demands them may
// be anybody, so where a password goes is decided here.
//
// Source: the token specification of the distribution project ("Token Authentication Specification", "Oauth2 Token
// Authentication"); RFC 6749, sections 5.1 and 6 (refresh).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/challenge.h"
#include "registry/docker_config.h"
#include "registry/http.h"
#include "registry/secret.h"

namespace planet::registry {

inline constexpr std::size_t kMostTokenAnswer = 65536;  // bytes

struct Token {
  Secret value;
  std::chrono::seconds lifetime{60};  // what holds where the server does not say
};

// Errors: kInvalidArgument - no such document, no token in it, or one that is more than a line. The message shows no value.
Result<Token> parse_token_answer(std::string_view text);

// What errors of registries and of their token servers say: {"errors": [{"code": ..., "message": ...}]}, or {"details": ...},
// as one printable line of at most 200 characters; empty if it is nothing of the kind.
std::string parse_error_answer(std::string_view text);

// `text` as a value in a query or a form: RFC 3986, section 2.1.
std::string percent_encode(std::string_view text);

struct TokenAsker {
  Origin registry;             // who demands
  bool from_internet = false;  // and is a server of the Internet
  std::vector<std::string>
      scopes;  // what is wanted, never what the challenge says is: "repository:a/b:pull"
  std::optional<Credentials> credentials;
};

// Errors: kPermission - a registry of https names a server of plain http, where the password could be read on the way;
// kInvalidArgument - the realm is no address.
Result<Request> plan_token_request(const BearerDemand& demand, const TokenAsker& asker);

// "Basic ..." for a name and a password.
Secret basic_authorization(const Credentials& credentials);

}  // namespace planet::registry
