#include "format/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace planet::format {
namespace {

namespace json = oci::json;

std::string real_text(double number) {
  char text[32];
  const double size = std::fabs(number);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e21);
  const auto end =
      plain ? std::to_chars(text, text + sizeof text, number, std::chars_format::fixed)
            : std::to_chars(text, text + sizeof text, number, std::chars_format::scientific);
  return {text, end.ptr};
}

void append(std::string& out, const json::value& value);

void append_map(std::string& out, const json::object& object) {
  std::vector<const json::key_value_pair*> members;
  for (const auto& member : object) members.push_back(&member);
  std::ranges::sort(members, {}, [](const auto* member) { return oci::view(member->key()); });
  out += "map[";
  for (const auto* member : members) {
    if (member != members.front()) out += ' ';
    out += oci::view(member->key());
    out += ':';
    append(out, member->value());
  }
  out += ']';
}

void append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "<no value>";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      break;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      break;
    case json::kind::double_:
      out += real_text(value.get_double());
      break;
    case json::kind::string:
      out += as_view(value.get_string());
      break;
    case json::kind::array:
      out += '[';
      for (const json::value& element : value.get_array()) {
        if (&element != &value.get_array().front()) out += ' ';
        append(out, element);
      }
      out += ']';
      break;
    case json::kind::object:
      append_map(out, value.get_object());
      break;
  }
}

template <class T>
int order(const T& a, const T& b) {
  if (a < b) return -1;
  return b < a ? 1 : 0;
}

int compare_numbers(const json::value& a, const json::value& b) {
  if (a.is_double() || b.is_double()) {
    const auto real = [](const json::value& value) { return value.to_number<double>(); };
    return order(real(a), real(b));
  }
  if (a.is_int64() && b.is_int64()) return order(a.get_int64(), b.get_int64());
  if (a.is_uint64() && b.is_uint64()) return order(a.get_uint64(), b.get_uint64());
  // One is an int64, the other is not negative and may be beyond that.
  if (a.is_int64()) return -compare_numbers(b, a);
  if (b.get_int64() < 0) return 1;
  return order(a.get_uint64(), static_cast<std::uint64_t>(b.get_int64()));
}

}  // namespace

Value borrow(const json::value& value) {
  return {Value(), &value};
}
Value part_of(const Value& whole, const json::value& part) {
  return {whole, &part};
}
Value own(json::value value) {
  return std::make_shared<const json::value>(std::move(value));
}
Value own_text(std::string_view text) {
  return own(json::value(json::string_view(text.data(), text.size())));
}

std::string_view as_view(const json::string& text) {
  return {text.data(), text.size()};
}

Result<> Budget::spend(std::size_t bytes) {
  if (left_ < kStep || left_ - kStep < bytes)
    return fail(Code::kInvalidArgument, "the format makes too much work or text of one thing");
  left_ -= kStep + bytes;
  return {};
}

std::string value_text(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

bool is_true(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return false;
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
      return value.get_int64() != 0;
    case json::kind::uint64:
      return value.get_uint64() != 0;
    case json::kind::double_:
      return value.get_double() != 0;
    case json::kind::string:
      return !value.get_string().empty();
    case json::kind::array:
      return !value.get_array().empty();
    case json::kind::object:
      return !value.get_object().empty();
  }
  return false;
}

Result<int> compare(const json::value& a, const json::value& b) {
  if (a.is_string() && b.is_string())
    return order(as_view(a.get_string()), as_view(b.get_string()));
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.is_bool() && b.is_bool()) return order(a.get_bool(), b.get_bool());
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null() ? 0 : 1;
  return fail(Code::kInvalidArgument, "the format compares things of different kinds");
}

Result<Value> index_of(const Value& value, const json::value& key) {
  const json::string* const name = key.if_string();
  if (name != nullptr && (value->is_object() || value->is_null())) {
    const json::object* const object = value->if_object();
    const json::value* const member = object == nullptr ? nullptr : object->if_contains(*name);
    return member == nullptr ? own_text("") : part_of(value, *member);
  }
  const json::array* const list = value->if_array();
  if (list == nullptr || !key.is_int64())
    return fail(Code::kInvalidArgument,
                "the format looks for " + quote(value_text(key)) + " in what has no such parts");
  const std::int64_t at = key.get_int64();
  if (at < 0 || std::cmp_greater_equal(at, list->size()))
    return fail(Code::kInvalidArgument, "the format takes element " + std::to_string(at) +
                                            " of a list that has " + std::to_string(list->size()));
  return part_of(value, (*list)[static_cast<std::size_t>(at)]);
}

}  // namespace planet::format
