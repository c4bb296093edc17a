#include "format/listing.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace planet::format {
namespace {

namespace json = oci::json;

// Characters, not bytes: what comes here is printable text.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// As docker does it for listings, so that '\t' in a shell's single quotes is a tab.
std::string with_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 't' || next == 'n') {
      out += next == 't' ? '\t' : '\n';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> cells(std::string_view line) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(line, '\t')) parts.emplace_back(part);
  return parts;
}

}  // namespace

std::string columns(const std::vector<std::vector<std::string>>& rows) {
  constexpr std::size_t kGap = 3;
  constexpr std::size_t kLeast = 10;
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(kLeast);
      widths[i] = std::max(widths[i], width_of(row[i]) + kGap);
    }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]), ' ');
    }
    out += '\n';
  }
  return out;
}

Result<Listing> Listing::plan(const Layout& layout, std::string_view format, bool quiet,
                              bool terminal) {
  std::string text(format);
  if (text.empty() && quiet) text = layout.quiet;
  if (text.empty() || text == "table") text = layout.table;
  const bool is_json = text == "json";
  const bool is_table = text.starts_with("table ");
  if (is_json) text = "{{json .}}";
  text = with_escapes(is_table ? std::string(trim(std::string_view(text).substr(6))) : text);
  TRY_SET(Template one, Template::parse(text));
  Listing listing(std::move(one), std::move(text));
  listing.json_ = is_json;
  listing.terminal_ = terminal;
  if (is_table) {
    TRY_SET(listing.titles_, listing.template_.render_titles(layout.titles));
  }
  return listing;
}

bool Listing::mentions(std::string_view field) const {
  return format_.contains("." + std::string(field)) || format_.contains("{{json .}}");
}

Result<std::string> Listing::text(const std::vector<json::object>& rows) const {
  if (titles_) return table(rows);
  std::string out;
  for (json::object row : rows) {
    if (json_) {
      row.erase("Label");
      out += json_line(row) + '\n';
      continue;
    }
    TRY_SET(const std::string line,
            template_.render(row, terminal_ ? Escape::kLines : Escape::kNone));
    out += line + '\n';
  }
  return out;
}

Result<std::string> Listing::table(const std::vector<json::object>& rows) const {
  std::vector<std::vector<std::string>> lines = {cells(*titles_)};
  for (const json::object& row : rows) {
    TRY_SET(const std::string line, template_.render(row, Escape::kAll));
    lines.push_back(cells(line));
  }
  return columns(lines);
}

namespace {

// What JSON leaves as it is and a terminal obeys.
std::string safe(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080..U+009F
    if (byte != 0x7f && !c1) {
      out += text[i];
      continue;
    }
    constexpr char kDigits[] = "0123456789abcdef";
    const unsigned code = c1 ? next : byte;
    out += std::string("\\u00") + kDigits[code >> 4U] + kDigits[code & 15U];
    if (c1) ++i;
  }
  return out;
}

}  // namespace

Result<std::string> render_one(const json::value& value, std::string_view format, bool terminal) {
  if (format.empty()) return safe(oci::to_pretty_text(value));
  if (format == "json") return json_line(value) + '\n';
  TRY_SET(const Template one, Template::parse(format));
  TRY_SET(const std::string text, one.render(value, terminal ? Escape::kLines : Escape::kNone));
  return text + '\n';
}

Result<std::string> render_all(const json::array& values, std::string_view format, bool terminal) {
  if (format.empty() || format == "json") return render_one(values, format, terminal);
  std::string out;
  for (const json::value& value : values) {
    TRY_SET(const std::string text, render_one(value, format, terminal));
    out += text;
  }
  return out;
}

std::string json_line(const json::value& value) {
  return safe(oci::to_text(value));
}

}  // namespace planet::format
