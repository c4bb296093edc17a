#include "explain.h"

#include <cstdio>
#include <string>

#include "base/strings.h"
#include "cli.h"
#include "oci/json.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

constexpr double kNanosPerMilli = 1e6;

double millis(std::int64_t nanos) {
  return static_cast<double>(nanos) / kNanosPerMilli;
}

const char* name_of(runtime::Side side) {
  return side == runtime::Side::kParent ? "planet" : "inside";
}

}  // namespace

Explainer::Explainer(engine::Explain how)
    : json_(how == engine::Explain::kJson), colour_(use_colour(2)), begin_(sys::monotonic_ns()) {
  if (json_) return;
  std::fprintf(stderr,
               "Making a planet. Times in milliseconds: when it began, how long it took.\n\n");
}

void Explainer::text(const runtime::StepInfo& info, runtime::Side side, std::string_view detail,
                     std::int64_t begin_ns, std::int64_t end_ns) const {
  const char* bold = colour_ ? "\033[1m" : "";
  const char* dim = colour_ ? "\033[2m" : "";
  const char* plain = colour_ ? "\033[0m" : "";
  const std::string what = std::string(info.name) + (detail.empty() ? "" : " ") + printable(detail);
  std::fprintf(stderr, "%7.2f %6.3f  %-6s  %s%s%s\n", millis(begin_ns - begin_),
               millis(end_ns - begin_ns), name_of(side), bold, what.c_str(), plain);
  std::fprintf(stderr, "                         %s%s\n                         %s%s\n", dim,
               info.why, info.call, plain);
}

void Explainer::step(const runtime::StepInfo& info, runtime::Side side, std::string_view detail,
                     std::int64_t begin_ns, std::int64_t end_ns) {
  if (!json_) return text(info, side, detail, begin_ns, end_ns);
  const oci::json::object object = {
      {"step", info.name},
      {"detail", oci::json::string_view(detail.data(), detail.size())},
      {"side", name_of(side)},
      {"why", info.why},
      {"call", info.call},
      {"beginMs", millis(begin_ns - begin_)},
      {"ms", millis(end_ns - begin_ns)}};
  std::fprintf(stderr, "%s\n", oci::to_text(object).c_str());
}

void Explainer::total(std::string_view what) {
  const double ms = millis(sys::monotonic_ns() - begin_);
  if (json_) {
    const oci::json::object object = {{"total", oci::json::string_view(what.data(), what.size())},
                                      {"ms", ms}};
    std::fprintf(stderr, "%s\n", oci::to_text(object).c_str());
    return;
  }
  std::fprintf(stderr, "\n%7.2f ms  %s\n", ms, std::string(what).c_str());
}

}  // namespace planet::cli
