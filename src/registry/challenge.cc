#include "registry/challenge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "registry/text.h"

namespace planet::registry {
namespace {

// The characters of RFC 9110's grammar.
bool is_token_char(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_token68_char(char c) {
  return is_alnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
}
// What may stand in a quoted string: no control characters, so no line break that a log or a header would take for one.
bool is_text(char c) {
  return c == '\t' || !is_control(c);
}

std::unexpected<Error> bad(const std::string& why) {
  return fail(Code::kInvalidArgument, "the WWW-Authenticate field of the answer " + why);
}

class Parser {
 public:
  explicit Parser(std::string_view rest) : rest_(rest) {}

  Result<std::vector<Challenge>> field() {
    std::vector<Challenge> challenges;
    for (skip_list_gaps(); !rest_.empty(); skip_list_gaps()) {
      if (challenges.size() == kMostChallenges)
        return bad("has more than " + std::to_string(kMostChallenges) + " challenges");
      TRY_SET(Challenge next, challenge());
      challenges.push_back(std::move(next));
    }
    return challenges;
  }

 private:
  // auth-scheme [ 1*SP ( token68 / #auth-param ) ]
  Result<Challenge> challenge() {
    Challenge challenge{.scheme = lower(take_while(is_token_char)), .token = {}, .parameters = {}};
    if (challenge.scheme.empty()) return bad("has no scheme where one is due");
    const bool spaced = skip_blanks();
    if (at_end_of_element()) return challenge;
    if (!spaced) return bad("has no space after the scheme " + quote(challenge.scheme));
    if (auto token = take_token68()) {
      challenge.token = *std::move(token);
      return challenge;
    }
    // The list of parameters and the list of challenges are parted by the same comma: what follows one is a parameter if
    // an "=" follows its name.
    do TRY(parameter(challenge));
    while (take_comma_before_parameter());
    return challenge;
  }

  // token BWS "=" BWS ( token / quoted-string )
  Result<> parameter(Challenge& challenge) {
    std::string name = lower(take_while(is_token_char));
    skip_blanks();
    if (name.empty() || !take('='))
      return bad("has no name=value after " + quote(challenge.scheme));
    skip_blanks();
    TRY_SET(std::string value, parameter_value(name));
    skip_blanks();
    if (!at_end_of_element()) return bad("has rubbish after the value of " + quote(name));
    if (challenge.parameters.size() == kMostParameters)
      return bad("has more than " + std::to_string(kMostParameters) +
                 " parameters in one challenge");
    if (const auto [at, inserted] = challenge.parameters.emplace(std::move(name), std::move(value));
        !inserted)
      return bad("has " + quote(at->first) + " twice in one challenge");
    return {};
  }

  Result<std::string> parameter_value(const std::string& name) {
    if (take('"')) return quoted_rest(name);
    const std::string_view value = take_while(is_token_char);
    if (value.empty()) return bad("has no value for " + quote(name));
    return std::string(value);
  }

  // A quoted string from behind its first quote.
  Result<std::string> quoted_rest(const std::string& name) {
    std::string value;
    while (!rest_.empty() && !rest_.starts_with('"')) {
      if (rest_.starts_with('\\')) rest_.remove_prefix(1);
      if (rest_.empty()) break;
      if (!is_text(rest_.front())) return bad("has a control character in " + quote(name));
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    if (!take('"')) return bad("has no closing quote after " + quote(name));
    return value;
  }

  // "a=b" is a parameter, but "a", "a=" and "a==" are tokens: what decides is the end of the element.
  std::optional<std::string> take_token68() {
    const std::string_view before = rest_;
    const std::string_view body = take_while(is_token68_char);
    const std::string_view padding = take_while([](char c) { return c == '='; });
    const std::string_view token = before.substr(0, body.size() + padding.size());
    skip_blanks();
    if (!body.empty() && at_end_of_element()) return std::string(token);
    rest_ = before;
    return std::nullopt;
  }

  bool take_comma_before_parameter() {
    Parser ahead(rest_);
    ahead.skip_list_gaps();
    const std::string_view from_name = ahead.rest_;
    const bool named = !ahead.take_while(is_token_char).empty();
    ahead.skip_blanks();
    if (!named || !ahead.take('=')) return false;
    rest_ = from_name;
    return true;
  }

  template <class F>
  std::string_view take_while(F&& wanted) {
    const auto end = std::ranges::find_if_not(rest_, std::forward<F>(wanted));
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool skip_blanks() {
    return !take_while([](char c) { return c == ' ' || c == '\t'; }).empty();
  }
  // A list may have empty elements: RFC 9110, section 5.6.1.2.
  void skip_list_gaps() {
    take_while([](char c) { return c == ' ' || c == '\t' || c == ','; });
  }
  bool at_end_of_element() const { return rest_.empty() || rest_.starts_with(','); }

  std::string_view rest_;
};

std::string value_of(const Challenge& challenge, const std::string& name) {
  const auto at = challenge.parameters.find(name);
  return at == challenge.parameters.end() ? std::string() : at->second;
}

Result<Demand> bearer(const Challenge& challenge) {
  BearerDemand demand{.realm = value_of(challenge, "realm"),
                      .service = value_of(challenge, "service"),
                      .scopes = {}};
  if (demand.realm.empty())
    return bad("asks for a token without saying where to get one (no realm)");
  const std::string scopes = value_of(challenge, "scope");
  for (const std::string_view scope : split(scopes, ' '))
    if (!scope.empty()) demand.scopes.emplace_back(scope);
  return demand;
}

}  // namespace

Result<std::vector<Challenge>> parse_challenges(std::string_view field) {
  if (field.size() > kMostChallengeBytes)
    return bad("is longer than " + std::to_string(kMostChallengeBytes) + " bytes");
  return Parser(field).field();
}

Result<Demand> choose_demand(const std::vector<Challenge>& challenges) {
  for (const Challenge& challenge : challenges)
    if (challenge.scheme == "bearer") return bearer(challenge);
  std::string offered;
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme == "basic") return BasicDemand{.realm = value_of(challenge, "realm")};
    offered += (offered.empty() ? "" : ", ") + challenge.scheme;
  }
  return fail(Code::kUnsupported,
              "the registry offers no way to log in that Planet knows (Bearer or Basic), but " +
                  (offered.empty() ? std::string("none") : printable(offered)));
}

}  // namespace planet::registry
