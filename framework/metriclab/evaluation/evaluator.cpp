// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/evaluation/evaluator.hpp>

namespace metriclab {

Evaluator::~Evaluator() = default;

const std::vector<std::int32_t>& Embedded::labels() const {
  METRICLAB_CHECK(!columns.empty(), "labels of embeddings that have none");
  return columns.front().values;
}

}  // namespace metriclab
