#include "image/staging.h"

#include <vector>

#include "sys/file.h"
#include "sys/random.h"

namespace planet::image {
namespace {

// A directory whose maker is gone; its lock is ours now.
struct Dead {
  std::string name;
  UniqueFd lock;
};

Result<std::vector<Dead>> find_dead(BorrowedFd parent) {
  TRY_SET(const std::vector<std::string> names, sys::list_dir(parent));
  std::vector<Dead> dead;
  for (const std::string& name : names) {
    auto dir = sys::open_at(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (dir && sys::try_lock_exclusive(dir->borrow()))
      dead.push_back({.name = name, .lock = *std::move(dir)});
  }
  return dead;
}

// What a removal that was killed had taken out of layers/ without having decided: a container may have begun to use it.
void put_back(BorrowedFd store, const UniqueFd& dead) {
  constexpr std::string_view kGone = "gone-";  // image/sweep.h
  const auto names = sys::list_dir(dead.borrow());
  if (!names) return;
  for (const std::string& name : *names)
    if (name.starts_with(kGone))
      (void)sys::rename_at(dead.borrow(), name.c_str(), store,
                           ("layers/" + name.substr(kGone.size())).c_str());
}

}  // namespace

Result<Staging> Staging::open(BorrowedFd store) {
  TRY_SET(UniqueFd parent, sys::open_at(store, "staging", O_RDONLY | O_DIRECTORY));
  TRY_SET(UniqueFd turn, sys::open_at(store, "staging", O_RDONLY | O_DIRECTORY));
  // A directory that is made and not yet locked looks like a dead maker's, so only one process makes or looks at a
  // time. Removing, which may take long, is done when it is the next one's turn.
  TRY(sys::lock_exclusive(turn.borrow()));
  TRY_SET(const std::vector<Dead> dead, find_dead(parent.borrow()));
  for (const Dead& left : dead) put_back(store, left.lock);
  std::string name = sys::random_hex(16);
  TRY(sys::make_dir_at(parent.borrow(), name.c_str(), 0700));
  TRY_SET(UniqueFd dir, sys::open_at(parent.borrow(), name.c_str(), O_RDONLY | O_DIRECTORY));
  TRY(sys::lock_exclusive(dir.borrow()));
  turn.reset();
  for (const Dead& left : dead) (void)sys::remove_tree_at(parent.borrow(), left.name.c_str());
  return Staging(std::move(parent), std::move(name), std::move(dir));
}

Staging::~Staging() {
  if (dir_.valid()) (void)sys::remove_tree_at(parent_.borrow(), name_.c_str());
}

Result<> Staging::write(const std::string& name, std::string_view content) const {
  TRY_SET(const UniqueFd file,
          sys::open_at(dir(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  return sys::write_all(file.borrow(), content);
}

}  // namespace planet::image
