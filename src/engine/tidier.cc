#include "engine/tidier.h"

#include <utility>
#include <vector>

#include "sys/descriptors.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {

Tidier::~Tidier() {
  if (!firewall_ && path_.empty()) return;
  auto process = sys::clone_process({});
  if (process && !process->valid()) be_process();
  if (process)
    (void)process->release();
  else
    remove();
}

void Tidier::remove_later(std::string path, BorrowedFd lock) {
  path_ = std::move(path);
  lock_ = lock;
}

void Tidier::remove() const {
  if (!path_.empty()) (void)sys::remove_tree_at(places_.root_dir.borrow(), path_.c_str());
}

// It holds nothing of its caller's: others wait for the end of the streams, for ports, or to unmount a directory.
void Tidier::be_process() const {
  std::vector<int> kept;
  if (!path_.empty()) kept = {places_.root_dir.borrow().get(), lock_.get()};
  if (firewall_) kept.push_back(firewall_->socket().get());
  (void)sys::close_all_but(kept);
  if (const auto top = sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY))
    (void)sys::change_dir(top->borrow());
  remove();
  sys::exit_now(0);
}

}  // namespace planet::engine
