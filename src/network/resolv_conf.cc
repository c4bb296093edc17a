#include "network/resolv_conf.h"

#include <algorithm>

#include "base/strings.h"

namespace planet::network {
namespace {

constexpr std::size_t kMostText = 65536;  // bytes of a file that are looked at

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

// Takes the next word off.
std::string_view take_word(std::string_view& line) {
  while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
  const auto end = std::ranges::find_if(line, is_space);
  const std::string_view word = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  line.remove_prefix(word.size());
  return word;
}

std::optional<Nameserver> parse_nameserver(std::string_view word) {
  constexpr std::size_t kMostScope = 15;  // IFNAMSIZ without its end
  const std::size_t percent = word.find('%');
  const auto address = Address::parse(word.substr(0, percent));
  if (!address) return std::nullopt;
  Nameserver server{.address = *address, .scope = {}};
  if (percent == std::string_view::npos) return server;
  const std::string_view scope = word.substr(percent + 1);
  const auto is_odd = [](char c) { return c <= ' ' || c >= 0x7f || c == '/'; };
  if (address->is_ipv4() || scope.empty() || scope.size() > kMostScope ||
      std::ranges::any_of(scope, is_odd))
    return std::nullopt;
  server.scope = scope;
  return server;
}

bool is_domain(std::string_view word) {
  constexpr std::size_t kMost = 253;  // characters of a name, without its last dot: RFC 1035
  if (word.ends_with('.')) word.remove_suffix(1);
  const auto is_usual = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !word.empty() && word.size() <= kMost && !word.starts_with('.') && !word.contains("..") &&
         std::ranges::all_of(word, is_usual);
}

bool is_option(std::string_view word) {
  constexpr std::size_t kMost = 64;
  const auto is_usual = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ':';
  };
  return !word.empty() && word.size() <= kMost && std::ranges::all_of(word, is_usual);
}

void add_option(std::vector<std::string>& options, std::string_view option) {
  if (options.size() < ResolvConf::kMostOptions && is_option(option) &&
      std::ranges::find(options, option) == options.end())
    options.emplace_back(option);
}

std::vector<std::string> parse_domains(std::string_view line, std::size_t most) {
  std::vector<std::string> domains;
  for (auto word = take_word(line); !word.empty() && domains.size() < most; word = take_word(line))
    if (is_domain(word)) domains.emplace_back(word);
  return domains;
}

void parse_line(std::string_view line, ResolvConf& conf) {
  // A keyword stands at the line's beginning; so does what makes it a comment.
  if (line.empty() || is_space(line.front())) return;
  const std::string_view keyword = take_word(line);
  if (keyword == "nameserver") {
    auto server = parse_nameserver(take_word(line));
    if (server && conf.nameservers.size() < ResolvConf::kMostNameservers)
      conf.nameservers.push_back(*std::move(server));
  } else if (keyword == "search" || keyword == "domain") {
    conf.search = parse_domains(line, keyword == "domain" ? 1 : ResolvConf::kMostDomains);
  } else if (keyword == "options") {
    for (auto word = take_word(line); !word.empty(); word = take_word(line))
      add_option(conf.options, word);
  }
}

Result<std::vector<std::string>> choose_search(const ResolvConf& host, const DnsChoice& choice) {
  if (choice.search.empty()) return host.search;
  if (choice.search.size() == 1 && choice.search.front() == ".") return std::vector<std::string>();
  if (choice.search.size() > ResolvConf::kMostDomains)
    return fail(Code::kInvalidArgument, "--dns-search is given more than " +
                                            std::to_string(ResolvConf::kMostDomains) + " times");
  for (const std::string& domain : choice.search)
    if (!is_domain(domain))
      return fail(Code::kInvalidArgument,
                  "--dns-search " + quote(domain) +
                      " is not a domain, as example.org is, nor \".\" alone, which means none");
  return choice.search;
}

bool is_ndots(std::string_view option) {
  return option.starts_with("ndots:");
}

Result<std::vector<std::string>> choose_options(const ResolvConf& host, const DnsChoice& choice) {
  std::vector<std::string> options = choice.options.empty() ? host.options : choice.options;
  if (options.size() > ResolvConf::kMostOptions)
    return fail(Code::kInvalidArgument, "--dns-option is given more than " +
                                            std::to_string(ResolvConf::kMostOptions) + " times");
  for (const std::string& option : options)
    if (!is_option(option))
      return fail(Code::kInvalidArgument,
                  "--dns-option " + quote(option) + " is not one word, as timeout:3 is");
  // The host trusts its own servers to have checked signatures, not those that somebody else has named.
  if (choice.options.empty() && !choice.servers.empty()) std::erase(options, "trust-ad");
  return options;
}

// With a resolver that knows containers' names.
void add_ndots(std::vector<std::string>& options) {
  // A name of a container is one label. With the default, ndots:1, it would be asked for in each domain of the search list
  // first, by way of the host's servers.
  if (std::ranges::none_of(options, is_ndots)) options.emplace_back("ndots:0");
}

void add_line(std::string& text, std::string_view keyword, const std::vector<std::string>& words) {
  if (!words.empty()) text.append(keyword).append(" ").append(join(words, " ")).append("\n");
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf conf;
  for (const std::string_view line : split(text.substr(0, kMostText), '\n')) parse_line(line, conf);
  return conf;
}

Result<std::vector<Nameserver>> choose_nameservers(const ResolvConf& host,
                                                   const DnsChoice& choice) {
  std::vector<Nameserver> servers;
  for (const std::string& text : choice.servers) {
    auto server = parse_nameserver(text);
    if (!server)
      return fail(Code::kInvalidArgument, "--dns " + quote(text) + " is not an IP address");
    servers.push_back(*std::move(server));
  }
  if (servers.empty()) servers = host.nameservers;
  if (servers.empty()) {
    TRY_SET(const Address own, Address::parse("127.0.0.1"));
    servers.push_back({.address = own, .scope = {}});
  }
  if (servers.size() > ResolvConf::kMostNameservers)
    return fail(
        Code::kInvalidArgument,
        "--dns is given more than " + std::to_string(ResolvConf::kMostNameservers) + " times");
  return servers;
}

std::vector<Nameserver> reachable_nameservers(const ResolvConf& host) {
  std::vector<Nameserver> servers = host.nameservers;
  std::erase_if(servers, [](const Nameserver& server) {
    return server.address.is_loopback() || server.address.is_unspecified() || !server.scope.empty();
  });
  return servers;
}

Result<std::string> render_plain_resolv_conf(const ResolvConf& host, const DnsChoice& choice) {
  std::vector<Nameserver> servers = reachable_nameservers(host);
  if (!choice.servers.empty()) {
    TRY_SET(servers, choose_nameservers(host, choice));
  }
  TRY_SET(const std::vector<std::string> search, choose_search(host, choice));
  TRY_SET(const std::vector<std::string> options, choose_options(host, choice));
  std::string text;
  for (const Nameserver& server : servers) {
    text += "nameserver " + server.address.to_string();
    if (!server.scope.empty()) text += "%" + server.scope;
    text += "\n";
  }
  add_line(text, "search", search);
  add_line(text, "options", options);
  return text;
}

Result<std::string> render_resolv_conf(const ResolvConf& host, const DnsChoice& choice,
                                       const Address& resolver) {
  TRY_SET(const std::vector<std::string> search, choose_search(host, choice));
  TRY_SET(std::vector<std::string> options, choose_options(host, choice));
  add_ndots(options);
  std::string text = "nameserver " + resolver.to_string() + "\n";
  add_line(text, "search", search);
  add_line(text, "options", options);
  return text;
}

}  // namespace planet::network
