#include "network/resolver_test.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <set>

#include "network/dns_clients.h"

namespace planet::network {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

TEST(UpstreamsTest, HaveTheNumbersOfTheirLinks) {
  const ResolvConf host =
      parse_resolv_conf("nameserver 192.0.2.1\nnameserver fe80::1%lo\nnameserver fe80::2%77\n");
  const auto upstreams = upstreams_of(host.nameservers);
  ASSERT_EQ(upstreams.size(), 3U);
  EXPECT_EQ(upstreams[0].address.to_string(), "192.0.2.1");
  EXPECT_EQ(upstreams[0].port, 53);
  EXPECT_EQ(upstreams[0].link, 0U);
  EXPECT_EQ(upstreams[1].link, *sys::link_number("lo"));
  EXPECT_EQ(upstreams[2].link, 77U);
  EXPECT_TRUE(
      upstreams_of(parse_resolv_conf("nameserver fe80::1%no-such-link").nameservers).empty());
}

TEST_F(ResolverTest, KnowsContainersAsTheyComeAndGo) {
  start();
  const std::string web = ask(query_of("web"));
  EXPECT_EQ(web.substr(0, 2), number16(7));
  EXPECT_THAT(web, EndsWith(std::string("\0\4\x0a\x58\0\5", 6)));
  const std::string six = ask(query_of("WEB.blue", dns::kAaaa));
  EXPECT_EQ(code_text(six), "NOERROR");
  EXPECT_EQ(records_of(six), 0);
  EXPECT_THAT(ask(query_of("5.0.88.10.in-addr.arpa", dns::kPtr)), HasSubstr("\3web\4blue"));

  const UniqueFd stream = connect_client();
  const auto ask_by_tcp = [&] {
    EXPECT_TRUE(sys::send_some(stream.borrow(), framed(query_of("db"))));
    return receive_framed(stream.borrow());
  };
  EXPECT_EQ(code_text(ask(query_of("db"))), "NXDOMAIN");
  EXPECT_EQ(code_text(ask_by_tcp()), "NXDOMAIN");
  ASSERT_TRUE(
      names_->add({.owner = "c2", .names = {"db"}, .addresses = {*Address::parse("10.88.0.6")}}));
  EXPECT_EQ(records_of(ask_by_tcp()), 1);
  EXPECT_EQ(records_of(ask(query_of("db"))), 1);
  ASSERT_TRUE(names_->remove("c2"));
  EXPECT_EQ(code_text(ask_by_tcp()), "NXDOMAIN");
  EXPECT_EQ(code_text(ask(query_of("db"))), "NXDOMAIN");
  EXPECT_FALSE(servers_[0].is_asked(0));
}

TEST_F(ResolverTest, RefusesWhatIsNotForIt) {
  start();
  const std::string chaos =
      number16(9) + std::string("\1\0\0\1\0\0\0\0\0\0", 10) + question_of("version.bind", 16, 3);
  EXPECT_EQ(code_text(ask(chaos)), "REFUSED");
  EXPECT_EQ(code_text(ask(query_of("example.org", dns::kAxfr))), "REFUSED");
  EXPECT_EQ(code_text(ask(query_of("web") + "x")), "FORMERR");
  std::string status = query_of("web");
  status[2] = '\x10';
  EXPECT_EQ(code_text(ask(status)), "NOTIMP");
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), answer_to(query_of("web"))));
  ASSERT_TRUE(sys::send_some(client.borrow(), "short"));
  EXPECT_FALSE(is_readable(client.borrow(), 100));
  EXPECT_EQ(code_text(ask(query_of("web"))), "NOERROR");
  EXPECT_FALSE(servers_[0].is_asked(0));
}

TEST_F(ResolverTest, AnswersAllThatWaitAtOnce) {
  constexpr std::uint16_t kMany = 200;
  start();
  const UniqueFd client = open_client();
  std::set<std::string> ids;
  ASSERT_EQ(::kill(resolver_pid(), SIGSTOP), 0);
  for (std::uint16_t id = 0; id < kMany; ++id) {
    ASSERT_TRUE(sys::send_some(client.borrow(), query_of("web", dns::kA, id)));
    ids.insert(number16(id));
  }
  ASSERT_EQ(::kill(resolver_pid(), SIGCONT), 0);
  for (unsigned i = 0; i < kMany; ++i) {
    const std::string answer = receive(client.borrow());
    EXPECT_THAT(answer, EndsWith(std::string("\0\4\x0a\x58\0\5", 6)));
    EXPECT_EQ(ids.erase(answer.substr(0, 2)), 1U);
  }
  EXPECT_FALSE(is_readable(client.borrow(), 50));
}

// Of so many bytes.
std::string long_query(std::size_t size) {
  std::string query = query_of("web");
  query[11] = 1;
  query += std::string("\0\0\x29\x10\0\0\0\0\0", 9);
  const std::size_t left = size - query.size() - 2;
  return query + number16(static_cast<unsigned>(left)) + std::string(left, '\0');
}

TEST_F(ResolverTest, WhatIsNoQueryHarmsNoneThatIs) {
  start();
  const UniqueFd client = open_client();
  const std::string longest = long_query(dns::kMostDatagram);
  ASSERT_EQ(::kill(resolver_pid(), SIGSTOP), 0);
  for (const std::string& other : {std::string(), longest + "x", answer_to(longest + "x"), longest,
                                   long_query(dns::kMostDatagram + 1)}) {
    ASSERT_TRUE(sys::send_some(client.borrow(), query_of("web")));
    ASSERT_TRUE(sys::send_some(client.borrow(), other));
  }
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("db")));
  ASSERT_EQ(::kill(resolver_pid(), SIGCONT), 0);
  std::string codes;
  for (int i = 0; i < 9; ++i) codes += code_text(receive(client.borrow())) + " ";
  EXPECT_EQ(codes, "NOERROR NOERROR FORMERR NOERROR NOERROR NOERROR NOERROR FORMERR NXDOMAIN ");
  EXPECT_FALSE(is_readable(client.borrow(), 50));
  EXPECT_EQ(records_of(ask(query_of("web"))), 1);
}

TEST_F(ResolverTest, ForwardsAndPassesTheAnswerOn) {
  start();
  std::set<std::string> ids;
  std::set<unsigned> ports;
  for (std::uint16_t id = 0; id < 20; ++id) {
    const UniqueFd client = open_client();
    ASSERT_TRUE(sys::send_some(client.borrow(), query_of("Example.org", dns::kAaaa, id)));
    const auto got = servers_[0].take();
    EXPECT_EQ(got.query.substr(2), query_of("Example.org", dns::kAaaa).substr(2));
    ids.insert(got.query.substr(0, 2));
    ports.insert(got.from_port());
    servers_[0].send(got, answer_to(got.query, 100));
    EXPECT_EQ(receive(client.borrow()), answer_to(query_of("Example.org", dns::kAaaa, id), 100));
  }
  // Neither is a counter. That two of twenty are the same happens once in 300 times, that many are never.
  EXPECT_GT(ids.size(), 15U);
  EXPECT_GT(ports.size(), 15U);
}

TEST_F(ResolverTest, BelievesNoForgedAnswer) {
  start({.servers = 2});
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org")));
  const auto got = servers_[0].take();
  std::string wrong_id = got.query;
  wrong_id[0] = static_cast<char>(wrong_id[0] + 1);
  servers_[0].send(got, answer_to(wrong_id, 20));
  servers_[0].send(got, answer_to(got.query.substr(0, 2) + query_of("example.net").substr(2), 20));
  servers_[0].send(got, got.query);
  servers_[0].send(got, "junk");
  servers_[1].send(got, answer_to(got.query, 30));  // not the one that was asked
  EXPECT_FALSE(is_readable(client.borrow(), 100));
  servers_[0].send(got, answer_to(got.query, 40));
  EXPECT_EQ(receive(client.borrow()), answer_to(query_of("example.org"), 40));
}

TEST_F(ResolverTest, AsksTheNextServerIfOneIsSilent) {
  start({.servers = 2, .patience = 600ms});
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org")));
  EXPECT_NE(servers_[0].take().query, "nothing came");
  const auto second = servers_[1].take();
  servers_[1].send(second, answer_to(second.query, 9));
  EXPECT_EQ(receive(client.borrow()), answer_to(query_of("example.org"), 9));
  // The silent one is now the last to be asked.
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.net")));
  const auto other = servers_[1].take();
  servers_[1].send(other, answer_to(other.query, 0, 3));
  EXPECT_EQ(code_text(receive(client.borrow())), "NXDOMAIN");
  EXPECT_FALSE(servers_[0].is_asked(0));
}

TEST_F(ResolverTest, AsksTheNextServerIfOneFailsOrIsNotThere) {
  start({.servers = 3});
  servers_[1] = {};
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org")));
  const auto first = servers_[0].take();
  servers_[0].send(first, answer_to(first.query, 0, 2));
  const auto third = servers_[2].take(1000);  // without waiting for the second
  servers_[2].send(third, answer_to(third.query, 0, 5));
  EXPECT_EQ(code_text(receive(client.borrow())), "REFUSED");
}

TEST_F(ResolverTest, GivesUpInTime) {
  start({.patience = 400ms});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(code_text(ask(query_of("example.org"))), "SERVFAIL");
  const auto passed = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(passed, 390ms);
  EXPECT_LT(passed, 2s);
  EXPECT_NE(servers_[0].take(0).query, "nothing came");  // and once more: a datagram may get lost
  EXPECT_NE(servers_[0].take(0).query, "nothing came");
  EXPECT_FALSE(servers_[0].is_asked(0));
}

TEST_F(ResolverTest, FailsAtOnceWithoutServers) {
  start({.servers = 0});
  EXPECT_EQ(code_text(ask(query_of("example.org"))), "SERVFAIL");
}

TEST_F(ResolverTest, SendsNothingOutOfAnInternalNetwork) {
  start({.outside = Outside::kRefuse});
  EXPECT_EQ(code_text(ask(query_of("example.org"))), "REFUSED");
  EXPECT_EQ(code_text(ask(query_of("secret", 16))), "REFUSED");
  EXPECT_EQ(code_text(ask(query_of("1.2.0.192.in-addr.arpa", dns::kPtr))), "REFUSED");
  const UniqueFd client = connect_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), framed(query_of("example.org"))));
  EXPECT_EQ(code_text(receive_framed(client.borrow())), "REFUSED");
  EXPECT_EQ(records_of(ask(query_of("web"))), 1);
  EXPECT_FALSE(servers_[0].is_asked(100));
}

TEST_F(ResolverTest, BoundsTheQueriesOnTheirWay) {
  start({.patience = 3s});
  const UniqueFd client = open_client();
  for (std::uint16_t id = 0; id < Forwarder::kMostAtOnce + 5; ++id) {
    ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org", dns::kA, id)));
    if (id < Forwarder::kMostAtOnce) {
      ASSERT_NE(servers_[0].take().query, "nothing came");
    }
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_text(receive(client.borrow())), "SERVFAIL");
  EXPECT_EQ(records_of(ask(query_of("web"))), 1);
}

TEST_F(ResolverTest, CutsOffWhatItsClientDoesNotTake) {
  start();
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org", 16)));
  const auto got = servers_[0].take();
  servers_[0].send(got, answer_to(got.query, 3000));
  const std::string answer = receive(client.borrow());
  EXPECT_TRUE(is_cut_off(answer));
  EXPECT_EQ(records_of(answer), 0);
}

TEST_F(ResolverTest, PassesOnThatAnAnswerWasCutOff) {
  start();
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org", 16)));
  const auto got = servers_[0].take();
  std::string cut = answer_to(got.query);
  cut[2] = static_cast<char>(cut[2] | 2);
  servers_[0].send(got, cut);
  EXPECT_TRUE(is_cut_off(receive(client.borrow())));

  const UniqueFd again = connect_client();
  ASSERT_TRUE(sys::send_some(again.borrow(), framed(query_of("example.org", 16))));
  const UniqueFd stream = servers_[0].accept();
  const std::string query = receive_framed(stream.borrow());
  const std::string whole = framed(answer_to(query, 3000));
  ASSERT_TRUE(sys::send_some(stream.borrow(), whole.substr(0, 1)));
  ASSERT_TRUE(sys::send_some(stream.borrow(), whole.substr(1, 1000)));
  EXPECT_FALSE(is_readable(again.borrow(), 50));
  ASSERT_TRUE(sys::send_some(stream.borrow(), whole.substr(1001)));
  EXPECT_EQ(receive_framed(again.borrow()), answer_to(query_of("example.org", 16), 3000));
}

TEST_F(ResolverTest, AsksTheNextServerByTcp) {
  start({.servers = 2});
  const UniqueFd client = connect_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), framed(query_of("example.org"))));
  (void)servers_[0].accept();  // and closed
  const UniqueFd stream = servers_[1].accept();
  const std::string query = receive_framed(stream.borrow());
  ASSERT_TRUE(sys::send_some(stream.borrow(), framed(answer_to(query, 60000))));
  EXPECT_EQ(receive_framed(client.borrow()), answer_to(query_of("example.org"), 60000));
}

TEST_F(ResolverTest, AnswersByTcpInOrder) {
  start();
  const UniqueFd client = connect_client();
  const std::string both = framed(query_of("example.org", dns::kA, 1)) +
                           framed(query_of("web", dns::kA, 2)) +
                           framed(query_of("none", dns::kA, 3));
  ASSERT_TRUE(sys::send_some(client.borrow(), both));
  ASSERT_EQ(::shutdown(client.borrow().get(), SHUT_WR), 0);
  {
    const UniqueFd stream = servers_[0].accept();
    ASSERT_TRUE(
        sys::send_some(stream.borrow(), framed(answer_to(receive_framed(stream.borrow())))));
  }
  std::string all;
  for (std::string piece = receive(client.borrow()); !piece.empty() && piece != "nothing came";
       piece = receive(client.borrow()))
    all += piece;
  ASSERT_EQ(all.size(), 6 + 29U + 37 + 22);
  EXPECT_EQ(all.substr(2, 2), number16(1));
  EXPECT_EQ(all.substr(2 + 29 + 2, 2), number16(2));
  EXPECT_EQ(all.substr(2 + 29 + 2 + 37 + 2, 2), number16(3));
}

TEST_F(ResolverTest, ClosesAConnectionThatSaysNothingOfUse) {
  start();
  for (const std::string& bytes : {framed(answer_to(query_of("web"))), framed(""), framed("x")}) {
    const UniqueFd client = connect_client();
    ASSERT_TRUE(sys::send_some(client.borrow(), bytes));
    EXPECT_EQ(receive(client.borrow()), "");
  }
}

TEST_F(ResolverTest, KeepsNoPlaceForClientsThatDoNotAsk) {
  start({.client_limit = 300ms});
  std::vector<UniqueFd> slow;
  slow.reserve(TcpClients::kMostAtOnce);
  for (std::size_t i = 0; i < TcpClients::kMostAtOnce; ++i) slow.push_back(connect_client());
  const UniqueFd late = connect_client();
  ASSERT_TRUE(sys::send_some(late.borrow(), framed(query_of("web"))));
  // Byte by byte, always in time for the next.
  const std::string query = framed(query_of("web"));
  bool was_closed = false;
  for (std::size_t i = 0; i < query.size() - 1 && !was_closed; ++i) {
    was_closed = !sys::send_some(slow[0].borrow(), query.substr(i, 1));
    sys::sleep_ms(50);
  }
  EXPECT_TRUE(was_closed);
  EXPECT_EQ(records_of(receive_framed(late.borrow())), 1);
  EXPECT_EQ(records_of(ask(query_of("web"))), 1);
}

TEST_F(ResolverTest, EndsWhenItIsIdle) {
  start({.idle = 100ms});
  EXPECT_EQ(records_of(ask(query_of("web"))), 1);
  EXPECT_EQ(wait_for_end(), 0);
}

TEST_F(ResolverTest, EndsNotBeforeItsAnswers) {
  start({.idle = 100ms});
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org")));
  const auto got = servers_[0].take();
  sys::sleep_ms(300);
  servers_[0].send(got, answer_to(got.query));
  EXPECT_EQ(code_text(receive(client.borrow())), "NOERROR");
  EXPECT_EQ(wait_for_end(), 0);
}

TEST_F(ResolverTest, EndsWithItsContainer) {
  start();
  EXPECT_EQ(records_of(ask(query_of("web"))), 1);
  stop();
  EXPECT_EQ(wait_for_end(), 0);
}

}  // namespace
}  // namespace planet::network
