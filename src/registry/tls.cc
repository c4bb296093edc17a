#include "registry/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::registry {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Context = std::shared_ptr<SSL_CTX>;
using Session = std::unique_ptr<SSL, Free<SSL_free>>;
using BioMethod = std::unique_ptr<BIO_METHOD, Free<BIO_meth_free>>;

// OpenSSL's last reason, and an empty queue.
std::string reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string out = text == nullptr ? "no reason given" : text;
  ERR_clear_error();
  return out;
}

std::unexpected<Error> bad_file(std::string_view what, const std::string& path) {
  return fail(Code::kInvalidArgument,
              "the " + std::string(what) + " in " + quote(path) + " cannot be used: " + reason());
}

Result<> load_authorities(SSL_CTX* context, const Trust& trust) {
  if (!trust.bundle.empty() && SSL_CTX_load_verify_file(context, trust.bundle.c_str()) != 1)
    return bad_file("certificates", trust.bundle);
  if (!trust.directory.empty() && SSL_CTX_load_verify_dir(context, trust.directory.c_str()) != 1)
    return bad_file("certificates", trust.directory);
  for (const std::string& file : trust.extra)
    if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) return bad_file("certificate", file);
  return {};
}

Result<> load_identity(SSL_CTX* context, const Trust& trust) {
  if (trust.certificate.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, trust.certificate.c_str()) != 1)
    return bad_file("client certificate", trust.certificate);
  if (SSL_CTX_use_PrivateKey_file(context, trust.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return bad_file("client key", trust.key);
  return {};
}

Result<Context> make_context(const Trust& trust) {
  // Without openssl.cnf, which may name libraries to load.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_client_method()), Free<SSL_CTX_free>());
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1)
    return fail(Code::kSystem, "set up TLS: " + reason());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  TRY(load_authorities(context.get(), trust));
  TRY(load_identity(context.get(), trust));
  return context;
}

// OpenSSL's way to the socket: its own would raise SIGPIPE. The BIO's data is the descriptor.
int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto* socket = static_cast<const UniqueFd*>(BIO_get_data(bio));
  const auto sent = sys::send_some(socket->borrow(), {data, static_cast<std::size_t>(size)});
  if (sent && *sent) return static_cast<int>(**sent);
  if (sent) BIO_set_retry_write(bio);
  return -1;
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto* socket = static_cast<const UniqueFd*>(BIO_get_data(bio));
  const auto received = sys::receive_some(socket->borrow(), {data, static_cast<std::size_t>(size)});
  if (received && *received) return static_cast<int>(**received);
  if (received) BIO_set_retry_read(bio);
  return -1;
}

long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*data*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

class TlsTransport : public Transport {
 public:
  TlsTransport(UniqueFd socket, Context context, milliseconds patience)
      : socket_(std::move(socket)),
        context_(std::move(context)),
        method_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "planet")),
        session_(SSL_new(context_.get())),
        patience_(patience) {}

  Result<> shake_hands(const std::string& host, milliseconds limit) {
    TRY(connect_bio());
    TRY(expect_host(host));
    const Clock::time_point end = Clock::now() + limit;
    while (true) {
      ERR_clear_error();
      const int n = SSL_connect(session_.get());
      if (n == 1) return {};
      const auto ready = wanted(n);
      if (!ready) return refused(host);
      const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
      if (left <= milliseconds(0) || !sys::wait_for(socket_.borrow(), *ready, left))
        return fail(Code::kSystem,
                    quote(host) + " did not finish the TLS handshake in time: try again later");
    }
  }

  Result<std::size_t> receive(std::span<char> buffer) override {
    std::size_t n = 0;
    TRY_SET(const bool open,
            drive([&] { return SSL_read_ex(session_.get(), buffer.data(), buffer.size(), &n); }));
    patience_.moved(n);
    return open ? n : 0;
  }

  Result<> send(std::string_view bytes) override {
    while (!bytes.empty()) {
      std::size_t n = 0;
      TRY_SET(const bool open,
              drive([&] { return SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &n); }));
      if (!open) return fail(Code::kSystem, "the server closed the connection: try again");
      patience_.moved(n);
      bytes.remove_prefix(n);
    }
    return {};
  }

  // A ticket for a later session may stand unread in the socket: then the connection is not used again, which costs one more.
  bool is_quiet() const override {
    return SSL_pending(session_.get()) == 0 && sys::is_quiet(socket_.borrow());
  }

 private:
  Result<> connect_bio() {
    if (!method_ || !session_) return fail(Code::kSystem, "set up TLS: " + reason());
    BIO_meth_set_write(method_.get(), bio_write);
    BIO_meth_set_read(method_.get(), bio_read);
    BIO_meth_set_ctrl(method_.get(), bio_control);
    BIO* bio = BIO_new(method_.get());
    if (bio == nullptr) return fail(Code::kSystem, "set up TLS: " + reason());
    BIO_set_data(bio, &socket_);
    BIO_set_init(bio, 1);
    SSL_set_bio(session_.get(), bio, bio);  // which owns it now
    return {};
  }

  // Whose certificate it has to be. An address has no server name (RFC 6066, section 3).
  Result<> expect_host(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    const bool is_address = ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
                            ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
    bool set = false;
    if (is_address) {
      set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session_.get()), host.c_str()) == 1;
    } else {
      SSL_set_hostflags(session_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      set = SSL_set1_host(session_.get(), host.c_str()) == 1 &&
            // The macro for this is full of casts; the name is copied.
            SSL_ctrl(session_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     const_cast<char*>(host.c_str())) == 1;
    }
    // Without this any certificate would do.
    if (!set) return fail(Code::kSystem, "set up TLS for " + quote(host) + ": " + reason());
    return {};
  }

  std::optional<sys::Ready> wanted(int result) {
    switch (SSL_get_error(session_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return sys::Ready::kToReceive;
      case SSL_ERROR_WANT_WRITE:
        return sys::Ready::kToSend;
      default:
        return std::nullopt;
    }
  }

  // Repeats `step` until it is done (true) or the server has said goodbye (false). A connection that is cut without that is an
  // error: somebody on the way could cut an answer short.
  template <class F>
  Result<bool> drive(F&& step) {
    while (true) {
      ERR_clear_error();
      const int n = step();
      if (n == 1) return true;
      if (const auto ready = wanted(n)) {
        TRY(patience_.wait(socket_.borrow(), *ready));
        continue;
      }
      if (SSL_get_error(session_.get(), n) == SSL_ERROR_ZERO_RETURN) return false;
      return fail(Code::kSystem, "the connection broke (" + reason() + "): try again");
    }
  }

  std::unexpected<Error> refused(const std::string& host) {
    const long verdict = SSL_get_verify_result(session_.get());
    const std::string why = reason();
    if (verdict == X509_V_OK)
      return fail(Code::kSystem,
                  "no TLS connection to " + quote(host) + " (" + why + "): does it speak https?");
    const std::string about = "the certificate of " + quote(host) + " is not to be trusted (" +
                              X509_verify_cert_error_string(verdict) + ")";
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
      return fail(Code::kPermission, about + ": use a name that it was made for");
    if (verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID)
      return fail(Code::kPermission, about + ": renew it, or set the clock of this host");
    return fail(Code::kPermission,
                about + ": if it is yours, put its authority's certificate into certs.d");
  }

  UniqueFd socket_;
  Context context_;
  BioMethod method_;  // outlives the session, whose BIO it is the manner of
  Session session_;
  Patience patience_;
};

std::vector<std::string> names_with(const std::vector<std::string>& names,
                                    std::string_view ending) {
  std::vector<std::string> found;
  for (const std::string& name : names)
    if (name.ends_with(ending)) found.push_back(name);
  std::ranges::sort(found);
  return found;
}

}  // namespace

Trust system_trust(const char* cert_file, const char* cert_dir) {
  Trust trust;
  if (cert_file != nullptr) trust.bundle = cert_file;
  if (cert_dir != nullptr) trust.directory = cert_dir;
  if (cert_file != nullptr || cert_dir != nullptr) return trust;
  // Debian, Arch and Alpine; Fedora; openSUSE.
  for (const char* bundle : {"/etc/ssl/certs/ca-certificates.crt",
                             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"})
    if (trust.bundle.empty() && sys::exists_at(sys::kCwd, bundle)) trust.bundle = bundle;
  return trust;
}

Result<Trust> with_certs_d(Trust trust, const std::string& directory,
                           const std::string& authority) {
  const std::string path = directory + "/" + authority + "/";
  auto dir = sys::open_at(sys::kCwd, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!dir && dir.error().code() == Code::kNotFound) return trust;
  if (!dir) return std::unexpected(std::move(dir).error());
  TRY_SET(const std::vector<std::string> names, sys::list_dir(dir->borrow()));
  for (const std::string& name : names_with(names, ".crt")) trust.extra.push_back(path + name);
  for (const std::string& name : names_with(names, ".cert")) {
    const std::string key = name.substr(0, name.size() - 5) + ".key";
    if (std::ranges::find(names, key) == names.end())
      return fail(Code::kInvalidArgument,
                  quote(path + name) + " has no key: put it beside as " + quote(key));
    trust.certificate = path + name;
    trust.key = path + key;
  }
  for (const std::string& name : names_with(names, ".key"))
    if (const std::string cert = name.substr(0, name.size() - 4) + ".cert";
        std::ranges::find(names, cert) == names.end())
      return fail(Code::kInvalidArgument,
                  quote(path + name) + " has no certificate: put it beside as " + quote(cert));
  return trust;
}

struct TlsContexts::State {
  Trust trust;
  std::string certs_d;
  std::mutex mutex;
  std::vector<std::pair<Trust, Context>> made;
};

TlsContexts::TlsContexts(Trust trust, std::string certs_d) : state_(std::make_unique<State>()) {
  state_->trust = std::move(trust);
  state_->certs_d = std::move(certs_d);
}
TlsContexts::~TlsContexts() = default;

Result<Context> TlsContexts::for_server(const std::string& authority) {
  Trust trust = state_->trust;
  if (!state_->certs_d.empty()) {
    TRY_SET(trust, with_certs_d(std::move(trust), state_->certs_d, authority));
  }
  // Whoever comes meanwhile waits: to read the same files twice would take longer.
  const std::lock_guard lock(state_->mutex);
  for (const auto& [known, context] : state_->made)
    if (known == trust) return context;
  TRY_SET(Context context, make_context(trust));
  state_->made.emplace_back(std::move(trust), context);
  return context;
}

Result<std::unique_ptr<Transport>> tls_transport(UniqueFd socket, const std::string& host,
                                                 std::shared_ptr<ssl_ctx_st> context,
                                                 const TlsLimits& limits) {
  auto transport =
      std::make_unique<TlsTransport>(std::move(socket), std::move(context), limits.patience);
  TRY(transport->shake_hands(host, limits.handshake));
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace planet::registry
