// Reference: the name of an image as people type it: "debian", "localhost/web:1.2", "quay.io/a/b@sha256:...".
//
// Source: OCI distribution-spec, "Pulling manifests" (name and tag grammar); docker's habits for short names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/digest.h"

namespace planet::image {

struct Reference {
  std::string host;        // "localhost", "docker.io", "127.0.0.1:5000"; empty if none was given
  std::string repository;  // "library/debian" or as given
  std::string tag;  // "latest" if neither tag nor digest was given; empty with a digest alone
  std::optional<Digest> digest;

  std::string name() const;  // host/repository
  std::string text() const;  // with tag and digest
};

// Errors: kInvalidArgument - what part is wrong, and the grammar it breaks.
Result<Reference> parse_reference(std::string_view text);

// The full names that a reference without a host may mean, in the order in which they are looked for locally:
// what was built or loaded here first ("localhost/busybox"), then Docker Hub's ("docker.io/library/busybox").
std::vector<Reference> local_candidates(const Reference& reference);

// The reference with a host: Docker Hub's if none was given, as docker names what it loads.
Reference with_default_host(Reference reference);

// The other way round, for people: "docker.io/library/debian" is "debian".
std::string short_name(std::string name);

}  // namespace planet::image
