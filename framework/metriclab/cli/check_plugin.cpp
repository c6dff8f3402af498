// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <metriclab/classical/laws.hpp>
#include <metriclab/cli/check_plugin.hpp>
#include <metriclab/data/laws.hpp>
#include <metriclab/evaluation/laws.hpp>

namespace metriclab {
namespace {

/// Required parameters that are not given and for which any value of the type won't do.
std::vector<std::string> missing_words(const std::vector<ParameterDescription>& parameters,
                                       const Value& given) {
  std::vector<std::string> names;
  for (const ParameterDescription& is : parameters)
    if (is.required && is.type == ParameterType::string && is.choices.empty() &&
        given.find(is.name) == nullptr)
      names.push_back("\"" + is.name + "\"");
  return names;
}

void check_kind(Registry& registry, const std::string& kind, const Value& resolved,
                Checks& checks) {
  if (kind == Dataset::kind)
    return check_dataset([&] { return registry.make<Dataset>(resolved); }, Places::beside(""),
                         checks);
  if (kind == Solver::kind)
    return check_solver([&] { return registry.make<Solver>(resolved); },
                        registry.description(kind, resolved.at("plugin").as_string()).properties,
                        checks);
  if (kind == Kernel::kind) return check_kernel(*registry.make<Kernel>(resolved), checks);
  if (kind == Evaluator::kind) {
    const std::string& name = resolved.at("plugin").as_string();
    std::vector<std::string> properties = registry.description(kind, name).properties;
    // A declaration speaks of the defaults.
    if (!(registry.resolve(kind, stand_in(registry, kind, name)) == resolved))
      for (; !properties.empty(); properties.pop_back())
        checks.not_checked(properties.back(), "it is declared for the defaults");
    return check_evaluator(*registry.make<Evaluator>(resolved), properties, checks);
  }
  if (registry.has("conformance", kind)) {
    const auto laws = registry.make<Conformance>(Value(kind));
    METRICLAB_CHECK(laws->check(kind, resolved, registry, checks),
                    "a conformance plugin that doesn't know the kind it is named after");
    return;
  }
  checks.not_checked(fmt::format("the laws of the kind \"{}\"", kind),
                     "there are none but those of every declaration");
}

}  // namespace

Checks check_plugin(Registry& registry, const std::string& kind, const std::string& name,
                    const Value& parameters) {
  const PluginDescription is = registry.description(kind, name);
  Value block = stand_in(registry, kind, name);
  if (!parameters.is_null())
    for (const Value::Member& member : parameters.as_object()) block.set(member.key, member.value);
  // What the caller gave is the caller's mistake; defaults out of their ranges break a law.
  if (!parameters.is_null()) registry.resolve(kind, block);
  Checks checks;
  check_declaration(registry, kind, name, block, checks);
  const std::string what = fmt::format("the laws of the kind \"{}\"", kind);
  const std::vector<std::string> missing = missing_words(is.parameters, parameters);
  Problems problems;
  const Value resolved = registry.resolve(kind, block, "", problems);
  if (!problems.empty())
    checks.not_checked(what, problems.front().pointer + ": " + problems.front().message);
  else if (!missing.empty())
    checks.not_checked(what, fmt::format("needs {}", fmt::join(missing, " and ")));
  else
    check_kind(registry, kind, resolved, checks);
  return checks;
}

}  // namespace metriclab
