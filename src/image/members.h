// Members: the files of an image archive, spooled to staging and hashed on the way.
//
// Their names are keys of a map and never paths: nothing of the host can be named by one.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/digest.h"
#include "image/staging.h"
#include "image/tar.h"
#include "oci/image.h"

namespace planet::image {

// A file in the staging directory, its bytes already hashed.
struct Blob {
  std::string file;  // its name in staging
  Digest digest;
  std::int64_t size = 0;
};

class Members {
 public:
  // Reads the whole archive (tar, plain or gzip or zstd) from where `archive` stands. `staging` is lent.
  // Errors: kInvalidArgument - damaged, more than 20000 files, a device among them, or two files of one name with
  // different content; else that of the file system.
  static Result<Members> spool(BorrowedFd archive, const Staging& staging);

  // Links are followed among the members, and nowhere else. Null: there is no such file.
  const Blob* find(const std::string& name) const;
  // The whole of a document.
  Result<std::string> read(const std::string& name) const;

  // The member that a descriptor names.
  // Errors: kInvalidArgument - it is not what the descriptor says, in digest or size.
  Result<const Blob*> verified(const oci::Descriptor& descriptor) const;
  Result<std::string> read_verified(const oci::Descriptor& descriptor) const;

 private:
  explicit Members(const Staging& staging) : staging_(&staging) {}
  Result<> take(TarReader& tar, const TarEntry& entry);
  Result<Blob> take_file(TarReader& tar);
  Result<> keep(const std::string& name, const Blob& blob);

  const Staging* staging_;
  std::size_t count_ = 0;
  std::map<std::string, Blob> blobs_;
  std::map<std::string, std::string> links_;
};

}  // namespace planet::image
