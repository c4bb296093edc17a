// Staging: a directory of one's own in the store, for what is being made and not yet to be seen.
//
// It is locked (flock) by its maker as long as that lives, and removed with the object. What a killed maker has left
// is removed by the next one.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::image {

class Staging {
 public:
  // `store`: the store's directory, in which "staging" exists.
  static Result<Staging> open(BorrowedFd store);
  Staging(Staging&&) noexcept = default;
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging();
  BorrowedFd dir() const { return dir_.borrow(); }
  std::string path() const { return "staging/" + name_; }  // below the store

  // A new file with this content.
  Result<> write(const std::string& name, std::string_view content) const;

 private:
  Staging(UniqueFd parent, std::string name, UniqueFd dir)
      : parent_(std::move(parent)), name_(std::move(name)), dir_(std::move(dir)) {}
  UniqueFd parent_;
  std::string name_;
  UniqueFd dir_;  // holds the lock
};

}  // namespace planet::image
