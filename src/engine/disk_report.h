// What images, containers and volumes take of the disk, and what of it nothing needs.
//
// Source: docker-system-df(1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/containers.h"
#include "engine/places.h"
#include "image/store.h"

namespace planet::engine {

// Bytes as du counts them. Together the three sizes are what du says of the root directory.
struct DiskUse {
  std::size_t total = 0, active = 0;
  std::uint64_t size = 0, reclaimable = 0;
};

struct ImageUse {
  image::Listed image;
  std::uint64_t size = 0,
                shared = 0;  // of its layers and blobs; what of them another image has, too
  std::size_t containers = 0;
};
struct ContainerUse {
  Container container;
  std::uint64_t size = 0;
};
struct VolumeUse {
  std::string name;
  std::size_t links = 0;
  std::uint64_t size = 0;
};

struct DiskReport {
  DiskUse images, containers, volumes;
  std::vector<ImageUse> each_image;
  std::vector<ContainerUse> each_container;
  std::vector<VolumeUse> each_volume;
};

Result<DiskReport> disk_report(const Places& places, const image::Store& store);

}  // namespace planet::engine
