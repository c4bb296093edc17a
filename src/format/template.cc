#include "format/template.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "format/functions.h"
#include "format/human.h"
#include "format/syntax.h"
#include "format/value.h"

namespace planet::format {
namespace {

namespace json = oci::json;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalidArgument, std::move(what));
}

// Objects whose members are whatever a user named: one that is missing is nothing, not a mistake in the format.
bool is_map(std::string_view name) {
  constexpr std::string_view kMaps[] = {
      "Annotations", "Data",  "DriverOpts",   "ExposedPorts", "Label",   "Labels", "Networks",
      "Options",     "Ports", "PortBindings", "Storage",      "Sysctls", "Tmpfs",  "Volumes"};
  return std::ranges::find(kMaps, name) != std::end(kMaps);
}

std::string names_of(const json::object& object) {
  constexpr std::size_t kMostShown = 40;
  std::string names;
  std::size_t shown = 0;
  for (const auto& member : object) {
    if (shown++ == kMostShown) return names + ", ...";
    names += (names.empty() ? "" : ", ") + printable(oci::view(member.key()));
  }
  return names;
}

class Run {
 public:
  Run(Escape escape, bool titles) : escape_(escape), titles_(titles) {}

  Result<> list(const std::vector<Node>& nodes, const Value& dot) {
    const std::size_t depth = variables_.size();
    for (const Node& node : nodes) TRY(one(node, dot));
    variables_.resize(depth);
    return {};
  }

  Result<std::string> whole(const std::vector<Node>& nodes, const Value& dot) {
    variables_.emplace_back("$", dot);
    TRY(list(nodes, dot));
    return std::move(out_);
  }

 private:
  Result<> one(const Node& node, const Value& dot) {
    TRY(budget_.spend(node.text.size()));
    if (node.kind == Node::Kind::kText) {
      out_ += node.text;
      return {};
    }
    if (node.kind == Node::Kind::kOutput) return output(node, dot);
    const std::size_t depth = variables_.size();
    TRY_SET(const Value value, evaluate(node.pipeline, dot));
    if (!node.pipeline.variables.empty() && node.kind != Node::Kind::kRange)
      TRY(assign(node.pipeline, value));
    if (!is_true(*value)) {
      TRY(list(node.otherwise, dot));
    } else if (node.kind == Node::Kind::kRange) {
      TRY(range(node, value));
    } else {
      TRY(list(node.body, node.kind == Node::Kind::kIf ? dot : value));
    }
    variables_.resize(depth);
    return {};
  }

  Result<> output(const Node& node, const Value& dot) {
    TRY_SET(const Value value, evaluate(node.pipeline, dot));
    if (!node.pipeline.variables.empty()) return assign(node.pipeline, value);
    std::string text = value_text(*value);
    if (escape_ != Escape::kNone) text = terminal_text(text, escape_ == Escape::kLines);
    TRY(budget_.spend(text.size()));
    out_ += text;
    return {};
  }

  Result<> assign(const Pipeline& pipeline, const Value& value) {
    if (pipeline.variables.size() != 1)
      return bad("the format has two variables where {{range}} is not");
    const std::string& name = pipeline.variables[0];
    if (pipeline.declares) {
      variables_.emplace_back(name, value);
      return {};
    }
    const auto found = std::ranges::find(variables_.rbegin(), variables_.rend(), name,
                                         &std::pair<std::string, Value>::first);
    if (found == variables_.rend()) return bad("the format has no variable " + quote(name));
    found->second = value;
    return {};
  }

  Result<> range(const Node& node, const Value& value) {
    if (const json::array* elements = value->if_array()) {
      std::int64_t index = 0;
      for (const json::value& element : *elements)
        TRY(turn(node, own(index++), part_of(value, element)));
      return {};
    }
    const json::object* object = value->if_object();
    if (object == nullptr)
      return bad("the format has a {{range}} over what is no list: " +
                 quote(value_text(*value).substr(0, 100)));
    std::vector<const json::key_value_pair*> members;  // in the order of their keys, as Go's maps
    for (const auto& member : *object) members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) { return oci::view(member->key()); });
    for (const auto* member : members)
      TRY(turn(node, own_text(oci::view(member->key())), part_of(value, member->value())));
    return {};
  }

  Result<> turn(const Node& node, Value key, const Value& element) {
    TRY(budget_.spend(0));
    const std::size_t depth = variables_.size();
    const std::vector<std::string>& names = node.pipeline.variables;
    if (names.size() == 2) variables_.emplace_back(names[0], std::move(key));
    if (!names.empty()) variables_.emplace_back(names.back(), element);
    TRY(list(node.body, element));
    variables_.resize(depth);
    return {};
  }

  Result<Value> evaluate(const Pipeline& pipeline, const Value& dot) {
    Value value;
    for (const Command& command : pipeline.commands) {
      TRY(budget_.spend(0));
      TRY_SET(value, run(command, dot, std::exchange(value, nullptr)));
    }
    return value;
  }

  // `last` is what the command before gave, if there was one.
  Result<Value> run(const Command& command, const Value& dot, const Value& last) {
    const Operand& first = command.words.front();
    const bool called = first.kind == Operand::Kind::kFunction;
    std::vector<Value> args;
    for (std::size_t i = 1; i < command.words.size(); ++i) {
      TRY_SET(Value value, operand(command.words[i], dot));
      args.push_back(std::move(value));
      if (called && is_lazy(first.name) && is_true(*args.back()) == (first.name == "or"))
        return args.back();
    }
    if (last != nullptr) args.push_back(last);
    if (!called) return field_with_arguments(first, dot, args);
    if (!titles_ || args.empty()) {
      TRY_SET(const Value value, call(first.name, args, budget_));
      return fields_of(value, first);
    }
    return title_of(first.name, args);
  }

  // {{json .Names}} has the title of {{.Names}}.
  Result<Value> title_of(const std::string& name, const std::vector<Value>& args) {
    constexpr std::string_view kOfOneValue[] = {"json",  "split", "join",     "title", "lower",
                                                "upper", "pad",   "truncate", "slice"};
    if (std::ranges::find(kOfOneValue, name) != std::end(kOfOneValue)) return args[0];
    return call(name, args, budget_);
  }

  // {{.Label "a.b"}} is docker's way to look into labels.
  Result<Value> field_with_arguments(const Operand& first, const Value& dot,
                                     const std::vector<Value>& args) {
    TRY_SET(Value value, operand(first, dot));
    if (args.empty()) return value;
    if (args.size() > 1 || first.fields.empty() || first.fields.back() != "Label")
      return bad("the format gives arguments to what takes none");
    if (!titles_) return index_of(value, *args[0]);
    std::string title = value_text(*args[0]);
    title.erase(0, title.rfind('.') + 1);
    std::ranges::replace_if(title, [](char c) { return c == '-' || c == '_'; }, ' ');
    return call("upper", {own_text(title)}, budget_);
  }

  Result<Value> operand(const Operand& operand, const Value& dot) {
    TRY(budget_.spend(0));
    switch (operand.kind) {
      case Operand::Kind::kDot:
        return fields_of(dot, operand);
      case Operand::Kind::kLiteral:
        return fields_of(borrow(operand.literal), operand);
      case Operand::Kind::kNested: {
        TRY_SET(const Value value, evaluate(*operand.nested, dot));
        return fields_of(value, operand);
      }
      case Operand::Kind::kFunction: {
        TRY_SET(const Value value, call(operand.name, {}, budget_));
        return fields_of(value, operand);
      }
      case Operand::Kind::kVariable:
        break;
    }
    const auto found = std::ranges::find(variables_.rbegin(), variables_.rend(), operand.name,
                                         &std::pair<std::string, Value>::first);
    if (found == variables_.rend()) return bad("the format has no variable " + quote(operand.name));
    return fields_of(found->second, operand);
  }

  static Result<Value> fields_of(Value value, const Operand& operand) {
    bool free = false;
    for (const std::string& name : operand.fields) {
      const json::object* object = value->if_object();
      if (object == nullptr)
        return bad("the format wants field " + quote(name) + " of what has no fields");
      const json::value* member = object->if_contains({name.data(), name.size()});
      if (member == nullptr && free) return own({});
      if (member == nullptr)
        return bad("the format wants a field " + quote(name) + ", and there is " +
                   names_of(*object));
      value = part_of(value, *member);
      free = is_map(name);
    }
    return value;
  }

  Escape escape_;
  bool titles_;
  Budget budget_;
  std::vector<std::pair<std::string, Value>> variables_;
  std::string out_;
};

}  // namespace

Result<Template> Template::parse(std::string_view text) {
  TRY_SET(std::vector<Node> nodes, parse_template(text));
  return Template(std::make_shared<const std::vector<Node>>(std::move(nodes)));
}

Result<std::string> Template::render(const json::value& data, Escape escape) const {
  return Run(escape, false).whole(*nodes_, borrow(data));
}

Result<std::string> Template::render_titles(const json::value& titles) const {
  return Run(Escape::kNone, true).whole(*nodes_, borrow(titles));
}

}  // namespace planet::format
