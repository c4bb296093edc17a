// What was looked up for the queries that came together: a client asks for a name's addresses of both families at once, and a
// program that opens many connections asks for one name many times.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "network/address.h"
#include "network/names.h"

namespace planet::network {

class Lookups {
 public:
  // As names.find(), or what that said before. `names` stays where it is until forget().
  Result<std::vector<Address>> find(const Names& names, std::string_view name);

  // Behind the arrival of a query and before its answer: so it is told what was so when it came, or later.
  void forget() { found_.clear(); }

 private:
  std::map<std::pair<const Names*, std::string>, std::vector<Address>> found_;
};

}  // namespace planet::network
