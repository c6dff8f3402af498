// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/schedule.hpp>
#include <numbers>

namespace metriclab {

double Schedule::factor(double t, double epochs) const {
  const double warming = warm_up > t ? t / warm_up : 1;
  if (schedule == "step")
    return warming * std::pow(step_factor, std::floor(t / static_cast<double>(step_epochs)));
  if (schedule == "cosine") {
    const double done =
        epochs > warm_up ? std::clamp((t - warm_up) / (epochs - warm_up), 0.0, 1.0) : 0;
    return warming *
           (final_factor + (1 - final_factor) * (1 + std::cos(std::numbers::pi * done)) / 2);
  }
  return warming;
}

}  // namespace metriclab
