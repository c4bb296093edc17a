#include "listening.h"

#include <unistd.h>

#include "cli.h"
#include "engine/connections.h"
#include "engine/record.h"
#include "network/ports.h"

namespace planet::cli {

void say_where_it_listens(const engine::Places& places, const std::string& id) {
  if (::isatty(STDERR_FILENO) != 1) return;
  const auto connections = engine::read_connections(places, id);
  if (!connections || connections->published.empty()) return;
  const auto record = engine::read_record(places, id);
  if (record) say(record->name + " listens on " + network::ports_text(connections->published, {}));
}

}  // namespace planet::cli
