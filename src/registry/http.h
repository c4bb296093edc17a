// Requests to registries and the servers that they name: connections kept for the next request, redirects, time limits. An
// answer's body is pulled in pieces, since a layer has any size.
//
// Source: RFC 9110, RFC 9112.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "registry/message.h"
#include "registry/proxy.h"
#include "registry/resolver.h"
#include "registry/secret.h"
#include "registry/tls.h"
#include "registry/url.h"

namespace planet::registry {

struct HttpSettings {
  std::chrono::milliseconds connect{15'000};  // name, address and TLS together
  std::chrono::milliseconds patience{
      30'000};  // with a server that says nothing, or as good as nothing
  ResolverSettings resolver;
  ProxySettings proxies;
  Trust trust;          // what holds for every server
  std::string certs_d;  // docker's directory of certificates for single servers; empty: none
  std::shared_ptr<TlsContexts>
      tls;  // of `trust` and `certs_d`, for clients that share it; null: each reads them itself
};

struct Request {
  Method method = Method::kGet;
  Url url;
  Headers headers;  // Accept, Range, Content-Type; never a credential
  Secret
      authorization;  // "Bearer ..." or "Basic ...": for url.origin alone, whatever it redirects to
  std::string body;
  ByteSource* stream = nullptr;  // in place of `body`; lent
  std::uint64_t stream_size = 0;
  // For an address that a server of the Internet named in its answer (a realm, an upload's place, a next page): then nothing
  // else is asked, as with its redirects.
  bool internet_only = false;
};

class HttpClient;

// An answer that is under way. It ends before its client.
class Response {
 public:
  int status() const;
  const Headers& headers() const;
  const std::string* header(std::string_view name) const { return find_header(headers(), name); }
  const Url& url() const;      // who answered, after redirects
  bool from_internet() const;  // or from this host's network

  // The next piece of the body, valid until the next call; empty at its end.
  Result<std::string_view> next();

  // All of a body that has to be small. Errors: kCorrupt - more than `limit` bytes; those of next().
  Result<std::string> read_all(std::size_t limit);

 private:
  friend class HttpClient;
  struct Exchange;
  struct End {
    void operator()(Exchange* exchange) const;
  };
  explicit Response(std::unique_ptr<Exchange, End> exchange) : exchange_(std::move(exchange)) {}
  std::unique_ptr<Exchange, End>
      exchange_;  // its end gives the connection back, if that is still good
};

// For one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(HttpSettings settings);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  HttpClient(HttpClient&&) = delete;
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient();

  // Any status is an answer. Redirects are followed (redirect.h) at most ten times; the authorization goes to no other origin, and
  // does not come back on the way.
  // Errors: those of resolve, connect_tcp, proxy_for, open_tunnel, tls_transport, ResponseReader and redirect_of, each behind "METHOD URL: ", without
  // the query. A connection that the server had closed in the meantime is made again, where nothing can happen twice.
  Result<Response> send(const Request& request);

 private:
  friend class Response;
  struct Connection;
  struct Pool;
  Result<Response> exchange(const Request& request, bool public_only);
  Result<std::unique_ptr<Connection>> connect(const Origin& origin, bool public_only);
  Result<std::unique_ptr<Transport>> secure(UniqueFd socket, const Origin& origin,
                                            std::chrono::milliseconds limit);
  Result<std::unique_ptr<Response::Exchange, Response::End>> attempt(
      const Request& request, std::unique_ptr<Connection> on);

  HttpSettings settings_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace planet::registry
