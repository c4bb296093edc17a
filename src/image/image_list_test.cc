#include "image/image_list.h"

#include <gmock/gmock.h>

#include "image/store_test.h"

namespace planet::image {
namespace {

using testing::ElementsAre;

class ImageListTest : public StoreFixture {
 protected:
  std::vector<std::string> listed(const std::vector<std::string>& filters,
                                  std::string_view reference = "") {
    const auto parsed = parse_image_filters(filters);
    if (!parsed) return {parsed.error().to_string()};
    const auto rows = list_rows(*store_, *parsed, reference);
    if (!rows) return {rows.error().to_string()};
    std::vector<std::string> names;
    for (const ImageRow& row : *rows)
      names.push_back(row.repository + ":" + row.tag + (row.digest.empty() ? "" : "@"));
    return names;
  }
};

TEST_F(ImageListTest, NamesDigestsAndNeither) {
  const std::string digest = digest_of("index").text();
  add({.names = {"docker.io/library/a:1", "docker.io/library/a:2", "quay.io/b/c:1"},
       .repo_digests = {"docker.io/library/a@" + digest},
       .created = "2021-01-01T00:00:00Z"});
  add({.repo_digests = {"docker.io/x/y@" + digest}, .created = "2022-01-01T00:00:00Z"});
  add({.created = "2023-01-01T00:00:00Z"});
  EXPECT_THAT(listed({}), ElementsAre(":", "x/y:@", "a:1@", "a:2@", "quay.io/b/c:1"));
  EXPECT_THAT(listed({}, "a"), ElementsAre("a:1@", "a:2@"));
  EXPECT_THAT(listed({}, "a:2"), ElementsAre("a:2@"));
  EXPECT_THAT(listed({"reference=quay.io/*/*"}), ElementsAre("quay.io/b/c:1"));
  EXPECT_THAT(listed({"reference=a:*", "reference=x/?"}), ElementsAre("x/y:@", "a:1@", "a:2@"));
  EXPECT_THAT(listed({"dangling=true"}), ElementsAre(":", "x/y:@"));
  EXPECT_THAT(listed({"dangling=false"}, "a:1"), ElementsAre("a:1@"));
}

TEST_F(ImageListTest, TimesAndLabels) {
  add({.names = {"docker.io/library/old:1"},
       .created = "2001-01-01T00:00:00Z",
       .labels = {{"k", "1"}}});
  add({.names = {"docker.io/library/mid:1"},
       .created = "2011-01-01T00:00:00Z",
       .labels = {{"k", "2"}}});
  add({.names = {"docker.io/library/new:1"}, .created = "2021-01-01T00:00:00Z"});
  EXPECT_THAT(listed({"since=mid:1"}), ElementsAre("new:1"));
  EXPECT_THAT(listed({"before=mid:1"}), ElementsAre("old:1"));
  EXPECT_THAT(listed({"until=2015-01-01T00:00:00Z"}), ElementsAre("mid:1", "old:1"));
  EXPECT_THAT(listed({"label=k"}), ElementsAre("mid:1", "old:1"));
  EXPECT_THAT(listed({"label=k=2"}), ElementsAre("mid:1"));
  EXPECT_THAT(listed({"label!=k"}), ElementsAre("new:1"));
  EXPECT_THAT(listed({"since=none:1"})[0],
              testing::HasSubstr("--filter since: no image \"none:1\""));
  EXPECT_THAT(listed({"color=red"})[0], testing::HasSubstr("there is no filter \"color\""));
}

TEST(FamiliarTest, AsDockerShowsNames) {
  EXPECT_EQ(familiar("docker.io/library/a:1"), "a:1");
  EXPECT_EQ(familiar("docker.io/b/a:1"), "b/a:1");
  EXPECT_EQ(familiar("quay.io/b/a:1"), "quay.io/b/a:1");
  EXPECT_EQ(familiar("localhost/a:1"), "localhost/a:1");
}

}  // namespace
}  // namespace planet::image
