#include "image/tag.h"

#include "base/strings.h"
#include "image/image_list.h"
#include "image/store_index.h"
#include "sys/file.h"

namespace planet::image {

Result<Tagged> tag_image(const Store& store, std::string_view source, std::string_view target) {
  TRY_SET(Reference reference, parse_reference(target));
  if (reference.digest)
    return fail(Code::kInvalidArgument,
                quote(target) + " has a digest, and a tag cannot: give NAME[:TAG]");
  const std::string name = with_default_host(std::move(reference)).text();
  TRY_SET(const Staging staging, Staging::open(store.dir()));
  TRY_SET(const UniqueFd lock, store.lock_names());
  TRY_SET(const Image image, store.resolve(source));
  Staged staged;
  staged.images.push_back({.names = {name}, .repo_digests = {}, .image = image});
  TRY(stage_index(store, staging, staged));
  TRY(store.link_name(staging, name, image.digest));
  TRY(sys::rename_at(staging.dir(), "index.json", store.dir(), "index.json"));
  return Tagged{.id = "sha256:" + image.config_digest, .name = familiar(name)};
}

}  // namespace planet::image
