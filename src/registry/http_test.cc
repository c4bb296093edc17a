// The client against servers of the test's own: an honest one, hostile ones, and one that records what it should not see.
#include "registry/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <mutex>

#include "registry/test_server.h"

namespace planet::registry {
namespace {

namespace stdfs = std::filesystem;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string answer(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// What a server was asked, in order.
class Record {
 public:
  void add(const std::string& request) {
    const std::lock_guard lock(mutex_);
    all_.push_back(request);
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

// Answers every request of a connection with what `of` makes of it.
template <class F>
TestServer::Script serve(Record& record, F of) {
  return [&record, of](TestPeer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
      record.add(request);
      if (!peer.say(of(request))) return;
    }
  };
}

std::string at(const TestServer& server, const std::string& path,
               const std::string& host = "127.0.0.1", const std::string& scheme = "http") {
  return scheme + "://" + host + ":" + std::to_string(server.port()) + path;
}

Request get(const std::string& url) {
  Request request;
  request.url = *parse_url(url);
  return request;
}

class HttpTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/planet-http-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    authority_.write(top_ / "ca.crt");
    ::signal(SIGPIPE, SIG_IGN);  // the test's server writes with plain write(2)
  }
  void TearDown() override {
    ::signal(SIGPIPE, SIG_DFL);
    stdfs::remove_all(top_);
  }

  HttpSettings settings() const {
    HttpSettings settings;
    settings.connect = milliseconds(5000);
    settings.patience = milliseconds(5000);
    settings.trust.extra = {top_ / "ca.crt"};
    return settings;
  }

  stdfs::path top_;
  TestCertificate authority_{"", nullptr};
  TestCertificate certificate_{"DNS:localhost,IP:127.0.0.1", &authority_};
  Record record_, other_;
};

TEST_F(HttpTest, AsksAndReusesTheConnection) {
  for (const TestCertificate* certificate : {static_cast<const TestCertificate*>(nullptr),
                                             static_cast<const TestCertificate*>(&certificate_)}) {
    const char* scheme = certificate == nullptr ? "http" : "https";
    Record record;
    const TestServer server(
        serve(record, [](const std::string&) { return answer(200, "A: b\r\n", "hello"); }),
        certificate);
    HttpClient client(settings());  // ends before the server, which waits for it
    for (int i = 0; i < 3; ++i) {
      Request request = get(at(server, "/v2/?a=b", "localhost", scheme));
      request.headers = {{"Range", "bytes=1-"}};
      auto response = client.send(request);
      ASSERT_TRUE(response) << response.error().to_string();
      EXPECT_EQ(response->status(), 200);
      EXPECT_EQ(*response->header("a"), "b");
      EXPECT_EQ(*response->read_all(5), "hello");
    }
    EXPECT_THAT(record.all().at(2), AllOf(HasSubstr("GET /v2/?a=b HTTP/1.1\r\nHost: localhost:"),
                                          HasSubstr("Range: bytes=1-\r\n")));
    // Over TLS a session ticket may stand unread, which costs a connection.
    if (certificate == nullptr) {
      EXPECT_EQ(server.connections(), 1);
    }
  }
}

TEST_F(HttpTest, ABodyThatIsNotReadCostsTheConnection) {
  const TestServer server(
      serve(record_, [](const std::string&) { return answer(200, "", "hello"); }));
  HttpClient client(settings());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(client.send(get(at(server, "/"))));
  EXPECT_EQ(server.connections(), 2);
}

// A server closes what is idle, and may do so while the next request is on its way.
TEST_F(HttpTest, AsksAgainWhereTheServerHadClosed) {
  const TestServer server([&](TestPeer& peer) {
    record_.add(peer.request());
    peer.say(answer(200, "", "hello"));
    if (record_.all().size() == 1) record_.add(peer.request());  // takes the second, and closes
  });
  HttpClient client(settings());
  EXPECT_EQ(*client.send(get(at(server, "/1")))->read_all(5), "hello");
  auto second = client.send(get(at(server, "/2")));
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_EQ(*second->read_all(5), "hello");
  EXPECT_EQ(record_.all().size(), 3U);
}

TEST_F(HttpTest, DoesNothingTwice) {
  const TestServer server([&](TestPeer& peer) {
    record_.add(peer.request());
    peer.say(answer(200, "", "hello"));
    record_.add(peer.request());
  });
  HttpClient client(settings());
  EXPECT_EQ(*client.send(get(at(server, "/1")))->read_all(5), "hello");
  Request post = get(at(server, "/2"));
  post.method = Method::kPost;
  EXPECT_FALSE(client.send(post));
  EXPECT_EQ(record_.all().size(), 2U);
}

TEST_F(HttpTest, KeepsCredentialsWhereTheyBelong) {
  const TestServer stranger(
      serve(other_, [](const std::string&) { return answer(200, "", "layer"); }));
  const std::vector<std::string> away{
      at(stranger, "/x"), "//127.0.0.1:" + std::to_string(stranger.port()) + "/x",
      at(stranger, "/x", "localhost"), at(stranger, "/x", "LOCALHOST")};
  for (const int status : {301, 302, 303, 307, 308})
    for (const std::string& location : away) {
      const TestServer registry(serve(record_, [&](const std::string&) {
        return answer(status, "Location: " + location + "\r\n", "");
      }));
      HttpClient client(settings());
      Request request = get(at(registry, "/v2/blob"));
      request.authorization = Secret("Bearer s3cret");
      auto response = client.send(request);
      ASSERT_TRUE(response) << response.error().to_string();
      EXPECT_EQ(*response->read_all(5), "layer");
      EXPECT_EQ(response->url().origin.port, stranger.port());
    }
  EXPECT_EQ(record_.all().size(), 20U);
  for (const std::string& request : record_.all())
    EXPECT_THAT(request, HasSubstr("Authorization: Bearer s3cret\r\n"));
  EXPECT_EQ(other_.all().size(), 20U);
  for (const std::string& request : other_.all()) EXPECT_THAT(request, Not(HasSubstr("s3cret")));
}

TEST_F(HttpTest, CredentialsStayOnTheirServerAndDoNotComeBack) {
  std::string home;
  const TestServer stranger(serve(other_, [&](const std::string&) {
    return answer(302, "Location: " + home + "/back\r\n", "");
  }));
  const TestServer registry(serve(record_, [&](const std::string& request) {
    if (request.starts_with("GET /1")) return answer(302, "Location: /2\r\n", "");
    if (request.starts_with("GET /2"))
      return answer(302, "Location: " + at(stranger, "/") + "\r\n", "");
    return answer(200, "", "end");
  }));
  home = at(registry, "");
  HttpClient client(settings());
  Request request = get(at(registry, "/1"));
  request.authorization = Secret("Basic s3cret");
  EXPECT_EQ(*client.send(request)->read_all(3), "end");
  ASSERT_EQ(record_.all().size(), 3U);
  EXPECT_THAT(record_.all()[0], HasSubstr("s3cret"));
  EXPECT_THAT(record_.all()[1], HasSubstr("s3cret"));
  EXPECT_THAT(record_.all()[2], Not(HasSubstr("s3cret")));
}

TEST_F(HttpTest, NeverGoesFromHttpsToHttp) {
  const TestServer plain(serve(other_, [](const std::string&) { return answer(200, "", ""); }));
  const TestServer registry(serve(record_,
                                  [&](const std::string&) {
                                    return answer(
                                        307, "Location: " + at(plain, "/?sig=s3cret") + "\r\n", "");
                                  }),
                            &certificate_);
  HttpClient client(settings());
  const auto response = client.send(get(at(registry, "/", "localhost", "https")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kPermission);
  EXPECT_THAT(response.error().to_string(),
              AllOf(HasSubstr("GET https://localhost:"), Not(HasSubstr("s3cret"))));
  EXPECT_EQ(plain.connections(), 0);
}

// No trust, no request: and nothing is tried in plain text.
TEST_F(HttpTest, SaysNothingToWhomItDoesNotTrust) {
  const TestServer registry(serve(record_, [](const std::string&) { return answer(200, "", ""); }),
                            &certificate_);
  HttpSettings strict = settings();
  strict.trust.extra.clear();
  HttpClient client(strict);
  Request request = get(at(registry, "/", "localhost", "https"));
  request.authorization = Secret("Bearer s3cret");
  const auto response = client.send(request);
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().to_string(), HasSubstr("not to be trusted"));
  EXPECT_TRUE(record_.all().empty());
  EXPECT_EQ(registry.connections(), 1);
}

TEST_F(HttpTest, TakesWhatCertsDHas) {
  const TestServer registry(
      serve(record_, [](const std::string&) { return answer(200, "", "yes"); }), &certificate_);
  HttpSettings own = settings();
  own.trust.extra.clear();
  own.certs_d = top_ / "certs.d";
  stdfs::create_directories(top_ / "certs.d" / ("localhost:" + std::to_string(registry.port())));
  stdfs::copy_file(top_ / "ca.crt",
                   top_ / "certs.d" / ("localhost:" + std::to_string(registry.port())) / "ca.crt");
  HttpClient client(own);
  EXPECT_EQ(*client.send(get(at(registry, "/", "localhost", "https")))->read_all(3), "yes");
  EXPECT_FALSE(client.send(get(at(registry, "/", "127.0.0.1", "https"))));
}

TEST_F(HttpTest, HasEnoughOfRedirects) {
  const TestServer registry(
      serve(record_, [](const std::string&) { return answer(302, "Location: /again\r\n", ""); }));
  HttpClient client(settings());
  EXPECT_THAT(client.send(get(at(registry, "/"))).error().to_string(),
              HasSubstr("more than 10 redirects"));
  EXPECT_EQ(record_.all().size(), 11U);
}

TEST_F(HttpTest, UploadsWhatComes) {
  class Pieces : public ByteSource {
   public:
    explicit Pieces(int count) : left_(count) {}
    Result<std::string_view> next() override {
      return left_-- > 0 ? std::string_view("0123456789") : std::string_view();
    }

   private:
    int left_;
  };
  const TestServer registry(
      serve(record_, [](const std::string&) { return answer(202, "Location: /there\r\n", ""); }));
  HttpClient client(settings());
  Pieces body(3);
  Request request = get(at(registry, "/up"));
  request.method = Method::kPatch;
  request.stream = &body;
  request.stream_size = 30;
  EXPECT_EQ(client.send(request)->status(), 202);
  EXPECT_THAT(record_.all().at(0),
              AllOf(HasSubstr("Content-Length: 30\r\n"),
                    testing::EndsWith("\r\n\r\n012345678901234567890123456789")));
  for (const std::uint64_t wrong : {29U, 31U}) {
    Pieces again(3);
    request.stream = &again;
    request.stream_size = wrong;
    EXPECT_THAT(client.send(request).error().to_string(), HasSubstr("another size"));
  }
}

TEST_F(HttpTest, BoundsWhatHasToBeSmall) {
  const TestServer server(
      serve(record_, [](const std::string&) { return answer(200, "", "123456"); }));
  HttpClient client(settings());
  EXPECT_EQ(*client.send(get(at(server, "/")))->read_all(6), "123456");
  EXPECT_THAT(
      client.send(get(at(server, "/x?sig=s3cret")))->read_all(5).error().to_string(),
      AllOf(HasSubstr("/x: the answer is longer than the 5 bytes"), Not(HasSubstr("s3cret"))));
}

TEST_F(HttpTest, SaysWhichServerFailsAndHow) {
  HttpSettings hasty = settings();
  hasty.patience = milliseconds(200);
  const TestServer silent([](TestPeer& peer) { peer.request(), peer.request(); });
  HttpClient client(hasty);
  EXPECT_THAT(client.send(get(at(silent, "/a"))).error().to_string(),
              AllOf(HasSubstr("GET http://127.0.0.1:"), HasSubstr("silent")));
  const TestServer cut([](TestPeer& peer) {
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  EXPECT_THAT(client.send(get(at(cut, "/")))->read_all(10).error().to_string(),
              HasSubstr("broke off"));
  const TestServer huge(serve(record_, [](const std::string&) {
    return answer(200, "X: " + std::string(100'000, 'x') + "\r\n", "");
  }));
  EXPECT_THAT(client.send(get(at(huge, "/"))).error().to_string(), HasSubstr("longer than 64 KiB"));
  std::uint16_t closed = 0;
  {
    closed = TestServer([](TestPeer&) {}).port();
  }
  EXPECT_THAT(
      client.send(get("http://127.0.0.1:" + std::to_string(closed) + "/")).error().to_string(),
      HasSubstr("Connection refused"));
}

TEST_F(HttpTest, AsksAProxyForTheWholeAddress) {
  const TestServer proxy(serve(record_, [](const std::string&) { return answer(200, "", "yes"); }));
  HttpSettings proxied = settings();
  proxied.proxies.http = "http://user:pw@127.0.0.1:" + std::to_string(proxy.port());
  HttpClient client(proxied);
  EXPECT_EQ(*client.send(get("http://registry.example:5000/v2/?a"))->read_all(3), "yes");
  EXPECT_THAT(
      record_.all().at(0),
      AllOf(
          HasSubstr(
              "GET http://registry.example:5000/v2/?a HTTP/1.1\r\nHost: registry.example:5000\r\n"),
          HasSubstr("Proxy-Authorization: Basic dXNlcjpwdw==\r\n")));
}

// The proxy sees a name and a port; the registry's certificate is judged as ever, and its proxy's login it does not see.
TEST_F(HttpTest, GoesThroughAProxyToHttps) {
  const TestCertificate far("DNS:registry.example", &authority_);
  const auto tunnel = [&](TestPeer& peer) {
    record_.add(peer.request());
    peer.say("HTTP/1.0 200 Connection established\r\n\r\n");
    if (!peer.start_tls(far)) return;
    other_.add(peer.request());
    peer.say(answer(200, "", "yes"));
    peer.request();
  };
  const TestServer proxy(tunnel);
  HttpSettings proxied = settings();
  proxied.proxies.https = "http://user:pw@127.0.0.1:" + std::to_string(proxy.port());
  HttpClient client(proxied);
  Request request = get("https://registry.example/v2/");
  request.authorization = Secret("Bearer s3cret");
  auto response = client.send(request);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(*response->read_all(3), "yes");
  EXPECT_THAT(
      record_.all().at(0),
      AllOf(HasSubstr("CONNECT registry.example:443 HTTP/1.1\r\nHost: registry.example:443\r\n"),
            HasSubstr("Proxy-Authorization: Basic dXNlcjpwdw==\r\n"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(other_.all().at(0),
              AllOf(HasSubstr("GET /v2/ HTTP/1.1\r\nHost: registry.example\r\n"),
                    HasSubstr("Authorization: Bearer s3cret\r\n"), Not(HasSubstr("Proxy-"))));
  EXPECT_THAT(client.send(get("https://other.example/")).error().to_string(),
              HasSubstr("mismatch"));
  EXPECT_EQ(other_.all().size(), 1U);
}

TEST_F(HttpTest, SaysWhatAProxySays) {
  for (const auto& [status, says] :
       {std::pair(407, "wants a login"),
        std::pair(403, "does not connect to registry.example:443 (status 403)")}) {
    const TestServer proxy(
        serve(record_, [code = status](const std::string&) { return answer(code, "", "no"); }));
    HttpSettings proxied = settings();
    proxied.proxies.https = "127.0.0.1:" + std::to_string(proxy.port());
    HttpClient client(proxied);
    const auto refused = client.send(get("https://registry.example/"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kPermission);
    EXPECT_THAT(refused.error().to_string(), HasSubstr(says));
  }
}

// Through a proxy a client reaches the Internet, so what answers there does not send it into this host.
TEST_F(HttpTest, NobodyBehindAProxySendsItIntoThisHost) {
  const TestServer here(
      serve(other_, [](const std::string&) { return answer(200, "", "secret"); }));
  const TestServer proxy(serve(record_, [&](const std::string&) {
    return answer(302, "Location: " + at(here, "/") + "\r\n", "");
  }));
  HttpSettings proxied = settings();
  proxied.proxies.http = "127.0.0.1:" + std::to_string(proxy.port());
  HttpClient client(proxied);
  const auto refused = client.send(get("http://registry.example/"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("not of the Internet"));
  EXPECT_EQ(here.connections(), 0);
}

// The same for an address that an answer names in another way: a realm, an upload's place, a next page.
TEST_F(HttpTest, AsksNobodyElseOnBehalfOfTheInternet) {
  const TestServer here(serve(other_, [](const std::string&) { return answer(200, "", ""); }));
  const TestServer proxy(serve(record_, [](const std::string&) { return answer(401, "", ""); }));
  HttpSettings proxied = settings();
  proxied.proxies.http = "127.0.0.1:" + std::to_string(proxy.port());
  HttpClient client(proxied);
  {
    const auto local = client.send(get(at(here, "/")));
    ASSERT_TRUE(local);
    EXPECT_FALSE(local->from_internet());
  }
  const auto far = client.send(get("http://registry.example/"));
  ASSERT_TRUE(far);
  EXPECT_TRUE(far->from_internet());
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Request request = get(at(here, "/token", host));
    request.internet_only = far->from_internet();
    EXPECT_THAT(client.send(request).error().to_string(), HasSubstr("not of the Internet"));
  }
  EXPECT_EQ(other_.all().size(), 1U);
}

TEST_F(HttpTest, TakesNoSecondHeaderFromACredential) {
  const TestServer server(serve(record_, [](const std::string&) { return answer(200, "", ""); }));
  HttpClient client(settings());
  Request request = get(at(server, "/"));
  request.authorization = Secret("Bearer s3cret\r\nX-Evil: y");
  const auto response = client.send(request);
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().to_string(), Not(HasSubstr("s3cret")));
  EXPECT_TRUE(record_.all().empty());
}

}  // namespace
}  // namespace planet::registry
