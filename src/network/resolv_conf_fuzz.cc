#include <cstdint>
#include <cstdlib>
#include <string>

#include "network/resolv_conf.h"

// Whatever a host's file says, a container's is one that says the same when it is read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::network;
  const ResolvConf host = parse_resolv_conf({reinterpret_cast<const char*>(data), size});
  const auto own = Address::parse("127.0.0.11");
  const auto text = render_resolv_conf(host, {}, *own);
  if (!text) std::abort();
  const ResolvConf inside = parse_resolv_conf(*text);
  if (inside.nameservers != std::vector{Nameserver{.address = *own, .scope = {}}}) std::abort();
  if (inside.search != host.search) std::abort();
  if (inside.options.size() < host.options.size()) std::abort();
  if (!choose_nameservers(host, {})) std::abort();
  const auto plain = render_plain_resolv_conf(host, {});
  if (!plain || parse_resolv_conf(*plain).nameservers != reachable_nameservers(host)) std::abort();
  return 0;
}
