#include "oci/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/throw_exception.hpp>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/strings.h"

// Our code is built without exceptions: what the library would throw here is a lack of memory or a bug of ours.
namespace boost {
void throw_exception(const std::exception& error) {
  std::fprintf(stderr, "planet: internal error: %s\n", error.what());
  std::abort();
}
void throw_exception(const std::exception& error, const boost::source_location& /*at*/) {
  throw_exception(error);
}
}  // namespace boost

namespace planet::oci {
namespace {

constexpr std::size_t kMostDepth = 64;

// Walks the text once and notes a key that stands twice in one object. Member names are those that
// boost::json::basic_parser calls.
// NOLINTBEGIN(readability-identifier-naming)
struct KeyCheck {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  // NOLINTEND(readability-identifier-naming)

  std::vector<std::set<std::string>> objects;
  std::string key;
  std::string twice;

  // NOLINTBEGIN(bugprone-easily-swappable-parameters)
  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    objects.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key += std::string_view(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    key += std::string_view(part.data(), part.size());
    if (!objects.back().insert(key).second) {
      twice = key;
      error = json::error::extra_data;
      return false;
    }
    key.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
  // NOLINTEND(bugprone-easily-swappable-parameters)
};

json::parse_options limits(Strings strings) {
  json::parse_options options;
  options.max_depth = kMostDepth;
  options.allow_invalid_utf8 = strings == Strings::kAnyBytes;
  return options;
}

Result<> check_keys(std::string_view text, Strings strings) {
  json::basic_parser<KeyCheck> parser(limits(strings));
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  if (!parser.handler().twice.empty())
    return fail(Code::kInvalidArgument,
                "key " + quote(parser.handler().twice) + " stands twice in one JSON object");
  return {};
}

void indent(std::string& out, std::size_t level) {
  out += '\n';
  out.append(level * 4, ' ');
}

void write_pretty(std::string& out, const json::value& value, std::size_t level) {
  const auto separate = [&](bool& first) {
    if (!first) out += ',';
    first = false;
    indent(out, level + 1);
  };
  bool first = true;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    for (const auto& member : *object) {
      separate(first);
      out += json::serialize(json::value(member.key())) + ": ";
      write_pretty(out, member.value(), level + 1);
    }
    indent(out, level);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    for (const json::value& element : *array) {
      separate(first);
      write_pretty(out, element, level + 1);
    }
    indent(out, level);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t limit, Strings strings) {
  if (text.size() > limit)
    return fail(Code::kInvalidArgument, "the JSON text has " + std::to_string(text.size()) +
                                            " bytes, more than " + std::to_string(limit));
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error, {}, limits(strings));
  if (error) return fail(Code::kInvalidArgument, "not valid JSON: " + error.message());
  TRY(check_keys(text, strings));
  return value;
}

Result<Fields> Fields::of(const json::value& value, std::string path) {
  const json::object* object = value.if_object();
  if (object == nullptr)
    return fail(Code::kInvalidArgument,
                (path.empty() ? "the document" : path) + " is not a JSON object");
  return Fields(*object, std::move(path));
}

const json::value* Fields::find(std::string_view name) const {
  const json::value* field = object_->if_contains({name.data(), name.size()});
  return field == nullptr || field->is_null() ? nullptr : field;
}

std::string Fields::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

std::unexpected<Error> Fields::wrong(std::string_view name, std::string_view expected) const {
  return fail(Code::kInvalidArgument, path_of(name) + " is not " + std::string(expected));
}

Result<> Fields::read(std::string_view name, std::string& to) const {
  const json::value* field = find(name);
  if (field == nullptr) return {};
  const json::string* text = field->if_string();
  if (text == nullptr) return wrong(name, "a string");
  if (text->find('\0') != json::string::npos) return wrong(name, "a string without NUL");
  to.assign(text->data(), text->size());
  return {};
}

Result<> Fields::read(std::string_view name, bool& to) const {
  const json::value* field = find(name);
  if (field == nullptr) return {};
  const bool* flag = field->if_bool();
  if (flag == nullptr) return wrong(name, "true or false");
  to = *flag;
  return {};
}

Result<> Fields::read(std::string_view name, std::vector<std::string>& to) const {
  to.clear();
  return each(name, [&](const json::value& element, const std::string& path) -> Result<> {
    const json::string* text = element.if_string();
    if (text == nullptr) return fail(Code::kInvalidArgument, path + " is not a string");
    if (text->find('\0') != json::string::npos)
      return fail(Code::kInvalidArgument, path + " contains a NUL");
    to.emplace_back(text->data(), text->size());
    return {};
  });
}

Result<const json::array*> Fields::array_of(std::string_view name) const {
  const json::value* field = find(name);
  if (field == nullptr) return nullptr;
  const json::array* array = field->if_array();
  if (array == nullptr) return wrong(name, "a list");
  return array;
}

Result<std::vector<std::pair<std::string, std::string>>> Fields::string_pairs(
    std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const json::value* field = find(name);
  if (field == nullptr) return pairs;
  TRY_SET(const Fields fields, of(*field, path_of(name)));
  for (const auto& member : fields.object()) {
    std::string value;
    TRY(fields.read(std::string_view(member.key().data(), member.key().size()), value));
    pairs.emplace_back(std::string(member.key().data(), member.key().size()), std::move(value));
  }
  return pairs;
}

std::string to_text(const json::value& value) {
  return json::serialize(value);
}

std::string to_pretty_text(const json::value& value) {
  std::string out;
  write_pretty(out, value, 0);
  out += '\n';
  return out;
}

json::array to_array(const std::vector<std::string>& texts) {
  json::array array;
  array.reserve(texts.size());
  for (const std::string& text : texts)
    array.emplace_back(json::string_view(text.data(), text.size()));
  return array;
}

}  // namespace planet::oci
