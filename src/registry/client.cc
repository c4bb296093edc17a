#include "registry/client.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "oci/json.h"
#include "registry/blob.h"
#include "registry/link.h"
#include "registry/token.h"
#include "sys/process.h"

namespace planet::registry {
namespace {

constexpr std::size_t kMostListAnswer = 8U << 20;
constexpr int kMostPages = 100;

// Also the lists: which of them it is decides whose digest it is that one pulls by.
constexpr const char* kManifestTypes =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

std::string text_of(const std::string* header) {
  return header == nullptr ? "" : *header;
}

std::string media_type_of(Response& response) {
  const std::string field = text_of(response.header("Content-Type"));
  return std::string(trim(field.substr(0, field.find(';'))));
}

Result<std::vector<std::string>> parse_list(std::string_view text, const char* name) {
  std::vector<std::string> all;
  TRY_SET(const oci::json::value value, oci::parse_json(text, kMostListAnswer));
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""));
  TRY(fields.read(name, all));
  return all;
}

}  // namespace

std::vector<std::string> Client::scopes(const char* actions) const {
  if (repository_.empty()) return {};
  return {"repository:" + repository_ + ":" + actions};
}

Result<Request> Client::request(Method method, const std::string& path) {
  TRY_SET(Origin origin, session_.origin());
  Request request;
  request.method = method;
  request.url = {.origin = std::move(origin), .target = "/v2/" + repository_ + "/" + path};
  return request;
}

Result<Answer> Client::get(const std::string& path, Headers headers) {
  TRY_SET(Request asked, request(Method::kGet, path));
  asked.headers = std::move(headers);
  return session_.send(std::move(asked), scopes("pull"));
}

Result<Document> Client::manifest(const std::string& reference) {
  TRY_SET(Answer answer, get("manifests/" + reference, {{"Accept", kManifestTypes}}));
  if (answer->status() != 200)
    return std::unexpected(
        refusal(answer, session_.host(),
                "image " + quote(name() + (reference.contains(':') ? "@" : ":") + reference)));
  Document document;
  document.media_type = media_type_of(*answer);
  document.digest = text_of(answer->header("Docker-Content-Digest"));
  TRY_SET(document.text, answer->read_all(kMostManifest));
  return document;
}

Result<std::unique_ptr<ByteSource>> Client::blob(const std::string& digest, std::uint64_t size) {
  auto source = std::make_unique<BlobSource>(
      [this, digest](const Headers& headers) -> Result<Answer> {
        TRY_SET(Answer answer, get("blobs/" + digest, headers));
        if (answer->status() != 200 && answer->status() != 206)
          return std::unexpected(refusal(answer, session_.host(), "blob " + digest));
        return answer;
      },
      size, session_.retries());
  TRY(source->open());
  return source;
}

Result<bool> Client::has_blob(const std::string& digest) {
  TRY_SET(Request asked, request(Method::kHead, "blobs/" + digest));
  TRY_SET(Answer answer, session_.send(std::move(asked), scopes("pull,push")));
  if (answer->status() == 200) return true;
  if (answer->status() == 404) return false;
  return std::unexpected(refusal(answer, session_.host(), "repository " + quote(name())));
}

Result<std::optional<std::string>> Client::find_manifest(const std::string& reference) {
  TRY_SET(Request asked, request(Method::kHead, "manifests/" + reference));
  asked.headers = {{"Accept", kManifestTypes}};
  TRY_SET(Answer answer, session_.send(std::move(asked), scopes("pull")));
  if (answer->status() == 404) return std::nullopt;
  if (answer->status() != 200)
    return std::unexpected(refusal(answer, session_.host(), "image " + quote(name())));
  return std::optional<std::string>(text_of(answer->header("Docker-Content-Digest")));
}

// Where the registry wants the blob; nothing if it has mounted it.
Result<std::optional<Request>> Client::start_upload(const Upload& upload) {
  std::string path = "blobs/uploads/";
  std::vector<std::string> wanted = scopes("pull,push");
  if (!upload.mount_from.empty()) {
    path +=
        "?mount=" + percent_encode(upload.digest) + "&from=" + percent_encode(upload.mount_from);
    wanted.push_back("repository:" + upload.mount_from + ":pull");
  }
  TRY_SET(Request asked, request(Method::kPost, path));
  TRY_SET(Answer answer, session_.send(std::move(asked), wanted));
  if (answer->status() == 201 && !upload.mount_from.empty()) return std::nullopt;
  if (answer->status() != 202)
    return std::unexpected(refusal(answer, session_.host(), "repository " + quote(name())));
  const std::string* location = answer->header("Location");
  if (location == nullptr)
    return fail(Code::kCorrupt, quote(session_.host()) + " names no place for an upload");
  TRY_SET(Url to, resolve_url(answer->url(), *location),
          "the place that " + quote(session_.host()) + " names for an upload");
  if (answer->url().origin.scheme == Scheme::kHttps && to.origin.scheme == Scheme::kHttp)
    return fail(Code::kPermission, quote(session_.host()) + " wants the upload at " +
                                       quote(to.origin.text()) +
                                       ", where everybody on the way could read and change it");
  Request put;
  put.method = Method::kPut;
  put.internet_only = answer->from_internet();
  to.target += (to.target.contains('?') ? "&digest=" : "?digest=") + percent_encode(upload.digest);
  put.url = std::move(to);
  return std::optional<Request>(std::move(put));
}

Result<Uploaded> Client::upload_once(const Upload& upload) {
  TRY_SET(std::optional<Request> put, start_upload(upload));
  if (!put) return Uploaded::kMounted;
  TRY_SET(const std::unique_ptr<ByteSource> body, upload.open());
  put->stream = body.get();
  put->stream_size = upload.size;
  put->headers = {{"Content-Type", "application/octet-stream"}};
  TRY_SET(Answer answer, session_.send(*std::move(put), scopes("pull,push")));
  if (answer->status() == 201 || answer->status() == 204) return Uploaded::kSent;
  return std::unexpected(refusal(answer, session_.host(), "blob " + upload.digest));
}

Result<Uploaded> Client::upload(const Upload& upload) {
  TRY_SET(const bool is_there, has_blob(upload.digest));
  if (is_there) return Uploaded::kWasThere;
  Upload now = upload;
  for (int tries = 1;; ++tries) {
    auto uploaded = upload_once(now);
    if (uploaded) return uploaded;
    const Code code = uploaded.error().code();
    // No access to the other repository is no reason to fail: it is sent, then. So is what broke on the way.
    const bool again = code == Code::kSystem || code == Code::kCorrupt ||
                       (code == Code::kPermission && !now.mount_from.empty());
    if (!again || tries > session_.retries().most) return uploaded;
    now.mount_from.clear();
    sys::sleep_ms(static_cast<int>(back_off(session_.retries(), tries).count()));
  }
}

Result<> Client::put_manifest(const std::string& reference, const std::string& media_type,
                              const std::string& text) {
  TRY_SET(Request put, request(Method::kPut, "manifests/" + reference));
  put.headers = {{"Content-Type", media_type}};
  put.body = text;
  TRY_SET(Answer answer, session_.send(std::move(put), scopes("pull,push")));
  if (answer->status() == 201) return {};
  return std::unexpected(refusal(answer, session_.host(), "image " + quote(name())));
}

Result<std::vector<std::string>> Client::pages(std::string path,
                                               const std::vector<std::string>& wanted,
                                               const char* list) {
  std::vector<std::string> all;
  TRY_SET(const Origin origin, session_.origin());
  Request asked;
  asked.url = {.origin = origin, .target = std::move(path)};
  for (int page = 0; page < kMostPages; ++page) {
    TRY_SET(Answer answer, session_.send(asked, wanted));
    if (answer->status() != 200)
      return std::unexpected(refusal(answer, session_.host(), std::string("the list of ") + list));
    const std::string link = text_of(answer->header("Link"));
    asked.internet_only = answer->from_internet();
    TRY_SET(const std::string text, answer->read_all(kMostListAnswer));
    TRY_SET(const std::vector<std::string> some, parse_list(text, list),
            "the answer of " + quote(session_.host()));
    all.insert(all.end(), some.begin(), some.end());
    TRY_SET(const std::optional<std::string> next, parse_next_link(link), quote(session_.host()));
    if (!next) return all;
    TRY_SET(Url to, resolve_url(asked.url, *next), quote(session_.host()));
    if (to.origin != origin || to == asked.url)
      return fail(Code::kCorrupt, quote(session_.host()) + " names " + quote(to.shown()) +
                                      " as the next page of its list");
    asked.url = std::move(to);
  }
  return fail(Code::kCorrupt, quote(session_.host()) + " has a list of more than " +
                                  std::to_string(kMostPages) + " pages");
}

Result<std::vector<std::string>> Client::tags() {
  return pages("/v2/" + repository_ + "/tags/list?n=1000", scopes("pull"), "tags");
}

Result<std::vector<std::string>> Client::catalog() {
  return pages("/v2/_catalog?n=1000", {"registry:catalog:*"}, "repositories");
}

Result<Document> Client::referrers(const std::string& digest) {
  const Headers accept = {{"Accept", "application/vnd.oci.image.index.v1+json"}};
  TRY_SET(Answer answer, get("referrers/" + digest, accept));
  if (answer->status() == 200) {
    Document document{.media_type = media_type_of(*answer), .text = {}, .digest = {}};
    TRY_SET(document.text, answer->read_all(kMostManifest));
    return document;
  }
  if (answer->status() != 404)
    return std::unexpected(refusal(answer, session_.host(), "the referrers of " + digest));
  // "sha256-<hex>", where the list is kept by hand.
  std::string tag = digest;
  std::ranges::replace(tag, ':', '-');
  auto kept = manifest(tag);
  if (!kept && kept.error().code() == Code::kNotFound) return Document{};
  return kept;
}

Result<> Client::check_login() {
  TRY_SET(const Origin origin, session_.origin());
  Request ping;
  ping.url = {.origin = origin, .target = "/v2/"};
  TRY_SET(Answer answer, session_.send(std::move(ping), {}));
  if (answer->status() == 200) return {};
  if (answer->status() == 401 || answer->status() == 403)
    return fail(Code::kPermission,
                quote(session_.host()) + " does not take this name and password");
  return std::unexpected(refusal(answer, session_.host(), "the registry"));
}

}  // namespace planet::registry
