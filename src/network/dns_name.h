// Domain names as messages carry them: labels of any bytes, compared without regard to ASCII case.
//
// Source: RFC 1035, section 2.3.4 (limits), 3.5 (in-addr.arpa) and 4.1.4 (compression); RFC 3596, section 2.5 (ip6.arpa);
// RFC 4343 (case).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "network/address.h"

namespace planet::network::dns {

class Name {
 public:
  static constexpr std::size_t kMostBytes = 255;  // with the lengths of the labels and the root's
  static constexpr std::size_t kMostLabel = 63;

  // The root.
  Name() : wire_(1, '\0') {}

  // The name at `at`, which is then behind it. A pointer leads to before the labels that it follows, so that every name ends.
  // Nothing for what is none; `at` means nothing then.
  static std::optional<Name> read(std::string_view message, std::size_t& at);

  // "web.example": the text is not escaped, its last dot may be left out. Nothing beyond the limits or for an empty label.
  static std::optional<Name> from_text(std::string_view text);

  // Uncompressed, in the case that it came in.
  const std::string& wire() const { return wire_; }
  std::size_t label_count() const;  // 0: the root

  // In lower case, "web.example", if its labels are of letters, digits, '-' and '_' only, as those of hosts are. Nothing else
  // names a file or a container.
  std::optional<std::string> host_name() const;

  bool operator==(const Name& other) const;

 private:
  std::string wire_;
};

// The address that a name below in-addr.arpa or ip6.arpa stands for; nothing if it is not of a whole address.
std::optional<Address> reverse_address(const Name& name);

}  // namespace planet::network::dns
