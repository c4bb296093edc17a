#include "image/store.h"

#include <gmock/gmock.h>

#include "image/store_test.h"
#include "sys/file.h"

namespace planet::image {
namespace {

using testing::HasSubstr;
using testing::Not;

class StoreTest : public StoreFixture {
 protected:
  std::string index() { return *sys::read_file_at(store_->dir(), "index.json"); }
};

TEST_F(StoreTest, AnImageIsFoundByWhatItsRegistryCallsIt) {
  const std::string outer = digest_of("an index").text();
  const std::string digest =
      add({.names = {"docker.io/library/x:1"}, .repo_digests = {"docker.io/library/x@" + outer}});
  EXPECT_EQ(store_->resolve("x@" + outer)->digest, digest);
  EXPECT_EQ(store_->resolve("x:1@" + outer)->digest, digest);
  EXPECT_EQ(store_->resolve("x@sha256:" + digest)->digest, digest) << "its own manifest";
  EXPECT_FALSE(store_->resolve("y@" + outer)) << "another repository";
  EXPECT_FALSE(store_->resolve("x@" + digest_of("other").text()));
  const auto listed = store_->list();
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->at(0).repo_digests, std::vector<std::string>{"docker.io/library/x@" + outer});
}

TEST_F(StoreTest, IdsWithAndWithoutTheirAlgorithm) {
  const std::string digest = add({.names = {"docker.io/library/x:1"}});
  const std::string id = store_->resolve("x:1")->config_digest;
  for (const std::string& text :
       {id, "sha256:" + id, id.substr(0, 4), "sha256:" + id.substr(0, 12)})
    EXPECT_EQ(store_->resolve(text)->digest, digest) << text;
  EXPECT_FALSE(store_->resolve(id.substr(0, 3)));
}

TEST_F(StoreTest, TheIndexCarriesEachManifestsOwnType) {
  constexpr std::string_view kDocker = "application/vnd.docker.distribution.manifest.v2+json";
  const std::string docker =
      add({.names = {"docker.io/library/d:1"}, .media_type = std::string(kDocker)});
  EXPECT_THAT(index(), HasSubstr(std::string(kDocker)));
  add({.names = {"docker.io/library/o:1"}, .created = "2021-01-01T00:00:00Z"});
  EXPECT_THAT(index(), HasSubstr(std::string(kDocker))) << "also of one that was there";
  EXPECT_THAT(index(), HasSubstr(std::string(oci::kManifestType)));
  EXPECT_EQ(store_->read_image(docker)->media_type, kDocker);
}

TEST_F(StoreTest, AnImageThatLosesItsNameStaysAndIsInTheIndex) {
  const std::string first = add({.names = {"docker.io/library/x:1"}});
  const std::string second =
      add({.names = {"docker.io/library/x:1"}, .created = "2021-01-01T00:00:00Z"});
  EXPECT_EQ(store_->resolve("x:1")->digest, second);
  EXPECT_EQ(store_->resolve(first)->digest, first);
  EXPECT_EQ(store_->list()->size(), 2U);
  EXPECT_THAT(index(), HasSubstr(first));
}

TEST_F(StoreTest, WhatWasRemovedWhileItWasLoadedIsNotPublished) {
  auto staging = Staging::open(store_->dir());
  StagedImage one{.names = {"docker.io/library/x:1"}};
  one.image.digest = digest_of("manifest").hex();
  one.image.chain = {digest_of("gone").hex()};
  Staged staged;
  staged.images.push_back(one);
  const auto published = store_->publish(*staging, staged);
  EXPECT_EQ(published.error().code(), Code::kWrongState);
  EXPECT_THAT(published.error().to_string(), HasSubstr("was removed meanwhile; try again"));
  EXPECT_TRUE(store_->list()->empty());
}

}  // namespace
}  // namespace planet::image
