// Check: whether the store is what it says. Every blob against its name, every image against its manifest and
// configuration, every unpacked layer against its blob: unpacked once more and compared, file by file, with all that a
// layer keeps of a file.
//
// Repair takes away what is damaged: a layer is unpacked again if its blob is whole; a damaged layer blob goes, and its
// image runs on without; an image whose manifest, configuration or layer is lost goes with its names. What can be pulled
// again is named, and pulled by who has asked for the check.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "image/load.h"
#include "image/store.h"

namespace planet::image {

struct Damage {
  std::string what;    // "layer 1f2e...: what is unpacked is not what its blob says"
  std::string remedy;  // what was done, or would be
};

// An image that lacks something which the registries it came from may still have.
struct Incomplete {
  std::string digest;                     // of its manifest
  std::vector<std::string> names;         // that it had
  std::vector<std::string> repositories;  // "docker.io/library/busybox"
};

struct CheckReport {
  std::vector<Damage> damage;
  std::vector<std::string> notes;  // what could not be checked, and why
  std::vector<Incomplete> incomplete;
  std::size_t images = 0, layers = 0, blobs = 0;
};

// Loads and removals wait for it. Errors: those of the file system; damage is none.
Result<CheckReport> check_store(const Store& store, bool repair, const Progress& progress);

}  // namespace planet::image
