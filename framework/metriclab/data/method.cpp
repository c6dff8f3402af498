// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <metriclab/data/method.hpp>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 9> kDistances = {
    "euclidean", "squared_euclidean", "cosine",    "dot",     "bilinear",
    "by_class",  "chi_squared",       "manhattan", "poincare"};

}  // namespace

std::string_view to_string(Distance distance) {
  return kDistances.at(static_cast<std::size_t>(distance));
}

Distance distance_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kDistances.size(); ++i)
    if (kDistances[i] == name) return static_cast<Distance>(i);
  throw Error("there is no distance \"" + std::string(name) + "\"" +
              suggestion(name, {kDistances.begin(), kDistances.end()}));
}

Model::~Model() = default;
Method::~Method() = default;

Value to_value(const Curve& curve) {
  auto list = [](const std::vector<double>& numbers) {
    Value::List values;
    for (double number : numbers) values.emplace_back(number);
    return Value(std::move(values));
  };
  Value value = Value::object();
  value.set("name", curve.name);
  value.set("unit", curve.unit);
  value.set("at", list(curve.at));
  value.set("values", list(curve.values));
  return value;
}

}  // namespace metriclab
