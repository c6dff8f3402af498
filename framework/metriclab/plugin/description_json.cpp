// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/plugin/json.hpp>

namespace metriclab {

namespace {

constexpr std::string_view kTypeNames[] = {"boolean", "integer", "number",
                                           "string",  "plugin",  "group"};

Value strings(const std::vector<std::string>& texts) {
  Value::List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return Value(std::move(list));
}

std::vector<std::string> strings(const Value* value) {
  std::vector<std::string> texts;
  if (value != nullptr)
    for (const Value& text : value->as_list()) texts.push_back(text.as_string());
  return texts;
}

Value to_value(const std::vector<ParameterDescription>& parameters) {
  Value::List list;
  for (const ParameterDescription& is : parameters) {
    Value value = Value::object();
    value.set("name", is.name);
    value.set("type", std::string(kTypeNames[static_cast<std::size_t>(is.type)]));
    value.set("meaning", is.meaning);
    if (is.list) value.set("list", true);
    if (is.nullable) value.set("nullable", true);
    if (is.required)
      value.set("required", true);
    else
      value.set("default", is.default_value);
    if (is.least) value.set(is.least->open ? "above" : "at_least", is.least->value);
    if (is.most) value.set(is.most->open ? "below" : "at_most", is.most->value);
    if (!is.choices.empty()) value.set("choices", strings(is.choices));
    if (!is.plugin_kind.empty()) value.set("plugin_kind", is.plugin_kind);
    if (!is.fields.empty()) value.set("fields", to_value(is.fields));
    if (!is.unused_when.empty()) {
      Value& condition = value.set("unused_when", Value::object());
      condition.set("parameter", is.unused_when);
      condition.set("value", is.unused_value);
    }
    list.push_back(std::move(value));
  }
  return Value(std::move(list));
}

std::vector<ParameterDescription> parameters_from_value(const Value& list) {
  std::vector<ParameterDescription> parameters;
  for (const Value& value : list.as_list()) {
    ParameterDescription& is = parameters.emplace_back();
    is.name = value.at("name").as_string();
    is.meaning = value.at("meaning").as_string();
    const std::string& type = value.at("type").as_string();
    const auto* found = std::find(std::begin(kTypeNames), std::end(kTypeNames), type);
    METRICLAB_CHECK(found != std::end(kTypeNames),
                    "a description with a parameter of type " + type);
    is.type = static_cast<ParameterType>(found - std::begin(kTypeNames));
    is.list = value.find("list") != nullptr;
    is.nullable = value.find("nullable") != nullptr;
    is.required = value.find("required") != nullptr;
    if (const Value* there = value.find("default")) is.default_value = *there;
    if (const Value* bound = value.find("at_least")) is.least = Bound{bound->as_number(), false};
    if (const Value* bound = value.find("above")) is.least = Bound{bound->as_number(), true};
    if (const Value* bound = value.find("at_most")) is.most = Bound{bound->as_number(), false};
    if (const Value* bound = value.find("below")) is.most = Bound{bound->as_number(), true};
    is.choices = strings(value.find("choices"));
    if (const Value* kind = value.find("plugin_kind")) is.plugin_kind = kind->as_string();
    if (const Value* fields = value.find("fields")) is.fields = parameters_from_value(*fields);
    if (const Value* condition = value.find("unused_when")) {
      is.unused_when = condition->at("parameter").as_string();
      is.unused_value = condition->at("value");
    }
  }
  return parameters;
}

}  // namespace

Value to_value(const PluginDescription& description) {
  Value value = Value::object();
  value.set("kind", description.kind);
  value.set("name", description.name);
  value.set("summary", description.summary);
  value.set("sources", strings(description.sources));
  value.set("cost", description.cost);
  value.set("properties", strings(description.properties));
  value.set("parameters", to_value(description.parameters));
  return value;
}

PluginDescription description_from_value(const Value& value) {
  PluginDescription description;
  description.kind = value.at("kind").as_string();
  description.name = value.at("name").as_string();
  description.summary = value.at("summary").as_string();
  description.sources = strings(&value.at("sources"));
  description.cost = value.at("cost").as_string();
  description.properties = strings(&value.at("properties"));
  description.parameters = parameters_from_value(value.at("parameters"));
  return description;
}

}  // namespace metriclab
