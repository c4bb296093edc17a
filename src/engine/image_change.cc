#include "engine/image_change.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "format/moment.h"
#include "sys/signals.h"

namespace planet::engine {
namespace {

namespace json = oci::json;
using Words = std::vector<std::string>;

constexpr std::size_t kMostLine = 64U << 10;

std::unexpected<Error> bad(std::string_view line, const std::string& expected) {
  return fail(Code::kInvalidArgument, "--change " + quote(line.substr(0, 300)) + ": " + expected);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Words between blanks. Quotes keep blanks together, and a backslash takes what follows as it is (between single quotes it
// is itself).
std::optional<Words> split_words(std::string_view text) {
  Words words;
  char quoted = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted == 0 && is_blank(c)) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (c == quoted)
      quoted = 0;
    else if (quoted == 0 && (c == '"' || c == '\''))
      quoted = c;
    else if (c == '\\' && quoted != '\'' && i + 1 < text.size())
      words.back() += text[++i];
    else
      words.back() += c;
  }
  if (quoted != 0) return std::nullopt;
  return words;
}

// ["a", "b"], if the text is one.
std::optional<json::array> as_list(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const auto value = oci::parse_json(text, kMostLine);
  if (!value || !value->is_array()) return std::nullopt;
  for (const json::value& element : value->get_array())
    if (!element.is_string() || oci::view(element.get_string()).contains('\0')) return std::nullopt;
  return value->get_array();
}

// A list is executed as it is; anything else by the shell.
json::array as_command(std::string_view text) {
  if (auto list = as_list(text)) return *std::move(list);
  return {"/bin/sh", "-c", json::string(text)};
}

json::object& object_of(json::object& config, const char* name) {
  json::value& value = config[name];
  if (!value.is_object()) value = json::object();
  return value.get_object();
}

json::array& array_of(json::object& config, const char* name) {
  json::value& value = config[name];
  if (!value.is_array()) value = json::array();
  return value.get_array();
}

struct Pair {
  std::string name, value;
};

// A=b c="d e", or, as once, one pair without '=': A b c.
Result<std::vector<Pair>> pairs_of(std::string_view line, std::string_view text) {
  const auto words = split_words(text);
  if (!words) return bad(line, "a quote is not closed");
  if (words->empty()) return bad(line, "expected NAME=VALUE");
  std::vector<Pair> pairs;
  if (!words->front().contains('=')) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    if (words->size() < 2) return bad(line, "expected NAME=VALUE");
    pairs.push_back({.name = words->front(), .value = std::string(trim(text.substr(end)))});
    return pairs;
  }
  for (const std::string& word : *words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return bad(line, "expected NAME=VALUE");
    pairs.push_back({.name = word.substr(0, equals), .value = word.substr(equals + 1)});
  }
  return pairs;
}

void set_variable(json::array& env, const Pair& pair) {
  std::string entry = pair.name;
  entry += '=';
  const std::size_t begin = entry.size();
  entry += pair.value;
  for (json::value& old : env) {
    const json::string* text = old.if_string();
    if (text == nullptr || !oci::view(*text).starts_with(entry.substr(0, begin))) continue;
    old = entry;
    return;
  }
  env.emplace_back(entry);
}

Result<> change_env(std::string_view line, std::string_view text, json::object& config) {
  TRY_SET(const std::vector<Pair> pairs, pairs_of(line, text));
  json::array& env = array_of(config, "Env");
  for (const Pair& pair : pairs) set_variable(env, pair);
  return {};
}

Result<> change_labels(std::string_view line, std::string_view text, json::object& config) {
  TRY_SET(const std::vector<Pair> pairs, pairs_of(line, text));
  for (const Pair& pair : pairs) object_of(config, "Labels")[pair.name] = pair.value;
  return {};
}

// "80", "80/udp", "8000-8010/tcp".
Result<> expose_one(std::string_view line, std::string_view word, json::object& ports) {
  constexpr int kMostPort = 65535;
  const std::size_t slash = word.find('/');
  const std::string protocol(slash == std::string_view::npos ? "tcp" : word.substr(slash + 1));
  const std::string_view range = word.substr(0, slash);
  const std::size_t dash = range.find('-');
  const auto first = parse_number<int>(range.substr(0, dash), "");
  const auto last =
      dash == std::string_view::npos ? first : parse_number<int>(range.substr(dash + 1), "");
  const bool known = protocol == "tcp" || protocol == "udp" || protocol == "sctp";
  if (!first || !last || *first < 1 || *last > kMostPort || *first > *last || !known)
    return bad(line, quote(word) + " is no port such as 80, 53/udp or 8000-8010");
  for (int port = *first; port <= *last; ++port)
    ports[std::to_string(port) + "/" + protocol] = json::object();
  return {};
}

Result<> change_ports(std::string_view line, std::string_view text, json::object& config) {
  const auto words = split_words(text);
  if (!words || words->empty()) return bad(line, "expected ports");
  for (const std::string& word : *words)
    TRY(expose_one(line, word, object_of(config, "ExposedPorts")));
  return {};
}

Result<> change_volumes(std::string_view line, std::string_view text, json::object& config) {
  Words places;
  if (const auto list = as_list(text)) {
    for (const json::value& place : *list) places.emplace_back(oci::view(place.get_string()));
  } else if (const auto words = split_words(text)) {
    places = *words;
  }
  if (places.empty()) return bad(line, "expected paths");
  for (const std::string& place : places) {
    if (trim(place).empty()) return bad(line, "a path is empty");
    object_of(config, "Volumes")[place] = json::object();
  }
  return {};
}

Result<> change_work_dir(std::string_view /*line*/, std::string_view text, json::object& config) {
  std::string path(text);
  const json::value* old = config.if_contains("WorkingDir");
  const std::string_view before =
      old != nullptr && old->is_string() ? oci::view(old->get_string()) : std::string_view();
  if (!text.starts_with('/'))
    path = std::string(before.empty() ? "/" : before) + (before.ends_with('/') ? "" : "/") + path;
  if (!path.starts_with('/')) path.insert(0, "/");
  config["WorkingDir"] = path;
  return {};
}

Result<> change_health_option(std::string_view line, std::string_view word, json::object& check) {
  struct Duration {
    std::string_view flag;
    const char* field;
  };
  constexpr Duration kDurations[] = {{"--interval=", "Interval"},
                                     {"--timeout=", "Timeout"},
                                     {"--start-period=", "StartPeriod"},
                                     {"--start-interval=", "StartInterval"}};
  for (const Duration& duration : kDurations) {
    if (!word.starts_with(duration.flag)) continue;
    const auto value = format::parse_duration(word.substr(duration.flag.size()));
    constexpr std::int64_t kLeast = 1'000'000;  // docker's: a millisecond
    if (!value || *value < kLeast) return bad(line, quote(word) + ": expected a time such as 30s");
    check[duration.field] = *value;
    return {};
  }
  constexpr std::string_view kRetries = "--retries=";
  if (!word.starts_with(kRetries)) return bad(line, "unknown option " + quote(word));
  const auto retries = parse_number<int>(word.substr(kRetries.size()), "");
  if (!retries || *retries < 1) return bad(line, "--retries is a number of times");
  check["Retries"] = *retries;
  return {};
}

// [--interval=30s ...] CMD words, or NONE.
Result<> change_health(std::string_view line, std::string_view text, json::object& config) {
  json::object check;
  while (text.starts_with("--")) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    TRY(change_health_option(line, text.substr(0, end), check));
    text = trim(text.substr(end));
  }
  if (text == "NONE" && check.empty()) {
    check["Test"] = json::array{"NONE"};
  } else if (text.starts_with("CMD") && text.size() > 4 && is_blank(text[3])) {
    const std::string_view command = trim(text.substr(3));
    json::array test;
    if (auto list = as_list(command)) {
      test = *std::move(list);
      test.insert(test.begin(), "CMD");
    } else {
      test = {"CMD-SHELL", json::string(command)};
    }
    check["Test"] = std::move(test);
  } else {
    return bad(line, "expected [--interval=TIME ...] CMD COMMAND, or NONE");
  }
  config["Healthcheck"] = std::move(check);
  return {};
}

Result<> change_stop_signal(std::string_view line, std::string_view text, json::object& config) {
  if (sys::signal_number(std::string(text)) == 0) return bad(line, "no such signal");
  config["StopSignal"] = text;
  return {};
}

// A new entrypoint makes the old command meaningless, unless the command was changed, too: docker's rule for builds is
// kept out of here, as docker's commit does.
Result<> change_command(std::string_view /*line*/, std::string_view text, json::object& config) {
  config["Cmd"] = as_command(text);
  return {};
}
Result<> change_entrypoint(std::string_view /*line*/, std::string_view text, json::object& config) {
  config["Entrypoint"] = as_command(text);
  return {};
}
Result<> change_user(std::string_view line, std::string_view text, json::object& config) {
  if (text.find_first_of(" \t") != std::string_view::npos) return bad(line, "expected one word");
  config["User"] = text;
  return {};
}
Result<> change_onbuild(std::string_view /*line*/, std::string_view text, json::object& config) {
  array_of(config, "OnBuild").emplace_back(text);
  return {};
}

struct Instruction {
  std::string_view name;
  Result<> (*apply)(std::string_view line, std::string_view text, json::object& config);
};
constexpr Instruction kInstructions[] = {
    {"CMD", change_command},     {"ENTRYPOINT", change_entrypoint},  {"ENV", change_env},
    {"EXPOSE", change_ports},    {"HEALTHCHECK", change_health},     {"LABEL", change_labels},
    {"ONBUILD", change_onbuild}, {"STOPSIGNAL", change_stop_signal}, {"USER", change_user},
    {"VOLUME", change_volumes},  {"WORKDIR", change_work_dir}};

}  // namespace

Result<> apply_change(std::string_view line, json::object& config) {
  const std::string_view text = trim(line);
  if (line.size() > kMostLine || line.find_first_of(std::string_view("\0\n", 2)) != line.npos)
    return bad(line, "expected one line");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return bad(line, "it is not UTF-8");
    at += length;
  }
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  std::string name(text.substr(0, end));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto instruction = std::ranges::find(kInstructions, name, &Instruction::name);
  if (instruction == std::end(kInstructions))
    return bad(line, printable(name) + " is not a valid change command");
  const std::string_view rest = trim(text.substr(end));
  if (rest.empty()) return bad(line, name + " needs an argument");
  return instruction->apply(line, rest, config);
}

}  // namespace planet::engine
