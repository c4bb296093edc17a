// Which containers a listing shows, and which a prune takes: docker's filters.
//
// Source: docker-ps(1), "Filtering"; docker-container-prune(1).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/containers.h"
#include "format/filter.h"

namespace planet::engine {

struct ListQuery {
  format::Filters filters;
  bool all =
      false;  // those that are not up, too; a filter for a status, an exit status or a moment implies it
  int last = -1;  // only so many, the newest, in any state; -1: no such limit
};

// id, name, label, status, exited, ancestor, before, since, volume, health, network, publish, expose
Result<format::Filters> parse_list_filters(const std::vector<std::string>& texts);

// Newest first.
// Errors: kInvalidArgument - a value that a filter does not have; kNotFound - before, since: no such container.
Result<std::vector<Container>> query_containers(const Places& places, const ListQuery& query);

// label, until
Result<format::Filters> parse_prune_filters(const std::vector<std::string>& texts);

struct Pruned {
  std::vector<std::string> ids;
  std::uint64_t bytes = 0;
};
// Removes those that are at rest, with what they have changed.
Result<Pruned> prune_containers(const Places& places, const format::Filters& filters);

}  // namespace planet::engine
