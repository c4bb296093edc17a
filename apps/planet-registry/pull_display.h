// How a pull and a push are shown: bars on a terminal, lines elsewhere, or JSON for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "image/pull.h"

namespace planet::cli {

enum class Form : std::uint8_t { kQuiet, kLines, kBars, kJson };

// "auto", "plain", "tty", "json", "quiet" of --progress, for what is written to `to`. Errors: kInvalidArgument.
Result<Form> form_of(const std::string& progress, bool quiet, std::FILE* to);

// Layers on their way, each with a line. For any number of threads.
class LayerTable {
 public:
  LayerTable(Form form, std::FILE* to) : form_(form), to_(to) {}

  void begin(const std::vector<image::PullLayer>& layers, const char* waiting);
  void moved(std::size_t layer, std::uint64_t bytes, const char* doing);
  void end(std::size_t layer, const std::string& how);
  bool has_moved(std::size_t layer);
  // A line of its own.
  void say(const std::string& id, const std::string& text);
  // No bars any more: what is written next stands below them.
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  struct Row {
    std::string id;
    std::uint64_t size = 0, bytes = 0;
    std::string state;
    bool moves = false, ended = false;
    Clock::time_point begin, shown;
  };
  void write_state(Row& row);
  void write_json(const Row& row) const;
  std::string bar_of(const Row& row, std::size_t width) const;
  void draw(bool now);

  Form form_;
  std::FILE* to_;
  std::mutex mutex_;
  std::vector<Row> rows_;
  std::size_t drawn_ = 0;  // lines above the cursor
  Clock::time_point last_;
};

class PullDisplay : public image::PullWatcher {
 public:
  explicit PullDisplay(LayerTable& table) : table_(table) {}
  void waits() override {
    table_.say("", "Another pull of this image is under way; waiting for it");
  }
  void found(const std::vector<image::PullLayer>& layers) override {
    table_.begin(layers, "Pulling fs layer");
  }
  void received(std::size_t layer, std::uint64_t bytes) override {
    table_.moved(layer, bytes, "Downloading");
  }
  void complete(std::size_t layer) override {
    table_.end(layer, table_.has_moved(layer) ? "Pull complete" : "Already exists");
  }

 private:
  LayerTable& table_;
};

}  // namespace planet::cli
