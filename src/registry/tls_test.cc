// Transports, against a server of the test's own on loopback.
#include "registry/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "registry/message.h"
#include "registry/test_server.h"

namespace planet::registry {
namespace {

namespace stdfs = std::filesystem;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr TlsLimits kLimits{.handshake = milliseconds(10'000), .patience = milliseconds(10'000)};

void greet(TestPeer& peer) {
  peer.request();
  peer.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  peer.request();
}

UniqueFd connect_to(const TestServer& server) {
  auto socket = sys::connect_tcp("127.0.0.1", server.port(), milliseconds(5000));
  EXPECT_TRUE(socket);
  return std::move(*socket);
}

Result<std::string> ask(Transport& transport) {
  TRY(transport.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  ResponseReader reader(transport, Method::kGet);
  TRY(reader.read_head());
  std::string body;
  while (true) {
    TRY_SET(const std::string_view part, reader.next());
    if (part.empty()) return body;
    body += part;
  }
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/planet-tls-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    authority_.write(top_ / "ca.crt");
    // The test's server writes with plain write(2).
    ::signal(SIGPIPE, SIG_IGN);
  }
  void TearDown() override {
    ::signal(SIGPIPE, SIG_DFL);
    stdfs::remove_all(top_);
  }

  Trust trust() const {
    Trust trust;
    trust.extra = {top_ / "ca.crt"};
    return trust;
  }
  static Result<std::unique_ptr<Transport>> shake_hands(const TestServer& server,
                                                        const std::string& host,
                                                        const Trust& trusted,
                                                        const TlsLimits& limits) {
    TlsContexts contexts(trusted, "");
    TRY_SET(auto context, contexts.for_server(host));
    return tls_transport(connect_to(server), host, std::move(context), limits);
  }
  Result<std::string> ask_as(const TestServer& server, const std::string& host,
                             const Trust& trusted) const {
    TRY_SET(const auto transport, shake_hands(server, host, trusted, kLimits));
    return ask(*transport);
  }

  stdfs::path top_;
  TestCertificate authority_{"", nullptr};
  TestCertificate server_{"DNS:localhost,DNS:*.good.example,IP:127.0.0.1", &authority_};
};

TEST_F(TlsTest, SpeaksWithWhomItIsTo) {
  const TestServer server(greet, &server_);
  for (const char* host : {"localhost", "127.0.0.1", "a.good.example"}) {
    const auto got = ask_as(server, host, trust());
    ASSERT_TRUE(got) << host << ": " << got.error().to_string();
    EXPECT_EQ(*got, "hello");
  }
}

TEST_F(TlsTest, RefusesAnotherName) {
  const TestServer server(greet, &server_);
  for (const char* host :
       {"evil.example", "127.0.0.2", "a.b.good.example", "good.example", "::1"}) {
    const auto got = ask_as(server, host, trust());
    ASSERT_FALSE(got) << host;
    EXPECT_EQ(got.error().code(), Code::kPermission);
    EXPECT_THAT(got.error().to_string(), HasSubstr("mismatch"));
  }
}

TEST_F(TlsTest, RefusesWhatNobodyVouchesFor) {
  const TestServer server(greet, &server_);
  const auto strange = ask_as(server, "localhost", system_trust(nullptr, nullptr));
  ASSERT_FALSE(strange);
  EXPECT_EQ(strange.error().code(), Code::kPermission);
  EXPECT_THAT(strange.error().to_string(), HasSubstr("certs.d"));
  EXPECT_FALSE(ask_as(server, "localhost", Trust{}));

  const TestCertificate self("DNS:localhost", nullptr);
  const TestServer self_signed(greet, &self);
  EXPECT_FALSE(ask_as(self_signed, "localhost", trust()));

  const TestCertificate old("DNS:localhost", &authority_, -60);
  const TestServer expired(greet, &old);
  EXPECT_THAT(ask_as(expired, "localhost", trust()).error().to_string(),
              HasSubstr("certificate has expired"));
}

TEST_F(TlsTest, RefusesOldVersions) {
  const TestServer server(greet, &server_, nullptr, TLS1_1_VERSION);
  const auto got = ask_as(server, "localhost", trust());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::kSystem);
}

TEST_F(TlsTest, SaysThatAServerHasNoTls) {
  const TestServer server([](TestPeer& peer) { peer.say("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  EXPECT_THAT(ask_as(server, "localhost", trust()).error().to_string(),
              HasSubstr("does it speak https?"));
}

TEST_F(TlsTest, ShowsItsCertificateWhereAsked) {
  const TestCertificate mine("", &authority_);
  stdfs::create_directories(top_ / "certs.d/localhost:5000");
  mine.write(top_ / "certs.d/localhost:5000/client.cert",
             top_ / "certs.d/localhost:5000/client.key");
  authority_.write(top_ / "certs.d/localhost:5000/ca.crt");
  const auto known = with_certs_d({}, top_ / "certs.d", "localhost:5000");
  ASSERT_TRUE(known) << known.error().to_string();
  std::atomic<bool> shown = false;
  const TestServer server(
      [&](TestPeer& peer) {
        shown = peer.has_client_certificate();
        greet(peer);
      },
      &server_, &authority_);
  EXPECT_EQ(*ask_as(server, "localhost", *known), "hello");
  EXPECT_TRUE(shown);
  EXPECT_FALSE(ask_as(server, "localhost", trust()));
}

// Somebody on the way may cut a connection, but cannot say goodbye for the server.
TEST_F(TlsTest, ACutConnectionIsNotAnEnd) {
  const auto until_end = [](bool polite) {
    return [polite](TestPeer& peer) {
      peer.request();
      peer.say("HTTP/1.1 200 OK\r\n\r\nhalf");
      if (polite) peer.goodbye();
    };
  };
  const TestServer cut(until_end(false), &server_);
  const auto broken = ask_as(cut, "localhost", trust());
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().to_string(), HasSubstr("the connection broke"));
  const TestServer ended(until_end(true), &server_);
  EXPECT_EQ(*ask_as(ended, "localhost", trust()), "half");
}

TEST_F(TlsTest, GivesUpOnASilentHandshake) {
  const TestServer server([](TestPeer& peer) { peer.request(), peer.request(); });
  const auto got = shake_hands(server, "localhost", trust(),
                               {.handshake = milliseconds(200), .patience = milliseconds(10'000)});
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().to_string(), HasSubstr("handshake in time"));
}

TEST_F(TlsTest, CarriesMuchBothWays) {
  const std::string body(3'000'000, 'y');
  std::atomic<std::size_t> taken = 0;
  const TestServer server(
      [&](TestPeer& peer) {
        taken = peer.request().size();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                 body);
        peer.request();
      },
      &server_);
  const auto transport = shake_hands(server, "localhost", trust(), kLimits);
  ASSERT_TRUE(transport);
  ASSERT_TRUE((*transport)->send("PUT / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n" + body));
  ResponseReader reader(**transport, Method::kPut);
  ASSERT_TRUE(reader.read_head());
  std::size_t received = 0;
  while (true) {
    const auto part = reader.next();
    ASSERT_TRUE(part);
    if (part->empty()) break;
    received += part->size();
  }
  EXPECT_EQ(received, body.size());
  EXPECT_GT(taken, body.size());
  EXPECT_TRUE(reader.may_reuse());
}

TEST_F(TlsTest, NamesAFileThatCannotBeUsed) {
  std::ofstream(top_ / "bad.crt") << "no certificate";
  Trust bad = trust();
  bad.extra = {top_ / "bad.crt"};
  const TestServer server(greet, &server_);
  EXPECT_THAT(ask_as(server, "localhost", bad).error().to_string(), HasSubstr("bad.crt"));
  Trust missing;
  missing.bundle = top_ / "missing";
  EXPECT_THAT(ask_as(server, "localhost", missing).error().to_string(), HasSubstr("missing"));
}

TEST_F(TlsTest, ReadsCertsD) {
  const stdfs::path dir = top_ / "certs.d/host:1";
  EXPECT_TRUE(with_certs_d({}, top_ / "certs.d", "host:1")->extra.empty());
  stdfs::create_directories(dir);
  std::ofstream(dir / "b.crt") << "";
  std::ofstream(dir / "a.crt") << "";
  EXPECT_THAT(with_certs_d({}, top_ / "certs.d", "host:1")->extra,
              ElementsAre(dir / "a.crt", dir / "b.crt"));
  std::ofstream(dir / "me.cert") << "";
  EXPECT_THAT(with_certs_d({}, top_ / "certs.d", "host:1").error().to_string(),
              HasSubstr("me.key"));
  stdfs::rename(dir / "me.cert", dir / "me.key");
  EXPECT_THAT(with_certs_d({}, top_ / "certs.d", "host:1").error().to_string(),
              HasSubstr("me.cert"));
}

TEST(SystemTrust, GoesByTheEnvironment) {
  EXPECT_EQ(system_trust("/a", nullptr).bundle, "/a");
  EXPECT_EQ(system_trust("/a", nullptr).directory, "");
  EXPECT_EQ(system_trust(nullptr, "/d").directory, "/d");
  EXPECT_EQ(system_trust(nullptr, "/d").bundle, "");
}

TEST(PlainTransport, GivesUpOnASilentServer) {
  const TestServer server([](TestPeer& peer) { peer.request(), peer.request(); });
  const auto transport = plain_transport(connect_to(server), milliseconds(200));
  const auto got = ask(*transport);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().to_string(), HasSubstr("silent for 0.2 s"));
}

// A byte now and then is not an answer.
TEST(PlainTransport, GivesUpOnASlowServer) {
  const TestServer server([](TestPeer& peer) {
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 200 && peer.say("x"); ++i) std::this_thread::sleep_for(milliseconds(20));
  });
  const auto transport = plain_transport(connect_to(server), milliseconds(300));
  const auto got = ask(*transport);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().to_string(), HasSubstr("as good as nothing"));
}

TEST(PlainTransport, KnowsWhetherItMayBeUsedAgain) {
  const TestServer server([](TestPeer& peer) {
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  });
  const auto transport = plain_transport(connect_to(server), milliseconds(5000));
  EXPECT_TRUE(transport->is_quiet());
  EXPECT_EQ(*ask(*transport), "hello");
  for (int i = 0; i < 500 && transport->is_quiet(); ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(transport->is_quiet());  // the server has closed it
}

TEST_F(TlsTest, WhatIsTrustedIsReadOnceAndAServersOwnBesidesIt) {
  const stdfs::path own = top_ / "certs.d" / "own.example:5000";
  stdfs::create_directories(own);
  authority_.write(own / "ca.crt");
  TlsContexts contexts(trust(), top_ / "certs.d");
  const auto first = contexts.for_server("a.example");
  const auto second = contexts.for_server("b.example");
  const auto third = contexts.for_server("own.example:5000");
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(*first, *second);
  EXPECT_NE(*first, *third);
  EXPECT_FALSE(TlsContexts({.bundle = top_ / "none"}, "").for_server("a.example"));
}

}  // namespace
}  // namespace planet::registry
