#include "engine/new_image.h"

#include <utility>

#include "base/strings.h"
#include "engine/image_change.h"
#include "image/reference.h"

namespace planet::engine {

namespace json = oci::json;

Result<std::vector<std::string>> new_image_names(const std::string& text) {
  if (text.empty()) return std::vector<std::string>();
  TRY_SET(image::Reference name, image::parse_reference(text));
  if (name.digest)
    return fail(Code::kInvalidArgument,
                quote(text) + ": a new image's digest is not known before; give a tag");
  return std::vector<std::string>{image::with_default_host(std::move(name)).text()};
}

json::object& object_in(json::object& in, const char* name) {
  json::value& value = in[name];
  if (!value.is_object()) value = json::object();
  return value.get_object();
}

json::array& array_in(json::object& in, const char* name) {
  json::value& value = in[name];
  if (!value.is_array()) value = json::array();
  return value.get_array();
}

Result<> check_changes(const std::vector<std::string>& changes) {
  json::object trial;
  for (const std::string& line : changes) TRY(apply_change(line, trial));
  return {};
}

}  // namespace planet::engine
