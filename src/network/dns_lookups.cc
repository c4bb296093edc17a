#include "network/dns_lookups.h"

namespace planet::network {

Result<std::vector<Address>> Lookups::find(const Names& names, std::string_view name) {
  std::pair key(&names, std::string(name));
  if (const auto at = found_.find(key); at != found_.end()) return at->second;
  TRY_SET(std::vector<Address> found, names.find(name));
  found_.emplace(std::move(key), found);
  return found;
}

}  // namespace planet::network
