#include "registry/token.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "oci/json.h"
#include "registry/base64.h"
#include "registry/text.h"

namespace planet::registry {
namespace {

using std::chrono::seconds;

constexpr seconds kLeastLifetime{60};  // of the specification
constexpr seconds kMostLifetime{3600};
constexpr std::size_t kMostShown = 200;
constexpr std::string_view kClient = "planet";

Result<std::string> take_token(const oci::Fields& fields, std::string_view name) {
  const oci::json::value* field = fields.find(name);
  const oci::json::string* text = field == nullptr ? nullptr : field->if_string();
  if (field != nullptr && text == nullptr)
    return fail(Code::kInvalidArgument, std::string(name) + " is not a string");
  std::string token = text == nullptr ? "" : std::string(oci::view(*text));
  if (!std::ranges::all_of(token, is_visible))
    return fail(Code::kInvalidArgument, std::string(name) + " is not one word");
  return token;
}

void add(std::string& form, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!form.empty()) form += '&';
  form.append(name).append("=").append(percent_encode(value));
}

// An identity token is taken for one of access. The rest as for a password.
Request refresh_request(Url realm, const BearerDemand& demand, const TokenAsker& asker) {
  std::string form;
  add(form, "grant_type", "refresh_token");
  add(form, "service", demand.service);
  add(form, "client_id", kClient);
  add(form, "scope", join(asker.scopes, " "));
  add(form, "refresh_token", asker.credentials->identity_token.reveal());
  Request request;
  request.method = Method::kPost;
  request.url = std::move(realm);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = std::move(form);
  return request;
}

Request password_request(Url realm, const BearerDemand& demand, const TokenAsker& asker) {
  std::string query;
  add(query, "service", demand.service);
  for (const std::string& scope : asker.scopes) add(query, "scope", scope);
  Request request;
  if (asker.credentials) {
    add(query, "account", asker.credentials->username);
    add(query, "client_id", kClient);
    request.authorization = basic_authorization(*asker.credentials);
  }
  request.url = std::move(realm);
  if (!query.empty()) request.url.target += (request.url.target.contains('?') ? "&" : "?") + query;
  return request;
}

std::string message_of(const oci::json::value& error) {
  const oci::json::object* object = error.if_object();
  if (object == nullptr) return "";
  for (const char* name : {"message", "code"})
    if (const auto* field = object->if_contains(name);
        field != nullptr && field->is_string() && !field->get_string().empty())
      return std::string(oci::view(field->get_string()));
  return "";
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || kPlain.contains(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Secret basic_authorization(const Credentials& credentials) {
  return Secret("Basic " + to_base64(credentials.username + ":" + credentials.password.reveal()));
}

Result<Token> parse_token_answer(std::string_view text) {
  // Not the parser's own message: it shows what it stumbles over.
  const auto value = oci::parse_json(text, kMostTokenAnswer);
  if (!value) return fail(Code::kInvalidArgument, "it is not JSON, or longer than 64 KiB");
  if (!value->is_object()) return fail(Code::kInvalidArgument, "it is not a JSON object");
  TRY_SET(const oci::Fields fields, oci::Fields::of(*value, ""));
  TRY_SET(std::string token, take_token(fields, "token"));
  if (token.empty()) {
    TRY_SET(token, take_token(fields, "access_token"));
  }
  if (token.empty()) return fail(Code::kInvalidArgument, "there is no token in it");
  std::int64_t lifetime = kLeastLifetime.count();
  if (const auto* field = fields.find("expires_in"))
    if (!oci::take(*field, oci::Path("expires_in"), lifetime))
      return fail(Code::kInvalidArgument, "expires_in is not a number of seconds");
  return Token{.value = Secret(std::move(token)),
               .lifetime = std::clamp(seconds(lifetime), kLeastLifetime, kMostLifetime)};
}

std::string parse_error_answer(std::string_view text) {
  const auto value = oci::parse_json(text, kMostTokenAnswer);
  const oci::json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return "";
  std::string message;
  const auto* errors = object->if_contains("errors");
  if (errors != nullptr && errors->is_array() && !errors->get_array().empty())
    message = message_of(errors->get_array().front());
  const auto* details = object->if_contains("details");
  if (message.empty() && details != nullptr && details->is_string())
    message = std::string(oci::view(details->get_string()));
  return printable(message.substr(0, kMostShown)).substr(0, kMostShown);
}

Result<Request> plan_token_request(const BearerDemand& demand, const TokenAsker& asker) {
  TRY_SET(Url realm, parse_url(demand.realm), "the registry's realm");
  if (asker.registry.scheme == Scheme::kHttps && realm.origin.scheme == Scheme::kHttp)
    return fail(Code::kPermission, "the registry wants a login at " + quote(realm.origin.text()) +
                                       ", which is not https: a password could be read on the way");
  const bool refresh = asker.credentials && !asker.credentials->identity_token.empty();
  Request request = refresh ? refresh_request(std::move(realm), demand, asker)
                            : password_request(std::move(realm), demand, asker);
  request.headers.push_back({"Accept", "application/json"});
  request.internet_only = asker.from_internet;
  return request;
}

}  // namespace planet::registry
