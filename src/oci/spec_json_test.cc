#include "oci/spec_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "oci/spec_default.h"
#include "oci/spec_fields.h"
#include "oci/validate.h"

namespace planet::oci {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string read_data(const std::string& name) {
  std::ifstream file(PLANET_SOURCE_DIR "/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string sample(const std::string& name) {
  return read_data("src/oci/testdata/" + name + ".json");
}

json::value parsed(const std::string& text) {
  const auto value = parse_json(text, 1U << 24);
  EXPECT_TRUE(value) << value.error().to_string();
  return value ? *value : json::value();
}

// What parsing and judging say of a document; "" is nothing.
std::string verdict(const std::string& text) {
  const auto spec = parse_spec(text);
  if (!spec) return spec.error().to_string();
  const Result<> valid = validate(*spec);
  return valid ? "" : valid.error().to_string();
}

// Whether absence means the same: null, nothing in it, zero, false.
bool says_nothing(const json::value& value) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object)
      if (!says_nothing(member.value())) return false;
    return true;
  }
  if (const auto* list = value.if_array()) return list->empty();
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* number = value.if_int64()) return *number == 0;
  return value.is_null() || value == json::value(false);
}

// The places where `written` lacks what `original` says.
void find_lost(const json::value& original, const json::value& written, const Path& path,
               std::vector<std::string>& lost) {
  if (const auto* object = original.if_object(); object != nullptr && written.is_object()) {
    for (const auto& member : *object) {
      const json::value* there = written.get_object().if_contains(member.key());
      const Path here = Path::field(path, view(member.key()));
      if (there != nullptr)
        find_lost(member.value(), *there, here, lost);
      else if (!says_nothing(member.value()))
        lost.push_back(here.text());
    }
  } else if (const auto* list = original.if_array();
             list != nullptr && written.is_array() && list->size() == written.get_array().size()) {
    for (std::size_t i = 0; i < list->size(); ++i)
      find_lost((*list)[i], written.get_array()[i], Path::element(path, i), lost);
  } else if (original != written) {
    lost.push_back(path.text());
  }
}

std::vector<std::string> lost_by_writing(const std::string& original) {
  const auto spec = parse_spec(original);
  EXPECT_TRUE(spec) << spec.error().to_string();
  if (!spec) return {"all"};
  std::vector<std::string> lost;
  find_lost(parsed(original), parsed(write_spec(*spec)), Path(""), lost);
  return lost;
}

TEST(ParseSpec, ReadsTheDefault) {
  const auto spec = parse_spec(default_spec_text());
  ASSERT_TRUE(spec) << spec.error().to_string();
  EXPECT_EQ(*spec, default_spec());
  EXPECT_EQ(spec->oci_version, "1.2.0");
  EXPECT_EQ(spec->process->args.at(0), "sh");
  EXPECT_TRUE(spec->root->readonly);
  EXPECT_EQ(spec->linux_.resources->devices.at(0).access, "rwm");
  EXPECT_TRUE(validate(*spec));
}

TEST(ParseSpec, LosesNothingOfACompleteOne) {
  const std::string text = sample("complete");
  EXPECT_EQ(verdict(text), "");
  EXPECT_THAT(lost_by_writing(text), testing::ElementsAre());
}

TEST(ParseSpec, LosesNothingOfWhatOthersWrite) {
  for (const char* name : {"runc", "runc_rootless", "crun", "podman", "docker", "containerd"}) {
    SCOPED_TRACE(name);
    const std::string text = sample(name);
    EXPECT_EQ(verdict(text), "");
    EXPECT_THAT(lost_by_writing(text), testing::ElementsAre());
  }
}

TEST(WriteSpec, IsReadBackAsItWas) {
  for (const char* name :
       {"complete", "runc", "runc_rootless", "crun", "podman", "docker", "containerd"}) {
    SCOPED_TRACE(name);
    const auto spec = parse_spec(sample(name));
    ASSERT_TRUE(spec) << spec.error().to_string();
    for (const Form form : {Form::kCompact, Form::kPretty}) {
      const std::string text = write_spec(*spec, form);
      const auto again = parse_spec(text);
      ASSERT_TRUE(again) << again.error().to_string();
      EXPECT_EQ(*again, *spec);
      EXPECT_EQ(write_spec(*again, form), text);
    }
  }
}

TEST(WriteSpec, PartsAreReadBackAsTheyWere) {
  const auto spec = parse_spec(sample("complete"));
  ASSERT_TRUE(spec);
  const auto process = parse_process(write_process(*spec->process, Form::kPretty));
  ASSERT_TRUE(process) << process.error().to_string();
  EXPECT_EQ(*process, *spec->process);
  const auto resources = parse_resources(write_resources(*spec->linux_.resources));
  ASSERT_TRUE(resources) << resources.error().to_string();
  EXPECT_EQ(*resources, *spec->linux_.resources);
  EXPECT_EQ(parse_process(R"({"cwd": "/", "args": 5})").error().to_string(),
            "process.args is 5, expected a list");
  EXPECT_EQ(parse_resources(R"({"memory": {"limit": "1g"}})").error().to_string(),
            "linux.resources.memory.limit is \"1g\", expected a whole number in "
            "-9223372036854775808..9223372036854775807");
}

// As other runtimes print it: the order of their fields, a tab for each level.
TEST(WriteSpec, IsPretty) {
  Spec spec;
  spec.root = RootFs{.path = "rootfs"};
  spec.linux_.namespaces = {{.type = NamespaceType::kNetwork, .path = "/x"}};
  EXPECT_EQ(write_spec(spec, Form::kPretty),
            "{\n\t\"ociVersion\": \"1.2.0\",\n\t\"root\": {\n\t\t\"path\": \"rootfs\"\n\t},\n"
            "\t\"linux\": {\n\t\t\"namespaces\": [\n\t\t\t{\n\t\t\t\t\"type\": \"network\",\n"
            "\t\t\t\t\"path\": \"/x\"\n\t\t\t}\n\t\t]\n\t}\n}\n");
}

// What differs from `runc spec`, and why it may.
TEST(DefaultSpec, IsThatOfRuncOrStricter) {
  auto runc = parse_spec(sample("runc"));
  ASSERT_TRUE(runc);
  Spec ours = default_spec();
  EXPECT_EQ(std::exchange(ours.oci_version, ""), "1.2.0");
  EXPECT_EQ(std::exchange(ours.hostname, ""), "planet");
  runc->oci_version = runc->hostname = "";
  // runc adds a cgroup namespace on v2 hosts only.
  EXPECT_EQ(std::exchange(ours.linux_.namespaces.back().type, NamespaceType::kPid),
            NamespaceType::kCgroup);
  ours.linux_.namespaces.pop_back();
  // Nothing in proc is a device, or executable.
  EXPECT_EQ(std::exchange(ours.mounts[0].options, {}).size(), 3U);
  // Without inheritable ones they never had an effect; later versions of runc leave them out.
  runc->process->capabilities->ambient.clear();
  EXPECT_EQ(ours, *runc);
}

TEST(DefaultSpec, OfAnOrdinaryUserIsThatOfRunc) {
  auto runc = parse_spec(sample("runc_rootless"));
  ASSERT_TRUE(runc);
  Spec ours = rootless_spec(1000, 1000);
  EXPECT_TRUE(validate(ours));
  ours.oci_version = ours.hostname = runc->oci_version = runc->hostname = "";
  std::erase(ours.linux_.namespaces, Namespace{.type = NamespaceType::kCgroup});
  ours.mounts[0].options.clear();
  runc->process->capabilities->ambient.clear();
  EXPECT_EQ(ours, *runc);
}

TEST(ParseSpec, KnowsEveryVersionOfTheFirstSeries) {
  for (const char* good :
       {"1.0.0", "1.0.2-dev", "1.2.1", "1.3.0-rc.1+build.5", "1.99.7", "1.0.0+a"})
    EXPECT_TRUE(check_version(good)) << good;
  for (const char* other : {"0.5.0", "2.0.0", "10.0.0"})
    EXPECT_EQ(check_version(other).error().code(), Code::kUnsupported) << other;
  for (const char* bad : {"", "1", "1.2", "1.2.3.4", "v1.2.0", "1.02.0", "1.2.0-", "1.2.0-a..b",
                          "1.2.0+", "1.2.x", " 1.2.0", "1.2.0\n", "1.2.0-a+b+c"})
    EXPECT_EQ(check_version(bad).error().code(), Code::kInvalidArgument) << bad;
  EXPECT_EQ(verdict(R"({"ociVersion": "2.0.0"})"),
            "ociVersion is \"2.0.0\", expected 1.x.y, the series that this runtime knows");
  EXPECT_EQ(verdict(R"({"ociVersion": "new"})"),
            "ociVersion is \"new\", expected a version such as 1.2.0");
  EXPECT_EQ(verdict("{}"), "ociVersion is missing");
}

TEST(ParseSpec, IgnoresWhatItDoesNotKnow) {
  EXPECT_EQ(verdict(R"({"ociVersion": "1.9.0", "root": {"path": "r", "new": 1}, "newer": {"a": []},
      "windows": {"layerFolders": ["c:\\"]}, "linux": {"newest": null}, "hooks": null})"),
            "");
}

TEST(ParseSpec, RefusesBundlesOfOtherPlatforms) {
  EXPECT_THAT(verdict(R"({"ociVersion": "1.2.0", "vm": {}, "linux": {}})"),
              StartsWith("vm asks for a virtual machine"));
  for (const std::string platform : {"windows", "solaris", "zos", "freebsd"})
    EXPECT_EQ(verdict(R"({"ociVersion": "1.2.0", ")" + platform + R"(": {}})"),
              platform + " is set and linux is not: the bundle is for another platform");
}

TEST(ParseSpec, TakesAnEmptyDeviceRuleForAll) {
  const auto spec = parse_spec(
      R"({"ociVersion": "1.2.0", "linux": {"resources": {"devices": [{"allow": true, "type": "", "access": ""}]}}})");
  ASSERT_TRUE(spec) << spec.error().to_string();
  EXPECT_EQ(spec->linux_.resources->devices.at(0),
            (DeviceRule{.allow = true, .type = "a", .access = "rwm"}));
}

// Every field that the descriptions name, with the path that it has in a document: "mounts[0].source",
// "linux.rdma[*].hcaHandles".
struct Found {
  std::string path;
  bool required;
};

class Collector {
 public:
  Collector(std::vector<Found>& out, std::string prefix) : out_(out), prefix_(std::move(prefix)) {}

  template <class T>
  void required(std::string_view name, T& value) {
    add(name, true);
    descend(path_of(name), value);
  }
  template <class T>
  void optional(std::string_view name, T& value, const T& /*absent*/ = T{}) {
    add(name, false);
    descend(path_of(name), value);
  }
  template <class T>
  void always(std::string_view name, T& value, const T& /*absent*/ = T{}) {
    add(name, false);
    descend(path_of(name), value);
  }
  template <class F>
  void inner(std::string_view name, F&& body) {
    add(name, false);
    Collector below(out_, path_of(name));
    body(below);
  }

 private:
  std::string path_of(std::string_view name) const {
    return prefix_.empty() ? std::string(name) : prefix_ + "." + std::string(name);
  }
  void add(std::string_view name, bool required) { out_.push_back({path_of(name), required}); }

  template <class T>
  void descend(const std::string& path, T& value) {
    if constexpr (std::is_class_v<T> && !std::same_as<T, std::string>) {
      Collector below(out_, path);
      describe(below, value);
    }
  }
  template <class T>
  void descend(const std::string& path, std::optional<T>& /*value*/) {
    T inside{};
    descend(path, inside);
  }
  template <class T>
  void descend(const std::string& path, std::vector<T>& /*value*/) {
    T inside{};
    descend(path + "[0]", inside);
  }
  template <class T>
  void descend(const std::string& path, std::map<std::string, T>& /*value*/) {
    T inside{};
    descend(path + "[*]", inside);
  }

  std::vector<Found>& out_;
  std::string prefix_;
};

std::vector<Found> all_fields() {
  std::vector<Found> out;
  Collector collector(out, "");
  Spec spec;
  describe(collector, spec);
  return out;
}

// The object that `path` stands in, and the last name of it.
std::pair<json::object*, std::string> find_field(json::value& document, std::string_view path) {
  json::value* at = &document;
  while (true) {
    const std::size_t end = path.find_first_of(".[");
    const std::string name(path.substr(0, end));
    json::object* object = at->if_object();
    if (object == nullptr) return {nullptr, name};
    if (end == std::string_view::npos) return {object, name};
    at = object->if_contains(name);
    if (at == nullptr) return {nullptr, name};
    path.remove_prefix(end);
    if (path.starts_with("[0]")) at = &at->as_array().at(0);
    if (path.starts_with("[*]")) at = &at->as_object().begin()->value();
    if (path.front() == '[') path.remove_prefix(3);
    if (path.front() == '.') path.remove_prefix(1);
  }
}

TEST(EveryField, StandsInTheCompleteSpec) {
  json::value document = parsed(sample("complete"));
  const auto fields = all_fields();
  EXPECT_GT(fields.size(), 190U);
  for (const Found& field : fields) {
    const auto [object, name] = find_field(document, field.path);
    EXPECT_TRUE(object != nullptr && object->contains(name)) << field.path;
  }
}

TEST(EveryField, StandsInTheConformanceTable) {
  const std::string table = read_data("docs/spec-conformance.md");
  for (const Found& field : all_fields()) {
    std::string path = field.path;
    for (std::size_t at = path.find("[0]"); at != std::string::npos; at = path.find("[0]"))
      path.replace(at, 3, "[]");
    EXPECT_THAT(table, HasSubstr("| `" + path + "` |"));
  }
}

TEST(EveryField, IsMissedIfItIsRequired) {
  for (const Found& field : all_fields()) {
    json::value document = parsed(sample("complete"));
    const auto [object, name] = find_field(document, field.path);
    ASSERT_NE(object, nullptr) << field.path;
    object->erase(name);
    const std::string text = to_text(document);
    const auto spec = parse_spec(text);
    const std::string got = spec ? "" : spec.error().to_string();
    if (!field.required) {
      EXPECT_EQ(got, "") << field.path;
      continue;
    }
    // The key of a map is what the complete spec has.
    EXPECT_THAT(got, StartsWith(field.path.substr(0, field.path.find("[*]"))));
    EXPECT_THAT(got, testing::EndsWith(name + " is missing")) << field.path;
  }
}

bool is_map(std::string_view name) {
  for (const char* map : {"annotations", "sysctl", "rdma", "unified", "timeOffsets", "netDevices"})
    if (name == map) return true;
  return false;
}

// Calls `body(value, path)` for every value below.
template <class F>
void for_each_value(json::value& value, const Path& path, bool map, F&& body) {
  if (auto* object = value.if_object()) {
    for (auto& member : *object) {
      const Path here =
          map ? Path::entry(path, view(member.key())) : Path::field(path, view(member.key()));
      body(member.value(), here.text());
      for_each_value(member.value(), here, is_map(view(member.key())), body);
    }
  } else if (auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      body((*list)[i], Path::element(path, i).text());
      for_each_value((*list)[i], Path::element(path, i), false, body);
    }
  }
}

// One sentence, not long, that begins with the field.
void expect_names(const std::string& got, const std::string& path, const std::string& broken) {
  EXPECT_THAT(got, StartsWith(path)) << "set to " << broken.substr(0, 100);
  EXPECT_THAT(got, Not(HasSubstr("\n")));
  EXPECT_LT(got.size(), 700U);
}

// Values of every wrong type for the one that stands there.
std::vector<json::value> wrong_for(const json::value& value) {
  const json::value text("bogus");
  const json::value with_nul(json::string("a\0b", 3));
  const json::value huge(1e300);  // a number past all integer types
  const json::value fraction(1.5);
  const json::value list = json::array{1};
  const json::value object = json::object{{"a", json::object{}}};
  if (value.is_string()) return {7, true, list, object, with_nul};
  if (value.is_bool()) return {7, text, list, object};
  if (value.is_array()) return {7, true, text, object};
  if (value.is_object()) return {7, true, text, list};
  return {true, text, list, object, huge, fraction, json::value(-1e300)};
}

TEST(EveryField, IsNamedWhenItsTypeIsWrong) {
  json::value document = parsed(sample("complete"));
  int broken = 0;
  for_each_value(document, Path(""), false, [&](json::value& value, const std::string& path) {
    const json::value original = value;
    for (const json::value& wrong : wrong_for(original)) {
      value = wrong;
      const auto spec = parse_spec(to_text(document));
      ASSERT_FALSE(spec) << path << " set to " << to_text(wrong);
      expect_names(spec.error().to_string(), path, to_text(wrong));
      ++broken;
    }
    value = original;
  });
  EXPECT_GT(broken, 1000);
}

// Taken or not: a huge text never makes a huge error.
TEST(EveryField, MayBeHuge) {
  json::value document = parsed(sample("complete"));
  for_each_value(document, Path(""), false, [&](json::value& value, const std::string& path) {
    if (!value.is_string()) return;
    const json::value original = value;
    value = json::string(100'000, 'x');
    const std::string got = verdict(to_text(document));
    EXPECT_LT(got.size(), 700U) << path;
    if (!got.empty()) {
      EXPECT_THAT(got, HasSubstr(path.substr(0, path.find_last_of(".["))));
    }
    value = original;
  });
}

TEST(ParseSpec, IsBounded) {
  std::string text = sample("complete");
  text.resize(kMostConfigBytes + 1, ' ');
  EXPECT_EQ(verdict(text), "the JSON text has 16777217 bytes, more than 16777216");

  Spec spec = *parse_spec(sample("complete"));
  spec.process->env.assign(10, "A=" + std::string(1U << 20, 'x'));
  spec.process->args.assign(65536, "x");
  EXPECT_EQ(verdict(write_spec(spec)), "");
  for (std::uint32_t i = 0; i < 70'000; ++i)
    spec.linux_.uid_mappings.push_back({.container_id = i, .host_id = i, .size = 1});
  EXPECT_EQ(verdict(write_spec(spec)),
            "linux.uidMappings has 70001 entries, and the kernel takes 340");
}

TEST(ParseSpec, NamesKeysSafely) {
  EXPECT_EQ(verdict("{\"ociVersion\": \"1.2.0\", \"annotations\": {\"\\u001b[31m\": 1}}"),
            "annotations[\"\\x1b[31m\"] is 1, expected a string");
  EXPECT_EQ(verdict("{\"ociVersion\": \"1.2.0\", \"annotations\": {\"a\\u0000b\": \"c\"}}"),
            "annotations has the key \"a\\x00b\", expected one without NUL");
}

}  // namespace
}  // namespace planet::oci
