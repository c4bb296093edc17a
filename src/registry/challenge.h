// What a registry demands before it answers: the WWW-Authenticate field of a 401, which whoever sits at the other end
// may have written.
//
// Source: RFC 9110, sections 5.6 (tokens, quoted strings, lists) and 11; RFC 6750, section 3 (Bearer); RFC 7617 (Basic);
// the token specification of the distribution project, whose Bearer challenge has "service" and "scope".
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace planet::registry {

// A registry asks one or two things in a few hundred bytes.
inline constexpr std::size_t kMostChallengeBytes = 8192;  // of one field
inline constexpr std::size_t kMostChallenges = 16;        // in one field
inline constexpr std::size_t kMostParameters = 32;        // of one challenge

struct Challenge {
  std::string scheme;  // lower case
  std::string token;   // the token68 form ("Negotiate YII="), else empty
  std::map<std::string, std::string>
      parameters;  // names lower case, values without quotes and escapes

  bool operator==(const Challenge&) const = default;
};

// One field's challenges, in its order; none for an empty field.
// Errors: kInvalidArgument - not the grammar, a parameter twice in one challenge (two readers could disagree on which
// counts), or more than the limits above. The message shows no more than a name, since values may be hostile.
Result<std::vector<Challenge>> parse_challenges(std::string_view field);

// A token has to be fetched from `realm`, an address; whether that may be asked is for who asks it to decide.
struct BearerDemand {
  std::string realm;
  std::string service;              // may be empty
  std::vector<std::string> scopes;  // "repository:library/debian:pull"; may be empty
  bool operator==(const BearerDemand&) const = default;
};

// A name and a password are sent with the request itself.
struct BasicDemand {
  std::string realm;  // for people; may be empty
  bool operator==(const BasicDemand&) const = default;
};

using Demand = std::variant<BearerDemand, BasicDemand>;

// The demand to meet: Bearer where it is offered, since a password then goes to the token's server alone.
// Errors: kUnsupported - neither is offered (the message names what is); kInvalidArgument - a Bearer without realm.
Result<Demand> choose_demand(const std::vector<Challenge>& challenges);

}  // namespace planet::registry
