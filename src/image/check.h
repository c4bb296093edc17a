// Check: whether the store is what it says. Every blob against its name, every image against its manifest and
// configuration, every unpacked layer against its blob: unpacked once more and compared, file by file, with all that a
// layer keeps of a file.
//
// Repair takes away what is damaged: a layer is unpacked again if its blob is whole; a damaged layer blob goes, and its
// image runs on without; an image whose manifest, configuration or layer is lost goes with its names.
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

struct CheckReport {
  std::vector<Damage> damage;
  std::vector<std::string> notes;  // what could not be checked, and why
  std::size_t images = 0, layers = 0, blobs = 0;
};

// Loads and removals wait for it. Errors: those of the file system; damage is none.
Result<CheckReport> check_store(const Store& store, bool repair, const Progress& progress);

}  // namespace planet::image
