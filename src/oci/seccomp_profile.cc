#include "oci/seccomp_profile.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"
#include "oci/judge.h"
#include "oci/spec_fields.h"
#include "oci/spec_json.h"
#include "oci/validate.h"

namespace planet::oci {

// The file as it is written.
struct ConditionInFile {
  std::vector<std::string> caps, arches;
  std::string min_kernel;
};

struct RuleInFile {
  std::string name, action, errno_name, comment;
  std::vector<std::string> names;
  std::optional<unsigned> errno_ret;
  std::vector<SeccompArg> args;
  ConditionInFile includes, excludes;
};

struct ProfileInFile {
  Seccomp common;
  std::string default_errno;
  std::vector<ProfileArchitecture> arch_map;
  std::vector<RuleInFile> syscalls;
};

void describe(auto& v, Is<ConditionInFile> auto& condition) {
  v.optional("caps", condition.caps);
  v.optional("arches", condition.arches);
  v.optional("minKernel", condition.min_kernel);
}

void describe(auto& v, Is<RuleInFile> auto& rule) {
  v.optional("name", rule.name);
  v.optional("names", rule.names);
  v.required("action", rule.action);
  v.optional("errnoRet", rule.errno_ret);
  v.optional("errno", rule.errno_name);
  v.optional("args", rule.args);
  v.optional("comment", rule.comment);
  v.optional("includes", rule.includes);
  v.optional("excludes", rule.excludes);
}

void describe(auto& v, Is<ProfileArchitecture> auto& entry) {
  v.required("architecture", entry.architecture);
  v.optional("subArchitectures", entry.sub_architectures);
}

void describe(auto& v, Is<ProfileInFile> auto& profile) {
  v.required("defaultAction", profile.common.default_action);
  v.optional("defaultErrnoRet", profile.common.default_errno_ret);
  v.optional("defaultErrno", profile.default_errno);
  v.optional("architectures", profile.common.architectures);
  v.optional("archMap", profile.arch_map);
  v.optional("flags", profile.common.flags);
  v.optional("listenerPath", profile.common.listener_path);
  v.optional("listenerMetadata", profile.common.listener_metadata);
  v.optional("syscalls", profile.syscalls);
}

namespace {

constexpr std::string_view kDocument = "profile";

// The third visitor of a description, beside Reader and Writer: which fields there are.
class FieldNames {
 public:
  template <class T>
  void required(std::string_view name, const T& /*field*/) {
    names_.push_back(name);
  }
  template <class T>
  void optional(std::string_view name, const T& /*field*/) {
    names_.push_back(name);
  }
  const std::vector<std::string_view>& names() const { return names_; }

 private:
  std::vector<std::string_view> names_;
};

// A field that is misspelt is a rule that does not hold: it must not be passed over.
template <class T>
Result<> only_fields_of(const json::value& value, const Path& path) {
  if (value.is_null()) return {};
  FieldNames known;
  const T described{};
  describe(known, described);
  for (const auto& member : value.get_object())
    if (!is_one_of(known.names(), view(member.key())))
      return fail(Code::kInvalidArgument, Path::field(path, view(member.key())).text() +
                                              " is unknown, expected " + one_of(known.names()));
  return {};
}

template <class T>
Result<> only_fields_in_list(const json::object& in, std::string_view name, const Path& path) {
  const json::value* list = in.if_contains({name.data(), name.size()});
  if (list == nullptr || list->is_null()) return {};
  const Path here = Path::field(path, name);
  for (std::size_t i = 0; i < list->get_array().size(); ++i)
    TRY(only_fields_of<T>(list->get_array()[i], Path::element(here, i)));
  return {};
}

// After reading, which has seen to it that objects are objects.
Result<> only_known_fields(const json::value& document) {
  const Path top(kDocument);
  TRY(only_fields_of<ProfileInFile>(document, top));
  const json::object& profile = document.get_object();
  TRY(only_fields_in_list<ProfileArchitecture>(profile, "archMap", top));
  TRY(only_fields_in_list<RuleInFile>(profile, "syscalls", top));
  const json::value* rules = profile.if_contains("syscalls");
  if (rules == nullptr || rules->is_null()) return {};
  const Path list = Path::field(top, "syscalls");
  for (std::size_t i = 0; i < rules->get_array().size(); ++i) {
    const json::object& rule = rules->get_array()[i].get_object();
    const Path here = Path::element(list, i);
    TRY(only_fields_in_list<SeccompArg>(rule, "args", here));
    for (const std::string_view name : {"includes", "excludes"})
      if (const json::value* condition = rule.if_contains({name.data(), name.size()}))
        TRY(only_fields_of<ConditionInFile>(*condition, Path::field(here, name)));
  }
  return {};
}

// containers-common writes the errno as a name, too, which then counts.
Result<> take_errno(const std::string& where, const std::string& name,
                    std::optional<unsigned>& number) {
  if (name.empty()) return {};
  constexpr int kMostNamed = 133;  // EHWPOISON
  for (int value = 1; value <= kMostNamed; ++value) {
    const char* known = ::strerrorname_np(value);
    if (known != nullptr && name == known) {
      number = static_cast<unsigned>(value);
      return {};
    }
  }
  return wrong_text(where, name, "a name such as EPERM");
}

Result<RuleCondition> take_condition(const std::string& where, ConditionInFile&& in) {
  TRY(check_words(where + ".caps", in.caps, kCapabilities));
  RuleCondition condition{
      .caps = std::move(in.caps), .arches = std::move(in.arches), .min_kernel = {}};
  if (in.min_kernel.empty()) return condition;
  const std::size_t dot = in.min_kernel.find('.');
  const auto major = parse_number<unsigned>(std::string_view(in.min_kernel).substr(0, dot), "");
  const auto minor =
      dot == std::string::npos
          ? Result<unsigned>(fail(Code::kInvalidArgument, ""))
          : parse_number<unsigned>(std::string_view(in.min_kernel).substr(dot + 1), "");
  if (!major || !minor)
    return wrong_text(where + ".minKernel", in.min_kernel, "a version such as 4.8");
  condition.min_kernel = KernelVersion{.major = *major, .minor = *minor};
  return condition;
}

Result<ProfileRule> take_rule(const std::string& where, RuleInFile&& in) {
  if (!in.name.empty() && !in.names.empty())
    return contradiction(where, "has both name and names; use one of them");
  ProfileRule out;
  if (!in.name.empty()) in.names.push_back(std::move(in.name));
  out.rule = {.names = std::move(in.names),
              .action = std::move(in.action),
              .errno_ret = in.errno_ret,
              .args = std::move(in.args)};
  TRY(take_errno(where + ".errno", in.errno_name, out.rule.errno_ret));
  TRY_SET(out.includes, take_condition(where + ".includes", std::move(in.includes)));
  TRY_SET(out.excludes, take_condition(where + ".excludes", std::move(in.excludes)));
  return out;
}

// What config.json may have and a file for --security-opt may not: nobody listens.
Result<> check_no_listener(const SeccompProfile& profile) {
  const std::string document(kDocument);
  const auto refuse = [](const std::string& what) {
    return fail(Code::kUnsupported, what + ": a listener for system calls is not supported");
  };
  if (!profile.common.listener_path.empty() || !profile.common.listener_metadata.empty())
    return refuse(document + ".listenerPath is set");
  for (std::size_t i = 0; i < profile.rules.size(); ++i)
    if (profile.rules[i].rule.action == "SCMP_ACT_NOTIFY")
      return refuse(at(document + ".syscalls", i) + ".action is SCMP_ACT_NOTIFY");
  if (is_one_of(profile.common.flags, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
    return refuse(document + ".flags has SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
  return {};
}

Result<> check_profile(const SeccompProfile& profile) {
  const std::string document(kDocument);
  if (!profile.common.architectures.empty() && !profile.arch_map.empty())
    return contradiction(document, "has both architectures and archMap; use one of them");
  for (std::size_t i = 0; i < profile.arch_map.size(); ++i) {
    const std::string where = at(document + ".archMap", i);
    TRY(check_word(where + ".architecture", profile.arch_map[i].architecture,
                   kSeccompArchitectures));
    TRY(check_words(where + ".subArchitectures", profile.arch_map[i].sub_architectures,
                    kSeccompArchitectures));
  }
  TRY(check_no_listener(profile));
  Seccomp whole = profile.common;
  for (const ProfileRule& rule : profile.rules) whole.syscalls.push_back(rule.rule);
  return validate_seccomp(whole, document);
}

bool holds(const ProfileRule& rule, const std::vector<std::string>& capabilities,
           const Machine& machine) {
  const auto has = [&](const std::string& name) { return is_one_of(capabilities, name); };
  const RuleCondition& in = rule.includes;
  const RuleCondition& out = rule.excludes;
  if (is_one_of(out.arches, machine.arch) || std::ranges::any_of(out.caps, has) ||
      (out.min_kernel && machine.kernel >= *out.min_kernel))
    return false;
  return (in.arches.empty() || is_one_of(in.arches, machine.arch)) &&
         std::ranges::all_of(in.caps, has) && (!in.min_kernel || machine.kernel >= *in.min_kernel);
}

}  // namespace

Result<SeccompProfile> parse_seccomp_profile(std::string_view text) {
  TRY_SET(const json::value document, parse_json(text, kMostProfileBytes));
  ProfileInFile in;
  TRY(Reader::read(document, Path(kDocument), in));
  TRY(only_known_fields(document));
  SeccompProfile profile{
      .common = std::move(in.common), .arch_map = std::move(in.arch_map), .rules = {}};
  TRY(take_errno(std::string(kDocument) + ".defaultErrno", in.default_errno,
                 profile.common.default_errno_ret));
  for (std::size_t i = 0; i < in.syscalls.size(); ++i) {
    TRY_SET(ProfileRule rule,
            take_rule(at(std::string(kDocument) + ".syscalls", i), std::move(in.syscalls[i])));
    profile.rules.push_back(std::move(rule));
  }
  TRY(check_profile(profile));
  return profile;
}

Seccomp choose_rules(const SeccompProfile& profile, const std::vector<std::string>& capabilities,
                     const Machine& machine) {
  Seccomp chosen = profile.common;
  const auto own =
      std::ranges::find(profile.arch_map, machine.seccomp_arch, &ProfileArchitecture::architecture);
  if (own != profile.arch_map.end()) {
    chosen.architectures = own->sub_architectures;
    chosen.architectures.insert(chosen.architectures.begin(), own->architecture);
  }
  for (const ProfileRule& rule : profile.rules)
    if (holds(rule, capabilities, machine)) chosen.syscalls.push_back(rule.rule);
  return chosen;
}

std::string write_seccomp(const Seccomp& seccomp) {
  return write_as(seccomp, Form::kCompact);
}

Result<Seccomp> parse_seccomp(std::string_view text) {
  return parse_as<Seccomp>(text, kMostConfigBytes, "seccomp");
}

}  // namespace planet::oci
