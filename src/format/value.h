// Values that a template works with, and what they are as text, as a condition, and beside each other.
//
// Source: the documentation of Go's text/template and fmt (verb %v).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "oci/json.h"

namespace planet::format {

// A part of somebody's document, or a value of its own. Never a null pointer.
using Value = std::shared_ptr<const oci::json::value>;

Value borrow(const oci::json::value& value);  // which outlives it
Value part_of(const Value& whole, const oci::json::value& part);
Value own(oci::json::value value);
Value own_text(std::string_view text);

// What a template may still cost: steps, and bytes that it makes. Templates multiply.
class Budget {
 public:
  // Errors: kInvalidArgument - it is used up.
  Result<> spend(std::size_t bytes);

 private:
  static constexpr std::size_t kStep = 32;
  std::size_t left_ = std::size_t{32} << 20;
};

std::string value_text(const oci::json::value& value);  // as Go prints it: [a b] map[k:v]
bool is_true(const oci::json::value& value);            // not empty, not zero
std::string_view as_view(const oci::json::string& text);

// Less, equal, more: -1, 0, 1.
// Errors: kInvalidArgument - they are of kinds that do not compare.
Result<int> compare(const oci::json::value& a, const oci::json::value& b);

// x[key]: an element of a list by its number, a member of an object by its name ("" if it has none, as an absent
// label is to docker).
Result<Value> index_of(const Value& value, const oci::json::value& key);

}  // namespace planet::format
