// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/plugin/description.hpp>

namespace metriclab {

Component::~Component() = default;
Factory::~Factory() = default;

namespace {

std::string base_type_text(const ParameterDescription& is) {
  switch (is.type) {
    case ParameterType::boolean:
      return "boolean";
    case ParameterType::integer:
      return "integer";
    case ParameterType::number:
      return "number";
    case ParameterType::string:
      return "string";
    case ParameterType::plugin:
      return is.plugin_kind + " plugin";
    case ParameterType::group:
      return "object";
  }
  return "";
}

std::string quoted(const std::vector<std::string>& names) {
  return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

std::string text(const Value& value) {
  if (value.is_boolean()) return value.as_boolean() ? "true" : "false";
  if (value.is_integer()) return std::to_string(value.as_integer());
  if (value.is_number()) return fmt::format("{}", value.as_number());
  if (value.is_string()) return "\"" + value.as_string() + "\"";
  return std::string(value.type_name());
}

/// Checks one value, or one element of a list.
class Checker {
 public:
  Checker(Problems& problems, const ResolvePlugin& resolve_plugin)
      : problems_(problems), resolve_plugin_(resolve_plugin) {}

  Value parameter(const ParameterDescription& is, const Value& given, const std::string& pointer) {
    if (given.is_null() && is.nullable) return given;
    if (!is.list) return element(is, given, pointer);
    if (!given.is_list())
      return problem(pointer,
                     fmt::format("{} is not a list ({}: {})", text(given), is.name, is.meaning));
    Value::List elements;
    for (std::size_t i = 0; i < given.as_list().size(); ++i)
      elements.push_back(element(is, given.as_list()[i], pointer + "/" + std::to_string(i)));
    return Value(std::move(elements));
  }

 private:
  Value element(const ParameterDescription& is, const Value& given, const std::string& pointer) {
    switch (is.type) {
      case ParameterType::plugin:
        return resolve_plugin_(is.plugin_kind, given, pointer);
      case ParameterType::group:
        if (!given.is_object())
          return problem(pointer, fmt::format("{} is not an object ({}: {})", text(given), is.name,
                                              is.meaning));
        if (given.find("plugin") != nullptr)  // a word of plugin blocks only
          return problem(
              pointer + "/plugin",
              fmt::format("\"{}\" is not a plugin; it takes its parameters alone", is.name));
        return resolve_parameters(is.fields, given, "\"" + is.name + "\"", pointer, problems_,
                                  resolve_plugin_);
      case ParameterType::boolean:
        if (!given.is_boolean()) return wrong_type(is, given, "true or false", pointer);
        return given;
      case ParameterType::string: {
        if (!given.is_string()) return wrong_type(is, given, "a string", pointer);
        const std::string& word = given.as_string();
        if (!is.choices.empty() &&
            std::find(is.choices.begin(), is.choices.end(), word) == is.choices.end())
          return problem(pointer, fmt::format("\"{}\" is none of {} ({}: {})", word,
                                              quoted(is.choices), is.name, is.meaning));
        return given;
      }
      case ParameterType::integer: {
        if (!given.is_number()) return wrong_type(is, given, "an integer", pointer);
        const double number = given.as_number();
        if (!given.is_integer() && (number != std::floor(number) || std::abs(number) >= 0x1p63))
          return wrong_type(is, given, "an integer", pointer);
        return in_range(is, given.is_integer() ? given : Value(static_cast<std::int64_t>(number)),
                        pointer);
      }
      case ParameterType::number:
        if (!given.is_number()) return wrong_type(is, given, "a number", pointer);
        return in_range(is, Value(given.as_number()), pointer);
    }
    return {};
  }

  Value in_range(const ParameterDescription& is, Value value, const std::string& pointer) {
    const double number = value.as_number();
    if (is.least && (number < is.least->value || (is.least->open && number == is.least->value)))
      return problem(pointer, is.least->open
                                  ? fmt::format("{} is not above {} ({}: {})", text(value),
                                                is.least->value, is.name, is.meaning)
                                  : fmt::format("{} is below the least value {} ({}: {})",
                                                text(value), is.least->value, is.name, is.meaning));
    if (is.most && (number > is.most->value || (is.most->open && number == is.most->value)))
      return problem(pointer, is.most->open
                                  ? fmt::format("{} is not below {} ({}: {})", text(value),
                                                is.most->value, is.name, is.meaning)
                                  : fmt::format("{} is above the greatest value {} ({}: {})",
                                                text(value), is.most->value, is.name, is.meaning));
    return value;
  }

  Value wrong_type(const ParameterDescription& is, const Value& given, std::string_view wanted,
                   const std::string& pointer) {
    return problem(pointer,
                   fmt::format("{} is not {} ({}: {})", text(given), wanted, is.name, is.meaning));
  }

  Value problem(const std::string& pointer, std::string message) {
    problems_.push_back({pointer, std::move(message)});
    return {};
  }

  Problems& problems_;
  const ResolvePlugin& resolve_plugin_;
};

}  // namespace

Value resolve_parameters(const std::vector<ParameterDescription>& parameters, const Value& given,
                         const std::string& owner, const std::string& pointer, Problems& problems,
                         const ResolvePlugin& resolve_plugin) {
  METRICLAB_CHECK(given.is_object(), "parameters that are not an object");
  std::vector<std::string> names;
  for (const ParameterDescription& is : parameters) names.push_back(is.name);
  // In the order of the file: unknown keys where they stand, then what is missing.
  std::vector<Value> values(parameters.size());
  std::vector<bool> present(parameters.size(), false), wrong(parameters.size(), false);
  Checker checker(problems, resolve_plugin);
  for (const Value::Member& member : given.as_object()) {
    if (member.key == "plugin" || member.key.starts_with("$")) continue;
    const auto found = std::find(names.begin(), names.end(), member.key);
    if (found == names.end()) {
      problems.push_back(
          {pointer + pointer_step(member.key),
           fmt::format("{} has no parameter \"{}\"{}", owner, member.key,
                       names.empty() ? "; it has none" : suggestion(member.key, names))});
      continue;
    }
    const auto i = static_cast<std::size_t>(found - names.begin());
    const std::size_t before = problems.size();
    values[i] = checker.parameter(parameters[i], member.value, pointer + pointer_step(member.key));
    present[i] = true;
    wrong[i] = problems.size() > before;
  }
  Value resolved = Value::object();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ParameterDescription& is = parameters[i];
    if (!present[i] && is.required)
      problems.push_back(
          {pointer, fmt::format("{} needs \"{}\" ({})", owner, is.name, is.meaning)});
    else if (!present[i])  // a default is resolved too: a nested plugin's name becomes its whole
                           // block
      values[i] = checker.parameter(is, is.default_value, pointer + pointer_step(is.name));
    resolved.set(is.name, std::move(values[i]));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ParameterDescription& is = parameters[i];
    if (!present[i] || is.unused_when.empty() || resolved.find(is.name)->is_null()) continue;
    const Value* other = resolved.find(is.unused_when);
    METRICLAB_CHECK(other != nullptr, "unused_when names no parameter: " + is.unused_when);
    const auto place = std::find(names.begin(), names.end(), is.unused_when) - names.begin();
    if (wrong[static_cast<std::size_t>(place)]) continue;  // what it is to be is not known
    const Value* held = other->is_object() && other->find("plugin") ? other->find("plugin") : other;
    // A resolved block has every parameter, so only a value other than the default was somebody's
    // wish.
    const bool unused = is.unused_value.is_list()
                            ? std::ranges::count(is.unused_value.as_list(), *held) > 0
                            : *held == is.unused_value;
    if (unused && (is.required ||
                   !(*resolved.find(is.name) ==
                     checker.parameter(is, is.default_value, pointer + pointer_step(is.name)))))
      problems.push_back(
          {pointer + pointer_step(is.name),
           fmt::format("\"{}\" has no effect while \"{}\" is {}; leave it out", is.name,
                       is.unused_when, held->is_null() ? "not set" : text(*held))});
  }
  return resolved;
}

std::string type_text(const ParameterDescription& is) {
  std::string text = is.list ? "list of " + base_type_text(is) + "s" : base_type_text(is);
  if (!is.choices.empty()) text += " of " + quoted(is.choices);
  if (is.least)
    text += fmt::format(" {} {}", is.least->open ? "above" : "at least", is.least->value);
  if (is.most)
    text += fmt::format("{} {} {}", is.least ? " and" : "", is.most->open ? "below" : "at most",
                        is.most->value);
  if (is.nullable) text += " or null";
  return text;
}

}  // namespace metriclab
