#include "image/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "base/strings.h"
#include "fs/root.h"
#include "fs/walk.h"
#include "image/layer_stack.h"
#include "sys/file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

constexpr std::size_t kChunk = 128U << 10;
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::size_t kMostName = 4095;  // of what our own reader takes
constexpr const char* kCapability = "security.capability";
// Holes are worth a map only in files that are mostly hole: with one, the archive depends on how the file was written.
constexpr std::int64_t kLeastHole = 16 << 20;
constexpr std::int64_t kStatBlock = 512;
constexpr int kMostStretches = 60'000;

bool is_sparse(const struct stat& st) {
  const std::int64_t hole = st.st_size - st.st_blocks * kStatBlock;
  return hole >= kLeastHole && hole >= st.st_size / 2;
}

// The file that is being written: what is to come of it, and where its data is.
struct OpenFile {
  UniqueFd fd;
  std::uint64_t at = 0, size = 0;
  std::vector<sys::Stretch> stretches;  // empty: all of it is data
  std::size_t stretch = 0;
};

struct ArchiveFree {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct EntryFree {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

class Packer : public ByteSource {
 public:
  Packer(UniqueFd top, PackOptions options)
      : options_(std::move(options)),
        walk_(std::move(top)),
        writer_(archive_write_new()),
        zeros_(kChunk, '\0'),
        data_(kChunk, '\0') {
    archive_write_set_format_pax_restricted(writer_.get());
    // Names that are no ASCII are written as the bytes they are: the program has no locale that they could be converted from.
    archive_write_set_options(writer_.get(), "pax:xattrheader=SCHILY");
    archive_write_set_bytes_per_block(writer_.get(), 0);
    archive_write_set_bytes_in_last_block(writer_.get(), 1);
    archive_write_open(writer_.get(), this, nullptr, &Packer::take, nullptr);
  }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  Packer(Packer&&) = delete;
  Packer& operator=(Packer&&) = delete;
  // Freeing the writer writes the end of the archive: to a buffer that is still there.
  ~Packer() override { writer_.reset(); }

  Result<std::string_view> next() override {
    out_.clear();
    while (out_.empty() && !done_) TRY(step());
    return std::string_view(out_);
  }

 private:
  static la_ssize_t take(archive* /*writer*/, void* self, const void* bytes, std::size_t size) {
    static_cast<Packer*>(self)->out_.append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  }

  std::unexpected<Error> failed(const std::string& name) const {
    const char* why = archive_error_string(writer_.get());
    return fail(Code::kInvalidArgument,
                printable(name) + ": " + (why == nullptr ? "libarchive failed" : printable(why)));
  }

  Result<> step() {
    if (open_) return copy_some();
    TRY_SET(const std::optional<fs::WalkEntry> entry, walk_.next());
    if (entry) return add(*entry);
    done_ = true;
    if (archive_write_close(writer_.get()) != ARCHIVE_OK) return failed("end of the archive");
    return {};
  }

  std::string archive_name(const std::string& path) const {
    if (path.empty()) return options_.name.empty() ? "." : options_.name;
    return options_.name.empty() ? path : options_.name + "/" + path;
  }

  Result<> add(const fs::WalkEntry& entry) {
    const bool directory = S_ISDIR(entry.st.st_mode);
    if (options_.leave_out && options_.leave_out(entry.path)) {
      walk_.skip_below();
      return {};
    }
    if (directory && fs::is_kernels_own(entry.file)) walk_.skip_below();
    if (S_ISSOCK(entry.st.st_mode) || (entry.path.empty() && !options_.top_entry)) return {};
    const bool layer = options_.kind == PackKind::kLayer;
    const std::string name = archive_name(entry.path);
    if (name.size() + 1 > kMostName)
      return fail(Code::kInvalidArgument, printable(name) + ": its path is longer than 4095 bytes");
    if (layer) {
      const std::string_view leaf = fs::split_last(name).second;
      if (leaf.starts_with(kWhiteout))
        return fail(Code::kInvalidArgument,
                    printable(name) +
                        ": in an image layer a name that begins with .wh. removes a "
                        "file; rename it");
      if (is_whiteout(entry.st)) return removal(name);
    }
    TRY(write_entry(entry, name + (directory ? "/" : "")));
    if (layer && directory && !entry.path.empty() && is_opaque(entry.file))
      TRY(mark(name + "/.wh..wh..opq"));
    return {};
  }

  // "a/.wh.b" for a removed "a/b".
  Result<> removal(const std::string& name) {
    const auto [above, leaf] = fs::split_last(name);
    const std::string dir = above.empty() ? "" : std::string(above) + "/";
    return mark(dir + std::string(kWhiteout) + std::string(leaf));
  }

  // An empty file that stands for something, with nothing of its own.
  Result<> mark(const std::string& name) {
    const std::unique_ptr<archive_entry, EntryFree> header(archive_entry_new());
    archive_entry_set_pathname(header.get(), name.c_str());
    archive_entry_set_filetype(header.get(), AE_IFREG);
    archive_entry_set_perm(header.get(), 0);
    archive_entry_set_size(header.get(), 0);
    archive_entry_set_mtime(header.get(), 0, 0);
    return write_header(header.get(), name);
  }

  Result<> write_header(archive_entry* header, const std::string& name) {
    // A warning is about a character set, which names have none of here.
    if (archive_write_header(writer_.get(), header) < ARCHIVE_WARN) return failed(name);
    return {};
  }

  Result<> write_entry(const fs::WalkEntry& entry, const std::string& name) {
    const std::unique_ptr<archive_entry, EntryFree> header(archive_entry_new());
    const struct stat& st = entry.st;
    archive_entry_set_pathname(header.get(), name.c_str());
    archive_entry_set_mode(header.get(), st.st_mode);
    archive_entry_set_uid(header.get(), options_.ids.inside(st.st_uid));
    archive_entry_set_gid(header.get(), options_.ids.inside(st.st_gid));
    archive_entry_set_mtime(header.get(), st.st_mtim.tv_sec,
                            options_.kind == PackKind::kLayer ? 0 : st.st_mtim.tv_nsec);
    if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
      const auto [first, fresh] = links_.try_emplace({st.st_dev, st.st_ino}, name);
      if (!fresh) {
        archive_entry_set_hardlink(header.get(), first->second.c_str());
        return write_header(header.get(), name);
      }
    }
    if (S_ISLNK(st.st_mode)) {
      TRY_SET(const std::string target, sys::read_link_at(entry.file, ""));
      archive_entry_set_symlink(header.get(), target.c_str());
    }
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
      archive_entry_set_rdevmajor(header.get(), major(st.st_rdev));
      archive_entry_set_rdevminor(header.get(), minor(st.st_rdev));
    }
    TRY(add_xattrs(entry, header.get()), printable(name));
    if (!S_ISREG(st.st_mode)) return write_header(header.get(), name);
    TRY(open_data(entry, header.get()), printable(name));
    return write_header(header.get(), name);
  }

  Result<> add_xattrs(const fs::WalkEntry& entry, archive_entry* header) const {
    if (S_ISLNK(entry.st.st_mode)) return {};
    const auto names = sys::list_xattrs(entry.file);
    if (!names) return {};  // a file system without any
    std::vector<std::string> sorted = *names;
    std::ranges::sort(sorted);
    for (const std::string& name : sorted) {
      const bool users = name.starts_with("user.") && !name.starts_with("user.overlay.");
      if (!users && name != kCapability) continue;
      auto value = sys::get_xattr(entry.file, name);
      if (!value) continue;  // taken away meanwhile
      if (!users) *value = capability_inside(*value, options_.ids);
      if (users || !value->empty())
        archive_entry_xattr_add_entry(header, name.c_str(), value->data(), value->size());
    }
    return {};
  }

  Result<> open_data(const fs::WalkEntry& entry, archive_entry* header) {
    archive_entry_set_size(header, entry.st.st_size);
    if (entry.st.st_size == 0) return {};
    OpenFile file;
    TRY_SET(file.fd, sys::reopen(entry.file, O_RDONLY | O_NONBLOCK));
    file.size = static_cast<std::uint64_t>(entry.st.st_size);
    if (is_sparse(entry.st)) TRY(add_map(file, header));
    open_ = std::move(file);
    return {};
  }

  static Result<> add_map(OpenFile& file, archive_entry* header) {
    std::vector<sys::Stretch> found;
    for (std::uint64_t at = 0; at < file.size;) {
      TRY_SET(const std::optional<sys::Stretch> data, sys::next_stretch(file.fd.borrow(), at));
      if (!data || data->begin >= file.size) break;
      found.push_back({.begin = data->begin, .end = std::min(data->end, file.size)});
      at = data->end;
      if (found.size() > kMostStretches) return sys::seek_to(file.fd.borrow(), 0);
    }
    // A map without a stretch would say that all is data.
    if (found.empty()) found.push_back({.begin = file.size, .end = file.size});
    for (const sys::Stretch& data : found)
      archive_entry_sparse_add_entry(header, static_cast<la_int64_t>(data.begin),
                                     static_cast<la_int64_t>(data.end - data.begin));
    file.stretches = std::move(found);
    return sys::seek_to(file.fd.borrow(), 0);
  }

  // Where the present stretch of data or of hole ends, and which of them it is.
  struct Next {
    std::uint64_t end = 0;
    bool hole = false;
  };
  static Next next_of(OpenFile& file) {
    if (file.stretches.empty()) return {.end = file.size, .hole = false};
    while (file.stretch < file.stretches.size() && file.stretches[file.stretch].end <= file.at)
      ++file.stretch;
    if (file.stretch == file.stretches.size()) return {.end = file.size, .hole = true};
    const sys::Stretch& data = file.stretches[file.stretch];
    if (file.at < data.begin) return {.end = data.begin, .hole = true};
    return {.end = data.end, .hole = false};
  }

  // libarchive is given all bytes of a file, also those of holes, and passes the latter over.
  Result<> copy_some() {
    OpenFile& file = *open_;
    const Next part = next_of(file);
    const std::size_t most = std::min<std::uint64_t>(kChunk, part.end - file.at);
    std::string_view piece = std::string_view(zeros_).substr(0, most);
    if (!part.hole) {
      if (!file.stretches.empty()) TRY(sys::seek_to(file.fd.borrow(), file.at));
      TRY_SET(const std::size_t n, sys::read_some(file.fd.borrow(), std::span(data_).first(most)));
      // Cut off meanwhile: zeros, for the header has said how much there is.
      if (n != 0) piece = std::string_view(data_).substr(0, n);
    }
    if (archive_write_data(writer_.get(), piece.data(), piece.size()) < 0) return failed("data");
    file.at += piece.size();
    if (file.at < file.size) return {};
    open_.reset();
    if (archive_write_finish_entry(writer_.get()) < ARCHIVE_WARN) return failed("end of a file");
    return {};
  }

  PackOptions options_;
  fs::TreeWalk walk_;
  std::unique_ptr<archive, ArchiveFree> writer_;
  std::string out_, zeros_, data_;
  std::optional<OpenFile> open_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;  // first name of a file that has several
  bool done_ = false;
};

std::uint32_t little(const std::string& value, std::size_t at) {
  std::uint32_t word = 0;
  std::memcpy(&word, value.data() + at, sizeof word);
  return le32toh(word);
}

}  // namespace

std::unique_ptr<ByteSource> pack(UniqueFd top, PackOptions options) {
  return std::make_unique<Packer>(std::move(top), std::move(options));
}

std::string capability_inside(const std::string& value, const IdView& ids) {
  constexpr std::uint32_t kRevisionMask = 0xff000000;
  constexpr std::uint32_t kRevision2 = 0x02000000;
  constexpr std::uint32_t kRevision3 = 0x03000000;
  constexpr std::size_t kSize2 = 20;
  constexpr std::size_t kSize3 = 24;
  if (value.size() < kSize2) return "";
  const std::uint32_t magic = little(value, 0);
  if ((magic & kRevisionMask) == kRevision2) return value.substr(0, kSize2);
  if ((magic & kRevisionMask) != kRevision3 || value.size() < kSize3) return "";
  if (ids.inside(little(value, kSize2)) != 0) return "";
  const std::uint32_t plain = htole32((magic & ~kRevisionMask) | kRevision2);
  std::string out = value.substr(0, kSize2);
  std::memcpy(out.data(), &plain, sizeof plain);
  return out;
}

}  // namespace planet::image
