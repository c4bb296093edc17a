#include "engine/disk_report.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/volumes.h"
#include "fs/disk_usage.h"
#include "image/sweep.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

// 0 for what is gone.
Result<std::uint64_t> usage_at(BorrowedFd root, const std::string& path) {
  auto top = sys::open_at(root, path.c_str(), O_PATH | O_NOFOLLOW);
  if (!top && top.error().code() == Code::kNotFound) return 0;
  if (!top) return std::unexpected(std::move(top).error());
  return fs::disk_usage(*std::move(top));
}

// The parts that images share: "layers/<chain id>" and "blobs/sha256/<digest>", with their sizes.
using Parts = std::map<std::string, std::uint64_t>;

class Reporter {
 public:
  Reporter(const Places& places, const image::Store& store) : places_(places), store_(store) {}

  Result<DiskReport> run() {
    TRY(containers());
    TRY(images());
    TRY(volumes());
    TRY_SET(const std::uint64_t all, usage_at(root(), "."));
    // What belongs to neither is the images': names, index, what is being loaded.
    const std::uint64_t others = report_.containers.size + report_.volumes.size;
    report_.images.size = all > others ? all - others : 0;
    return std::move(report_);
  }

 private:
  BorrowedFd root() const { return places_.root_dir.borrow(); }

  Result<> containers() {
    TRY_SET(report_.containers.size, usage_at(root(), "containers"));
    TRY_SET(std::vector<Container> all, list_containers(places_));
    report_.containers.total = all.size();
    for (Container& one : all) {
      TRY_SET(const std::uint64_t size, usage_at(root(), "containers/" + one.record.id));
      if (one.status == Status::kCreated || one.status == Status::kExited)
        report_.containers.reclaimable += size;
      else
        ++report_.containers.active;
      ++users_[one.record.image_digest];
      for (const std::string& layer : one.record.layers) needed_.insert("layers/" + layer);
      report_.each_container.push_back({.container = std::move(one), .size = size});
    }
    return {};
  }

  Result<std::vector<std::string>> parts_of(const image::Image& image) {
    std::vector<std::string> parts;
    parts.reserve(image.chain.size());
    for (const std::string& layer : image.chain) parts.push_back("layers/" + layer);
    if (const auto blobs = image::blobs_of(store_, image))
      for (const std::string& blob : *blobs) parts.push_back("blobs/sha256/" + blob);
    for (const std::string& part : parts) {
      if (sizes_.contains(part)) continue;
      TRY_SET(sizes_[part], usage_at(root(), part));
    }
    return parts;
  }

  // The sizes of images whose parts are known, one list for each.
  void add_up(const std::vector<std::vector<std::string>>& parts) {
    std::map<std::string, std::size_t> owners;
    for (const auto& some : parts)
      for (const std::string& part : some) ++owners[part];
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (const std::string& part : parts[i]) {
        report_.each_image[i].size += sizes_[part];
        if (owners[part] > 1) report_.each_image[i].shared += sizes_[part];
      }
    for (const auto& [part, size] : sizes_)
      if (!needed_.contains(part)) report_.images.reclaimable += size;
  }

  Result<> images() {
    TRY_SET(std::vector<image::Listed> all, store_.list());
    std::vector<std::vector<std::string>> parts;
    std::set<std::string> ids;
    std::set<std::string> active;
    for (image::Listed& one : all) {
      const std::string id = one.image.config_digest;
      ids.insert(id);
      TRY_SET(std::vector<std::string> some, parts_of(one.image));
      const auto user = users_.find(one.image.digest);
      const std::size_t containers = user == users_.end() ? 0 : user->second;
      if (containers > 0) {
        active.insert(id);
        needed_.insert(some.begin(), some.end());
      }
      parts.push_back(std::move(some));
      report_.each_image.push_back({.image = std::move(one), .containers = containers});
    }
    add_up(parts);
    report_.images.total = ids.size();
    report_.images.active = active.size();
    return {};
  }

  Result<> volumes() {
    TRY_SET(report_.volumes.size, usage_at(root(), "volumes"));
    TRY_SET(const std::vector<VolumeInfo> all, list_volumes(places_));
    TRY_SET(const VolumeUsers users, volume_users(places_));
    report_.volumes.total = all.size();
    for (const VolumeInfo& one : all) {
      const auto used = users.find(one.name);
      const std::size_t links = used == users.end() ? 0 : used->second.size();
      TRY_SET(const std::uint64_t size, usage_at(root(), "volumes/" + one.name));
      if (links > 0)
        ++report_.volumes.active;
      else
        report_.volumes.reclaimable += size;
      report_.each_volume.push_back({.name = one.name, .links = links, .size = size});
    }
    return {};
  }

  const Places& places_;
  const image::Store& store_;
  DiskReport report_;
  std::map<std::string, std::size_t> users_;  // containers by the digest of their image
  std::set<std::string> needed_;              // parts that a container needs
  Parts sizes_;
};

}  // namespace

Result<DiskReport> disk_report(const Places& places, const image::Store& store) {
  return Reporter(places, store).run();
}

}  // namespace planet::engine
