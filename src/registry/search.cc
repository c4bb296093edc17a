#include "registry/search.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "oci/json.h"
#include "registry/client.h"
#include "registry/session.h"
#include "registry/text.h"
#include "registry/token.h"

namespace planet::registry {
namespace {

constexpr std::size_t kMostAnswer = 4U << 20;
constexpr std::string_view kHub = "docker.io";
constexpr const char* kHubSearch = "index.docker.io";  // not where its images are

struct Question {
  std::string host, term;
};

bool looks_like_host(std::string_view text) {
  return text.contains('.') || text.contains(':') || text == "localhost";
}

Result<Question> parse_question(std::string_view text) {
  Question question{.host = std::string(kHub), .term = std::string(text)};
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && looks_like_host(text.substr(0, slash)))
    question = {.host = lower(text.substr(0, slash)), .term = std::string(text.substr(slash + 1))};
  if (question.host == kHubSearch) question.host = kHub;
  TRY(origin_of(question.host));
  if (question.term.empty())
    return fail(Code::kInvalidArgument,
                "a search needs a word, such as busybox or registry.lan:5000/web");
  return question;
}

// Nothing: the registry has no such search.
Result<std::optional<std::vector<FoundRepository>>> ask_search(Session& session,
                                                               const Question& question,
                                                               unsigned limit) {
  Request asked;
  if (question.host == kHub) {
    asked.url.origin = {.scheme = Scheme::kHttps, .host = kHubSearch, .port = 443};
  } else {
    TRY_SET(asked.url.origin, session.origin());
  }
  asked.url.target =
      "/v1/search?q=" + percent_encode(question.term) + "&n=" + std::to_string(limit);
  TRY_SET(Answer answer, session.send(std::move(asked), {}));
  if (answer->status() == 404) return std::nullopt;
  if (answer->status() != 200) return std::unexpected(refusal(answer, question.host, "a search"));
  TRY_SET(const std::string text, answer->read_all(kMostAnswer));
  TRY_SET(std::vector<FoundRepository> found, parse_found(text),
          "the answer of " + quote(question.host));
  return std::optional(std::move(found));
}

Result<std::vector<FoundRepository>> search_list(const Settings& settings,
                                                 const Question& question) {
  Client client(settings, question.host, "");
  const auto names = client.catalog();
  if (!names && names.error().code() == Code::kNotFound)
    return fail(Code::kUnsupported,
                quote(question.host) + " offers neither a search nor a list of its repositories");
  if (!names) return std::unexpected(names.error());
  std::vector<FoundRepository> found;
  for (const std::string& name : *names)
    if (name.contains(question.term)) found.emplace_back().name = name;
  std::ranges::sort(found, {}, &FoundRepository::name);
  return found;
}

Result<FoundRepository> parse_repository(const oci::json::value& value, const std::string& where) {
  FoundRepository one;
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, where));
  TRY(fields.read("name", one.name));
  TRY(fields.read("description", one.description));
  TRY(fields.read("star_count", one.stars));
  TRY(fields.read("is_official", one.official));
  return one;
}

}  // namespace

Result<std::vector<FoundRepository>> parse_found(std::string_view text) {
  TRY_SET(const oci::json::value value, oci::parse_json(text, kMostAnswer));
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""));
  std::vector<FoundRepository> found;
  TRY(fields.each("results",
                  [&](const oci::json::value& result, const std::string& where) -> Result<> {
                    TRY_SET(FoundRepository one, parse_repository(result, where));
                    if (!one.name.empty()) found.push_back(std::move(one));
                    return {};
                  }));
  return found;
}

Result<std::vector<FoundRepository>> search(const Settings& settings, std::string_view term,
                                            unsigned limit) {
  constexpr unsigned kMost = 100;
  if (limit < 1 || limit > kMost)
    return fail(Code::kInvalidArgument,
                "limit " + std::to_string(limit) + " is outside the range of [1, 100]");
  TRY_SET(const Question question, parse_question(term));
  Session session(settings, question.host);
  TRY_SET(auto found, ask_search(session, question, limit));
  if (!found) {
    TRY_SET(found, search_list(settings, question));
  }
  if (found->size() > limit) found->resize(limit);
  if (question.host != kHub)
    for (FoundRepository& one : *found) one.name.insert(0, question.host + "/");
  return *std::move(found);
}

}  // namespace planet::registry
