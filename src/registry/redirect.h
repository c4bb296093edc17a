// Where an answer sends a client, and whether it goes there. A registry may send a pull to a storage of its own, and may try to
// send it to what only this host can reach, or somewhere in plain text.
//
// Source: RFC 9110, section 15.4.
#pragma once

#include <optional>

#include "registry/message.h"
#include "registry/url.h"

namespace planet::registry {

inline constexpr int kMostRedirects = 10;

// The address to ask next; nothing if the answer is no redirect, or one that `method` does not follow: only what changes nothing
// (GET, HEAD) is asked again somewhere else.
// Errors: kPermission - from https to http; kCorrupt - no Location, or one that is no address of http or https.
Result<std::optional<Url>> redirect_of(Method method, const Url& asked, const ResponseHead& answer);

// Those of the addresses to which one may connect: all, or those of the Internet alone, which is where a server of the Internet
// may send a client (else it could make requests inside the network of this host).
// Errors: kPermission - none is left.
Result<std::vector<std::string>> reachable(const std::vector<std::string>& addresses,
                                           bool public_only);

}  // namespace planet::registry
