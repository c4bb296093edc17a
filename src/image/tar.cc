#include "image/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/strings.h"
#include "image/tar_audit.h"

namespace planet::image {
namespace {

constexpr std::uint64_t kMostEntries = 4'000'000;
constexpr std::size_t kMostName = 4095;
constexpr std::uint64_t kMostId = 4294967294;
constexpr std::size_t kMostXattrs = 4U << 20;
constexpr int kMostStretches = 65'536;
// What one header may be long, with its extensions. libarchive keeps a sparse file's map, which has no bound of its
// own, in memory (CVE-2025-58183).
constexpr std::size_t kMostHeader = 4U << 20;

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

TarKind kind_of(const TarAudit::Entry& entry) {
  switch (entry.type) {
    case '1':
      return TarKind::kHardlink;
    case '2':
      return TarKind::kSymlink;
    case '3':
      return TarKind::kCharDevice;
    case '4':
      return TarKind::kBlockDevice;
    case '5':
      return TarKind::kDirectory;
    case '6':
      return TarKind::kFifo;
    default:  // a trailing slash is the oldest way to say that it is a directory
      return entry.name.ends_with('/') ? TarKind::kDirectory : TarKind::kFile;
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
    if (state->in_header) state->header += piece->size();
    if (state->header > kMostHeader) {
      state->error = Error(Code::kInvalidArgument,
                           "an entry of the tar archive has a header of more than 4 MiB");
      return -1;
    }
    *buffer = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }

  // libarchive converts the names of pax headers to the locale's character set, although the option asks for bytes, and
  // warns where it cannot. Its names are not used.
  bool only_warned_of_names() const {
    return std::string_view(text_or_empty(archive_error_string(reader)))
        .ends_with("to current locale.");
  }

  TarAudit from;
  archive* reader = archive_read_new();
  std::optional<Error> error;  // of the source
  std::uint64_t entries = 0;
  bool in_header = false;
  std::size_t header = 0;
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

// Goes to the next header; null at the end.
Result<archive_entry*> TarReader::next_header() {
  // What is left of the entry before is not a part of the header.
  if (state_->entries != 0 && archive_read_data_skip(state_->reader) < ARCHIVE_OK) return damaged();
  state_->in_header = true;
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(state_->reader, &entry);
  state_->in_header = false;
  state_->header = 0;
  // libarchive takes a source that fails at once for an empty one.
  if (state_->error) return damaged();
  if (status == ARCHIVE_EOF) return nullptr;
  // Any other warning is an error: what libarchive had to guess, another reader may guess otherwise.
  if (status != ARCHIVE_OK && !(status == ARCHIVE_WARN && state_->only_warned_of_names()))
    return damaged();
  if (++state_->entries > kMostEntries)
    return fail(Code::kInvalidArgument, "the tar archive has more than four million entries");
  if (archive_entry_sparse_count(entry) > kMostStretches)
    return fail(Code::kInvalidArgument, "a sparse file has more than 65536 stretches");
  return entry;
}

Result<std::optional<TarEntry>> TarReader::next() {
  TRY_SET(auto* const entry, next_header());
  if (entry == nullptr) return std::nullopt;
  // Names are the audit's: libarchive loses the target of a link that only a pax header gives.
  std::optional<TarAudit::Entry> said = state_->from.pop_entry();
  if (!said) return fail(Code::kInternal, "libarchive saw an entry where there is none");
  TarEntry out;
  out.kind = kind_of(*said);
  out.name = std::move(said->name);
  if (out.kind == TarKind::kSymlink || out.kind == TarKind::kHardlink)
    out.link = std::move(said->link);
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
