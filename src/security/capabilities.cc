#include "security/capabilities.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "oci/names.h"

namespace planet::security {
namespace {

using oci::kCapabilities;
static_assert(std::size(kCapabilities) == kLastCapability + 1);

constexpr CapabilitySet bit(int number) {
  return CapabilitySet{1} << number;
}
constexpr CapabilitySet kAll = (CapabilitySet{1} << (kLastCapability + 1)) - 1;

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::vector<std::string> names_of(CapabilitySet set) {
  std::vector<std::string> names;
  for (int number = 0; number <= kLastCapability; ++number)
    if ((set & bit(number)) != 0) names.push_back(capability_name(number));
  return names;
}

struct FlagSet {
  bool all = false;
  CapabilitySet single = 0;
};

Result<FlagSet> parse_flag(const std::vector<std::string>& names, const char* flag) {
  FlagSet set;
  for (const std::string& name : names) {
    if (upper(name) == "ALL") {
      set.all = true;
      continue;
    }
    const auto number = capability_number(name);
    if (!number)
      return fail(Code::kInvalidArgument, std::string(flag) + ": unknown capability " +
                                              quote(name) + "; see capabilities(7)");
    set.single |= bit(*number);
  }
  return set;
}

}  // namespace

const std::vector<std::string>& default_capabilities() {
  static const std::vector<std::string> kDefault = {
      "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",  "CAP_FSETID",           "CAP_KILL",
      "CAP_SETGID", "CAP_SETUID",       "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
      "CAP_SETFCAP"};
  return kDefault;
}

const std::vector<std::string>& all_capabilities() {
  static const std::vector<std::string> kEvery = names_of(kAll);
  return kEvery;
}

Result<std::vector<std::string>> own_capabilities() {
  TRY_SET(const CapabilitySet permitted, sys::permitted_capabilities());
  return names_of(permitted & kAll);
}

std::optional<int> capability_number(std::string_view name) {
  std::string word = upper(name);
  if (!word.starts_with("CAP_")) word.insert(0, "CAP_");
  const auto* const found = std::ranges::find(kCapabilities, word);
  if (found == std::end(kCapabilities)) return std::nullopt;
  return static_cast<int>(found - std::begin(kCapabilities));
}

std::string capability_name(int number) {
  return std::string(kCapabilities[static_cast<std::size_t>(number)]);
}

Result<CapabilitySet> capability_set(const std::vector<std::string>& names) {
  CapabilitySet set = 0;
  for (const std::string& name : names) {
    const auto number = capability_number(name);
    if (!number)
      return fail(Code::kInvalidArgument,
                  "process.capabilities: unknown capability " + quote(name));
    set |= bit(*number);
  }
  return set;
}

Result<std::vector<std::string>> change_capabilities(const std::vector<std::string>& base,
                                                     const std::vector<std::string>& all,
                                                     const std::vector<std::string>& add,
                                                     const std::vector<std::string>& drop) {
  TRY_SET(CapabilitySet set, capability_set(base));
  TRY_SET(const FlagSet added, parse_flag(add, "--cap-add"));
  TRY_SET(const FlagSet dropped, parse_flag(drop, "--cap-drop"));
  if (added.all) {
    TRY_SET(set, capability_set(all));
  }
  if (dropped.all) set = added.all ? set : 0;
  set &= ~dropped.single;
  set |= added.single;
  return names_of(set);
}

std::vector<std::string> drop_ungrantable(oci::Capabilities& sets, CapabilitySet grantable) {
  std::vector<std::string> dropped;
  const auto is_ungrantable = [&](const std::string& name) {
    const auto* const found = std::ranges::find(kCapabilities, name);
    if (found != std::end(kCapabilities) &&
        (grantable & bit(static_cast<int>(found - std::begin(kCapabilities)))) != 0)
      return false;
    if (std::ranges::find(dropped, name) == dropped.end()) dropped.push_back(name);
    return true;
  };
  for (auto* set :
       {&sets.bounding, &sets.effective, &sets.inheritable, &sets.permitted, &sets.ambient})
    std::erase_if(*set, is_ungrantable);
  return dropped;
}

Result<CapabilitySets> plan_capabilities(const std::optional<oci::Capabilities>& spec) {
  CapabilitySets sets;
  if (!spec) return sets;
  TRY_SET(sets.bounding, capability_set(spec->bounding));
  TRY_SET(sets.effective, capability_set(spec->effective));
  TRY_SET(sets.inheritable, capability_set(spec->inheritable));
  TRY_SET(sets.permitted, capability_set(spec->permitted));
  TRY_SET(sets.ambient, capability_set(spec->ambient));
  return sets;
}

Result<> apply_bounding(const CapabilitySets& sets) {
  for (int number = 0; number <= kLastCapability; ++number)
    if ((sets.bounding & bit(number)) == 0 && sys::kernel_knows_capability(number))
      TRY(sys::drop_bounding_capability(number), capability_name(number));
  return {};
}

Result<> apply_capabilities(const CapabilitySets& sets, uid_t uid, CapabilitySet until_exec) {
  const CapabilitySet keep = uid == 0 ? ~CapabilitySet{0} : sets.ambient;
  TRY(sys::clear_ambient_capabilities());
  TRY(sys::set_capabilities((sets.effective & keep) | until_exec,
                            (sets.permitted & keep) | until_exec, sets.inheritable));
  // The kernel takes into the ambient set only what is permitted and inheritable. Specs that other runtimes write ask
  // for more, and mean what they have always got: nothing.
  const CapabilitySet ambient = sets.ambient & sets.permitted & sets.inheritable;
  for (int number = 0; number <= kLastCapability; ++number)
    if ((ambient & bit(number)) != 0)
      TRY(sys::raise_ambient_capability(number), capability_name(number));
  return {};
}

}  // namespace planet::security
