#include "image/remote.h"

#include <optional>
#include <utility>

#include "base/strings.h"

namespace planet::image {
namespace {

constexpr std::string_view kSchema1 = "application/vnd.docker.distribution.manifest.v1+";

// Asks one after the other; the last one's error counts: it is the registry itself.
template <class F>
auto first_of(const std::vector<std::unique_ptr<registry::Client>>& clients, F&& ask) {
  for (std::size_t i = 0; i + 1 < clients.size(); ++i)
    if (auto answer = ask(*clients[i])) return answer;
  return ask(*clients.back());
}

bool is_known_type(std::string_view type) {
  return oci::is_index_type(type) || oci::is_manifest_type(type);
}

// What the document itself says; empty if nothing. It is parsed as that which the answer says, so that a document which reads as
// both is refused.
Result<std::string> own_type(const std::string& text, bool is_index) {
  if (is_index) {
    TRY_SET(oci::Index index, oci::parse_index(text));
    return index.media_type;
  }
  TRY_SET(oci::Manifest manifest, oci::parse_manifest(text));
  return manifest.media_type;
}

Result<std::string> type_of(const registry::Document& document) {
  const std::string& said = document.media_type;
  if (said.starts_with(kSchema1))
    return fail(
        Code::kUnsupported,
        "the image has a manifest of schema 1, which nothing has written since 2017: push it "
        "again with a tool of today");
  if (is_known_type(said)) {
    TRY_SET(const std::string own, own_type(document.text, oci::is_index_type(said)));
    if (!own.empty() && own != said)
      return fail(Code::kCorrupt, "the registry says that it is of type " + quote(said) +
                                      ", and the document that it is of type " + quote(own));
    return said;
  }
  // Plain storages call everything JSON: then the document's own word counts.
  const bool says_nothing = said.empty() || said == "application/json" || said == "text/plain" ||
                            said == "application/octet-stream";
  if (!says_nothing)
    return fail(Code::kCorrupt, "what the registry sends is of type " + quote(said) +
                                    ", and not the manifest of an image");
  for (const bool is_index : {false, true})
    if (const auto own = own_type(document.text, is_index); own && !own->empty()) return *own;
  return fail(Code::kCorrupt,
              "what the registry sends does not say that it is the manifest of an image");
}

Result<> check_digest(const Digest& got, const Digest& expected) {
  if (got == expected) return {};
  return fail(Code::kCorrupt,
              "what the registry sends has digest " + got.text() + ", and not " + expected.text());
}

}  // namespace

Remote::Remote(const registry::Settings& settings, const Reference& reference) {
  const auto mirrors = settings.hosts.mirrors.find(reference.host);
  if (mirrors != settings.hosts.mirrors.end())
    for (const std::string& mirror : mirrors->second)
      clients_.push_back(
          std::make_unique<registry::Client>(settings, mirror, reference.repository));
  clients_.push_back(
      std::make_unique<registry::Client>(settings, reference.host, reference.repository));
}

Result<RemoteDocument> Remote::fetch(const std::string& by, const Digest* expected) {
  return first_of(clients_, [&](registry::Client& client) -> Result<RemoteDocument> {
    TRY_SET(registry::Document document, client.manifest(by));
    RemoteDocument got{.digest = digest_of(document.text), .media_type = {}, .text = {}};
    if (expected != nullptr) TRY(check_digest(got.digest, *expected));
    if (!document.digest.empty()) {
      TRY_SET(const Digest claimed, Digest::parse(document.digest),
              "the field Docker-Content-Digest");
      TRY(check_digest(got.digest, claimed));
    }
    TRY_SET(got.media_type, type_of(document));
    got.text = std::move(document.text);
    return got;
  });
}

Result<RemoteDocument> Remote::named(const Reference& reference) {
  if (reference.digest) return fetch(reference.digest->text(), &*reference.digest);
  return fetch(reference.tag, nullptr);
}

Result<RemoteDocument> Remote::described(const oci::Descriptor& descriptor) {
  TRY_SET(const Digest digest, Digest::parse(descriptor.digest));
  TRY_SET(RemoteDocument got, fetch(digest.text(), &digest));
  if (std::cmp_not_equal(got.text.size(), descriptor.size))
    return fail(Code::kCorrupt,
                "manifest " + digest.text() + " has " + std::to_string(got.text.size()) +
                    " bytes, its descriptor says " + std::to_string(descriptor.size));
  if (got.media_type != descriptor.media_type)
    return fail(Code::kCorrupt, "manifest " + digest.text() + " is of type " +
                                    quote(got.media_type) + ", its descriptor says " +
                                    quote(descriptor.media_type));
  return got;
}

Result<std::unique_ptr<ByteSource>> Remote::blob(const Digest& digest, std::uint64_t size) {
  return first_of(clients_,
                  [&](registry::Client& client) { return client.blob(digest.text(), size); });
}

Result<std::string> Remote::document(const oci::Descriptor& descriptor, std::size_t limit) {
  TRY_SET(const Digest digest, Digest::parse(descriptor.digest));
  if (std::cmp_greater(descriptor.size, limit))
    return fail(Code::kCorrupt, digest.text() + " is to have " + std::to_string(descriptor.size) +
                                    " bytes, more than the " + std::to_string(limit) +
                                    " that it may have");
  TRY_SET(const auto source, blob(digest, static_cast<std::uint64_t>(descriptor.size)));
  std::string text;
  while (true) {
    TRY_SET(const std::string_view piece, source->next());
    if (piece.empty()) break;
    text += piece;
  }
  TRY(check_digest(digest_of(text), digest));
  return text;
}

}  // namespace planet::image
