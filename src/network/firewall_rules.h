// The fixed part of the packet filter: tables, sets, chains and rules. Their elements are firewall.h's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "network/nft_message.h"

namespace planet::network {

struct FirewallTables {
  NftTable inet, bridge;
};
FirewallTables firewall_tables(std::string_view suffix);

namespace firewall_set {
inline constexpr std::string_view kBridges = "bridges";    // interface
inline constexpr std::string_view kInternal = "internal";  // interface
inline constexpr std::string_view kSame = "same";  // interface . interface: a bridge and itself
// protocol . address . port, and protocol . port, each to address . port.
inline constexpr std::string_view kPublished4 = "published4", kPublished6 = "published6";
inline constexpr std::string_view kPublishedAll4 = "published_all4",
                                  kPublishedAll6 = "published_all6";
// In the bridge table: interface, and interface . MAC address . address.
inline constexpr std::string_view kPorts = "ports";
inline constexpr std::string_view kSources4 = "sources4", kSources6 = "sources6";
}  // namespace firewall_set

// All of it, into tables that are not there; they get the comment.
void build_firewall(NftBatch& batch, const FirewallTables& tables, const std::string& comment);

// How the kernel counts what is whole: the uses of a table are its chains and sets, those of a chain its rules and the
// jumps to it.
struct ChainUses {
  bool bridge_table = false;
  std::string_view name;
  std::uint32_t rules = 0, jumps = 0;
  std::uint32_t uses() const { return rules + jumps; }
};
inline constexpr std::uint32_t kInetUses = 13, kBridgeUses = 8;
std::span<const ChainUses> firewall_chains();

}  // namespace planet::network
