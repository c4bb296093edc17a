// TarAudit: passes a tar archive on, and refuses what two readers of tar would read differently.
//
// One reader finds a file where another sees only data of the file before, when an archive says a size twice, puts
// rubbish into a number, gives a link a size or a header two names (CVE-2025-62518). The audit walks the headers by
// the letter of the standard, and lets pass only what GNU tar, libarchive and Go's archive/tar understand alike.
//
// Source: pax(1), "ustar Interchange Format" and "pax Interchange Format"; tar(5), "GNU tar Archives".
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "image/stream.h"

namespace planet::image {

class TarAudit : public ByteSource {
 public:
  // `from` is lent.
  explicit TarAudit(ByteSource& from) : from_(from) {}

  // Errors: kInvalidArgument - ambiguous, damaged or cut off, naming the entry; else those of the source.
  Result<std::string_view> next() override;

  struct Entry {
    char type = '0';
    std::string name, link;
  };
  // The next entry that has passed, in the archive's order; none if there is none yet.
  std::optional<Entry> pop_entry();

 private:
  enum class State : std::uint8_t { kHeader, kExtension, kSparseMap, kEnd };
  // What extension headers say of the entry that follows.
  struct Extensions {
    bool pax = false, sparse = false, sparse_map = false;
    std::optional<std::string> long_name, long_link, path, link_path, sparse_name;
    std::optional<std::uint64_t> size;
  };

  Result<> walk(std::string_view piece);
  Result<> block();
  Result<> header(std::string_view block);
  Result<> extension();
  Result<> pax_records(std::string_view text, bool global);
  Result<> pax_record(const std::string& key, std::string_view value);
  static Result<> pax_name(const std::string& key, std::string_view value,
                           std::optional<std::string>& to);
  Result<> pax_number(const std::string& key, std::string_view value);
  static const char* ambiguity(const Entry& entry, std::uint64_t size, const Extensions& said);
  static Result<> long_text(std::optional<std::string>& to, std::string_view body);
  Result<> entry(std::string_view block, char type, std::uint64_t size);
  Result<> begin_sparse(std::string_view block, std::uint64_t size);
  Result<> sparse_stretches(std::string_view fields, bool extended);
  Result<> sparse_map();
  bool is_pending() const { return said_.pax || said_.long_name || said_.long_link; }
  Result<> at_end() const;
  void skip(std::uint64_t size);

  ByteSource& from_;
  State state_ = State::kHeader;
  std::string collected_;     // the block or extension that is being read
  std::size_t wanted_ = 512;  // its length
  std::uint64_t skip_ = 0;    // data to pass
  // An old GNU sparse map: of how much data, how long the file is, what the map says so far.
  std::uint64_t data_size_ = 0, real_size_ = 0, mapped_ = 0, mapped_end_ = 0;
  bool map_done_ = false;
  std::uint64_t extension_size_ = 0;
  char extension_type_ = 0;
  int map_blocks_ = 0;
  bool seen_ = false;  // a header that looks like one
  bool lone_zero_ = false;
  Extensions said_;
  std::deque<Entry> entries_;
};

}  // namespace planet::image
