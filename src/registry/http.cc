#include "registry/http.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "registry/redirect.h"

namespace planet::registry {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostIdle = 8;  // connections

milliseconds left_until(Clock::time_point end) {
  return std::max(std::chrono::ceil<milliseconds>(end - Clock::now()), milliseconds(1));
}

// One address after the other, each with its share of the time that is left.
Result<std::pair<UniqueFd, std::string>> connect_any(const std::vector<std::string>& addresses,
                                                     const Origin& origin, Clock::time_point end) {
  std::optional<Error> first;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto share = left_until(end) / static_cast<int>(addresses.size() - i);
    auto socket = sys::connect_tcp(addresses[i], origin.port, std::max(share, milliseconds(1)));
    if (socket) return std::pair(*std::move(socket), addresses[i]);
    if (!first) first = std::move(socket).error();
  }
  return std::unexpected(*std::move(first));
}

RequestHead head_of(const Request& request, const std::optional<Proxy>& proxy) {
  RequestHead head{.method = request.method,
                   .target = proxy ? request.url.text() : request.url.target,
                   .host = request.url.origin.authority(),
                   .headers = request.headers,
                   .body_size = {}};
  if (!request.authorization.empty())
    head.headers.push_back({"Authorization", request.authorization.reveal()});
  if (proxy && !proxy->authorization.empty())
    head.headers.push_back({"Proxy-Authorization", proxy->authorization.reveal()});
  head.headers.push_back({"User-Agent", std::string("planet/") + PLANET_VERSION});
  const bool has_body = request.method != Method::kGet && request.method != Method::kHead;
  if (has_body)
    head.body_size = request.stream != nullptr ? request.stream_size : request.body.size();
  return head;
}

Result<> send_stream(Transport& to, const Request& request) {
  std::uint64_t left = request.stream_size;
  while (true) {
    TRY_SET(const std::string_view piece, request.stream->next());
    if (piece.size() > left || (piece.empty() && left > 0))
      return fail(Code::kInternal, "a body has another size than was announced");
    if (piece.empty()) return {};
    TRY(to.send(piece));
    left -= piece.size();
  }
}

// What may be asked twice without a second effect, and still can be.
bool is_repeatable(const Request& request) {
  return request.method != Method::kPost && request.method != Method::kPatch &&
         request.stream == nullptr;
}

}  // namespace

struct HttpClient::Connection {
  Origin origin;
  bool is_public = false;  // a server of the Internet
  bool is_fresh = true;
  std::optional<Proxy> proxy;  // who takes whole addresses and passes the requests on (for http)
  std::unique_ptr<Transport> transport;
};

struct HttpClient::Pool {
  std::vector<std::unique_ptr<Connection>> idle;

  std::unique_ptr<Connection> take(const Origin& origin, bool public_only) {
    while (true) {
      const auto at = std::ranges::find_if(idle, [&](const auto& one) {
        return one->origin == origin && (one->is_public || !public_only);
      });
      if (at == idle.end()) return nullptr;
      std::unique_ptr<Connection> taken = std::move(*at);
      idle.erase(at);
      if (taken->transport->is_quiet()) return taken;
    }
  }
  void give(std::unique_ptr<Connection> connection) {
    connection->is_fresh = false;
    if (idle.size() == kMostIdle) idle.erase(idle.begin());
    idle.push_back(std::move(connection));
  }
};

struct Response::Exchange {
  Exchange(HttpClient::Pool& to, std::unique_ptr<HttpClient::Connection> on, const Request& request)
      : pool(to),
        connection(std::move(on)),
        url(request.url),
        reader(*connection->transport, request.method) {}

  HttpClient::Pool& pool;
  std::unique_ptr<HttpClient::Connection> connection;
  Url url;
  ResponseReader reader;
  ResponseHead head;
};

void Response::End::operator()(Exchange* exchange) const {
  const std::unique_ptr<Exchange> owner(exchange);
  if (owner->reader.may_reuse()) owner->pool.give(std::move(owner->connection));
}

int Response::status() const {
  return exchange_->head.status;
}
const Headers& Response::headers() const {
  return exchange_->head.headers;
}
const Url& Response::url() const {
  return exchange_->url;
}

bool Response::from_internet() const {
  return exchange_->connection->is_public;
}

Result<std::string_view> Response::next() {
  TRY_SET(const std::string_view piece, exchange_->reader.next(), exchange_->url.shown());
  return piece;
}

Result<std::string> Response::read_all(std::size_t limit) {
  std::string all;
  while (true) {
    TRY_SET(const std::string_view piece, next());
    if (piece.empty()) return all;
    if (piece.size() > limit - all.size())
      return fail(Code::kCorrupt, url().shown() + ": the answer is longer than the " +
                                      std::to_string(limit) + " bytes that it may have");
    all += piece;
  }
}

HttpClient::HttpClient(HttpSettings settings)
    : settings_(std::move(settings)), pool_(std::make_unique<Pool>()) {
  if (!settings_.tls)
    settings_.tls = std::make_shared<TlsContexts>(settings_.trust, settings_.certs_d);
}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<Transport>> HttpClient::secure(UniqueFd socket, const Origin& origin,
                                                      milliseconds limit) {
  TRY_SET(auto context, settings_.tls->for_server(origin.authority()));
  return tls_transport(std::move(socket), origin.host, std::move(context),
                       {.handshake = limit, .patience = settings_.patience});
}

Result<std::unique_ptr<HttpClient::Connection>> HttpClient::connect(const Origin& origin,
                                                                    bool public_only) {
  const Clock::time_point end = Clock::now() + settings_.connect;
  TRY_SET(std::optional<Proxy> proxy, proxy_for(origin, settings_.proxies));
  const Origin& server = proxy ? proxy->origin : origin;
  ResolverSettings resolver = settings_.resolver;
  resolver.limit = std::min(resolver.limit, settings_.connect);
  TRY_SET(const std::vector<std::string> found, resolve(server.host, resolver));
  // Where a proxy connects to is for its own rules; what it leads to counts as the Internet.
  TRY_SET(const std::vector<std::string> addresses, reachable(found, public_only && !proxy));
  TRY_SET(auto connected, connect_any(addresses, server, end));
  auto connection = std::make_unique<Connection>();
  connection->origin = origin;
  connection->is_public = proxy || is_public_address(connected.second);
  if (origin.scheme == Scheme::kHttp) {
    connection->transport = plain_transport(std::move(connected.first), settings_.patience);
    connection->proxy = std::move(proxy);
    return connection;
  }
  if (proxy) TRY(open_tunnel(connected.first.borrow(), *proxy, origin, left_until(end)));
  TRY_SET(connection->transport, secure(std::move(connected.first), origin, left_until(end)));
  return connection;
}

Result<std::unique_ptr<Response::Exchange, Response::End>> HttpClient::attempt(
    const Request& request, std::unique_ptr<Connection> on) {
  TRY_SET(const std::string text, to_text(head_of(request, on->proxy)));
  const bool may_repeat = !on->is_fresh && is_repeatable(request);
  std::unique_ptr<Response::Exchange, Response::End> exchange(
      new Response::Exchange(*pool_, std::move(on), request));
  Transport& transport = *exchange->connection->transport;
  auto sent = transport.send(request.stream == nullptr ? text + request.body : text);
  if (sent && request.stream != nullptr) sent = send_stream(transport, request);
  if (!sent && sent.error().code() == Code::kInternal)
    return std::unexpected(std::move(sent).error());
  // A server that does not want the body answers before it has all of it: its answer says why.
  auto answered = exchange->reader.read_head();
  if (!answered && exchange->reader.got_nothing() && may_repeat) return nullptr;
  if (!answered)
    return std::unexpected(sent ? std::move(answered).error() : std::move(sent).error());
  exchange->head = *std::move(answered);
  return exchange;
}

Result<Response> HttpClient::exchange(const Request& request, bool public_only) {
  std::unique_ptr<Connection> connection = pool_->take(request.url.origin, public_only);
  while (true) {
    if (!connection) {
      TRY_SET(connection, connect(request.url.origin, public_only));
    }
    TRY_SET(auto exchange, attempt(request, std::move(connection)));
    // Nothing: the server had closed the idle connection just before.
    if (exchange) return Response(std::move(exchange));
    connection = nullptr;
  }
}

Result<Response> HttpClient::send(const Request& request) {
  Request current = request;
  bool public_only = request.internet_only;
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    const std::string doing = std::string(name_of(current.method)) + " " + current.url.shown();
    TRY_SET(Response response, exchange(current, public_only), doing);
    TRY_SET(const std::optional<Url> next,
            redirect_of(current.method, current.url, response.exchange_->head), doing);
    if (!next) return response;
    // Once away from where the credentials belong, they do not come back: who sent us there chose what is asked.
    if (next->origin != current.url.origin) current.authorization = Secret();
    public_only = public_only || response.from_internet();
    current.url = *next;
  }
  return fail(Code::kCorrupt, std::string(name_of(request.method)) + " " + request.url.shown() +
                                  ": more than " + std::to_string(kMostRedirects) + " redirects");
}

}  // namespace planet::registry
