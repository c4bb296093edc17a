// What --add-host says: whatever the bytes, one sentence or one line of /etc/hosts. And whole lines go from a file that a container
// has written.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "engine/host_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::engine;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto lines = [](const std::string& of) { return std::count(of.begin(), of.end(), '\n'); };
  const std::string half = text.substr(size / 2);
  const std::string left = without_lines(text, half);
  if (left.size() > size || lines(left) > lines(text) || without_lines(left, half) != left)
    std::abort();
  Record record;
  record.hostname = "web";
  record.host_network = true;
  const auto before = hosts_text(record, {});
  record.naming.hosts = {text};
  const auto after = hosts_text(record, {});
  if (after.has_value() != check_host_entry(text).has_value()) std::abort();
  if (!after) return after.error().to_string().contains('\n') ? std::abort(), 0 : 0;
  const std::string line = after->substr(before->size());
  if (!after->starts_with(*before) || line.find('\n') != line.size() - 1) std::abort();
  if (line.find('\t') == std::string::npos || line.contains(' ')) std::abort();
  return 0;
}
