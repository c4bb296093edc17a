// The names of one network's containers. The file system is the data base: many processes add, remove and find at once,
// nobody holds a lock, and what a killed process leaves is whole.
//
//   names/<name>/<owner>         -> "10.88.0.5 fd00::5"
//   addresses/<address>/<owner>  -> "web", the owner's first name
//   owners/<owner>               -> "web db/10.88.0.5 fd00::5", all that the owner has: there before it, and gone after it
//
// Each is a symbolic link, which leads nowhere: it is made by one call with all of its text, and read by one.
// A directory that becomes empty is removed by whoever sees it; rmdir(2) and symlink(2) never both succeed. All may be read by
// everybody: a resolver has no rights.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "network/address.h"

namespace planet::network {

// What one container is called, and where it is.
struct NamesEntry {
  std::string owner;               // a container's id
  std::vector<std::string> names;  // the first is that of its addresses
  std::vector<Address> addresses;
};

class Names {
 public:
  static constexpr std::size_t kMostNames = 64;      // of an owner
  static constexpr std::size_t kMostAddresses = 16;  // of an owner
  static constexpr std::size_t kMostText =
      4095;  // characters of all these, each with one between: a link's limit
  static constexpr std::size_t kMostAnswers = 64;  // addresses that find() returns

  // [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 255 characters: what a directory may be called, as it is.
  static bool is_name(std::string_view text);

  // Makes what is missing in the network's directory.
  static Result<Names> open(BorrowedFd network);

  // In place of what the owner had. Two processes never do so for one owner at once: who holds the container does it.
  // Errors: kInvalidArgument - a name or owner that is none, or too many; those of the file system, and then what is there is
  // taken away by remove().
  Result<> add(const NamesEntry& entry) const;

  // All that the owner has. It may have nothing.
  Result<> remove(std::string_view owner) const;

  // Who has names, also after its process was killed.
  Result<std::vector<std::string>> owners() const;

  // The addresses of all who have this name, in any case; none: nobody has it. In an order that stays the same as long as the
  // owners do.
  Result<std::vector<Address>> find(std::string_view name) const;

  // The first name of who has this address.
  Result<std::optional<std::string>> find_by_address(const Address& address) const;

  // What find() and find_by_address() open files below.
  BorrowedFd names_dir() const { return names_.borrow(); }
  BorrowedFd addresses_dir() const { return addresses_.borrow(); }

 private:
  Names() = default;

  Result<> put_entries(const NamesEntry& entry) const;
  Result<> take_entries(std::string_view text, const std::string& owner) const;

  UniqueFd names_, addresses_, owners_;
};

}  // namespace planet::network
