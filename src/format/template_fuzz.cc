#include <cstdint>
#include <cstdlib>
#include <string>

#include "format/filter.h"
#include "format/moment.h"
#include "format/template.h"

namespace {

const planet::oci::json::value& document() {
  static const planet::oci::json::value kDocument = planet::oci::parse_json(R"({
    "Id": "f\u001b", "N": -5, "R": 1.5e300, "B": 18446744073709551615, "T": true, "Z": null,
    "L": ["a", "b", {"x": [1, 2, 3]}], "Labels": {"a.b": "c", "d": "e"}})",
                                                                            10000)
                                                        .value();
  return kDocument;
}

}  // namespace

// A template is refused or becomes text without control characters of the data, within its bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const std::size_t half = text.find('\n');
  if (half != std::string::npos)
    (void)planet::format::fits_pattern(text.substr(0, half), text.substr(half + 1));
  (void)planet::format::parse_moment(text, 0);
  const auto parsed = planet::format::Template::parse(text);
  if (!parsed) return 0;
  const auto plain = parsed->render(document());
  const auto escaped = parsed->render(document(), planet::format::Escape::kAll);
  (void)parsed->render_titles(document());
  if (plain && plain->size() > (std::size_t{32} << 20)) std::abort();
  if (escaped && text.find('\x1b') == std::string::npos && escaped->contains('\x1b')) std::abort();
  return 0;
}
