// Moments as docker's --since, --until and filters take them.
//
// Source: docker-logs(1); Go's time.ParseDuration; RFC 3339.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace planet::format {

// Nanoseconds since 1970.
using Moment = std::int64_t;

inline constexpr std::int64_t kSecond = 1'000'000'000;

Moment now();

// "1h30m", "1.5s", "300ms": nanoseconds.
// Errors: kInvalidArgument.
Result<std::int64_t> parse_duration(std::string_view text);

// "10m" before `from`; "2026-01-02T03:04:05.6Z", "2026-01-02T03:04", "2026-01-02" (in this host's zone when it names
// none); seconds since 1970, "1136073600.5".
// Errors: kInvalidArgument, naming what is expected.
Result<Moment> parse_moment(std::string_view text, Moment from);

// RFC 3339 with its zone, as images and records have it.
Result<Moment> parse_rfc3339(std::string_view text);

// "2026-01-02 03:04:05 +0000 UTC", as docker shows it in CreatedAt.
std::string shown_moment(Moment moment);

// RFC 3339 with nanoseconds, in this host's zone, as docker shows events.
std::string shown_rfc3339(Moment moment);

// "3 hours ago"; "N/A" for no moment: the empty text, or one that is none.
std::string ago(std::string_view rfc3339, Moment from);

}  // namespace planet::format
