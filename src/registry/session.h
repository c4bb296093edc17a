// A session with one registry: requests that are authorized as it demands, repeated when it could not answer, for any number of
// threads.
//
// Credentials belong to the registry's own origin. Nobody else gets them: not whom it redirects to, not an upload's place
// elsewhere; and a challenge counts from the registry alone (CVE-2020-15157). The token's server that it names gets the name and the
// password, which is what that protocol is; over https, if the registry is of https.
//
// Source: OCI distribution-spec 1.1, "API"; RFC 9110, section 10.2.3 (Retry-After).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/docker_config.h"
#include "registry/http.h"
#include "registry/settings.h"

namespace planet::registry {

class Session;

// An answer under way, and the client that it comes through.
class Answer {
 public:
  Answer(Answer&&) noexcept;
  Answer& operator=(Answer&&) = delete;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer();  // gives the client back
  Response& operator*() { return response_; }
  Response* operator->() { return &response_; }

 private:
  friend class Session;
  Answer(Session& session, std::unique_ptr<HttpClient> client, Response response)
      : session_(&session), client_(std::move(client)), response_(std::move(response)) {}
  Session* session_;
  std::unique_ptr<HttpClient> client_;
  Response response_;
};

class Session {
 public:
  // `host` as in a reference.
  Session(Settings settings, std::string host);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;
  ~Session();

  const std::string& host() const { return host_; }
  const Retries& retries() const { return settings_.retries; }

  // In place of what docker's configuration has. Before the first request.
  void use(Credentials credentials);

  // Who is talked to: https, or http where may_be_plain() and the server speaks no TLS. The first call may ask it.
  Result<Origin> origin();

  // `request` without authorization. `scopes`: what a token has to be for. A body that is a stream is sent once.
  // Any status is an answer, after the demand of a 401 was met if it can be.
  // Errors: kPermission - there is no login where one is demanded, or it is refused; those of HttpClient::send.
  Result<Answer> send(Request request, const std::vector<std::string>& scopes);

 private:
  friend class Answer;
  struct State;
  Result<Origin> find_origin(const Origin& https);
  Result<Answer> send_once(const Request& request);
  Result<Answer> send_patiently(const Request& request);
  Result<> learn_demand(Answer& refused);
  Result<Secret> authorization(const std::vector<std::string>& scopes);
  Result<Secret> fetch_token(const std::vector<std::string>& scopes);
  Result<std::optional<Credentials>> credentials();
  std::unexpected<Error> no_login() const;
  std::unique_ptr<HttpClient> take_client();
  void give_client(std::unique_ptr<HttpClient> client);

  Settings settings_;
  std::string host_;
  std::unique_ptr<State> state_;
};

// How long to wait before try number `tries` (from 1), by chance between a half and the whole.
std::chrono::milliseconds back_off(const Retries& retries, int tries);

// What an answer that is not the wanted one says, as an error: `what` is what was wanted ("image x/y:z").
// Codes: kNotFound (404), kPermission (401, 403), kSystem (429, 5xx), kCorrupt - anything else.
Error refusal(Answer& answer, const std::string& host, const std::string& what);

}  // namespace planet::registry
