// The values of `planet run`'s flags, strictly and in docker's syntax. Pure. Every error names the flag, the value and
// what is expected.
//
// Source: docker-run(1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "engine/request.h"
#include "oci/spec.h"

namespace planet::engine {

// "512m", "1.5g", "64MiB", "1024": bytes. Units are powers of 1024, as docker counts memory.
Result<std::int64_t> parse_size(std::string_view flag, std::string_view text);

// A whole number from `least` to `most`.
Result<std::int64_t> parse_whole(std::string_view flag, std::string_view text, std::int64_t least,
                                 std::int64_t most);

// --cpuset-cpus "0-3,5": whether it is such a list. What it names may still not exist.
Result<> check_number_list(std::string_view flag, std::string_view text);

// --cpus "0.5": microseconds in a period of 100000.
Result<std::int64_t> parse_cpus(std::string_view text);

// --label, --sysctl, -e: NAME=VALUE.
Result<std::pair<std::string, std::string>> parse_pair(std::string_view flag,
                                                       std::string_view text);

// --device-read-bps /dev/sda:1mb gives the path and the rate; `bytes` says whether the rate may have a unit.
Result<std::pair<std::string, std::uint64_t>> parse_rate(std::string_view flag,
                                                         std::string_view text, bool bytes);

// --security-opt no-new-privileges[=true], seccomp=FILE, seccomp=unconfined, systempaths=unconfined, ...
Result<> parse_security_option(std::string_view text, RunRequest& request);

// --restart no|on-failure[:N]|always|unless-stopped
Result<RestartPolicy> parse_restart(std::string_view text);

// --health-on-failure none|kill|restart|stop
Result<OnUnhealthy> parse_on_unhealthy(std::string_view text);

// --log-driver json-file|local|journald|none, --log-opt max-size=SIZE|max-file=NUMBER
Result<> parse_log_driver(std::string_view text, LogSettings& log);
Result<> parse_log_option(std::string_view text, LogSettings& log);

// --cgroup-parent: "/a/b" for "a/b" and "/a/b/".
Result<std::string> parse_cgroup_parent(std::string_view text);

// --hostname, --domainname
Result<> check_hostname(std::string_view flag, std::string_view text);

}  // namespace planet::engine
