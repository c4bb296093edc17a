#include "image/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/strings.h"

namespace planet::image {
namespace {

constexpr std::uint64_t kMostEntries = 4'000'000;
constexpr std::size_t kMostName = 4095;
constexpr std::uint64_t kMostId = 4294967294;
constexpr std::size_t kMostXattrs = 4U << 20;

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

std::optional<TarKind> kind_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return TarKind::kHardlink;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return TarKind::kFile;
    case AE_IFDIR:
      return TarKind::kDirectory;
    case AE_IFLNK:
      return TarKind::kSymlink;
    case AE_IFCHR:
      return TarKind::kCharDevice;
    case AE_IFBLK:
      return TarKind::kBlockDevice;
    case AE_IFIFO:
      return TarKind::kFifo;
    default:
      return std::nullopt;
  }
}

Result<> read_xattrs(archive_entry* entry, TarEntry& out) {
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  std::size_t total = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    total += size;
    if (total > kMostXattrs)
      return fail(Code::kInvalidArgument,
                  "entry " + quote(out.name) + " has more than 4 MiB of extended attributes");
    out.xattrs.emplace_back(text_or_empty(name),
                            std::string(static_cast<const char*>(value), size));
  }
  return {};
}

}  // namespace

struct TarReader::State {
  explicit State(ByteSource& source) : from(source) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() { archive_read_free(reader); }

  static la_ssize_t read(archive* reader, void* self, const void** buffer) {
    auto* state = static_cast<State*>(self);
    const auto piece = state->from.next();
    if (!piece) {
      state->error = piece.error();
      archive_set_error(reader, -1, "source");
      return -1;
    }
    *buffer = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }

  ByteSource& from;
  archive* reader = archive_read_new();
  std::optional<Error> error;  // of the source
  std::uint64_t entries = 0;
};

TarReader::TarReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

std::unexpected<Error> TarReader::damaged() const {
  if (state_->error) return std::unexpected(*state_->error);
  return fail(Code::kInvalidArgument,
              "the tar archive is damaged or cut off: " +
                  printable(text_or_empty(archive_error_string(state_->reader))));
}

Result<TarReader> TarReader::open(ByteSource& from) {
  TarReader tar(std::make_unique<State>(from));
  archive* reader = tar.state_->reader;
  archive_read_support_format_tar(reader);
  archive_read_support_format_empty(reader);
  archive_read_set_options(reader, "tar:hdrcharset=BINARY");
  if (archive_read_open(reader, tar.state_.get(), nullptr, State::read, nullptr) != ARCHIVE_OK)
    return tar.damaged();
  return tar;
}

Result<std::optional<TarEntry>> TarReader::next() {
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(state_->reader, &entry);
  if (status == ARCHIVE_EOF) return std::nullopt;
  // A warning is an error too: what libarchive had to guess, another reader may guess otherwise.
  if (status != ARCHIVE_OK) return damaged();
  if (++state_->entries > kMostEntries)
    return fail(Code::kInvalidArgument, "the tar archive has more than four million entries");
  TarEntry out;
  out.name = text_or_empty(archive_entry_pathname(entry));
  const auto kind = kind_of(entry);
  if (!kind)
    return fail(Code::kInvalidArgument, "entry " + quote(out.name) + " is of an unknown kind");
  out.kind = *kind;
  out.link = text_or_empty(out.kind == TarKind::kHardlink ? archive_entry_hardlink(entry)
                                                          : archive_entry_symlink(entry));
  if (out.name.empty() || out.name.size() > kMostName || out.link.size() > kMostName)
    return fail(Code::kInvalidArgument, "an entry's name is empty or longer than 4095 bytes");
  const la_int64_t uid = archive_entry_uid(entry);
  const la_int64_t gid = archive_entry_gid(entry);
  if (uid < 0 || gid < 0 || static_cast<std::uint64_t>(uid) > kMostId ||
      static_cast<std::uint64_t>(gid) > kMostId)
    return fail(Code::kInvalidArgument,
                "entry " + quote(out.name) + " belongs to an id that no file can have");
  out.uid = static_cast<std::uint64_t>(uid);
  out.gid = static_cast<std::uint64_t>(gid);
  out.mode = archive_entry_perm(entry) & 07777U;
  out.size = static_cast<std::uint64_t>(archive_entry_size(entry));
  out.major = static_cast<std::uint32_t>(archive_entry_rdevmajor(entry));
  out.minor = static_cast<std::uint32_t>(archive_entry_rdevminor(entry));
  out.mtime = {.tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)};
  TRY(read_xattrs(entry, out));
  return out;
}

Result<std::optional<TarData>> TarReader::data() {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = archive_read_data_block(state_->reader, &bytes, &size, &offset);
  if (status == ARCHIVE_EOF) return std::nullopt;
  if (status != ARCHIVE_OK) return damaged();
  return TarData{.bytes = {static_cast<const char*>(bytes), size},
                 .offset = static_cast<std::uint64_t>(offset)};
}

}  // namespace planet::image
