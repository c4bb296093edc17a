// Reading and writing objects by one description: describe(visitor, object) names every field of an object once
// (oci/spec_fields.h), Reader fills the object from JSON, Writer makes JSON of it.
//
// What a description says of a field:
//   required   an error where it is absent or an empty string; always written
//   always     may be absent; always written
//   optional   may be absent; written only where it differs from what absence means
//   inner      an object in JSON that is no struct here; written only if something is in it
// null counts as absent.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "oci/form.h"
#include "oci/json.h"

namespace planet::oci {

// A description serves both directions, so it takes its object const or not.
template <class T, class U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

// Specialized for each enum: pairs of name and value.
template <class E>
struct EnumNames;

template <class E>
std::string_view enum_name(E value) {
  for (const auto& [name, of] : EnumNames<E>::kNames)
    if (of == value) return name;
  return {};
}

// Specialized for each class that is one string in JSON: text(value), and parse(text), which judges it.
template <class T>
struct TextForm;

template <class T>
concept HasTextForm = requires(const T& value) {
  { TextForm<T>::text(value) } -> std::same_as<std::string>;
};

class Reader {
 public:
  Reader(const json::object& from, const Path& path) : from_(from), path_(path) {}

  template <class T>
  void required(std::string_view name, T& to) {
    if (error_) return;
    const json::value* value = find(name);
    if (value == nullptr)
      error_ = Error(Code::kInvalidArgument, Path::field(path_, name).text() + " is missing");
    else
      keep(read(*value, Path::field(path_, name), to));
    if constexpr (std::same_as<T, std::string>)
      if (!error_ && to.empty())
        error_ = Error(Code::kInvalidArgument, Path::field(path_, name).text() + " is empty");
  }

  template <class T>
  void optional(std::string_view name, T& to, const T& absent = T{}) {
    if (error_) return;
    if (const json::value* value = find(name)) keep(read(*value, Path::field(path_, name), to));
    if constexpr (std::same_as<T, std::string>)
      if (to.empty()) to = absent;
  }

  template <class T>
  void always(std::string_view name, T& to, const T& absent = T{}) {
    optional(name, to, absent);
  }

  template <class F>
  void inner(std::string_view name, F&& describe_inner) {
    const json::value* value = error_ ? nullptr : find(name);
    if (value == nullptr) return;
    const Path here = Path::field(path_, name);
    const auto object = take_object(*value, here);
    if (!object) return keep(std::unexpected(object.error()));
    Reader reader(**object, here);
    describe_inner(reader);
    keep(reader.result());
  }

  Result<> result() const {
    if (error_) return std::unexpected(*error_);
    return {};
  }

  // A whole value, of any type that occurs.
  template <class T>
  static Result<> read(const json::value& from, const Path& path, T& to) {
    if constexpr (std::is_enum_v<T>) {
      return read_enum(from, path, to);
    } else if constexpr (HasTextForm<T>) {
      return read_text(from, path, to);
    } else if constexpr (std::is_class_v<T> && !std::same_as<T, std::string>) {
      TRY_SET(const json::object* object, take_object(from, path));
      Reader reader(*object, path);
      describe(reader, to);
      return reader.result();
    } else {
      return take(from, path, to);
    }
  }

  template <class T>
  static Result<> read(const json::value& from, const Path& path, std::optional<T>& to) {
    return read(from, path, to.emplace());
  }

  template <class T>
  static Result<> read(const json::value& from, const Path& path, std::vector<T>& to) {
    TRY_SET(const json::array* list, take_list(from, path));
    to.clear();
    to.reserve(list->size());
    for (const json::value& value : *list) {
      T item{};
      TRY(read(value, Path::element(path, to.size()), item));
      to.push_back(std::move(item));
    }
    return {};
  }

  template <class T>
  static Result<> read(const json::value& from, const Path& path, std::map<std::string, T>& to) {
    TRY_SET(const json::object* object, take_object(from, path));
    to.clear();
    for (const auto& member : *object) {
      TRY_SET(std::string key, take_key(view(member.key()), path));
      T item{};
      TRY(read(member.value(), Path::entry(path, view(member.key())), item));
      to.emplace(std::move(key), std::move(item));
    }
    return {};
  }

 private:
  const json::value* find(std::string_view name) const {
    const json::value* value = from_.if_contains({name.data(), name.size()});
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  void keep(Result<> result) {
    if (!result) error_ = std::move(result).error();
  }

  template <class T>
  static Result<> read_text(const json::value& from, const Path& path, T& to) {
    std::string text;
    TRY(take(from, path, text));
    TRY_SET(to, TextForm<T>::parse(text), path.text());
    return {};
  }

  template <class E>
  static Result<> read_enum(const json::value& from, const Path& path, E& to) {
    const json::string* text = from.if_string();
    std::string all;
    for (const auto& [name, value] : EnumNames<E>::kNames) {
      if (text != nullptr && view(*text) == name) {
        to = value;
        return {};
      }
      all.append(all.empty() ? "one of " : ", ").append(name);
    }
    return unexpected_value(path.text(), from, all);
  }

  const json::object& from_;
  const Path& path_;
  std::optional<Error> error_;
};

class Writer {
 public:
  template <class T>
  void required(std::string_view name, const T& value) {
    out_.emplace(json::string_view(name.data(), name.size()), write(value));
  }

  template <class T>
  void always(std::string_view name, const T& value, const T& /*absent*/ = T{}) {
    required(name, value);
  }

  template <class T>
  void optional(std::string_view name, const T& value, const T& absent = T{}) {
    if (!(value == absent)) required(name, value);
  }

  template <class F>
  void inner(std::string_view name, F&& describe_inner) {
    Writer writer;
    describe_inner(writer);
    if (!writer.out_.empty())
      out_.emplace(json::string_view(name.data(), name.size()), writer.out_);
  }

  json::object take() && { return std::move(out_); }

  template <class T>
  static json::value write(const T& value) {
    if constexpr (std::same_as<T, std::string>) {
      return json::string(json::string_view(value.data(), value.size()));
    } else if constexpr (std::is_enum_v<T>) {
      return json::string(enum_name(value));
    } else if constexpr (HasTextForm<T>) {
      return write(TextForm<T>::text(value));
    } else if constexpr (std::is_class_v<T>) {
      Writer writer;
      describe(writer, value);
      return std::move(writer).take();
    } else {
      return value;
    }
  }

  template <class T>
  static json::value write(const std::optional<T>& value) {
    return value ? write(*value) : json::value();
  }

  template <class T>
  static json::value write(const std::vector<T>& values) {
    json::array list;
    list.reserve(values.size());
    for (const T& value : values) list.push_back(write(value));
    return list;
  }

  template <class T>
  static json::value write(const std::map<std::string, T>& values) {
    json::object object;
    for (const auto& [key, value] : values)
      object.emplace(json::string_view(key.data(), key.size()), write(value));
    return object;
  }

 private:
  json::object out_;
};

// The whole text as a T; `document` stands before the names of its fields in errors.
template <class T>
Result<T> parse_as(std::string_view text, std::size_t limit, std::string_view document = {}) {
  TRY_SET(const json::value value, parse_json(text, limit));
  T object{};
  TRY(Reader::read(value, Path(document), object));
  return object;
}

template <class T>
std::string write_as(const T& object, Form form) {
  const json::value value = Writer::write(object);
  return form == Form::kPretty ? to_pretty_text(value, "\t") : to_text(value);
}

}  // namespace planet::oci
