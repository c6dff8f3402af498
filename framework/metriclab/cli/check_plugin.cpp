// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <metriclab/cli/check_plugin.hpp>

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

void check_kind(Registry& registry, const std::string& kind, const Value& block, Checks& checks) {
  const Value resolved = registry.resolve(kind, block);
  if (!registry.has("conformance", kind)) return;
  const auto laws = registry.make<Conformance>(Value(kind));
  METRICLAB_CHECK(laws->check(kind, resolved, registry, checks),
                  "a conformance plugin that doesn't know the kind it is named after");
}

}  // namespace

Checks check_plugin(Registry& registry, const std::string& kind, const std::string& name,
                    const Value& parameters) {
  const PluginDescription is = registry.description(kind, name);
  Value block = stand_in(registry, kind, name);
  if (!parameters.is_null())
    for (const Value::Member& member : parameters.as_object()) block.set(member.key, member.value);
  registry.resolve(kind, block);
  Checks checks;
  check_declaration(registry, kind, name, block, checks);
  const std::vector<std::string> missing = missing_words(is.parameters, parameters);
  if (missing.empty())
    check_kind(registry, kind, block, checks);
  else
    checks.not_checked(fmt::format("the laws of the kind \"{}\"", kind),
                       fmt::format("needs {}", fmt::join(missing, " and ")));
  return checks;
}

}  // namespace metriclab
