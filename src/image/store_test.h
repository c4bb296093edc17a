// A store in a temporary directory, with images that are names and data only, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/digest.h"
#include "image/staging.h"
#include "image/store.h"

namespace planet::image {

class StoreFixture : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/var/tmp/planet-store-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    top_ = pattern;
    auto store = Store::open(top_ / "store");
    ASSERT_TRUE(store) << store.error().to_string();
    store_.emplace(*std::move(store));
  }
  void TearDown() override { std::filesystem::remove_all(top_); }

  struct Wish {
    std::vector<std::string> names, repo_digests;
    std::string created = "2020-01-01T00:00:00Z";
    std::map<std::string, std::string> labels;
    std::vector<std::string> layers;  // their content, lowest first
    std::string media_type{oci::kManifestType};
  };

  // Publishes an image of that content, and gives the digest of its manifest.
  std::string add(const Wish& wish) {
    auto staging = Staging::open(store_->dir());
    Staged staged;
    StagedImage one{.names = wish.names, .repo_digests = wish.repo_digests};
    one.image.config.created = wish.created;
    one.image.config.labels = wish.labels;
    one.image.media_type = wish.media_type;
    oci::Manifest manifest{.media_type = wish.media_type};
    const auto blob = [&](const std::string& content) {
      const Digest digest = digest_of(content);
      EXPECT_TRUE(staging->write("blob-" + digest.hex(), content));
      staged.blobs[digest.hex()] = "blob-" + digest.hex();
      return oci::Descriptor{.digest = digest.text(),
                             .size = static_cast<std::int64_t>(content.size())};
    };
    std::optional<Digest> below;
    for (const std::string& layer : wish.layers) {
      manifest.layers.push_back(blob(layer));
      below = chain_id(below ? &*below : nullptr, digest_of(layer));
      one.image.chain.insert(one.image.chain.begin(), below->hex());
      if (store_->has_layer(below->hex())) continue;
      std::filesystem::create_directories(top_ / "store" / staging->path() /
                                          ("layer-" + below->hex()) / "fs" / layer);
      staged.layers.push_back(below->hex());
    }
    one.image.shown = one.image.chain.size();
    std::string config = "config " + wish.created;
    for (const auto& [key, value] : wish.labels) config += key + value;
    for (const std::string& layer : wish.layers) config += layer;
    manifest.config = blob(config);
    one.image.config_digest = digest_of(config).hex();
    one.image.digest = digest_of(oci::write_manifest(manifest)).hex();
    blob(oci::write_manifest(manifest));
    staged.images.push_back(one);
    const auto published = store_->publish(*staging, staged);
    EXPECT_TRUE(published) << published.error().to_string();
    return one.image.digest;
  }

  std::filesystem::path top_;
  std::optional<Store> store_;
};

}  // namespace planet::image
