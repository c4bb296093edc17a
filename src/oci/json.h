// JSON that others wrote: parsed within limits, read field by field with errors that name the path.
//
// The only door to Boost.JSON. It is used through its calls that return errors; what it could still throw (no
// memory) ends the program.
//
// Source: RFC 8259; OCI runtime-spec and image-spec, which allow unknown fields.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace planet::oci {

namespace json = boost::json;

// kAnyBytes is for what we wrote ourselves: arguments, names of files and the environment are bytes, not text.
enum class Strings : std::uint8_t { kUtf8, kAnyBytes };

// Errors: kInvalidArgument - not JSON, deeper than 64 levels, larger than `limit` bytes, invalid UTF-8, or a key that
// stands twice in one object (two readers could disagree on which counts).
Result<json::value> parse_json(std::string_view text, std::size_t limit,
                               Strings strings = Strings::kUtf8);

// One object, and where it stands in the document: "linux.resources.memory".
class Fields {
 public:
  // Errors: kInvalidArgument - `value` is not an object.
  static Result<Fields> of(const json::value& value, std::string path);

  // The field as it is; null counts as absent.
  const json::value* find(std::string_view name) const;
  std::string path_of(std::string_view name) const;

  // Each leaves `to` alone when the field is absent.
  // Errors: kInvalidArgument - another type, or a number out of range, naming the path.
  Result<> read(std::string_view name, std::string& to) const;
  Result<> read(std::string_view name, bool& to) const;
  Result<> read(std::string_view name, std::vector<std::string>& to) const;
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Result<> read(std::string_view name, T& to) const {
    const json::value* field = find(name);
    if (field == nullptr) return {};
    return number(*field, name, to);
  }
  template <class T>
  Result<> read(std::string_view name, std::optional<T>& to) const {
    if (find(name) == nullptr) return {};
    T value{};
    TRY(read(name, value));
    to = std::move(value);
    return {};
  }
  // {"a": "b"}
  template <class Map>
  Result<> read_map(std::string_view name, Map& to) const {
    TRY_SET(const auto pairs, string_pairs(name));
    for (const auto& [key, value] : pairs) to[key] = value;
    return {};
  }

  // Calls `each(value, path)` for every element of the array; absent is empty.
  template <class F>
  Result<> each(std::string_view name, F&& body) const {
    TRY_SET(const json::array* array, array_of(name));
    if (array == nullptr) return {};
    for (std::size_t i = 0; i < array->size(); ++i)
      TRY(body((*array)[i], path_of(name) + "[" + std::to_string(i) + "]"));
    return {};
  }

  const json::object& object() const { return *object_; }
  const std::string& path() const { return path_; }

  std::unexpected<Error> wrong(std::string_view name, std::string_view expected) const;

 private:
  Fields(const json::object& object, std::string path) : object_(&object), path_(std::move(path)) {}
  Result<const json::array*> array_of(std::string_view name) const;
  Result<std::vector<std::pair<std::string, std::string>>> string_pairs(
      std::string_view name) const;

  template <class T>
  Result<> number(const json::value& field, std::string_view name, T& to) const {
    const auto out_of_range = [&] {
      return fail(Code::kInvalidArgument, path_of(name) + " is out of range " +
                                              std::to_string(std::numeric_limits<T>::min()) + ".." +
                                              std::to_string(std::numeric_limits<T>::max()));
    };
    if (const auto* small = field.if_int64()) {
      if (!std::in_range<T>(*small)) return out_of_range();
      to = static_cast<T>(*small);
      return {};
    }
    if (const auto* large = field.if_uint64()) {
      if (!std::in_range<T>(*large)) return out_of_range();
      to = static_cast<T>(*large);
      return {};
    }
    return wrong(name, "a whole number");
  }

  const json::object* object_;
  std::string path_;
};

// Compact text, without escaping what needs none.
std::string to_text(const json::value& value);
// The same with line breaks and four blanks a level, as runc prints.
std::string to_pretty_text(const json::value& value);

json::array to_array(const std::vector<std::string>& texts);

}  // namespace planet::oci
