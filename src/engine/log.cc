#include "engine/log.h"

#include <sys/stat.h>

#include <deque>

#include "base/strings.h"
#include "engine/growing_lines.h"
#include "engine/record.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

constexpr std::size_t kMostLine = 16384;
constexpr std::string_view kStreamNames[] = {"stdout", "stderr"};

std::string log_path(const std::string& id, int number) {
  return "containers/" + id + "/log" + (number == 0 ? "" : "." + std::to_string(number));
}

void append_escape(std::string& out, unsigned code) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(code >> shift) & 15U];
}

void append_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      append_escape(out, 0xdc00U + byte);
    } else if (byte == '"' || byte == '\\') {
      (out += '\\') += text.front();
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      append_escape(out, byte);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void append_utf8(std::string& out, unsigned code) {
  if (code >= 0xdc80 && code <= 0xdcff) {
    out += static_cast<char>(code - 0xdc00);
  } else if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | (code >> 6));
    out += static_cast<char>(0x80U | (code & 0x3fU));
  } else {
    out += static_cast<char>(0xe0U | (code >> 12));
    out += static_cast<char>(0x80U | ((code >> 6) & 0x3fU));
    out += static_cast<char>(0x80U | (code & 0x3fU));
  }
}

// One escape after its backslash; false if it is none.
bool take_escape(std::string_view& text, std::string& out) {
  constexpr std::string_view kPlain = "\"\\/";
  if (text.empty()) return false;
  const char c = text.front();
  text.remove_prefix(1);
  if (kPlain.find(c) != std::string_view::npos) {
    out += c;
  } else if (c == 'n') {
    out += '\n';
  } else if (c == 'r') {
    out += '\r';
  } else if (c == 't') {
    out += '\t';
  } else if (c == 'u') {
    const auto code = parse_number<unsigned>(text.substr(0, 4), "escape", 16);
    if (!code || text.size() < 4) return false;
    append_utf8(out, *code);
    text.remove_prefix(4);
  } else {
    return false;
  }
  return true;
}

// `text` begins with a JSON string: its content, and `text` goes past it.
bool take_string(std::string_view& text, std::string& out) {
  if (!text.starts_with('"')) return false;
  text.remove_prefix(1);
  while (!text.empty()) {
    const std::size_t special = text.find_first_of("\"\\");
    if (special == std::string_view::npos) return false;
    out += text.substr(0, special);
    const char c = text[special];
    text.remove_prefix(special + 1);
    if (c == '"') return true;
    if (!take_escape(text, out)) return false;
  }
  return false;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// The lines of one log file, as they come.
class LineReader {
 public:
  explicit LineReader(UniqueFd file) : lines_(std::move(file)) {}

  Result<> read(const LineSink& each) {
    return lines_.read([&](std::string_view text) -> Result<> {
      if (const auto line = decode_log_line(text)) each(*line);
      return {};
    });
  }
  BorrowedFd file() const { return lines_.file(); }

 private:
  GrowingLines lines_;
};

Result<std::optional<LineReader>> open_log(const Places& places, const std::string& id,
                                           int number) {
  auto file =
      sys::open_at(places.root_dir.borrow(), log_path(id, number).c_str(), O_RDONLY | O_NOFOLLOW);
  if (file) return LineReader(*std::move(file));
  if (file.error().code() == Code::kNotFound) return std::nullopt;
  return std::unexpected(std::move(file).error());
}

bool was_rotated(const Places& places, const std::string& id, const LineReader& reader) {
  const auto open = sys::stat_fd(reader.file());
  const auto named = sys::lstat_at(places.root_dir.borrow(), log_path(id, 0).c_str());
  return open && named && open->st_ino != named->st_ino;
}

// All that is there, oldest first; the reader of the newest file, to go on with.
Result<std::optional<LineReader>> read_files(const Places& places, const std::string& id, int files,
                                             const LineSink& each) {
  std::optional<LineReader> current;
  for (int number = files - 1; number >= 0; --number) {
    TRY_SET(current, open_log(places, id, number));
    if (current) TRY(current->read(each));
  }
  return current;
}

// What comes, until the container is over.
Result<> follow(const Places& places, const std::string& id, std::optional<LineReader>& current,
                const LineSink& each, const std::function<bool()>& ended) {
  constexpr int kPause = 100;
  while (true) {
    const bool over = ended();  // asked before the last read, so that nothing is missed
    if (current) TRY(current->read(each));
    if (!current || was_rotated(places, id, *current)) {
      TRY_SET(current, open_log(places, id, 0));
      if (current) TRY(current->read(each));
    }
    if (over) return {};
    sys::sleep_ms(kPause);
  }
}

bool is_between(const LogLine& line, const LogQuery& query) {
  if (!query.since && !query.until) return true;
  const auto moment = format::parse_rfc3339(line.time);
  return moment && (!query.since || *moment >= *query.since) &&
         (!query.until || *moment < *query.until);
}

}  // namespace

std::string encode_log_line(const LogLine& line) {
  std::string out = "{\"log\":\"";
  append_text(out, line.text);
  out += "\",\"stream\":\"";
  out += kStreamNames[static_cast<std::size_t>(line.stream)];
  out += "\",\"time\":\"" + line.time + "\"}\n";
  return out;
}

std::optional<LogLine> decode_log_line(std::string_view text) {
  LogLine line;
  std::string stream;
  if (!take(text, "{\"log\":") || !take_string(text, line.text) || !take(text, ",\"stream\":") ||
      !take_string(text, stream) || !take(text, ",\"time\":") || !take_string(text, line.time) ||
      text != "}")
    return std::nullopt;
  if (stream == kStreamNames[1]) line.stream = runtime::Stream::kErr;
  return line;
}

LogWriter::LogWriter(const Places& places, const Record& record)
    : places_(places), id_(record.id), settings_(record.log) {
  if (settings_.driver == LogDriver::kJournald)
    journal_.emplace(JournalSource{.id = id_, .name = record.name, .image = record.image});
}

void LogWriter::output(runtime::Stream stream, std::string_view bytes) {
  if (settings_.driver == LogDriver::kNone) return;
  std::string& partial = partial_[static_cast<std::size_t>(stream)];
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::size_t wanted = newline == std::string_view::npos ? bytes.size() : newline + 1;
    const std::size_t n = std::min(wanted, kMostLine - partial.size());
    partial += bytes.substr(0, n);
    bytes.remove_prefix(n);
    if (partial.back() != '\n' && partial.size() < kMostLine) continue;
    line(stream, partial);
    partial.clear();
  }
}

void LogWriter::flush() {
  for (const runtime::Stream stream : {runtime::Stream::kOut, runtime::Stream::kErr}) {
    std::string& partial = partial_[static_cast<std::size_t>(stream)];
    if (!partial.empty()) line(stream, partial);
    partial.clear();
  }
}

bool LogWriter::open() {
  if (file_.valid()) return true;
  auto file = sys::open_at(places_.root_dir.borrow(), log_path(id_, 0).c_str(),
                           O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  if (!file) return false;
  const auto st = sys::stat_fd(file->borrow());
  size_ = st ? static_cast<std::uint64_t>(st->st_size) : 0;
  file_ = *std::move(file);
  return true;
}

void LogWriter::rotate() {
  const BorrowedFd root = places_.root_dir.borrow();
  if (settings_.files == 1) (void)sys::unlink_at(root, log_path(id_, 0).c_str());
  for (int number = settings_.files - 1; number > 0; --number)
    (void)sys::rename_at(root, log_path(id_, number - 1).c_str(), root,
                         log_path(id_, number).c_str());
  file_.reset();
}

void LogWriter::line(runtime::Stream stream, std::string_view text) {
  if (journal_) return journal_->write(stream, text);
  if (size_ >= settings_.most_bytes) rotate();
  if (!open()) return;
  const std::string record =
      encode_log_line({.stream = stream, .text = std::string(text), .time = sys::now_text()});
  if (sys::write_all(file_.borrow(), record)) size_ += record.size();
}

Result<> check_log_file(const Record& record) {
  if (record.log.has_file()) return {};
  if (record.log.driver == LogDriver::kNone)
    return fail(Code::kWrongState, "container " + record.name + " has no log (--log-driver none)");
  return fail(Code::kWrongState,
              "the log of container " + record.name +
                  " is in the journal: `journalctl CONTAINER_ID_FULL=" + record.id + "` shows it");
}

Result<> read_log(const Places& places, const std::string& id, const LogQuery& query,
                  const LineSink& all, const std::function<bool()>& ended) {
  const LineSink each = [&](const LogLine& line) {
    if (is_between(line, query)) all(line);
  };
  std::deque<LogLine> last;
  const LineSink keep_last = [&](const LogLine& line) {
    if (!is_between(line, query)) return;
    last.push_back(line);
    if (last.size() > *query.tail) last.pop_front();
  };
  TRY_SET(std::optional<LineReader> current,
          read_files(places, id, query.files, query.tail ? keep_last : each));
  for (const LogLine& line : last) each(line);
  if (!query.follow) return {};
  // What is still to come is too late from a moment on.
  return follow(places, id, current, each,
                [&] { return ended() || (query.until && format::now() >= *query.until); });
}

}  // namespace planet::engine
