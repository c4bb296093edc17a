#include "image/remove.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/strings.h"
#include "image/image_list.h"
#include "image/store_index.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kShortId = 12;

bool is_tag(const std::string& name) {
  return !name.contains('@');
}

std::string repository_of(const std::string& name) {
  return name.substr(0, is_tag(name) ? name.rfind(':') : name.find('@'));
}

std::vector<std::string> names_of(const std::vector<Listed>& same) {
  std::vector<std::string> names;
  for (const Listed& one : same) {
    names.insert(names.end(), one.names.begin(), one.names.end());
    names.insert(names.end(), one.repo_digests.begin(), one.repo_digests.end());
  }
  return names;
}

// One name, or one name and the digests of its repository.
bool is_single(const std::vector<std::string>& names) {
  if (names.size() <= 1) return true;
  return std::ranges::count_if(names, is_tag) <= 1 &&
         std::ranges::all_of(names, [&](const std::string& name) {
           return repository_of(name) == repository_of(names.front());
         });
}

// A container that has one of these images, a running one rather than others.
const Use* user_of(const std::vector<Listed>& same, const std::vector<Use>& uses) {
  const Use* found = nullptr;
  for (const Use& use : uses) {
    const bool has =
        std::ranges::any_of(same, [&](const Listed& one) { return one.image.digest == use.image; });
    if (has && (found == nullptr || use.running)) found = &use;
  }
  return found;
}

std::unexpected<Error> conflict(const std::string& what) {
  return fail(Code::kWrongState, "conflict: unable to " + what);
}

class Planner {
 public:
  Planner(const std::vector<Listed>& same, std::string_view text, bool force, const Use* user)
      : same_(same), text_(text), force_(force), user_(user), names_(names_of(same)) {}

  Result<RemovalPlan> by_name(const std::string& name) {
    if (!force_ && is_single(names_) && user_ != nullptr)
      return conflict("remove repository reference " + quote(text_) + " (must force) - container " +
                      user_->container.substr(0, kShortId) + " is using its referenced image " +
                      id());
    std::erase(names_, name);
    plan_.untagged.push_back(name);
    const bool last_tag =
        is_tag(name) && std::ranges::none_of(names_, [&](const std::string& other) {
          return is_tag(other) && repository_of(other) == repository_of(name);
        });
    if (last_tag) {
      const auto same_repository = [&](const std::string& other) {
        return repository_of(other) == repository_of(name);
      };
      std::ranges::copy_if(names_, std::back_inserter(plan_.untagged), same_repository);
      std::erase_if(names_, same_repository);
    }
    // Without a name it stays for a container that has it, as docker does it.
    if (names_.empty() && (user_ == nullptr || !user_->running)) take_images();
    return std::move(plan_);
  }

  Result<RemovalPlan> by_id() {
    const std::string container = user_ == nullptr ? "" : user_->container.substr(0, kShortId);
    if (user_ != nullptr && user_->running)
      return conflict("delete " + id() +
                      " (cannot be forced) - image is being used by running container " +
                      container);
    if (!force_ && !is_single(names_))
      return conflict("delete " + id() +
                      " (must be forced) - image is referenced in multiple repositories");
    if (!force_ && user_ != nullptr)
      return conflict("delete " + id() +
                      " (must be forced) - image is being used by stopped container " + container);
    plan_.untagged = std::move(names_);
    take_images();
    return std::move(plan_);
  }

 private:
  std::string id() const { return same_.front().image.config_digest.substr(0, kShortId); }
  void take_images() {
    for (const Listed& one : same_) plan_.images.push_back(one.image.digest);
  }

  const std::vector<Listed>& same_;
  std::string_view text_;
  bool force_;
  const Use* user_;
  std::vector<std::string> names_;
  RemovalPlan plan_;
};

Result<> remove_name(const Store& store, const std::string& name) {
  if (is_tag(name)) return sys::unlink_at(store.dir(), ("tags/" + tag_file(name)).c_str());
  const std::size_t at = name.find('@');
  TRY_SET(const Digest digest, Digest::parse(std::string_view(name).substr(at + 1)));
  const std::string dir = "digests/" + digest.hex();
  TRY(sys::unlink_at(store.dir(), (dir + "/" + tag_file(name.substr(0, at))).c_str()));
  (void)sys::unlink_at(store.dir(), dir.c_str(), AT_REMOVEDIR);  // another repository may have it
  return {};
}

// What went, in the order of the plans, as docker tells it.
Removed told(const std::vector<Listed>& listed, const std::vector<RemovalPlan>& plans,
             const Swept& swept) {
  Removed removed;
  removed.bytes = swept.bytes;
  std::set<std::string> untold(swept.layers.begin(), swept.layers.end());
  const auto tell = [&](const std::string& hex) {
    if (untold.erase(hex) == 1) removed.deleted.push_back("sha256:" + hex);
  };
  const auto id_of = [&](const std::string& name) {
    const auto named = std::ranges::find_if(listed, [&](const Listed& one) {
      const std::vector<std::string> names = names_of({one});
      return std::ranges::find(names, name) != names.end();
    });
    return named == listed.end() ? name : "sha256:" + named->image.config_digest;
  };
  for (const RemovalPlan& plan : plans) {
    for (const std::string& name : plan.untagged) {
      removed.untagged.push_back(familiar(name));
      removed.untagged_ids.push_back(id_of(name));
    }
    for (const Listed& one : listed) {
      if (std::ranges::find(plan.images, one.image.digest) == plan.images.end()) continue;
      removed.deleted.push_back("sha256:" + one.image.config_digest);
      removed.deleted_ids.push_back(removed.deleted.back());
      std::ranges::for_each(one.image.chain, tell);
    }
  }
  return removed;
}

// The names and images of all plans, then what is left over. The lock on names is held.
Result<Removed> carry_out(const Store& store, const Staging& staging,
                          const std::vector<Listed>& listed, const std::vector<RemovalPlan>& plans,
                          const Uses& uses) {
  Without without;
  for (const RemovalPlan& plan : plans) {
    without.names.insert(plan.untagged.begin(), plan.untagged.end());
    without.images.insert(plan.images.begin(), plan.images.end());
  }
  // First out of index.json: it never names what is not there, whenever this is killed.
  TRY(stage_index(store, staging, {}, without));
  TRY(sys::rename_at(staging.dir(), "index.json", store.dir(), "index.json"));
  for (const std::string& name : without.names) TRY(remove_name(store, name));
  for (const std::string& digest : without.images)
    TRY(sys::unlink_at(store.dir(), ("images/" + digest).c_str()));
  TRY_SET(const Swept swept, sweep(store, staging, uses));
  return told(listed, plans, swept);
}

// Every image with the id of `image`.
std::vector<Listed> same_as(const std::vector<Listed>& listed, const std::string& config_digest) {
  std::vector<Listed> same;
  for (const Listed& one : listed)
    if (one.image.config_digest == config_digest) same.push_back(one);
  return same;
}

}  // namespace

Result<RemovalPlan> plan_removal(const std::vector<Listed>& same,
                                 const std::optional<std::string>& name, std::string_view text,
                                 bool force, const std::vector<Use>& uses) {
  Planner planner(same, text, force, user_of(same, uses));
  return name ? planner.by_name(*name) : planner.by_id();
}

Result<Removed> remove_image(const Store& store, std::string_view text, bool force,
                             const Uses& uses) {
  TRY_SET(const Staging staging, Staging::open(store.dir()));
  TRY_SET(const UniqueFd lock, store.lock_names());
  TRY_SET(const Image image, store.resolve(text));
  TRY_SET(const std::optional<std::string> name, store.name_of(text));
  TRY_SET(const std::vector<Listed> listed, store.list());
  TRY_SET(const std::vector<Use> used, uses());
  TRY_SET(RemovalPlan plan,
          plan_removal(same_as(listed, image.config_digest), name, text, force, used));
  return carry_out(store, staging, listed, {std::move(plan)}, uses);
}

Result<Removed> prune_images(const Store& store, bool all, const format::Filters& filters,
                             const Uses& uses) {
  TRY_SET(const auto until, filters.moment("until", format::now()));
  TRY_SET(const Staging staging, Staging::open(store.dir()));
  TRY_SET(const UniqueFd lock, store.lock_names());
  TRY_SET(const std::vector<Listed> listed, store.list());
  TRY_SET(const std::vector<Use> used, uses());
  std::vector<RemovalPlan> plans;
  for (const Listed& one : listed) {
    const auto created = format::parse_rfc3339(one.image.config.created).value_or(0);
    const bool wanted = (all || one.names.empty()) && (!until || created < *until) &&
                        filters.labels_fit(one.image.config.labels);
    if (!wanted || user_of({one}, used) != nullptr) continue;
    plans.push_back({.untagged = names_of({one}), .images = {one.image.digest}});
  }
  return carry_out(store, staging, listed, plans, uses);
}

}  // namespace planet::image
