#include "image/tree_digest.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "fs/walk.h"
#include "image/stream.h"
#include "sys/file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

class TreeHasher {
 public:
  Result<Digest> run(UniqueFd top) {
    fs::TreeWalk walk(std::move(top));
    while (true) {
      TRY_SET(const std::optional<fs::WalkEntry> entry, walk.next());
      if (!entry) return hasher_.finish();
      TRY(add(*entry), entry->path);
    }
  }

 private:
  // With its length: no two rows of texts are the same bytes.
  void add_text(std::string_view text) {
    hasher_.update(std::to_string(text.size()) + ":");
    hasher_.update(text);
  }
  void add_number(std::uint64_t number) { add_text(std::to_string(number)); }

  Result<> add(const fs::WalkEntry& entry) {
    const struct stat& st = entry.st;
    add_text(entry.path);
    for (const std::uint64_t number : {std::uint64_t{st.st_mode}, std::uint64_t{st.st_uid},
                                       std::uint64_t{st.st_gid}, std::uint64_t{st.st_rdev}})
      add_number(number);
    TRY(add_attributes(entry.file));
    const bool whiteout = S_ISCHR(st.st_mode) && st.st_rdev == 0;
    if (S_ISDIR(st.st_mode) || whiteout) return {};
    add_number(static_cast<std::uint64_t>(st.st_mtim.tv_sec));
    add_number(static_cast<std::uint64_t>(st.st_mtim.tv_nsec));
    if (S_ISLNK(st.st_mode)) {
      TRY_SET(const std::string target, sys::read_link_at(entry.file, ""));
      add_text(target);
    }
    if (!S_ISREG(st.st_mode)) return {};
    const auto [first, added] = names_.try_emplace({st.st_dev, st.st_ino}, entry.path);
    add_text(first->second);  // hard links: by the first of their names
    return added ? add_content(entry.file) : Result<>();
  }

  Result<> add_attributes(BorrowedFd file) {
    TRY_SET(std::vector<std::string> names, sys::list_xattrs(file));
    std::erase(names, "security.selinux");
    std::ranges::sort(names);
    add_number(names.size());
    for (const std::string& name : names) {
      TRY_SET(const std::string value, sys::get_xattr(file, name));
      add_text(name);
      add_text(value);
    }
    return {};
  }

  Result<> add_content(BorrowedFd file) {
    TRY_SET(const UniqueFd opened, sys::reopen(file, O_RDONLY));
    const auto source = read_file(opened.borrow());
    HashingSource hashed(*source);
    while (true) {
      TRY_SET(const std::string_view piece, hashed.next());
      if (piece.empty()) break;
    }
    add_text(hashed.finish().hex());
    return {};
  }

  Hasher hasher_;
  std::map<std::pair<dev_t, ino_t>, std::string> names_;
};

}  // namespace

Result<Digest> digest_of_tree(UniqueFd top) {
  return TreeHasher().run(std::move(top));
}

}  // namespace planet::image
