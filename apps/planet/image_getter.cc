#include "image_getter.h"

#include <cstdio>

#include "image/reference.h"

namespace planet::cli {

bool ImageGetter::prepare(engine::RunHooks& hooks) {
  if (request_.pull != engine::Pull::kNever)
    hooks.missing_image = [this](const std::string& name) { return get_missing(name); };
  if (request_.pull != engine::Pull::kAlways || !request_.rootfs.empty()) return true;
  if (!get(request_.image)) return false;
  // Not what is here under the short name ("localhost/debian"), but what came.
  const auto reference = image::parse_reference(request_.image);
  if (reference) request_.image = image::with_default_host(*reference).text();
  return true;
}

Result<> ImageGetter::get(const std::string& name) {
  failed_ = pull_for_run(global_, name);
  if (failed_ == 0) return {};
  return fail(Code::kNotFound, "the image " + name + " was not pulled");
}

// As docker says it, before it pulls.
Result<> ImageGetter::get_missing(const std::string& name) {
  const auto reference = image::parse_reference(name);
  if (!reference) return std::unexpected(reference.error());
  std::fprintf(stderr, "Unable to find image '%s' locally\n", reference->text().c_str());
  return get(name);
}

}  // namespace planet::cli
