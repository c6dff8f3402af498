// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/regularizer.hpp>

namespace metriclab {

Regularizer::~Regularizer() = default;

}  // namespace metriclab
