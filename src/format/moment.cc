#include "format/moment.h"

#include <charconv>
#include <cmath>
#include <ctime>
#include <optional>

#include "base/strings.h"
#include "format/human.h"

namespace planet::format {
namespace {

constexpr std::int64_t kMostSeconds = 9'000'000'000;  // 285 years: in nanoseconds it fits

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},     {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6},
                           {"h", 3.6e12}, {"m", 6e10}, {"s", 1e9}};

std::unexpected<Error> bad(std::string_view text, std::string_view expected) {
  return fail(Code::kInvalidArgument, quote(text) + " is not " + std::string(expected));
}

// One or more digits at the front of `text`, which it takes away.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc() || stop != text.data() + count || text[0] == '-') return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// ".123": nanoseconds.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t nanoseconds = 0;
  std::int64_t unit = kSecond / 10;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count, unit /= 10)
    nanoseconds += (text[count] - '0') * unit;
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  return nanoseconds;
}

// "Z", "+02:00"; nothing when `may_lack`, which is this host's zone. Seconds since 1970 of `parts` in it.
std::optional<std::int64_t> in_zone(std::tm parts, std::string_view zone, bool may_lack) {
  if (zone.empty()) {
    parts.tm_isdst = -1;
    return may_lack ? std::optional<std::int64_t>(::mktime(&parts)) : std::nullopt;
  }
  const std::int64_t utc = ::timegm(&parts);
  if (zone == "Z" || zone == "z") return utc;
  const bool east = zone[0] == '+';
  if (!east && zone[0] != '-') return std::nullopt;
  zone.remove_prefix(1);
  const auto hours = take_digits(zone, 2);
  const bool colon = take(zone, ':');
  const auto minutes = take_digits(zone, 2);
  if (!hours || !colon || !minutes || !zone.empty() || *hours > 23 || *minutes > 59)
    return std::nullopt;
  const std::int64_t offset = *hours * std::int64_t{3600} + *minutes * std::int64_t{60};
  return east ? utc - offset : utc + offset;
}

struct Clock {
  int hour = 0, minute = 0, second = 0;
  std::int64_t nanoseconds = 0;
};

// "T03:04:05.6", of which `may_lack` lets the end be left out.
bool take_clock(std::string_view& text, bool may_lack, Clock& clock) {
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return may_lack;
  const auto hour = take_digits(text, 2);
  if (!hour) return false;
  clock.hour = *hour;
  if (!take(text, ':')) return may_lack;
  const auto minute = take_digits(text, 2);
  if (!minute) return false;
  clock.minute = *minute;
  if (!take(text, ':')) return may_lack;
  const auto second = take_digits(text, 2);
  const auto fraction = second ? take_fraction(text) : std::nullopt;
  if (!fraction) return false;
  clock.second = *second;
  clock.nanoseconds = *fraction;
  return clock.hour < 24 && clock.minute < 60 && clock.second <= 60;
}

std::optional<Moment> calendar(std::string_view text, bool may_lack) {
  const auto year = take_digits(text, 4);
  const bool first = take(text, '-');
  const auto month = take_digits(text, 2);
  const bool second = take(text, '-');
  const auto day = take_digits(text, 2);
  if (!year || !first || !month || !second || !day || *month < 1 || *month > 12 || *day < 1 ||
      *day > 31)
    return std::nullopt;
  Clock clock;
  if (!take_clock(text, may_lack, clock)) return std::nullopt;
  std::tm parts{};
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_hour = clock.hour;
  parts.tm_min = clock.minute;
  parts.tm_sec = clock.second;
  const auto seconds = in_zone(parts, text, may_lack);
  if (!seconds || *seconds > kMostSeconds || *seconds < -kMostSeconds) return std::nullopt;
  return *seconds * kSecond + clock.nanoseconds;
}

std::optional<Moment> unix_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || seconds > kMostSeconds || seconds < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  const auto fraction = take_fraction(text);
  if (!fraction || !text.empty()) return std::nullopt;
  return seconds * kSecond + *fraction;
}

// "1.5h" at the front of `text`, which it takes away: nanoseconds.
std::optional<double> take_part(std::string_view& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || text[0] == '-' || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  for (const Unit& unit : kUnits)
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return number * unit.nanoseconds;
    }
  return std::nullopt;
}

}  // namespace

Moment now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

Result<std::int64_t> parse_duration(std::string_view text) {
  constexpr std::string_view kExpected = R"(a duration such as "90s" or "1h30m")";
  std::string_view rest = text;
  const bool negative = take(rest, '-');
  if (!negative) take(rest, '+');
  if (rest == "0") return 0;
  if (rest.empty()) return bad(text, kExpected);
  double sum = 0;
  while (!rest.empty()) {
    const auto part = take_part(rest);
    if (!part) return bad(text, kExpected);
    sum += *part;
  }
  if (sum > static_cast<double>(kMostSeconds) * kSecond)
    return bad(text, "a duration below 285 years");
  return static_cast<std::int64_t>(negative ? -sum : sum);
}

Result<Moment> parse_moment(std::string_view text, Moment from) {
  if (const auto moment = calendar(text, true)) return *moment;
  if (const auto moment = unix_seconds(text)) return *moment;
  if (const auto duration = parse_duration(text)) return from - *duration;
  return bad(text, R"(a time such as "2026-01-31T12:00:00", "1136073600" or "90m" (before now))");
}

Result<Moment> parse_rfc3339(std::string_view text) {
  if (const auto moment = calendar(text, false)) return *moment;
  return bad(text, "a time as RFC 3339 has it");
}

std::string shown_moment(Moment moment) {
  const std::time_t seconds = moment / kSecond;
  std::tm parts{};
  char text[64];
  if (::localtime_r(&seconds, &parts) == nullptr) return "N/A";
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &parts)};
}

std::string shown_rfc3339(Moment moment) {
  constexpr int kDigits = 9;
  const std::time_t seconds = moment / kSecond;
  const std::string fraction = std::to_string(moment % kSecond);
  std::tm parts{};
  char text[64];
  char zone[16];
  if (moment < 0 || ::localtime_r(&seconds, &parts) == nullptr) return "N/A";
  std::string all(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts));
  all += std::string(kDigits - fraction.size(), '0') + fraction;
  if (parts.tm_gmtoff == 0) return all + "Z";
  const std::string offset(zone, std::strftime(zone, sizeof zone, "%z", &parts));  // "+0130"
  return all + offset.substr(0, 3) + ":" + offset.substr(3);
}

std::string ago(std::string_view rfc3339, Moment from) {
  const auto moment = parse_rfc3339(rfc3339);
  return moment ? duration_text((from - *moment) / kSecond) + " ago" : "N/A";
}

}  // namespace planet::format
