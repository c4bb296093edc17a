#include "registry/session.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

#include "base/strings.h"
#include "registry/challenge.h"
#include "registry/login.h"
#include "registry/text.h"
#include "registry/token.h"
#include "sys/process.h"
#include "sys/random.h"

namespace planet::registry {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostErrorAnswer = 65536;
constexpr seconds kMostRetrying{60};  // after so long, what fails has failed
constexpr milliseconds kProbe{
    5000};  // a server of plain http may wait for the end of what it takes for a line
constexpr seconds kTokenMargin{10};  // a token that ends so soon is not used any more

bool is_try_later(int status) {
  return status == 429 || (status >= 500 && status != 501 && status != 505);
}

// In seconds; a date, which the field may be as well, says no more than that it may take a while.
std::optional<milliseconds> retry_after(Response& response) {
  const std::string* field = response.header("Retry-After");
  if (field == nullptr) return std::nullopt;
  const auto number = parse_number<std::uint32_t>(trim(*field), "Retry-After");
  return number ? std::optional<milliseconds>(seconds(*number)) : std::nullopt;
}

// Nobody listens, or nobody is of that name, or it is not to be trusted: that will not be otherwise in a second.
bool may_pass(const Error& error) {
  return (error.code() == Code::kSystem && error.sys_errno() != ECONNREFUSED) ||
         error.code() == Code::kCorrupt;
}

void sleep_for(milliseconds time) {
  sys::sleep_ms(static_cast<int>(time.count()));
}

struct HeldToken {
  Secret value;
  Clock::time_point end;
};

}  // namespace

struct Session::State {
  std::mutex mutex;  // of what follows
  std::vector<std::unique_ptr<HttpClient>> idle;

  // Held while the origin is found or a token fetched: who comes meanwhile wants the same.
  std::mutex login;
  std::optional<Origin> origin;
  std::optional<Demand> demand;
  bool demand_from_internet = false;
  std::optional<std::optional<Credentials>> credentials;
  std::map<std::string, HeldToken> tokens;  // by scopes
};

Answer::Answer(Answer&& other) noexcept = default;
Answer::~Answer() {
  // The response's end touches the client: it comes before another thread may take that.
  {
    const Response ended(std::move(response_));
  }
  if (client_) session_->give_client(std::move(client_));
}

Session::Session(Settings settings, std::string host)
    : settings_(std::move(settings)), host_(std::move(host)), state_(std::make_unique<State>()) {
  if (!settings_.http.tls)
    settings_.http.tls =
        std::make_shared<TlsContexts>(settings_.http.trust, settings_.http.certs_d);
}
Session::~Session() = default;

void Session::use(Credentials credentials) {
  state_->credentials.emplace(std::move(credentials));
}

std::unique_ptr<HttpClient> Session::take_client() {
  const std::lock_guard lock(state_->mutex);
  if (state_->idle.empty()) return std::make_unique<HttpClient>(settings_.http);
  auto client = std::move(state_->idle.back());
  state_->idle.pop_back();
  return client;
}

void Session::give_client(std::unique_ptr<HttpClient> client) {
  const std::lock_guard lock(state_->mutex);
  state_->idle.push_back(std::move(client));
}

Result<Answer> Session::send_once(const Request& request) {
  auto client = take_client();
  auto response = client->send(request);
  if (response) return Answer(*this, std::move(client), *std::move(response));
  give_client(std::move(client));
  return std::unexpected(std::move(response).error());
}

Result<Origin> Session::origin() {
  const std::lock_guard lock(state_->login);
  if (!state_->origin) {
    TRY_SET(const Origin https, origin_of(host_));
    TRY_SET(state_->origin, find_origin(https));
  }
  return *state_->origin;
}

Result<Origin> Session::find_origin(const Origin& https) {
  if (!may_be_plain(settings_.hosts, host_)) return https;
  Request ping;
  ping.url = {.origin = https, .target = "/v2/"};
  HttpSettings brief = settings_.http;
  brief.connect = std::min(brief.connect, kProbe);
  HttpClient client(brief);
  const auto secure = client.send(ping);
  if (secure) return https;
  // A certificate that is not to be trusted is a server of TLS: it is not asked without.
  if (secure.error().code() == Code::kPermission || secure.error().code() == Code::kNotFound)
    return std::unexpected(secure.error());
  Origin plain = https;
  plain.scheme = Scheme::kHttp;
  if (https.has_default_port()) plain.port = 80;
  return plain;
}

milliseconds back_off(const Retries& retries, int tries) {
  constexpr int kMostDoublings = 6;
  const milliseconds whole = retries.first * (1 << std::clamp(tries - 1, 0, kMostDoublings));
  const auto chance = parse_number<unsigned>(sys::random_hex(4), "chance", 16);
  return whole - whole / 2 * chance.value_or(0) / 65536;
}

Result<Answer> Session::send_patiently(const Request& request) {
  const Clock::time_point end = Clock::now() + kMostRetrying;
  for (int tries = 1;; ++tries) {
    auto answer = send_once(request);
    const bool again = answer ? is_try_later((*answer)->status()) : may_pass(answer.error());
    if (!again || request.stream != nullptr || tries > settings_.retries.most || Clock::now() > end)
      return answer;
    milliseconds wait = back_off(settings_.retries, tries);
    if (answer) {
      const auto wanted = retry_after(**answer);
      if (wanted && *wanted > settings_.retries.longest) return answer;
      wait = std::max(wait, wanted.value_or(wait));
    }
    {
      const auto ended = std::move(answer);
    }
    sleep_for(wait);
  }
}

std::unexpected<Error> Session::no_login() const {
  return fail(
      Code::kPermission,
      quote(host_) + " demands a login, and there is none: see `planet login " + host_ + "`");
}

Result<std::optional<Credentials>> Session::credentials() {
  if (state_->credentials) return *state_->credentials;
  TRY_SET(std::optional<Credentials> found, kept_login(settings_, host_));
  state_->credentials = found;
  return found;
}

Result<> Session::learn_demand(Answer& refused) {
  std::vector<Challenge> challenges;
  for (const Header& header : refused->headers()) {
    if (lower(header.name) == "www-authenticate") {
      TRY_SET(const std::vector<Challenge> more, parse_challenges(header.value));
      challenges.insert(challenges.end(), more.begin(), more.end());
    }
  }
  TRY_SET(state_->demand, choose_demand(challenges));
  state_->demand_from_internet = refused->from_internet();
  return {};
}

Result<Secret> Session::fetch_token(const std::vector<std::string>& scopes) {
  const std::string key = join(scopes, " ");
  const auto held = state_->tokens.find(key);
  if (held != state_->tokens.end() && Clock::now() < held->second.end) return held->second.value;
  TRY_SET(std::optional<Credentials> login, credentials());
  const bool has_login = login.has_value();
  if (login && !login->registry_token.empty())
    return Secret("Bearer " + login->registry_token.reveal());
  TRY_SET(const Request request, plan_token_request(std::get<BearerDemand>(*state_->demand),
                                                    {.registry = *state_->origin,
                                                     .from_internet = state_->demand_from_internet,
                                                     .scopes = scopes,
                                                     .credentials = std::move(login)}));
  TRY_SET(Answer answer, send_patiently(request), "get a token for " + quote(host_));
  const int status = answer->status();
  if (has_login && (status == 401 || status == 403))
    return fail(Code::kPermission,
                quote(host_) + " does not take the login that there is for it: see `planet login " +
                    host_ + "`");
  if (status != 200) return std::unexpected(refusal(answer, host_, "a token"));
  const std::string who = answer->url().origin.text();
  TRY_SET(const std::string text, answer->read_all(kMostTokenAnswer));
  TRY_SET(Token token, parse_token_answer(text),
          "the answer of " + quote(who) + ", which gives out tokens");
  Secret value("Bearer " + token.value.reveal());
  state_->tokens[key] = {.value = value, .end = Clock::now() + token.lifetime - kTokenMargin};
  return value;
}

Result<Secret> Session::authorization(const std::vector<std::string>& scopes) {
  if (!state_->demand) return Secret();
  if (std::holds_alternative<BearerDemand>(*state_->demand)) return fetch_token(scopes);
  TRY_SET(const std::optional<Credentials> login, credentials());
  if (!login || login->username.empty()) return no_login();
  return basic_authorization(*login);
}

Result<Answer> Session::send(Request request, const std::vector<std::string>& scopes) {
  TRY_SET(const Origin own, origin());
  const bool to_registry = request.url.origin == own;
  if (to_registry) {
    const std::lock_guard lock(state_->login);
    TRY_SET(request.authorization, authorization(scopes));
  }
  TRY_SET(Answer answer, send_patiently(request));
  const bool is_demand = to_registry && answer->status() == 401 && answer->url().origin == own;
  if (!is_demand || request.stream != nullptr) return answer;
  {
    const std::lock_guard lock(state_->login);
    // A token that was good may have ended meanwhile; what is demanded may be another thing by now.
    if (state_->demand) state_->tokens.erase(join(scopes, " "));
    TRY(learn_demand(answer), quote(host_));
    TRY_SET(request.authorization, authorization(scopes));
  }
  if (request.authorization.empty()) return answer;
  (void)answer->read_all(kMostErrorAnswer);  // to its end, so that the connection is used again
  {
    const Answer ended = std::move(answer);
  }
  return send_patiently(request);
}

Error refusal(Answer& answer, const std::string& host, const std::string& what) {
  const int status = answer->status();
  const auto text = answer->read_all(kMostErrorAnswer);
  const std::string said = text ? parse_error_answer(*text) : "";
  const std::string about =
      quote(host) + " answers " + std::to_string(status) + (said.empty() ? "" : " (" + said + ")");
  if (status == 404) return {Code::kNotFound, what + " is not there: " + about};
  if (status == 401 || status == 403)
    return {Code::kPermission, "no access to " + what + ": " + about +
                                   "; it may not exist, or need a login: see `planet login " +
                                   host + "`"};
  if (status == 429) {
    const auto wait = retry_after(*answer);
    return {Code::kSystem,
            what + ": too many requests: " + about + "; try again " +
                (wait ? "in " + std::to_string(wait->count() / 1000) + " s" : "later") +
                ", or log in"};
  }
  if (status >= 500) return {Code::kSystem, what + ": " + about + "; try again later"};
  return {Code::kCorrupt, what + ": " + about};
}

}  // namespace planet::registry
