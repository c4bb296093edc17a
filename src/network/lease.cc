#include "network/lease.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::network {
namespace {

constexpr std::size_t kMostOwner = 255;
constexpr std::size_t kShortOwner = 12;

std::string network_dir(const std::string& id) {
  return "networks/" + id;
}

Result<UniqueFd> open_or_make(BorrowedFd run_dir, const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  auto dir = sys::open_at(run_dir, path.c_str(), kFlags);
  if (!dir && dir.error().code() == Code::kNotFound)
    dir = sys::make_directories(run_dir, path, 0700);
  return dir;
}

const char* cursor_file(Family family) {
  return family == Family::kIpv4 ? "cursor4" : "cursor6";
}

// The addresses that are given to who asks for none.
const Prefix& dynamic_range(const Subnet& subnet) {
  return subnet.range ? *subnet.range : subnet.prefix;
}

// How many addresses are tried: all of them, but of a large subnet of IPv6 no more than any host has containers.
std::uint64_t most_tries(const Prefix& range) {
  constexpr unsigned kMostBits = 24;  // 10.0.0.0/8
  return std::uint64_t{1} << std::min(range.first().bits() - range.length(), kMostBits);
}

// The address that was given last, open for the next one. All that is wrong with the file only means that it is not known.
class Cursor {
 public:
  Cursor(BorrowedFd leases, Family family) {
    auto file = sys::open_at(leases, cursor_file(family), O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (file) file_ = *std::move(file);
  }
  // Where to begin.
  Address next(const Prefix& range) const {
    std::array<char, kWidth> text{};
    const auto size = file_.valid() ? sys::read_some(file_.borrow(), text) : Result<std::size_t>(0);
    const auto last = Address::parse(trim(std::string_view(text.data(), size.value_or(0))));
    const auto next = last && range.contains(*last) ? last->plus(1) : std::nullopt;
    return next && range.contains(*next) ? *next : range.first();
  }
  // One write of the whole: of two at once one counts.
  void keep(const Address& address) const {
    std::string text = address.to_string();
    text.resize(kWidth - 1, ' ');
    if (file_.valid() && sys::seek_to(file_.borrow(), 0))
      (void)sys::write_some(file_.borrow(), text + "\n");
  }

 private:
  static constexpr std::size_t kWidth = 48;  // the longest address has 45 letters
  UniqueFd file_;
};

}  // namespace

Result<Leases> Leases::open(BorrowedFd run_dir, const Network& network) {
  TRY_SET(UniqueFd dir, open_or_make(run_dir, network_dir(network.id) + "/leases"),
          "leases of network " + network.name);
  return Leases(network, std::move(dir));
}

// True if it is the owner's now, false if it is taken.
Result<bool> Leases::make(const Address& address, const std::string& owner) const {
  const Result<> made = sys::symlink_at(owner.c_str(), dir_.borrow(), address.to_string().c_str());
  if (!made && made.error().code() != Code::kAlreadyExists) return std::unexpected(made.error());
  return made.has_value();
}

Result<std::optional<Address>> Leases::take_next(const Subnet& subnet,
                                                 const std::string& owner) const {
  const Prefix& range = dynamic_range(subnet);
  const Cursor cursor(dir_.borrow(), range.family());
  Address candidate = cursor.next(range);
  for (std::uint64_t tries = most_tries(range); tries > 0; --tries) {
    if (subnet.reserved_for(candidate) == nullptr) {
      TRY_SET(const bool made, make(candidate, owner));
      if (made) {
        cursor.keep(candidate);
        return candidate;
      }
    }
    const auto next = candidate.plus(1);
    candidate = next && range.contains(*next) ? *next : range.first();
  }
  return std::nullopt;
}

Result<Address> Leases::take_any(Family family, const std::string& owner,
                                 const Lives& lives) const {
  const Subnet* subnet = network_->subnet_of(family);
  if (subnet == nullptr)
    return fail(Code::kInvalidArgument, "network " + network_->name + " has no " +
                                            (family == Family::kIpv4 ? "IPv4" : "IPv6") +
                                            " addresses");
  TRY_SET(std::optional<Address> address, take_next(*subnet, owner));
  if (!address) {
    TRY_SET(const std::size_t taken_back, sweep(lives));
    if (taken_back > 0) {
      TRY_SET(address, take_next(*subnet, owner));
    }
  }
  if (!address)
    return fail(Code::kSystem, "network " + network_->name + " has no free address left in " +
                                   dynamic_range(*subnet).to_string() +
                                   "; remove containers, or use a network with a larger subnet");
  return *address;
}

Result<> Leases::take(const Address& address, const std::string& owner, const Lives& lives) const {
  const std::string file = address.to_string();
  TRY_SET(bool made, make(address, owner));
  if (made) return {};
  TRY_SET(const UniqueFd held, lock());
  const auto other = sys::read_link_at(dir_.borrow(), file.c_str());
  // Under the lock, since somebody may have been about to take back what this very owner had left.
  if (other && *other == owner) return {};
  if (other && lives(*other))
    return fail(Code::kAlreadyExists, "address " + file + " of network " + network_->name +
                                          " is taken by container " +
                                          printable(other->substr(0, kShortOwner)) +
                                          "; stop that one, or choose another address");
  if (other) TRY(sys::unlink_at(dir_.borrow(), file.c_str()));
  TRY_SET(made, make(address, owner));
  if (made) return {};
  return fail(Code::kAlreadyExists, "address " + file + " of network " + network_->name +
                                        " has just been taken by another container");
}

void Leases::release(const Address& address, const std::string& owner) const {
  const auto held = lock();
  const std::string file = address.to_string();
  const auto has = sys::read_link_at(dir_.borrow(), file.c_str());
  if (held && has && *has == owner) (void)sys::unlink_at(dir_.borrow(), file.c_str());
}

void Leases::release_all(const std::string& owner) const {
  (void)take_away([&](const std::string& it) { return it == owner; });
}

Result<std::size_t> Leases::sweep(const Lives& lives) const {
  return take_away([&](const std::string& owner) { return !lives(owner); });
}

Result<UniqueFd> Leases::lock() const {
  TRY_SET(UniqueFd held, sys::open_at(dir_.borrow(), ".", O_RDONLY | O_DIRECTORY));
  TRY(sys::lock_exclusive(held.borrow()));
  return held;
}

Result<std::size_t> Leases::take_away(const std::function<bool(const std::string&)>& gone) const {
  TRY_SET(const UniqueFd held, lock());
  TRY_SET(const std::vector<Lease> leases, list());
  std::size_t count = 0;
  for (const Lease& lease : leases)
    if (gone(lease.owner) && sys::unlink_at(dir_.borrow(), lease.address.to_string().c_str()))
      ++count;
  return count;
}

Result<std::vector<Lease>> Leases::list() const {
  TRY_SET(const std::vector<std::string> names, sys::list_dir(dir_.borrow()));
  std::vector<Lease> leases;
  for (const std::string& name : names) {
    const auto address = Address::parse(name);
    if (!address) continue;
    auto owner = sys::read_link_at(dir_.borrow(), name.c_str());
    if (owner && owner->size() <= kMostOwner)
      leases.push_back({.address = *address, .owner = *std::move(owner)});
  }
  std::ranges::sort(leases, {}, &Lease::address);
  return leases;
}

Result<UniqueFd> open_network_run_dir(BorrowedFd run_dir, const std::string& network_id) {
  return open_or_make(run_dir, network_dir(network_id));
}

Result<> remove_leases(BorrowedFd run_dir, const std::string& network_id) {
  return sys::remove_tree_at(run_dir, network_dir(network_id).c_str());
}

}  // namespace planet::network
