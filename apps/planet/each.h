// One command for many containers: each is done for itself, and one that fails is said and does not stop the others.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "cli.h"
#include "engine/containers.h"

namespace planet::cli {

enum class Missing : bool {
  kFails,
  kIsSaid
};  // what a container that is not there is to the command's status

// Calls `body(engine, id, name)`, which gives back what to print, for each named container. The status of the command.
template <class F>
int for_each_id(const Global& global, const std::vector<std::string>& names, F body,
                Missing missing = Missing::kFails) {
  const auto engine = engine::Engine::open(global.root, global.runroot);
  if (!engine) return complain(engine.error());
  int status = 0;
  for (const std::string& name : names) {
    const auto done = [&]() -> Result<std::string> {
      TRY_SET(const std::string id, engine::find_container(engine->places, name));
      return body(*engine, id, name);
    }();
    if (done && !done->empty()) std::puts(done->c_str());
    if (done) continue;
    const int failed = complain(done.error());
    if (missing == Missing::kFails || done.error().code() != Code::kNotFound) status = failed;
  }
  return status;
}

// Calls `body(engine, container)` for each, and prints the name as it was given.
template <class F>
int for_each_container(const Global& global, const std::vector<std::string>& names, F body,
                       Missing missing = Missing::kFails) {
  return for_each_id(
      global, names,
      [&](const engine::Engine& engine, const std::string& id,
          const std::string& name) -> Result<std::string> {
        TRY_SET(const engine::Container container, engine::look_at(engine.places, id));
        TRY(body(engine, container));
        return name;
      },
      missing);
}

}  // namespace planet::cli
