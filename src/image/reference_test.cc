#include "image/reference.h"

#include <gtest/gtest.h>

namespace planet::image {
namespace {

struct ReferenceCase {
  const char* in;
  const char* want;  // null: refused
};

const std::string kHex(64, 'a');

const ReferenceCase kCases[] = {
    {"busybox", "busybox:latest"},
    {"busybox:1.36", "busybox:1.36"},
    {"library/debian", "library/debian:latest"},
    {"localhost/web", "localhost/web:latest"},
    {"localhost:5000/web:1", "localhost:5000/web:1"},
    {"127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest"},
    {"[::1]:5000/a", "[::1]:5000/a:latest"},
    {"Quay.io/a", "Quay.io/a:latest"},
    {"a__b-c.d", "a__b-c.d:latest"},
    {"a---b", "a---b:latest"},
    {"", nullptr},
    {":", nullptr},
    {"Busybox", nullptr},
    {"a..b", nullptr},
    {"a___b", nullptr},
    {"-a", nullptr},
    {"a-", nullptr},
    {"a//b", nullptr},
    {"/a", nullptr},
    {"a/", nullptr},
    {"a:", nullptr},
    {"a:b:c", nullptr},
    {"a:../x", nullptr},
    {"../a", nullptr},
    {"a b", nullptr},
    {"a\n", nullptr},
    {"localhost:99999/a", nullptr},
    {"localhost:x/a", nullptr},
    {"a@sha256:short", nullptr},
    {"a@md5:00", nullptr},
    {"-oProxyCommand=x", nullptr},
};

TEST(ParseReference, FollowsTheGrammar) {
  for (const ReferenceCase& c : kCases) {
    SCOPED_TRACE(c.in);
    const auto got = parse_reference(c.in);
    ASSERT_EQ(got.has_value(), c.want != nullptr);
    EXPECT_EQ(got ? got->text() : "", c.want == nullptr ? "" : c.want);
  }
  EXPECT_FALSE(parse_reference(std::string(300, 'a')));
  EXPECT_FALSE(parse_reference("a:" + std::string(129, 'a')));
  EXPECT_EQ(parse_reference("a@sha256:" + kHex)->text(), "a@sha256:" + kHex);
  EXPECT_EQ(parse_reference("a:b@sha256:" + kHex)->text(), "a:b@sha256:" + kHex);
}

TEST(LocalCandidates, LooksHereFirst) {
  const auto candidates = local_candidates(*parse_reference("busybox"));
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].text(), "localhost/busybox:latest");
  EXPECT_EQ(candidates[1].text(), "docker.io/library/busybox:latest");
  EXPECT_EQ(local_candidates(*parse_reference("quay.io/a")).size(), 1U);
}

TEST(Digest, IsStrict) {
  EXPECT_TRUE(Digest::parse("sha256:" + kHex));
  for (const std::string& bad :
       {std::string("sha256:") + std::string(64, 'A'), "sha256:" + kHex + "a", kHex,
        std::string("sha256:../../etc"), std::string("sha512:") + kHex, std::string()})
    EXPECT_FALSE(Digest::parse(bad)) << bad;
  EXPECT_EQ(digest_of("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace planet::image
