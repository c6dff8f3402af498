// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <deque>
#include <functional>
#include <metriclab/data/normalize.hpp>
#include <metriclab/data/split.hpp>
#include <metriclab/experiment/schema.hpp>
#include <metriclab/experiment/spec.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/version.hpp>
#include <set>

namespace metriclab {
namespace {

Value object(Value::Object members) { return Value(std::move(members)); }
Value list(const std::vector<std::string>& words) {
  return Value(Value::List(words.begin(), words.end()));
}
Value reference(const std::string& definition) {
  return object({{"$ref", "#/$defs/" + definition}});
}

/// An object with these properties alone, and keys for editors.
Value closed_object(Value properties, const std::vector<std::string>& required) {
  Value is = object({{"type", "object"}, {"properties", std::move(properties)}});
  if (!required.empty()) is.set("required", list(required));
  // A block of "define" may stand there by its name.
  is.set("patternProperties", object({{"^(\\$.*|use)$", true}}));
  is.set("additionalProperties", false);
  return is;
}

template <class T>
std::vector<ParameterDescription> fields_of() {
  std::vector<ParameterDescription> fields;
  Description<T> group(fields);
  T::describe(group);
  return fields;
}

/// What a spec says of a plugin beside its own parameters.
struct Further {
  Value properties = Value::object();
  std::vector<std::string> required = {};
};

/// What may stand in the place of a method's parameter where the spec has "tune".
Value search_space() {
  const auto ends = [](const char* type) {
    return object(
        {{"type", "array"}, {"items", object({{"type", type}})}, {"minItems", 2}, {"maxItems", 2}});
  };
  Value fields = Value::object();
  for (const std::string& kind : SearchDimension::kinds())
    fields.set(kind, kind == "choice"
                         ? object({{"type", "array"}, {"minItems", 1}})
                         : ends(kind == "int" || kind == "log_int" ? "integer" : "number"));
  Value is = closed_object(std::move(fields), {});
  is.set("description", "values to search among: the least and the greatest, or all of a choice");
  return is;
}

class Writer {
 public:
  explicit Writer(Registry& registry) : registry_(registry) {}

  Value write();

 private:
  Value parameter(const ParameterDescription& is);
  Value element(const ParameterDescription& is);
  Value properties(const std::vector<ParameterDescription>& parameters,
                   std::vector<std::string>& required);
  /// A plugin of that kind, as a parameter has it; defined when all else is.
  Value plugin_of(const std::string& kind);
  /// Defines `name`: a plugin of a kind, by its name or as a block.
  void define_kind(const std::string& name, const std::string& kind, const Further& further);
  Value split();
  Value method();

  Registry& registry_;
  Value definitions_ = Value::object();
  std::deque<std::string> wanted_;  // kinds that are referred to
  std::set<std::string> known_;     // … and those that are or will be defined
  bool searchable_ = false;         // whether a search space may stand in a parameter's place
};

Value Writer::element(const ParameterDescription& is) {
  Value element = Value::object();
  switch (is.type) {
    case ParameterType::boolean:
      element.set("type", "boolean");
      break;
    case ParameterType::integer:
      element.set("type", "integer");
      break;
    case ParameterType::number:
      element.set("type", "number");
      break;
    case ParameterType::string:
      element.set("type", "string");
      if (!is.choices.empty()) element.set("enum", list(is.choices));
      break;
    case ParameterType::plugin:
      return plugin_of(is.plugin_kind);
    case ParameterType::group: {
      std::vector<std::string> required;
      Value fields = properties(is.fields, required);
      return closed_object(std::move(fields), required);
    }
  }
  if (is.least) element.set(is.least->open ? "exclusiveMinimum" : "minimum", is.least->value);
  if (is.most) element.set(is.most->open ? "exclusiveMaximum" : "maximum", is.most->value);
  return element;
}

Value Writer::parameter(const ParameterDescription& is) {
  Value schema = element(is);
  if (is.list) schema = object({{"type", "array"}, {"items", std::move(schema)}});
  if (is.nullable)
    schema = object({{"anyOf", Value(Value::List{std::move(schema), object({{"type", "null"}})})}});
  if (searchable_)
    schema = object(
        {{"if", object({{"type", "object"},
                        {"minProperties", 1},
                        {"maxProperties", 1},
                        {"propertyNames", object({{"enum", list(SearchDimension::kinds())}})}})},
         {"then", reference("search_space")},
         {"else", std::move(schema)}});
  std::string meaning = is.meaning;
  if (!is.unused_when.empty())
    meaning += fmt::format("; no effect while \"{}\" is {}", is.unused_when,
                           to_json_text(is.unused_value, -1));
  schema.set("description", std::move(meaning));
  if (!is.required) schema.set("default", is.default_value);
  return schema;
}

Value Writer::properties(const std::vector<ParameterDescription>& parameters,
                         std::vector<std::string>& required) {
  Value properties = Value::object();
  for (const ParameterDescription& is : parameters) {
    properties.set(is.name, parameter(is));
    if (is.required) required.push_back(is.name);
  }
  return properties;
}

Value Writer::plugin_of(const std::string& kind) {
  if (known_.insert(kind).second) wanted_.push_back(kind);
  return reference(kind);
}

void Writer::define_kind(const std::string& name, const std::string& kind, const Further& further) {
  Value::List by_name, any, branches;
  for (const std::string& plugin : registry_.names(kind)) {
    const PluginDescription* is = nullptr;
    try {
      is = &registry_.description(kind, plugin);
    } catch (const Error&) {
      continue;  // `metriclab doctor` says why
    }
    std::vector<std::string> required = {"plugin"};
    Value fields = object({{"plugin", object({{"const", plugin}, {"description", is->summary}})}});
    searchable_ = kind != "dataset" && kind != "evaluator";
    const Value own = properties(is->parameters, required);
    searchable_ = false;
    for (const Value& more : {own, further.properties})
      for (const Value::Member& member : more.as_object()) fields.set(member.key, member.value);
    required.insert(required.end(), further.required.begin(), further.required.end());
    any.push_back(fields.at("plugin"));
    if (required.size() == 1) by_name.push_back(fields.at("plugin"));
    const std::string definition = name + "." + plugin;
    Value block = closed_object(std::move(fields), required);
    block.set("description", is->summary);
    definitions_.set(definition, std::move(block));
    const Value names_it =
        object({{"type", "object"},
                {"required", list({"plugin"})},
                {"properties", object({{"plugin", object({{"const", plugin}})}})}});
    branches.push_back(object({{"if", names_it}, {"then", reference(definition)}}));
  }
  if (any.empty()) {
    definitions_.set(name,
                     object({{"description", "there is no " + kind}, {"not", Value::object()}}));
    return;
  }
  // Names for editors to complete; what a block may have stands apart, so that a slip in it is
  // marked where it is.
  Value::List ways;
  if (!by_name.empty()) ways.push_back(object({{"anyOf", std::move(by_name)}}));
  ways.push_back(object({{"type", "object"},
                         {"required", list({"use"})},
                         {"properties", object({{"use", object({{"type", "string"}})}})}}));
  if (name != "data_set" && name != "measure")  // a method's parts may be searched for
    ways.push_back(object({{"type", "object"}, {"required", list({"choice"})}}));
  ways.push_back(
      object({{"type", "object"},
              {"required", list({"plugin"})},
              {"properties", object({{"plugin", object({{"anyOf", std::move(any)}})}})}}));
  definitions_.set(
      name, object({{"description",
                     "the name of a " + kind + ", or an object with \"plugin\" and its parameters"},
                    {"anyOf", std::move(ways)},
                    {"allOf", std::move(branches)}}));
}

Value Writer::split() {
  std::vector<std::string> required;
  Value is = closed_object(properties(fields_of<Splitting>(), required), required);
  Value::List ways;
  for (const char* way : {"folds", "holdout", "predefined", "class_folds", "class_holdout"})
    ways.push_back(object(
        {{"required", list({way})},
         {"properties",
          object({{way,
                   object({{"not", object({{"enum", Value(Value::List{nullptr, false})}})}})}})}}));
  is.set("oneOf", std::move(ways));
  is.set("description", "which examples train and which test");
  return is;
}

Value Writer::method() {
  Value solver = closed_object(object({{"solver", plugin_of("solver")}}), {"solver"});
  Value composed = object({{"required", list({"solver"})}});  // without a deep part
  if (registry_.has("method", "deep")) {
    define_kind("method", "method", {});
    // Its "plugin" goes without saying.
    Value deep = definitions_.at("method.deep");
    Value::List required;
    for (const Value& key : deep.at("required").as_list())
      if (key != Value("plugin")) required.push_back(key);
    deep.set("required", std::move(required));
    definitions_.set("method.deep", std::move(deep));
    composed = object({{"if", object({{"required", list({"plugin"})}})},
                       {"then", reference("method")},
                       {"else", reference("method.deep")}});
  }
  return object(
      {{"type", "object"},
       {"description",
        "a classical method, {\"solver\": …}, or a deep one, "
        "{\"architecture\": …, \"loss\": …}"},
       {"properties", object({{"solver", object({{"description", "a classical method"}})}})},
       {"if", object({{"required", list({"use"})}})},
       {"else", object({{"if", object({{"required", list({"solver"})}})},
                        {"then", std::move(solver)},
                        {"else", std::move(composed)}})}});
}

Value Writer::write() {
  Value fields = Value::object();
  const std::vector<ParameterDescription> settings = fields_of<SpecSettings>();
  const auto setting = [&](const std::string& name) {
    for (const ParameterDescription& is : settings)
      if (is.name == name) return parameter(is);
    return Value();
  };
  const auto many = [](Value item, const char* meaning) {
    return object(
        {{"type", "array"}, {"minItems", 1}, {"items", std::move(item)}, {"description", meaning}});
  };
  for (const std::string& key : spec_keys()) {
    Value is = setting(key);
    if (key == "name") is.set("pattern", "^[^./][^/]*$");
    if (key == "seeds") {
      is.set("minItems", 1);
      is.set("uniqueItems", true);
    }
    if (key == "datasets") is = many(reference("data_set"), "what is learned from and measured on");
    if (key == "evaluators") is = many(reference("measure"), "what is measured");
    if (key == "methods")
      is = object({{"type", "object"},
                   {"minProperties", 1},
                   {"patternProperties", object({{"^\\$", true}})},
                   {"additionalProperties", reference("way")},
                   {"description", "a name for each method"}});
    if (key == "extends")
      is = object({{"type", "string"}, {"description", "a spec file that this one goes over"}});
    if (key == "define")
      is = object({{"type", "object"},
                   {"description", "blocks by name, for {\"use\": \"NAME\"} in their places"}});
    if (key == "grid")
      is = object({{"type", "object"},
                   {"patternProperties", object({{"^\\$", true},
                                                 {"^/(methods|datasets)/",
                                                  object({{"type", "array"}, {"minItems", 1}})}})},
                   {"additionalProperties", false},
                   {"description",
                    "JSON pointer → list of values; several pointers joined by commas take "
                    "lists of values together"}});
    fields.set(key, std::move(is));
  }

  Further of_data_set;
  of_data_set.properties.set(
      "name", object({{"type", "string"},
                      {"minLength", 1},
                      {"description", "what tables call it; else its file's or plugin's name"}}));
  of_data_set.properties.set("split", reference("split"));
  of_data_set.properties.set("normalize",
                             object({{"enum", list(normalization_names())},
                                     {"description", "fitted on the training part alone"},
                                     {"default", "none"}}));
  of_data_set.required = {"split"};
  Further of_evaluator;
  of_evaluator.properties.set(
      "name", object({{"type", "string"},
                      {"minLength", 1},
                      {"description", "what its metrics begin with; else the plugin's name"}}));

  definitions_.set("split", split());
  definitions_.set("search_space", search_space());
  define_kind("data_set", "dataset", of_data_set);
  definitions_.set("way", method());
  define_kind("measure", "evaluator", of_evaluator);
  for (; !wanted_.empty(); wanted_.pop_front())
    if (definitions_.find(wanted_.front()) == nullptr)
      define_kind(wanted_.front(), wanted_.front(), {});

  // Over another spec a method may be null, or a part of one; the command checks what comes of it.
  Value whole = object({{"required", list({"name", "datasets", "methods", "evaluators"})},
                        {"properties", object({{"methods", *fields.find("methods")}})}});
  fields.set("methods", object({{"type", "object"}, {"description", "a name for each method"}}));
  Value schema = closed_object(std::move(fields), {});
  schema.set("if", object({{"required", list({"extends"})}}));
  schema.set("else", std::move(whole));
  schema.as_object().insert(
      schema.as_object().begin(),
      {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
       {"title", "metriclab spec"},
       {"description", fmt::format("made by metriclab {} from the plugins it has", kVersion)}});
  schema.set("$defs", std::move(definitions_));
  return schema;
}

}  // namespace

Value spec_schema(Registry& registry) { return Writer(registry).write(); }

}  // namespace metriclab
