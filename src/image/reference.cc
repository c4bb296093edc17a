#include "image/reference.h"

#include <algorithm>

#include "base/strings.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostName = 255;
constexpr std::size_t kMostTag = 128;

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
  return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_lower_alnum(text[i])) {
      ++i;
      continue;
    }
    const std::size_t end = std::min(text.find_first_not_of(text[i], i), text.size());
    const std::size_t run = end - i;
    const char c = text[i];
    if (!(c == '-' || (c == '.' && run == 1) || (c == '_' && run <= 2))) return false;
    if (!is_lower_alnum(text[end])) return false;
    i = end;
  }
  return true;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kMostTag &&
         (is_alnum(text.front()) || text.front() == '_') && std::ranges::all_of(text, [](char c) {
           return is_alnum(c) || c == '_' || c == '.' || c == '-';
         });
}

bool is_port(std::string_view text) {
  const auto port = parse_number<unsigned>(text, "port");
  return port && *port >= 1 && *port <= 65535;
}

bool is_domain(std::string_view text) {
  if (text.empty()) return false;
  for (const std::string_view label : split(text, '.'))
    if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back()) ||
        !std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; }))
      return false;
  return true;
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) {  // IPv6
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos ||
        text.substr(1, end - 1).find_first_not_of("0123456789abcdefABCDEF:") !=
            std::string_view::npos)
      return false;
    const std::string_view rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = text.find(':');
  return is_domain(text.substr(0, colon)) &&
         (colon == std::string_view::npos || is_port(text.substr(colon + 1)));
}

// docker's rule: the first part is a host if it has a dot or a colon, or is "localhost".
bool looks_like_host(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:[") != std::string_view::npos ||
         std::ranges::any_of(part, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::unexpected<Error> bad(std::string_view text, const std::string& why) {
  return fail(Code::kInvalidArgument, quote(text.substr(0, 300)) + " is not an image name: " + why);
}

Result<> check_repository(std::string_view whole, std::string_view repository) {
  if (repository.empty()) return bad(whole, "it has no repository");
  for (const std::string_view part : split(repository, '/'))
    if (!is_path_component(part))
      return bad(whole, quote(part) +
                            " must be lower-case letters and digits, with single '.', '_', '__' or "
                            "dashes between them");
  return {};
}

}  // namespace

std::string Reference::name() const {
  return host.empty() ? repository : host + "/" + repository;
}

std::string Reference::text() const {
  std::string out = name();
  if (!tag.empty()) out += ":" + tag;
  if (digest) out += "@" + digest->text();
  return out;
}

Result<Reference> parse_reference(std::string_view text) {
  Reference reference;
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    TRY_SET(reference.digest, Digest::parse(rest.substr(at + 1)));
    rest = rest.substr(0, at);
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && looks_like_host(rest.substr(0, slash))) {
    reference.host = rest.substr(0, slash);
    if (!is_host(reference.host)) return bad(text, quote(reference.host) + " is not a host");
    rest.remove_prefix(slash + 1);
  }
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    reference.tag = rest.substr(colon + 1);
    if (!is_tag(reference.tag))
      return bad(text, "tag " + quote(reference.tag) +
                           " must be up to 128 letters, digits, '_', '.' and '-'");
    rest = rest.substr(0, colon);
  }
  TRY(check_repository(text, rest));
  reference.repository = rest;
  if (reference.tag.empty() && !reference.digest) reference.tag = "latest";
  if (reference.name().size() > kMostName)
    return bad(text, "the name is longer than 255 characters");
  return reference;
}

Reference with_default_host(Reference reference) {
  if (!reference.host.empty()) return reference;
  reference.host = "docker.io";
  if (reference.repository.find('/') == std::string::npos)
    reference.repository = "library/" + reference.repository;
  return reference;
}

std::vector<Reference> local_candidates(const Reference& reference) {
  if (!reference.host.empty()) return {reference};
  Reference local = reference;
  local.host = "localhost";
  return {local, with_default_host(reference)};
}

std::string short_name(std::string name) {
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

}  // namespace planet::image
