// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/experiment/baselines.hpp>

namespace metriclab {

void add_baselines(Spec& spec, Registry& registry) {
  auto free_name = [&](const std::string& wanted) {
    const bool taken = std::any_of(spec.methods.begin(), spec.methods.end(),
                                   [&](const MethodSpec& is) { return is.name == wanted; });
    return taken ? wanted + " (baseline)" : wanted;
  };
  auto add = [&](bool first, const std::string& name, const std::string& kind, const Value& block) {
    MethodSpec is;
    is.name = is.base = free_name(name);
    is.kind = kind;
    is.block = registry.resolve(kind, block);
    is.baseline = true;
    spec.methods.insert(first ? spec.methods.begin() : spec.methods.end(), std::move(is));
  };
  const auto is_plain = [](const MethodSpec& is) {
    return is.kind == "solver" && is.block.at("plugin").as_string() == "euclidean";
  };
  if (std::none_of(spec.methods.begin(), spec.methods.end(), is_plain) &&
      registry.has("solver", "euclidean"))
    add(true, "euclidean", "solver", "euclidean");

  // Each different architecture once, unless the spec has its untrained network itself.
  struct Network {
    Value architecture;
    std::string first_method;
  };
  std::vector<Network> networks;
  std::vector<Value> there;
  for (const MethodSpec& is : spec.methods) {
    const Value* architecture = is.kind == "method" ? is.block.find("architecture") : nullptr;
    const Value* loss = is.block.find("loss");
    if (architecture == nullptr || is.block.at("plugin").as_string() != "deep") continue;
    if (loss == nullptr || loss->is_null()) {
      there.push_back(*architecture);
      continue;
    }
    if (std::none_of(networks.begin(), networks.end(),
                     [&](const Network& other) { return other.architecture == *architecture; }))
      networks.push_back({*architecture, is.name});
  }
  for (const Network& network : networks) {
    if (std::find(there.begin(), there.end(), network.architecture) != there.end()) continue;
    const std::string& plugin = network.architecture.at("plugin").as_string();
    const auto alike = std::count_if(networks.begin(), networks.end(), [&](const Network& other) {
      return other.architecture.at("plugin").as_string() == plugin;
    });
    Value block = Value::object();
    block.set("plugin", "deep");
    block.set("architecture", network.architecture);
    add(false, "untrained " + (alike == 1 ? plugin : network.first_method), "method", block);
  }
}

}  // namespace metriclab
