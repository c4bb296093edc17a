#include "engine/every_record.h"

#include <string>
#include <utility>

#include "base/strings.h"
#include "engine/containers.h"

namespace planet::engine {

std::unexpected<Error> needs_unknown(std::string_view name, std::string_view id,
                                     const Error& damage) {
  return fail(Code::kCorrupt, "what container " + quote(name) +
                                  " needs is not known, since its record is damaged (" +
                                  damage.to_string() + "); remove it first: planet rm -f " +
                                  std::string(id.substr(0, kShortId)));
}

Result<std::vector<Record>> every_record(const Places& places) {
  TRY_SET(const std::vector<std::string> ids, container_ids(places));
  std::vector<Record> records;
  for (const std::string& id : ids) {
    auto record = read_record(places, id);
    if (record)
      records.push_back(*std::move(record));
    else if (record.error().code() != Code::kNotFound)
      return needs_unknown(std::string_view(id).substr(0, kShortId), id, record.error());
  }
  return records;
}

}  // namespace planet::engine
