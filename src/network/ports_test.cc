#include "network/ports.h"

#include <gtest/gtest.h>

namespace planet::network {
namespace {

Address address(std::string_view text) {
  return *Address::parse(text);
}

Publication publication(std::string_view text) {
  return *parse_publication(text);
}

std::string error_of(std::string_view text) {
  const auto none = parse_publication(text);
  return none ? "taken" : none.error().to_string();
}

TEST(PortsTest, ReadsDockersGrammar) {
  struct Case {
    const char* text;
    const char* again;
  };
  const Case cases[] = {
      {"80", "80/tcp"},
      {"80/udp", "80/udp"},
      {"80/TCP", "80/tcp"},
      {"8080:80", "8080:80/tcp"},
      {":80", "80/tcp"},
      {"0:80", "80/tcp"},
      {"::80", "80/tcp"},
      {":8080:80", "8080:80/tcp"},
      {"127.0.0.1:8080:80/sctp", "127.0.0.1:8080:80/sctp"},
      {"127.0.0.1::80", "127.0.0.1::80/tcp"},
      {"127.0.0.1:0:80", "127.0.0.1::80/tcp"},
      {"[::1]:8080:80", "[::1]:8080:80/tcp"},
      {"[::1]::80", "[::1]::80/tcp"},
      {"8000-8010:9000-9010", "8000-8010:9000-9010/tcp"},
      {"8000-8010:80", "8000-8010:80/tcp"},
      {"9000-9010", "9000-9010/tcp"},
      {"0.0.0.0:1-65535:1-65535/udp", "0.0.0.0:1-65535:1-65535/udp"},
      {"target=80", "80/tcp"},
      {"published=8080,target=80,protocol=udp", "8080:80/udp"},
  };
  for (const Case& c : cases) {
    const auto read = parse_publication(c.text);
    ASSERT_TRUE(read) << c.text << ": " << read.error().to_string();
    EXPECT_EQ(publication_text(*read), c.again) << c.text;
    EXPECT_EQ(publication(publication_text(*read)), *read);
  }
  EXPECT_TRUE(publication("127.0.0.1::80").host_ports.is_any());
  EXPECT_EQ(publication("[::1]:5-6:7-8").host, address("::1"));
}

TEST(PortsTest, RefusesInOneSentence) {
  struct Case {
    const char* text;
    const char* reason;
  };
  const Case cases[] = {
      {"", "a port is a number from 1 to 65535"},
      {"0", "a port is a number"},
      {"65536", "a port is a number"},
      {"-1", "a port is a number"},
      {"80-", "a port is a number"},
      {"90-80", "a port is a number"},
      {"0-10", "a port is a number"},
      {"0-10:80", "a port is a number"},
      {"8080:", "a port is a number"},
      {"a:80", "a port is a number"},
      {" 80", "a port is a number"},
      {"80/icmp", "tcp, udp or sctp"},
      {"80/", "tcp, udp or sctp"},
      {"80/tcp/udp", "tcp, udp or sctp"},
      {"8000-8001:9000-9002", "the host's range has 2 ports and the container's 3"},
      {"8000:9000-9002", "the host's range has 1 ports"},
      {"localhost:80:80", "the host is an address"},
      {"::1:8080:80", "an IPv6 address in brackets"},
      {"[127.0.0.1:80:80", "the host is an address"},
      {"[]:80:80", "the host is an address"},
      {"[::1]:80", "a colon more"},
      {"224.0.0.1:80:80", "multicast"},
      {"[ff02::1]:80:80", "multicast"},
      {"published=80", "target="},
      {"target=0", "a port is a number"},
      {"target=80,target=81", "\"target\" is said twice"},
      {"target=80,mode=host", "expected target="},
      {"80; drop table ip nat", "a port is a number"},
  };
  for (const Case& c : cases) {
    const std::string error = error_of(c.text);
    EXPECT_NE(error.find(c.reason), std::string::npos) << c.text << ": " << error;
    EXPECT_TRUE(error.starts_with("-p \"")) << error;
  }
  EXPECT_LT(error_of(std::string(70000, '1')).size(), 400U);
}

TEST(PortsTest, ReadsWhatIsExposed) {
  EXPECT_EQ(exposed_text(*parse_exposed("--expose", "80")), "80/tcp");
  EXPECT_EQ(exposed_text(*parse_exposed("--expose", "3000-3010/udp")), "3000-3010/udp");
  for (const char* text : {"", "0", "80:80", "x", "5-4", "80/x"}) {
    const auto none = parse_exposed("--expose", text);
    ASSERT_FALSE(none) << text;
    EXPECT_TRUE(none.error().to_string().starts_with("--expose \""));
  }
}

TEST(PortsTest, PublishesWhatIsExposedOnce) {
  const ExposedPorts exposed[] = {{{80, 82}, Protocol::kTcp}, {{81, 81}, Protocol::kTcp}};
  const auto all = publish_exposed({publication("8080:81")}, exposed);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(publication_text((*all)[1]), "80/tcp");
  EXPECT_EQ(publication_text((*all)[2]), "82/tcp");
  const ExposedPorts many[] = {{{1, 65535}, Protocol::kTcp}};
  EXPECT_FALSE(publish_exposed({}, many));
}

TEST(PortsTest, PlansWithTheHostsDefault) {
  const Address defaults[] = {address("0.0.0.0"), address("::")};
  const Publication wanted[] = {publication("80"), publication("127.0.0.1:8080:80"),
                                publication("127.0.0.1:8080:80")};
  const auto requests = plan_ports(wanted, defaults);
  ASSERT_TRUE(requests);
  ASSERT_EQ(requests->size(), 2U);
  EXPECT_EQ((*requests)[0].hosts, std::vector(std::begin(defaults), std::end(defaults)));
  EXPECT_EQ((*requests)[1].hosts, std::vector{address("127.0.0.1")});
}

TEST(PortsTest, OnePortOfTheHostIsForOneOfTheContainer) {
  const Address defaults[] = {address("127.0.0.1")};
  const auto clashes = [&](const char* one, const char* other) {
    const Publication both[] = {publication(one), publication(other)};
    return !plan_ports(both, defaults);
  };
  EXPECT_TRUE(clashes("8080:80", "8080:81"));
  EXPECT_TRUE(clashes("8080:80", "127.0.0.1:8080:81"));
  EXPECT_TRUE(clashes("0.0.0.0:8080:80", "8080:81"));
  EXPECT_TRUE(clashes("8000-8010:8000-8010", "8005:80"));
  EXPECT_FALSE(clashes("8080:80", "8080:80/udp"));
  EXPECT_FALSE(clashes("8080:80", "127.0.0.2:8080:81"));
  EXPECT_FALSE(clashes("8080:80", "8081:80"));
  EXPECT_FALSE(clashes("0.0.0.0:8080:80", "[::]:8080:81"));
  EXPECT_FALSE(clashes("80", "81"));
  EXPECT_FALSE(clashes("8000-8010:80", "8005:81"));  // another of the range is taken
  const Publication both[] = {publication("8080:80"), publication("8080:81")};
  EXPECT_EQ(plan_ports(both, defaults).error().to_string(),
            "-p \"127.0.0.1:8080:81/tcp\": its port of the host is also in "
            "\"127.0.0.1:8080:80/tcp\"; give another port, or another address");
}

// What docker 28 prints for the same bindings.
TEST(PortsTest, IsShownAsDockerShowsIt) {
  const Address any = address("0.0.0.0");
  const Address any6 = address("::");
  const std::vector<PublishedPort> moved = {{any, 8080, 80, Protocol::kTcp},
                                            {any6, 8080, 80, Protocol::kTcp}};
  EXPECT_EQ(ports_text(moved, {}), "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
  const std::vector<PublishedPort> same = {{any, 81, 81, Protocol::kTcp},
                                           {any, 80, 80, Protocol::kTcp},
                                           {any, 82, 82, Protocol::kTcp},
                                           {any, 90, 90, Protocol::kTcp}};
  EXPECT_EQ(ports_text(same, {}), "0.0.0.0:80-82->80-82/tcp, 0.0.0.0:90->90/tcp");
  const ExposedPorts exposed[] = {
      {{80, 80}, Protocol::kTcp}, {{443, 444}, Protocol::kTcp}, {{53, 53}, Protocol::kUdp}};
  EXPECT_EQ(ports_text(moved, exposed),
            "53/udp, 443-444/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
  EXPECT_EQ(ports_text({}, {}), "");
}

TEST(PortsTest, LinesAreByPort) {
  const Address any = address("0.0.0.0");
  const std::vector<PublishedPort> ports = {{any, 5300, 53, Protocol::kUdp},
                                            {any, 8080, 80, Protocol::kTcp},
                                            {address("::1"), 8080, 80, Protocol::kTcp},
                                            {any, 7, 9, Protocol::kTcp}};
  EXPECT_EQ(port_lines(ports),
            (std::vector<std::string>{"9/tcp -> 0.0.0.0:7", "53/udp -> 0.0.0.0:5300",
                                      "80/tcp -> 0.0.0.0:8080", "80/tcp -> [::1]:8080"}));
  EXPECT_EQ(host_sides(ports, 80, Protocol::kTcp),
            (std::vector<std::string>{"0.0.0.0:8080", "[::1]:8080"}));
  EXPECT_TRUE(host_sides(ports, 80, Protocol::kUdp).empty());
}

}  // namespace
}  // namespace planet::network
