#include "image/embedded.h"

#include <algorithm>
#include <string_view>

#include "image/load.h"
#include "sys/file.h"
#include "sys/memory_file.h"

// The archive's bytes: image/embedded_blob.S.
// NOLINTBEGIN(readability-identifier-naming): names of the assembler
extern "C" const char planet_image_begin[];
extern "C" const char planet_image_end[];
// NOLINTEND(readability-identifier-naming)

namespace planet::image {

bool is_embedded_name(std::string_view text) {
  const auto reference = parse_reference(text);
  if (!reference || reference->digest) return false;
  const auto candidates = local_candidates(*reference);
  return std::ranges::any_of(
      candidates, [](const Reference& candidate) { return candidate.text() == kEmbeddedName; });
}

Result<> load_embedded(const Store& store) {
  const std::string_view bytes(planet_image_begin,
                               static_cast<std::size_t>(planet_image_end - planet_image_begin));
  TRY_SET(const UniqueFd file, sys::sealed_memory_file("busybox", bytes));
  TRY(sys::seek_to(file.borrow(), 0));
  TRY(load_archive(store, file.borrow(), "", {}), "load the embedded image");
  return {};
}

Result<Image> resolve_or_embedded(const Store& store, std::string_view text) {
  auto image = store.resolve(text);
  if (image || image.error().code() != Code::kNotFound || !is_embedded_name(text)) return image;
  TRY(load_embedded(store));
  return store.resolve(text);
}

}  // namespace planet::image
