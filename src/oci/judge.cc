#include "oci/judge.h"

namespace planet::oci {

std::unexpected<Error> wrong(const std::string& where, std::string_view is,
                             std::string_view expected) {
  std::string text = where;
  text.append(" is ").append(is).append(", expected ").append(expected);
  return fail(Code::kInvalidArgument, std::move(text));
}

std::unexpected<Error> wrong_text(const std::string& where, std::string_view is,
                                  std::string_view expected) {
  constexpr std::size_t kMostShown = 100;
  return wrong(where, quote(is.substr(0, kMostShown)) + (is.size() > kMostShown ? "..." : ""),
               expected);
}

std::unexpected<Error> contradiction(const std::string& where, std::string_view what) {
  std::string text = where;
  text.append(" ").append(what);
  return fail(Code::kInvalidArgument, std::move(text));
}

Result<> check_absolute(const std::string& where, std::string_view path) {
  if (!path.starts_with('/')) return wrong_text(where, path, "an absolute path");
  return {};
}

Result<> check_number_list(const std::string& where, std::string_view list) {
  if (list.empty()) return {};
  if (parse_number_list(list)) return {};
  return wrong_text(where, list, "numbers and ranges such as 0-3,7");
}

Result<> check_interface(const std::string& where, std::string_view name) {
  constexpr std::size_t kMostName = 15;
  const bool fits = !name.empty() && name.size() <= kMostName && name != "." && name != ".." &&
                    name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
  if (!fits)
    return wrong_text(where, name,
                      "the name of a network interface: 1 to 15 characters without '/', ':' and "
                      "blanks");
  return {};
}

}  // namespace planet::oci
