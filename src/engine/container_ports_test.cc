#include "engine/container_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using network::Address;
using network::ExposedPorts;
using network::Protocol;
using network::PublishedPort;
using testing::ElementsAre;
using testing::HasSubstr;

RunRequest asked(const std::vector<std::string>& publish, const std::vector<std::string>& expose) {
  RunRequest request;
  for (const std::string& text : publish)
    request.publications.push_back(*network::parse_publication(text));
  for (const std::string& text : expose)
    request.exposed.push_back(*network::parse_exposed("--expose", text));
  return request;
}

oci::ImageConfig image_of(std::vector<std::string> exposed) {
  oci::ImageConfig image;
  image.exposed = std::move(exposed);
  return image;
}

std::vector<std::string> texts(const std::vector<ExposedPorts>& exposed) {
  std::vector<std::string> all;
  for (const ExposedPorts& one : exposed) all.push_back(network::exposed_text(one));
  return all;
}

std::vector<std::string> texts(const std::vector<network::Publication>& publications) {
  std::vector<std::string> all;
  for (const network::Publication& one : publications) all.push_back(publication_text(one));
  return all;
}

TEST(ContainerPorts, AreTheImagesAndTheRequests) {
  const auto ports =
      plan_container_ports(asked({"8080:80", "9000-9001:7-8/udp"}, {"90-95", "92-99"}),
                           image_of({"443/tcp", "444", "53/udp", "80/tcp"}));
  ASSERT_TRUE(ports) << ports.error().to_string();
  EXPECT_THAT(texts(ports->exposed),
              ElementsAre("80/tcp", "90-99/tcp", "443-444/tcp", "7-8/udp", "53/udp"));
  EXPECT_THAT(texts(ports->publications), ElementsAre("8080:80/tcp", "9000-9001:7-8/udp"));
}

TEST(ContainerPorts, ArePublishedByPublishAll) {
  RunRequest request = asked({"8080:80"}, {"90"});
  request.publish_all = true;
  const auto ports = plan_container_ports(request, image_of({"443/tcp", "80/tcp"}));
  ASSERT_TRUE(ports) << ports.error().to_string();
  EXPECT_THAT(texts(ports->publications), ElementsAre("8080:80/tcp", "443/tcp", "90/tcp"));
  EXPECT_THAT(texts(ports->exposed), ElementsAre("80/tcp", "90/tcp", "443/tcp"));
}

TEST(ContainerPorts, OfAHostileImage) {
  const auto refused = [](std::vector<std::string> exposed, bool publish_all) {
    RunRequest request;
    request.publish_all = publish_all;
    const auto ports = plan_container_ports(request, image_of(std::move(exposed)));
    return ports ? "" : ports.error().to_string();
  };
  for (const char* text : {"", "x", "0", "80/http", "9-8", "65536", "80/tcp/udp", "80; drop"})
    EXPECT_THAT(refused({text}, false), HasSubstr("the image's EXPOSE")) << text;
  std::vector<std::string> all;
  std::vector<std::string> apart;
  for (int port = 1; port <= 65535; ++port) {
    all.push_back(std::to_string(port));
    if (port % 2 == 0) apart.push_back(std::to_string(port));
  }
  EXPECT_EQ(refused(all, false), "");
  EXPECT_THAT(refused(all, true), HasSubstr("more than 1024 ports"));
  EXPECT_THAT(refused(apart, false), HasSubstr("more than 1024 ranges"));
}

const std::vector<PublishedPort> kPublished = {
    {*Address::parse("127.0.0.1"), 8080, 80, Protocol::kTcp},
    {*Address::parse("::1"), 8080, 80, Protocol::kTcp},
    {*Address::parse("0.0.0.0"), 53, 5353, Protocol::kUdp}};
const std::vector<ExposedPorts> kExposed = {{.ports = {80, 80}, .protocol = Protocol::kTcp},
                                            {.ports = {443, 444}, .protocol = Protocol::kTcp}};

TEST(ContainerPorts, AreLookedFor) {
  const auto fits = [](std::vector<std::string> texts) {
    const auto filters = format::Filters::parse(texts, {"publish", "expose"});
    const auto filter = PortFilter::of(*filters);
    EXPECT_TRUE(filter) << filter.error().to_string();
    return filter->fits(kPublished, kExposed);
  };
  EXPECT_TRUE(fits({}));
  EXPECT_TRUE(fits({"publish=8080"}));
  EXPECT_TRUE(fits({"publish=8000-8100/tcp"}));
  EXPECT_TRUE(fits({"publish=53/udp"}));
  EXPECT_FALSE(fits({"publish=53"}));
  EXPECT_FALSE(fits({"publish=80"}));
  EXPECT_TRUE(fits({"expose=80"}));
  EXPECT_TRUE(fits({"expose=444"}));
  EXPECT_TRUE(fits({"expose=5353/udp"}));
  EXPECT_FALSE(fits({"expose=8080"}));
  EXPECT_TRUE(fits({"publish=1", "expose=80"}));
  EXPECT_TRUE(fits({"publish=1", "publish=8080"}));
  for (const char* text : {"publish=", "publish=x", "expose=80/http", "expose=0"})
    EXPECT_FALSE(PortFilter::of(*format::Filters::parse({text}, {"publish", "expose"}))) << text;
}

TEST(ContainerPorts, AsJson) {
  EXPECT_EQ(oci::to_text(exposed_json(kExposed)), R"({"80/tcp":{},"443/tcp":{},"444/tcp":{}})");
  EXPECT_EQ(oci::to_text(ports_json(kPublished, kExposed)),
            R"({"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"},)"
            R"({"HostIp":"::1","HostPort":"8080"}],"443/tcp":null,"444/tcp":null,)"
            R"("5353/udp":[{"HostIp":"0.0.0.0","HostPort":"53"}]})");
  const RunRequest request =
      asked({"8080:80", "127.0.0.1::80", "9000-9001:7-8/udp", "9100-9110:9", "[::1]:1:1"}, {});
  EXPECT_EQ(
      oci::to_text(bindings_json(request.publications)),
      R"({"80/tcp":[{"HostIp":"","HostPort":"8080"},{"HostIp":"127.0.0.1","HostPort":""}],)"
      R"("7/udp":[{"HostIp":"","HostPort":"9000"}],"8/udp":[{"HostIp":"","HostPort":"9001"}],)"
      R"("9/tcp":[{"HostIp":"","HostPort":"9100-9110"}],"1/tcp":[{"HostIp":"::1","HostPort":"1"}]})");
}

}  // namespace
}  // namespace planet::engine
