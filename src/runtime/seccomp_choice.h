// Which system call filter a process gets: the spec's, our own profile, or none.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/launch.h"

namespace planet::runtime {

struct SeccompChoice {
  std::vector<sock_filter> compiled;      // of a profile from the spec
  std::span<const sock_filter> built_in;  // our own, compiled when Planet was built
  unsigned flags = 0;                     // SECCOMP_FILTER_FLAG_*

  std::span<const sock_filter> filter() const {
    return built_in.empty() ? std::span<const sock_filter>(compiled) : built_in;
  }
};

// Made before the first fork: a profile that is wrong fails before anything exists.
Result<SeccompChoice> choose_seccomp(const oci::Spec& spec, const oci::Process& process,
                                     DefaultSeccomp fallback);

}  // namespace planet::runtime
