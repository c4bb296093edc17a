#include "engine/network_change.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "engine/containers.h"
#include "engine/control.h"
#include "engine/disconnect.h"
#include "engine/events.h"
#include "engine/networks.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

using network::Attachment;

std::unexpected<Error> cannot(const Record& record, const std::string& reason) {
  return fail(Code::kWrongState, "container " + record.name + " " + reason);
}

Result<> check_own_network(const Record& record) {
  if (has_own_network(record)) return {};
  return cannot(record,
                "shares the network namespace of another container or of the host, and cannot be "
                "connected to any other network, or disconnected; run it with --network NETWORK");
}

// Whoever starts the container, keeps it or removes it meanwhile has it for itself, or is asked. `change` gets whether it is up;
// nothing from it: what it was told of is no longer so.
Result<> change_settled(const Places& places, const std::string& id,
                        const std::function<Result<bool>(bool up)>& change) {
  constexpr std::int64_t kPatience = 10'000'000'000;  // ns
  for (const std::int64_t end = sys::monotonic_ns() + kPatience; sys::monotonic_ns() < end;
       sys::sleep_ms(1)) {
    TRY_SET(const Container container, settle(places, id));
    TRY(check_whole(container));
    const bool up = is_up(container.status);
    UniqueFd lock;
    if (!up) {
      auto locked = lock_container(places, id, 1);
      if (!locked && locked.error().code() != Code::kWrongState)
        return std::unexpected(std::move(locked).error());
      if (!locked) continue;
      lock = *std::move(locked);
    }
    TRY_SET(const bool done, change(up));
    if (done) return {};
  }
  return fail(Code::kWrongState, "container " + id.substr(0, kShortId) +
                                     " is started and ends again and again; try again");
}

// True if its keeper has done so, false if it has none.
Result<bool> tell_keeper(const Places& places, const std::string& id, const std::string& wish) {
  Result<> told = ask_keeper(places, id, wish);
  if (told) return true;
  if (told.error().code() == Code::kNotFound) return false;
  return std::unexpected(std::move(told).error());
}

Result<> check_network(const Places& places, const Attachment& attachment) {
  TRY_SET(const network::Network found, find_network(places, attachment.network));
  if (!network::plain_network(found.name)) return {};
  return fail(Code::kInvalidArgument,
              "container cannot be connected to network " + found.name +
                  ", which stands alone; choose it when the container is made: --network " +
                  found.name);
}

// The record names the network before anything is made, so that nobody removes it meanwhile.
Result<bool> connect_now(const Places& places, const std::string& id, const Attachment& attachment,
                         bool up) {
  std::vector<Attachment> wanted{attachment};
  TRY_SET(ClaimedNetworks claimed, claim_networks(places, wanted));
  const Attachment& one = wanted.front();
  TRY_SET(const UniqueFd lock, lock_records(places));
  TRY_SET(const Record before, read_record(places, id));
  TRY(check_own_network(before));
  if (find_attachment(before, one.network) != before.attachments.end())
    return cannot(before, "is connected to network " + one.network +
                              " already; disconnect it first, to connect it otherwise");
  Record record = before;
  record.attachments.push_back(one);
  TRY(write_record(places, record));
  claimed.lock.reset();
  if (!up) return true;
  auto told = tell_keeper(places, id, "connect " + one.network);
  if (!told || !*told) TRY(write_record(places, before));
  if (told && *told) note_event(places, connection_event("connect", claimed.networks.front(), id));
  return told;
}

// The network itself, if it is there, and what the record calls it.
struct Named {
  std::string name;
  std::optional<network::Network> network;
};
Result<Named> name_network(const Places& places, std::string_view text, bool force) {
  auto found = find_network(places, text);
  if (found) return Named{.name = found->name, .network = *std::move(found)};
  if (!force) return std::unexpected(std::move(found).error());
  return Named{.name = std::string(text), .network = {}};
}

Result<bool> disconnect_now(const Places& places, const std::string& id, const Named& named,
                            bool up) {
  TRY_SET(const UniqueFd lock, lock_records(places));
  TRY_SET(Record record, read_record(places, id));
  TRY(check_own_network(record));
  // Who is in no network is in "none".
  if (named.name == "none" && record.attachments.empty()) return true;
  const auto found = find_attachment(record, named.name);
  if (found == record.attachments.end())
    return cannot(record, "is not connected to network " + printable(named.name));
  if (up) {
    TRY_SET(const bool told, tell_keeper(places, id, "disconnect " + named.name));
    if (!told) return false;
  }
  record.attachments.erase(found);
  TRY(write_record(places, record));
  // What a keeper that was killed has left, and no start would look for any more.
  if (!up) disconnect(places, id);
  if (named.network) note_event(places, connection_event("disconnect", *named.network, id));
  return true;
}

}  // namespace

Result<> connect_network(const Places& places, const std::string& id,
                         const Attachment& attachment) {
  TRY(check_network(places, attachment));
  return change_settled(places, id,
                        [&](bool up) { return connect_now(places, id, attachment, up); });
}

Result<> disconnect_network(const Places& places, const std::string& id, std::string_view network,
                            bool force) {
  TRY_SET(const Named named, name_network(places, network, force));
  return change_settled(places, id, [&](bool up) { return disconnect_now(places, id, named, up); });
}

}  // namespace planet::engine
