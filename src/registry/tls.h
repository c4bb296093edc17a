// TLS to a server whose certificate is verified, always: against the host's authorities, and for the name that was asked for.
// There is no switch that turns this off; a registry with a certificate of its own has it in certs.d.
//
// Source: RFC 9110, section 4.3.4 (the identity of a server); RFC 9325 (versions); docker's documentation of certs.d.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "registry/transport.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace planet::registry {

// Files in PEM, by path; empty: none.
struct Trust {
  std::string bundle;              // the authorities of the host, one file
  std::string directory;           // the same, a file each, named by hash
  std::vector<std::string> extra;  // authorities for this server alone
  std::string certificate, key;    // whom the server is to take us for
  bool operator==(const Trust&) const = default;
};

// What the environment (SSL_CERT_FILE, SSL_CERT_DIR; null: not set) or else the distribution says.
Trust system_trust(const char* cert_file, const char* cert_dir);

// What docker's directory of certificates adds for a server: below DIRECTORY/AUTHORITY each *.crt is an authority, and *.cert with
// *.key of the same name is ours. A directory that does not exist adds nothing.
// Errors: kInvalidArgument - a certificate without its key, or the other way round.
Result<Trust> with_certs_d(Trust trust, const std::string& directory, const std::string& authority);

struct TlsLimits {
  std::chrono::milliseconds handshake;
  std::chrono::milliseconds patience;  // as for Patience
};

// Trust that has been read: the authorities of a host take tens of milliseconds, so all connections share them. For any number
// of threads.
class TlsContexts {
 public:
  // `certs_d`: the directory of with_certs_d; empty: none.
  TlsContexts(Trust trust, std::string certs_d);
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;
  TlsContexts(TlsContexts&&) = delete;
  TlsContexts& operator=(TlsContexts&&) = delete;
  ~TlsContexts();

  // Errors: kInvalidArgument - a file cannot be used; those of with_certs_d.
  Result<std::shared_ptr<ssl_ctx_st>> for_server(const std::string& authority);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Shakes hands over the connected `socket`. `host` is a name or an address.
// Errors: kPermission - the certificate is not to be trusted, or for another name, or expired: the message says which; kSystem - no
// TLS, none that is new enough (1.2), or not in time.
Result<std::unique_ptr<Transport>> tls_transport(UniqueFd socket, const std::string& host,
                                                 std::shared_ptr<ssl_ctx_st> context,
                                                 const TlsLimits& limits);

}  // namespace planet::registry
