#include "pull_display.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "cli/words.h"
#include "oci/json.h"
#include "sys/terminal.h"

namespace planet::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenDraws{100};
constexpr std::size_t kShortDigest = 12;
constexpr std::size_t kMostBar = 50;

std::string bytes_text(double bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.4g%s", bytes, kUnits[unit]);
  return text;
}

std::string time_text(double seconds) {
  const long whole = std::lround(std::min(seconds, 359'999.0));
  if (whole < 60) return std::to_string(whole) + "s";
  if (whole < 3600) return std::to_string(whole / 60) + "m" + std::to_string(whole % 60) + "s";
  return std::to_string(whole / 3600) + "h" + std::to_string(whole % 3600 / 60) + "m";
}

winsize size_of(std::FILE* to) {
  const auto size = sys::window_size(BorrowedFd(::fileno(to)));
  return size && size->ws_col > 0
             ? *size
             : winsize{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
}

}  // namespace

Result<Form> form_of(const std::string& progress, bool quiet, std::FILE* to) {
  if (quiet || progress == "quiet") return Form::kQuiet;
  if (progress == "json" || progress == "rawjson") return Form::kJson;
  if (progress == "plain") return Form::kLines;
  if (progress == "tty") return Form::kBars;
  if (progress != "auto")
    return fail(Code::kInvalidArgument,
                "--progress " + quote(progress) + ": expected auto, plain, tty, json or quiet");
  return ::isatty(::fileno(to)) == 1 ? Form::kBars : Form::kLines;
}

void LayerTable::begin(const std::vector<image::PullLayer>& layers, const char* waiting) {
  const std::lock_guard lock(mutex_);
  rows_.clear();
  drawn_ = 0;
  for (const image::PullLayer& layer : layers)
    rows_.push_back({.id = layer.blob.hex().substr(0, kShortDigest),
                     .size = layer.size,
                     .bytes = 0,
                     .state = waiting});
  // Bars are drawn over one another, which needs all of them on the screen.
  if (form_ == Form::kBars && rows_.size() + 2 > size_of(to_).ws_row) form_ = Form::kLines;
  if (form_ == Form::kBars) return draw(true);
  for (Row& row : rows_) write_state(row);
}

void LayerTable::moved(std::size_t layer, std::uint64_t bytes, const char* doing) {
  const std::lock_guard lock(mutex_);
  Row& row = rows_[layer];
  const Clock::time_point now = Clock::now();
  if (!row.moves) row.begin = now;
  row.moves = true;
  row.state = doing;
  row.bytes = bytes;
  if (form_ == Form::kBars) draw(false);
  if (form_ == Form::kJson && now - row.shown >= kBetweenDraws) {
    row.shown = now;
    write_json(row);
  }
}

void LayerTable::end(std::size_t layer, const std::string& how) {
  const std::lock_guard lock(mutex_);
  rows_[layer].state = how;
  rows_[layer].ended = true;
  if (form_ == Form::kBars) return draw(true);
  write_state(rows_[layer]);
}

bool LayerTable::has_moved(std::size_t layer) {
  const std::lock_guard lock(mutex_);
  return rows_[layer].moves;
}

void LayerTable::say(const std::string& id, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (form_ == Form::kQuiet) return;
  if (form_ == Form::kJson) {
    Row row;
    row.id = id;
    row.state = text;
    row.ended = true;
    return write_json(row);
  }
  std::fprintf(to_, "%s%s%s\n", id.c_str(), id.empty() ? "" : ": ", text.c_str());
  std::fflush(to_);
}

void LayerTable::close() {
  const std::lock_guard lock(mutex_);
  if (form_ == Form::kBars && !rows_.empty()) draw(true);
  rows_.clear();
  drawn_ = 0;
}

void LayerTable::write_state(Row& row) {
  if (form_ == Form::kJson) return write_json(row);
  if (form_ != Form::kLines) return;
  std::fprintf(to_, "%s: %s\n", row.id.c_str(), row.state.c_str());
  std::fflush(to_);
}

// As docker's API sends it.
void LayerTable::write_json(const Row& row) const {
  oci::json::object object;
  object["status"] = row.state;
  if (!row.id.empty()) object["id"] = row.id;
  if (row.moves && !row.ended)
    object["progressDetail"] = {{"current", row.bytes}, {"total", row.size}};
  std::fprintf(to_, "%s\n", oci::to_text(object).c_str());
  std::fflush(to_);
}

std::string LayerTable::bar_of(const Row& row, std::size_t width) const {
  std::string text = row.id + ": " + row.state;
  if (!row.moves || row.ended) return text.substr(0, width);
  const double part =
      row.size == 0 ? 1 : static_cast<double>(row.bytes) / static_cast<double>(row.size);
  const double seconds = std::chrono::duration<double>(Clock::now() - row.begin).count();
  const double rate = seconds > 0 ? static_cast<double>(row.bytes) / seconds : 0;
  std::string numbers =
      bytes_text(static_cast<double>(row.bytes)) + "/" + bytes_text(static_cast<double>(row.size));
  if (rate > 0) {
    numbers += "  " + bytes_text(rate) + "/s";
    numbers += row.bytes < row.size
                   ? "  " + time_text(static_cast<double>(row.size - row.bytes) / rate)
                   : "";
  }
  const std::size_t used = text.size() + numbers.size() + 5;
  if (used + 10 < width) {
    const std::size_t bar = std::min(width - used, kMostBar);
    const auto done = std::min(bar, static_cast<std::size_t>(part * static_cast<double>(bar)));
    std::string drawn(done, '=');
    if (done < bar) drawn += '>';
    drawn.resize(bar, ' ');
    text += " [" + drawn + "]";
  }
  return (text + "  " + numbers).substr(0, width);
}

void LayerTable::draw(bool now) {
  if (!now && Clock::now() - last_ < kBetweenDraws) return;
  last_ = Clock::now();
  const std::size_t width = size_of(to_).ws_col - 1U;
  if (drawn_ > 0) std::fprintf(to_, "\033[%zuA", drawn_);
  for (const Row& row : rows_) std::fprintf(to_, "\r\033[K%s\n", bar_of(row, width).c_str());
  drawn_ = rows_.size();
  std::fflush(to_);
}

}  // namespace planet::cli
