#include "network/names.h"

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "sys/entries.h"
#include "sys/file.h"

namespace planet::network {
namespace {

constexpr mode_t kReadable = 0755;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string low(text);
  std::ranges::transform(low, low.begin(), [](char c) { return lower(c); });
  return low;
}

bool is_missing(const Error& error) {
  return error.sys_errno() == ENOENT;
}

// Whatever the caller's umask is.
Result<UniqueFd> make_readable_dir(BorrowedFd parent, const char* name) {
  const auto made = sys::make_dir_at(parent, name, kReadable);
  if (!made && made.error().sys_errno() != EEXIST) return std::unexpected(made.error());
  TRY_SET(UniqueFd dir, sys::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(sys::change_mode(dir.borrow(), kReadable));
  return dir;
}

Result<> try_put(BorrowedFd table, const std::string& key, const std::string& owner,
                 const std::string& value) {
  TRY_SET(const UniqueFd dir, make_readable_dir(table, key.c_str()));
  return sys::symlink_at(value.c_str(), dir.borrow(), owner.c_str());
}

// The entry's directory may go while it is on the way there: it was empty. Each time somebody else has removed a name.
Result<> put(BorrowedFd table, const std::string& key, const std::string& owner,
             const std::string& value) {
  constexpr int kMostTries = 1000;
  Result<> result;
  for (int i = 0; i < kMostTries; ++i) {
    result = try_put(table, key, owner, value);
    if (result || !is_missing(result.error())) break;
  }
  if (!result && result.error().sys_errno() == EEXIST) return {};  // a name that is given twice
  return result;
}

Result<> take(BorrowedFd table, const std::string& key, const std::string& owner) {
  auto taken = sys::unlink_at(table, (key + "/" + owner).c_str());
  if (!taken && !is_missing(taken.error())) return taken;
  auto gone = sys::unlink_at(table, key.c_str(), AT_REMOVEDIR);
  if (gone || is_missing(gone.error()) || gone.error().sys_errno() == ENOTEMPTY) return {};
  return gone;
}

// What the owners of a key have there. A key that nobody has is no error.
Result<std::vector<std::string>> values(BorrowedFd table, const std::string& key) {
  std::vector<std::string> values;
  const auto dir = sys::open_at(table, key.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir && is_missing(dir.error())) return values;
  if (!dir) return std::unexpected(dir.error());
  TRY_SET(std::vector<std::string> owners, sys::read_names(dir->borrow()));
  std::ranges::sort(owners);
  values.reserve(owners.size());
  for (const std::string& owner : owners) {
    auto value = sys::read_link_at(dir->borrow(), owner.c_str());
    // Removed since it was listed.
    if (!value && is_missing(value.error())) continue;
    if (!value) return std::unexpected(value.error());
    values.push_back(*std::move(value));
  }
  return values;
}

std::string address_list(const std::vector<Address>& addresses) {
  std::vector<std::string> texts;
  texts.reserve(addresses.size());
  for (const Address& address : addresses) texts.push_back(address.to_string());
  return join(texts, " ");
}

std::string name_list(const std::vector<std::string>& names) {
  return lower(join(names, " "));
}

std::string owner_text(const NamesEntry& entry) {
  return name_list(entry.names) + "/" + address_list(entry.addresses);
}

Result<> check(const NamesEntry& entry) {
  if (!Names::is_name(entry.owner))
    return fail(Code::kInvalidArgument, quote(entry.owner) + " is not the id of a container");
  if (entry.names.empty() || entry.names.size() > Names::kMostNames)
    return fail(Code::kInvalidArgument, "a container has from 1 to " +
                                            std::to_string(Names::kMostNames) +
                                            " names on a network: leave out some aliases");
  if (entry.addresses.empty() || entry.addresses.size() > Names::kMostAddresses)
    return fail(Code::kInvalidArgument, "a container has from 1 to " +
                                            std::to_string(Names::kMostAddresses) +
                                            " addresses on a network");
  if (owner_text(entry).size() > Names::kMostText)
    return fail(Code::kInvalidArgument, "the names of a container on a network have more than " +
                                            std::to_string(Names::kMostText) +
                                            " characters together: leave out some aliases");
  for (const std::string& name : entry.names)
    if (!Names::is_name(name))
      return fail(Code::kInvalidArgument,
                  quote(name) +
                      " is not a name on a network: letters, digits, '_', '.' and '-', "
                      "at most 255, the first a letter or digit");
  return {};
}

}  // namespace

bool Names::is_name(std::string_view text) {
  constexpr std::size_t kMost = 255;  // NAME_MAX
  const auto is_alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kMost && is_alnum(text.front()) &&
         std::ranges::all_of(
             text, [&](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

Result<Names> Names::open(BorrowedFd network) {
  Names names;
  TRY_SET(names.names_, make_readable_dir(network, "names"), "open the names of a network");
  TRY_SET(names.addresses_, make_readable_dir(network, "addresses"), "open the names of a network");
  TRY_SET(names.owners_, make_readable_dir(network, "owners"), "open the names of a network");
  return names;
}

Result<> Names::put_entries(const NamesEntry& entry) const {
  // Addresses first: who finds a name and asks back finds it again.
  for (const Address& address : entry.addresses)
    TRY(put(addresses_.borrow(), address.to_string(), entry.owner, lower(entry.names.front())));
  const std::string addresses = address_list(entry.addresses);
  for (const std::string& name : entry.names)
    TRY(put(names_.borrow(), lower(name), entry.owner, addresses));
  return {};
}

Result<> Names::add(const NamesEntry& entry) const {
  TRY(check(entry));
  TRY(remove(entry.owner));
  const std::string doing = "add the names of container " + entry.owner;
  TRY(sys::symlink_at(owner_text(entry).c_str(), owners_.borrow(), entry.owner.c_str()), doing);
  TRY(put_entries(entry), doing);
  return {};
}

Result<> Names::take_entries(std::string_view text, const std::string& owner) const {
  const std::size_t slash = text.find('/');
  for (const std::string_view name : split(text.substr(0, slash), ' '))
    if (is_name(name)) TRY(take(names_.borrow(), std::string(name), owner));
  if (slash == std::string_view::npos) return {};
  for (const std::string_view word : split(text.substr(slash + 1), ' ')) {
    const auto address = Address::parse(word);
    if (address) TRY(take(addresses_.borrow(), address->to_string(), owner));
  }
  return {};
}

Result<> Names::remove(std::string_view owner) const {
  if (!is_name(owner))
    return fail(Code::kInvalidArgument, quote(owner) + " is not the id of a container");
  const std::string id(owner);
  const auto text = sys::read_link_at(owners_.borrow(), id.c_str());
  if (!text && is_missing(text.error())) return {};
  if (!text) return std::unexpected(text.error());
  TRY(take_entries(*text, id), "remove the names of container " + id);
  return sys::unlink_at(owners_.borrow(), id.c_str());
}

Result<std::vector<std::string>> Names::owners() const {
  TRY_SET(std::vector<std::string> names, sys::list_dir(owners_.borrow()));
  return names;
}

Result<std::vector<Address>> Names::find(std::string_view name) const {
  std::vector<Address> found;
  if (!is_name(name)) return found;
  TRY_SET(const std::vector<std::string> lists, values(names_.borrow(), lower(name)));
  for (const std::string& list : lists) {
    for (const std::string_view text : split(list, ' ')) {
      const auto address = Address::parse(text);
      if (address && found.size() < kMostAnswers) found.push_back(*address);
    }
  }
  return found;
}

Result<std::optional<std::string>> Names::find_by_address(const Address& address) const {
  TRY_SET(std::vector<std::string> names, values(addresses_.borrow(), address.to_string()));
  if (names.empty()) return std::nullopt;
  return std::move(names.front());
}

}  // namespace planet::network
