// The flags of `planet run` and `planet create` that say in which networks a container is, which of its ports are published,
// and what it knows of names.
//
// Source: docker-run(1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "engine/request.h"

namespace planet::cli {

// As text, before they are judged.
struct NetworkWords {
  std::vector<std::string> networks, aliases;
  std::optional<std::string> ip, ip6, mac;
  std::vector<std::string> publish, expose;
  bool publish_all = false;
  std::vector<std::string> dns, dns_search, dns_options, hosts;
  std::optional<std::string> domain;
};

void add_network_flags(Flags& flags, NetworkWords& words);

// Says what is discarded.
// Errors: kInvalidArgument, naming the flag.
Result<> judge_networks(const NetworkWords& words, engine::RunRequest& request);

}  // namespace planet::cli
