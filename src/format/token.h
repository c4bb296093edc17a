// A template cut into text and actions, and each action into words.
//
// Source: the documentation of Go's text/template, whose language docker's --format speaks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/json.h"

namespace planet::format {

struct Token {
  enum class Kind : std::uint8_t {
    kName,      // range, json
    kField,     // ".Names": text is "Names"
    kDot,       // "."
    kVariable,  // "$" or "$x", with the dollar
    kLiteral,   // a string or a number, in `literal`
    kSign,      // one of ( ) | , = :=
  };
  Kind kind{};
  std::string text;
  oci::json::value literal;
  bool joined = false;  // no blank in front of it: ".A.B" is one operand, ".A .B" are two

  bool is(Kind what, std::string_view word) const { return kind == what && text == word; }
};

struct Piece {
  bool action = false;
  std::string text;  // as it is printed, or as it was written
  std::vector<Token> tokens;
};

// Comments are gone, and so are the blanks that "{{-" and "-}}" take away.
// Errors: kInvalidArgument - an action or a string without an end, or a character that begins nothing.
Result<std::vector<Piece>> cut_template(std::string_view text);

}  // namespace planet::format
