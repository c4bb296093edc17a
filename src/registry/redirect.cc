#include "registry/redirect.h"

#include <algorithm>

#include "base/strings.h"
#include "registry/resolver.h"

namespace planet::registry {

Result<std::optional<Url>> redirect_of(Method method, const Url& asked,
                                       const ResponseHead& answer) {
  constexpr int kRedirects[] = {301, 302, 303, 307, 308};
  if (std::ranges::find(kRedirects, answer.status) == std::end(kRedirects)) return std::nullopt;
  if (method != Method::kGet && method != Method::kHead) return std::nullopt;
  const std::string* location = find_header(answer.headers, "Location");
  if (location == nullptr)
    return fail(Code::kCorrupt, "the server redirects (status " + std::to_string(answer.status) +
                                    ") without saying where to");
  auto to = resolve_url(asked, *location);
  if (!to)
    return fail(Code::kCorrupt, "the server redirects to nowhere: " + to.error().to_string());
  if (asked.origin.scheme == Scheme::kHttps && to->origin.scheme == Scheme::kHttp)
    return fail(Code::kPermission,
                "the server redirects from https to " + quote(to->origin.text()) +
                    ", where everybody on the way could read and change the answer");
  return std::optional<Url>(*std::move(to));
}

Result<std::vector<std::string>> reachable(const std::vector<std::string>& addresses,
                                           bool public_only) {
  if (!public_only) return addresses;
  std::vector<std::string> left;
  std::ranges::copy_if(addresses, std::back_inserter(left), is_public_address);
  if (left.empty())
    return fail(Code::kPermission, "a server of the Internet leads to " +
                                       (addresses.empty() ? "nowhere" : addresses.front()) +
                                       ", which is not of the Internet");
  return left;
}

}  // namespace planet::registry
