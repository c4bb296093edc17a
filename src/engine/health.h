// Health: a command that is executed in the container again and again, and what its answers say.
//
// Source: docker-run(1), --health-*; Dockerfile reference, HEALTHCHECK.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/attendant.h"
#include "engine/request.h"
#include "engine/run.h"
#include "oci/image.h"
#include "oci/json.h"
#include "sys/pipe.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace planet::engine {

enum class Health : std::uint8_t { kStarting, kHealthy, kUnhealthy };
const char* health_name(Health health);  // "starting"

struct Probe {
  std::string start, end;  // RFC 3339
  int exit_code = 0;       // -1: it took too long
  std::string output;      // 4096 bytes at most
};

struct HealthState {
  Health status = Health::kStarting;
  int failing = 0;         // so many failures, one after the other
  std::vector<Probe> log;  // the last five, oldest first
};

// The check of a container: what was wished, over what the image says, over the defaults. Pure.
// Errors: kInvalidArgument - the image has one of a form that nobody knows.
Result<HealthCheck> plan_health(const HealthWish& wish, const oci::ImageHealth& image);

// Takes one answer in; true if it has made the container unhealthy. In its start period a failure does not count.
// Pure.
bool note_probe(HealthState& state, const HealthCheck& check, Probe probe, bool in_start_period);

std::optional<HealthState> read_health(const Places& places, const std::string& id);
oci::json::value health_json(const HealthState& state);  // as inspect shows it
void drop_health(const Places& places, const std::string& id);

// The keeper's part: it starts the command when its time has come, in a process of its own that dies with the keeper,
// and never waits for it: one that takes too long is killed.
class HealthMonitor : public Attendant {
 public:
  // `record` outlives it.
  HealthMonitor(const Engine& engine, const Record& record, std::function<void()> on_unhealthy)
      : engine_(engine),
        record_(record),
        check_(record.health),
        on_unhealthy_(std::move(on_unhealthy)) {}

  void begin();  // a run of the container begins
  void end();
  void hold(bool paused) { paused_ = paused; }  // nothing can be executed in what is frozen

  // Calls `what`, once, in so many milliseconds, unless the run has ended by then.
  void remind(std::int64_t milliseconds, std::function<void()> what);

  void watch(std::vector<pollfd>& set) const override;
  void serve(std::span<const pollfd> waited) override;
  int patience() const override;

 private:
  void start_probe();
  void read_output();
  void end_probe(int exit_code, const std::string& output);
  [[noreturn]] void be_probe(const UniqueFd& out) const;

  const Engine& engine_;
  const Record& record_;
  HealthCheck check_;
  std::function<void()> on_unhealthy_;
  HealthState state_;
  bool running_ = false, paused_ = false;
  std::int64_t began_ = 0, next_ = 0, deadline_ = 0;  // CLOCK_MONOTONIC, ns
  std::int64_t remind_at_ = 0;
  std::function<void()> reminder_;
  sys::Child child_;
  UniqueFd output_;
  Probe probe_;
};

}  // namespace planet::engine
