#include "network/dns_message.h"

#include <gtest/gtest.h>

#include <vector>

namespace planet::network::dns {
namespace {

using namespace std::string_literals;

const std::string kQuestion = "\3Web\0\0\1\0\1"s;  // Web A IN
const std::string kOptRecord = "\0\0\x29\x10\x00\0\0\0\0\0\0"s;

// A header of query 0xab12 with RD; how many questions, answers, authorities, additional.
std::string header(const std::string& counts, const std::string& flags = "\1\0"s) {
  std::string text = "\xab\x12"s + flags;
  for (const char count : counts) text += "\0"s + count;
  return text;
}

std::string query_text() {
  return header("\1\0\0\0"s) + kQuestion;
}

Query query_of(std::string_view name, std::uint16_t type, std::optional<std::uint16_t> size = {}) {
  return {.id = 0xab12,
          .wants_recursion = true,
          .checking_disabled = false,
          .name = *Name::from_text(name),
          .type = type,
          .cls = kInternet,
          .edns_size = size};
}

TEST(DnsQuery, IsParsed) {
  const auto query = parse_query(query_text());
  ASSERT_TRUE(query);
  EXPECT_EQ(query->id, 0xab12);
  EXPECT_TRUE(query->wants_recursion);
  EXPECT_EQ(query->name.host_name(), "web");
  EXPECT_EQ(query->type, kA);
  EXPECT_EQ(query->cls, kInternet);
  EXPECT_EQ(query->edns_size, std::nullopt);
  EXPECT_EQ(datagram_limit(*query), 512U);
}

TEST(DnsQuery, HasTheSizeThatEdnsGives) {
  const auto limit = [](const std::string& size) {
    std::string record = kOptRecord;
    record.replace(3, 2, size);
    return datagram_limit(*parse_query(header("\1\0\0\1"s) + kQuestion + record));
  };
  EXPECT_EQ(limit("\4\xd0"s), 1232U);
  EXPECT_EQ(limit("\0\0"s), 512U);
  EXPECT_EQ(limit("\xff\xff"s), 4096U);
}

TEST(DnsQuery, MayBeSigned) {
  const std::string signature = "\0\0\xfa\0\xff\0\0\0\0\0\3xyz"s;  // TSIG
  EXPECT_TRUE(parse_query(header("\1\0\0\2"s) + kQuestion + kOptRecord + signature));
}

std::string refusal(const std::string& message) {
  const auto query = parse_query(message);
  return query ? "taken" : query.error().answer;
}

TEST(DnsQuery, IsRefusedWithItsIdOrNotAtAll) {
  const std::string form_error = "\xab\x12\x81\1\0\0\0\0\0\0\0\0"s;
  const std::string whole = query_text();
  for (std::size_t size = 0; size < 12; ++size) EXPECT_EQ(refusal(whole.substr(0, size)), "");
  for (std::size_t size = 12; size < whole.size(); ++size)
    EXPECT_EQ(refusal(whole.substr(0, size)), form_error) << size;
  EXPECT_EQ(refusal(header("\1\0\0\0"s, "\x81\0"s) + kQuestion), "");  // an answer
  EXPECT_EQ(refusal(header("\1\0\0\0"s, "\x11\0"s) + kQuestion),
            "\xab\x12\x91\4\0\0\0\0\0\0\0\0"s);  // STATUS
  EXPECT_EQ(refusal(whole + "x"), form_error);
  for (const std::string& counts :
       {"\0\0\0\0"s, "\2\0\0\0"s, "\1\1\0\0"s, "\1\0\1\0"s, "\1\0\0\1"s})
    EXPECT_EQ(refusal(header(counts) + kQuestion), form_error);
  EXPECT_EQ(refusal(header("\2\0\0\0"s) + kQuestion + kQuestion), form_error);
}

TEST(DnsQuery, TakesOneEdnsRecordOfVersion0) {
  const std::string head = header("\1\0\0\1"s) + kQuestion;
  const std::string form_error = "\xab\x12\x81\1\0\0\0\0\0\0\0\0"s;
  EXPECT_EQ(refusal(head + kOptRecord), "taken");
  for (std::size_t size = 0; size < kOptRecord.size(); ++size)
    EXPECT_EQ(refusal(head + kOptRecord.substr(0, size)), form_error) << size;
  EXPECT_EQ(refusal(header("\1\0\0\2"s) + kQuestion + kOptRecord + kOptRecord), form_error);
  EXPECT_EQ(refusal(head + "\1a"s + kOptRecord), form_error);  // of "a", not of the root
  std::string longer = kOptRecord;
  longer.back() = '\1';
  EXPECT_EQ(refusal(head + longer), form_error);
  std::string newer = kOptRecord;
  newer[6] = '\1';
  const std::string bad_version = refusal(head + newer);
  EXPECT_EQ(bad_version,
            "\xab\x12\x81\x80\0\1\0\0\0\0\0\1"s + kQuestion + "\0\0\x29\x10\0\1\0\0\0\0\0"s);
}

TEST(DnsAnswer, RepeatsTheQuestionAsItWasWritten) {
  EXPECT_EQ(answer_code(query_of("Web", kA), Rcode::kNxDomain),
            "\xab\x12\x85\x83\0\1\0\0\0\0\0\0"s + kQuestion);
  EXPECT_EQ(answer_code(query_of("Web", kA), Rcode::kServFail, Authority::kNone),
            "\xab\x12\x81\x82\0\1\0\0\0\0\0\0"s + kQuestion);
  EXPECT_EQ(answer_truncated(query_of("Web", kA, 512)),
            "\xab\x12\x83\x80\0\1\0\0\0\0\0\1"s + kQuestion + kOptRecord);
}

TEST(DnsAnswer, HasTheAddressesThatWereAskedFor) {
  const std::vector<Address> both{*Address::parse("10.88.0.5"), *Address::parse("fd00::5"),
                                  *Address::parse("10.88.0.6")};
  const std::string fixed = "\0\1\0\0\0\5"s;  // class, time to live
  const std::string first = "\xc0\x0c\0\1"s + fixed + "\0\4\x0a\x58\0\5"s;
  const std::string second = "\xc0\x0c\0\1"s + fixed + "\0\4\x0a\x58\0\6"s;
  EXPECT_EQ(answer_addresses(query_of("Web", kA), both, 512),
            "\xab\x12\x85\x80\0\1\0\2\0\0\0\0"s + kQuestion + first + second);
  const std::string six = answer_addresses(query_of("Web", kAaaa, 1232), both, 512);
  EXPECT_EQ(six.substr(0, 12), "\xab\x12\x85\x80\0\1\0\1\0\0\0\1"s);
  EXPECT_TRUE(six.ends_with("\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5"s + kOptRecord));
  EXPECT_EQ(answer_addresses(query_of("Web", kAny), both, 512)[7], 3);
  EXPECT_EQ(answer_addresses(query_of("Web", 15), both, 512)[7], 0);
}

TEST(DnsAnswer, LeavesOutWhatDoesNotFitAndSaysSo) {
  const std::vector<Address> many(60, *Address::parse("10.88.0.5"));
  for (const std::size_t limit : {512U, 900U}) {
    const std::string part = answer_addresses(query_of("web", kA, 512), many, limit);
    EXPECT_LE(part.size(), limit);
    EXPECT_GT(part.size(), limit - 16);
    EXPECT_EQ(part[2] & 2, 2);
    EXPECT_GT(part[7], 20);
  }
  const std::string whole = answer_addresses(query_of("web", kA, 512), many, kMostMessage);
  EXPECT_EQ(whole[2] & 2, 0);
  EXPECT_EQ(whole[7], 60);
}

TEST(DnsAnswer, NamesWhoHasAnAddress) {
  const std::string answer =
      answer_pointer(query_of("5.0.88.10.in-addr.arpa", kPtr, 512), *Name::from_text("web.blue"));
  EXPECT_NE(answer.find("\xc0\x0c\0\x0c\0\1\0\0\0\5\0\x0a\3web\4blue\0"s), std::string::npos);
  const std::string label = std::string(61, 'x');
  const std::string longest = label + "." + label + "." + label + "." + label;
  EXPECT_EQ(answer_pointer(query_of(longest, kPtr), *Name::from_text(longest))[2] & 2, 2);
}

TEST(DnsForward, KnowsTheAnswerToItsQuery) {
  const Query query = query_of("web", kA);
  const std::string answer = header("\1\0\0\0"s, "\x81\x80"s) + kQuestion;
  EXPECT_TRUE(is_answer(answer, query, 0xab12));
  EXPECT_FALSE(is_answer(answer, query, 0xab13));
  EXPECT_FALSE(is_answer(answer, query_of("wab", kA), 0xab12));
  EXPECT_FALSE(is_answer(answer, query_of("web", kAaaa), 0xab12));
  EXPECT_FALSE(is_answer(answer.substr(0, answer.size() - 1), query, 0xab12));
  EXPECT_FALSE(is_answer(answer.substr(0, 11), query, 0xab12));
  EXPECT_FALSE(is_answer(query_text(), query, 0xab12));
  EXPECT_FALSE(is_answer(header("\1\0\0\0"s, "\x91\x80"s) + kQuestion, query, 0xab12));
  EXPECT_FALSE(is_answer(header("\2\0\0\0"s, "\x81\x80"s) + kQuestion, query, 0xab12));
  EXPECT_FALSE(is_answer(header("\0\0\0\0"s, "\x81\x80"s), query, 0xab12));
  EXPECT_TRUE(is_answer(header("\0\0\0\0"s, "\x81\x81"s), query, 0xab12));
}

TEST(DnsForward, ExchangesTheId) {
  std::string message = query_text();
  set_id(message, 0xfe01);
  EXPECT_EQ(parse_query(message)->id, 0xfe01);
  EXPECT_EQ(code_of(header("\1\0\0\0"s, "\x81\x83"s)), Rcode::kNxDomain);
}

}  // namespace
}  // namespace planet::network::dns
