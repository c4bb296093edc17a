// A server of the test's own on 127.0.0.1, plain or TLS, which answers each connection by a script; and certificates for it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace planet::registry {

// A key and a certificate for `names` ("DNS:localhost,IP:127.0.0.1"), signed by `issuer` or by itself.
struct TestCertificate {
  TestCertificate(const std::string& names, const TestCertificate* issuer, long seconds = 3600)
      : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509_set_version(certificate, 2);
    static std::atomic<long> serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_set_pubkey(certificate, key);
    const std::string subject = issuer == nullptr ? "authority" : "server";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
    X509_set_issuer_name(
        certificate, X509_get_subject_name(issuer == nullptr ? certificate : issuer->certificate));
    if (issuer == nullptr) extend(NID_basic_constraints, "critical,CA:TRUE");
    if (!names.empty()) extend(NID_subject_alt_name, names);
    EXPECT_GT(X509_sign(certificate, issuer == nullptr ? key : issuer->key, EVP_sha256()), 0);
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;
  ~TestCertificate() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  void write(const std::string& certificate_file, const std::string& key_file = "") const {
    BIO* file = BIO_new_file(certificate_file.c_str(), "w");
    EXPECT_EQ(PEM_write_bio_X509(file, certificate), 1);
    BIO_free(file);
    if (key_file.empty()) return;
    file = BIO_new_file(key_file.c_str(), "w");
    EXPECT_EQ(PEM_write_bio_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr), 1);
    BIO_free(file);
  }

  EVP_PKEY* key;
  X509* certificate;

 private:
  void extend(int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    ASSERT_NE(extension, nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
};

// The server's end of one connection.
class TestPeer {
 public:
  TestPeer(UniqueFd socket, SSL_CTX* context) : socket_(std::move(socket)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (context == nullptr) return;
    session_ = SSL_new(context);
    SSL_set_fd(session_, fd());
    open_ = SSL_accept(session_) == 1;
  }
  TestPeer(const TestPeer&) = delete;
  TestPeer& operator=(const TestPeer&) = delete;
  ~TestPeer() { SSL_free(session_); }

  bool open() const { return open_; }
  // TLS from here on, as behind a proxy's answer to CONNECT.
  bool start_tls(const TestCertificate& certificate) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate.certificate);
    SSL_CTX_use_PrivateKey(context, certificate.key);
    session_ = SSL_new(context);
    SSL_CTX_free(context);  // the session holds it
    SSL_set_fd(session_, fd());
    return SSL_accept(session_) == 1;
  }

  // One request with its body; empty at the end.
  std::string request() {
    std::string text;
    // What begins with 0x16 is a client of TLS, which waits for an answer.
    while (text.find("\r\n\r\n") == std::string::npos && !text.starts_with('\x16') && take(text))
      continue;
    const std::size_t head = text.find("\r\n\r\n");
    const std::size_t length = text.find("Content-Length: ");
    if (head == std::string::npos || length > head) return text;
    while (text.size() < head + 4 + std::stoul(text.substr(length + 16)) && take(text)) continue;
    return text;
  }
  bool say(const std::string& text) {
    if (text.empty()) return true;
    const auto size = static_cast<int>(text.size());
    return session_ != nullptr ? SSL_write(session_, text.data(), size) == size
                               : ::send(fd(), text.data(), text.size(), MSG_NOSIGNAL) == size;
  }
  void goodbye() {
    if (session_ != nullptr) SSL_shutdown(session_);
  }
  bool has_client_certificate() const {
    X509* theirs = SSL_get1_peer_certificate(session_);
    X509_free(theirs);
    return theirs != nullptr;
  }

 private:
  int fd() const { return socket_.borrow().get(); }
  bool take(std::string& to) {
    char buffer[4096];
    const auto n = session_ != nullptr ? SSL_read(session_, buffer, sizeof buffer)
                                       : static_cast<int>(::recv(fd(), buffer, sizeof buffer, 0));
    if (n > 0) to.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }

  UniqueFd socket_;
  SSL* session_ = nullptr;
  bool open_ = true;
};

class TestServer {
 public:
  using Script = std::function<void(TestPeer&)>;

  explicit TestServer(Script script, const TestCertificate* certificate = nullptr,
                      const TestCertificate* clients = nullptr, int most_version = TLS1_3_VERSION)
      : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (certificate != nullptr) {
      context_ = SSL_CTX_new(TLS_server_method());
      SSL_CTX_set_security_level(context_, 0);
      SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context_, most_version);
      SSL_CTX_use_certificate(context_, certificate->certificate);
      SSL_CTX_use_PrivateKey(context_, certificate->key);
      if (clients != nullptr) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), clients->certificate);
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      }
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd(), 16), 0);
    EXPECT_EQ(::getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    ::shutdown(fd(), SHUT_RDWR);
    accepting_.join();
    for (std::thread& one : serving_) one.join();
    SSL_CTX_free(context_);
  }

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  int fd() const { return listener_.borrow().get(); }
  void accept_all() {
    while (true) {
      UniqueFd socket(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket.valid()) return;
      ++connections_;
      serving_.emplace_back([this, taken = std::move(socket)]() mutable {
        TestPeer peer(std::move(taken), context_);
        if (peer.open()) script_(peer);
      });
    }
  }

  Script script_;
  UniqueFd listener_;
  SSL_CTX* context_ = nullptr;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

}  // namespace planet::registry
