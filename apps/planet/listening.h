// What is said of a container that has been started and publishes ports.
#pragma once

#include <string>

#include "engine/places.h"

namespace planet::cli {

// Where it is reached, on one line of standard error for who sits at a terminal. Programs read nothing of it: `port` is theirs.
void say_where_it_listens(const engine::Places& places, const std::string& id);

}  // namespace planet::cli
