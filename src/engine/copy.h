// `cp` and `export`: files of a container, out of it and into it, with docker's rules on names.
//
// A copy is a tar archive that is read while it is made (image/pack.h, image/extract.h), so what goes through `-` and what
// goes from place to place is the same. On the host's side nothing outside of the destination is touched, and nothing that
// a container could use there is made: no devices, no set-user-id programs.
//
// Source: docker-cp(1), docker-export(1).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/run.h"

namespace planet::engine {

struct CopyOptions {
  // -a: files that come out keep the ids that they have inside, instead of the caller's. Files that go in always keep
  // theirs, which docker does, whatever its manual says.
  bool keep_owners = false;
  bool follow_link = false;  // -L: of a source that is a link, what it points to
  std::string here = "/";    // what relative paths of the host are relative to
  std::function<void(const std::string& what)> warn;
};

// "CONTAINER:PATH", or a path of the host, or "-". A text that begins with "/" or "." is never a container's.
struct CopyPlace {
  std::string container;  // empty: the host
  std::string path;
  bool is_stream() const { return container.empty() && path == "-"; }
};
// Errors: kInvalidArgument - a container without a path.
Result<CopyPlace> parse_copy_place(std::string_view text);

// From one place to the other, of which one is a container's; `stream` is what "-" stands for. How many bytes of file
// contents there were.
// Errors: kInvalidArgument - the places are of one kind, or what they are does not fit together; kNotFound - a source that
// is not there, a destination whose directory is not there; else those of the calls.
Result<std::uint64_t> copy(const Engine& engine, const CopyPlace& from, const CopyPlace& to,
                           BorrowedFd stream, const CopyOptions& options);

// The container's root as a tar archive, without what is mounted in it.
Result<> export_container(const Engine& engine, const std::string& id, BorrowedFd out);

}  // namespace planet::engine
