// A template as a tree: what it says, without what it means for any data.
//
// Source: the documentation of Go's text/template, "Actions", "Arguments", "Pipelines".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/json.h"

namespace planet::format {

struct Pipeline;

// One word of a command: `.`, `$x`, "text", json, (...); and the fields behind it.
struct Operand {
  enum class Kind : std::uint8_t { kDot, kVariable, kLiteral, kFunction, kNested };
  Kind kind = Kind::kDot;
  std::string name;  // of a variable or function
  oci::json::value literal;
  std::shared_ptr<Pipeline> nested;
  std::vector<std::string> fields;
};

struct Command {
  std::vector<Operand> words;
};

// `$x := first | second`: each command gets the value of the one before as its last argument.
struct Pipeline {
  std::vector<std::string> variables;
  bool declares = false;  // := rather than =
  std::vector<Command> commands;
};

struct Node {
  enum class Kind : std::uint8_t { kText, kOutput, kIf, kRange, kWith };
  Kind kind = Kind::kText;
  std::string text;
  Pipeline pipeline;
  std::vector<Node> body, otherwise;
};

// Errors: kInvalidArgument - it is not a template, uses what is not known here, nests deeper than 64, or has more
// than 64 KiB.
Result<std::vector<Node>> parse_template(std::string_view text);

}  // namespace planet::format
