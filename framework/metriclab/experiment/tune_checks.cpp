// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/experiment/tune_checks.hpp>

namespace metriclab {
namespace {

/// Adds what is wrong to the problems.
struct Checks {
  Problems& problems;

  void complain(std::string pointer, std::string message) {
    problems.push_back({std::move(pointer), std::move(message)});
  }
  void grid_size(const MethodSpec& is, const std::string& pointer, std::int64_t trials) {
    double points = 1;
    for (const SearchDimension& dimension : is.space.dimensions) {
      const auto n = dimension.size();
      if (!n) {
        complain(pointer + dimension.pointer(),
                 "a grid has choices and integers (\"choice\", \"int\") alone");
        return;
      }
      points *= static_cast<double>(*n);
    }
    if (points > static_cast<double>(trials))
      complain("/tune/trials", fmt::format("the grid of method \"{}\" has {} points, and {} trials "
                                           "are allowed; every method gets the same number",
                                           is.name, points, trials));
  }

  void resource(const MethodSpec& is, const Halving& halving) {
    const std::vector<std::string> steps = is.resource_steps(halving);
    if (steps.empty()) return;
    const std::int64_t most = find_at(is.block, steps)->as_integer();
    if (most < halving.least)
      complain("/tune/halving/least",
               fmt::format("is above what method \"{}\" has there, {}", is.name, most));
    for (const SearchDimension& dimension : is.space.dimensions)
      if (is.steps_in_block(dimension.pointer()) == steps)
        complain("/tune/halving/resources",
                 fmt::format("{} of method \"{}\" is searched for itself", dimension.pointer(),
                             is.name));
  }
};

}  // namespace

void check_tuning(const Spec& spec, std::size_t before, Problems& problems) {
  Checks checks{problems};
  const TuneSettings& tune = *spec.settings.tune;
  if (problems.empty() && std::ranges::none_of(spec.methods, &MethodSpec::is_searched))
    checks.complain("/tune",
                    "no method has a search space, such as \"margin\": {\"uniform\": [0.1, 1]}");
  const auto evaluator = tune.metric.substr(0, tune.metric.find('.'));
  std::vector<std::string> names;
  for (const EvaluatorSpec& is : spec.evaluators) names.push_back(is.name);
  if (tune.metric.find('.') == std::string::npos ||
      std::ranges::find(names, evaluator) == names.end())
    checks.complain(
        "/tune/metric",
        fmt::format("\"{}\" is no metric of an evaluator here, \"{}.…\"{}", tune.metric,
                    names.empty() ? "evaluator" : names.front(), suggestion(evaluator, names)));
  if (tune.halving && tune.search == "tpe")
    checks.complain("/tune/halving",
                    "goes with \"random\" and \"grid\": \"tpe\" needs trials one by one");
  if (tune.halving && tune.seconds)
    checks.complain("/tune/halving", "compares a fixed number of trials; give no \"seconds\"");
  for (const std::string& pointer :
       tune.halving ? tune.halving->resources : std::vector<std::string>{})
    if (!pointer.starts_with('/'))
      checks.complain("/tune/halving/resources", fmt::format("\"{}\" is no JSON pointer", pointer));
  if (problems.size() > before) return;
  for (const MethodSpec& is : spec.methods) {
    if (!is.is_searched()) continue;
    const std::string pointer = "/methods" + pointer_step(is.base);
    if (tune.search == "grid") checks.grid_size(is, pointer, tune.trials);
    if (tune.halving) checks.resource(is, *tune.halving);
  }
}

std::optional<std::vector<std::string>> MethodSpec::steps_in_block(
    const std::string& pointer) const {
  std::vector<std::string> steps = pointer_steps(pointer);
  if (kind == "solver") {
    if (steps.empty() || steps.front() != "solver") return std::nullopt;
    steps.erase(steps.begin());
  }
  if (find_at(block, steps) == nullptr) return std::nullopt;
  return steps;
}

std::vector<std::string> MethodSpec::resource_steps(const Halving& halving) const {
  for (const std::string& pointer : halving.resources)
    if (auto steps = steps_in_block(pointer); steps && find_at(block, *steps)->is_integer())
      return *steps;
  return {};
}

}  // namespace metriclab
