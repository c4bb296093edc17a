// How every listing command prints its rows: docker's table, --format json, --format 'table ...', --format TEMPLATE, -q.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/template.h"
#include "oci/json.h"

namespace planet::format {

// Columns at least ten wide and three blanks apart, as docker has them. Cells are printable text.
std::string columns(const std::vector<std::vector<std::string>>& rows);

// One command's listing. A row is an object of fields as docker names them, all of them text but for "Label": the
// labels as an object, for {{.Label "key"}}; JSON is without it.
struct Layout {
  std::string table;         // the default: "table {{.ID}}\t{{.Names}}"
  std::string quiet;         // with -q: "{{.ID}}"
  oci::json::object titles;  // {"ID": "IMAGE ID"}: every field of a row
};

class Listing {
 public:
  // `format` is what --format says, empty without; it overrides `quiet`. `terminal` says whether a person reads it.
  // Errors: kInvalidArgument - those of Template, also for a field that rows do not have.
  static Result<Listing> plan(const Layout& layout, std::string_view format, bool quiet,
                              bool terminal);

  // Whether the format has `.FIELD` in it, or is JSON: for what is expensive to find out.
  bool mentions(std::string_view field) const;

  Result<std::string> text(const std::vector<oci::json::object>& rows) const;

 private:
  Listing(Template one, std::string format)
      : template_(std::move(one)), format_(std::move(format)) {}

  Result<std::string> table(const std::vector<oci::json::object>& rows) const;

  Template template_;
  std::string format_;
  std::optional<std::string> titles_;  // the first line of a table
  bool json_ = false, terminal_ = false;
};

// One object, as `inspect` and `info` print it: `format` is a template, "json", or empty for indented JSON.
Result<std::string> render_one(const oci::json::value& value, std::string_view format,
                               bool terminal);

// Several, as `inspect` prints them: a JSON array, or the template once for each.
Result<std::string> render_all(const oci::json::array& values, std::string_view format,
                               bool terminal);

// JSON in one line, with what a terminal would obey as \u00XX.
std::string json_line(const oci::json::value& value);

}  // namespace planet::format
