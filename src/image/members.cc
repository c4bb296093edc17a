#include "image/members.h"

#include "base/strings.h"
#include "image/space_guard.h"
#include "image/stream.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostMembers = 20'000;
constexpr std::size_t kMostDocument = 8U << 20;
constexpr int kMostLinks = 8;

// "./a//b" is "a/b", and ".." goes one up, but never above the archive's root.
std::string plain_name(std::string_view name) {
  std::string out;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      out.erase(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      continue;
    }
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

// What a link that stands at `name` names.
std::string link_target(const std::string& name, const TarEntry& entry) {
  const std::size_t slash = name.rfind('/');
  const bool relative = entry.kind == TarKind::kSymlink && !entry.link.starts_with('/');
  const std::string base = relative && slash != std::string::npos ? name.substr(0, slash) : "";
  return plain_name(base + "/" + entry.link);
}

}  // namespace

Result<Members> Members::spool(BorrowedFd archive, const Staging& staging) {
  Members members(staging);
  const auto file = read_file(archive);
  TRY_SET(const auto plain, decompress(*file));
  TRY_SET(TarReader tar, TarReader::open(*plain));
  while (true) {
    TRY_SET(const std::optional<TarEntry> entry, tar.next());
    if (!entry) return members;
    if (++members.count_ > kMostMembers)
      return fail(Code::kInvalidArgument, "the archive has more than 20000 files");
    TRY(members.take(tar, *entry), printable(entry->name));
  }
}

Result<> Members::take(TarReader& tar, const TarEntry& entry) {
  for (const std::string_view part : split(entry.name, '/'))
    if (part == "..") return fail(Code::kInvalidArgument, "its name leads out of the archive");
  const std::string name = plain_name(entry.name);
  switch (entry.kind) {
    case TarKind::kDirectory:
      return {};
    case TarKind::kSymlink:
    case TarKind::kHardlink: {
      const std::string target = link_target(name, entry);
      if (blobs_.contains(name) || links_.emplace(name, target).first->second != target)
        return fail(Code::kInvalidArgument, "the archive has two files of this name");
      return {};
    }
    case TarKind::kFile: {
      TRY_SET(const Blob blob, take_file(tar));
      return keep(name, blob);
    }
    default:
      return fail(Code::kInvalidArgument, "it is neither a file nor a directory nor a link");
  }
}

Result<Blob> Members::take_file(TarReader& tar) {
  const std::string file = std::to_string(count_);
  TRY_SET(const UniqueFd out,
          sys::open_at(staging_->dir(), file.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  SpaceGuard space(staging_->dir());
  Hasher hasher;
  std::int64_t size = 0;
  while (true) {
    TRY_SET(const std::optional<TarData> piece, tar.data());
    if (!piece) break;
    if (piece->offset != static_cast<std::uint64_t>(size))
      return fail(Code::kInvalidArgument, "it has holes, which no file of an image archive has");
    TRY(sys::write_all(out.borrow(), piece->bytes));
    TRY(space.wrote(piece->bytes.size()));
    hasher.update(piece->bytes);
    size += static_cast<std::int64_t>(piece->bytes.size());
  }
  return Blob{.file = file, .digest = hasher.finish(), .size = size};
}

// Of two files with one name, one reader takes the first and another the last: they must be the same.
Result<> Members::keep(const std::string& name, const Blob& blob) {
  const auto [kept, is_new] = blobs_.emplace(name, blob);
  if (links_.contains(name) || kept->second.digest != blob.digest)
    return fail(Code::kInvalidArgument, "the archive has two files of this name");
  if (is_new) return {};
  return sys::unlink_at(staging_->dir(), blob.file.c_str());
}

const Blob* Members::find(const std::string& name) const {
  std::string at = plain_name(name);
  // Old docker archives repeat a layer by a link to it.
  for (int links = 0; links <= kMostLinks; ++links) {
    if (const auto blob = blobs_.find(at); blob != blobs_.end()) return &blob->second;
    const auto link = links_.find(at);
    if (link == links_.end()) return nullptr;
    at = link->second;
  }
  return nullptr;
}

Result<std::string> Members::read(const std::string& name) const {
  const Blob* blob = find(name);
  if (blob == nullptr)
    return fail(Code::kInvalidArgument, "the archive has no file " + quote(name));
  TRY_SET(std::string text, sys::read_file_at(staging_->dir(), blob->file.c_str(), kMostDocument),
          quote(name));
  return text;
}

Result<const Blob*> Members::verified(const oci::Descriptor& descriptor) const {
  TRY_SET(const Digest digest, Digest::parse(descriptor.digest));
  const Blob* blob = find("blobs/sha256/" + digest.hex());
  if (blob == nullptr)
    return fail(Code::kInvalidArgument, "the archive lacks blob " + digest.text());
  if (blob->digest != digest)
    return fail(
        Code::kInvalidArgument,
        "blob " + digest.text() + " has other content: its digest is " + blob->digest.text());
  if (blob->size != descriptor.size)
    return fail(Code::kInvalidArgument,
                "blob " + digest.text() + " has " + std::to_string(blob->size) +
                    " bytes, its descriptor says " + std::to_string(descriptor.size));
  return blob;
}

Result<std::string> Members::read_verified(const oci::Descriptor& descriptor) const {
  TRY_SET(const Blob* blob, verified(descriptor));
  return sys::read_file_at(staging_->dir(), blob->file.c_str(), kMostDocument);
}

}  // namespace planet::image
