#include "registry/helper.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "oci/json.h"
#include "registry/text.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/pipe.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace planet::registry {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostAnswer = 65536;
constexpr std::string_view kPrefix = "docker-credential-";
constexpr std::string_view kTokenUser =
    "<token>";  // in place of a name: the secret is an identity token

// What the helpers of docker's project print, word for word, when they know nothing of the server.
constexpr std::string_view kNotFound = "credentials not found in native keychain";

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    all.emplace_back(*entry);
  return all;
}

// The helper's standard error stays ours: it may have something to say, or a passphrase to ask for.
[[noreturn]] void become_helper(const Helper& helper, const char* action, BorrowedFd input,
                                BorrowedFd output) {
  const bool ready =
      sys::place_fd(input, 0) && sys::place_fd(output, 1) && sys::close_on_exec_from(3);
  if (ready) {
    sys::reset_signals();
    sys::execute(helper.path.c_str(), {helper.path, action}, own_environment());
  }
  sys::exit_now(127);
}

std::unexpected<Error> failed(const Helper& helper, const char* action, const std::string& why) {
  return fail(Code::kSystem,
              "the credential helper " + quote(helper.path) + " " + action + ": " + why);
}

// All that it writes until its end of the pipe is closed. False: the time is over, or it is too much.
Result<bool> read_within(BorrowedFd from, milliseconds limit, std::string& text) {
  const Clock::time_point end = Clock::now() + limit;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    if (left <= milliseconds(0) || text.size() > kMostAnswer) return false;
    std::array<pollfd, 1> set{pollfd{.fd = from.get(), .events = POLLIN, .revents = 0}};
    TRY_SET(const int ready, sys::wait_ready(set, static_cast<int>(left.count())));
    if (ready == 0) continue;
    TRY_SET(const std::size_t n, sys::read_some(from, buffer));
    if (n == 0) return true;
    text.append(buffer.data(), n);
  }
}

struct Answer {
  bool good = false;
  std::string text;
};

Result<Answer> ask(const Helper& helper, const char* action, std::string_view question,
                   milliseconds limit) {
  TRY_SET(const UniqueFd input, sys::memory_file("question"));
  TRY(sys::write_all(input.borrow(), question));
  TRY(sys::seek_to(input.borrow(), 0));
  TRY_SET(sys::Pipe output, sys::make_pipe());
  TRY_SET(sys::Child process,
          sys::clone_process({}));  // killed, if it is still there when this function ends
  if (!process.valid()) become_helper(helper, action, input.borrow(), output.write.borrow());
  output.write.reset();
  Answer answer;
  TRY_SET(const bool complete, read_within(output.read.borrow(), limit, answer.text));
  if (!complete)
    return failed(helper, action,
                  answer.text.size() > kMostAnswer ? "it answers with more than 64 KiB"
                                                   : "it did not end in time");
  TRY_SET(const sys::ExitStatus status, process.wait());
  answer.good = !status.signalled && status.value == 0;
  if (!answer.good && status.value == 127) return failed(helper, action, "it cannot be executed");
  return answer;
}

}  // namespace

Result<Helper> find_helper(const std::string& name, std::string_view search_path) {
  const auto allowed = [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  if (!name.starts_with(kPrefix) || !std::ranges::all_of(name, allowed))
    return fail(Code::kInvalidArgument, quote(name) + " is not the name of a credential helper");
  for (const std::string_view directory : split(search_path, ':')) {
    if (!directory.starts_with('/')) continue;
    std::string path = std::string(directory) + "/" + name;
    const auto st = sys::stat_at(sys::kCwd, path.c_str());
    if (st && S_ISREG(st->st_mode) && (st->st_mode & 0111U) != 0)
      return Helper{.path = std::move(path)};
  }
  return fail(Code::kNotFound,
              "the credential helper " + quote(name) +
                  ", which docker's config.json names, is not in PATH: install it, or "
                  "remove it from there");
}

Result<Credentials> parse_helper_answer(std::string_view text) {
  const auto value = oci::parse_json(text, kMostAnswer);
  const oci::json::object* object = value ? value->if_object() : nullptr;
  const auto* user = object == nullptr ? nullptr : object->if_contains("Username");
  const auto* secret = object == nullptr ? nullptr : object->if_contains("Secret");
  if (user == nullptr || secret == nullptr || !user->is_string() || !secret->is_string())
    return fail(Code::kInvalidArgument, "it does not answer with a Username and a Secret");
  Credentials credentials;
  const std::string name(oci::view(user->get_string()));
  std::string hidden(oci::view(secret->get_string()));
  if (name == kTokenUser) {
    credentials.identity_token = Secret(std::move(hidden));
    return credentials;
  }
  if (name.contains(':') || std::ranges::any_of(name, is_control))
    return fail(Code::kInvalidArgument, "its Username has a colon or a control character");
  credentials.username = name;
  credentials.password = Secret(std::move(hidden));
  return credentials;
}

Result<std::optional<Credentials>> helper_get(const Helper& helper, const std::string& server,
                                              milliseconds limit) {
  TRY_SET(const Answer answer, ask(helper, "get", server, limit));
  if (!answer.good && trim(answer.text) == kNotFound) return std::nullopt;
  if (!answer.good) return failed(helper, "get", "it failed");
  auto credentials = parse_helper_answer(answer.text);
  if (!credentials) return failed(helper, "get", credentials.error().what());
  return std::optional<Credentials>(*std::move(credentials));
}

Result<> helper_store(const Helper& helper, const std::string& server,
                      const Credentials& credentials, milliseconds limit) {
  const bool token = !credentials.identity_token.empty();
  const oci::json::object question = {
      {"ServerURL", server},
      {"Username", token ? std::string(kTokenUser) : credentials.username},
      {"Secret", token ? credentials.identity_token.reveal() : credentials.password.reveal()}};
  TRY_SET(const Answer answer, ask(helper, "store", oci::to_text(question), limit));
  if (!answer.good) return failed(helper, "store", "it failed");
  return {};
}

Result<> helper_erase(const Helper& helper, const std::string& server, milliseconds limit) {
  TRY_SET(const Answer answer, ask(helper, "erase", server, limit));
  if (!answer.good) return failed(helper, "erase", "it failed");
  return {};
}

}  // namespace planet::registry
