// GrowingLines: the whole lines of a file that others append to.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sys/file.h"

namespace planet::engine {

class GrowingLines {
 public:
  explicit GrowingLines(UniqueFd file) : file_(std::move(file)) {}
  BorrowedFd file() const { return file_.borrow(); }

  // Calls `each(line)`, which returns Result<>, for every line that has become whole since the last call. What begins a line
  // is kept for the next; of one that is longer than a megabyte the beginning is forgotten.
  template <class F>
  Result<> read(const F& each) {
    constexpr std::size_t kMostPending = 1U << 20;
    std::string buffer(65536, '\0');
    while (true) {
      TRY_SET(const std::size_t n, sys::read_some(file_.borrow(), buffer));
      if (n == 0) return {};
      pending_.append(buffer, 0, n);
      std::size_t begin = 0;
      for (std::size_t end = 0; (end = pending_.find('\n', begin)) != std::string::npos;
           begin = end + 1)
        TRY(each(std::string_view(pending_).substr(begin, end - begin)));
      pending_.erase(0, begin);
      if (pending_.size() > kMostPending) pending_.clear();
    }
  }

 private:
  UniqueFd file_;
  std::string pending_;
};

}  // namespace planet::engine
