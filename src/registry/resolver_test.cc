// Asks a name server that the test is, on loopback.
#include "registry/resolver.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace planet::registry {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

enum class Manner : std::uint8_t { kAnswers, kKnowsNobody, kSilent, kLiesAboutLength };

// One UDP socket that answers each question for an A record with 192.0.2.7, and knows no other record.
class NameServer {
 public:
  explicit NameServer(Manner manner)
      : manner_(manner), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() {
    ::shutdown(fd(), SHUT_RDWR);
    thread_.join();
  }

  ResolverSettings settings(milliseconds limit = milliseconds(10'000)) const {
    return {.limit = limit, .servers = "127.0.0.1:" + std::to_string(port_)};
  }

 private:
  int fd() const { return socket_.borrow().get(); }

  void serve() {
    char buffer[512];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    while (true) {
      const ssize_t n =
          ::recvfrom(fd(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 12) return;
      if (manner_ == Manner::kSilent) continue;
      const std::string answer = answer_to(std::string(buffer, static_cast<std::size_t>(n)));
      ::sendto(fd(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  // RFC 1035, section 4.1.
  std::string answer_to(std::string question) const {
    const std::size_t end = question.find('\0', 12) + 5;
    const bool wants_a = question[end - 3] == 1;
    const bool knows = manner_ != Manner::kKnowsNobody;
    std::string out = question.substr(0, 2) + '\x81' + (knows ? '\x80' : '\x83');
    out += std::string("\0\1", 2) + '\0' + (knows && wants_a ? '\1' : '\0') + std::string(4, '\0');
    out += question.substr(12, end - 12);
    if (knows && wants_a) {
      out += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0", 11);
      out += manner_ == Manner::kLiesAboutLength ? '\xff' : '\4';
      out += std::string("\xc0\0\2\7", 4);
    }
    return out;
  }

  Manner manner_;
  UniqueFd socket_;
  unsigned port_ = 0;
  std::thread thread_;
};

TEST(Resolve, AsksTheNameServer) {
  const NameServer server(Manner::kAnswers);
  const auto got = resolve("registry.example", server.settings());
  ASSERT_TRUE(got) << got.error().to_string();
  EXPECT_EQ(*got, std::vector<std::string>{"192.0.2.7"});
}

TEST(Resolve, TakesAnAddressAsItIs) {
  EXPECT_EQ(*resolve("127.0.0.1"), std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(*resolve("0:0::1"), std::vector<std::string>{"::1"});
}

TEST(Resolve, KnowsLocalhostWithoutAnybody) {
  const NameServer server(Manner::kKnowsNobody);
  EXPECT_THAT(*resolve("localhost", server.settings()), testing::Contains("127.0.0.1"));
}

TEST(Resolve, SaysWhatIsWrong) {
  const NameServer nobody(Manner::kKnowsNobody);
  const auto unknown = resolve("registry.example", nobody.settings());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kNotFound);
  EXPECT_THAT(unknown.error().to_string(), HasSubstr("no host \"registry.example\" is known"));

  const NameServer silent(Manner::kSilent);
  const auto start = std::chrono::steady_clock::now();
  const auto late = resolve("registry.example", silent.settings(milliseconds(300)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().to_string(), HasSubstr("no name server answered"));

  const NameServer liar(Manner::kLiesAboutLength);
  EXPECT_FALSE(resolve("registry.example", liar.settings(milliseconds(1000))));
  EXPECT_FALSE(resolve(std::string(300, 'a'), nobody.settings()));
}

TEST(IsPublicAddress, KnowsTheSpecialOnes) {
  for (const char* yes : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1",
                          "::ffff:8.8.8.8", "64:ff9b::808:808"})
    EXPECT_TRUE(is_public_address(yes)) << yes;
  for (const char* no : {"127.0.0.1",
                         "127.255.0.1",
                         "10.1.2.3",
                         "172.16.0.1",
                         "172.31.255.255",
                         "192.168.1.1",
                         "169.254.169.254",
                         "0.0.0.0",
                         "100.64.0.1",
                         "224.0.0.1",
                         "255.255.255.255",
                         "::1",
                         "::",
                         "fe80::1",
                         "fc00::1",
                         "fd00:ec2::254",
                         "ff02::1",
                         "::ffff:127.0.0.1",
                         "::ffff:a9fe:a9fe",
                         "64:ff9b::7f00:1",
                         "2002:7f00:1::",
                         "2001:db8::1",
                         "::127.0.0.1",
                         "",
                         "localhost"})
    EXPECT_FALSE(is_public_address(no)) << no;
}

}  // namespace
}  // namespace planet::registry
