#include "engine/journal.h"

#include <cerrno>

#include "engine/record.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace planet::engine {
namespace {

constexpr const char* kSocket = "/run/systemd/journal/socket";
constexpr int kPatience = 1000;  // milliseconds
constexpr std::int64_t kNsPerMs = 1'000'000;

// "NAME=value", or, with line ends in it: the name, the length (64 bits, little endian), the value.
void add_field(std::string& entry, std::string_view name, std::string_view value) {
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry.append("=").append(value).append("\n");
    return;
  }
  entry += '\n';
  for (unsigned shift = 0; shift < 64; shift += 8)
    entry += static_cast<char>((value.size() >> shift) & 0xffU);
  entry.append(value).append("\n");
}

}  // namespace

std::string journal_entry(const JournalSource& source, runtime::Stream stream,
                          std::string_view line, bool whole) {
  constexpr std::string_view kError = "3";
  constexpr std::string_view kInformation = "6";  // syslog(3)
  const std::string short_id = source.id.substr(0, kShortId);
  std::string entry;
  add_field(entry, "MESSAGE", line);
  add_field(entry, "PRIORITY", stream == runtime::Stream::kErr ? kError : kInformation);
  add_field(entry, "CONTAINER_ID", short_id);
  add_field(entry, "CONTAINER_ID_FULL", source.id);
  add_field(entry, "CONTAINER_NAME", source.name);
  add_field(entry, "CONTAINER_TAG", short_id);
  add_field(entry, "SYSLOG_IDENTIFIER", short_id);
  add_field(entry, "IMAGE_NAME", source.image);
  if (!whole) add_field(entry, "CONTAINER_PARTIAL_MESSAGE", "true");
  return entry;
}

Result<> check_journal() {
  const auto socket = sys::connect_datagrams(kSocket);
  if (socket) return {};
  return fail(Code::kUnsupported, "--log-driver journald: no journal of systemd listens at " +
                                      std::string(kSocket) + "; use json-file");
}

Result<> Journal::send(std::string_view entry) {
  if (!socket_.valid()) {
    TRY_SET(socket_, sys::connect_datagrams(kSocket));
    TRY(sys::set_send_timeout(socket_.borrow(), kPatience));
  }
  Result<> sent = sys::send_message(socket_.borrow(), entry);
  if (sent || (sent.error().sys_errno() != EMSGSIZE && sent.error().sys_errno() != ENOBUFS))
    return sent;
  TRY_SET(const UniqueFd file, sys::sealed_data_file("planet-journal", entry));
  const BorrowedFd fds[] = {file.borrow()};
  return sys::send_message(socket_.borrow(), "", fds);
}

void Journal::write(runtime::Stream stream, std::string_view line) {
  if (sys::monotonic_ns() < silent_until_) return;
  const bool whole = line.ends_with('\n');
  if (whole) line.remove_suffix(1);
  const std::string entry = journal_entry(source_, stream, line, whole);
  if (send(entry)) return;
  // It has been started anew, perhaps.
  socket_.reset();
  if (!send(entry)) silent_until_ = sys::monotonic_ns() + kPatience * kNsPerMs;
}

}  // namespace planet::engine
