// The volumes of one container: which it gets, what an empty one begins with, and what of them is mounted at a start.
//
// Source: docker-run(1), -v, --mount, --volumes-from; OCI image-spec config.md, "Volumes".
#pragma once

#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/record.h"
#include "engine/request.h"
#include "engine/run.h"
#include "image/store.h"
#include "oci/spec.h"
#include "runtime/launch.h"

namespace planet::engine {

// Makes the volumes that the request and the image want and that are not there, and writes into `record` what will be
// mounted. The descriptor (invalid if there are no volumes) is the lock that keeps them from being removed until the
// record is written. What was made for this container alone is named in the record also after an error.
// Errors: kInvalidArgument - two mounts at one place, a name; kNotFound - a container of --volumes-from.
Result<UniqueFd> claim_volumes(const Engine& engine, const RunRequest& request,
                               const image::Image& image, Record& record);

// Volumes that are empty get what the image has at their place: once, by the first container that uses them, with owners,
// modes and times. Links of the image lead nowhere out of it.
Result<> fill_volumes(const Engine& engine, const RunRequest& request, const image::Image& image,
                      const Record& record);

// The mounts of `record`, as the Spec has them.
void plan_recorded_mounts(const Record& record, oci::Spec& spec);

// Those of images, for a start.
std::vector<runtime::LayersMount> plan_image_mounts(const Engine& engine, const Record& record);

// Before each start: a subpath is found in its volume, where neither a link nor an exchange of names leads out of it, and is
// from then on a descriptor (CVE-2017-1002101, CVE-2021-25741). The Spec names the descriptors, which must stay open until
// the mounts are made.
// Errors: kNotFound - a subpath that is not there.
Result<std::vector<UniqueFd>> pin_subpaths(const Record& record, oci::Spec& spec);

}  // namespace planet::engine
