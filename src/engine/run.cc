#include "engine/run.h"

#include "base/undo.h"
#include "engine/keeper.h"
#include "engine/prepare.h"
#include "runtime/own_program.h"

namespace planet::engine {
namespace {

// One that may be left, or that is started again, is not kept by its caller.
bool wants_keeper(const RunRequest& request, const Record& record) {
  const bool on_terminal = request.terminal && request.interactive && request.attached.in;
  return request.explain == Explain::kNo &&
         (on_terminal || request.restart.when != Restart::kNo || !record.health.test.empty());
}

Result<int> run_once(const Engine& engine, const RunRequest& request, bool private_users,
                     const RunHooks& hooks) {
  if (!private_users) TRY(runtime::leave_writable_program());
  Prepared prepared;
  Undo undo;
  TRY_SET(prepared.image, find_image(engine, request, hooks));
  TRY(prepare(engine, request, private_users, prepared, undo));
  if (!request.detach) {
    undo.commit();  // from here the keeper takes it down
    if (hooks.made) hooks.made(prepared.record.id);
    Attached attached = request.attached;
    attached.in = attached.in && request.interactive;
    return wants_keeper(request, prepared.record)
               ? keep_attached(engine, prepared, attached, request.detach_keys, hooks)
               : keep(engine, prepared, attached, hooks);
  }
  TRY(keep_detached(engine, prepared, hooks));
  undo.commit();
  if (hooks.detached) hooks.detached(prepared.record.id);
  return 0;
}

}  // namespace

Result<Engine> Engine::open(const std::string& root, const std::string& runroot) {
  TRY_SET(Places places, Places::open(root, runroot));
  TRY_SET(image::Store store, image::Store::open(root));
  return Engine{.places = std::move(places), .store = std::move(store)};
}

bool wants_private_users(const RunRequest& request) {
  return request.user_namespace != UserNamespace::kHost && !request.privileged;
}

Result<> without_private_users(const RunRequest& request, const Error& why, const RunHooks& hooks) {
  if (request.user_namespace == UserNamespace::kAuto)
    return fail(Code::kNoPrivateUsers, "--userns auto is not possible here: " + why.to_string() +
                                           "; leave it out, or use --userns host");
  if (hooks.say)
    hooks.say("private users are not possible here, so this container has the host's users (" +
              why.to_string() + ")");
  return {};
}

Result<int> run(const Engine& engine, const RunRequest& request, const RunHooks& hooks) {
  auto status = run_once(engine, request, wants_private_users(request), hooks);
  if (status || status.error().code() != Code::kNoPrivateUsers) return status;
  if (request.user_namespace != UserNamespace::kAuto) TRY(runtime::leave_writable_program());
  TRY(without_private_users(request, status.error(), hooks));
  return run_once(engine, request, false, hooks);
}

}  // namespace planet::engine
