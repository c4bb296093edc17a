#include "engine/host_dns.h"

#include "sys/file.h"

namespace planet::engine {
namespace {

constexpr const char* kFile = "/etc/resolv.conf";
constexpr const char* kResolvedFile = "/run/systemd/resolve/resolv.conf";
constexpr std::string_view kResolvedStub = "127.0.0.53";

std::string text_of(const char* path) {
  return sys::read_file_at(sys::kCwd, path).value_or("");
}

bool has_stub_alone(const network::ResolvConf& conf) {
  return conf.nameservers.size() == 1 &&
         conf.nameservers.front().address.to_string() == kResolvedStub;
}

}  // namespace

std::string read_host_dns_text() {
  return text_of(kFile);
}

network::ResolvConf read_host_dns() {
  network::ResolvConf conf = network::parse_resolv_conf(read_host_dns_text());
  if (!has_stub_alone(conf)) return conf;
  network::ResolvConf behind = network::parse_resolv_conf(text_of(kResolvedFile));
  return behind.nameservers.empty() ? conf : behind;
}

}  // namespace planet::engine
