#include "engine/parse_mounts.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "engine/parse.h"
#include "engine/volume_name.h"
#include "image/reference.h"

namespace planet::engine {
namespace {

std::unexpected<Error> bad(std::string_view flag, std::string_view text,
                           const std::string& expected) {
  return fail(Code::kInvalidArgument,
              std::string(flag) + " " + quote(text.substr(0, 300)) + ": " + expected);
}

// Rejects what a path in the container may not be. ".." counts as it reads: links are not looked at here.
Result<> check_target(std::string_view flag, std::string_view text, std::string_view target) {
  if (!target.starts_with('/'))
    return bad(flag, text, "the path in the container must be absolute");
  std::size_t depth = 0;
  for (const std::string_view part : split(target, '/')) {
    if (part == "..")
      depth -= depth == 0 ? 0 : 1;
    else if (!part.empty() && part != ".")
      ++depth;
  }
  if (depth == 0) return bad(flag, text, "the container's root cannot be mounted over");
  return {};
}

bool is_host_path(std::string_view source) {
  return source.starts_with('/') || source == "." || source == ".." || source.starts_with("./") ||
         source.starts_with("../");
}

std::string host_path(std::string_view source, const std::string& here) {
  return source.starts_with('/') ? std::string(source) : here + "/" + std::string(source);
}

constexpr std::string_view kPropagations[] = {"shared", "rshared", "slave",
                                              "rslave", "private", "rprivate"};

bool is_propagation(std::string_view word) {
  return std::ranges::find(kPropagations, word) != std::end(kPropagations);
}

// Words that other platforms need, or that are what Planet does anyhow.
bool is_without_effect(std::string_view word) {
  constexpr std::string_view kWords[] = {"rw",        "z",      "Z",     "consistent",
                                         "delegated", "cached", "idmap", "default"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

Result<> add_volume_option(std::string_view text, std::string_view option, Volume& volume) {
  const bool bind = volume.kind == VolumeKind::kBind;
  if (option == "ro" || option == "readonly")
    volume.options.emplace_back("rro");
  else if (is_propagation(option) && bind)
    volume.options.emplace_back(option);
  else if (option == "match-user" && bind)
    volume.match_user = true;
  else if (option == "nocopy" && !bind)
    volume.copy_up = false;
  else if (option == "nocopy" || option == "match-user" || is_propagation(option))
    return bad("-v", text,
               quote(option) + (bind ? " is for volumes, and this is a path of the host"
                                     : " is for paths of the host, and this is a volume"));
  else if (!is_without_effect(option))
    return bad("-v", text, "unknown option " + quote(option));
  return {};
}

Result<bool> parse_bool(std::string_view text, std::string_view field,
                        std::optional<std::string_view> value) {
  if (!value || *value == "true" || *value == "1") return true;
  if (*value == "false" || *value == "0") return false;
  return bad("--mount", text, std::string(field) + " is true or false");
}

oci::Mount tmpfs_mount(std::string destination, const std::vector<std::string>& options) {
  oci::Mount mount{.destination = std::move(destination),
                   .type = "tmpfs",
                   .source = "tmpfs",
                   .options = {"nosuid", "nodev", "noexec"},
                   .uid_mappings = {},
                   .gid_mappings = {}};
  mount.options.insert(mount.options.end(), options.begin(), options.end());
  return mount;
}

// A path below a volume's root. It is resolved there, by descriptors; what it says must still make sense.
Result<> check_subpath(std::string_view text, std::string_view subpath) {
  const auto parts = split(subpath, '/');
  if (subpath.empty() || subpath.starts_with('/') || std::ranges::find(parts, "..") != parts.end())
    return bad("--mount", text, "a subpath is relative, and stays in its volume");
  return {};
}

// The fields of one --mount, in turn.
class MountText {
 public:
  explicit MountText(std::string_view text) : text_(text) { volume_.options = {"rbind"}; }

  Result<> take(std::string_view field) {
    const std::size_t equals = field.find('=');
    const std::string key(field.substr(0, equals));
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = field.substr(equals + 1);
    if (key == "readonly" || key == "ro") {
      TRY_SET(read_only_, parse_bool(text_, key, value));
      writable_ = !read_only_;
      return {};
    }
    if (key == "bind-nonrecursive") {
      TRY_SET(const bool alone, parse_bool(text_, key, value));
      if (alone) volume_.options.front() = "bind";
      return of("bind");
    }
    if (key == "volume-nocopy") {
      TRY_SET(const bool no_copy, parse_bool(text_, key, value));
      volume_.copy_up = !no_copy;
      return of("volume");
    }
    if (key == "idmap" && !value) return {};  // as it is anyhow
    if (key == "match-user") {
      TRY_SET(volume_.match_user, parse_bool(text_, key, value));
      return of("bind");
    }
    if (!value) return bad("--mount", text_, "field " + quote(key) + " has no value");
    return take_value(key, *value);
  }

  Result<> finish(const std::string& here, RunRequest& request) {
    if (volume_.destination.empty()) return bad("--mount", text_, "it has no target");
    TRY(check_target("--mount", text_, volume_.destination));
    for (const std::string& kind : kinds_)
      if (kind != type_)
        return bad("--mount", text_, "options of " + kind + "-* are not for type " + quote(type_));
    if (!volume_.subpath.empty() && type_ != "volume" && type_ != "image")
      return bad("--mount", text_, "subpath is not for type " + quote(type_));
    if (type_ == "tmpfs") return finish_tmpfs(request);
    if (type_ == "image") return finish_image(request);
    if (read_only_) volume_.options.emplace_back(writable_below_ ? "ro" : "rro");
    if (type_ == "bind")
      TRY(finish_bind(here));
    else if (type_ == "volume")
      TRY(finish_volume());
    else
      return bad("--mount", text_, "type " + quote(type_) + " is not volume, bind, tmpfs or image");
    request.volumes.push_back(std::move(volume_));
    return {};
  }

 private:
  // The field is for mounts of this type alone.
  Result<> of(const char* kind) {
    kinds_.emplace_back(kind);
    return {};
  }

  Result<> take_value(const std::string& key, std::string_view value) {
    if (key == "type") {
      type_ = value;
    } else if (key == "source" || key == "src") {
      volume_.source = value;
    } else if (key == "target" || key == "destination" || key == "dst") {
      volume_.destination = value;
    } else if (key == "consistency") {
      if (!is_without_effect(value))
        return bad("--mount", text_, "consistency is consistent, delegated, cached or default");
    } else if (key.starts_with("bind-")) {
      return take_bind(key, value);
    } else if (key.ends_with("subpath")) {
      return take_subpath(key, value);
    } else if (key.starts_with("volume-")) {
      return take_volume(key, value);
    } else if (key.starts_with("tmpfs-")) {
      return take_tmpfs(key, value);
    } else {
      return bad("--mount", text_, "unknown field " + quote(key));
    }
    return {};
  }

  Result<> take_bind(const std::string& key, std::string_view value) {
    if (key == "bind-propagation" && is_propagation(value)) {
      volume_.options.emplace_back(value);
    } else if (key == "bind-recursive" && (value == "enabled" || value == "disabled" ||
                                           value == "writable" || value == "readonly")) {
      if (value == "disabled") volume_.options.front() = "bind";
      writable_below_ = value == "writable";
    } else if (key == "bind-propagation" || key == "bind-recursive") {
      return bad("--mount", text_, key + " does not take " + quote(value));
    } else {
      return bad("--mount", text_, "unknown field " + quote(key));
    }
    return of("bind");
  }

  Result<> take_subpath(const std::string& key, std::string_view value) {
    if (key != "subpath" && key != "volume-subpath" && key != "image-subpath")
      return bad("--mount", text_, "unknown field " + quote(key));
    TRY(check_subpath(text_, value));
    volume_.subpath = value;
    return key == "subpath" ? Result<>() : of(key == "volume-subpath" ? "volume" : "image");
  }

  Result<> take_volume(const std::string& key, std::string_view value) {
    if (key == "volume-label") {
      TRY(add_pair("--mount volume-label", value, volume_.labels));
    } else if (key == "volume-opt") {
      TRY(add_pair("--mount volume-opt", value, volume_.driver_options));
    } else if (key != "volume-driver") {
      return bad("--mount", text_, "unknown field " + quote(key));
    } else if (value != "local") {
      return bad("--mount", text_, "the driver of volumes is local");
    }
    return of("volume");
  }

  Result<> take_tmpfs(const std::string& key, std::string_view value) {
    if (key == "tmpfs-size") {
      TRY_SET(const std::int64_t size, parse_size("--mount tmpfs-size", value));
      tmpfs_.push_back("size=" + std::to_string(size));
      return of("tmpfs");
    }
    if (key != "tmpfs-mode") return bad("--mount", text_, "unknown field " + quote(key));
    const auto mode = parse_number<unsigned>(value, "", 8);
    if (!mode || *mode > 07777U)
      return bad("--mount", text_, "tmpfs-mode is an octal number such as 1777");
    tmpfs_.push_back("mode=" + std::string(value));
    return of("tmpfs");
  }

  Result<> finish_tmpfs(RunRequest& request) {
    if (!volume_.source.empty()) return bad("--mount", text_, "a tmpfs has no source");
    if (read_only_) tmpfs_.emplace_back("ro");
    request.tmpfs.push_back(tmpfs_mount(volume_.destination, tmpfs_));
    return {};
  }

  Result<> finish_image(RunRequest& request) {
    if (volume_.source.empty()) return bad("--mount", text_, "it has no source");
    if (writable_) return bad("--mount", text_, "an image is mounted read-only");
    TRY(image::parse_reference(volume_.source), "--mount " + quote(text_.substr(0, 300)));
    volume_.kind = VolumeKind::kImage;
    volume_.options = {"ro", "nosuid", "nodev"};
    request.volumes.push_back(std::move(volume_));
    return {};
  }

  Result<> finish_bind(const std::string& here) {
    volume_.kind = VolumeKind::kBind;
    if (volume_.source.empty()) return bad("--mount", text_, "it has no source");
    if (!is_host_path(volume_.source))
      return bad("--mount", text_,
                 "the source of a bind is a path: absolute, or ./" + printable(volume_.source));
    volume_.source = host_path(volume_.source, here);
    return {};
  }

  Result<> finish_volume() {
    volume_.kind = VolumeKind::kVolume;
    if (volume_.source.empty()) return {};
    return check_volume_name(volume_.source);
  }

  std::string_view text_;
  std::string type_ = "volume";
  Volume volume_;
  std::vector<std::string> kinds_;  // what the type must be, by the fields that were given
  std::vector<std::string> tmpfs_;
  bool read_only_ = false, writable_below_ = false;
  bool writable_ = false;  // it was said that it is not read-only
};

// Fields between commas; one between double quotes may have commas in it, and "" for a quote: RFC 4180.
Result<std::vector<std::string>> csv_fields(std::string_view text) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"')
      fields.back() += text[++i];
    else if (c == '"' && (quoted || fields.back().empty()))
      quoted = !quoted;
    else if (c == '"')
      return bad("--mount", text, "a quote stands at the beginning of a field");
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  if (quoted) return bad("--mount", text, "a quote is not closed");
  return fields;
}

}  // namespace

Result<> add_pair(std::string_view flag, std::string_view text,
                  std::map<std::string, std::string>& to) {
  TRY_SET(auto pair, parse_pair(flag, text));
  to[std::move(pair.first)] = std::move(pair.second);
  return {};
}

Result<Volume> parse_volume(std::string_view text, const std::string& here) {
  const auto parts = split(text, ':');
  if (parts.size() > 3) return bad("-v", text, "expected [SOURCE:]DESTINATION[:OPTIONS]");
  Volume volume;
  volume.options = {"rbind"};
  volume.destination = parts.size() == 1 ? parts[0] : parts[1];
  TRY(check_target("-v", text, volume.destination));
  if (parts.size() == 1) {
    volume.kind = VolumeKind::kVolume;
    return volume;
  }
  if (parts[0].empty()) return bad("-v", text, "it has no source");
  volume.kind = is_host_path(parts[0]) ? VolumeKind::kBind : VolumeKind::kVolume;
  if (volume.kind == VolumeKind::kVolume) TRY(check_volume_name(parts[0]));
  volume.source = volume.kind == VolumeKind::kBind ? host_path(parts[0], here) : parts[0];
  if (parts.size() != 3) return volume;
  const auto options = split(parts[2], ',');
  for (const std::string_view option : options) TRY(add_volume_option(text, option, volume));
  if (std::ranges::find(options, "ro") != options.end() &&
      std::ranges::find(options, "rw") != options.end())
    return bad("-v", text, "ro and rw contradict each other");
  return volume;
}

Result<oci::Mount> parse_tmpfs(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view target = text.substr(0, colon);
  TRY(check_target("--tmpfs", text, target));
  std::vector<std::string> options;
  if (colon != std::string_view::npos)
    for (const std::string_view option : split(text.substr(colon + 1), ','))
      if (!option.empty()) options.emplace_back(option);
  return tmpfs_mount(std::string(target), options);
}

Result<> parse_mount(std::string_view text, const std::string& here, RunRequest& request) {
  TRY_SET(const std::vector<std::string> fields, csv_fields(text));
  MountText mount(text);
  for (const std::string& field : fields) TRY(mount.take(field));
  return mount.finish(here, request);
}

Result<VolumesFrom> parse_volumes_from(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view mode = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const std::string_view container = text.substr(0, colon);
  if (container.empty() || (colon != std::string_view::npos && mode != "ro" && mode != "rw" &&
                            mode != "z" && mode != "Z"))
    return bad("--volumes-from", text, "expected CONTAINER[:ro|rw]");
  return VolumesFrom{.container = std::string(container), .read_only = mode == "ro"};
}

}  // namespace planet::engine
