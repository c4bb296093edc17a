#include "oci/json.h"

#include <algorithm>
#include <array>
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

// Of JSON text that is valid: each has a colon, and there are no others but in strings.
std::size_t count_keys(std::string_view text) {
  std::size_t count = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') in_string = !in_string;
    if (in_string && text[i] == '\\') ++i;
    if (!in_string && text[i] == ':') ++count;
  }
  return count;
}

// As deep as the parser let it be.
std::size_t count_keys(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count += object->size();
    for (const auto& member : *object) count += count_keys(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const json::value& element : *array) count += count_keys(element);
  }
  return count;
}

// Of keys that are the same the value has one. Only then the text is walked again, to name it.
Result<> check_keys(std::string_view text, const json::value& value, Strings strings) {
  if (count_keys(text) == count_keys(value)) return {};
  json::basic_parser<KeyCheck> parser(limits(strings));
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  if (!parser.handler().twice.empty())
    return fail(Code::kInvalidArgument,
                "key " + quote(parser.handler().twice) + " stands twice in one JSON object");
  return fail(Code::kInvalidArgument, "a key stands twice in one JSON object");
}

// Line and column, from 1, of the byte at `offset`.
std::string place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line = before.rfind('\n');
  const std::size_t column = line == std::string_view::npos ? offset : offset - line - 1;
  return "line " + std::to_string(1 + std::ranges::count(before, '\n')) + ", column " +
         std::to_string(column + 1);
}

// What is wrong, in words that a reader of the file understands.
std::string reason(const json::error_code& error, std::string_view rest) {
  if (!rest.empty() && utf8_length(rest) == 0) return "it is not UTF-8";
  if (error == json::error::too_deep)
    return "it is nested deeper than " + std::to_string(kMostDepth) + " levels";
  if (error == json::error::incomplete) return "it ends too early";
  if (error == json::error::extra_data) return "something follows its end";
  return error.message();
}

std::string short_form(const json::value& value) {
  constexpr std::size_t kMostShown = 100;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  const json::string* text = value.if_string();
  if (text == nullptr) return json::serialize(value);
  const std::string_view all(text->data(), text->size());
  return quote(all.substr(0, kMostShown)) + (all.size() > kMostShown ? "..." : "");
}

class PrettyWriter {
 public:
  explicit PrettyWriter(std::string_view indent) : indent_(indent) {}

  void write(const json::value& value) {
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
      write_all('{', '}', *object, [&](const auto& member) {
        out_ += json::serialize(json::value(member.key())) + ": ";
        write(member.value());
      });
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
      write_all('[', ']', *array, [&](const json::value& element) { write(element); });
    } else {
      out_ += json::serialize(value);
    }
  }

  std::string take() && { return std::move(out_); }

 private:
  template <class Items, class F>
  void write_all(char open, char close, const Items& items, F&& body) {
    out_ += open;
    ++level_;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      body(item);
    }
    --level_;
    new_line();
    out_ += close;
  }

  void new_line() {
    out_ += '\n';
    for (std::size_t i = 0; i < level_; ++i) out_ += indent_;
  }

  std::string_view indent_;
  std::size_t level_ = 0;
  std::string out_;
};

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t limit, Strings strings) {
  if (text.size() > limit)
    return fail(Code::kInvalidArgument, "the JSON text has " + std::to_string(text.size()) +
                                            " bytes, more than " + std::to_string(limit));
  json::error_code error;
  constexpr std::size_t kOftenEnough = 4096;
  std::array<unsigned char, kOftenEnough> scratch;  // NOLINT(*-member-init): the parser's to write
  json::stream_parser parser({}, limits(strings), scratch.data(), scratch.size());
  // Its parts lie together, and go together.
  parser.reset(json::make_shared_resource<json::monotonic_resource>(text.size() * 2));
  std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && trim(text.substr(read)).empty()) {
    parser.finish(error);
  } else if (!error) {
    error = json::error::extra_data;
    read += text.substr(read).find_first_not_of(" \t\r\n");
  }
  if (error)
    return fail(Code::kInvalidArgument,
                "not valid JSON at " + place(text, read) + ": " + reason(error, text.substr(read)));
  json::value value = parser.release();
  TRY(check_keys(text, value, strings));
  return value;
}

std::string Path::text() const {
  if (in_ == nullptr) return std::string(name_);
  std::string text = in_->text();
  switch (kind_) {
    case Kind::kDocument:
      break;
    case Kind::kField:
      if (!text.empty()) text += '.';
      text += name_;
      break;
    case Kind::kEntry:
      text += '[' + quote(name_.substr(0, 100)) + ']';
      break;
    case Kind::kElement:
      text += '[' + std::to_string(index_) + ']';
      break;
  }
  return text;
}

std::unexpected<Error> unexpected_value(const std::string& where, const json::value& is,
                                        std::string_view expected) {
  return fail(Code::kInvalidArgument, (where.empty() ? "the document" : where) + " is " +
                                          short_form(is) + ", expected " + std::string(expected));
}

Result<> take(const json::value& from, const Path& path, std::string& to) {
  const json::string* text = from.if_string();
  if (text == nullptr) return unexpected_value(path.text(), from, "a string");
  if (text->find('\0') != json::string::npos)
    return unexpected_value(path.text(), from, "a string without NUL");
  to.assign(text->data(), text->size());
  return {};
}

Result<> take(const json::value& from, const Path& path, bool& to) {
  const bool* flag = from.if_bool();
  if (flag == nullptr) return unexpected_value(path.text(), from, "true or false");
  to = *flag;
  return {};
}

Result<const json::array*> take_list(const json::value& from, const Path& path) {
  const json::array* list = from.if_array();
  if (list == nullptr) return unexpected_value(path.text(), from, "a list");
  return list;
}

Result<const json::object*> take_object(const json::value& from, const Path& path) {
  const json::object* object = from.if_object();
  if (object == nullptr) return unexpected_value(path.text(), from, "an object");
  return object;
}

Result<std::string> take_key(std::string_view key, const Path& in) {
  if (key.find('\0') != std::string_view::npos)
    return fail(Code::kInvalidArgument, in.text() + " has the key " + quote(key.substr(0, 100)) +
                                            ", expected one without NUL");
  return std::string(key);
}

Result<Fields> Fields::of(const json::value& value, std::string path) {
  TRY_SET(const json::object* object, take_object(value, Path(path)));
  return Fields(*object, std::move(path));
}

const json::value* Fields::find(std::string_view name) const {
  const json::value* field = object_->if_contains({name.data(), name.size()});
  return field == nullptr || field->is_null() ? nullptr : field;
}

std::string Fields::path_of(std::string_view name) const {
  return Path::field(Path(path_), name).text();
}

std::unexpected<Error> Fields::wrong(std::string_view name, std::string_view expected) const {
  const json::value* field = find(name);
  return unexpected_value(path_of(name), field == nullptr ? json::value() : *field, expected);
}

Result<std::vector<std::pair<std::string, std::string>>> Fields::string_pairs(
    std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const json::value* field = find(name);
  if (field == nullptr) return pairs;
  const Path here(path_);
  const Path map = Path::field(here, name);
  TRY_SET(const json::object* object, take_object(*field, map));
  for (const auto& member : *object) {
    TRY_SET(std::string key, take_key(view(member.key()), map));
    std::string value;
    TRY(take(member.value(), Path::entry(map, key), value));
    pairs.emplace_back(std::move(key), std::move(value));
  }
  return pairs;
}

std::string to_text(const json::value& value) {
  return json::serialize(value);
}

std::string to_pretty_text(const json::value& value, std::string_view indent) {
  PrettyWriter writer(indent);
  writer.write(value);
  return std::move(writer).take() + '\n';
}

json::array to_array(const std::vector<std::string>& texts) {
  json::array array;
  array.reserve(texts.size());
  for (const std::string& text : texts)
    array.emplace_back(json::string_view(text.data(), text.size()));
  return array;
}

}  // namespace planet::oci
