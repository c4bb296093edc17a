// The journal of systemd as a container's log (--log-driver journald).
//
// An entry is one datagram of fields to the journal's socket, or, where that is too large, a sealed memory file that is
// passed to it. A journal that does not take what comes holds up the container for a second at most; then lines are lost
// until it does, as they are while there is none.
//
// Source: systemd, "Native Journal Protocol"; docker's documentation of its journald driver for the fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "runtime/relay.h"

namespace planet::engine {

// Who writes.
struct JournalSource {
  std::string id, name, image;
};

// The entry of one line. `whole`: it has its end here; a longer one comes in parts. Pure.
std::string journal_entry(const JournalSource& source, runtime::Stream stream,
                          std::string_view line, bool whole);

// Errors: kUnsupported - there is no journal here.
Result<> check_journal();

class Journal {
 public:
  explicit Journal(JournalSource source) : source_(std::move(source)) {}
  void write(runtime::Stream stream, std::string_view line);

 private:
  Result<> send(std::string_view entry);

  JournalSource source_;
  UniqueFd socket_;
  std::int64_t silent_until_ = 0;  // CLOCK_MONOTONIC, ns: nobody listened
};

}  // namespace planet::engine
