#include "registry/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/canned_transport.h"

namespace planet::registry {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(RequestText, IsOneHead) {
  const auto text = to_text({.method = Method::kPut,
                             .target = "/v2/?a",
                             .host = "h:1",
                             .headers = {{"Accept", "*/*"}},
                             .body_size = 3});
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "PUT /v2/?a HTTP/1.1\r\nHost: h:1\r\nAccept: */*\r\nContent-Length: 3\r\n\r\n");
}

TEST(RequestText, TakesNoSecondLine) {
  const auto with = [](Header header) {
    return to_text({.method = Method::kGet,
                    .target = "/",
                    .host = "h",
                    .headers = {std::move(header)},
                    .body_size = {}});
  };
  EXPECT_TRUE(with({"A", "b c"}));
  for (const Header& bad : {Header{"A", "secret\r\nX: y"},
                            {"A", "secret\n"},
                            {"A", std::string("secret\0", 7)},
                            {"A b", "secret"},
                            {"", "secret"},
                            {"A:", "secret"}}) {
    const auto text = with(bad);
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().to_string(), Not(HasSubstr("secret")));
  }
  for (const char* target : {"", "/a b", "/a\r\nX: y"})
    EXPECT_FALSE(to_text(
        {.method = Method::kGet, .target = target, .host = "h", .headers = {}, .body_size = {}}));
}

struct Read {
  Result<ResponseHead> head;
  std::string body;
  std::string error;
  bool may_reuse = false;
};

Read read(const std::string& answer, std::size_t piece, Method method = Method::kGet) {
  CannedTransport transport(answer, piece);
  ResponseReader reader(transport, method);
  Read got{.head = reader.read_head(), .body = {}, .error = {}};
  if (!got.head) {
    got.error = got.head.error().to_string();
    return got;
  }
  while (true) {
    const auto part = reader.next();
    if (!part) {
      got.error = part.error().to_string();
      break;
    }
    if (part->empty()) break;
    got.body += *part;
  }
  got.may_reuse = reader.may_reuse();
  return got;
}

struct GoodCase {
  const char* answer;
  int status;
  const char* body;
  bool may_reuse;
};

const GoodCase kGood[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", false},
    {"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 404, "", true},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
     "chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
     200, "abcde", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: x\r\n\r\n", 200, "", true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 202 "
     "A\r\nContent-Length: 1\r\n\r\n!",
     202, "!", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!HTTP/1.1 200 OK\r\n\r\n", 200, "!", false},
};

TEST(ResponseReader, ReadsWhateverTheCuts) {
  for (const GoodCase& c : kGood)
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
      SCOPED_TRACE(c.answer + std::string(" in pieces of ") + std::to_string(piece));
      const Read got = read(c.answer, piece);
      EXPECT_EQ(got.error, "");
      ASSERT_TRUE(got.head);
      EXPECT_EQ(got.head->status, c.status);
      EXPECT_EQ(got.body, c.body);
      // What follows an answer is seen only where it came together with it.
      if (piece == 1000U || c.may_reuse) {
        EXPECT_EQ(got.may_reuse, c.may_reuse);
      }
    }
}

TEST(ResponseReader, AHeadAloneHasNoBody) {
  const Read got =
      read("HTTP/1.1 200 OK\r\nContent-Length: 500\r\nDocker-Content-Digest: d\r\n\r\n", 9,
           Method::kHead);
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.body, "");
  EXPECT_TRUE(got.may_reuse);
  EXPECT_EQ(*find_header(got.head->headers, "docker-content-digest"), "d");
  EXPECT_EQ(find_header(got.head->headers, "docker"), nullptr);
}

TEST(ResponseReader, KeepsEveryFieldButTrailers) {
  const Read got = read(
      "HTTP/1.1 401 U\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer realm=x "
      "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nLocation: x\r\n\r\n",
      5);
  ASSERT_TRUE(got.head);
  EXPECT_EQ(got.head->headers, (Headers{{"WWW-Authenticate", "Basic"},
                                        {"WWW-Authenticate", "Bearer realm=x"},
                                        {"Transfer-Encoding", "chunked"}}));
}

struct BadCase {
  std::string answer;
  const char* says;
};

const BadCase kBad[] = {
    {"", "broke off"},
    {"HTTP/1.1 200 OK\r\n", "broke off"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "broke off"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "broke off"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "not HTTP"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\na", "not HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "not HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "not HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "not HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "not HTTP"},
    {"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "not HTTP"},
    {"HTTP/1.1 99 X\r\n\r\n", "not HTTP"},
    {"HTTP/2.0 200 OK\r\n\r\n", "not HTTP"},
    {"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"},
    {"\x15\x03\x01\x00\x02\x02\x50", "not HTTP"},
    {"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n", "another protocol"},
    {"HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x') + "\r\nY: " + std::string(40'000, 'y') +
         "\r\n\r\n",
     "longer than 64 KiB"},
    {"HTTP/1.1 200 OK\r\nX: " + std::string(ResponseReader::kMostHead, 'x') + "\r\n\r\n",
     "longer than 64 KiB"},
};

TEST(ResponseReader, SaysWhatIsWrong) {
  for (const BadCase& c : kBad)
    for (const std::size_t piece : {3U, 100'000U}) {
      SCOPED_TRACE(c.answer.substr(0, 100) + " in pieces of " + std::to_string(piece));
      EXPECT_THAT(read(c.answer, piece).error, HasSubstr(c.says));
    }
}

TEST(ResponseReader, HasEnoughOfInterimAnswers) {
  std::string answer;
  for (int i = 0; i < 100; ++i) answer += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_THAT(read(answer, 1000).error, HasSubstr("interim"));
}

TEST(ResponseReader, KnowsAConnectionThatWasClosedBefore) {
  CannedTransport closed("", 1);
  ResponseReader reader(closed, Method::kGet);
  EXPECT_FALSE(reader.read_head());
  EXPECT_TRUE(reader.got_nothing());
  CannedTransport cut("H", 1);
  ResponseReader other(cut, Method::kGet);
  EXPECT_FALSE(other.read_head());
  EXPECT_FALSE(other.got_nothing());
}

TEST(ResponseReader, PassesMuchOn) {
  const std::string body(3'000'000, 'x');
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body, 50'000).body, body);
}

}  // namespace
}  // namespace planet::registry
