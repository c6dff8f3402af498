// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <metriclab/plugin/component.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/value.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace metriclab {

enum class ParameterType { boolean, integer, number, string, plugin, group };

/// One end of a range.
struct Bound {
  double value = 0;
  bool open = false;  // the end itself is outside
  friend bool operator==(const Bound&, const Bound&) = default;
};

/// All that is known of one parameter. The bounds and choices of a list hold for each of its
/// elements.
struct ParameterDescription {
  std::string name;
  std::string meaning;
  ParameterType type = ParameterType::number;
  bool list = false;
  bool nullable = false;  // null is a value of its own ("not set", "chosen from the data")
  bool required = false;  // has no default
  Value default_value;
  std::optional<Bound> least, most;
  std::vector<std::string> choices;
  std::string plugin_kind;                   // for ParameterType::plugin
  std::vector<ParameterDescription> fields;  // for ParameterType::group
  std::string unused_when;                   // another parameter's name, and …
  Value unused_value;  // … the value of it, or a list of those, that makes this one ineffective
  friend bool operator==(const ParameterDescription&, const ParameterDescription&) = default;
};

/// All that one plugin declares of itself: plain data, which goes to JSON and back unchanged.
struct PluginDescription {
  std::string kind;
  std::string name;
  std::string summary;               // one line, for lists
  std::vector<std::string> sources;  // authors, title, venue, year
  std::string cost;                  // time and memory in the sizes of the input
  std::vector<std::string>
      properties;  // what conformance may hold it to: "invariant_to_rotation", …
  std::vector<ParameterDescription> parameters;
  friend bool operator==(const PluginDescription&, const PluginDescription&) = default;
};

/// A parameter that is itself a plugin. `I` is the interface (`Plugin<Loss>`); a list is
/// std::vector<Plugin<I>>.
template <class I>
class Plugin {
 public:
  /// None, until the spec names one.
  Plugin() = default;
  /// The plugin of that name with its defaults, unless the spec names another.
  Plugin(const char* default_name) : default_(default_name) {}

  explicit operator bool() const { return instance_ != nullptr; }
  I* operator->() const { return get(); }
  I& operator*() const { return *get(); }
  I* get() const { return instance_.get(); }

  const char* default_name() const { return default_; }
  void set(std::unique_ptr<I> instance) { instance_ = std::move(instance); }

 private:
  const char* default_ = nullptr;
  std::shared_ptr<I> instance_;
};

template <class T>
class Description;

/// How a C++ type of a parameter is described, written and read. Specialised below; a struct with a
/// static `describe(Description<S>&)` is a group.
template <class M>
struct ParameterTraits {
  static_assert(std::is_class_v<M>,
                "a parameter is a bool, std::int64_t, double, std::string, Plugin<I>, "
                "std::optional or std::vector of "
                "these, or a struct with a static describe(Description<S>&)");
  static void describe(ParameterDescription& is, const M& value) {
    is.type = ParameterType::group;
    is.fields.clear();
    Description<M> group(is.fields, &value);
    M::describe(group);
    is.default_value = Value::object();
    for (const ParameterDescription& field : is.fields)
      if (!field.required) is.default_value.set(field.name, field.default_value);
  }
  static void assign(M& member, const Value& value, Factory& factory) {
    std::vector<ParameterDescription> fields;
    Description<M> group(fields);
    M::describe(group);
    group.assign(member, value, factory);
  }
};

template <>
struct ParameterTraits<bool> {
  static void describe(ParameterDescription& is, bool value) {
    is.type = ParameterType::boolean;
    is.default_value = value;
  }
  static void assign(bool& member, const Value& value, Factory&) { member = value.as_boolean(); }
};

template <>
struct ParameterTraits<std::int64_t> {
  static void describe(ParameterDescription& is, std::int64_t value) {
    is.type = ParameterType::integer;
    is.default_value = value;
  }
  static void assign(std::int64_t& member, const Value& value, Factory&) {
    member = value.as_integer();
  }
};

template <>
struct ParameterTraits<double> {
  static void describe(ParameterDescription& is, double value) {
    is.type = ParameterType::number;
    is.default_value = value;
  }
  static void assign(double& member, const Value& value, Factory&) { member = value.as_number(); }
};

template <>
struct ParameterTraits<std::string> {
  static void describe(ParameterDescription& is, const std::string& value) {
    is.type = ParameterType::string;
    is.default_value = value;
  }
  static void assign(std::string& member, const Value& value, Factory&) {
    member = value.as_string();
  }
};

template <class I>
struct ParameterTraits<Plugin<I>> {
  static void describe(ParameterDescription& is, const Plugin<I>& value) {
    is.type = ParameterType::plugin;
    is.plugin_kind = I::kind;
    is.nullable = value.default_name() == nullptr;
    is.default_value = is.nullable ? Value() : Value(value.default_name());
  }
  static void assign(Plugin<I>& member, const Value& value, Factory& factory) {
    if (value.is_null()) return;
    member.set(factory.create_as<I>(value));
  }
};

template <class M>
struct ParameterTraits<std::optional<M>> {
  static void describe(ParameterDescription& is, const std::optional<M>& value) {
    ParameterTraits<M>::describe(is, value.value_or(M{}));
    is.nullable = true;
    if (!value) is.default_value = Value();
  }
  static void assign(std::optional<M>& member, const Value& value, Factory& factory) {
    if (value.is_null())
      member.reset();
    else
      ParameterTraits<M>::assign(member.emplace(), value, factory);
  }
};

template <class M>
struct ParameterTraits<std::vector<M>> {
  static void describe(ParameterDescription& is, const std::vector<M>& value) {
    Value::List defaults;
    for (const M& element : value) {
      ParameterTraits<M>::describe(is, element);
      defaults.push_back(is.default_value);
    }
    if (value.empty()) ParameterTraits<M>::describe(is, M{});
    is.list = true;
    is.nullable = false;
    is.default_value = Value(std::move(defaults));
  }
  static void assign(std::vector<M>& member, const Value& value, Factory& factory) {
    member.clear();
    for (const Value& element : value.as_list()) {
      M made{};
      ParameterTraits<M>::assign(made, element, factory);
      member.push_back(std::move(made));
    }
  }
};

/// What a plugin says of itself; each parameter is declared here once, and parsing, defaults, range
/// checks, help, the JSON Schema and the resolved configuration all come from it.
template <class T>
class Description {
 public:
  /// The rest of a parameter's declaration; each call narrows what is taken.
  class Parameter {
   public:
    explicit Parameter(ParameterDescription& is) : is_(is) {}
    Parameter& at_least(double value) {
      is_.least = Bound{value, false};
      return *this;
    }
    Parameter& above(double value) {
      is_.least = Bound{value, true};
      return *this;
    }
    Parameter& at_most(double value) {
      is_.most = Bound{value, false};
      return *this;
    }
    Parameter& below(double value) {
      is_.most = Bound{value, true};
      return *this;
    }
    Parameter& one_of(std::vector<std::string> choices) {
      is_.choices = std::move(choices);
      return *this;
    }
    /// There is no default: the spec must give it, and of a plugin null won't do.
    Parameter& required() {
      is_.required = true;
      if (is_.type == ParameterType::plugin) is_.nullable = false;
      is_.default_value = Value();
      return *this;
    }
    /// Setting this parameter has no effect while `other` has that value, or one of a list; a spec
    /// that does so is told.
    Parameter& unused_when(std::string other, Value value) {
      is_.unused_when = std::move(other);
      is_.unused_value = std::move(value);
      return *this;
    }

   private:
    ParameterDescription& is_;
  };

  explicit Description(PluginDescription& plugin)
      : plugin_(&plugin), parameters_(plugin.parameters) {
    parameters_.reserve(kMostParameters);
  }
  /// For a group: its defaults are those of the member that holds it, which may differ from the
  /// struct's own.
  explicit Description(std::vector<ParameterDescription>& fields, const T* defaults = nullptr)
      : given_defaults_(defaults), parameters_(fields) {
    parameters_.reserve(kMostParameters);
  }

  Description& summary(std::string text) {
    return plugin([&](auto& is) { is.summary = std::move(text); });
  }
  Description& source(std::string text) {
    return plugin([&](auto& is) { is.sources.push_back(std::move(text)); });
  }
  Description& cost(std::string text) {
    return plugin([&](auto& is) { is.cost = std::move(text); });
  }
  Description& property(std::string text) {
    return plugin([&](auto& is) { is.properties.push_back(std::move(text)); });
  }

  /// Declares a parameter: its JSON name, the member that holds it (whose initialiser is the
  /// default), what it means.
  template <class Owner, class M>
  Parameter parameter(std::string name, M Owner::*member, std::string meaning) {
    static_assert(std::is_base_of_v<Owner, T>,
                  "a parameter is a member of the class that declares it, or of its base");
    METRICLAB_CHECK(parameters_.size() < kMostParameters, "a plugin with too many parameters");
    METRICLAB_CHECK(name != "plugin" && !name.starts_with('$'),
                    "a parameter with the reserved name " + name);
    for (const ParameterDescription& there : parameters_)
      METRICLAB_CHECK(there.name != name, "a parameter declared twice: " + name);
    ParameterDescription& is = parameters_.emplace_back();
    ParameterTraits<M>::describe(
        is, (given_defaults_ != nullptr ? *given_defaults_ : defaults_).*member);
    is.name = std::move(name);
    is.meaning = std::move(meaning);
    setters_.push_back([member](T& object, const Value& value, Factory& factory) {
      ParameterTraits<M>::assign(object.*member, value, factory);
    });
    return Parameter(is);
  }

  /// Fills `object` from a resolved block, in which every declared parameter is present and in its
  /// range.
  void assign(T& object, const Value& resolved, Factory& factory) const {
    for (std::size_t i = 0; i < setters_.size(); ++i) {
      try {
        setters_[i](object, resolved.at(parameters_[i].name), factory);
      } catch (Error& error) {
        throw error.in(parameters_[i].name);
      }
    }
  }

 private:
  // Parameter holds a reference into the vector, which therefore must not grow past its reserve.
  static constexpr std::size_t kMostParameters = 64;

  template <class F>
  Description& plugin(F change) {
    METRICLAB_CHECK(plugin_ != nullptr,
                    "a group of parameters has no summary or source of its own");
    change(*plugin_);
    return *this;
  }

  T defaults_{};
  const T* given_defaults_ = nullptr;
  PluginDescription* plugin_ = nullptr;
  std::vector<ParameterDescription>& parameters_;
  std::vector<std::function<void(T&, const Value&, Factory&)>> setters_;
};

/// Checks `given` against the declaration and fills in every default. Problems are added with their
/// pointers, `pointer` being that of `given`; then the result is not to be used. Nested plugins are
/// resolved by `resolve_plugin(kind, value, pointer)`.
using ResolvePlugin =
    std::function<Value(const std::string& kind, const Value& given, const std::string& pointer)>;
Value resolve_parameters(const std::vector<ParameterDescription>& parameters, const Value& given,
                         const std::string& owner, const std::string& pointer, Problems& problems,
                         const ResolvePlugin& resolve_plugin);

/// "number at least 0", "one of "a", "b"", "list of integers above 0", "loss plugin", …
std::string type_text(const ParameterDescription& parameter);

}  // namespace metriclab
