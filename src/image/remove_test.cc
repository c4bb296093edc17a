#include "image/remove.h"

#include <gmock/gmock.h>

#include "image/image_list.h"
#include "image/store_test.h"
#include "sys/file.h"

namespace planet::image {
namespace {

namespace stdfs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kDigest = "sha256:" + std::string(64, 'd');

struct PlanCase {
  std::string what;
  std::vector<std::string> names, digests;
  std::string given;  // empty: the id
  bool force = false;
  std::string user;  // "", "stopped", "running"
  std::string untagged;
  bool deleted = false;
  std::string error;
};

// What dockerd decides.
TEST(RemovalPlanTest, IsDockers) {
  const std::string d = "r/a@" + kDigest;
  const PlanCase cases[] = {
      {"the last name", {"r/a:1"}, {}, "r/a:1", false, "", "r/a:1", true, ""},
      {"one of two", {"r/a:1", "r/a:2"}, {}, "r/a:1", false, "", "r/a:1", false, ""},
      {"of two repositories", {"r/a:1", "r/b:1"}, {d}, "r/a:1", false, "", "r/a:1 " + d, false, ""},
      {"with its digest", {"r/a:1"}, {d}, "r/a:1", false, "", "r/a:1 " + d, true, ""},
      {"a digest only", {"r/a:1"}, {d}, d, false, "", d, false, ""},
      {"the id", {"r/a:1"}, {d}, "", false, "", "r/a:1 " + d, true, ""},
      {"the id of two names",
       {"r/a:1", "r/a:2"},
       {},
       "",
       false,
       "",
       "",
       false,
       "conflict: unable to delete cccccccccccc (must be forced) - image is referenced in multiple "
       "repositories"},
      {"the same, forced", {"r/a:1", "r/a:2"}, {}, "", true, "", "r/a:1 r/a:2", true, ""},
      {"used",
       {"r/a:1"},
       {},
       "r/a:1",
       false,
       "stopped",
       "",
       false,
       "conflict: unable to remove repository reference \"typed\" (must force) - container "
       "uuuuuuuuuuuu is "
       "using its referenced image cccccccccccc"},
      {"used, one of two", {"r/a:1", "r/a:2"}, {}, "r/a:1", false, "running", "r/a:1", false, ""},
      {"used, forced", {"r/a:1"}, {}, "r/a:1", true, "stopped", "r/a:1", true, ""},
      {"running, forced", {"r/a:1"}, {}, "r/a:1", true, "running", "r/a:1", false, ""},
      {"used, by id",
       {"r/a:1"},
       {},
       "",
       false,
       "stopped",
       "",
       false,
       "conflict: unable to delete cccccccccccc (must be forced) - image is being used by stopped "
       "container uuuuuuuuuuuu"},
      {"running, by id",
       {"r/a:1"},
       {},
       "",
       true,
       "running",
       "",
       false,
       "conflict: unable to delete cccccccccccc (cannot be forced) - image is being used by "
       "running "
       "container uuuuuuuuuuuu"},
  };
  for (const PlanCase& one : cases) {
    Listed listed{.names = one.names, .repo_digests = one.digests};
    listed.image.digest = "m";
    listed.image.config_digest = std::string(64, 'c');
    std::vector<Use> uses = {{.container = "other", .image = "another"}};
    if (!one.user.empty())
      uses.push_back(
          {.container = std::string(64, 'u'), .image = "m", .running = one.user == "running"});
    const auto name = one.given.empty() ? std::nullopt : std::optional(one.given);
    const auto plan = plan_removal({listed}, name, "typed", one.force, uses);
    EXPECT_EQ(plan ? "" : plan.error().to_string(), one.error) << one.what;
    if (!plan) continue;
    std::string untagged;
    for (const std::string& text : plan->untagged) untagged += (untagged.empty() ? "" : " ") + text;
    EXPECT_EQ(untagged, one.untagged) << one.what;
    EXPECT_EQ(!plan->images.empty(), one.deleted) << one.what;
  }
}

class RemoveTest : public StoreFixture {
 protected:
  std::size_t count(const char* dir) {
    return static_cast<std::size_t>(
        std::distance(stdfs::directory_iterator(top_ / "store" / dir), {}));
  }
  static Uses nobody() {
    return [] { return Result<std::vector<Use>>(std::vector<Use>()); };
  }
  static std::string chain(const std::vector<std::string>& layers) {
    std::optional<Digest> top;
    for (const std::string& layer : layers) top = chain_id(top ? &*top : nullptr, digest_of(layer));
    return top->hex();
  }
};

TEST_F(RemoveTest, WhatOthersNeedStays) {
  add({.names = {"docker.io/library/a:1"}, .layers = {"base", "a"}});
  const std::string b = add({.names = {"docker.io/library/b:1"}, .layers = {"base", "b"}});
  const auto removed = remove_image(*store_, "a:1", false, nobody());
  ASSERT_TRUE(removed) << removed.error().to_string();
  EXPECT_THAT(removed->untagged, ElementsAre("a:1"));
  EXPECT_THAT(removed->deleted,
              ElementsAre(HasSubstr("sha256:"), "sha256:" + chain({"base", "a"})));
  EXPECT_TRUE(store_->has_layer(chain({"base"})));
  EXPECT_TRUE(store_->has_layer(chain({"base", "b"})));
  EXPECT_FALSE(store_->has_layer(chain({"base", "a"})));
  EXPECT_EQ(count("blobs/sha256"), 4U) << "manifest, configuration and two layers of b";
  EXPECT_EQ(count("staging"), 0U);
  EXPECT_EQ(store_->resolve("b:1")->digest, b);
  EXPECT_FALSE(store_->resolve("a:1"));
  EXPECT_THAT(*sys::read_file_at(store_->dir(), "index.json"), testing::Not(HasSubstr("a:1")));
  const auto last = remove_image(*store_, "b:1", false, nobody());
  ASSERT_TRUE(last) << last.error().to_string();
  for (const char* dir : {"blobs/sha256", "layers", "images", "tags", "staging"})
    EXPECT_EQ(count(dir), 0U) << dir;
}

TEST_F(RemoveTest, WhatAContainerNamesMeanwhileComesBack) {
  add({.names = {"docker.io/library/a:1"}, .layers = {"base", "a"}});
  int asked = 0;
  const auto removed = remove_image(*store_, "a:1", false, [&]() -> Result<std::vector<Use>> {
    if (++asked < 3) return std::vector<Use>();  // the plan, the first look
    EXPECT_FALSE(store_->has_layer(chain({"base"}))) << "nobody can begin to use it now";
    return std::vector<Use>{{.container = "c", .layers = {chain({"base"})}}};
  });
  ASSERT_TRUE(removed);
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(store_->has_layer(chain({"base"})));
  EXPECT_FALSE(store_->has_layer(chain({"base", "a"})));
  ASSERT_TRUE(prune_images(*store_, false, *parse_image_filters({}), nobody()));
  EXPECT_EQ(count("layers"), 0U) << "the next one takes it";
}

TEST_F(RemoveTest, WhenRecordsCannotBeReadNothingIsLost) {
  add({.names = {"docker.io/library/a:1"}, .layers = {"base"}});
  int asked = 0;
  const auto removed = remove_image(*store_, "a:1", false, [&]() -> Result<std::vector<Use>> {
    if (++asked < 3) return std::vector<Use>();
    return fail(Code::kCorrupt, "a record is damaged");
  });
  EXPECT_EQ(removed.error().to_string(), "a record is damaged");
  EXPECT_TRUE(store_->has_layer(chain({"base"})));
}

TEST_F(RemoveTest, WhatALoadReliesOnStays) {
  add({.names = {"docker.io/library/a:1"}, .layers = {"base", "a"}});
  {
    auto loading = Staging::open(store_->dir());
    const auto image = store_->resolve("a:1");
    ASSERT_TRUE(loading->write("needs-" + chain({"base"}), ""));
    ASSERT_TRUE(loading->write("needs-" + image->config_digest, ""));
    ASSERT_TRUE(remove_image(*store_, "a:1", false, nobody()));
    EXPECT_TRUE(store_->has_layer(chain({"base"})));
    EXPECT_TRUE(store_->has_blob(image->config_digest));
    EXPECT_FALSE(store_->has_blob(image->digest));
    EXPECT_FALSE(store_->has_layer(chain({"base", "a"})));
  }
  // A mark whose maker is gone does not count.
  stdfs::create_directories(top_ / "store/staging/dead");
  ASSERT_TRUE(sys::replace_file_at(store_->dir(), ("staging/dead/needs-" + chain({"base"})).c_str(),
                                   "", 0600));
  ASSERT_TRUE(prune_images(*store_, false, *parse_image_filters({}), nobody()));
  EXPECT_EQ(count("layers"), 0U);
  EXPECT_EQ(count("staging"), 0U);
}

TEST_F(RemoveTest, AKilledRemovalsUndecidedLayersComeBack) {
  add({.names = {"docker.io/library/a:1"}, .layers = {"base"}});
  const stdfs::path layer = top_ / "store/layers" / chain({"base"});
  const stdfs::path dead = top_ / "store/staging/dead";
  stdfs::create_directories(dead / "dead-0123/fs");
  stdfs::rename(layer, dead / ("gone-" + chain({"base"})));
  ASSERT_TRUE(Staging::open(store_->dir()));
  EXPECT_TRUE(stdfs::exists(layer / "fs/base"));
  EXPECT_EQ(count("layers"), 1U);
  EXPECT_EQ(count("staging"), 0U);
}

TEST_F(RemoveTest, PruneTakesWhatHasNoNameOrNoContainer) {
  const std::string old = add({.names = {"docker.io/library/a:1"},
                               .created = "2001-01-01T00:00:00Z",
                               .labels = {{"keep", "yes"}},
                               .layers = {"old"}});
  add({.names = {"docker.io/library/a:1"}, .layers = {"new"}});
  add({.names = {"docker.io/library/b:1"}, .created = "2022-01-01T00:00:00Z", .layers = {"b"}});
  const auto prune = [&](bool all, const std::vector<std::string>& filters, const Uses& uses) {
    const auto removed = prune_images(*store_, all, *parse_image_filters(filters), uses);
    return removed ? removed->untagged.size() * 10 + removed->deleted.size() : 999;
  };
  const Uses used = [&]() -> Result<std::vector<Use>> {
    return std::vector<Use>{{.container = "c", .image = old}};
  };
  EXPECT_EQ(prune(false, {}, used), 0U);
  EXPECT_EQ(prune(false, {"label!=keep"}, nobody()), 0U);
  EXPECT_EQ(prune(false, {"until=2000-01-01T00:00:00Z"}, nobody()), 0U);
  EXPECT_EQ(prune(false, {"label=keep=yes"}, nobody()), 2U) << "an image and its layer";
  EXPECT_EQ(prune(true, {"until=2021-01-01T00:00:00Z"}, nobody()), 12U);
  EXPECT_EQ(prune(true, {}, nobody()), 12U);
  EXPECT_EQ(count("images"), 0U);
}

TEST_F(RemoveTest, SaysWhatIsNotThere) {
  EXPECT_EQ(remove_image(*store_, "nosuch", false, nobody()).error().code(), Code::kNotFound);
  EXPECT_EQ(remove_image(*store_, "No:Such", true, nobody()).error().code(),
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace planet::image
