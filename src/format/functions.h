// The functions of templates: Go's own that are used with docker, and those that docker adds.
//
// Source: the documentation of Go's text/template, "Functions"; docker's "Format command and log output".
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/value.h"

namespace planet::format {

bool is_function(std::string_view name);

// Those whose later arguments do not count once one has decided: `and`, `or`.
bool is_lazy(std::string_view name);

// `name` is a function. Errors: kInvalidArgument - it does not take these arguments.
Result<Value> call(std::string_view name, const std::vector<Value>& args, Budget& budget);

// Go's fmt.Sprintf with the verbs v s q d x X o b c t f g e and %, with flags, width and precision.
// Errors: kInvalidArgument - another verb, or too few arguments for the text; kInvalidArgument of the budget.
Result<std::string> print_formatted(std::string_view format, const std::vector<Value>& args,
                                    Budget& budget);

}  // namespace planet::format
