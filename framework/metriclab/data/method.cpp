// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/method.hpp>

#include <array>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 9> kDistances = {"euclidean", "squared_euclidean", "cosine",
                                                        "dot", "bilinear", "by_class",
                                                        "chi_squared", "manhattan", "poincare"};

}  // namespace

std::string_view to_string(Distance distance) { return kDistances.at(static_cast<std::size_t>(distance)); }

Distance distance_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kDistances.size(); ++i)
    if (kDistances[i] == name) return static_cast<Distance>(i);
  throw Error("there is no distance \"" + std::string(name) + "\"" +
              suggestion(name, {kDistances.begin(), kDistances.end()}));
}

Model::~Model() = default;
Method::~Method() = default;

}  // namespace metriclab
