#include "engine/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Record, SaysItsNetworksInTheWordsOfTheCommandLine) {
  Record record;
  record.attachments = {*network::parse_attachment("name=web,alias=db,ip=10.1.0.9"),
                        *network::parse_attachment("lan")};
  record.publications = {*network::parse_publication("127.0.0.1:8080-8081:80-81"),
                         *network::parse_publication("[::1]::53/udp")};
  record.exposed = {*network::parse_exposed("", "80-81"), *network::parse_exposed("", "53/udp")};
  record.naming = {.dns = {.servers = {"192.0.2.1"}, .search = {"."}, .options = {"ndots:2"}},
                   .hosts = {"up:host-gateway"},
                   .domain = "example"};
  const std::string text = record_text(record);
  EXPECT_THAT(text, HasSubstr(R"("attachments":["name=web,alias=db,ip=10.1.0.9","name=lan"])"));
  EXPECT_THAT(text, HasSubstr(R"("publications":["127.0.0.1:8080-8081:80-81/tcp",)"
                              R"("[::1]::53/udp"],"exposed":["80-81/tcp","53/udp"])"));
  EXPECT_THAT(text, HasSubstr(R"("naming":{"dns":["192.0.2.1"],"search":["."],)"
                              R"("options":["ndots:2"],"hosts":["up:host-gateway"],)"
                              R"("domain":"example"})"));
  const auto read = parse_record(text);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->attachments, record.attachments);
  EXPECT_EQ(read->publications, record.publications);
  EXPECT_EQ(read->exposed, record.exposed);
  EXPECT_EQ(read->naming, record.naming);
}

TEST(Record, OfAnOlderVersionIsConnectedToNothing) {
  const std::string text = record_text({});
  for (const char* field : {"attachments", "publications", "exposed", "naming"})
    EXPECT_THAT(text, Not(HasSubstr(field)));
  const auto read = parse_record(R"({"id":"abc","name":"x","cgroup":"/planet/abc"})");
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->id, "abc");
  EXPECT_TRUE(read->attachments.empty());
  EXPECT_TRUE(read->publications.empty());
  EXPECT_TRUE(read->exposed.empty());
  EXPECT_EQ(read->naming, Naming());
}

TEST(Record, IsJudgedAsTheCommandLineIs) {
  for (const char* bad :
       {R"({"attachments":["x; drop"]})", R"({"attachments":["name=web,ip=::1"]})",
        R"({"attachments":[7]})", R"({"attachments":"web"})", R"({"publications":["80:80:80:80"]})",
        R"({"publications":["0"]})", R"({"exposed":["80/http"]})", R"({"naming":[]})",
        R"({"naming":{"dns":"x"}})"}) {
    const auto read = parse_record(bad);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code(), Code::kInvalidArgument) << bad;
  }
  const auto read = parse_record(R"({"publications":["80","x"]})");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().to_string(), HasSubstr("publications[1]"));
}

}  // namespace
}  // namespace planet::engine
