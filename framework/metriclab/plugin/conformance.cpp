// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <metriclab/plugin/conformance.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {

Conformance::~Conformance() = default;

bool Checks::kept() const {
  return std::all_of(all_.begin(), all_.end(),
                     [](const Check& check) { return check.failure.empty(); });
}

namespace {

double inside(const ParameterDescription& is) {
  if (is.least && is.most) return (is.least->value + is.most->value) / 2;
  if (is.least) return is.least->value + 1;
  if (is.most) return is.most->value - 1;
  return 1;
}

Value stand_in(Registry& registry, const ParameterDescription& is) {
  auto one = [&]() -> Value {
    switch (is.type) {
      case ParameterType::boolean:
        return true;
      case ParameterType::integer:
        return static_cast<std::int64_t>(std::floor(inside(is)));
      case ParameterType::number:
        return inside(is);
      case ParameterType::string:
        return is.choices.empty() ? std::string("stand-in") : is.choices.front();
      case ParameterType::plugin: {
        const auto names = registry.names(is.plugin_kind);
        return names.empty() ? Value()
                             : metriclab::stand_in(registry, is.plugin_kind, names.front());
      }
      case ParameterType::group: {
        Value group = Value::object();
        for (const ParameterDescription& field : is.fields)
          if (field.required) group.set(field.name, stand_in(registry, field));
        return group;
      }
    }
    return {};
  };
  return is.list ? Value(Value::List{one()}) : one();
}

bool is_name(const std::string& name) {
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

/// Walks over the parameters, groups' fields too. `with(value)` is the block in which that
/// parameter has that value.
class Walk {
 public:
  Walk(Registry& registry, const std::string& kind, const std::string& name, Checks& checks)
      : registry_(registry), kind_(kind), name_(name), checks_(checks) {}

  void parameters(const std::vector<ParameterDescription>& all, const std::string& pointer,
                  const std::function<Value(const std::string& name, Value value)>& with) {
    for (const ParameterDescription& is : all) {
      const std::string here = pointer + pointer_step(is.name);
      auto given = [&](Value value) {
        return with(is.name, is.list ? Value(Value::List{std::move(value)}) : std::move(value));
      };
      declared(is, here, all);
      const std::string in_list = is.list ? here + "/0" : here;
      refuses(in_list, "a value of another type",
              given(is.type == ParameterType::boolean ? Value("yes") : Value(true)));
      if (is.list && !is.nullable) refuses(here, "what is no list", with(is.name, Value(true)));
      if (!is.nullable && !is.list && is.type != ParameterType::plugin)
        refuses(here, "null", with(is.name, Value()));
      if (is.type == ParameterType::integer)
        refuses(in_list, "a fraction", given(std::floor(inside(is)) + 0.5));
      if (!is.choices.empty())
        refuses(in_list, "a word that is no choice", given("no such choice"));
      if (is.type == ParameterType::plugin)
        refuses(in_list, "a plugin that there is not", given("no such plugin"));
      bound(is, in_list, is.least, -1, given);
      bound(is, in_list, is.most, 1, given);
      if (is.type != ParameterType::group) continue;
      parameters(is.fields, in_list, [&](const std::string& field, Value value) {
        Value group = Value::object();
        for (const ParameterDescription& needed : is.fields)
          if (needed.required) group.set(needed.name, stand_in(registry_, needed));
        group.set(field, std::move(value));
        return given(std::move(group));
      });
    }
  }

 private:
  void declared(const ParameterDescription& is, const std::string& pointer,
                const std::vector<ParameterDescription>& all) {
    checks_.law(pointer + " is named and explained", [&]() -> std::string {
      if (!is_name(is.name)) return "its name is not a word of letters, digits and _";
      if (is.meaning.empty() || is.meaning.find('\n') != std::string::npos)
        return "its meaning is not one line";
      if (is.least && is.most && is.least->value > is.most->value) return "its range is empty";
      if (is.type == ParameterType::plugin && is.plugin_kind.empty())
        return "the kind of plugin is not said";
      if (is.unused_when.empty()) return "";
      const bool there = std::any_of(
          all.begin(), all.end(), [&](const auto& other) { return other.name == is.unused_when; });
      return there
                 ? ""
                 : "unused_when names \"" + is.unused_when + "\", which is no parameter beside it";
    });
  }

  void bound(const ParameterDescription& is, const std::string& pointer,
             const std::optional<Bound>& end, int side, const std::function<Value(Value)>& given) {
    if (!end) return;
    const double step =
        is.type == ParameterType::integer ? 1 : std::max(1e-6, std::abs(end->value) * 1e-6);
    const double outside = end->open ? end->value : end->value + side * step;
    refuses(pointer,
            fmt::format("{}, {} its {} {}", outside, end->open ? "the open end of" : "outside",
                        side < 0 ? "least value" : "greatest value", end->value),
            given(is.type == ParameterType::integer && outside == std::floor(outside)
                      ? Value(static_cast<std::int64_t>(outside))
                      : Value(outside)));
  }

  /// A problem must be told at the very place.
  void refuses(const std::string& pointer, const std::string& what, const Value& block) {
    checks_.law(pointer + " refuses " + what, [&]() -> std::string {
      Problems problems;
      registry_.resolve(kind_, block, "", problems);
      for (const Problem& problem : problems)
        if (problem.pointer == pointer && !problem.message.empty()) return "";
      return "it is taken: " + to_json_text(block, -1);
    });
  }

  Registry& registry_;
  const std::string& kind_;
  const std::string& name_;
  Checks& checks_;
};

std::string told(const Problems& problems) {
  return problems.empty() ? "" : problems.front().pointer + ": " + problems.front().message;
}

}  // namespace

Value stand_in(Registry& registry, const std::string& kind, const std::string& name) {
  Value block = Value::object();
  block.set("plugin", name);
  for (const ParameterDescription& is : registry.description(kind, name).parameters)
    if (is.required) block.set(is.name, stand_in(registry, is));
  return block;
}

void check_declaration(Registry& registry, const std::string& kind, const std::string& name,
                       const Value& block, Checks& checks) {
  const LibraryFile& library = registry.library(kind, name);
  PluginDescription is;
  checks.law("it describes itself", [&]() -> std::string {
    is = registry.library_description(kind, name);
    if (is.summary.empty() || is.summary.find('\n') != std::string::npos)
      return "its summary is not one line";
    if (is.sources.empty())
      return "it names no source: authors, title, venue, year; or what it is, where it is nobody's";
    if (std::any_of(is.sources.begin(), is.sources.end(),
                    [](const auto& text) { return text.empty(); }))
      return "a source is empty";
    return "";
  });
  checks.law("its name is that of its file", [&]() -> std::string {
    if (!is_name(name)) return "\"" + name + "\" is not a word of letters, digits and _";
    // Or its beginning, for names that builds keep for themselves: all_tuples.so holds "all".
    const std::string file = library.path.stem().string();
    return file == name || file.starts_with(name + "_")
               ? ""
               : library.path.filename().string() + " holds " + name;
  });
  checks.law("nothing of it runs when its library is opened", [&]() -> std::string {
    if (library.initializers == 0 || detail::kSanitizers != "none") return "";
    return fmt::format(
        "{} static initializers; make what they set constexpr, or a static inside a function "
        "(without optimisation Eigen's headers bring some: build with -O1 or more)",
        library.initializers);
  });
  checks.law("its description goes through JSON unchanged, and is the one beside the library",
             [&]() -> std::string {
               if (!(description_from_value(parse_json(to_json_text(to_value(is)))) == is))
                 return "it is not the same afterwards";
               if (!(registry.description(kind, name) == is))
                 return "the .json beside the library says something else; build it again";
               return "";
             });
  checks.law("its defaults are in their ranges, and a resolved block resolves to itself",
             [&]() -> std::string {
               Problems problems;
               const Value resolved = registry.resolve(kind, block, "", problems);
               if (!problems.empty()) return told(problems);
               const Value again = registry.resolve(kind, resolved, "", problems);
               if (!problems.empty()) return told(problems);
               return again == resolved
                          ? ""
                          : to_json_text(resolved, -1) + " became " + to_json_text(again, -1);
             });
  checks.law("an unknown parameter is refused, the nearest named", [&]() -> std::string {
    const std::string slip = is.parameters.empty() ? "no_such" : is.parameters.front().name + "x";
    Value wrong = block;
    wrong.set(slip, 1);
    Problems problems;
    registry.resolve(kind, wrong, "", problems);
    for (const Problem& problem : problems)
      if (problem.pointer == pointer_step(slip))
        return is.parameters.empty() || problem.message.find("did you mean \"") != std::string::npos
                   ? ""
                   : problem.message;
    return "it is taken";
  });
  checks.law("a required parameter that is left out is asked for", [&]() -> std::string {
    for (const ParameterDescription& parameter : is.parameters) {
      if (!parameter.required) continue;
      Value without = Value::object();
      for (const Value::Member& member : block.as_object())
        if (member.key != parameter.name) without.set(member.key, member.value);
      Problems problems;
      registry.resolve(kind, without, "", problems);
      if (problems.empty()) return parameter.name + " is not missed";
    }
    return "";
  });
  Walk(registry, kind, name, checks)
      .parameters(is.parameters, "", [&](const std::string& parameter, Value value) {
        Value changed = block;
        changed.set(parameter, std::move(value));
        return changed;
      });
  checks.law("it can be created", [&]() -> std::string {
    const auto first = registry.create(kind, registry.resolve(kind, block));
    const auto second = registry.create(kind, registry.resolve(kind, block));
    return first && second ? "" : "it gives nothing";
  });
}

}  // namespace metriclab
