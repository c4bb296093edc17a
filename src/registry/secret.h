// A password or a token: a string that no stream, no concatenation and no log takes by accident (CVE-2019-13509: docker
// wrote registry passwords into its debug log). What needs the bytes asks for them by name.
#pragma once

#include <string>
#include <utility>

namespace planet::registry {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

}  // namespace planet::registry
