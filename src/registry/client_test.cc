// The client against registries of the test's own: one that wants tokens, ones that break off, ones that lie.
#include "registry/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "registry/blob.h"
#include "registry/link.h"
#include "registry/test_server.h"

namespace planet::registry {
namespace {

namespace stdfs = std::filesystem;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string answer(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A plain registry: every request is noted and answered by `of`. What begins with TLS is refused, as Go's servers do.
class Registry {
 public:
  using Of = std::function<std::string(const std::string& request)>;
  explicit Registry(Of of, const TestCertificate* certificate = nullptr)
      : of_(std::move(of)), server_([this](TestPeer& peer) { serve(peer); }, certificate) {}

  std::string host(const std::string& name = "127.0.0.1") const {
    return name + ":" + std::to_string(server_.port());
  }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void serve(TestPeer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
      if (!request.starts_with("GET") && !request.starts_with("HEAD") &&
          !request.starts_with("P")) {
        peer.say("HTTP/1.0 400 Bad Request\r\n\r\n");
        return;
      }
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(request);
      }
      const std::string said = of_(request);
      if (!peer.say(said) || said.contains("Connection: close")) return;
    }
  }

  Of of_;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  TestServer server_;
};

bool is(const std::string& request, const std::string& line) {
  return request.starts_with(line + " ");
}

Settings quick() {
  Settings settings;
  settings.retries.first = milliseconds(1);
  settings.http.patience = milliseconds(2000);
  return settings;
}

std::string all_of(ByteSource& source) {
  std::string all;
  while (true) {
    const auto piece = source.next();
    if (!piece) return all + "|" + piece.error().to_string();
    if (piece->empty()) return all;
    all += *piece;
  }
}

Client client_of(const Registry& registry, Settings settings = quick()) {
  return Client(std::move(settings), registry.host(), "a/b");
}

TEST(Client, FetchesATokenOnceAndShowsItToTheRegistryAlone) {
  Registry storage([](const std::string&) { return answer(200, "", "blob"); });
  Registry tokens([](const std::string& request) {
    return request.contains("Authorization: Basic YW5uOnB3") ? answer(200, "", R"({"token":"tok"})")
                                                             : answer(401, "", "");
  });
  Registry registry([&](const std::string& request) {
    if (!request.contains("Authorization: Bearer tok"))
      return answer(401,
                    "WWW-Authenticate: Bearer realm=\"http://" + tokens.host() +
                        "/t\",service=\"s\",scope=\"repository:a/b:pull,push,delete\"\r\n",
                    "{}");
    if (request.contains("/blobs/"))
      return answer(307, "Location: http://" + storage.host("localhost") + "/store?sig=secret\r\n",
                    "");
    return answer(200, "Content-Type: application/x; charset=utf-8\r\nDocker-Content-Digest: d\r\n",
                  "text");
  });
  Client client(quick(), registry.host(), "a/b");
  client.session().use(
      {.username = "ann", .password = Secret("pw"), .identity_token = {}, .registry_token = {}});
  const auto document = client.manifest("1.0");
  ASSERT_TRUE(document) << document.error().to_string();
  EXPECT_EQ(document->text, "text");
  EXPECT_EQ(document->media_type, "application/x");
  EXPECT_EQ(document->digest, "d");
  const auto blob = client.blob(kDigest, 4);
  ASSERT_TRUE(blob) << blob.error().to_string();
  EXPECT_EQ(all_of(**blob), "blob");
  ASSERT_EQ(tokens.asked().size(), 1U);
  EXPECT_THAT(tokens.asked()[0],
              HasSubstr("GET /t?service=s&scope=repository%3Aa%2Fb%3Apull&account=ann"));
  ASSERT_EQ(storage.asked().size(), 1U);
  EXPECT_THAT(storage.asked()[0], Not(HasSubstr("Authorization")));
}

TEST(Client, AChallengeOfWhomTheRegistryRedirectsToIsNotMet) {
  Registry evil([&](const std::string&) {
    return answer(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
  });
  Registry registry([&](const std::string& request) {
    if (!request.contains("Authorization: Basic"))
      return answer(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
    return answer(302, "Location: http://" + evil.host("localhost") + "/x\r\n", "");
  });
  Client client(quick(), registry.host(), "a/b");
  client.session().use(
      {.username = "ann", .password = Secret("hush"), .identity_token = {}, .registry_token = {}});
  const auto blob = client.blob(kDigest, 4);
  ASSERT_FALSE(blob);
  EXPECT_EQ(blob.error().code(), Code::kPermission);
  for (const std::string& request : evil.asked())
    EXPECT_THAT(request, Not(HasSubstr("Authorization")));
  EXPECT_EQ(evil.asked().size(), 1U);
}

TEST(Client, SaysWhereALoginIsMissingOrRefused) {
  Registry registry([&](const std::string&) {
    return answer(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
  });
  Client anonymous(quick(), registry.host(), "a/b");
  EXPECT_THAT(anonymous.manifest("1").error().to_string(),
              HasSubstr("planet login " + registry.host()));
  EXPECT_EQ(registry.asked().size(), 1U) << "nothing is sent where nothing is known";
  Client wrong(quick(), registry.host(), "");
  wrong.session().use(
      {.username = "ann", .password = Secret("hush"), .identity_token = {}, .registry_token = {}});
  const auto checked = wrong.check_login();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Code::kPermission);
  EXPECT_THAT(checked.error().to_string(), Not(HasSubstr("hush")));
}

TEST(Client, WaitsAsTheRegistrySaysButNotForever) {
  int tries = 0;
  Registry registry([&](const std::string&) {
    return ++tries < 3 ? answer(tries == 1 ? 429 : 503, "Retry-After: 0\r\n", "")
                       : answer(200, "", "x");
  });
  EXPECT_TRUE(client_of(registry).manifest("1"));
  EXPECT_EQ(tries, 3);
  Registry busy([&](const std::string&) {
    return answer(429, "Retry-After: 7200\r\n",
                  R"({"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]})");
  });
  const auto refused = client_of(busy).manifest("1");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("(slow down); try again in 7200 s"));
  EXPECT_EQ(busy.asked().size(), 1U);
  Registry broken([&](const std::string&) { return answer(502, "", "<html>"); });
  EXPECT_EQ(client_of(broken).manifest("1").error().code(), Code::kSystem);
  EXPECT_EQ(broken.asked().size(), 5U);
}

TEST(Client, ADocumentIsNoLongerThanItMayBe) {
  Registry registry(
      [&](const std::string&) { return answer(200, "", std::string(kMostManifest + 1, ' ')); });
  EXPECT_EQ(client_of(registry).manifest("1").error().code(), Code::kCorrupt);
}

// Broken off after three bytes, each time.
std::string broken(const std::string& head, const std::string& body) {
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
         body.substr(0, 3);
}

TEST(Blob, IsTakenUpAgainWhereItBroke) {
  const std::string whole = "0123456789";
  Registry registry([&](const std::string& request) {
    const std::size_t at = request.find("Range: bytes=");
    if (at == std::string::npos) return broken("HTTP/1.1 200 X\r\n", whole);
    const std::size_t from = std::stoul(request.substr(at + 13));
    return broken("HTTP/1.1 206 X\r\nContent-Range: bytes " + std::to_string(from) + "-9/10\r\n",
                  whole.substr(from));
  });
  const Settings settings = quick();
  Client client(settings, registry.host(), "a/b");
  const auto blob = client.blob(kDigest, 10);
  ASSERT_TRUE(blob);
  EXPECT_EQ(all_of(**blob), whole);
  EXPECT_EQ(registry.asked().size(), 4U);
}

TEST(Blob, AServerThatIgnoresRangesIsReadFromTheStart) {
  const std::string whole = "0123456789";
  int tries = 0;
  Registry registry([&](const std::string&) {
    return ++tries == 1 ? broken("HTTP/1.1 200 X\r\n", whole) : answer(200, "", whole);
  });
  Client client(quick(), registry.host(), "a/b");
  const auto blob = client.blob(kDigest, 10);
  ASSERT_TRUE(blob);
  EXPECT_EQ(all_of(**blob), whole);
}

struct Lie {
  const char* what;
  std::string first, second;
  const char* want;
};

TEST(Blob, ALyingServerIsFoundOut) {
  const std::string start = broken("HTTP/1.1 200 X\r\n", "0123456789");
  const auto part = [](const std::string& range, const std::string& body) {
    return answer(206, "Content-Range: " + range + "\r\n", body);
  };
  const Lie lies[] = {
      {"another size", answer(200, "", "012"), "", "has 3 bytes, its descriptor says 10"},
      {"too long",
       "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n", "",
       "longer than the 10 bytes"},
      {"too short", "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012\r\n0\r\n\r\n", "",
       "ends after 3 of 10 bytes"},
      {"another range", start, part("bytes 2-9/10", "23456789"), "sends others"},
      {"another whole", start, part("bytes 3-10/11", "3456789a"), "sends others"},
      {"half of it", start, part("bytes 3-5/10", "345"), "sends others"},
      {"no range", start, answer(206, "", "3456789"), "sends others"},
      {"an overflow", start, part("bytes 3-18446744073709551616/10", "3456789"), "sends others"},
      {"gone", start, answer(404, "", ""), "is not there"},
  };
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.what);
    std::atomic<int> tries = 0;
    Registry registry([&](const std::string&) { return ++tries == 1 ? lie.first : lie.second; });
    Client client(quick(), registry.host(), "a/b");
    const auto blob = client.blob(kDigest, 10);
    EXPECT_THAT(blob ? all_of(**blob) : blob.error().to_string(), HasSubstr(lie.want));
  }
}

TEST(Blob, AServerThatBreaksOffForEverIsGivenUp) {
  std::atomic<std::size_t> at = 0;
  Registry registry([&](const std::string&) {
    const std::size_t from = at++;
    const std::string head = from == 0 ? "HTTP/1.1 200 X\r\n"
                                       : "HTTP/1.1 206 X\r\nContent-Range: bytes " +
                                             std::to_string(from) + "-999/1000\r\n";
    return head + "Content-Length: " + std::to_string(1000 - from) +
           "\r\nConnection: close\r\n\r\nx";
  });
  Client client(quick(), registry.host(), "a/b");
  const auto blob = client.blob(kDigest, 1000);
  ASSERT_TRUE(blob);
  EXPECT_THAT(all_of(**blob), HasSubstr("broke off"));
  EXPECT_LT(registry.asked().size(), 10U);
}

TEST(ParseContentRange, TakesTheOneForm) {
  EXPECT_EQ(parse_content_range("bytes 0-9/10"), (Range{.first = 0, .last = 9, .size = 10}));
  for (const char* field :
       {"", "bytes", "bytes */10", "bytes 0-9/*", "bytes 9-0/10", "bytes 0-10/10", "bytes -1-9/10",
        "items 0-9/10", "bytes 0-9/10 ", "bytes 0 -9/10", "bytes 0-9-9/10", "bytes 0/10-9"})
    EXPECT_FALSE(parse_content_range(field)) << field;
}

class Text : public ByteSource {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  Result<std::string_view> next() override {
    given_ = std::exchange(text_, "");
    return std::string_view(given_);
  }

 private:
  std::string text_, given_;
};

Upload upload_of(const std::string& text, const std::string& from = "") {
  return {.digest = kDigest,
          .size = text.size(),
          .mount_from = from,
          .open = [text]() -> Result<std::unique_ptr<ByteSource>> {
            return std::make_unique<Text>(text);
          }};
}

TEST(Upload, IsSkippedMountedOrSent) {
  Registry there([](const std::string&) { return answer(200, "", ""); });
  EXPECT_EQ(*client_of(there).upload(upload_of("blob")), Uploaded::kWasThere);
  Registry mounts([](const std::string& request) {
    return request.starts_with("HEAD") ? answer(404, "", "") : answer(201, "", "");
  });
  Client mounting(quick(), mounts.host(), "a/b");
  EXPECT_EQ(*mounting.upload(upload_of("blob", "c")), Uploaded::kMounted);
  EXPECT_TRUE(is(mounts.asked()[1],
                 "POST /v2/a/b/blobs/uploads/?mount=sha256%3A" + std::string(64, 'a') + "&from=c"))
      << mounts.asked()[1];
  Registry takes([](const std::string& request) {
    if (request.starts_with("HEAD")) return answer(404, "", "");
    return request.starts_with("POST")
               ? answer(202, "Location: /v2/a/b/blobs/uploads/1?state=x\r\n", "")
               : answer(201, "", "");
  });
  Client sending(quick(), takes.host(), "a/b");
  EXPECT_EQ(*sending.upload(upload_of("blob", "c")), Uploaded::kSent);
  EXPECT_TRUE(is(takes.asked()[2],
                 "PUT /v2/a/b/blobs/uploads/1?state=x&digest=sha256%3A" + std::string(64, 'a')))
      << takes.asked()[2];
  EXPECT_TRUE(takes.asked()[2].ends_with("\r\n\r\nblob"));
}

TEST(Upload, APlaceElsewhereGetsTheBlobAndNoCredentials) {
  Registry elsewhere([](const std::string&) { return answer(201, "", ""); });
  Registry registry([&](const std::string& request) {
    if (!request.contains("Authorization"))
      return answer(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
    return request.starts_with("HEAD")
               ? answer(404, "", "")
               : answer(202, "Location: http://" + elsewhere.host("localhost") + "/up\r\n", "");
  });
  Client client(quick(), registry.host(), "a/b");
  client.session().use(
      {.username = "ann", .password = Secret("hush"), .identity_token = {}, .registry_token = {}});
  const auto sent = client.upload(upload_of("blob"));
  ASSERT_TRUE(sent) << sent.error().to_string();
  ASSERT_EQ(elsewhere.asked().size(), 1U);
  EXPECT_THAT(elsewhere.asked()[0], Not(HasSubstr("Authorization")));
}

TEST(Upload, WhatBreaksIsSentAgain) {
  std::atomic<int> puts = 0;
  Registry registry([&](const std::string& request) {
    if (request.starts_with("HEAD")) return answer(404, "", "");
    if (request.starts_with("POST")) return answer(202, "Location: up\r\n", "");
    return ++puts < 3 ? answer(503, "", "") : answer(201, "", "");
  });
  EXPECT_EQ(*client_of(registry).upload(upload_of("blob")), Uploaded::kSent);
  EXPECT_EQ(puts, 3);
}

TEST(Tags, ComeInPagesThatEnd) {
  Registry registry([](const std::string& request) {
    if (request.contains("last=b")) return answer(200, "", R"({"name":"a/b","tags":["c"]})");
    return answer(200, "Link: </v2/a/b/tags/list?n=2&last=b>; rel=\"next\"\r\n",
                  R"({"name":"a/b","tags":["a","b"]})");
  });
  EXPECT_THAT(*client_of(registry).tags(), ElementsAre("a", "b", "c"));
  std::atomic<int> page = 0;
  Registry endless([&](const std::string&) {
    return answer(200, "Link: <?p=" + std::to_string(++page) + ">; rel=next\r\n",
                  R"({"tags":["a"]})");
  });
  EXPECT_EQ(client_of(endless).tags().error().code(), Code::kCorrupt);
  EXPECT_EQ(page, 100);
  Registry away([&](const std::string&) {
    return answer(200, "Link: <http://localhost:1/x>; rel=next\r\n", R"({"tags":[]})");
  });
  EXPECT_THAT(client_of(away).tags().error().to_string(), HasSubstr("as the next page"));
  Registry nobody([&](const std::string&) { return answer(200, "", "[1]"); });
  EXPECT_FALSE(client_of(nobody).tags());
}

TEST(Referrers, AreListedByTheRegistryOrUnderATag) {
  Registry lists([](const std::string& request) {
    return is(request, "GET /v2/a/b/referrers/" + kDigest) ? answer(200, "", "index")
                                                           : answer(500, "", "");
  });
  EXPECT_EQ(client_of(lists).referrers(kDigest)->text, "index");
  Registry old([](const std::string& request) {
    return is(request, "GET /v2/a/b/manifests/sha256-" + std::string(64, 'a'))
               ? answer(200, "", "kept")
               : answer(404, "", "");
  });
  EXPECT_EQ(client_of(old).referrers(kDigest)->text, "kept");
  Registry none([](const std::string&) { return answer(404, "", ""); });
  EXPECT_EQ(client_of(none).referrers(kDigest)->text, "");
}

TEST(Client, AnUntrustedCertificateIsNoReasonToGoWithoutTls) {
  const TestCertificate stranger("DNS:localhost,IP:127.0.0.1", nullptr);
  Registry registry([](const std::string&) { return answer(200, "", ""); }, &stranger);
  Client client(quick(), registry.host(), "a/b");
  const auto got = client.manifest("1");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::kPermission);
  EXPECT_TRUE(registry.asked().empty());
}

TEST(ParseNextLink, FindsTheNextPage) {
  using Link = std::optional<std::string>;
  EXPECT_EQ(*parse_next_link("</v2/x?n=1&last=a,b>; rel=\"next\""), Link("/v2/x?n=1&last=a,b"));
  EXPECT_EQ(*parse_next_link("<a>; rel=prev, <b>;title=\"x, <c>\\\"\"; REL=\"last NEXT\""),
            Link("b"));
  EXPECT_EQ(*parse_next_link("<a>; rel=prev"), Link());
  EXPECT_EQ(*parse_next_link(""), Link());
  for (const char* field : {"a", "<a", "<a> b", "<a>; =x", "<a>; rel=\"next", "<a>, b"})
    EXPECT_FALSE(parse_next_link(field)) << field;
}

TEST(ParseHosts, TakesWhatItKnows) {
  const auto hosts =
      parse_hosts(R"({"insecure":["r.lan:5000"],"mirrors":{"docker.io":["m.lan"]}})");
  ASSERT_TRUE(hosts) << hosts.error().to_string();
  EXPECT_TRUE(may_be_plain(*hosts, "R.lan:5000"));
  EXPECT_TRUE(may_be_plain(*hosts, "localhost"));
  EXPECT_TRUE(may_be_plain(*hosts, "127.8.0.1:5000"));
  EXPECT_TRUE(may_be_plain(*hosts, "[::1]:5000"));
  for (const char* host : {"r.lan", "r.lan:5001", "x.r.lan:5000", "localhost.evil.example",
                           "127.0.0.1.evil.example", "m.lan", ""})
    EXPECT_FALSE(may_be_plain(*hosts, host)) << host;
  for (const char* text :
       {"", "[]", R"({"insecure":"x"})", R"({"insecure":["http://x"]})", R"({"insecure":["a/b"]})",
        R"({"mirror":{}})", R"({"mirrors":{"x":["u@y"]}})", R"({"mirrors":["x"]})"})
    EXPECT_FALSE(parse_hosts(text)) << text;
}

TEST(SettingsOf, ReadsTheEnvironment) {
  std::string top = "/tmp/planet-settings-XXXXXX";
  ASSERT_NE(::mkdtemp(top.data()), nullptr);
  std::map<std::string, std::string> variables = {{"HOME", "/home/ann"}, {"PATH", "/bin"}};
  const auto variable = [&](const char* name) {
    const auto at = variables.find(name);
    return at == variables.end() ? nullptr : at->second.c_str();
  };
  EXPECT_EQ(settings_of(variable)->docker_config, "/home/ann/.docker/config.json");
  variables["DOCKER_CONFIG"] = "/etc/d";
  variables["PLANET_REGISTRIES"] = top + "/r.json";
  EXPECT_FALSE(settings_of(variable)) << "a file that is named has to be there";
  std::ofstream(top + "/r.json") << R"({"insecure":["r.lan"]})";
  const auto settings = settings_of(variable);
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->docker_config, "/etc/d/config.json");
  EXPECT_EQ(settings->search_path, "/bin");
  EXPECT_THAT(settings->hosts.insecure, ElementsAre("r.lan"));
  stdfs::remove_all(top);
}

TEST(OriginOf, KnowsDockerHub) {
  EXPECT_EQ(origin_of("docker.io")->text(), "https://registry-1.docker.io");
  EXPECT_EQ(origin_of("Quay.io:8443")->text(), "https://quay.io:8443");
  for (const char* host : {"", "a/b", "a?b", "u@h", "h:0", "h:x"})
    EXPECT_FALSE(origin_of(host)) << host;
}

}  // namespace
}  // namespace planet::registry
