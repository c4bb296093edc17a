// Templates as docker's --format takes them: the subset of Go's text/template that people use, over JSON.
//
//   {{.State.Running}}  {{index .Config.Labels "a.b"}}  {{range $k, $v := .X}}..{{end}}  {{json .Mounts | upper}}
//
// The text comes from the user, what it is filled with does not: strings may be hostile.
//
// Source: the documentation of Go's text/template; docker's "Format command and log output".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/json.h"

namespace planet::format {

struct Node;

// What becomes of control characters in the values (the template's own text stays as it is).
enum class Escape : std::uint8_t {
  kNone,   // a program reads it
  kLines,  // for a terminal: all but line ends and tabs as \xNN
  kAll,    // for a cell of a table
};

class Template {
 public:
  // Errors: kInvalidArgument, in one sentence.
  static Result<Template> parse(std::string_view text);

  // Errors: kInvalidArgument - a field that is not there (naming those that are), a function that does not take
  // what it is given, more than 32 MiB of text or a million steps.
  Result<std::string> render(const oci::json::value& data, Escape escape = Escape::kNone) const;

  // The same over a table's titles: functions that work on one value give it back as it is.
  Result<std::string> render_titles(const oci::json::value& titles) const;

 private:
  explicit Template(std::shared_ptr<const std::vector<Node>> nodes) : nodes_(std::move(nodes)) {}

  std::shared_ptr<const std::vector<Node>> nodes_;
};

}  // namespace planet::format
