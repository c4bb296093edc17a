// A container's network namespace with a resolver at 127.0.0.11, and the host's, where it runs and where upstream servers are: these
// are the test itself, which looks at what comes and says what is answered.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "network/dns_message.h"
#include "network/resolver.h"
#include "sys/datagrams.h"
#include "sys/file.h"
#include "sys/inet.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/tcp.h"

namespace planet::network {

using namespace std::chrono_literals;

inline constexpr int kSoon = 5000;  // ms: what is expected comes before

inline bool is_readable(BorrowedFd fd, int milliseconds) {
  pollfd poll{.fd = fd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, milliseconds) > 0;
}

inline std::string receive(BorrowedFd fd, int milliseconds = kSoon) {
  if (!is_readable(fd, milliseconds)) return "nothing came";
  std::string bytes(65536, '\0');
  const auto n = sys::receive_some(fd, bytes);
  if (!n || !*n) return "failed";
  bytes.resize(**n);
  return bytes;
}

// By TCP: one message with its length in front.
inline std::string receive_framed(BorrowedFd fd) {
  std::string all;
  while (all.size() < 2 || all.size() < 2U + static_cast<std::uint8_t>(all[0]) * 256U +
                                            static_cast<std::uint8_t>(all[1])) {
    const std::string piece = receive(fd);
    if (piece.empty() || piece == "failed" || piece == "nothing came") return piece;
    all += piece;
  }
  return all.substr(2);
}

inline std::string framed(const std::string& message) {
  std::string text;
  text += static_cast<char>(message.size() >> 8U);
  text += static_cast<char>(message.size() & 0xffU);
  return text + message;
}

inline std::string number16(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

inline std::string question_of(std::string_view name, std::uint16_t type,
                               std::uint16_t cls = dns::kInternet) {
  return dns::Name::from_text(name)->wire() + number16(type) + number16(cls);
}

inline std::string query_of(std::string_view name, std::uint16_t type = dns::kA,
                            std::uint16_t id = 7) {
  return number16(id) + std::string("\1\0\0\1\0\0\0\0\0\0", 10) + question_of(name, type);
}

// The server's answer to a query as it came there: so many bytes of a TXT, after the question.
inline std::string answer_to(const std::string& query, std::size_t text_size = 0,
                             unsigned rcode = 0) {
  std::string answer = query;
  answer[2] = '\x81';
  answer[3] = static_cast<char>(0x80U | rcode);
  if (text_size == 0) return answer;
  std::string text;
  for (std::size_t left = text_size; left > 0; left -= std::min<std::size_t>(left, 255))
    text += static_cast<char>(std::min<std::size_t>(left, 255)) +
            std::string(std::min<std::size_t>(left, 255), 't');
  answer[7] = 1;
  return answer + std::string("\xc0\x0c\0\x10\0\1\0\0\0\x3c", 10) +
         number16(static_cast<unsigned>(text.size())) + text;
}

inline std::string code_text(const std::string& answer) {
  if (answer.size() < 12) return answer;
  constexpr std::array kNames{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return kNames[static_cast<std::size_t>(dns::code_of(answer)) % kNames.size()];
}

inline int records_of(const std::string& answer) {
  return answer.size() < 12 ? -1 : answer[7];
}

inline bool is_cut_off(const std::string& answer) {
  return answer.size() >= 12 && (answer[2] & 2) != 0;
}

// An upstream server's sockets, both at one port.
struct TestServer {
  UniqueFd datagrams, listener;
  std::uint16_t port = 0;

  struct Got {
    std::string query;
    sys::InetAddress from;
    std::uint16_t from_port() const {
      return ntohs(reinterpret_cast<const sockaddr_in&>(from.storage).sin_port);
    }
  };

  Got take(int milliseconds = kSoon) const {
    Got got{.query = "nothing came", .from = {}};
    if (!is_readable(datagrams.borrow(), milliseconds)) return got;
    std::string bytes(65536, '\0');
    got.from.size = sizeof got.from.storage;
    const ssize_t n = ::recvfrom(datagrams.borrow().get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&got.from.storage), &got.from.size);
    if (n >= 0) got.query = bytes.substr(0, static_cast<std::size_t>(n));
    return got;
  }
  void send(const Got& to, const std::string& bytes) const {
    const sys::DatagramToSend datagram{.bytes = bytes, .to = to.from};
    EXPECT_EQ(sys::send_datagrams(datagrams.borrow(), std::span(&datagram, 1)), 1U);
  }
  UniqueFd accept() const {
    if (!is_readable(listener.borrow(), kSoon)) {
      ADD_FAILURE() << "nobody connects";
      return {};
    }
    return UniqueFd(::accept4(listener.borrow().get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  bool is_asked(int milliseconds) const {
    return is_readable(datagrams.borrow(), milliseconds) || is_readable(listener.borrow(), 0);
  }
};

class ResolverTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // With the network "blue", web there (10.88.0.5), and so many upstream servers. `before` is executed in the resolver's
  // process, which ends with what it returns unless that is 0.
  struct Options {
    std::size_t servers = 1;
    Outside outside = Outside::kForward;
    std::chrono::milliseconds idle{60'000}, patience{4'000}, client_limit{5'000};
    std::function<int(const ResolverPlan&)> before;
  };
  void start(const Options& options);
  void start() { start(Options{}); }

  // By UDP, from a socket of its own.
  std::string ask(const std::string& query) const;
  UniqueFd open_client() const;     // UDP
  UniqueFd connect_client() const;  // TCP
  int wait_for_end();               // of the resolver, its status
  void stop() { stop_.reset(); }
  pid_t resolver_pid() const { return resolver_.pid(); }

  std::vector<TestServer> servers_;
  std::optional<Names> names_;

 private:
  void enter_new_namespace();
  static TestServer open_server(std::array<std::uint8_t, 4> address, std::uint16_t port);
  ResolverPlan plan(const Options& options, UniqueFd stop);

  std::size_t descriptors_ = 0;
  UniqueFd original_, host_;
  TestServer container_;
  UniqueFd stop_;
  sys::Child resolver_;
  char path_[32] = "/tmp/planet-dns-XXXXXX";
};

}  // namespace planet::network
