#include "format/functions.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/strings.h"

namespace planet::format {
namespace {

namespace json = oci::json;
using Args = std::vector<Value>;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalidArgument, std::move(what));
}

Result<std::string_view> text_arg(const Args& args, std::size_t at, std::string_view function) {
  const json::string* text = args[at]->if_string();
  if (text == nullptr)
    return bad(std::string(function) + " in the format wants text, and is given " +
               quote(value_text(*args[at]).substr(0, 100)));
  return as_view(*text);
}

Result<std::int64_t> number_arg(const Args& args, std::size_t at, std::string_view function) {
  const std::int64_t* number = args[at]->if_int64();
  if (number == nullptr) return bad(std::string(function) + " in the format wants a whole number");
  return *number;
}

// What print and println make: blanks between two of which neither is text.
std::string printed(const Args& args, bool line) {
  std::string out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool texts = i > 0 && (args[i]->is_string() || args[i - 1]->is_string());
    if (i > 0 && (line || !texts)) out += ' ';
    out += value_text(*args[i]);
  }
  return line ? out + '\n' : out;
}

Result<Value> do_json(const Args& args) {
  return own_text(oci::to_text(*args[0]));
}

Result<Value> do_len(const Args& args) {
  const json::value& value = *args[0];
  if (value.is_string()) return own(value.get_string().size());
  if (value.is_array()) return own(value.get_array().size());
  if (value.is_object()) return own(value.get_object().size());
  if (value.is_null()) return own(0);
  return bad("len in the format is given what has no length");
}

Result<Value> do_join(const Args& args) {
  TRY_SET(const std::string_view separator, text_arg(args, 1, "join"));
  const json::array* list = args[0]->if_array();
  if (args[0]->is_null()) return own_text("");
  if (list == nullptr) return bad("join in the format wants a list");
  std::string out;
  for (const json::value& element : *list) {
    if (&element != &list->front()) out += separator;
    out += value_text(element);
  }
  return own_text(out);
}

Result<Value> do_split(const Args& args) {
  constexpr std::size_t kMost = 65536;
  TRY_SET(const std::string_view text, text_arg(args, 0, "split"));
  TRY_SET(const std::string_view separator, text_arg(args, 1, "split"));
  json::array parts;
  std::string_view rest = text;
  while (true) {
    const std::size_t at = separator.empty() ? std::string_view::npos : rest.find(separator);
    const std::string_view part = rest.substr(0, at);
    parts.emplace_back(json::string_view(part.data(), part.size()));
    if (at == std::string_view::npos) return own(std::move(parts));
    if (parts.size() == kMost) return bad("split in the format makes more than 65536 parts");
    rest.remove_prefix(at + separator.size());
  }
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

Result<Value> do_lower(const Args& args) {
  TRY_SET(const std::string_view text, text_arg(args, 0, "lower"));
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return own_text(out);
}
Result<Value> do_upper(const Args& args) {
  TRY_SET(const std::string_view text, text_arg(args, 0, "upper"));
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_upper);
  return own_text(out);
}
Result<Value> do_title(const Args& args) {
  TRY_SET(const std::string_view text, text_arg(args, 0, "title"));
  std::string out(text);
  bool first = true;
  for (char& c : out) {
    if (first) c = to_upper(c);
    first = c == ' ' || c == '\t' || c == '\n';
  }
  return own_text(out);
}

Result<Value> do_pad(const Args& args) {
  constexpr std::int64_t kMost = 1000;
  TRY_SET(const std::string_view text, text_arg(args, 0, "pad"));
  TRY_SET(const std::int64_t before, number_arg(args, 1, "pad"));
  TRY_SET(const std::int64_t after, number_arg(args, 2, "pad"));
  if (text.empty()) return own_text("");
  if (before < 0 || after < 0 || before > kMost || after > kMost)
    return bad("pad in the format wants 0 to 1000 blanks");
  return own_text(std::string(static_cast<std::size_t>(before), ' ') + std::string(text) +
                  std::string(static_cast<std::size_t>(after), ' '));
}

Result<Value> do_truncate(const Args& args) {
  TRY_SET(const std::string_view text, text_arg(args, 0, "truncate"));
  TRY_SET(const std::int64_t most, number_arg(args, 1, "truncate"));
  if (most < 0) return bad("truncate in the format wants a length from 0 on");
  return own_text(text.substr(0, static_cast<std::size_t>(most)));
}

Result<Value> do_index(const Args& args) {
  Value value = args[0];
  for (std::size_t i = 1; i < args.size(); ++i) {
    TRY_SET(value, index_of(value, *args[i]));
  }
  return value;
}

Result<Value> do_slice(const Args& args) {
  const json::value& value = *args[0];
  if (!value.is_string() && !value.is_array())
    return bad("slice in the format wants a list or text");
  const std::size_t size = value.is_string() ? value.get_string().size() : value.get_array().size();
  std::size_t bounds[2] = {0, size};
  for (std::size_t i = 1; i < args.size(); ++i) {
    TRY_SET(const std::int64_t bound, number_arg(args, i, "slice"));
    if (bound < 0 || std::cmp_greater(bound, size) || std::cmp_less(bound, i == 2 ? bounds[0] : 0))
      return bad("slice in the format goes to " + std::to_string(bound) + " of " +
                 std::to_string(size));
    bounds[i - 1] = static_cast<std::size_t>(bound);
  }
  if (const json::string* text = value.if_string())
    return own_text(as_view(*text).substr(bounds[0], bounds[1] - bounds[0]));
  json::array part;
  for (std::size_t i = bounds[0]; i < bounds[1]; ++i) part.push_back(value.get_array()[i]);
  return own(std::move(part));
}

Result<Value> do_not(const Args& args) {
  return own(!is_true(*args[0]));
}
Result<Value> do_and(const Args& args) {
  const auto decides = std::ranges::find_if(args, [](const Value& v) { return !is_true(*v); });
  return decides == args.end() ? args.back() : *decides;
}
Result<Value> do_or(const Args& args) {
  const auto decides = std::ranges::find_if(args, [](const Value& v) { return is_true(*v); });
  return decides == args.end() ? args.back() : *decides;
}

// Equal to one of the others.
Result<Value> do_eq(const Args& args) {
  for (std::size_t i = 1; i < args.size(); ++i) {
    TRY_SET(const int order, compare(*args[0], *args[i]));
    if (order == 0) return own(true);
  }
  return own(false);
}

template <class Test>
Result<Value> compared(const Args& args, Test test) {
  TRY_SET(const int order, compare(*args[0], *args[1]));
  return own(test(order));
}
Result<Value> do_ne(const Args& args) {
  return compared(args, [](int order) { return order != 0; });
}
Result<Value> do_lt(const Args& args) {
  return compared(args, [](int order) { return order < 0; });
}
Result<Value> do_le(const Args& args) {
  return compared(args, [](int order) { return order <= 0; });
}
Result<Value> do_gt(const Args& args) {
  return compared(args, [](int order) { return order > 0; });
}
Result<Value> do_ge(const Args& args) {
  return compared(args, [](int order) { return order >= 0; });
}
Result<Value> do_print(const Args& args) {
  return own_text(printed(args, false));
}
Result<Value> do_println(const Args& args) {
  return own_text(printed(args, true));
}

constexpr std::size_t kAny = 64;

struct Function {
  std::string_view name;
  std::size_t least, most;
  Result<Value> (*run)(const Args& args);
};

// printf stands apart: it needs the budget while it works.
constexpr Function kFunctions[] = {{"json", 1, 1, do_json},
                                   {"len", 1, 1, do_len},
                                   {"index", 1, kAny, do_index},
                                   {"slice", 1, 3, do_slice},
                                   {"join", 2, 2, do_join},
                                   {"split", 2, 2, do_split},
                                   {"lower", 1, 1, do_lower},
                                   {"upper", 1, 1, do_upper},
                                   {"title", 1, 1, do_title},
                                   {"pad", 3, 3, do_pad},
                                   {"truncate", 2, 2, do_truncate},
                                   {"not", 1, 1, do_not},
                                   {"and", 1, kAny, do_and},
                                   {"or", 1, kAny, do_or},
                                   {"eq", 2, kAny, do_eq},
                                   {"ne", 2, 2, do_ne},
                                   {"lt", 2, 2, do_lt},
                                   {"le", 2, 2, do_le},
                                   {"gt", 2, 2, do_gt},
                                   {"ge", 2, 2, do_ge},
                                   {"print", 0, kAny, do_print},
                                   {"println", 0, kAny, do_println}};

// What calling it may cost in bytes: all that goes in could come out, or be looked at.
std::size_t size_of(const json::value& value) {
  if (const json::string* text = value.if_string()) return text->size();
  if (const json::array* list = value.if_array()) return list->size() * sizeof(json::value);
  return 0;
}

}  // namespace

bool is_function(std::string_view name) {
  return name == "printf" ||
         std::ranges::find(kFunctions, name, &Function::name) != std::end(kFunctions);
}

bool is_lazy(std::string_view name) {
  return name == "and" || name == "or";
}

Result<Value> call(std::string_view name, const Args& args, Budget& budget) {
  std::size_t bytes = 0;
  for (const Value& value : args) bytes += size_of(*value);
  TRY(budget.spend(bytes));
  if (name == "printf") {
    if (args.empty()) return bad("printf in the format wants a text first");
    TRY_SET(const std::string_view format, text_arg(args, 0, "printf"));
    TRY_SET(const std::string text,
            print_formatted(format, {args.begin() + 1, args.end()}, budget));
    return own_text(text);
  }
  const auto* const function = std::ranges::find(kFunctions, name, &Function::name);
  if (args.size() < function->least || args.size() > function->most)
    return bad(std::string(name) + " in the format is given " + std::to_string(args.size()) +
               (args.size() == 1 ? " argument" : " arguments"));
  TRY_SET(Value value, function->run(args), "use the format");
  TRY(budget.spend(size_of(*value)));
  return value;
}

}  // namespace planet::format
