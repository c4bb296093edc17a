#include "engine/health.h"

#include <signal.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/strings.h"
#include "engine/events.h"
#include "engine/exec.h"
#include "oci/codec.h"
#include "sys/file.h"

template <>
struct planet::oci::EnumNames<planet::engine::Health> {
  static constexpr std::pair<std::string_view, engine::Health> kNames[] = {
      {"starting", engine::Health::kStarting},
      {"healthy", engine::Health::kHealthy},
      {"unhealthy", engine::Health::kUnhealthy}};
};

namespace planet::engine {

using oci::Is;

void describe(auto& v, Is<Probe> auto& probe) {
  v.always("Start", probe.start);
  v.always("End", probe.end);
  v.always("ExitCode", probe.exit_code);
  v.always("Output", probe.output);
}

void describe(auto& v, Is<HealthState> auto& state) {
  v.always("Status", state.status);
  v.always("FailingStreak", state.failing);
  v.always("Log", state.log);
}

namespace {

constexpr std::size_t kMostOutput = 4096;
constexpr std::size_t kMostState = 1U << 20;
constexpr std::int64_t kNsPerMs = 1'000'000;

std::string health_file(const std::string& id) {
  return "keepers/" + id + ".health";
}

// docker's form as an argument vector.
std::vector<std::string> command_of(const HealthCheck& check) {
  std::vector<std::string> words(check.test.begin() + 1, check.test.end());
  if (check.test.front() == "CMD-SHELL") words.insert(words.begin(), {"/bin/sh", "-c"});
  return words;
}

}  // namespace

const char* health_name(Health health) {
  return oci::enum_name(health).data();
}

Result<HealthCheck> plan_health(const HealthWish& wish, const oci::ImageHealth& image) {
  // An image may not make its host busy: that is for whoever starts it to say.
  static constexpr std::int64_t kLeastMs = 1000;
  constexpr std::int64_t kMostRetries = 1'000'000;
  HealthCheck check;
  check.action = wish.action;
  if (wish.none) return check;
  const bool own = !wish.test.empty();
  check.test = own ? wish.test : image.test;
  if (check.test.empty() || check.test.front() == "NONE") {
    check.test.clear();
    return check;
  }
  const bool known =
      check.test.size() > 1 && (check.test.front() == "CMD" || check.test.front() == "CMD-SHELL");
  if (!known)
    return fail(Code::kInvalidArgument,
                "the image has a health check of an unknown form, which begins with " +
                    quote(check.test.front()) + "; use --no-healthcheck or --health-cmd");
  const auto of_image = [](std::int64_t ns, std::int64_t otherwise) {
    return ns <= 0 ? otherwise : std::max(ns / kNsPerMs, kLeastMs);
  };
  check.interval_ms = wish.interval_ms.value_or(of_image(image.interval, check.interval_ms));
  check.timeout_ms = wish.timeout_ms.value_or(of_image(image.timeout, check.timeout_ms));
  check.start_ms = wish.start_ms.value_or(of_image(image.start_period, check.start_ms));
  const bool counts = image.retries > 0 && image.retries <= kMostRetries;
  check.retries = wish.retries.value_or(counts ? static_cast<int>(image.retries) : check.retries);
  return check;
}

bool note_probe(HealthState& state, const HealthCheck& check, Probe probe, bool in_start_period) {
  constexpr std::size_t kKept = 5;
  const bool good = probe.exit_code == 0;
  state.log.push_back(std::move(probe));
  if (state.log.size() > kKept) state.log.erase(state.log.begin());
  if (good) {
    state.failing = 0;
    state.status = Health::kHealthy;
    return false;
  }
  if (in_start_period && state.status == Health::kStarting) return false;
  ++state.failing;
  if (state.failing < check.retries || state.status == Health::kUnhealthy) return false;
  state.status = Health::kUnhealthy;
  return true;
}

std::optional<HealthState> read_health(const Places& places, const std::string& id) {
  const auto text = sys::read_file_at(places.run_dir.borrow(), health_file(id).c_str(), kMostState);
  if (!text) return std::nullopt;
  const auto value = oci::parse_json(*text, kMostState, oci::Strings::kAnyBytes);
  HealthState state;
  if (!value || !oci::Reader::read(*value, oci::Path(""), state)) return std::nullopt;
  return state;
}

oci::json::value health_json(const HealthState& state) {
  return oci::Writer::write(state);
}

void drop_health(const Places& places, const std::string& id) {
  (void)sys::unlink_at(places.run_dir.borrow(), health_file(id).c_str());
}

void HealthMonitor::begin() {
  running_ = true;
  paused_ = false;
  state_ = HealthState{};
  began_ = sys::monotonic_ns();
  next_ = began_ + check_.interval_ms * kNsPerMs;
  end_probe(0, "");  // nothing is noted: no probe runs
}

void HealthMonitor::end() {
  running_ = false;
  reminder_ = nullptr;
  child_ = sys::Child();
  output_.reset();
  drop_health(engine_.places, record_.id);
}

void HealthMonitor::watch(std::vector<pollfd>& set) const {
  const bool probing = child_.valid();
  set.push_back(probing ? pollfd{.fd = child_.pidfd().get(), .events = POLLIN, .revents = 0}
                        : kNothing);
  set.push_back(probing && output_.valid()
                    ? pollfd{.fd = output_.borrow().get(), .events = POLLIN, .revents = 0}
                    : kNothing);
}

int HealthMonitor::patience() const {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  if (!running_) return -1;
  const std::int64_t probe = child_.valid() ? deadline_ : paused_ ? kNever : next_;
  const std::int64_t until = std::min(probe, reminder_ ? remind_at_ : kNever);
  if (until == kNever) return -1;
  const std::int64_t left = until - sys::monotonic_ns();
  return left <= 0 ? 0
                   : static_cast<int>(std::min<std::int64_t>(left / kNsPerMs, 1'000'000'000)) + 1;
}

void HealthMonitor::remind(std::int64_t milliseconds, std::function<void()> what) {
  remind_at_ = sys::monotonic_ns() + milliseconds * kNsPerMs;
  reminder_ = std::move(what);
}

void HealthMonitor::serve(std::span<const pollfd> waited) {
  if (!running_) return;
  const std::int64_t now = sys::monotonic_ns();
  if (reminder_ && now >= remind_at_) std::exchange(reminder_, nullptr)();
  if (!child_.valid()) {
    if (now >= next_ && !paused_) start_probe();
    return;
  }
  if (waited[1].revents != 0) read_output();
  if (waited[0].revents != 0) {
    read_output();
    const auto ended = child_.wait();
    end_probe(ended ? ended->shell_status() : 1, std::string(probe_.output));
  } else if (now >= deadline_) {
    child_ = sys::Child();  // killed and reaped, and with it what it has put into the container
    end_probe(-1, "Health check exceeded timeout (" + std::to_string(check_.timeout_ms) + "ms)");
  }
}

void HealthMonitor::be_probe(const UniqueFd& out) const {
  (void)sys::set_parent_death_signal(SIGKILL);
  const auto status = [&]() -> Result<int> {
    TRY_SET(const UniqueFd null, sys::open_at(sys::kCwd, "/dev/null", O_RDONLY));
    TRY(sys::place_fd(null.borrow(), 0));
    TRY(sys::place_fd(out.borrow(), 1));
    TRY(sys::place_fd(out.borrow(), 2));
    TRY_SET(const Container container, look_at(engine_.places, record_.id));
    ExecOptions options;
    options.command = command_of(check_);
    return exec(engine_, container, options);
  }();
  if (!status) (void)sys::write_all(out.borrow(), status.error().to_string());
  sys::exit_now(status ? *status : exit_status(status.error(), 125));
}

void HealthMonitor::start_probe() {
  probe_ = Probe{.start = sys::now_text(), .end = {}, .exit_code = 0, .output = {}};
  auto pipe = sys::make_pipe();
  auto child = pipe ? sys::clone_process({}) : Result<sys::Child>(std::unexpected(pipe.error()));
  if (!child) return end_probe(1, child.error().to_string());
  if (!child->valid()) be_probe(pipe->write);
  child_ = *std::move(child);
  output_ = std::move(pipe->read);
  deadline_ = sys::monotonic_ns() + check_.timeout_ms * kNsPerMs;
}

// What is there: poll(2) has said that something is, or that it is over.
void HealthMonitor::read_output() {
  std::string buffer(kMostOutput, '\0');
  while (output_.valid()) {
    pollfd query{.fd = output_.borrow().get(), .events = POLLIN, .revents = 0};
    const auto ready = sys::wait_ready(std::span(&query, 1), 0);
    if (!ready || *ready == 0) return;
    const auto n = sys::read_some(output_.borrow(), buffer);
    if (!n || *n == 0) {
      output_.reset();
      return;
    }
    probe_.output.append(buffer, 0, std::min(*n, kMostOutput - probe_.output.size()));
  }
}

void HealthMonitor::end_probe(int exit_code, const std::string& output) {
  const bool probed = !probe_.start.empty();
  output_.reset();
  bool unhealthy = false;
  const Health before = state_.status;
  if (probed) {
    probe_.end = sys::now_text();
    probe_.exit_code = exit_code;
    probe_.output = output.substr(0, kMostOutput);
    const std::int64_t now = sys::monotonic_ns();
    unhealthy = note_probe(state_, check_, std::exchange(probe_, Probe{}),
                           now < began_ + check_.start_ms * kNsPerMs);
    next_ = now + check_.interval_ms * kNsPerMs;
  }
  (void)sys::replace_file_at(engine_.places.run_dir.borrow(), health_file(record_.id).c_str(),
                             oci::to_text(oci::Writer::write(state_)), 0600);
  if (probed && state_.status != before)
    note_event(engine_.places, container_event(record_, std::string("health_status: ") +
                                                            health_name(state_.status)));
  if (unhealthy) on_unhealthy_();
}

}  // namespace planet::engine
