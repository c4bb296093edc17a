// What a registry offers for one repository: manifests, blobs, tags, referrers, and the way up for all of these.
//
// Digests are text here; whoever asks has judged their form (a digest becomes a part of an address: CVE-2024-3727) and judges
// what comes under their name.
//
// Source: OCI distribution-spec 1.1, "Pull", "Push", "Content Discovery", "Listing Referrers".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "registry/session.h"

namespace planet::registry {

inline constexpr std::size_t kMostManifest = 4U << 20;

struct Document {
  std::string media_type;  // of the answer, without parameters
  std::string text;
  std::string digest;  // that the answer claims (Docker-Content-Digest); may be empty
};

// A blob on its way up.
struct Upload {
  std::string digest;
  std::uint64_t size = 0;
  std::string mount_from;  // a repository of the same registry that may have it; empty: none
  std::function<Result<std::unique_ptr<ByteSource>>()> open;  // for each try
};
enum class Uploaded : std::uint8_t { kWasThere, kMounted, kSent };

// For any number of threads.
class Client {
 public:
  Client(Settings settings, const std::string& host, std::string repository)
      : session_(std::move(settings), host), repository_(std::move(repository)) {}

  Session& session() { return session_; }
  std::string name() const { return session_.host() + "/" + repository_; }

  // By tag or digest. Errors: kNotFound, kPermission, kCorrupt - longer than kMostManifest, ...: those of refusal().
  Result<Document> manifest(const std::string& reference);

  // The bytes of the blob, as many as `size` says. A connection that breaks is taken up again where it broke; every wait ends.
  // It ends before the client. Errors (of next(), too): kCorrupt - it is longer or shorter; those of refusal().
  Result<std::unique_ptr<ByteSource>> blob(const std::string& digest, std::uint64_t size);

  Result<bool> has_blob(const std::string& digest);
  // The digest that a tag or digest stands for, as the registry claims it; nothing if it is not there.
  Result<std::optional<std::string>> find_manifest(const std::string& reference);

  // Errors: those of upload.open, of refusal(); kCorrupt - the registry names no place, or one over plain http.
  Result<Uploaded> upload(const Upload& upload);
  Result<> put_manifest(const std::string& reference, const std::string& media_type,
                        const std::string& text);

  Result<std::vector<std::string>> tags();  // at most a hundred pages
  // What refers to the manifest, as an index; the referrers' tag where the registry lacks the list. Empty text: nothing does.
  Result<Document> referrers(const std::string& digest);

  // Whether the registry takes the login: `planet login`. Errors: kPermission - it does not.
  Result<> check_login();
  // All repositories, where the registry tells (at most a hundred pages).
  Result<std::vector<std::string>> catalog();

 private:
  std::vector<std::string> scopes(const char* actions) const;
  Result<Request> request(Method method, const std::string& path);
  Result<Answer> get(const std::string& path, Headers headers);
  Result<std::optional<Request>> start_upload(const Upload& upload);
  Result<Uploaded> upload_once(const Upload& upload);
  Result<std::vector<std::string>> pages(std::string path, const std::vector<std::string>& scopes,
                                         const char* list);

  Session session_;
  std::string repository_;
};

}  // namespace planet::registry
