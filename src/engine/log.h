// A container's log: what its processes wrote, one JSON object a line, as docker's json-file driver writes it; or the
// journal's entries (engine/journal.h).
//
//   {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}
//
// A line of the container is cut at 16 KiB. Bytes that are not UTF-8 are written as \udc80 to \udcff, one each, so that
// reading gives back exactly what was written, and other readers still read the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/journal.h"
#include "engine/places.h"
#include "engine/record.h"
#include "format/moment.h"
#include "runtime/relay.h"

namespace planet::engine {

// Writes the log of a container. The file is made with the first byte: a silent container has none. A disk that is
// full loses lines, never the container.
class LogWriter : public runtime::OutputTap {
 public:
  LogWriter(const Places& places, const Record& record);
  void output(runtime::Stream stream, std::string_view bytes) override;
  void flush();  // the last lines, which may lack their newline

 private:
  void line(runtime::Stream stream, std::string_view text);
  bool open();
  void rotate();

  const Places& places_;
  std::string id_;
  LogSettings settings_;
  std::optional<Journal> journal_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  std::string partial_[2];
};

struct LogLine {
  runtime::Stream stream = runtime::Stream::kOut;
  std::string text, time;
};

std::string encode_log_line(const LogLine& line);
// None if it is no line of a log.
std::optional<LogLine> decode_log_line(std::string_view text);

// Errors: kWrongState - the container's log is elsewhere, or it has none.
Result<> check_log_file(const Record& record);

struct LogQuery {
  int files = LogSettings().files;    // so many there may be
  std::optional<std::uint64_t> tail;  // only the last so many lines
  // Only what was written from `since` on, and before `until`.
  std::optional<format::Moment> since, until;
  bool follow = false;
};

using LineSink = std::function<void(const LogLine&)>;

// Calls `each` for every line; with `follow`, goes on until `ended` says that the container is over.
Result<> read_log(const Places& places, const std::string& id, const LogQuery& query,
                  const LineSink& all, const std::function<bool()>& ended);

}  // namespace planet::engine
