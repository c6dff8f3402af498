// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <functional>
#include <metriclab/experiment/schema.hpp>
#include <metriclab/experiment/spec.hpp>
#include <metriclab/plugin/json.hpp>

namespace {

using namespace metriclab;

/// Calls `visit` with every object in the value.
void each_object(const Value& value, const std::function<void(const Value&)>& visit) {
  if (value.is_object()) {
    visit(value);
    for (const Value::Member& member : value.as_object()) each_object(member.value, visit);
  } else if (value.is_list()) {
    for (const Value& element : value.as_list()) each_object(element, visit);
  }
}

TEST_CASE("the schema has the keys of a spec, and all that it refers to") {
  Registry registry(Registry::standard_folders());
  const Value schema = spec_schema(registry);
  CHECK(schema.at("$schema").as_string() == "https://json-schema.org/draft/2020-12/schema");
  std::vector<std::string> keys;
  for (const Value::Member& member : schema.at("properties").as_object()) {
    keys.push_back(member.key);
    CHECK_FALSE(member.value.at("description").as_string().empty());
  }
  CHECK(keys == spec_keys());
  int references = 0;
  each_object(schema, [&](const Value& is) {
    const Value* to = is.find("$ref");
    if (to == nullptr || !to->is_string()) return;
    ++references;
    const std::string& pointer = to->as_string();
    CAPTURE(pointer);
    REQUIRE(pointer.starts_with("#/$defs/"));
    CHECK(schema.at("$defs").find(pointer.substr(8)) != nullptr);
  });
  CHECK(references > 20);
}

TEST_CASE("each plugin's parameters are there with meaning, range and default") {
  Registry registry(Registry::standard_folders());
  const Value schema = spec_schema(registry);
  const Value& definitions = schema.at("$defs");
  for (const auto& [kind, prefix] :
       std::vector<std::pair<std::string, std::string>>{{"dataset", "data_set"},
                                                        {"solver", "solver"},
                                                        {"evaluator", "measure"},
                                                        {"loss", "loss"},
                                                        {"architecture", "architecture"}}) {
    for (const std::string& name : registry.names(kind)) {
      CAPTURE(name);
      const Value& properties = definitions.at(prefix + "." + name).at("properties");
      CHECK(properties.at("plugin").at("const").as_string() == name);
      for (const ParameterDescription& is : registry.description(kind, name).parameters) {
        CAPTURE(is.name);
        const Value& property = properties.at(is.name);
        CHECK(property.at("description").as_string().starts_with(is.meaning));
        CHECK((property.find("default") != nullptr) == !is.required);
        if (!is.required) CHECK(property.at("default") == is.default_value);
        if (is.type == ParameterType::number && !is.list && !is.nullable && is.least)
          CHECK((property.find("else") != nullptr ? property.at("else") : property)
                    .at(is.least->open ? "exclusiveMinimum" : "minimum")
                    .as_number() == is.least->value);
      }
    }
  }
}

}  // namespace
