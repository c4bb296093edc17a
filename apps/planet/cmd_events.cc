// planet events: what happens to containers, images, networks and volumes.
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/events.h"
#include "format/listing.h"
#include "format/moment.h"
#include "format/template.h"

namespace planet::cli {
namespace {

// docker's line: the moment, what, which, and its attributes by name.
std::string line_of(const engine::Event& event) {
  std::string attributes;
  for (const auto& [key, value] : event.attributes)
    attributes.append(attributes.empty() ? "" : ", ").append(key).append("=").append(value);
  std::string line = format::shown_rfc3339(event.time) + " " +
                     printable(event.type + " " + event.action + " " + event.id);
  if (!attributes.empty()) line += " (" + printable(attributes) + ")";
  return line;
}

// What a template sees: docker's names of Go, where JSON has others.
oci::json::object fields_of(const engine::Event& event) {
  oci::json::object object = engine::event_json(event);
  const auto text_or_empty = [&](const char* key) {
    const auto* value = object.if_contains(key);
    return value == nullptr ? oci::json::value("") : *value;
  };
  return {{"Status", text_or_empty("status")}, {"ID", text_or_empty("id")},
          {"From", text_or_empty("from")},     {"Type", object["Type"]},
          {"Action", object["Action"]},        {"Actor", object["Actor"]},
          {"Scope", object["scope"]},          {"Time", object["time"]},
          {"TimeNano", object["timeNano"]}};
}

// How each event is printed.
class EventPrinter {
 public:
  static Result<EventPrinter> plan(const std::string& format) {
    EventPrinter printer;
    printer.json_ = format == "json" || format == "{{json .}}";
    if (format.empty() || printer.json_) return printer;
    TRY_SET(printer.template_, format::Template::parse(format));
    return printer;
  }

  Result<> print(const engine::Event& event) const {
    std::string line;
    if (json_) {
      line = format::json_line(engine::event_json(event));
    } else if (template_) {
      const auto escape = ::isatty(1) == 1 ? format::Escape::kLines : format::Escape::kNone;
      TRY_SET(line, template_->render(fields_of(event), escape));
    } else {
      line = line_of(event);
    }
    std::puts(line.c_str());
    std::fflush(stdout);  // somebody waits for it
    return {};
  }

 private:
  std::optional<format::Template> template_;
  bool json_ = false;
};

struct EventWords {
  std::string since, until, format;
  std::vector<std::string> filters;
};

Result<> show_events(const Global& global, const EventWords& words) {
  engine::EventQuery query;
  if (!words.since.empty()) {
    TRY_SET(query.since, format::parse_moment(words.since, format::now()), "--since");
  }
  if (!words.until.empty()) {
    TRY_SET(query.until, format::parse_moment(words.until, format::now()), "--until");
  }
  TRY_SET(query.filters, engine::parse_event_filters(words.filters));
  TRY_SET(const EventPrinter printer, EventPrinter::plan(words.format));
  TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
  return engine::watch_events(places, query,
                              [&](const engine::Event& event) { return printer.print(event); });
}

}  // namespace

int events_command(const Global& global, const std::vector<std::string>& args) {
  EventWords words;
  CLI::App app("Shows what happens to containers, images, networks and volumes, as it happens.",
               "planet events");
  app.add_option("--since", words.since, "what happened since, too: 10m, 2026-01-02T03:04:05Z");
  app.add_option("--until", words.until, "only until then, and no longer");
  add_list(app, "-f,--filter", words.filters,
           "container=, event=, image=, label=, network=, type=, volume=");
  app.add_option("--format", words.format, "json, or a template");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const Result<> shown = show_events(global, words);
  return shown ? 0 : complain(shown.error());
}

}  // namespace planet::cli
