// Search: registries of the test's own, with the old search and without.
#include "registry/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/test_server.h"

namespace planet::registry {
namespace {

using testing::HasSubstr;

std::string answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// What it says to /v1/search and to /v2/_catalog.
class SearchServer {
 public:
  SearchServer(std::string search, std::string catalog)
      : search_(std::move(search)),
        catalog_(std::move(catalog)),
        server_([this](TestPeer& peer) { serve(peer); }) {}

  std::string host() const { return "127.0.0.1:" + std::to_string(server_.port()); }

 private:
  void serve(TestPeer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
      if (!request.starts_with("GET")) {
        peer.say("HTTP/1.0 400 Bad Request\r\n\r\n");
        return;
      }
      if (request.starts_with("GET /v1/search"))
        peer.say(request.contains("q=web%2Fapp&n=2 ") ? search_ : answer(500, ""));
      else
        peer.say(request.starts_with("GET /v2/_catalog") ? catalog_ : answer(404, ""));
    }
  }
  std::string search_, catalog_;
  TestServer server_;
};

Settings quick() {
  Settings settings;
  settings.retries.most = 0;
  return settings;
}

TEST(Search, AsksTheOldSearchWhereItIs) {
  const SearchServer server(
      answer(200,
             R"({"num_results":3,"results":[{"name":"web/app","description":"d","star_count":7,)"
             R"("is_official":true},{"name":"b"},{"name":"c"}]})"),
      answer(500, ""));
  const auto found = search(quick(), server.host() + "/web/app", 2);
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).name, server.host() + "/web/app");
  EXPECT_EQ(found->at(0).stars, 7U);
  EXPECT_TRUE(found->at(0).official);
  EXPECT_EQ(found->at(1).name, server.host() + "/b");
}

TEST(Search, LooksThroughTheListWhereThereIsNoSearch) {
  const SearchServer server(
      answer(404, ""), answer(200, R"({"repositories":["z/web/app","web/other","a/web/app"]})"));
  const auto found = search(quick(), server.host() + "/web/app", 2);
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).name, server.host() + "/a/web/app");
}

TEST(Search, SaysWhatIsMissing) {
  const SearchServer neither(answer(404, ""), answer(404, ""));
  const auto none = search(quick(), neither.host() + "/web/app", 2);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().to_string(), HasSubstr("neither a search nor a list"));
  EXPECT_EQ(search(quick(), neither.host() + "/", 2).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(search(quick(), neither.host() + "/x", 0).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(search(quick(), neither.host() + "/x", 101).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(search(quick(), "a b:1/x", 1).error().code(), Code::kInvalidArgument);
}

TEST(Search, RefusesAnswersThatAreNone) {
  for (const char* text : {"", "[]", R"({"results":7})", R"({"results":[7]})",
                           R"({"results":[{"star_count":-1}]})", R"({"results":[{"name":["x"]}]})"})
    EXPECT_FALSE(parse_found(text)) << text;
  EXPECT_TRUE(parse_found(R"({"results":null})")->empty());
  EXPECT_TRUE(parse_found(R"({"results":[{"name":""}]})")->empty());
}

}  // namespace
}  // namespace planet::registry
