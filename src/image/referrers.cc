#include "image/referrers.h"

#include "base/strings.h"
#include "registry/client.h"

namespace planet::image {
namespace {

Result<Digest> find_subject(registry::Client& client, const Reference& reference) {
  if (reference.digest) return *reference.digest;
  TRY_SET(const auto digest, client.find_manifest(reference.tag));
  if (!digest) return fail(Code::kNotFound, "the registry has no " + reference.text());
  return Digest::parse(*digest);
}

}  // namespace

Result<Referrers> list_referrers(const registry::Settings& settings, const Reference& reference) {
  registry::Client client(settings, reference.host, reference.repository);
  TRY_SET(Digest subject, find_subject(client, reference));
  TRY_SET(const registry::Document document, client.referrers(subject.text()));
  Referrers referrers{.subject = std::move(subject), .list = {}};
  if (document.text.empty()) return referrers;
  auto index = oci::parse_index(document.text);
  if (!index)
    return fail(Code::kCorrupt, "the registry's list of what refers to " +
                                    referrers.subject.text() + ": " + index.error().to_string());
  for (const oci::Descriptor& one : index->manifests)
    TRY(Digest::parse(one.digest), "the registry's list of what refers to it");
  referrers.list = std::move(index->manifests);
  return referrers;
}

}  // namespace planet::image
