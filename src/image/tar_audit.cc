#include "image/tar_audit.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace planet::image {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kMostSize = 1ULL << 62;
constexpr std::size_t kMostExtension = 4U << 20;
constexpr int kMostMapBlocks = 65'536 / 21;  // 21 stretches in a block of an old GNU sparse map

struct Field {
  std::size_t at, length;
  const char* name;
};
constexpr Field kChecksum{148, 8, "checksum"};
constexpr Field kSize{124, 12, "size"};
constexpr Field kTime{136, 12, "mtime"};
constexpr Field kOthers[] = {
    {100, 8, "mode"}, {108, 8, "uid"}, {116, 8, "gid"}, {329, 8, "devmajor"}, {337, 8, "devminor"}};

std::unexpected<Error> refuse(const std::string& why) {
  return fail(Code::kInvalidArgument, "the tar archive " + why);
}

std::unexpected<Error> no_archive() {
  return fail(Code::kInvalidArgument,
              "it is neither a tar archive nor one that gzip or zstd has packed");
}

std::uint64_t round_up(std::uint64_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

std::string text_of(std::string_view block, std::size_t at, std::size_t length) {
  const std::string_view field = block.substr(at, length);
  return std::string(field.substr(0, field.find('\0')));
}

bool is_zero(std::string_view block) {
  return block.find_first_not_of('\0') == std::string_view::npos;
}

// A positive number in base 256: a first byte of 0x80, then big-endian.
std::optional<std::uint64_t> binary_number(std::string_view field) {
  if (field[0] != '\x80') return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : field.substr(1)) {
    if (value >> 56 != 0) return std::nullopt;
    value = value << 8 | static_cast<unsigned char>(c);
  }
  return value;
}

// Blanks, octal digits, then only blanks and zeros: readers differ on all else.
std::optional<std::uint64_t> octal_number(std::string_view field) {
  const std::size_t begin = std::min(field.find_first_not_of(' '), field.size());
  const std::size_t end = std::min(field.find_first_not_of("01234567", begin), field.size());
  if (field.find_first_not_of(std::string_view(" \0", 2), end) != std::string_view::npos)
    return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : field.substr(begin, end - begin))
    value = value << 3 | static_cast<std::uint64_t>(c - '0');
  return value;
}

Result<std::uint64_t> number(std::string_view block, const Field& field) {
  const std::string_view text = block.substr(field.at, field.length);
  const auto value = (text[0] & 0x80) != 0 ? binary_number(text) : octal_number(text);
  if (!value || *value > kMostSize)
    return refuse("has an entry " + quote(text_of(block, 0, 100)) + " whose " + field.name +
                  " is no number that every reader takes");
  return *value;
}

// Times may lie before 1970: then all bytes of the high half are 0xff.
Result<> check_time(std::string_view block) {
  if (block.substr(kTime.at).starts_with("\xff\xff\xff\xff")) return {};
  TRY(number(block, kTime));
  return {};
}

Result<> check_sum(std::string_view block) {
  TRY_SET(const std::uint64_t said, number(block, kChecksum));
  std::uint64_t sum = kChecksum.length * ' ';
  for (std::size_t i = 0; i < kBlock; ++i)
    if (i < kChecksum.at || i >= kChecksum.at + kChecksum.length)
      sum += static_cast<unsigned char>(block[i]);
  if (sum != said) return refuse("is damaged: a header's checksum is wrong");
  return {};
}

bool is_gnu(std::string_view block) {
  return block.substr(257, 8) == std::string_view("ustar  \0", 8);
}
bool is_ustar(std::string_view block) {
  return block.substr(257, 6) == std::string_view("ustar\0", 6);
}

Result<> check_fields(std::string_view block) {
  for (const Field& field : kOthers) TRY(number(block, field));
  TRY(check_time(block));
  const bool old = is_zero(block.substr(257, 8));
  if (!old && !is_gnu(block) && !is_ustar(block))
    return refuse("has a header of an unknown format");
  // The prefix of a name is shorter there, and few readers know it.
  if (is_ustar(block) && block.ends_with(std::string_view("tar\0", 4)))
    return refuse("is in the format of star, which is read in different ways");
  return {};
}

std::string field_name(std::string_view block) {
  const std::string name = text_of(block, 0, 100);
  const std::string prefix = is_ustar(block) ? text_of(block, 345, 155) : "";
  return prefix.empty() ? name : prefix + "/" + name;
}

}  // namespace

Result<std::string_view> TarAudit::next() {
  TRY_SET(const std::string_view piece, from_.next());
  if (piece.empty())
    TRY(at_end());
  else
    TRY(walk(piece));
  return piece;
}

std::optional<TarAudit::Entry> TarAudit::pop_entry() {
  if (entries_.empty()) return std::nullopt;
  Entry first = std::move(entries_.front());
  entries_.pop_front();
  return first;
}

Result<> TarAudit::walk(std::string_view piece) {
  while (!piece.empty() && state_ != State::kEnd) {
    if (skip_ != 0) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, piece.size()));
      skip_ -= count;
      piece.remove_prefix(count);
      continue;
    }
    const std::size_t count = std::min(wanted_ - collected_.size(), piece.size());
    collected_ += piece.substr(0, count);
    piece.remove_prefix(count);
    if (collected_.size() == wanted_) TRY(block());
  }
  return {};
}

Result<> TarAudit::block() {
  const std::string whole = std::exchange(collected_, "");
  switch (state_) {
    case State::kHeader:
      return header(whole);
    case State::kSparseMap:
      collected_ = whole;
      return sparse_map();
    case State::kExtension:
      collected_ = whole;
      return extension();
    case State::kEnd:
      break;
  }
  return {};
}

Result<> TarAudit::at_end() const {
  const bool between = state_ == State::kHeader && skip_ == 0 && collected_.empty();
  if (state_ == State::kEnd || (between && !is_pending())) return {};
  return seen_ ? refuse("is cut off") : no_archive();
}

void TarAudit::skip(std::uint64_t size) {
  skip_ = round_up(size);
  state_ = State::kHeader;
  wanted_ = kBlock;
}

Result<> TarAudit::header(std::string_view block) {
  if (is_zero(block)) {
    if (is_pending()) return refuse("ends after a header that describes nothing");
    if (lone_zero_) state_ = State::kEnd;
    lone_zero_ = true;
    return {};
  }
  if (lone_zero_) return refuse("goes on after a lone block of zeros");
  const Result<> sum = check_sum(block);
  if (!sum && !seen_) return no_archive();
  TRY(sum);
  seen_ = true;
  TRY(check_fields(block));
  TRY_SET(const std::uint64_t size, number(block, kSize));
  const char type = block[156];
  if (type != 'x' && type != 'g' && type != 'L' && type != 'K') return entry(block, type, size);
  if (size > kMostExtension) return refuse("has an entry with a header of more than 4 MiB");
  extension_type_ = type;
  extension_size_ = size;
  wanted_ = static_cast<std::size_t>(round_up(size));
  state_ = State::kExtension;
  return size == 0 ? extension() : Result<>();
}

Result<> TarAudit::extension() {
  const std::string whole = std::exchange(collected_, "");
  const std::string_view body = std::string_view(whole).substr(0, extension_size_);
  skip(0);
  switch (extension_type_) {
    case 'L':
      return long_text(said_.long_name, body);
    case 'K':
      return long_text(said_.long_link, body);
    case 'g':
      return pax_records(body, true);
    default:
      if (said_.pax) return refuse("has two pax headers for one entry");
      said_.pax = true;
      return pax_records(body, false);
  }
}

Result<> TarAudit::long_text(std::optional<std::string>& to, std::string_view body) {
  if (to) return refuse("has two long names for one entry");
  const std::size_t end = std::min(body.find('\0'), body.size());
  if (!is_zero(body.substr(end))) return refuse("has a long name with a zero byte in it");
  to = body.substr(0, end);
  return {};
}

// "27 path=some/where\n": the length counts itself and the line's end.
Result<> TarAudit::pax_records(std::string_view text, bool global) {
  std::set<std::string> seen;
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    const std::size_t equals = text.find('=', blank == std::string_view::npos ? 0 : blank);
    if (blank == 0 || blank > 8 || equals == std::string_view::npos)
      return refuse("has a damaged pax header");
    const auto length = parse_number<std::size_t>(text.substr(0, blank), "length");
    if (!length || *length > text.size() || *length <= equals + 1 || text[*length - 1] != '\n')
      return refuse("has a damaged pax header");
    const std::string key(text.substr(blank + 1, equals - blank - 1));
    const std::string_view value = text.substr(equals + 1, *length - equals - 2);
    // Some readers apply a global header to all that follows, some ignore it.
    if (global && key != "comment")
      return refuse("has a global pax header that sets " + quote(key));
    // Old sparse maps are keys that repeat.
    if (!seen.insert(key).second && !key.starts_with("GNU.sparse."))
      return refuse("has a pax header that sets " + quote(key) + " twice");
    TRY(pax_record(key, value));
    text.remove_prefix(*length);
  }
  return {};
}

Result<> TarAudit::pax_record(const std::string& key, std::string_view value) {
  if (key == "path") return pax_name(key, value, said_.path);
  if (key == "linkpath") return pax_name(key, value, said_.link_path);
  if (key == "size" || key == "uid" || key == "gid") return pax_number(key, value);
  if (key == "SCHILY.realsize")
    return refuse("has a pax header that sets SCHILY.realsize, which few readers know");
  if (!key.starts_with("GNU.sparse.")) return {};
  said_.sparse = true;
  if (key == "GNU.sparse.name") return pax_name(key, value, said_.sparse_name);
  for (const char* map : {"GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.numblocks"})
    said_.sparse_map = said_.sparse_map || key == map;
  return {};
}

Result<> TarAudit::pax_name(const std::string& key, std::string_view value,
                            std::optional<std::string>& to) {
  if (value.empty() || value.find('\0') != std::string_view::npos)
    return refuse("has a pax header with an empty " + key + " or a zero byte in it");
  to = value;
  return {};
}

Result<> TarAudit::pax_number(const std::string& key, std::string_view value) {
  const auto parsed = parse_number<std::uint64_t>(value, key);
  if (!parsed || *parsed > kMostSize)
    return refuse("has a pax header whose " + key + " is no number");
  if (key == "size") said_.size = *parsed;
  return {};
}

// Why the entry cannot be read in one way only; null if it can.
const char* TarAudit::ambiguity(const Entry& entry, std::uint64_t size, const Extensions& said) {
  const bool gnu_sparse = entry.type == 'S';
  const bool file = entry.type == '0' || entry.type == '\0' || entry.type == '7';
  const bool known = file || gnu_sparse || (entry.type >= '1' && entry.type <= '6');
  if (!known) return "of an unknown kind";
  if (said.long_name && said.path && *said.long_name != *said.path) return "with two names";
  if (said.long_link && said.link_path && *said.long_link != *said.link_path)
    return "with two link targets";
  if (said.sparse && (!file || !said.sparse_map)) return "that is called sparse, but has no map";
  if (size == 0) return nullptr;
  if (!file && !gnu_sparse) return "that is no file, but has a size";
  return entry.name.ends_with('/') ? "that is a directory, but has a size" : nullptr;
}

Result<> TarAudit::entry(std::string_view block, char type, std::uint64_t size) {
  const Extensions said = std::exchange(said_, {});
  const auto& path = said.sparse_name ? said.sparse_name : said.path;
  const auto& link = said.link_path ? said.link_path : said.long_link;
  Entry read{.type = type,
             .name = path ? *path : said.long_name.value_or(field_name(block)),
             .link = link ? *link : text_of(block, 157, 100)};
  size = said.size.value_or(size);
  const char* why = ambiguity(read, size, said);
  if (type == 'S' && !is_gnu(block)) why = "of an unknown kind";
  if (why != nullptr) return refuse("has an entry " + quote(read.name) + " " + why);
  entries_.push_back(std::move(read));
  skip(size);
  return type == 'S' ? begin_sparse(block, size) : Result<>();
}

Result<> TarAudit::begin_sparse(std::string_view block, std::uint64_t size) {
  TRY_SET(real_size_, number(block, {483, 12, "real size"}));
  data_size_ = size;
  mapped_ = mapped_end_ = 0;
  map_done_ = false;
  map_blocks_ = 0;
  return sparse_stretches(block.substr(386, 96), block[482] != '\0');
}

// Pairs of offset and length up to an empty one; `extended`: a block with more of them follows.
Result<> TarAudit::sparse_stretches(std::string_view fields, bool extended) {
  for (std::size_t at = 0; at < fields.size() && !map_done_; at += 24) {
    map_done_ = fields[at + 12] == '\0';
    if (map_done_) break;
    TRY_SET(const std::uint64_t offset, number(fields, {at, 12, "sparse map"}));
    TRY_SET(const std::uint64_t length, number(fields, {at + 12, 12, "sparse map"}));
    if (offset < mapped_end_) return refuse("has a sparse file whose stretches overlap");
    mapped_ += length;
    mapped_end_ = offset + length;
  }
  if (extended && !map_done_) {
    skip_ = 0;
    state_ = State::kSparseMap;
    return {};
  }
  if (extended || mapped_ != data_size_ || mapped_end_ > real_size_)
    return refuse("has a sparse file whose map does not fit its data");
  skip(data_size_);
  return {};
}

Result<> TarAudit::sparse_map() {
  const std::string whole = std::exchange(collected_, "");
  if (++map_blocks_ > kMostMapBlocks)
    return refuse("has a sparse file of more than 65536 stretches");
  return sparse_stretches(std::string_view(whole).substr(0, 504), whole[504] != '\0');
}

}  // namespace planet::image
