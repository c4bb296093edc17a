// Manifests, indexes and configurations of images as plain data, and docker's archive manifest.
//
// Source: OCI image-spec 1.1: manifest.md, image-index.md, config.md, descriptor.md; Docker Image Manifest V2,
// Schema 2; `docker save`'s manifest.json.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace planet::oci {

struct Platform {
  std::string architecture, os, variant;
};

// The digest is text here; image::Digest checks its form.
struct Descriptor {
  std::string media_type;
  std::string digest;
  std::int64_t size = 0;
  std::map<std::string, std::string> annotations;
  Platform platform;
  std::string artifact_type;  // of a referrer; empty: nothing is said
  bool has_urls = false;      // it may be fetched from elsewhere, too: nobody here does
};

inline constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";

struct Manifest {
  std::string media_type{kManifestType};  // what it says of itself, or OCI's
  Descriptor config;
  std::vector<Descriptor> layers;
};

struct Index {
  std::string media_type;  // what it says of itself; empty: nothing
  std::vector<Descriptor> manifests;
};

// Healthcheck: {"NONE"}, {"CMD", WORD...}, {"CMD-SHELL", TEXT}; empty: nothing is said of it.
struct ImageHealth {
  std::vector<std::string> test;
  std::int64_t interval = 0, timeout = 0, start_period = 0;  // nanoseconds; 0: nothing is said
  std::int64_t retries = 0;
};

struct ImageConfig {
  std::string architecture, variant, os, created;
  std::string user, working_dir, stop_signal;
  std::vector<std::string> env, entrypoint, cmd, diff_ids, volumes;
  std::vector<std::string> exposed;  // "80/tcp", as it says it
  std::map<std::string, std::string> labels;
  ImageHealth health;
};

struct ArchiveImage {
  std::string config;
  std::vector<std::string> repo_tags, layers;
};

// Each is bounded in size and depth; a document that reads as manifest and index at once is refused, as two readers
// could disagree on what it is (CVE-2021-41190).
// Errors: kInvalidArgument, naming the field.
Result<Manifest> parse_manifest(std::string_view text);
Result<Index> parse_index(std::string_view text);
Result<ImageConfig> parse_image_config(std::string_view text);
Result<std::vector<ArchiveImage>> parse_archive_manifest(std::string_view text);

std::string write_manifest(const Manifest& manifest);
std::string write_index(const Index& index);

bool is_index_type(std::string_view media_type);
bool is_manifest_type(std::string_view media_type);
bool is_layer_type(std::string_view media_type);          // of a tar archive, however compressed
bool is_foreign_layer_type(std::string_view media_type);  // of one that a registry need not have
bool is_config_type(std::string_view media_type);  // of an image to run, not of another thing

}  // namespace planet::oci
