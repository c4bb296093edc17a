#include "oci/spec_json.h"

#include <algorithm>

#include "base/strings.h"
#include "oci/spec_fields.h"

namespace planet::oci {
namespace {

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

// semver.org: three numbers without leading zeros; then "-" and "+" with identifiers between dots.
bool is_semantic_version(std::string_view version) {
  constexpr std::string_view kWord =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
  const std::size_t end = version.find_first_of("-+");
  const auto numbers = split(version.substr(0, end), '.');
  const bool three = numbers.size() == 3 && std::ranges::all_of(numbers, [](std::string_view part) {
                       return all_of(part, "0123456789") && (part.size() == 1 || part[0] != '0');
                     });
  if (!three || end == std::string_view::npos) return three;
  const std::string_view rest = version.substr(end);
  const std::size_t plus = rest.find('+');
  const std::string_view before = rest.substr(0, plus);
  const auto are_words = [&](std::string_view words) {
    return std::ranges::all_of(split(words, '.'),
                               [&](std::string_view word) { return all_of(word, kWord); });
  };
  return (before.empty() || are_words(before.substr(1))) &&
         (plus == std::string_view::npos || are_words(rest.substr(plus + 1)));
}

// config.md#platform-specific-configuration. Bundles for Linux may carry sections of other platforms; one that asks for
// a virtual machine must not run without.
Result<> check_platform(const json::object& document) {
  const auto has = [&](json::string_view section) {
    const json::value* value = document.if_contains(section);
    return value != nullptr && !value->is_null();
  };
  if (has("vm"))
    return fail(Code::kUnsupported,
                "vm asks for a virtual machine, which this runtime does not make; leave it out");
  for (const char* other : {"windows", "solaris", "zos", "freebsd"})
    if (has(other) && !has("linux"))
      return fail(Code::kUnsupported, std::string(other) +
                                          " is set and linux is not: the bundle is for another "
                                          "platform");
  return {};
}

}  // namespace

Result<> check_version(std::string_view version) {
  const std::string is = "ociVersion is " + quote(version.substr(0, 100));
  if (!is_semantic_version(version))
    return fail(Code::kInvalidArgument, is + ", expected a version such as 1.2.0");
  if (!version.starts_with("1."))
    return fail(Code::kUnsupported, is + ", expected 1.x.y, the series that this runtime knows");
  return {};
}

std::string_view namespace_name(NamespaceType type) {
  return enum_name(type);
}

Result<Spec> parse_spec(std::string_view text, Strings strings) {
  TRY_SET(const json::value value, parse_json(text, kMostConfigBytes, strings));
  const Path document("");
  TRY_SET(const json::object* object, take_object(value, document));
  Spec spec;
  Reader version(*object, document);
  version.required("ociVersion", spec.oci_version);
  TRY(version.result());
  TRY(check_version(spec.oci_version));
  TRY(check_platform(*object));
  TRY(Reader::read(value, document, spec));
  return spec;
}

Result<Process> parse_process(std::string_view text) {
  return parse_as<Process>(text, kMostConfigBytes, "process");
}

Result<Resources> parse_resources(std::string_view text) {
  return parse_as<Resources>(text, kMostConfigBytes, "linux.resources");
}

std::string write_spec(const Spec& spec, Form form) {
  return write_as(spec, form);
}

std::string write_process(const Process& process, Form form) {
  return write_as(process, form);
}

std::string write_resources(const Resources& resources, Form form) {
  return write_as(resources, form);
}

}  // namespace planet::oci
