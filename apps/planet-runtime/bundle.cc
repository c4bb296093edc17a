#include "bundle.h"

#include "oci/spec_json.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cli {

Result<std::string> absolute(const std::string& path) {
  if (path.empty() || path.starts_with('/')) return path;
  TRY_SET(const std::string here, sys::current_dir());
  return path == "." ? here : here + "/" + path;
}

Result<Bundle> read_bundle(const std::string& path) {
  Bundle bundle;
  TRY_SET(bundle.path, absolute(path));
  TRY_SET(const UniqueFd dir, sys::open_at(sys::kCwd, bundle.path.c_str(), O_RDONLY | O_DIRECTORY),
          "open the bundle");
  TRY_SET(const std::string text,
          sys::read_file_at(dir.borrow(), "config.json", oci::kMostConfigBytes), "open the bundle");
  TRY_SET(bundle.spec, oci::parse_spec(text), "config.json");
  return bundle;
}

Result<> refuse_no_pivot(bool given) {
  if (!given) return {};
  return fail(Code::kUnsupported,
              "--no-pivot leaves the host's files within reach; leave the flag out, and put the "
              "bundle on a file system that is mounted, not on the first root of the boot");
}

}  // namespace planet::cli
