// JSON that others wrote: parsed within limits, read value by value with errors that name the place.
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
#include "oci/form.h"

namespace planet::oci {

namespace json = boost::json;

// Errors: kInvalidArgument - not JSON (naming line and column), deeper than 64 levels, larger than `limit` bytes,
// invalid UTF-8, or a key that stands twice in one object (two readers could disagree on which counts).
Result<json::value> parse_json(std::string_view text, std::size_t limit,
                               Strings strings = Strings::kUtf8);

// Where a value stands in its document: linux.resources.rdma["mlx5"].hcaHandles. It becomes text for an error only,
// so it borrows: the outer Path and the name must outlive it.
class Path {
 public:
  explicit Path(std::string_view document) : name_(document) {}  // "" for the document itself
  static Path field(const Path& in, std::string_view name) { return Path(&in, Kind::kField, name); }
  static Path entry(const Path& in, std::string_view key) { return Path(&in, Kind::kEntry, key); }
  static Path element(const Path& in, std::size_t index) {
    Path path(&in, Kind::kElement, {});
    path.index_ = index;
    return path;
  }
  std::string text() const;  // printable, whatever the keys are

 private:
  enum class Kind : std::uint8_t { kDocument, kField, kEntry, kElement };
  Path(const Path* in, Kind kind, std::string_view name) : in_(in), kind_(kind), name_(name) {}

  const Path* in_ = nullptr;
  Kind kind_ = Kind::kDocument;
  std::string_view name_;
  std::size_t index_ = 0;
};

// "X is VALUE, expected EXPECTED", with a short form of the value.
std::unexpected<Error> unexpected_value(const std::string& where, const json::value& is,
                                        std::string_view expected);

// One value as the type of `to`.
// Errors: kInvalidArgument - another type, a number out of range, a NUL in a string (the kernel's strings end there).
Result<> take(const json::value& from, const Path& path, std::string& to);
Result<> take(const json::value& from, const Path& path, bool& to);
template <std::integral T>
Result<> take(const json::value& from, const Path& path, T& to) {
  const auto fits = [&](const auto* number) {
    return number != nullptr && std::in_range<T>(*number);
  };
  if (const auto* small = from.if_int64(); fits(small))
    to = static_cast<T>(*small);
  else if (const auto* large = from.if_uint64(); fits(large))
    to = static_cast<T>(*large);
  else
    return unexpected_value(path.text(), from,
                            "a whole number in " + std::to_string(std::numeric_limits<T>::min()) +
                                ".." + std::to_string(std::numeric_limits<T>::max()));
  return {};
}

// The array or object that `from` is.
Result<const json::array*> take_list(const json::value& from, const Path& path);
Result<const json::object*> take_object(const json::value& from, const Path& path);

inline std::string_view view(json::string_view text) {
  return {text.data(), text.size()};
}

template <class T>
Result<> take(const json::value& from, const Path& path, std::vector<T>& to) {
  TRY_SET(const json::array* list, take_list(from, path));
  to.clear();
  to.reserve(list->size());
  for (const json::value& value : *list) {
    T item{};
    TRY(take(value, Path::element(path, to.size()), item));
    to.push_back(std::move(item));
  }
  return {};
}

// One object, and where it stands in the document: for readers that take some fields of it.
class Fields {
 public:
  // Errors: kInvalidArgument - `value` is not an object.
  static Result<Fields> of(const json::value& value, std::string path);

  // The field as it is; null counts as absent.
  const json::value* find(std::string_view name) const;
  std::string path_of(std::string_view name) const;

  // Each leaves `to` alone when the field is absent. Errors: those of take().
  template <class T>
  Result<> read(std::string_view name, T& to) const {
    const json::value* field = find(name);
    if (field == nullptr) return {};
    const Path here(path_);
    return take(*field, Path::field(here, name), to);
  }
  template <class T>
  Result<> read(std::string_view name, std::optional<T>& to) const {
    if (find(name) == nullptr) return {};
    return read(name, to.emplace());
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
    const json::value* field = find(name);
    if (field == nullptr) return {};
    const Path here(path_);
    TRY_SET(const json::array* list, take_list(*field, Path::field(here, name)));
    for (std::size_t i = 0; i < list->size(); ++i)
      TRY(body((*list)[i], path_of(name) + "[" + std::to_string(i) + "]"));
    return {};
  }

  const json::object& object() const { return *object_; }
  const std::string& path() const { return path_; }

  // For a field that is there.
  std::unexpected<Error> wrong(std::string_view name, std::string_view expected) const;

 private:
  Fields(const json::object& object, std::string path) : object_(&object), path_(std::move(path)) {}
  Result<std::vector<std::pair<std::string, std::string>>> string_pairs(
      std::string_view name) const;

  const json::object* object_;
  std::string path_;
};

// Errors: kInvalidArgument - a NUL in it.
Result<std::string> take_key(std::string_view key, const Path& in);

// Compact text, without escaping what needs none.
std::string to_text(const json::value& value);
// The same with line breaks, and `indent` for each level.
std::string to_pretty_text(const json::value& value, std::string_view indent = "    ");

json::array to_array(const std::vector<std::string>& texts);

}  // namespace planet::oci
