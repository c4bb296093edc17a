// --filter KEY=VALUE, as docker's listings and prunes take it.
//
// Several values of one key: one of them fits. Several keys: each fits. Labels are the exception, as with docker: every
// one fits.
//
// Source: docker-ps(1), docker-images(1), "Filtering".
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/moment.h"

namespace planet::format {

class Filters {
 public:
  // Errors: kInvalidArgument - no KEY=VALUE, or a key that is not among `known`.
  static Result<Filters> parse(const std::vector<std::string>& texts,
                               std::initializer_list<std::string_view> known);

  bool has(std::string_view key) const { return !values(key).empty(); }
  const std::vector<std::string>& values(std::string_view key) const;

  // True when the key was not given, or `fits(value)` for one of its values.
  template <class F>
  bool any(std::string_view key, F&& fits) const {
    for (const std::string& value : values(key))
      if (fits(value)) return true;
    return !has(key);
  }
  bool equals(std::string_view key, std::string_view is) const {
    return any(key, [&](const std::string& value) { return value == is; });
  }

  // docker's way with names and ids: a value fits that is `text`, or a regular expression (POSIX, extended) found in it.
  // One that is malformed fits nothing but itself.
  bool matches(std::string_view key, std::string_view text) const;

  // label=KEY, label=KEY=VALUE, label!=KEY, label!=KEY=VALUE.
  bool labels_fit(const std::map<std::string, std::string>& labels) const;

  // dangling=true and the like. Errors: kInvalidArgument - neither true nor false, or both.
  Result<std::optional<bool>> truth(std::string_view key) const;

  // until=TIME: what came before it fits. Errors: kInvalidArgument - no moment, or several.
  Result<std::optional<Moment>> moment(std::string_view key, Moment from) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// Shell patterns as Go's path.Match has them: *, ?, [a-z], [^a-z], \x; none of them fits '/'.
bool fits_pattern(std::string_view pattern, std::string_view text);

}  // namespace planet::format
